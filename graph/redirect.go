package graph

import (
	"net/http"
	"net/url"
	"strings"
)

// rejectRedirects follows no redirect.
func rejectRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// maxRedirects bounds how many redirects are followed.
const maxRedirects = 5

// checkRedirect decides whether to follow a redirect. It never leaves https. To
// another host it removes the headers that say who is asking, and it sends no
// body.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[len(via)-1]
	switch {
	case len(via) > maxRedirects:
		return notSent("the answer redirects more than %d times", maxRedirects)
	case req.URL.Scheme != "https":
		return notSent("the answer redirects to an address without https")
	case isSameHost(req.URL, from.URL):
		return nil
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		return notSent("the answer redirects a %s to another host", req.Method)
	}
	for _, h := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Client-Request-Id", "Referer"} {
		req.Header.Del(h)
	}
	return nil
}

func isSameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// hasLeftHost reports whether a redirect has left the host of the first
// request. A request that comes back from another host gets no token, because
// that host chose the address.
func hasLeftHost(req *http.Request) bool {
	for r := req; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		if !isSameHost(r.URL, r.Response.Request.URL) {
			return true
		}
	}
	return false
}
