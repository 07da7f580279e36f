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

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

func ok(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"value":"yes"}`)
}

func TestGetJSONAsksAsMicrosoftWishes(t *testing.T) {
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { ok(w) })
	var got struct {
		Value string `json:"value"`
	}
	err := c.GetJSON(t.Context(), graph.Graph, "/v1.0/users/$count", url.Values{"$filter": {"a eq 'b c+d'"}}, http.Header{"consistencylevel": {"eventual"}}, &got)
	if err != nil || got.Value != "yes" {
		t.Fatalf("got %+v, %v", got, err)
	}
	r := api.request(0)
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

func TestTriesAgain(t *testing.T) {
	status := func(code int, h ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i+1 < len(h); i += 2 {
				w.Header().Set(h[i], h[i+1])
			}
			w.WriteHeader(code)
		}
	}
	reset := func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, `{"value":`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	date := func(after time.Duration) []string {
		now := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) // another clock than ours
		return []string{"Date", now.Format(http.TimeFormat), "Retry-After", now.Add(after).Format(http.TimeFormat)}
	}
	const s, m = time.Second, time.Minute
	login := authority(t, grant)
	for _, c := range []struct {
		name     string
		first    func(http.ResponseWriter)
		post     bool
		again    bool
		from, to time.Duration // of the wait
	}{
		{"429 in seconds", status(429, "Retry-After", "30"), false, true, 30 * s, 35 * s},
		{"429 as a date", status(429, date(40*s)...), false, true, 40 * s, 46 * s},
		{"429 with a date that has passed", status(429, date(-40*s)...), false, true, 0, 2 * s},
		{"429 without a word", status(429), false, true, s / 2, s},
		{"429 and the greater reset", status(429, "Retry-After", "10", "RateLimit-Reset", "50"), false, true, 50 * s, 56 * s},
		{"429 and a smaller reset", status(429, "Retry-After", "50", "RateLimit-Reset", "10"), false, true, 50 * s, 56 * s},
		{"429 negative", status(429, "Retry-After", "-5"), false, true, s / 2, s},
		{"429 rubbish", status(429, "Retry-After", "soon"), false, true, s / 2, s},
		{"429 a year", status(429, "Retry-After", "31536000"), false, false, 0, 0},
		{"429 beyond numbers", status(429, "Retry-After", "99999999999999999999999"), false, false, 0, 0},
		{"429 to a post", status(429), true, true, s / 2, s},
		{"503 to a post, throttled", status(503, "Retry-After", "5"), true, true, 5 * s, 7 * s},
		{"503 to a post", status(503), true, false, 0, 0},
		{"503", status(503), false, true, s / 2, s},
		{"504", status(504), false, true, s / 2, s},
		{"502", status(502), false, true, s / 2, s},
		{"408", status(408), false, true, s / 2, s},
		{"504 to a post", status(504), true, false, 0, 0},
		{"502 to a post", status(502), true, false, 0, 0},
		{"408 to a post", status(408), true, false, 0, 0},
		{"500", status(500), false, false, 0, 0},
		{"400", status(400, "Retry-After", "5"), false, false, 0, 0},
		{"404", status(404), false, false, 0, 0},
		{"reset", reset, false, true, s / 2, s},
		{"reset of a post", reset, true, false, 0, 0},
		{"reset in the middle", cut, false, true, s / 2, s},
		{"reset in the middle of a post", cut, true, false, 0, 0},
		{"less than the wait of all tries", status(429, "Retry-After", "590"), false, true, 590 * s, 10 * m},
		{"more than the wait of all tries", status(429, "Retry-After", "601"), false, false, 0, 0},
	} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(c.name+" by "+protocol, func(t *testing.T) {
				k := newClock()
				api := serveBy(t, protocol, func(w http.ResponseWriter, r *http.Request, n int) {
					if r.Proto != protocol {
						t.Errorf("asked by %s", r.Proto)
					}
					if n == 1 {
						c.first(w)
						return
					}
					ok(w)
				})
				conn := connect(t, api, login, func(o *graph.Options) { o.Clock = k })
				var err error
				if c.post {
					_, err = conn.PostJSON(t.Context(), graph.Graph, "/v1.0/x", nil, map[string]int{"a": 1}, nil)
				} else {
					_, err = get(conn, "/v1.0/x")
				}
				harmless(t, err)
				if (err == nil) != c.again || (api.count() == 2) != c.again {
					t.Fatalf("tried %d times: %v", api.count(), err)
				}
				if !c.again {
					if w := k.waits(); len(w) > 0 {
						t.Errorf("waited %v for nothing", w)
					}
					return
				}
				if w := k.waits(); len(w) == 0 || w[0] < c.from || w[0] > c.to {
					t.Errorf("waited %v, want %s to %s", w, c.from, c.to)
				}
				if api.bodies[0] != api.bodies[1] || api.request(0).Header.Get("Client-Request-Id") != api.request(1).Header.Get("Client-Request-Id") {
					t.Errorf("the second try is another request: %q, %q", api.bodies[0], api.bodies[1])
				}
			})
		}
	}
}

func TestAMarkedPostIsTriedAgain(t *testing.T) {
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			panic(http.ErrAbortHandler)
		}
		ok(w)
	})
	if _, err := c.PostJSON(graph.Repeatable(t.Context(), true), graph.Graph, "/v1.0/x", nil, nil, nil); err != nil || api.count() != 2 {
		t.Errorf("tried %d times: %v", api.count(), err)
	}
}

func TestAPutWithAConditionIsNotTriedAgain(t *testing.T) {
	for _, header := range []string{"", "If-Match", "If-None-Match"} {
		c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(504) }, func(o *graph.Options) { o.Limits.Tries = 2 })
		req, _ := http.NewRequestWithContext(t.Context(), "PUT", api.URL+"/v1.0/x", io.NopCloser(strings.NewReader("bytes")))
		if header != "" {
			req.Header.Set(header, "etag")
		}
		resp, err := c.Authorized(graph.Graph).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := 1
		if header == "" {
			want = 2
		}
		if api.count() != want || api.bodies[0] != "bytes" {
			t.Errorf("%s: tried %d times with %q", header, api.count(), api.bodies)
		}
	}
}

func TestARefusedConnectionIsTriedAgainEvenForAPost(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "https://" + l.Addr().String()
	l.Close()
	k := newClock()
	login := authority(t, grant)
	c := connect(t, login, login, func(o *graph.Options) { o.Cloud.Graph, o.Clock = nobody, k })
	_, err = c.PostJSON(t.Context(), graph.Graph, "/v1.0/x", nil, nil, nil)
	if code(err) != "graph.unreachable" || len(k.waits()) != 5 || !strings.Contains(err.Error(), "after 6 tries") {
		t.Errorf("waited %v: %v", k.waits(), err)
	}
	harmless(t, err)
}

func TestTriesEnd(t *testing.T) {
	k := newClock()
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "100")
		w.Header().Set("Request-Id", "abc")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock = k })
	_, err := get(c, "/v1.0/x")
	var e *graph.Error
	if !errors.As(err, &e) || e.Code() != "graph.throttled" || e.RetryAfter != 100*time.Second || e.RequestID != "abc" || e.ClientRequestID != api.request(0).Header.Get("Client-Request-Id") {
		t.Errorf("got %v", err)
	}
	var all time.Duration
	for _, w := range k.waits() {
		all += w
	}
	if api.count() != 6 && all < 9*time.Minute || api.count() > 6 || all > 10*time.Minute {
		t.Errorf("tried %d times and waited %s", api.count(), all)
	}
}

func TestWaitsAddUp(t *testing.T) {
	k := newClock()
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "100")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock, o.Limits.Wait = k, 250*time.Second })
	if _, err := get(c, "/v1.0/x"); code(err) != "graph.throttled" || api.count() != 3 {
		t.Errorf("tried %d times: %v", api.count(), err)
	}
}

func TestACountIsText(t *testing.T) {
	c, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
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

func TestAThrottledServiceIsLeftAlone(t *testing.T) {
	k := newClock()
	var until time.Time
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			until = k.Now().Add(time.Minute)
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(429)
			return
		}
		if k.Now().Before(until) {
			t.Errorf("asked again %s too early", until.Sub(k.Now()))
		}
		ok(w)
	}, func(o *graph.Options) { o.Clock, o.Limits.Tries = k, 1 })
	if _, err := get(c, "/v1.0/drives/a/root"); code(err) != "graph.throttled" {
		t.Fatal(err)
	}
	if _, err := get(c, "/v1.0/drives/b/root"); err != nil || api.count() != 2 {
		t.Fatal(err)
	}
}

func TestALongBanIsToldAtOnce(t *testing.T) {
	k := newClock()
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "31536000")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock = k })
	for range 3 {
		if _, err := get(c, "/v1.0/drives/a/root"); code(err) != "graph.throttled" {
			t.Errorf("got %v", err)
		}
	}
	if api.count() != 1 || len(k.waits()) != 0 {
		t.Errorf("asked %d times and waited %v", api.count(), k.waits())
	}
}

func TestASpentQuotaIsLeftAlone(t *testing.T) {
	k := newClock()
	c, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("RateLimit-Reset", "20")
		ok(w)
	}, func(o *graph.Options) { o.Clock = k })
	for range 2 {
		if _, err := get(c, "/v1.0/drives/a/root"); err != nil {
			t.Fatal(err)
		}
	}
	if w := k.waits(); len(w) != 1 || w[0] < 19*time.Second || w[0] > 20*time.Second {
		t.Errorf("waited %v", w)
	}
}

// A storm of refusals must not become a storm of requests.
func TestAStormOf429sAndCancellation(t *testing.T) {
	k := newClock()
	ctx, cancel := context.WithCancel(t.Context())
	k.sleep = func(time.Duration) { cancel() } // nobody waits here: the first wait ends it
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock = k })
	var wg sync.WaitGroup
	var wrong atomic.Int32
	for range 200 {
		wg.Go(func() {
			err := c.GetJSON(ctx, graph.Graph, "/v1.0/drives/a/root", nil, nil, nil)
			if code(err) != "graph.canceled" || !errors.Is(err, context.Canceled) {
				wrong.Add(1)
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if api.count() > 8 {
		t.Errorf("200 callers asked %d times, more than pass at a time", api.count())
	}
}

func TestRedirects(t *testing.T) {
	var seen []http.Header
	var mu sync.Mutex
	other := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
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
		{"to another host with a body", "POST", other.URL + "/x", 307, "leads a POST to another host"},
		{"in a circle", "GET", "/again", 302, "more than 5 times"},
		{"to a user", "GET", "https://user:" + canary + "@127.0.0.1/", 302, "a user in it"},
		{"to a file", "GET", "file:///etc/passwd", 302, "without https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen = nil
			conn, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { http.Redirect(w, r, c.to, c.status) })
			req, _ := http.NewRequestWithContext(t.Context(), c.method, api.URL+"/v1.0/drives/a/items/b/content", strings.NewReader("body"))
			req.Header.Set("Cookie", canary)
			resp, err := conn.Authorized(graph.Graph).Do(req)
			if err != nil {
				err = graph.Trouble(graph.Graph, "GET content", err)
				harmless(t, err)
			} else {
				resp.Body.Close()
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v", err)
			}
			if err != nil && code(err) != "graph.invalid" {
				t.Errorf("got %s", code(err))
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
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		ok(w)
	})
	other = serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		http.Redirect(w, r, api.URL+"/v1.0/users", http.StatusFound)
	})
	if _, err := get(c, "/v1.0/x"); err != nil {
		t.Fatal(err)
	}
	if api.request(0).Header.Get("Authorization") == "" || api.request(1).Header.Get("Authorization") != "" {
		t.Error("the token went along on the way back")
	}
}

func TestTheTokenStaysWithItsService(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, r *http.Request, n int) { ok(w) })
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { ok(w) })
	for _, ask := range []struct {
		client *http.Client
		url    string
	}{
		{c.Authorized(graph.Graph), other.URL}, {c.Authorized(graph.PowerBI), api.URL}, {c.HTTP(), api.URL},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", ask.url, nil)
		req.Header.Set("Client-Request-Id", "a")
		resp, err := ask.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if r := other.request(0); r.Header.Get("Client-Request-Id") != "" {
		t.Error("another host was told the request's id")
	}
	resp, err := c.Authorized(graph.Graph).Get(api.URL)
	if err != nil || resp.Request.Header.Get("Authorization") != "" {
		t.Errorf("the answer holds the token: %v", err)
	}
	resp.Body.Close()
	if api.request(2).Header.Get("Authorization") == "" {
		t.Error("Graph was given no token")
	}
	for _, r := range append(other.requests, api.requests[:2]...) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s was given a token", r.Host)
		}
	}
	if err := c.GetJSON(t.Context(), graph.Graph, other.URL+"/v1.0/x?$skiptoken="+canary, nil, nil, nil); code(err) != "graph.invalid" || other.count() != 1 {
		t.Errorf("a link to another host was followed: %v", err)
	} else {
		harmless(t, err)
	}
	if err := c.GetJSON(t.Context(), graph.Graph, api.URL+"/v1.0/x?$skiptoken=a", nil, nil, nil); err != nil {
		t.Errorf("a link of its own was not followed: %v", err)
	}
}

func TestLargeAndSlowAnswers(t *testing.T) {
	var k *clock
	small := func(o *graph.Options) {
		o.Limits.Answer, o.Limits.File, o.Limits.Tries, o.Clock = 1000, 100_000, 1, k
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			k.pass(30 * time.Second)
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
			ok(w)
		}, "graph.unreachable"},
		{"no answer", func(w http.ResponseWriter, r *http.Request) { k.pass(100 * time.Second); <-r.Context().Done() }, "graph.unreachable"},
		{"a slow drip", func(w http.ResponseWriter, r *http.Request) { drip(w, r) }, "graph.unreachable"},
		{"a bomb", func(w http.ResponseWriter, r *http.Request) {
			jsonKind(w)
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb(t))
		}, "graph.too_large"},
		{"no JSON", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>") }, "graph.invalid"},
		{"nothing", func(w http.ResponseWriter, r *http.Request) { jsonKind(w) }, "graph.invalid"},
		{"a member twice", func(w http.ResponseWriter, r *http.Request) { jsonKind(w); io.WriteString(w, `{"a":1,"a":2}`) }, "graph.invalid"},
		{"more after the end", func(w http.ResponseWriter, r *http.Request) { jsonKind(w); io.WriteString(w, `{}{}`) }, "graph.invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k = newClock()
			conn, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { c.answer(w, r) }, small)
			var got any
			err := conn.GetJSON(t.Context(), graph.Graph, "/v1.0/x", nil, nil, &got)
			if c.want == "" && err == nil {
				return
			}
			if code(err) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPlacesAreGivenBack(t *testing.T) {
	c, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		io.WriteString(w, strings.Repeat("a", 1000))
	}, func(o *graph.Options) { o.Limits.Hosts, o.Limits.File = 1, 900 })
	if _, err := c.PostJSON(t.Context(), graph.Graph, "/v1.0/x", nil, nil, nil); code(err) != "graph.unreachable" {
		t.Fatal(err)
	}
	for range 3 { // unread, read in part, and read beyond what is taken
		for _, read := range []int64{0, 10, 2000} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			req, _ := http.NewRequestWithContext(ctx, "GET", c.Cloud().Graph+"/v1.0/x", nil)
			resp, err := c.Authorized(graph.Graph).Do(req)
			if err != nil {
				var e *graph.Error
				if errors.As(graph.Trouble(graph.Graph, "GET", err), &e) && e.Code() == "graph.too_large" {
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
	login := authority(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			grant(w, r, n)
			return
		}
		ok(w)
	})
	c := connect(t, login, login, func(o *graph.Options) { o.Limits.Hosts = 1 })
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := get(c, "/v1.0/x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAHeadOfSomethingLarge(t *testing.T) {
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { w.Header().Set("Content-Length", "9000000000") })
	resp, err := c.Authorized(graph.Graph).Head(api.URL + "/v1.0/x")
	if err != nil || resp.ContentLength != 9_000_000_000 {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestAnAnswerThatIsNeitherYesNorNo(t *testing.T) {
	c, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(http.StatusNotModified) })
	_, err := get(c, "/v1.0/x")
	var e *graph.Error
	if !errors.As(err, &e) || e.Status != http.StatusNotModified || e.Code() != "graph.invalid" {
		t.Errorf("got %v", err)
	}
}

func TestSeenIsToldAuthenticatedDatesOfOwnHosts(t *testing.T) {
	var mu sync.Mutex
	seen := map[string][]time.Time{}
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request, n int) { ok(w) })
	date := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	c, api := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		if n == 2 {
			w.Header().Set("Date", "tomorrow")
		}
		ok(w)
	}, func(o *graph.Options) {
		o.Seen = func(host string, d time.Time) {
			mu.Lock()
			defer mu.Unlock()
			seen[host] = append(seen[host], d)
		}
	})
	before := func() int { mu.Lock(); defer mu.Unlock(); return len(seen["127.0.0.1"]) }
	if _, err := get(c, "/v1.0/x"); err != nil {
		t.Fatal(err)
	}
	if all := seen["127.0.0.1"]; len(all) != 3 || !all[2].Equal(date) { // two of sign-in
		t.Errorf("seen %v", seen)
	}
	n := before()
	if _, err := get(c, "/v1.0/x"); err != nil || before() != n {
		t.Errorf("rubbish was taken for a date: %v", err)
	}
	resp, err := c.HTTP().Get(elsewhere.URL)
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
	c, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { ok(w) }, func(o *graph.Options) { o.Proxy = u })
	if _, err := get(c, "/v1.0/x"); err != nil || asked.Load() == 0 {
		t.Errorf("the proxy was asked %d times: %v", asked.Load(), err)
	}
	c, _ = tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { ok(w) }, func(o *graph.Options) { o.CAs = nil })
	_, err := get(c, "/v1.0/x")
	if code(err) != "signin.unreachable" || !strings.Contains(err.(interface{ Hint() string }).Hint(), "proxy of yours") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestAProxysPasswordIsNotShown(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	u, _ := url.Parse(proxy.URL)
	u.User = url.UserPassword("contoso", canary)
	for _, state := range []string{"refuses", "is gone"} {
		c, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { ok(w) }, func(o *graph.Options) { o.Proxy = u })
		_, err := get(c, "/v1.0/x")
		if code(err) != "signin.unreachable" {
			t.Errorf("a proxy that %s: %v", state, err)
		}
		harmless(t, err)
		proxy.Close()
	}
	t.Setenv("HTTPS_PROXY", "http://contoso:"+canary+"@[proxy")
	c, err := graph.Connect(graph.Options{Cloud: graph.Cloud{Login: "https://login.contoso.com", Graph: "https://graph.contoso.com"}, Tenant: contoso,
		SignIn: graph.SignIn{Method: graph.BySecret, Client: client, Secret: func() (string, error) { return "x", nil }}, Clock: newClock()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Token(t.Context(), graph.Graph)
	harmless(t, err)
}

func TestACanceledCallSaysSo(t *testing.T) {
	started := make(chan struct{})
	c, _ := tenant(t, func(w http.ResponseWriter, r *http.Request, n int) { close(started); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	err := c.GetJSON(ctx, graph.Graph, "/v1.0/x", nil, nil, nil)
	if code(err) != "graph.canceled" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
