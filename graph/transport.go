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

// mostHeaders bounds an answer's header.
const mostHeaders = 256 << 10

// newBase makes what talks to the network, without retries.
func newBase(o Options) (*http.Transport, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without one still has what is set
	}
	for i, pem := range o.CAs {
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("cannot use the %s of the certificates to trust: it holds none in PEM", ordinal(i+1))
		}
	}
	proxy := http.ProxyFromEnvironment
	if o.Proxy != nil {
		proxy = http.ProxyURL(o.Proxy)
	}
	return &http.Transport{
		Proxy: func(req *http.Request) (*url.URL, error) {
			if req.URL.Scheme == "http" {
				return nil, nil // Azure's metadata service is this machine's own
			}
			return proxy(req)
		},
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    15 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: mostHeaders,
		MaxIdleConnsPerHost:    o.Limits.Hosts,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
	}, nil
}

func ordinal(n int) string {
	if n <= 3 {
		return [...]string{"first", "second", "third"}[n-1]
	}
	return fmt.Sprintf("%dth", n)
}

// An attempt sends a request once: when there is room, with its token, and with
// an eye on the answer's size and pace.
type attempt struct {
	c    *Connection
	base http.RoundTripper
}

// RoundTrip sends the request once.
func (a *attempt) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.send(req)
	if err != nil {
		closeBody(req)
	}
	return resp, err
}

func (a *attempt) send(req *http.Request) (*http.Response, error) {
	k := req.Context().Value(callKey{}).(*call)
	own := k.service != "" && !k.wandered && a.c.isBase(k.service, req.URL)
	service := k.service
	if !own {
		service = ""
	}
	p, err := a.c.buckets.enter(req.Context(), service, req.Method, req.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	out := req.Clone(ctx)
	// The token comes before the place: it may be had from the same host.
	err = a.dress(out, k, own)
	if err == nil {
		err = p.hold(ctx)
	}
	if err != nil {
		p.leave()
		cancel(nil)
		return nil, err
	}
	b := &body{limit: k.limits.Answer, patient: k.limits.Patient, clock: k.clock, ctx: ctx, cancel: cancel, done: p.leave}
	sending := time.Duration(max(out.ContentLength, 0)/slowest) * time.Second
	stop := after(k.clock, b.patient+sending, func() { cancel(errSlow) })
	resp, err := a.base.RoundTrip(out)
	stop()
	if err != nil {
		defer cancel(nil)
		p.leave()
		if errors.Is(context.Cause(ctx), errSlow) {
			err = errSlow
		}
		return nil, err
	}
	a.look(resp, k, p)
	if !isJSON(resp) {
		b.limit = k.limits.File
	}
	b.ReadCloser, b.left = resp.Body, b.limit
	if err := b.keep(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// dress gives a request its headers, and its token if it goes to the service
// that the token is for.
func (a *attempt) dress(out *http.Request, k *call, own bool) error {
	out.Header.Set("User-Agent", userAgent(a.c.options.Program))
	out.Header.Del("Client-Request-Id")
	if a.c.isOwn(out.URL) {
		out.Header.Set("Client-Request-Id", k.id)
	}
	if !own {
		return nil
	}
	token, err := a.c.Token(out.Context(), k.service)
	if err != nil {
		return err
	}
	out.Header.Set("Authorization", "Bearer "+token.Token)
	return nil
}

// look reads what an answer's header tells: the time, and whether the service
// wants to be left alone.
func (a *attempt) look(resp *http.Response, k *call, p *pass) {
	own := a.c.isOwn(resp.Request.URL)
	if own {
		resp.Header.Set("Client-Request-Id", k.id) // Graph says it again, the others do not
	}
	if seen := a.c.options.Seen; seen != nil && resp.TLS != nil && own {
		if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			seen(resp.Request.URL.Hostname(), date)
		}
	}
	alone := spent(resp)
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		asked, _ := told(resp, k.clock.Now())
		alone = max(alone, asked)
	}
	if alone > 0 {
		p.shut(alone)
	}
}

// isBase says whether a URL is on a service's own host.
func (c *Connection) isBase(s Service, u *url.URL) bool { return isOn(c.options.Cloud.Base(s), u) }

// isOwn says whether a URL is on one of the cloud's own hosts.
func (c *Connection) isOwn(u *url.URL) bool {
	k := c.options.Cloud
	return isOn(k.Login, u) || isOn(k.Graph, u) || isOn(k.PowerBI, u) || isOn(k.Fabric, u)
}

func isOn(base string, u *url.URL) bool {
	return base != "" && u.User == nil && strings.EqualFold(base, u.Scheme+"://"+u.Host)
}

// userAgent decorates a program's name as Microsoft asks of software that is
// not sold, so that it is throttled last: NONISV|company|program/version
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

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it stops the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
