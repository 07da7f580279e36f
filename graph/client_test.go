package graph_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
)

func discardLogger() *log.Logger { return log.New(io.Discard, "", 0) }

func sayYes(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"value":"yes"}`)
}

func TestGetJSONAsksAsMicrosoftWishes(t *testing.T) {
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) })
	var got struct {
		Value string `json:"value"`
	}
	err := c.GetJSON(t.Context(), graph.Graph, "/v1.0/users/$count", url.Values{"$filter": {"a eq 'b c+d'"}}, http.Header{"consistencylevel": {"eventual"}}, &got)
	if err != nil || got.Value != "yes" {
		t.Fatalf("got %+v, %v", got, err)
	}
	r := api.requestAt(0)
	if want := "/v1.0/users/$count?$filter=a%20eq%20%27b%20c%2Bd%27"; r.RequestURI != want {
		t.Errorf("asked %s, want %s", r.RequestURI, want)
	}
	for k, want := range map[string]string{
		"User-Agent": "NONISV|orgstore|orgstore/1.2.3", "Authorization": "Bearer token-1-" + canary,
		"Consistencylevel": "eventual", "Accept": "application/json",
	} {
		if r.Header.Get(k) != want {
			t.Errorf("%s: got %q, want %q", k, r.Header.Get(k), want)
		}
	}
	if id := r.Header.Get("Client-Request-Id"); len(id) != 36 {
		t.Errorf("client-request-id: got %q", id)
	}
}

func TestACountIsText(t *testing.T) {
	c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "\ufeff310")
	})
	var n int
	if err := c.GetJSON(t.Context(), graph.Graph, "/v1.0/users/$count", nil, nil, &n); err != nil || n != 310 {
		t.Errorf("got %d, %v", n, err)
	}
	var raw []byte
	if err := c.GetJSON(t.Context(), graph.Graph, "/v1.0/users/$count", nil, nil, &raw); err != nil || string(raw) != "310" {
		t.Errorf("got %s, %v", raw, err)
	}
}

// A storm of refusals must not become a storm of requests.
func TestLargeAndSlowAnswers(t *testing.T) {
	var k *clock
	small := func(o *graph.Options) {
		o.Limits.MaxJSONBytes, o.Limits.MaxBodyBytes, o.Limits.MaxTries, o.Clock = 1000, 100_000, 1, k
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			k.advance(30 * time.Second)
		}
	}
	endless := func(w http.ResponseWriter) {
		for {
			if _, err := io.WriteString(w, strings.Repeat("a", 4096)); err != nil {
				return
			}
		}
	}
	jsonKind := func(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/json; charset=utf-8") }
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		{"as much as is taken", func(w http.ResponseWriter, r *http.Request) {
			jsonKind(w)
			io.WriteString(w, `"`+strings.Repeat("a", 998)+`"`)
		}, ""},
		{"one byte more", func(w http.ResponseWriter, r *http.Request) {
			jsonKind(w)
			io.WriteString(w, `"`+strings.Repeat("a", 999)+`"`)
		}, "graph.too_large"},
		{"endless JSON", func(w http.ResponseWriter, r *http.Request) { jsonKind(w); endless(w) }, "graph.too_large"},
		{"endless bytes", func(w http.ResponseWriter, r *http.Request) { endless(w) }, "graph.too_large"},
		{"a length that is too large", func(w http.ResponseWriter, r *http.Request) {
			jsonKind(w)
			w.Header().Set("Content-Length", "9000000000")
		}, "graph.too_large"},
		{"an endless refusal", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(403); endless(w) }, "graph.denied"},
		{"an endless header", func(w http.ResponseWriter, r *http.Request) {
			for i := range 200 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("a", 4000))
			}
			sayYes(w)
		}, "graph.unreachable"},
		{"no answer", func(w http.ResponseWriter, r *http.Request) { k.advance(100 * time.Second); <-r.Context().Done() }, "graph.unreachable"},
		{"a slow drip", func(w http.ResponseWriter, r *http.Request) { drip(w, r) }, "graph.unreachable"},
		{"a bomb", func(w http.ResponseWriter, r *http.Request) {
			jsonKind(w)
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(gzipBomb(t))
		}, "graph.too_large"},
		{"no JSON", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>") }, "graph.invalid"},
		{"nothing", func(w http.ResponseWriter, r *http.Request) { jsonKind(w) }, "graph.invalid"},
		{"a member twice", func(w http.ResponseWriter, r *http.Request) { jsonKind(w); io.WriteString(w, `{"a":1,"a":2}`) }, "graph.invalid"},
		{"more after the end", func(w http.ResponseWriter, r *http.Request) { jsonKind(w); io.WriteString(w, `{}{}`) }, "graph.invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k = newClock()
			conn, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { c.answer(w, r) }, small)
			var got any
			err := conn.GetJSON(t.Context(), graph.Graph, "/v1.0/x", nil, nil, &got)
			if c.want == "" && err == nil {
				return
			}
			if codeOf(err) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPlacesAreGivenBack(t *testing.T) {
	c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		io.WriteString(w, strings.Repeat("a", 1000))
	}, func(o *graph.Options) { o.Limits.MaxPerHost, o.Limits.MaxBodyBytes = 1, 900 })
	if _, err := c.PostJSON(t.Context(), graph.Graph, "/v1.0/x", nil, nil, nil); codeOf(err) != "graph.unreachable" {
		t.Fatal(err)
	}
	for range 3 { // unread, read in part, and read beyond what is taken
		for _, read := range []int64{0, 10, 2000} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			req, _ := http.NewRequestWithContext(ctx, "GET", c.Cloud().Graph+"/v1.0/x", nil)
			resp, err := c.AuthorizedClient(graph.Graph).Do(req)
			if err != nil {
				var e *graph.Error
				if errors.As(graph.WrapError(graph.Graph, "GET", err), &e) && e.Code() == "graph.too_large" {
					cancel()
					continue
				}
				t.Fatal(err)
			}
			io.CopyN(io.Discard, resp.Body, read)
			resp.Body.Close()
			cancel()
		}
	}
}

// A gateway may answer for Entra and for the services on one host.
func TestOneHostForAll(t *testing.T) {
	login := newAuthority(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			grantToken(w, r, n)
			return
		}
		sayYes(w)
	})
	c := connectTo(t, login, login, func(o *graph.Options) { o.Limits.MaxPerHost = 1 })
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := getFromGraph(c, "/v1.0/x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAHeadOfSomethingLarge(t *testing.T) {
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { w.Header().Set("Content-Length", "9000000000") })
	resp, err := c.AuthorizedClient(graph.Graph).Head(api.URL + "/v1.0/x")
	if err != nil || resp.ContentLength != 9_000_000_000 {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestAnAnswerThatIsNeitherYesNorNo(t *testing.T) {
	c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(http.StatusNotModified) })
	_, err := getFromGraph(c, "/v1.0/x")
	var e *graph.Error
	if !errors.As(err, &e) || e.Status != http.StatusNotModified || e.Code() != "graph.invalid" {
		t.Errorf("got %v", err)
	}
}

func TestSeenIsToldAuthenticatedDatesOfOwnHosts(t *testing.T) {
	var mu sync.Mutex
	seen := map[string][]time.Time{}
	elsewhere := newServer(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) })
	date := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		if n == 2 {
			w.Header().Set("Date", "tomorrow")
		}
		sayYes(w)
	}, func(o *graph.Options) {
		o.OnServerDate = func(host string, d time.Time) {
			mu.Lock()
			defer mu.Unlock()
			seen[host] = append(seen[host], d)
		}
	})
	before := func() int { mu.Lock(); defer mu.Unlock(); return len(seen["127.0.0.1"]) }
	if _, err := getFromGraph(c, "/v1.0/x"); err != nil {
		t.Fatal(err)
	}
	if all := seen["127.0.0.1"]; len(all) != 3 || !all[2].Equal(date) { // two of sign-in
		t.Errorf("seen %v", seen)
	}
	n := before()
	if _, err := getFromGraph(c, "/v1.0/x"); err != nil || before() != n {
		t.Errorf("rubbish was taken for a date: %v", err)
	}
	resp, err := c.PlainClient().Get(elsewhere.URL)
	if err != nil || before() != n {
		t.Fatalf("another host was believed: %v", err)
	}
	resp.Body.Close()
	_ = api
}

func TestAProxyAndItsCertificate(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Method != http.MethodConnect {
			t.Errorf("the proxy was asked to %s", r.Method)
			return
		}
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(502)
			return
		}
		from, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(to, from); to.Close() }()
		go func() { io.Copy(from, to); from.Close() }()
	}))
	defer proxy.Close()
	u, _ := url.Parse(proxy.URL)
	c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) }, func(o *graph.Options) { o.Proxy = u })
	if _, err := getFromGraph(c, "/v1.0/x"); err != nil || asked.Load() == 0 {
		t.Errorf("the proxy was asked %d times: %v", asked.Load(), err)
	}
	c, _ = newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) }, func(o *graph.Options) { o.CAs = nil })
	_, err := getFromGraph(c, "/v1.0/x")
	if codeOf(err) != "signin.unreachable" || !strings.Contains(err.(interface{ Hint() string }).Hint(), "your proxy") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestAProxysPasswordIsNotShown(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	u, _ := url.Parse(proxy.URL)
	u.User = url.UserPassword("contoso", canary)
	for _, state := range []string{"refuses", "is gone"} {
		c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { sayYes(w) }, func(o *graph.Options) { o.Proxy = u })
		_, err := getFromGraph(c, "/v1.0/x")
		if codeOf(err) != "signin.unreachable" {
			t.Errorf("a proxy that %s: %v", state, err)
		}
		checkHarmless(t, err)
		proxy.Close()
	}
	t.Setenv("HTTPS_PROXY", "http://contoso:"+canary+"@[proxy")
	c, err := graph.Connect(graph.Options{Cloud: graph.Cloud{Login: "https://login.contoso.com", Graph: "https://graph.contoso.com"}, Tenant: contoso,
		SignIn: graph.SignIn{Method: graph.BySecret, Client: client, Secret: func() (string, error) { return "x", nil }}, Clock: newClock()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Token(t.Context(), graph.Graph)
	checkHarmless(t, err)
}
