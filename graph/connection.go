package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Options say which tenant to reach, and how.
type Options struct {
	Cloud   Cloud
	Tenant  string // its id, in lower case
	SignIn  SignIn
	Proxy   *url.URL // nil: the environment's
	CAs     [][]byte // certificates in PEM that are trusted beside the system's
	Program string   // as "orgstore/1.2.3"; how it is told to Microsoft is in userAgent
	// Seen is told the Date of every answer of the cloud's own hosts over https.
	// It may be nil, is called from many goroutines and must not block.
	Seen   func(host string, date time.Time)
	Limits Limits // a zero field is its default
	Clock  Clock  // nil: the system's
}

// A Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits, and returns the context's error if that ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// A Connection is a tenant that can be asked. It may be used by many
// goroutines at once.
type Connection struct {
	options    Options
	credential azcore.TokenCredential
	plain      *http.Client
	authorized map[Service]*http.Client
}

// Connect prepares a connection. Nothing goes over the network yet, but a
// certificate is read, so that one that cannot be read is known at once.
func Connect(o Options) (*Connection, error) {
	return nil, errors.New("not built yet")
}

// Cloud is the cloud that is reached.
func (c *Connection) Cloud() Cloud { return c.options.Cloud }

// Tenant is the id of the tenant that is reached.
func (c *Connection) Tenant() string { return c.options.Tenant }

// HTTP is the client without a token: for URLs that carry their own
// authorization, as those of downloads and upload sessions do. Errors of
// http.Client show the URL: pass them through Trouble before anyone sees them.
func (c *Connection) HTTP() *http.Client { return c.plain }

// Authorized is the same client, which adds the service's token to requests to
// that service's own host, and to no other. A redirect to another host loses it.
func (c *Connection) Authorized(s Service) *http.Client { return c.authorized[s] }

// Credential is the one credential. It caches tokens by audience.
func (c *Connection) Credential() azcore.TokenCredential { return c.credential }

// Token returns a token for a service, from the cache if it lasts.
func (c *Connection) Token(ctx context.Context, s Service) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, errors.New("not built yet")
}

// GetJSON asks a service and decodes its answer. The path begins with a slash
// and holds the API's version, as in /v1.0/organization. Answers are bounded by
// Limits.Answer; any that does not say yes is an *Error.
func (c *Connection) GetJSON(ctx context.Context, s Service, path string, query url.Values, header http.Header, into any) error {
	return errors.New("not built yet")
}

// PostJSON posts a value and decodes the answer if it has a body and into is
// not nil. The response that is returned has been read and closed: it is for
// its status and headers.
func (c *Connection) PostJSON(ctx context.Context, s Service, path string, query url.Values, body, into any) (*http.Response, error) {
	return nil, errors.New("not built yet")
}
