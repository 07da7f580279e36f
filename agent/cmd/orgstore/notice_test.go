package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
)

// hookSecret signs, and hookPath is the secret part of an address.
const (
	hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	hookPath   = "/workflows/hush-0a1b2c"
)

// A hook is a server that webhooks are posted to.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	got    []posted
	answer func(n int) int // the status of the nth call, from 1; nil: 202
	calls  int
}

// posted is what came, once it was found to be signed and whole.
type posted struct {
	id, kind string
	body     []byte
}

func startHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.calls++
		status := http.StatusAccepted
		if h.answer != nil {
			status = h.answer(h.calls)
		}
		if status/100 == 3 {
			w.Header().Set("Location", h.URL+"/landing")
		}
		if status/100 == 2 && r.Method == http.MethodPost && r.URL.Path == hookPath && err == nil && signed(r, body) {
			var about struct{ Type string }
			if json.Unmarshal(body, &about) == nil {
				h.got = append(h.got, posted{r.Header.Get("webhook-id"), about.Type, body})
			}
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(h.Close)
	return h
}

// signed checks a signature as those do who are posted to.
func signed(r *http.Request, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookSecret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	return r.Header.Get("webhook-signature") == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) && r.Header.Get("Content-Type") == "application/json"
}

func (h *hook) posts() []posted {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func (h *hook) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})
}

// hooked is a world with a channel to a server: what is told goes there.
func hooked(t *testing.T, w world, h *hook) {
	t.Helper()
	w.write(t, w.path("ca.pem"), h.ca())
	w.writeSecret(t, w.path("hook.url"), []byte(h.URL+hookPath+"\n"))
	w.writeSecret(t, w.path("hook.secret"), []byte(hookSecret+"\n"))
	w.edit(t, "notify: []\n", "notify:\n  - {name: tickets, webhook: {url_file: hook.url, secret_file: hook.secret}}\nnetwork: {ca: ca.pem}\n")
}

// Nothing that the program prints or keeps says where a webhook is, or how it is
// signed.
func keepsAddress(t *testing.T, w world, said string) {
	t.Helper()
	for _, canary := range []string{hookPath[1:], "hush", hookSecret[6:]} {
		if strings.Contains(said, canary) {
			t.Errorf("%s was printed:\n%s", canary, said)
		}
		for name, text := range (&tenanted{world: w}).files(t) {
			if name != "hook.url" && name != "hook.secret" && bytes.Contains(text, []byte(canary)) {
				t.Errorf("%s is in %s", canary, name)
			}
		}
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	w := pair(t)
	h := startHook(t)
	hooked(t, w, h)
	a := adaptersAt(today())
	run := func(want int, args ...string) string {
		t.Helper()
		p := here(a, append([]string{"--config", w.settings()}, args...)...)
		if p.code != want {
			t.Errorf("%v left with %d: %s", args, p.code, p.err)
		}
		keepsAddress(t, w, string(p.out)+p.err)
		return p.err
	}
	run(0, "notice", "test", "tickets")
	run(0, "apply", "--force")
	var kinds []string
	for _, p := range h.posts() {
		kinds = append(kinds, p.kind)
	}
	if want := []string{"notice.test", "license.ending", "change.done", "change.done"}; !slices.Equal(kinds, want) {
		t.Errorf("told %v, want %v", kinds, want)
	}
	// A redirect is no answer, nor is a page of errors; what passes is waited for.
	for status, says := range map[int]string{302: "answered 302", 404: "answered 404", 500: "answered 500"} {
		h.answer = func(int) int { return status }
		if said := run(1, "notice", "test", "tickets"); !strings.Contains(said, "127.0.0.1 "+says) {
			t.Errorf("%d: it says %s", status, said)
		}
	}
	before := h.calls
	h.answer = func(n int) int {
		if n == before+1 {
			return 503
		}
		return 202
	}
	run(0, "notice", "test", "tickets")
	if h.calls != before+2 {
		t.Errorf("it was tried %d times", h.calls-before)
	}
	w.writeSecret(t, w.path("hook.url"), []byte("http://hush.contoso.com\n"))
	if said := run(1, "notice", "test", "tickets"); !strings.Contains(said, "hook.url is not an https address") {
		t.Errorf("it says %s", said)
	}
}

// The program is killed at every point of telling what it has to tell, and started
// again. Each notice comes, and at most one of them twice, under the same id.
func TestKilledWhileTelling(t *testing.T) {
	t.Parallel()
	w := pair(t)
	w.must(t, "--config", w.settings(), "apply", "--force")
	h := startHook(t)
	hooked(t, w, h)
	send := func(w world) []string { return []string{"--config", w.settings(), "notice", "send"} }
	w.must(t, send(w)...) // the channel begins
	h.answer = func(int) int { return http.StatusNotFound }
	for _, guid := range []string{example.GaugeGUID, example.TimelineGUID} {
		w.must(t, "--config", w.settings(), "rollback", guid, "--to", "0", "--reason", "it flickers", "--force")
	}
	begin := w.copied(t)
	h.answer, h.got = nil, nil
	whole := start(t, 0, send(w)...)
	want := idsOf(h.posts())
	if whole.code != 0 || len(want) == 0 {
		t.Fatalf("it left with %d and told %d: %s", whole.code, len(want), whole.err)
	}
	twice, killed := 0, 0
	var sample killSample
	name := spots(w.dir)
	for at, point := range whole.points {
		if !sample.picks(name(point).what) {
			continue
		}
		killed++
		h.mu.Lock()
		h.got = nil
		h.mu.Unlock()
		w := begin.copied(t)
		if first := start(t, at+1, send(w)...); !first.killed() {
			t.Fatalf("at %d it left with %d: %s", at+1, first.code, first.err)
		}
		if again := start(t, 0, send(w)...); again.code != 0 {
			t.Fatalf("started again after %s it left with %d: %s", whole.points[at], again.code, again.err)
		}
		got := idsOf(h.posts())
		slices.Sort(got)
		if distinct := slices.Compact(slices.Clone(got)); !slices.Equal(distinct, want) || len(got) > len(want)+1 {
			t.Errorf("after %s: told %v, want %v", whole.points[at], got, want)
		}
		if len(got) > len(want) {
			twice++
		}
	}
	if twice == 0 {
		t.Error("no kill fell between sending and recording")
	}
	t.Logf("killed at %d of %d points; at %d of them one notice came twice", killed, len(whole.points), twice)
}

func idsOf(all []posted) []string {
	names := make([]string, 0, len(all))
	for _, p := range all {
		names = append(names, p.id)
	}
	slices.Sort(names)
	return names
}

// The done-when of a store that a person changes: a renewal arrives in SharePoint,
// and the task for it is in the simulator's mailbox.
func TestTasksAreMailed(t *testing.T) {
	t.Parallel()
	w := newTenanted(t)
	w.tenant.SetUsers(simulator.User{ID: "11111111-2222-4333-8444-555555555555", Principal: "orgstore@contoso.com"})
	w.edit(t, "store: {driver: folder, path: store}", "store: {driver: handoff, path: To upload}")
	w.edit(t, "visuals: []", "visuals: []\nnotify:\n  - {name: admins, mail: {from: orgstore@contoso.com, to: [ada@contoso.com]}, events: [task, license]}")
	if err := disk.MakeDir(w.d, w.path("To upload"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.offline(t)
	run := func(args ...string) {
		t.Helper()
		if code, said := w.run(args...); code != 0 {
			t.Fatalf("%v left with %d:\n%s", args, code, said)
		}
	}
	sent := mail(t)
	put := func(name string) {
		t.Helper()
		if _, err := w.visuals.Upload(name, sent[name]); err != nil {
			t.Fatal(err)
		}
	}
	put("gauge.pbiviz")
	run("store", "baseline", example.GaugeGUID, "--absent", "--evidence", "the portal")
	run("agent", "run", "--once")
	run("store", "confirm", example.GaugeGUID, "--version", "1.4.0.0")
	put("renewed.pbiviz")
	run("agent", "run", "--once")
	run("agent", "run", "--once")
	var subjects []string
	for _, m := range w.tenant.Mail() {
		subjects = append(subjects, m.Subject)
		if m.From != "orgstore@contoso.com" || !slices.Equal(m.To, []string{"ada@contoso.com"}) || m.Saved {
			t.Errorf("mailed %+v", m)
		}
	}
	want := []string{"[orgstore] Aurora Gauge: install 1.4.0.0 for you to make", "[orgstore] Aurora Gauge: renew 1.4.0.0 for you to make"}
	if !slices.Equal(subjects, want) {
		t.Fatalf("mailed %q, want %q", subjects, want)
	}
	last := w.tenant.Mail()[1].Body
	for _, says := range []string{"Get-FileHash -Algorithm SHA256", "Choose Browse and this folder's file", "--uploaded --sha256", "How to go back", w.path("To upload")} {
		if !strings.Contains(last, says) {
			t.Errorf("the mail does not say %q:\n%s", says, last)
		}
	}
	for _, c := range w.tenant.UnexpectedCalls() {
		t.Error(c)
	}
	w.keepsSecrets(t)
}

// Two processes tell at once: one of them does.
func TestToldOnceByTwo(t *testing.T) {
	t.Parallel()
	w := pair(t)
	h := startHook(t)
	hooked(t, w, h)
	slow := make(chan struct{})
	h.answer = func(int) int {
		<-slow
		return 202
	}
	a := adaptersAt(today())
	var first, second process
	var both sync.WaitGroup
	both.Go(func() { first = here(a, "--config", w.settings(), "apply", "--force") })
	for h.waits() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	both.Go(func() { second = here(a, "--config", w.settings(), "agent", "run", "--once") })
	time.Sleep(100 * time.Millisecond)
	close(slow)
	both.Wait()
	if first.code != 0 || second.code != 0 {
		t.Errorf("they left with %d and %d: %s%s", first.code, second.code, first.err, second.err)
	}
	got := idsOf(h.posts())
	if once := slices.Compact(slices.Clone(got)); len(got) != 3 || len(once) != 3 {
		t.Errorf("told %v", got)
	}
}

// waits is how many calls came, answered or not.
func (h *hook) waits() int {
	if !h.mu.TryLock() {
		return 1 // one is being answered
	}
	defer h.mu.Unlock()
	return h.calls
}
