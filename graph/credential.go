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

// renewBefore is how long before its expiry a token is renewed.
const renewBefore = 5 * time.Minute

// A credential signs in when a token is needed, and only once for all callers
// that need the same token. After a failure it reads the secret again, so that
// a renewed secret is found without a restart.
type credential struct {
	options Options
	client  *http.Client

	mu      sync.Mutex
	azure   azcore.TokenCredential // nil: the secret has not been read
	tokens  map[string]azcore.AccessToken
	pending map[string]*tokenRequest
}

// A tokenRequest is one request for a token. Several callers may wait for it.
type tokenRequest struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	token   azcore.AccessToken
	err     error
}

var _ azcore.TokenCredential = (*credential)(nil)

func newCredential(o Options, client *http.Client) *credential {
	return &credential{options: o, client: client, tokens: map[string]azcore.AccessToken{}, pending: map[string]*tokenRequest{}}
}

// GetToken returns a token for some scopes.
func (c *credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if o.Claims != "" || o.TenantID != "" && o.TenantID != c.options.Tenant {
		return c.requestToken(ctx, o) // a challenge: the cached token was refused
	}
	return c.cachedToken(ctx, o.Scopes)
}

// cachedToken returns a token from the cache, or waits for the one request that
// gets it.
func (c *credential) cachedToken(ctx context.Context, scopes []string) (azcore.AccessToken, error) {
	key := strings.Join(scopes, " ")
	c.mu.Lock()
	if t, ok := c.tokens[key]; ok && c.isFresh(t) {
		c.mu.Unlock()
		return t, nil
	}
	f := c.pending[key]
	if f == nil {
		f = c.startRequest(key, scopes)
	}
	f.waiting++
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		if f.waiting--; f.waiting == 0 { // no caller waits for it any more
			f.cancel()
			if c.pending[key] == f {
				delete(c.pending, key)
			}
		}
		return azcore.AccessToken{}, context.Cause(ctx)
	}
}

func (c *credential) isFresh(t azcore.AccessToken) bool {
	now := c.options.Clock.Now()
	return now.Before(t.ExpiresOn.Add(-renewBefore)) && (t.RefreshOn.IsZero() || now.Before(t.RefreshOn))
}

// startRequest requests a token for all callers that wait for it. The caller
// holds c.mu.
func (c *credential) startRequest(key string, scopes []string) *tokenRequest {
	ctx, cancel := context.WithCancel(context.Background()) // the request outlives the caller that started it
	f := &tokenRequest{done: make(chan struct{}), cancel: cancel}
	c.pending[key] = f
	go func() {
		defer cancel()
		token, err := c.requestToken(ctx, policy.TokenRequestOptions{Scopes: scopes})
		c.mu.Lock()
		defer c.mu.Unlock()
		f.token, f.err = token, err
		if err == nil {
			c.tokens[key] = token
		}
		if c.pending[key] == f {
			delete(c.pending, key)
		}
		close(f.done)
	}()
	return f
}

// requestToken signs in.
func (c *credential) requestToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	inner, err := c.azureCredential()
	if err != nil {
		return azcore.AccessToken{}, err
	}
	last := &lastResponse{}
	token, err := inner.GetToken(context.WithValue(ctx, lastResponseKey{}, last), o)
	if err == nil {
		return token, nil
	}
	if ctx.Err() != nil {
		return azcore.AccessToken{}, context.Cause(ctx)
	}
	c.mu.Lock()
	if c.azure == inner && c.options.SignIn.readsSecret() {
		c.azure = nil
	}
	c.mu.Unlock()
	return azcore.AccessToken{}, newSignInError(c.options, err, last)
}

// readsSecret reports whether this way to sign in reads a secret that may have
// been renewed.
func (s SignIn) readsSecret() bool { return s.Method == BySecret || s.Method == ByCertificate }

// azureCredential returns azidentity's credential. It creates it if there is
// none.
func (c *credential) azureCredential() (azcore.TokenCredential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.azure != nil {
		return c.azure, nil
	}
	inner, err := newAzureCredential(c.options, c.client)
	if err != nil {
		var known *SignInError
		if errors.As(err, &known) {
			return nil, err
		}
		return nil, unusableSecret(c.options.SignIn.Method)
	}
	c.azure = inner
	return inner, nil
}

type lastResponseKey struct{}

// A lastResponse records the last response on the way to a token. azidentity
// reports a network failure only as text, so the program watches the responses.
type lastResponse struct {
	mu        sync.Mutex
	err       error
	status    int
	hasPosted bool // a token was requested, not only the address to request it from
}

func (h *lastResponse) get() (status int, posted bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status, h.hasPosted, h.err
}

// A recordingTransport sends azidentity's requests and records the responses.
type recordingTransport struct{ client *http.Client }

// Do sends a request.
func (l *recordingTransport) Do(req *http.Request) (*http.Response, error) {
	resp, err := l.client.Do(req)
	if h, ok := req.Context().Value(lastResponseKey{}).(*lastResponse); ok {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.err, h.status, h.hasPosted = unwrapURLError(err), 0, h.hasPosted || req.Method == http.MethodPost
		if resp != nil {
			h.status = resp.StatusCode
		}
	}
	if err != nil {
		return nil, unwrapURLError(err)
	}
	return resp, nil
}
