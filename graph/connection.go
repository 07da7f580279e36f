package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/hashicorp/go-retryablehttp"
)

// Options say which tenant to reach, and how.
type Options struct {
	Cloud   Cloud
	Tenant  string // its id, in lower case
	SignIn  SignIn
	Proxy   *url.URL // nil: the proxy of the environment
	CAs     [][]byte // certificates in PEM to trust in addition to the system's
	Program string   // such as "orgstore/1.2.3"; sent to Microsoft in the form it asks for
	// OnServerDate is called with the Date of every answer that the cloud's own
	// hosts send over https. It may be nil. It is called from many goroutines
	// and must not block.
	OnServerDate func(host string, date time.Time)
	Limits       Limits // a zero field means its default
	Clock        Clock  // nil: the system's clock
}

// A Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits. If the context ends first, it returns the cause.
	Sleep(ctx context.Context, d time.Duration) error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// afterFunc calls f after some time, unless it is stopped before. A clock may
// bring its own AfterFunc.
func afterFunc(c Clock, d time.Duration, f func()) (stop func() bool) {
	if own, ok := c.(interface {
		AfterFunc(time.Duration, func()) (stop func() bool)
	}); ok {
		return own.AfterFunc(d, f)
	}
	return time.AfterFunc(d, f).Stop
}

// A Connection is a connection to one tenant. It may be used by many goroutines
// at once. The body of an answer occupies a place at its host until it is read
// to its end or closed.
type Connection struct {
	options           Options
	transport         *http.Transport
	limiter           *limiter
	retrier           *retryablehttp.Client
	credential        *credential
	plainClient       *http.Client
	authorizedClients map[Service]*http.Client
	counters          counters
}

// Connect prepares a connection. It sends nothing and reads no secret; the
// first request does.
func Connect(o Options) (*Connection, error) {
	if err := o.Cloud.Check(); err != nil {
		return nil, err
	}
	if err := o.SignIn.checkComplete(o.Tenant); err != nil {
		return nil, err
	}
	if p := o.Proxy; p != nil && (p.Host == "" || p.Scheme != "http" && p.Scheme != "https") {
		return nil, errors.New("cannot use the proxy: its address is not http://host:port or https://host:port")
	}
	o.Limits = o.Limits.withDefaults()
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	base, err := newTransport(o)
	if err != nil {
		return nil, err
	}
	c := &Connection{options: o, transport: base, limiter: newLimiter(o.Limits, o.Clock), authorizedClients: map[Service]*http.Client{}}
	c.retrier = newRetrier(o.Limits.MaxTries, &attemptTransport{c, base})
	c.plainClient = &http.Client{Transport: &retryTransport{conn: c}, CheckRedirect: checkRedirect}
	for _, s := range []Service{Graph, PowerBI, Fabric} {
		c.authorizedClients[s] = &http.Client{Transport: &retryTransport{conn: c, service: s}, CheckRedirect: checkRedirect}
	}
	c.credential = newCredential(o, &http.Client{Transport: &retryTransport{conn: c, signIn: true}, CheckRedirect: rejectRedirects})
	return c, nil
}

// Close closes idle connections. Requests in progress continue, and the
// connection can be used again.
func (c *Connection) Close() { c.transport.CloseIdleConnections() }

// Cloud returns the cloud of this connection.
func (c *Connection) Cloud() Cloud { return c.options.Cloud }

// Tenant returns the id of this connection's tenant.
func (c *Connection) Tenant() string { return c.options.Tenant }

// PlainClient returns the client that adds no token. It is for URLs that carry
// their own authorization, such as those of downloads and upload sessions. The
// errors of http.Client show the URL, so pass them through WrapError before
// anyone sees them.
func (c *Connection) PlainClient() *http.Client { return c.plainClient }

// AuthorizedClient returns the client that adds the service's token to requests
// to that service's own host, and to no other. A request that is redirected to
// another host loses the token and does not get it back. The result is nil for
// an unknown service.
func (c *Connection) AuthorizedClient(s Service) *http.Client { return c.authorizedClients[s] }

// Credential returns the connection's credential. It caches tokens by audience
// and fails with a *SignInError.
func (c *Connection) Credential() azcore.TokenCredential { return c.credential }

// Token returns a token for a service, from the cache if it is still fresh.
func (c *Connection) Token(ctx context.Context, s Service) (azcore.AccessToken, error) {
	if why := c.options.Cloud.UnavailableReason(s); why != "" {
		return azcore.AccessToken{}, &Error{Service: s, Op: "sign in", Err: notSent("%s", why)}
	}
	return c.credential.cachedToken(ctx, []string{c.options.Cloud.Scope(s)})
}
