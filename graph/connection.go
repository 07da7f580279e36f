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
	Proxy   *url.URL // nil: the environment's
	CAs     [][]byte // certificates in PEM that are trusted beside the system's
	Program string   // as "orgstore/1.2.3"; Microsoft is told it in the form it asks for
	// OnServerDate is told the Date of every answer of the cloud's own hosts over https.
	// It may be nil, is called from many goroutines and must not block.
	OnServerDate func(host string, date time.Time)
	Limits       Limits // a zero field is its default
	Clock        Clock  // nil: the system's
}

// A Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits, and returns why the context ended if that is first.
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

// afterFunc calls f when some time has passed, unless it is stopped before. A clock
// that can do so itself does.
func afterFunc(c Clock, d time.Duration, f func()) (stop func() bool) {
	if own, ok := c.(interface {
		AfterFunc(time.Duration, func()) (stop func() bool)
	}); ok {
		return own.AfterFunc(d, f)
	}
	return time.AfterFunc(d, f).Stop
}

// A Connection is a tenant that can be asked. It may be used by many
// goroutines at once. An answer's body holds a place at its host until it is
// read to its end or closed.
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

// Connect prepares a connection. Nothing goes over the network, and no secret
// is read, before the first request.
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

// Close lets go of connections that nobody uses. What is under way goes on, and
// the connection can be used again.
func (c *Connection) Close() { c.transport.CloseIdleConnections() }

// Cloud is the cloud that is reached.
func (c *Connection) Cloud() Cloud { return c.options.Cloud }

// Tenant is the id of the tenant that is reached.
func (c *Connection) Tenant() string { return c.options.Tenant }

// PlainClient is the client without a token: for URLs that carry their own
// authorization, as those of downloads and upload sessions do. Errors of
// http.Client show the URL: pass them through Trouble before anyone sees them.
func (c *Connection) PlainClient() *http.Client { return c.plainClient }

// AuthorizedClient is the same client, which adds the service's token to requests to
// that service's own host, and to no other. A redirect to another host loses
// it, and does not get it back. It is nil for a service not known here.
func (c *Connection) AuthorizedClient(s Service) *http.Client { return c.authorizedClients[s] }

// Credential is the one credential. It caches tokens by audience, and fails
// with a *SignInError.
func (c *Connection) Credential() azcore.TokenCredential { return c.credential }

// Token returns a token for a service, from the cache if it lasts.
func (c *Connection) Token(ctx context.Context, s Service) (azcore.AccessToken, error) {
	if why := c.options.Cloud.UnavailableReason(s); why != "" {
		return azcore.AccessToken{}, &Error{Service: s, Op: "sign in", Err: notSent("%s", why)}
	}
	return c.credential.cachedToken(ctx, []string{c.options.Cloud.Scope(s)})
}
