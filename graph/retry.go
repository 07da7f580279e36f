package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A call is one request with all its tries.
type call struct {
	service      Service // whose token and quotas apply; empty: none
	requestID    string  // the client-request-id
	isRepeatable bool    // sending it twice has the same effect as once
	isMetadata   bool    // it asks Azure's metadata service, which answers 404 and 410 while it starts
	limits       Limits
	clock        Clock
	tries        int
	totalWait    time.Duration
	nextWait     time.Duration // before the next try
	hasLeftHost  bool          // after a redirect to another host, no token is sent
	counters     *counters
}

type (
	callKey   struct{}
	repeatKey struct{}
)

// Repeatable marks requests under this context as safe or not safe to send
// twice. Without a mark, GET, HEAD, OPTIONS, PUT, and DELETE are safe, unless a
// condition (If-Match, If-None-Match) would make the second request fail.
func Repeatable(ctx context.Context, is bool) context.Context {
	return context.WithValue(ctx, repeatKey{}, is)
}

func isRepeatable(req *http.Request) bool {
	if is, marked := req.Context().Value(repeatKey{}).(bool); marked {
		return is
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, "":
		return true
	case http.MethodPut, http.MethodDelete:
		return req.Header.Get("If-Match") == "" && req.Header.Get("If-None-Match") == ""
	}
	return false
}

// shouldRetry is the CheckRetry function of go-retryablehttp. A request that is
// not repeatable is retried only if it certainly did not arrive.
func shouldRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	c := ctx.Value(callKey{}).(*call)
	c.tries++
	c.counters.countTry(c.tries == 1, c.isThrottled(resp))
	switch {
	case err != nil && ctx.Err() != nil:
		return false, context.Cause(ctx)
	case err != nil && !c.isRetryableError(err), err == nil && !c.isRetryableStatus(resp):
		return false, nil
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	}
	c.nextWait = c.retryWait(resp)
	if c.tries >= c.limits.MaxTries || c.totalWait+c.nextWait > c.limits.MaxRetryWait {
		return false, nil
	}
	c.totalWait += c.nextWait
	return true, nil
}

// waitBeforeRetry is the PrepareRetry function of go-retryablehttp. It waits
// here, by the connection's clock, so that tests need not wait for a real
// timer.
func waitBeforeRetry(req *http.Request) error {
	c := req.Context().Value(callKey{}).(*call)
	return c.clock.Sleep(req.Context(), c.nextWait)
}

// maxServerErrorTries bounds the tries of a request that is answered with 500.
// An admin API that fails by chance does so once or twice. What fails three
// times is broken, and nobody should wait for it as for a busy service.
const maxServerErrorTries = 3

// isRetryableStatus reports whether a status is temporary.
func (c *call) isRetryableStatus(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return true // it was not carried out
	case http.StatusServiceUnavailable:
		_, hasWait := requestedWait(resp, c.clock.Now())
		return c.isRepeatable || hasWait // SharePoint also throttles with 503
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout:
		return c.isRepeatable
	case http.StatusInternalServerError:
		return c.isMetadata || c.isRepeatable && c.tries < maxServerErrorTries
	case http.StatusNotFound, http.StatusGone:
		return c.isMetadata
	}
	return false
}

// isThrottled reports whether an answer asks to come back later.
func (c *call) isThrottled(resp *http.Response) bool {
	if resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		return resp != nil && resp.StatusCode == http.StatusTooManyRequests
	}
	_, hasWait := requestedWait(resp, c.clock.Now())
	return hasWait
}

// isRetryableError reports whether a retry may help after an error.
func (c *call) isRetryableError(err error) bool {
	var op *net.OpError
	var name *net.DNSError
	var network net.Error
	switch {
	case isPermanent(err):
		return false
	case errors.As(err, &name):
		return !name.IsNotFound
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		return true // it did not arrive
	case !c.isRepeatable:
		return false
	}
	return errors.Is(err, errTooSlow) || errors.Is(err, errBrokenOff) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op) || errors.As(err, &network) ||
		strings.Contains(err.Error(), "http2: ") || strings.Contains(err.Error(), "stream error: ")
}

// isPermanent reports whether retries cannot change an error.
func isPermanent(err error) bool {
	var signIn *SignInError
	var full *quotaError
	var refused *notSentError
	var large *tooLargeError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &signIn) || errors.As(err, &full) || errors.As(err, &refused) || errors.As(err, &large) ||
		errors.As(err, &cert) || errors.As(err, &record) || errors.Is(err, context.Canceled)
}

// The shortest and longest waits if the service does not say how long to wait.
const (
	minBackoff = time.Second
	maxBackoff = time.Minute
)

// retryWait returns how long to wait before the next try. It is the time that
// the service asks for, plus a random part, so that not all clients come back
// at once. If the service asks for none, the wait doubles with each try.
func (c *call) retryWait(resp *http.Response) time.Duration {
	if wait, ok := requestedWait(resp, c.clock.Now()); ok {
		return wait + time.Duration(rand.Int64N(int64(min(wait/10, 5*time.Second))+int64(time.Second)))
	}
	most := min(minBackoff<<min(c.tries-1, 10), maxBackoff)
	return most/2 + rand.N(most/2)
}

// maxRequestedWait bounds the times that are read from headers.
const maxRequestedWait = 10 * 365 * 24 * time.Hour

// requestedWait returns how long a service asks to wait: the greater of
// Retry-After, in seconds or as a date, and RateLimit-Reset, in seconds
// (documented for SharePoint). A negative or malformed value counts as absent.
func requestedWait(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date // the clock that wrote the other date
	}
	after, ok := parseSeconds(resp.Header.Get("Retry-After"))
	if date, err := http.ParseTime(resp.Header.Get("Retry-After")); err == nil {
		after, ok = max(0, min(date.Sub(now), maxRequestedWait)), true
	}
	if reset, also := parseSeconds(resp.Header.Get("RateLimit-Reset")); also && resp.StatusCode >= 400 {
		return max(after, reset), true
	}
	return after, ok
}

func parseSeconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && n > uint64(maxRequestedWait/time.Second):
		return maxRequestedWait, true
	case err != nil:
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

// exhaustedQuotaWait returns how long a service wants no more requests although
// it has just answered well, because none of its quota remains.
func exhaustedQuotaWait(resp *http.Response) time.Duration {
	if strings.TrimSpace(resp.Header.Get("RateLimit-Remaining")) != "0" {
		return 0
	}
	reset, _ := parseSeconds(resp.Header.Get("RateLimit-Reset"))
	return reset
}

// unwrapURLError removes http.Client's wrapping from an error, because it shows
// the URL.
func unwrapURLError(err error) error {
	for {
		u, ok := err.(*url.Error)
		if !ok {
			return err
		}
		err = u.Err
	}
}
