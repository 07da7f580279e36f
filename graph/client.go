package graph

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A refusedError says that a request was not sent, or a redirect not followed,
// because it would not be safe.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }

func refuse(format string, args ...any) error { return &refusedError{fmt.Sprintf(format, args...)} }

// newRetrier makes the one place that tries again.
func newRetrier(tries int, once http.RoundTripper) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: once, CheckRedirect: stay},
		RetryMax:     tries,
		CheckRetry:   again,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		PrepareRetry: wait,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// A tripper makes a call of each request, and has it tried.
type tripper struct {
	c       *Connection
	service Service // whose token is added; empty: none
	signIn  bool
}

// RoundTrip carries out a request, with all its tries.
func (t *tripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.refuses(req.URL); err != nil {
		closeBody(req)
		return nil, err
	}
	o := t.c.options
	k := &call{
		service: t.service, id: req.Header.Get("Client-Request-Id"), repeat: repeatable(req) || t.signIn,
		imds:   t.signIn && req.URL.Hostname() == "169.254.169.254",
		limits: o.Limits, clock: o.Clock, wandered: wandered(req), counts: &t.c.counts,
	}
	if t.signIn {
		k.limits.Answer, k.limits.File = mostOfARefusal, mostOfARefusal // a token is a few thousand bytes
	}
	if k.imds {
		k.limits.Tries, k.limits.Patient = 3, 10*time.Second // it is near, or nowhere
	}
	if k.id == "" {
		k.id = newID()
	}
	again, err := rewindable(req.WithContext(context.WithValue(req.Context(), callKey{}, k)))
	if err != nil {
		return nil, err
	}
	resp, err := t.c.retrier.Do(again)
	if err != nil {
		return nil, &triedError{k.id, k.tries, plainly(err)}
	}
	resp.Request = req // not the one that holds the token
	return resp, nil
}

// A triedError says what a call that got no answer was called, and how often it
// was tried.
type triedError struct {
	id    string
	tries int
	err   error
}

func (e *triedError) Error() string { return e.err.Error() }
func (e *triedError) Unwrap() error { return e.err }

// refuses says why a URL is not asked.
func (t *tripper) refuses(u *url.URL) error {
	switch {
	case u.User != nil:
		return refuse("the address has a user in it")
	case u.Scheme == "https" || t.signIn && u.Scheme == "http" && isHere(u.Hostname()):
		return nil
	}
	return refuse("the address is not https")
}

// isHere says whether a host is this machine or its hypervisor, where Azure's
// managed identities are asked without TLS.
func isHere(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (a.IsLoopback() || a.IsLinkLocalUnicast())
}

// mostKept is how much of a request's body is kept to send it again. An upload
// session takes less than 60 MiB at a time (documented).
const mostKept = 64 << 20

// rewindable turns a request into one that can be sent again.
func rewindable(req *http.Request) (*retryablehttp.Request, error) {
	r := &retryablehttp.Request{Request: req}
	if req.Body == nil || req.Body == http.NoBody {
		return r, nil
	}
	defer closeBody(req)
	size, open := req.ContentLength, req.GetBody
	if open == nil {
		kept, err := io.ReadAll(io.LimitReader(req.Body, mostKept+1))
		switch {
		case err != nil:
			return nil, err
		case len(kept) > mostKept:
			return nil, refuse("a request of more than %d bytes cannot be sent again", mostKept)
		}
		size = int64(len(kept))
		open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept)), nil }
	}
	err := r.SetBody(retryablehttp.ReaderFunc(func() (io.Reader, error) { return open() }))
	r.ContentLength = size
	return r, err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
