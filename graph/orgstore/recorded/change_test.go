package recorded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/orgstore/orgstore/graph/orgstore/recorded"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/storetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// A change makes a portal answer otherwise than it was recorded.
type reply struct {
	status int
	header http.Header
	body   string
}

var changes = []struct {
	name string
	make func(*reply)
}{
	{"a member has another name", func(r *reply) { r.body = strings.Replace(r.body, `":`, `New":`, 1) }},
	{"a member more", func(r *reply) { r.body = strings.Replace(r.body, `{"`, `{"more":1,"`, 1) }},
	{"a number became a string", func(r *reply) {
		r.body = strings.NewReplacer(":1,", `:"1",`, ":1}", `:"1"}`, ":true", `:"true"`).Replace(r.body)
	}},
	{"another status", func(r *reply) { r.status = 202 }},
	{"an error", func(r *reply) { r.status, r.body = 500, `{"error":{}}` }},
	{"another type", func(r *reply) { r.status, r.body = 200, r.body+" "; r.header.Set("Content-Type", "text/plain") }},
	{"a redirect", func(r *reply) {
		r.status = 302
		r.header.Set("Location", "https://analysis.windows.net.evil.example/steal")
	}},
	{"a page to sign in", func(r *reply) {
		r.status = 200
		r.header.Set("Content-Type", "text/html")
		r.body = "<html><form>Sign in</form></html>"
	}},
	{"nothing", func(r *reply) { r.status, r.body = 200, "" }},
	{"half of it", func(r *reply) { r.status, r.body = 200, `{"half":` }},
}

// wrap lets a portal's answers to some requests be changed.
func wrap(next http.Handler, when func(*http.Request) bool, change func(*reply)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !when(r) {
			next.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		a := &reply{rec.Code, rec.Header(), rec.Body.String()}
		before := fmt.Sprint(a)
		change(a)
		if fmt.Sprint(a) == before {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		for name := range a.header {
			w.Header().Set(name, a.header.Get(name))
		}
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.body))
	})
}

func codeOf(err error) string {
	var coded interface{ Code() string }
	var refusal *verdict.Refusal
	switch {
	case errors.As(err, &refusal):
		return string(refusal.Code())
	case errors.As(err, &coded):
		return coded.Code()
	}
	return ""
}

// A portal whose answers look otherwise than recorded is not asked for anything
// more.
func TestStopsWhereThePortalChanged(t *testing.T) {
	for _, seed := range []uint64{0, 1, 2, 3, 7, 11} {
		for _, c := range changes {
			t.Run(fmt.Sprint(seed, " the list: ", c.name), func(t *testing.T) {
				t.Parallel()
				p := newPortal(t, seed)
				p.fill(t)
				recipe, _ := learn(t, p)
				s := p.open(t, recipe)
				list := p.Shape().Calls["list"]
				var asked atomic.Int32
				p.intoGo = func(next http.Handler) http.Handler {
					return wrap(next, func(r *http.Request) bool {
						asked.Add(1)
						path, _, _ := strings.Cut(list.URL, "?")
						return r.Method == list.Method && r.URL.Path == path
					}, c.make)
				}
				_, err := s.Put(context.Background(), "s", licensed(t, pkg(tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
				var strange *store.StrangeError
				if !errors.As(err, &strange) || strange.Sent || codeOf(err) != "recorded.shape" {
					t.Errorf("got %v (%s)", err, codeOf(err))
				}
				if e, _ := p.Entry(guid(tiles)); e.Version != "2.0.0.0" {
					t.Error("the visual was changed")
				}
				if n := asked.Load(); n > 2 {
					t.Errorf("the portal was asked %d times", n)
				}
			})
			t.Run(fmt.Sprint(seed, " a change: ", c.name), func(t *testing.T) {
				t.Parallel()
				p := newPortal(t, seed)
				p.fill(t)
				recipe, _ := learn(t, p)
				s := p.open(t, recipe)
				call := p.Shape().Calls[p.Shape().Update[0]]
				var changing atomic.Int32
				p.intoGo = func(next http.Handler) http.Handler {
					return wrap(next, func(r *http.Request) bool {
						if r.Method == http.MethodGet || r.Method == p.Shape().Calls["list"].Method && strings.HasSuffix(r.URL.Path, "/query") {
							return false
						}
						changing.Add(1)
						return r.Method == call.Method
					}, c.make)
				}
				_, err := s.Put(context.Background(), "s", licensed(t, pkg(tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
				var strange *store.StrangeError
				if !errors.As(err, &strange) || !strange.Sent || codeOf(err) != "recorded.shape" {
					t.Fatalf("got %v (%s)", err, codeOf(err))
				}
				if sent := fmt.Sprintf("%s %s", call.Method, host(p.server)); !strings.HasPrefix(strange.Message, sent) || !strings.Contains(strange.Message, "nothing is repeated") {
					t.Errorf("it says %q", strange.Message)
				}
				if n := changing.Load(); n != 1 {
					t.Errorf("%d requests that change were sent", n)
				}
			})
		}
	}
}

// A change without an answer is not tried again.
func TestRepeatsNothing(t *testing.T) {
	p := newPortal(t, 11)
	p.fill(t)
	recipe, _ := learn(t, p)
	s := p.open(t, recipe)
	var n atomic.Int32
	p.intoGo = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				next.ServeHTTP(w, r)
				return
			}
			n.Add(1)
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	}
	_, err := s.Put(context.Background(), "s", licensed(t, pkg(tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
	var uncertain *recorded.Error
	if !errors.As(err, &uncertain) || codeOf(err) != "recorded.answer" || n.Load() != 1 {
		t.Errorf("%d requests, %v (%s)", n.Load(), err, codeOf(err))
	}
}

func TestChangesOnlyWhatItMay(t *testing.T) {
	put := func(t *testing.T, s *recorded.Store, q pbiviztest.Package) error {
		_, err := s.Put(context.Background(), "s", licensed(t, q), storetest.Now())
		return err
	}
	for _, seed := range []uint64{0, 2, 3, 5, 7, 11} {
		p := newPortal(t, seed)
		p.fill(t)
		recipe, _ := learn(t, p)
		s := p.open(t, recipe)
		for _, c := range []struct {
			name, code string
			err        error
		}{
			{"an entry from AppSource", "recorded.entry", put(t, s, pkg(appSource, "9.0.0.0", "Borealis Map"))},
			{"access of one from AppSource", "recorded.entry", func() error {
				_, err := s.SetAccess(context.Background(), "s", guid(appSource), false)
				return err
			}()},
		} {
			if codeOf(c.err) != c.code {
				t.Errorf("seed %d, %s: %v", seed, c.name, c.err)
			}
		}
		for _, e := range p.Entries() {
			if e.AppSource && (e.Version != "3.1.0.0" || !e.Access) {
				t.Errorf("an entry from AppSource was changed: %+v", e)
			}
		}
		// A file of the same GUID beside it is another entry.
		q := pkg(appSource, "1.0.0.0", "Borealis Map")
		if _, err := p.Add("someone", "Borealis Map from a file", "", q.Bytes(), true); err != nil {
			t.Fatal(err)
		}
		q.Version = "1.1.0.0"
		if err := put(t, s, q); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if e, _ := p.Entry(guid(appSource)); !bytes.Equal(e.Package, q.Bytes()) || e.Name != "Borealis Map from a file" {
			t.Errorf("seed %d: the entry from a file is %s %s", seed, e.Name, e.Version)
		}
	}
}

func TestChangingIsOffUntilAccepted(t *testing.T) {
	p := newPortal(t, 0)
	p.fill(t)
	recipe, _ := learn(t, p)
	for _, approved := range []string{"", "sha256:" + strings.Repeat("0", 64)} {
		s, err := recorded.Open(recorded.Options{
			Recipe: recipe, Hosts: p.hosts(t), Transport: p.browser().Client.Transport, Authorize: token{host(p.server)}, Approved: approved,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Try(context.Background()); err != nil {
			t.Errorf("trying: %v", err)
		}
		_, err = s.Put(context.Background(), "s", licensed(t, pkg(tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
		_, err2 := s.SetAccess(context.Background(), "s", guid(tiles), false)
		for _, err := range []error{err, err2} {
			var r *verdict.Refusal
			if !errors.As(err, &r) || r.Code() != "recorded.off" || !strings.Contains(r.Findings[0].Hint, recipe.Digest()) {
				t.Errorf("%q: %v", approved, err)
			}
		}
		if e, _ := p.Entry(guid(tiles)); e.Version != "2.0.0.0" || !e.Access {
			t.Error("the store was changed")
		}
	}
}

// A portal that says yes and does nothing is found out where the list tells.
func TestLooksAfterwards(t *testing.T) {
	for seed := range uint64(20) {
		p := newPortal(t, seed)
		if !p.Shape().Version {
			continue
		}
		p.fill(t)
		recipe, _ := learn(t, p)
		s := p.open(t, recipe)
		last := p.Shape().Update[len(p.Shape().Update)-1]
		call := p.Shape().Calls[last]
		p.intoGo = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if len(p.Shape().Update) == 1 && r.Method == call.Method && !strings.HasSuffix(r.URL.Path, "/query") {
					if call.Give != "" {
						w.Header().Set("Content-Type", "application/json; charset=utf-8")
					}
					w.WriteHeader(call.Status)
					_, _ = w.Write([]byte(call.Give))
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		if len(p.Shape().Update) != 1 || call.Method == http.MethodGet {
			continue
		}
		_, err := s.Put(context.Background(), "s", licensed(t, pkg(tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
		if codeOf(err) != "recorded.verify" {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
