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

// A notSentError says that a request was not sent, or a redirect not followed,
// because that would not be safe or cannot work.
type notSentError struct{ reason string }

func (e *notSentError) Error() string { return e.reason }

func notSent(format string, args ...any) error { return &notSentError{fmt.Sprintf(format, args...)} }

// newRetrier creates the client that retries. No other part of the program
// retries HTTP requests.
func newRetrier(tries int, once http.RoundTripper) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: once, CheckRedirect: rejectRedirects},
		RetryMax:     tries,
		CheckRetry:   shouldRetry,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		PrepareRetry: waitBeforeRetry,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// A retryTransport turns each request into a call and sends it with retries.
type retryTransport struct {
	conn    *Connection
	service Service // whose token is added; empty: none
	signIn  bool
}

// RoundTrip sends a request, with retries.
func (t *retryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.checkURL(req.URL); err != nil {
		closeBody(req)
		return nil, err
	}
	o := t.conn.options
	k := &call{
		service: t.service, requestID: req.Header.Get("Client-Request-Id"), isRepeatable: isRepeatable(req) || t.signIn,
		isMetadata: t.signIn && req.URL.Hostname() == "169.254.169.254",
		limits:     o.Limits, clock: o.Clock, hasLeftHost: hasLeftHost(req), counters: &t.conn.counters,
	}
	if t.signIn {
		k.limits.MaxJSONBytes, k.limits.MaxBodyBytes = maxErrorBody, maxErrorBody // a token has a few thousand bytes
	}
	if k.isMetadata {
		k.limits.MaxTries, k.limits.StallTimeout = 3, 10*time.Second // the service is on this machine, or not there at all
	}
	if k.requestID == "" {
		k.requestID = newRequestID()
	}
	again, err := newRetryableRequest(req.WithContext(context.WithValue(req.Context(), callKey{}, k)))
	if err != nil {
		return nil, err
	}
	resp, err := t.conn.retrier.Do(again)
	if err != nil {
		return nil, &noResponseError{k.requestID, k.tries, unwrapURLError(err)}
	}
	resp.Request = req // not the request that holds the token
	return resp, nil
}

// A noResponseError says that a call got no response. It holds the call's id
// and the number of tries.
type noResponseError struct {
	requestID string
	tries     int
	err       error
}

func (e *noResponseError) Error() string { return e.err.Error() }
func (e *noResponseError) Unwrap() error { return e.err }

// checkURL reports why a URL must not be requested.
func (t *retryTransport) checkURL(u *url.URL) error {
	switch {
	case u.User != nil:
		return notSent("the address has a user name in it")
	case u.Scheme == "https" || t.signIn && u.Scheme == "http" && isLocalHost(u.Hostname()):
		return nil
	}
	return notSent("the address does not use https")
}

// isLocalHost reports whether a host is this machine or its hypervisor. Azure's
// managed identities answer there without TLS.
func isLocalHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (a.IsLoopback() || a.IsLinkLocalUnicast())
}

// maxKeptBody is how much of a request's body is kept to send it again. An
// upload session accepts less than 60 MiB at a time (documented).
const maxKeptBody = 64 << 20

// newRetryableRequest turns a request into one that can be sent again.
func newRetryableRequest(req *http.Request) (*retryablehttp.Request, error) {
	r := &retryablehttp.Request{Request: req}
	if req.Body == nil || req.Body == http.NoBody {
		return r, nil
	}
	defer closeBody(req)
	size, open := req.ContentLength, req.GetBody
	if open == nil {
		kept, err := io.ReadAll(io.LimitReader(req.Body, maxKeptBody+1))
		switch {
		case err != nil:
			return nil, err
		case len(kept) > maxKeptBody:
			return nil, notSent("a request of more than %d bytes cannot be sent again", maxKeptBody)
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
