// Package tenanttest is a fake tenant that answers over TLS whatever a test
// tells it to. It is for answers that a well-behaved tenant never gives. Its
// formats are those of Microsoft's descriptions.
package tenanttest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/packages/leak"
)

// The ids of the tenant and its application.
const (
	ID     = "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"
	Client = "5b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
)

// Secret is the application's client secret.
const Secret = leak.Canary + "-of-the-app"

// A Tenant is a fake tenant.
type Tenant struct {
	t            testing.TB
	mu           sync.Mutex
	handlers     map[string]http.HandlerFunc
	requests     []string
	servers      map[graph.Service]*httptest.Server
	signInServer *httptest.Server
	// SignedIn is the tenant id in the tokens. Roles are the application
	// permissions in them.
	SignedIn string
	Roles    []string
	// Date, if set, is the Date of the sign-in host's answers.
	Date time.Time
	// MissingServices are the services without a host in this cloud.
	MissingServices []graph.Service
}

// Start starts a tenant that answers sign-ins only. It ends with the test.
func Start(t testing.TB) *Tenant {
	x := &Tenant{t: t, handlers: map[string]http.HandlerFunc{}, servers: map[graph.Service]*httptest.Server{}, SignedIn: ID}
	for _, s := range []graph.Service{graph.Graph, graph.PowerBI, graph.Fabric} {
		x.servers[s] = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { x.serve(s, w, r) }))
		t.Cleanup(x.servers[s].Close)
	}
	x.signInServer = httptest.NewTLSServer(http.HandlerFunc(x.signIn))
	t.Cleanup(x.signInServer.Close)
	return x
}

// Respond makes a place, such as "graph /v1.0/organization", answer with a
// status and a body.
func (x *Tenant) Respond(place string, status int, body string) {
	x.Handle(place, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// Handle makes a place answer through a handler.
func (x *Tenant) Handle(place string, h http.HandlerFunc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.handlers[place] = h
}

// Deny makes a place answer that the caller has no permission.
func (x *Tenant) Deny(place string) {
	x.Respond(place, http.StatusForbidden, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`)
}

// Requests returns the requests so far, such as "graph
// /v1.0/organization?$select=id", with the query decoded.
func (x *Tenant) Requests() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.requests)
}

// URL returns the URL of a service.
func (x *Tenant) URL(s graph.Service) string { return x.servers[s].URL }

// Connect returns a connection that signs in with a secret and waits for
// nothing.
func (x *Tenant) Connect() *graph.Connection {
	c, err := graph.Connect(graph.Options{
		Cloud: x.cloudEndpoints(), Tenant: ID, Program: "orgstore/test",
		CAs:    [][]byte{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.signInServer.Certificate().Raw})},
		SignIn: graph.SignIn{Method: graph.BySecret, Client: Client, Secret: func() (string, error) { return Secret, nil }},
		Limits: graph.Limits{MaxTries: 2}, Clock: &instantClock{},
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return c
}

func (x *Tenant) cloudEndpoints() graph.Cloud {
	c := graph.Cloud{
		Name: graph.Custom, Login: x.signInServer.URL, Graph: x.URL(graph.Graph), PowerBI: x.URL(graph.PowerBI), Fabric: x.URL(graph.Fabric),
		PowerBIAudience: x.URL(graph.PowerBI), FabricAudience: x.URL(graph.Fabric), Portal: "https://app.powerbi.com",
	}
	if slices.Contains(x.MissingServices, graph.PowerBI) {
		c.PowerBI, c.PowerBIAudience = "", ""
	}
	if slices.Contains(x.MissingServices, graph.Fabric) {
		c.Fabric, c.FabricAudience = "", ""
	}
	return c
}

func (x *Tenant) serve(s graph.Service, w http.ResponseWriter, r *http.Request) {
	place := string(s) + " " + r.URL.Path
	request := place
	if r.URL.RawQuery != "" {
		query, err := url.PathUnescape(r.URL.RawQuery)
		if err != nil {
			x.t.Errorf("a query that cannot be read: %q", r.URL.RawQuery)
		}
		request += "?" + query
	}
	x.mu.Lock()
	x.requests = append(x.requests, request)
	h := x.handlers[place]
	x.mu.Unlock()
	switch {
	case r.Method != http.MethodGet:
		x.t.Errorf("%s %s: only reading is harmless", r.Method, place)
	case !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "):
		w.WriteHeader(http.StatusUnauthorized)
	case strings.HasSuffix(r.URL.Path, "/$count") && r.Header.Get("ConsistencyLevel") != "eventual":
		w.WriteHeader(http.StatusBadRequest) // documented for $count
	case h == nil:
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"error":{"code":"Request_ResourceNotFound","message":"Resource not found for the segment."}}`))
	default:
		h(w, r)
	}
}

// signIn answers as Entra does: with the sign-in addresses, and with tokens.
func (x *Tenant) signIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if !x.Date.IsZero() {
		w.Header().Set("Date", x.Date.UTC().Format(http.TimeFormat))
	}
	base := x.signInServer.URL + "/" + ID
	switch r.URL.Path {
	case "/" + ID + "/v2.0/.well-known/openid-configuration":
		fmt.Fprintf(w, `{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%s/oauth2/v2.0/authorize","issuer":"%s/v2.0"}`, base, base, base)
	case "/" + ID + "/oauth2/v2.0/token":
		x.mu.Lock()
		h := x.handlers["login token"]
		x.mu.Unlock()
		if h != nil {
			h(w, r)
			return
		}
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":%q}`, x.Token())
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// Token returns an unsigned token with Entra's claims.
func (x *Tenant) Token() string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	var roles bytes.Buffer
	for i, r := range x.Roles {
		if i > 0 {
			roles.WriteByte(',')
		}
		fmt.Fprintf(&roles, "%q", r)
	}
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"tid":%q,"appid":%q,"roles":[%s]}`, x.SignedIn, Client, &roles)) + "." + part("signature")
}

// InstantClock returns a clock on which waiting takes no time.
func InstantClock() graph.Clock { return &instantClock{} }

// An instantClock adds each wait to the time instead of waiting.
type instantClock struct {
	mu        sync.Mutex
	totalWait time.Duration
}

func (c *instantClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.totalWait)
}

func (c *instantClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totalWait += d
	return ctx.Err()
}
