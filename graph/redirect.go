package graph

import (
	"net/http"
	"net/url"
	"strings"
)

// rejectRedirects follows no redirect.
func rejectRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// maxRedirects bounds how many are followed.
const maxRedirects = 5

// checkRedirect decides about a redirect. None leads away from https; one to another
// host loses whatever says who is asking, and takes no body with it.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[len(via)-1]
	switch {
	case len(via) > maxRedirects:
		return notSent("the answer leads on more than %d times", maxRedirects)
	case req.URL.Scheme != "https":
		return notSent("the answer leads to an address without https")
	case isSameHost(req.URL, from.URL):
		return nil
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		return notSent("the answer leads a %s to another host", req.Method)
	}
	for _, h := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Client-Request-Id", "Referer"} {
		req.Header.Del(h)
	}
	return nil
}

func isSameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// hasLeftHost says whether a redirect has led away from the host that was asked
// first. Who comes back from elsewhere is not who set out.
func hasLeftHost(req *http.Request) bool {
	for r := req; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		if !isSameHost(r.URL, r.Response.Request.URL) {
			return true
		}
	}
	return false
}
