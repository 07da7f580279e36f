package graph_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
)

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
	login := newAuthority(t, grantToken)
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
		{"500", status(500), false, true, s / 2, s},
		{"500 to a post", status(500), true, false, 0, 0},
		{"501", status(501), false, false, 0, 0},
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
				api := newServerWith(t, protocol, func(w http.ResponseWriter, r *http.Request, n int) {
					if r.Proto != protocol {
						t.Errorf("asked by %s", r.Proto)
					}
					if n == 1 {
						c.first(w)
						return
					}
					sayYes(w)
				})
				conn := connectTo(t, api, login, func(o *graph.Options) { o.Clock = k })
				var err error
				if c.post {
					_, err = conn.PostJSON(t.Context(), graph.Graph, "/v1.0/x", nil, map[string]int{"a": 1}, nil)
				} else {
					_, err = getFromGraph(conn, "/v1.0/x")
				}
				checkHarmless(t, err)
				if (err == nil) != c.again || (api.requestCount() == 2) != c.again {
					t.Fatalf("tried %d times: %v", api.requestCount(), err)
				}
				if !c.again {
					if w := k.allSleeps(); len(w) > 0 {
						t.Errorf("waited %v for nothing", w)
					}
					return
				}
				if w := k.allSleeps(); len(w) == 0 || w[0] < c.from || w[0] > c.to {
					t.Errorf("waited %v, want %s to %s", w, c.from, c.to)
				}
				if api.bodies[0] != api.bodies[1] || api.requestAt(0).Header.Get("Client-Request-Id") != api.requestAt(1).Header.Get("Client-Request-Id") {
					t.Errorf("the second try is another request: %q, %q", api.bodies[0], api.bodies[1])
				}
			})
		}
	}
}

func TestAMarkedPostIsTriedAgain(t *testing.T) {
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			panic(http.ErrAbortHandler)
		}
		sayYes(w)
	})
	if _, err := c.PostJSON(graph.Repeatable(t.Context(), true), graph.Graph, "/v1.0/x", nil, nil, nil); err != nil || api.requestCount() != 2 {
		t.Errorf("tried %d times: %v", api.requestCount(), err)
	}
}

func TestAPutWithAConditionIsNotTriedAgain(t *testing.T) {
	for _, header := range []string{"", "If-Match", "If-None-Match"} {
		c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(504) }, func(o *graph.Options) { o.Limits.MaxTries = 2 })
		req, _ := http.NewRequestWithContext(t.Context(), "PUT", api.URL+"/v1.0/x", io.NopCloser(strings.NewReader("bytes")))
		if header != "" {
			req.Header.Set(header, "etag")
		}
		resp, err := c.AuthorizedClient(graph.Graph).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := 1
		if header == "" {
			want = 2
		}
		if api.requestCount() != want || api.bodies[0] != "bytes" {
			t.Errorf("%s: tried %d times with %q", header, api.requestCount(), api.bodies)
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
	login := newAuthority(t, grantToken)
	c := connectTo(t, login, login, func(o *graph.Options) { o.Cloud.Graph, o.Clock = nobody, k })
	_, err = c.PostJSON(t.Context(), graph.Graph, "/v1.0/x", nil, nil, nil)
	if codeOf(err) != "graph.unreachable" || len(k.allSleeps()) != 5 || !strings.Contains(err.Error(), "after 6 tries") {
		t.Errorf("waited %v: %v", k.allSleeps(), err)
	}
	checkHarmless(t, err)
}

func TestTriesEnd(t *testing.T) {
	k := newClock()
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "100")
		w.Header().Set("Request-Id", "abc")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock = k })
	_, err := getFromGraph(c, "/v1.0/x")
	var e *graph.Error
	if !errors.As(err, &e) || e.Code() != "graph.throttled" || e.RetryAfter != 100*time.Second || e.RequestID != "abc" || e.ClientRequestID != api.requestAt(0).Header.Get("Client-Request-Id") {
		t.Errorf("got %v", err)
	}
	var all time.Duration
	for _, w := range k.allSleeps() {
		all += w
	}
	if api.requestCount() != 6 && all < 9*time.Minute || api.requestCount() > 6 || all > 10*time.Minute {
		t.Errorf("tried %d times and waited %s", api.requestCount(), all)
	}
}

func TestWhatKeepsStumblingIsLeft(t *testing.T) {
	k := newClock()
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { w.WriteHeader(500) }, func(o *graph.Options) { o.Clock = k })
	if _, err := getFromGraph(c, "/v1.0/x"); codeOf(err) != "graph.unreachable" || api.requestCount() != 3 || len(k.allSleeps()) != 2 {
		t.Errorf("tried %d times, waited %v: %v", api.requestCount(), k.allSleeps(), err)
	}
}

func TestWaitsAddUp(t *testing.T) {
	k := newClock()
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "100")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock, o.Limits.MaxRetryWait = k, 250*time.Second })
	if _, err := getFromGraph(c, "/v1.0/x"); codeOf(err) != "graph.throttled" || api.requestCount() != 3 {
		t.Errorf("tried %d times: %v", api.requestCount(), err)
	}
}

func TestAThrottledServiceIsLeftAlone(t *testing.T) {
	k := newClock()
	var until time.Time
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			until = k.Now().Add(time.Minute)
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(429)
			return
		}
		if k.Now().Before(until) {
			t.Errorf("asked again %s too early", until.Sub(k.Now()))
		}
		sayYes(w)
	}, func(o *graph.Options) { o.Clock, o.Limits.MaxTries = k, 1 })
	if _, err := getFromGraph(c, "/v1.0/drives/a/root"); codeOf(err) != "graph.throttled" {
		t.Fatal(err)
	}
	if _, err := getFromGraph(c, "/v1.0/drives/b/root"); err != nil || api.requestCount() != 2 {
		t.Fatal(err)
	}
}

func TestALongBanIsToldAtOnce(t *testing.T) {
	k := newClock()
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "31536000")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock = k })
	for range 3 {
		if _, err := getFromGraph(c, "/v1.0/drives/a/root"); codeOf(err) != "graph.throttled" {
			t.Errorf("got %v", err)
		}
	}
	if api.requestCount() != 1 || len(k.allSleeps()) != 0 {
		t.Errorf("asked %d times and waited %v", api.requestCount(), k.allSleeps())
	}
}

func TestASpentQuotaIsLeftAlone(t *testing.T) {
	k := newClock()
	c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("RateLimit-Reset", "20")
		sayYes(w)
	}, func(o *graph.Options) { o.Clock = k })
	for range 2 {
		if _, err := getFromGraph(c, "/v1.0/drives/a/root"); err != nil {
			t.Fatal(err)
		}
	}
	if w := k.allSleeps(); len(w) != 1 || w[0] < 19*time.Second || w[0] > 20*time.Second {
		t.Errorf("waited %v", w)
	}
}

func TestAStormOf429sAndCancellation(t *testing.T) {
	k := newClock()
	ctx, cancel := context.WithCancel(t.Context())
	k.onSleep = func(time.Duration) { cancel() } // nobody waits here: the first wait ends it
	c, api := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(429)
	}, func(o *graph.Options) { o.Clock = k })
	var wg sync.WaitGroup
	var wrong atomic.Int32
	for range 200 {
		wg.Go(func() {
			err := c.GetJSON(ctx, graph.Graph, "/v1.0/drives/a/root", nil, nil, nil)
			if codeOf(err) != "graph.canceled" || !errors.Is(err, context.Canceled) {
				wrong.Add(1)
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if api.requestCount() > 8 {
		t.Errorf("200 callers asked %d times, more than pass at a time", api.requestCount())
	}
}

func TestACanceledCallSaysSo(t *testing.T) {
	started := make(chan struct{})
	c, _ := newTenant(t, func(w http.ResponseWriter, r *http.Request, n int) { close(started); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	err := c.GetJSON(ctx, graph.Graph, "/v1.0/x", nil, nil, nil)
	if codeOf(err) != "graph.canceled" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
