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
	service  Service // whose token and quotas it has; empty: none
	id       string  // the client-request-id
	repeat   bool    // doing it twice is as good as once
	imds     bool    // it asks Azure's metadata service, which says 404 and 410 while it starts
	limits   Limits
	clock    Clock
	tries    int
	waited   time.Duration
	next     time.Duration // how long to wait before the next try
	wandered bool          // a redirect has left the service's host: no token any more
	counts   *counts
}

type (
	callKey   struct{}
	repeatKey struct{}
)

// Repeatable marks what is asked under this context as safe to ask twice, or as
// not. Unmarked, GET, HEAD, OPTIONS, PUT and DELETE are, except where a
// condition (If-Match, If-None-Match) would make the second time another.
func Repeatable(ctx context.Context, is bool) context.Context {
	return context.WithValue(ctx, repeatKey{}, is)
}

func repeatable(req *http.Request) bool {
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

// again is go-retryablehttp's question whether to try again. What is not
// repeatable is tried again only if it is known not to have arrived.
func again(ctx context.Context, resp *http.Response, err error) (bool, error) {
	c := ctx.Value(callKey{}).(*call)
	c.tries++
	c.counts.tried(c.tries == 1, c.throttled(resp))
	switch {
	case err != nil && ctx.Err() != nil:
		return false, context.Cause(ctx)
	case err != nil && !c.mends(err), err == nil && !c.passes(resp):
		return false, nil
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	}
	c.next = c.backoff(resp)
	if c.tries >= c.limits.Tries || c.waited+c.next > c.limits.Wait {
		return false, nil
	}
	c.waited += c.next
	return true, nil
}

// wait is go-retryablehttp's moment before the next try. Its own timer is not
// used, so that tests need not wait.
func wait(req *http.Request) error {
	c := req.Context().Value(callKey{}).(*call)
	return c.clock.Sleep(req.Context(), c.next)
}

// mostStumbles bounds the tries of what answers 500: an admin API that stumbled
// does so once or twice, and what still fails then is broken, for which nobody
// should wait as for a service that is busy.
const mostStumbles = 3

// passes says whether a status is one that passes by itself.
func (c *call) passes(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return true // it was not carried out
	case http.StatusServiceUnavailable:
		_, told := told(resp, c.clock.Now())
		return c.repeat || told // SharePoint throttles so, too
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout:
		return c.repeat
	case http.StatusInternalServerError:
		return c.imds || c.repeat && c.tries < mostStumbles
	case http.StatusNotFound, http.StatusGone:
		return c.imds
	}
	return false
}

// throttled says whether an answer asks to come back later.
func (c *call) throttled(resp *http.Response) bool {
	if resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		return resp != nil && resp.StatusCode == http.StatusTooManyRequests
	}
	_, asked := told(resp, c.clock.Now())
	return asked
}

// mends says whether it is worth trying again after an error.
func (c *call) mends(err error) bool {
	var op *net.OpError
	var name *net.DNSError
	var network net.Error
	switch {
	case final(err):
		return false
	case errors.As(err, &name):
		return !name.IsNotFound
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		return true // it has not arrived
	case !c.repeat:
		return false
	}
	return errors.Is(err, errSlow) || errors.Is(err, errLost) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &op) || errors.As(err, &network) ||
		strings.Contains(err.Error(), "http2: ") || strings.Contains(err.Error(), "stream error: ")
}

// final says whether an error stays the same however often one tries.
func final(err error) bool {
	var signIn *SignInError
	var full *fullError
	var refused *refusedError
	var large *tooLargeError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &signIn) || errors.As(err, &full) || errors.As(err, &refused) || errors.As(err, &large) ||
		errors.As(err, &cert) || errors.As(err, &record) || errors.Is(err, context.Canceled)
}

// The shortest and longest waits where the service does not say how long.
const (
	firstWait = time.Second
	lastWait  = time.Minute
)

// backoff is how long to wait before the next try: what the service says, and
// somewhat longer, so that not all come back in the same moment; or else twice
// as long at each try.
func (c *call) backoff(resp *http.Response) time.Duration {
	if asked, ok := told(resp, c.clock.Now()); ok {
		return asked + time.Duration(rand.Int64N(int64(min(asked/10, 5*time.Second))+int64(time.Second)))
	}
	most := min(firstWait<<min(c.tries-1, 10), lastWait)
	return most/2 + rand.N(most/2)
}

// mostTold bounds what is read from headers: times beyond are no times.
const mostTold = 10 * 365 * 24 * time.Hour

// told reads how long a service asks to wait: the greater of Retry-After, in
// seconds or as a date, and RateLimit-Reset, in seconds (documented for
// SharePoint). What is negative or no time is as if it were absent.
func told(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date // the same clock that wrote the other date
	}
	after, ok := seconds(resp.Header.Get("Retry-After"))
	if date, err := http.ParseTime(resp.Header.Get("Retry-After")); err == nil {
		after, ok = max(0, min(date.Sub(now), mostTold)), true
	}
	if reset, also := seconds(resp.Header.Get("RateLimit-Reset")); also && resp.StatusCode >= 400 {
		return max(after, reset), true
	}
	return after, ok
}

func seconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && n > uint64(mostTold/time.Second):
		return mostTold, true
	case err != nil:
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

// spent says for how long a service wants to be left alone although it has
// just answered well: none of its quota remains.
func spent(resp *http.Response) time.Duration {
	if strings.TrimSpace(resp.Header.Get("RateLimit-Remaining")) != "0" {
		return 0
	}
	reset, _ := seconds(resp.Header.Get("RateLimit-Reset"))
	return reset
}

// plainly takes http.Client's wrapping off an error, for it shows the URL.
func plainly(err error) error {
	for {
		u, ok := err.(*url.Error)
		if !ok {
			return err
		}
		err = u.Err
	}
}
