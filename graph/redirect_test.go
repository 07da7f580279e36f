package graph_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/orgstore/orgstore/graph"
)

func TestRedirects(t *testing.T) {
	var seen []http.Header
	var mu sync.Mutex
	other := newServer(t, func(w http.ResponseWriter, r *http.Request, n int) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header)
		if back := r.URL.Query().Get("back"); back != "" {
			http.Redirect(w, r, back, http.StatusFound)
			return
		}
		io.WriteString(w, "the bytes")
	})
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Error("asked without https") }))
	defer plain.Close()
	for _, c := range []struct {
		name, method, to string
		status           int
		says             string // the error; empty: none
	}{
		{"to another host", "GET", other.URL + "/x?tempauth=" + canary, 302, ""},
		{"to another host, kept method", "GET", other.URL + "/x", 307, ""},
		{"to http", "GET", plain.URL + "/x?tempauth=" + canary, 302, "without https"},
		{"to another host with a body", "POST", other.URL + "/x", 307, "redirects a POST to another host"},
		{"in a circle", "GET", "/again", 302, "more than 5 times"},
		{"to a user", "GET", "https://user:" + canary + "@127.0.0.1/", 302, "a user name in it"},
		{"to a file", "GET", "file:///etc/passwd", 302, "without https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen = nil
			conn, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { http.Redirect(w, r, c.to, c.status) })
			req, _ := http.NewRequestWithContext(t.Context(), c.method, api.URL+"/v1.0/drives/a/items/b/content", strings.NewReader("body"))
			req.Header.Set("Cookie", canary)
			resp, err := conn.AuthorizedClient(graph.Graph).Do(req)
			if err != nil {
				err = graph.WrapError(graph.Graph, "GET content", err)
				checkHarmless(t, err)
			} else {
				resp.Body.Close()
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v", err)
			}
			if err != nil && codeOf(err) != "graph.invalid" {
				t.Errorf("got %s", codeOf(err))
			}
			for _, h := range seen {
				for _, k := range []string{"Authorization", "Cookie", "Client-Request-Id", "Referer"} {
					if h.Get(k) != "" {
						t.Errorf("the other host was told %s: %s", k, h.Get(k))
					}
				}
			}
			if c.says == "" && len(seen) != 1 {
				t.Errorf("the other host was asked %d times", len(seen))
			}
		})
	}
}

func TestWhoComesBackFromElsewhereHasNoToken(t *testing.T) {
	var other *server
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		sayYes(w)
	})
	other = newServer(t, func(w http.ResponseWriter, r *http.Request, n int) {
		http.Redirect(w, r, api.URL+"/v1.0/users", http.StatusFound)
	})
	if _, err := getFromGraph(c, "/v1.0/x"); err != nil {
		t.Fatal(err)
	}
	if api.requestAt(0).Header.Get("Authorization") == "" || api.requestAt(1).Header.Get("Authorization") != "" {
		t.Error("the token went along on the way back")
	}
}

func TestTheTokenStaysWithItsService(t *testing.T) {
	other := newServer(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) })
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) })
	for _, ask := range []struct {
		client *http.Client
		url    string
	}{
		{c.AuthorizedClient(graph.Graph), other.URL}, {c.AuthorizedClient(graph.PowerBI), api.URL}, {c.PlainClient(), api.URL},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", ask.url, nil)
		req.Header.Set("Client-Request-Id", "a")
		resp, err := ask.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if r := other.requestAt(0); r.Header.Get("Client-Request-Id") != "" {
		t.Error("another host was told the request's id")
	}
	resp, err := c.AuthorizedClient(graph.Graph).Get(api.URL)
	if err != nil || resp.Request.Header.Get("Authorization") != "" {
		t.Errorf("the answer holds the token: %v", err)
	}
	resp.Body.Close()
	if api.requestAt(2).Header.Get("Authorization") == "" {
		t.Error("Graph was given no token")
	}
	for _, r := range append(other.requests, api.requests[:2]...) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s was given a token", r.Host)
		}
	}
	if err := c.GetJSON(t.Context(), graph.Graph, other.URL+"/v1.0/x?$skiptoken="+canary, nil, nil, nil); codeOf(err) != "graph.invalid" || other.requestCount() != 1 {
		t.Errorf("a link to another host was followed: %v", err)
	} else {
		checkHarmless(t, err)
	}
	if err := c.GetJSON(t.Context(), graph.Graph, api.URL+"/v1.0/x?$skiptoken=a", nil, nil, nil); err != nil {
		t.Errorf("a link of its own was not followed: %v", err)
	}
}
