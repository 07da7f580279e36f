package graph

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// early is how long before its end a token is renewed.
const early = 5 * time.Minute

// A credential signs in when a token is needed, once for all who need the same
// one. After a failure the secret is read again, so that one which was renewed
// is found without a restart.
type credential struct {
	options Options
	client  *http.Client

	mu      sync.Mutex
	inner   azcore.TokenCredential // nil: the secret has not been read
	tokens  map[string]azcore.AccessToken
	flights map[string]*flight
}

// A flight is one request for a token, and all who wait for it.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	token   azcore.AccessToken
	err     error
}

var _ azcore.TokenCredential = (*credential)(nil)

func newCredential(o Options, client *http.Client) *credential {
	return &credential{options: o, client: client, tokens: map[string]azcore.AccessToken{}, flights: map[string]*flight{}}
}

// GetToken returns a token for some scopes.
func (c *credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if o.Claims != "" || o.TenantID != "" && o.TenantID != c.options.Tenant {
		return c.ask(ctx, o) // a challenge: what is cached has been refused
	}
	return c.token(ctx, o.Scopes)
}

// token returns a cached token, or waits for the one request that gets it.
func (c *credential) token(ctx context.Context, scopes []string) (azcore.AccessToken, error) {
	key := strings.Join(scopes, " ")
	c.mu.Lock()
	if t, ok := c.tokens[key]; ok && c.lasts(t) {
		c.mu.Unlock()
		return t, nil
	}
	f := c.flights[key]
	if f == nil {
		f = c.fly(key, scopes)
	}
	f.waiting++
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		if f.waiting--; f.waiting == 0 { // nobody wants it any more
			f.cancel()
			if c.flights[key] == f {
				delete(c.flights, key)
			}
		}
		return azcore.AccessToken{}, context.Cause(ctx)
	}
}

func (c *credential) lasts(t azcore.AccessToken) bool {
	now := c.options.Clock.Now()
	return now.Before(t.ExpiresOn.Add(-early)) && (t.RefreshOn.IsZero() || now.Before(t.RefreshOn))
}

// fly asks for a token on behalf of all who wait for it. It is called with the
// lock held.
func (c *credential) fly(key string, scopes []string) *flight {
	ctx, cancel := context.WithCancel(context.Background()) // it outlives the first who asked
	f := &flight{done: make(chan struct{}), cancel: cancel}
	c.flights[key] = f
	go func() {
		defer cancel()
		token, err := c.ask(ctx, policy.TokenRequestOptions{Scopes: scopes})
		c.mu.Lock()
		defer c.mu.Unlock()
		f.token, f.err = token, err
		if err == nil {
			c.tokens[key] = token
		}
		if c.flights[key] == f {
			delete(c.flights, key)
		}
		close(f.done)
	}()
	return f
}

// ask signs in.
func (c *credential) ask(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	inner, err := c.open()
	if err != nil {
		return azcore.AccessToken{}, err
	}
	heard := &hearing{}
	token, err := inner.GetToken(context.WithValue(ctx, hearingKey{}, heard), o)
	if err == nil {
		return token, nil
	}
	if ctx.Err() != nil {
		return azcore.AccessToken{}, context.Cause(ctx)
	}
	c.mu.Lock()
	if c.inner == inner && c.options.SignIn.isRead() {
		c.inner = nil
	}
	c.mu.Unlock()
	return azcore.AccessToken{}, explain(c.options, err, heard)
}

// isRead says whether the way to sign in rests on something that is read, and
// may have been renewed.
func (s SignIn) isRead() bool { return s.Method == BySecret || s.Method == ByCertificate }

// open returns azidentity's credential, and makes it where there is none.
func (c *credential) open() (azcore.TokenCredential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner != nil {
		return c.inner, nil
	}
	inner, err := newInner(c.options, c.client)
	if err != nil {
		var known *SignInError
		if errors.As(err, &known) {
			return nil, err
		}
		return nil, unusable(c.options.SignIn.Method)
	}
	c.inner = inner
	return inner, nil
}

type hearingKey struct{}

// A hearing is what the last answer on the way to a token was. azidentity
// tells a failure of the network in words only.
type hearing struct {
	mu     sync.Mutex
	err    error
	status int
	posted bool // a token was asked for, and not only where to ask
}

func (h *hearing) last() (status int, posted bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status, h.posted, h.err
}

// A listener carries azidentity's requests, and listens.
type listener struct{ client *http.Client }

// Do carries out a request.
func (l *listener) Do(req *http.Request) (*http.Response, error) {
	resp, err := l.client.Do(req)
	if h, ok := req.Context().Value(hearingKey{}).(*hearing); ok {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.err, h.status, h.posted = plainly(err), 0, h.posted || req.Method == http.MethodPost
		if resp != nil {
			h.status = resp.StatusCode
		}
	}
	if err != nil {
		return nil, plainly(err)
	}
	return resp, nil
}
