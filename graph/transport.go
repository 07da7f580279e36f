package graph

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxHeaderBytes bounds the header of an answer.
const maxHeaderBytes = 256 << 10

// newTransport creates the transport that talks to the network, without
// retries.
func newTransport(o Options) (*http.Transport, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // without system certificates, the configured ones still work
	}
	for i, pem := range o.CAs {
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("cannot use the %s trusted certificate: it is not in PEM format", ordinalWord(i+1))
		}
	}
	proxy := http.ProxyFromEnvironment
	if o.Proxy != nil {
		proxy = http.ProxyURL(o.Proxy)
	}
	return &http.Transport{
		Proxy: func(req *http.Request) (*url.URL, error) {
			if req.URL.Scheme == "http" {
				return nil, nil // Azure's metadata service is on this machine
			}
			return proxy(req)
		},
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    15 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    o.Limits.MaxPerHost,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
	}, nil
}

func ordinalWord(n int) string {
	if n <= 3 {
		return [...]string{"first", "second", "third"}[n-1]
	}
	return fmt.Sprintf("%dth", n)
}

// An attemptTransport sends a request once. It waits for the quotas, adds the
// token, and bounds the size and duration of the answer.
type attemptTransport struct {
	conn *Connection
	base http.RoundTripper
}

// RoundTrip sends the request once.
func (a *attemptTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.sendOnce(req)
	if err != nil {
		closeBody(req)
	}
	return resp, err
}

func (a *attemptTransport) sendOnce(req *http.Request) (*http.Response, error) {
	k := req.Context().Value(callKey{}).(*call)
	own := k.service != "" && !k.hasLeftHost && a.conn.isServiceHost(k.service, req.URL)
	service := k.service
	if !own {
		service = ""
	}
	p, err := a.conn.limiter.admit(req.Context(), service, req.Method, req.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	out := req.Clone(ctx)
	// Get the token first: it may come from the same host, which has few
	// places.
	err = a.setHeaders(out, k, own)
	if err == nil {
		err = p.occupy(ctx)
	}
	if err != nil {
		p.release()
		cancel(nil)
		return nil, err
	}
	b := &body{limit: k.limits.MaxJSONBytes, stallTimeout: k.limits.StallTimeout, clock: k.clock, ctx: ctx, cancel: cancel, release: p.release}
	sending := time.Duration(max(out.ContentLength, 0)/minBytesPerSecond) * time.Second
	stop := afterFunc(k.clock, b.stallTimeout+sending, func() { cancel(errTooSlow) })
	resp, err := a.base.RoundTrip(out)
	stop()
	if err != nil {
		defer cancel(nil)
		p.release()
		if errors.Is(context.Cause(ctx), errTooSlow) {
			err = errTooSlow
		}
		return nil, err
	}
	a.readHeaders(resp, k, p)
	if !isJSON(resp) {
		b.limit = k.limits.MaxBodyBytes
	}
	b.ReadCloser, b.remaining = resp.Body, b.limit
	if err := b.buffer(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// setHeaders sets the headers of a request. It adds the token only if the
// request goes to the token's own service.
func (a *attemptTransport) setHeaders(out *http.Request, k *call, own bool) error {
	out.Header.Set("User-Agent", userAgent(a.conn.options.Program))
	out.Header.Del("Client-Request-Id")
	if a.conn.isCloudHost(out.URL) {
		out.Header.Set("Client-Request-Id", k.requestID)
	}
	if !own {
		return nil
	}
	token, err := a.conn.Token(out.Context(), k.service)
	if err != nil {
		return err
	}
	out.Header.Set("Authorization", "Bearer "+token.Token)
	return nil
}

// readHeaders reads the header of an answer: the server's time, and how long
// the service wants no more requests.
func (a *attemptTransport) readHeaders(resp *http.Response, k *call, p *admission) {
	own := a.conn.isCloudHost(resp.Request.URL)
	if own {
		resp.Header.Set("Client-Request-Id", k.requestID) // Graph repeats the id; the other services do not
	}
	if seen := a.conn.options.OnServerDate; seen != nil && resp.TLS != nil && own {
		if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			seen(resp.Request.URL.Hostname(), date)
		}
	}
	pause := exhaustedQuotaWait(resp)
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		wait, _ := requestedWait(resp, k.clock.Now())
		pause = max(pause, wait)
	}
	if pause > 0 {
		p.closeFor(pause)
	}
}

// isServiceHost reports whether a URL is on a service's own host.
func (c *Connection) isServiceHost(s Service, u *url.URL) bool {
	return isOnHost(c.options.Cloud.BaseURL(s), u)
}

// isCloudHost reports whether a URL is on one of the cloud's own hosts.
func (c *Connection) isCloudHost(u *url.URL) bool {
	k := c.options.Cloud
	return isOnHost(k.Login, u) || isOnHost(k.Graph, u) || isOnHost(k.PowerBI, u) || isOnHost(k.Fabric, u)
}

func isOnHost(base string, u *url.URL) bool {
	return base != "" && u.User == nil && strings.EqualFold(base, u.Scheme+"://"+u.Host)
}

// userAgent formats a program's name as Microsoft asks of software that is not
// sold, NONISV|company|program/version, so that it is throttled last
// (documented: SharePoint, how to avoid getting throttled).
func userAgent(program string) string {
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || r == '|' {
			return -1
		}
		return r
	}, program)
	name, version, ok := strings.Cut(clean, "/")
	if name == "" {
		name = "orgstore"
	}
	if !ok || version == "" {
		version = "0"
	}
	return "NONISV|" + name + "|" + name + "/" + version
}

// newRequestID returns a random UUID.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it stops the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
