package graph_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
)

const (
	contoso = "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"
	client  = "5b1f7c1e-02cc-4bbd-9d3f-3a7e6f9b2c10"
	canary  = "canary-secret-that-nobody-may-see"
)

// A clock whose waits take no time.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	sleeps  []time.Duration
	timers  map[*timer]bool
	onSleep func(time.Duration) // told of each wait; may be nil
}

type timer struct {
	at time.Time
	f  func()
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), timers: map[*timer]bool{}}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.onSleep != nil {
		c.onSleep(d)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	c.sleeps = append(c.sleeps, d)
	c.mu.Unlock()
	c.advance(d)
	return nil
}

// advance lets time pass.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []func()
	for t := range c.timers {
		if !c.now.Before(t.at) {
			due = append(due, t.f)
			delete(c.timers, t)
		}
	}
	c.mu.Unlock()
	for _, f := range due {
		f()
	}
}

func (c *clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{c.now.Add(d), f}
	c.timers[t] = true
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		was := c.timers[t]
		delete(c.timers, t)
		return was
	}
}

func (c *clock) allSleeps() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.sleeps...)
}

// server is a TLS server that counts.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

// newServer starts a TLS server. The handler is given the number of the request,
// counted from 1.
func newServer(t *testing.T, h func(w http.ResponseWriter, r *http.Request, n int)) *server {
	t.Helper()
	return newServerWith(t, "HTTP/2.0", h)
}

// newServerWith starts one that speaks a protocol.
func newServerWith(t *testing.T, protocol string, h func(w http.ResponseWriter, r *http.Request, n int)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(raw))
		n := len(s.requests)
		s.mu.Unlock()
		h(w, r, n)
	}))
	s.EnableHTTP2 = protocol == "HTTP/2.0"
	s.Config.ErrorLog = discardLogger()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) requestCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *server) requestAt(n int) *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[n]
}

func (s *server) certificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// newAuthority is an Entra that gives each scope its token.
func newAuthority(t *testing.T, token func(w http.ResponseWriter, r *http.Request, n int)) *server {
	t.Helper()
	var s *server
	tokens := 0
	var mu sync.Mutex
	s = newServer(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") {
			fmt.Fprintf(w, `{"issuer":"%[1]s/%[2]s/v2.0","authorization_endpoint":"%[1]s/%[2]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/%[2]s/oauth2/v2.0/token","device_authorization_endpoint":"%[1]s/%[2]s/oauth2/v2.0/devicecode"}`, s.URL, contoso)
			return
		}
		mu.Lock()
		tokens++
		n := tokens
		mu.Unlock()
		token(w, r, n)
	})
	return s
}

func (s *server) tokenCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.HasSuffix(r.URL.Path, "/token") {
			n++
		}
	}
	return n
}

func grantToken(w http.ResponseWriter, _ *http.Request, n int) {
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token-%d-%s"}`, n, canary)
}

func denyToken(code int, description string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"AADSTS%[1]d: %[2]s","error_codes":[%[1]d],"correlation_id":"0F084DF7-c13d-451b-af5f-ed0c466403b2","trace_id":"1f084df7-c13d-451b-af5f-ed0c466403b2"}`, code, description)
	}
}

// connectTo connects to a tenant of which only Graph and sign-in are there.
func connectTo(t *testing.T, api, login *server, change ...func(*graph.Options)) *graph.Connection {
	t.Helper()
	o := graph.Options{
		Cloud:   graph.Cloud{Name: graph.Custom, Login: login.URL, Graph: api.URL, PowerBI: "https://powerbi.invalid", PowerBIAudience: "https://powerbi.invalid/api"},
		Tenant:  contoso,
		SignIn:  graph.SignIn{Method: graph.BySecret, Client: client, Secret: func() (string, error) { return canary, nil }},
		CAs:     [][]byte{api.certificatePEM(), login.certificatePEM()},
		Program: "orgstore/1.2.3",
		Clock:   newClock(),
	}
	for _, c := range change {
		c(&o)
	}
	c, err := graph.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newTenant is a connection to an API that answers as said, and the API.
func newTenant(t *testing.T, h func(w http.ResponseWriter, r *http.Request, n int), change ...func(*graph.Options)) (*graph.Connection, *server) {
	t.Helper()
	api := newServer(t, h)
	return connectTo(t, api, newAuthority(t, grantToken), change...), api
}

func getFromGraph(c *graph.Connection, path string) (map[string]any, error) {
	var got map[string]any
	err := c.GetJSON(context.Background(), graph.Graph, path, nil, nil, &got)
	return got, err
}

// codeOf is the code of an error that has one.
func codeOf(err error) string {
	if c, ok := err.(interface{ Code() string }); ok {
		return c.Code()
	}
	return fmt.Sprintf("no code: %v", err)
}

// checkHarmless fails the test if an error shows what nobody may see.
func checkHarmless(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; {
		for _, s := range []string{e.Error(), fmt.Sprintf("%+v", e)} {
			if strings.Contains(s, canary) || strings.Contains(s, "Bearer") || strings.Contains(s, "client_assertion=") {
				t.Errorf("an error shows a secret: %s", s)
			}
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			return
		}
		e = u.Unwrap()
	}
}
