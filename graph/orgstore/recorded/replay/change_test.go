package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recordedtest"
	"github.com/orgstore/orgstore/graph/orgstore/recorded/replay"
	"github.com/orgstore/orgstore/packages/license"
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

// A portal whose answers look otherwise than recorded is not asked for anything
// more.
func TestStopsWhereThePortalChanged(t *testing.T) {
	for _, seed := range []uint64{0, 1, 2, 3, 7, 11} {
		for _, c := range changes {
			t.Run(fmt.Sprint(seed, " the list: ", c.name), func(t *testing.T) {
				t.Parallel()
				p := recordedtest.NewPortal(t, seed)
				p.Fill(t)
				recipe, _ := recordedtest.Learn(t, p)
				s := p.Open(t, recipe)
				list := p.Shape().Calls["list"]
				var asked atomic.Int32
				p.Intercept = func(next http.Handler) http.Handler {
					return wrap(next, func(r *http.Request) bool {
						asked.Add(1)
						path, _, _ := strings.Cut(list.URL, "?")
						return r.Method == list.Method && r.URL.Path == path
					}, c.make)
				}
				_, err := s.Put(context.Background(), "s", licensed(t, recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
				var strange *store.StrangeError
				if !errors.As(err, &strange) || strange.Sent || recordedtest.CodeOf(err) != "recorded.shape" {
					t.Errorf("got %v (%s)", err, recordedtest.CodeOf(err))
				}
				if e, _ := p.Entry(recordedtest.GUID(recordedtest.Tiles)); e.Version != "2.0.0.0" {
					t.Error("the visual was changed")
				}
				if n := asked.Load(); n > 2 {
					t.Errorf("the portal was asked %d times", n)
				}
			})
			t.Run(fmt.Sprint(seed, " a change: ", c.name), func(t *testing.T) {
				t.Parallel()
				p := recordedtest.NewPortal(t, seed)
				p.Fill(t)
				recipe, _ := recordedtest.Learn(t, p)
				s := p.Open(t, recipe)
				call := p.Shape().Calls[p.Shape().Update[0]]
				var changing atomic.Int32
				p.Intercept = func(next http.Handler) http.Handler {
					return wrap(next, func(r *http.Request) bool {
						if r.Method == http.MethodGet || r.Method == p.Shape().Calls["list"].Method && strings.HasSuffix(r.URL.Path, "/query") {
							return false
						}
						changing.Add(1)
						return r.Method == call.Method
					}, c.make)
				}
				_, err := s.Put(context.Background(), "s", licensed(t, recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
				var strange *store.StrangeError
				if !errors.As(err, &strange) || !strange.Sent || recordedtest.CodeOf(err) != "recorded.shape" {
					t.Fatalf("got %v (%s)", err, recordedtest.CodeOf(err))
				}
				if sent := fmt.Sprintf("%s %s", call.Method, recordedtest.Host(p.Server)); !strings.HasPrefix(strange.Message, sent) || !strings.Contains(strange.Message, "nothing is repeated") {
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
	p := recordedtest.NewPortal(t, 11)
	p.Fill(t)
	recipe, _ := recordedtest.Learn(t, p)
	s := p.Open(t, recipe)
	var n atomic.Int32
	p.Intercept = func(next http.Handler) http.Handler {
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
	_, err := s.Put(context.Background(), "s", licensed(t, recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
	var uncertain *replay.Error
	if !errors.As(err, &uncertain) || recordedtest.CodeOf(err) != "recorded.answer" || n.Load() != 1 {
		t.Errorf("%d requests, %v (%s)", n.Load(), err, recordedtest.CodeOf(err))
	}
}

func TestChangesOnlyWhatItMay(t *testing.T) {
	put := func(t *testing.T, s *replay.Store, q pbiviztest.Package) error {
		_, err := s.Put(context.Background(), "s", licensed(t, q), storetest.Now())
		return err
	}
	for _, seed := range []uint64{0, 2, 3, 5, 7, 11} {
		p := recordedtest.NewPortal(t, seed)
		p.Fill(t)
		recipe, _ := recordedtest.Learn(t, p)
		s := p.Open(t, recipe)
		for _, c := range []struct {
			name, code string
			err        error
		}{
			{"an entry from AppSource", "recorded.entry", put(t, s, recordedtest.Package(recordedtest.AppSource, "9.0.0.0", "Borealis Map"))},
			{"access of one from AppSource", "recorded.entry", func() error {
				_, err := s.SetAccess(context.Background(), "s", recordedtest.GUID(recordedtest.AppSource), false)
				return err
			}()},
		} {
			if recordedtest.CodeOf(c.err) != c.code {
				t.Errorf("seed %d, %s: %v", seed, c.name, c.err)
			}
		}
		for _, e := range p.Entries() {
			if e.AppSource && (e.Version != "3.1.0.0" || !e.Access) {
				t.Errorf("an entry from AppSource was changed: %+v", e)
			}
		}
		// A file of the same GUID beside it is another entry.
		q := recordedtest.Package(recordedtest.AppSource, "1.0.0.0", "Borealis Map")
		if _, err := p.Add("someone", "Borealis Map from a file", "", q.Bytes(), true); err != nil {
			t.Fatal(err)
		}
		q.Version = "1.1.0.0"
		if err := put(t, s, q); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if e, _ := p.Entry(recordedtest.GUID(recordedtest.AppSource)); !bytes.Equal(e.Package, q.Bytes()) || e.Name != "Borealis Map from a file" {
			t.Errorf("seed %d: the entry from a file is %s %s", seed, e.Name, e.Version)
		}
	}
}

func TestChangingIsOffUntilAccepted(t *testing.T) {
	p := recordedtest.NewPortal(t, 0)
	p.Fill(t)
	recipe, _ := recordedtest.Learn(t, p)
	for _, approved := range []string{"", "sha256:" + strings.Repeat("0", 64)} {
		s, err := replay.Open(replay.Options{
			Recipe: recipe, Hosts: p.Hosts(t), Transport: p.Browser().Client.Transport, Authorize: recordedtest.Token{Host: recordedtest.Host(p.Server)}, Approved: approved,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Installed(context.Background()); err != nil {
			t.Errorf("listing: %v", err)
		}
		_, err = s.Put(context.Background(), "s", licensed(t, recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
		_, err2 := s.SetAccess(context.Background(), "s", recordedtest.GUID(recordedtest.Tiles), false)
		for _, err := range []error{err, err2} {
			var r *verdict.Refusal
			if !errors.As(err, &r) || r.Code() != "recorded.off" || !strings.Contains(r.Findings[0].Hint, recipe.Digest()) {
				t.Errorf("%q: %v", approved, err)
			}
		}
		if e, _ := p.Entry(recordedtest.GUID(recordedtest.Tiles)); e.Version != "2.0.0.0" || !e.Access {
			t.Error("the store was changed")
		}
	}
}

// A portal that says yes and does nothing is found out where the list tells.
func TestLooksAfterwards(t *testing.T) {
	for seed := range uint64(20) {
		p := recordedtest.NewPortal(t, seed)
		if !p.Shape().ShowsVersion {
			continue
		}
		p.Fill(t)
		recipe, _ := recordedtest.Learn(t, p)
		s := p.Open(t, recipe)
		last := p.Shape().Update[len(p.Shape().Update)-1]
		call := p.Shape().Calls[last]
		p.Intercept = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if len(p.Shape().Update) == 1 && r.Method == call.Method && !strings.HasSuffix(r.URL.Path, "/query") {
					if call.Answer != "" {
						w.Header().Set("Content-Type", "application/json; charset=utf-8")
					}
					w.WriteHeader(call.Status)
					_, _ = w.Write([]byte(call.Answer))
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		if len(p.Shape().Update) != 1 || call.Method == http.MethodGet {
			continue
		}
		_, err := s.Put(context.Background(), "s", licensed(t, recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
		if recordedtest.CodeOf(err) != "recorded.verify" {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

func licensed(t *testing.T, p pbiviztest.Package) license.Licensed {
	t.Helper()
	return storetest.Licensed(t, p)
}

// only lets no request out of this machine.
func only(t testing.TB, addresses ...string) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		for _, a := range addresses {
			if a == address {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
		}
		t.Errorf("a connection to %s was tried", address)
		return nil, &url.Error{Op: "dial", URL: address, Err: context.Canceled}
	}}
}

// An answer that names another host gets neither a token nor the package.
func TestAnswersNameNoOtherHosts(t *testing.T) {
	for seed := range uint64(30) {
		p := recordedtest.NewPortal(t, seed)
		begin, has := p.Shape().Calls["begin"]
		if !has || begin.Captures["address"] == "" {
			continue
		}
		p.Fill(t)
		recipe, _ := recordedtest.Learn(t, p)
		for _, evil := range []string{"https://evil.example/x", "https://analysis.windows.net.evil.example/x", p.Server.URL[:8] + "a@" + "evil.example/x", "//evil.example/x", "http://127.0.0.1/x", "https://127.0.0.1/x"} {
			s, err := replay.Open(replay.Options{
				Recipe: recipe, Hosts: p.Hosts(t), Transport: tlsOf(t, p), Authorize: recordedtest.Token{Host: recordedtest.Host(p.Server)}, Approved: recipe.Digest(),
			})
			if err != nil {
				t.Fatal(err)
			}
			p.Intercept = func(next http.Handler) http.Handler {
				return wrap(next, func(r *http.Request) bool { return r.URL.Path == begin.URL }, func(a *reply) {
					a.header.Set("Location", evil)
					if i := strings.Index(a.body, `"target":"`); i >= 0 {
						rest := a.body[i+len(`"target":"`):]
						a.body = a.body[:i] + `"target":"` + evil + rest[strings.IndexByte(rest, '"'):]
					}
				})
			}
			_, err = s.Put(context.Background(), "s", licensed(t, recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")), storetest.Now())
			if recordedtest.CodeOf(err) != "recorded.host" {
				t.Errorf("seed %d, %s: %v (%s)", seed, evil, err, recordedtest.CodeOf(err))
			}
			p.Intercept = nil
		}
	}
}

// tlsOf is a transport that reaches the portal's two hosts and no others.
func tlsOf(t *testing.T, p *recordedtest.Portal) http.RoundTripper {
	tr := only(t, recordedtest.Host(p.Server), recordedtest.Host(p.Files)).(*http.Transport)
	tr.TLSClientConfig = p.Browser().Client.Transport.(*http.Transport).TLSClientConfig
	return tr
}
