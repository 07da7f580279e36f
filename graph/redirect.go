package graph

import (
	"net/http"
	"net/url"
	"strings"
)

// stay follows no redirect.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// mostRedirects bounds how many are followed.
const mostRedirects = 5

// follow decides about a redirect. None leads away from https; one to another
// host loses whatever says who is asking, and takes no body with it.
func follow(req *http.Request, via []*http.Request) error {
	from := via[len(via)-1]
	switch {
	case len(via) > mostRedirects:
		return refuse("the answer leads on more than %d times", mostRedirects)
	case req.URL.Scheme != "https":
		return refuse("the answer leads to an address without https")
	case sameHost(req.URL, from.URL):
		return nil
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		return refuse("the answer leads a %s to another host", req.Method)
	}
	for _, h := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Client-Request-Id", "Referer"} {
		req.Header.Del(h)
	}
	return nil
}

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// wandered says whether a redirect has led away from the host that was asked
// first. Who comes back from elsewhere is not who set out.
func wandered(req *http.Request) bool {
	for r := req; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		if !sameHost(r.URL, r.Response.Request.URL) {
			return true
		}
	}
	return false
}
