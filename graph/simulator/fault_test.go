package simulator_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

func (c *client) faults(rules ...simulator.Fault) {
	c.t.Helper()
	if err := c.s.Faults(rules...); err != nil {
		c.t.Fatal(err)
	}
}

func TestFaultsStrikeTheCallsTheyAreFor(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1}).unchecked()
	org := func() int { return c.graph("GET", "/organization", "").status }
	c.token(graphScope)
	c.faults(
		simulator.Fault{Kind: simulator.Throttle, Service: "graph", Path: "/v1.0/org*", Nth: 2, Count: 2},
		simulator.Fault{Kind: simulator.Failed, Service: "powerbi", Count: -1},
		simulator.Fault{Kind: simulator.Failed, Method: "post", Path: "/v1.0/drives/**", Status: 500},
	)
	var got []int
	for range 5 {
		got = append(got, org())
	}
	if want := []int{200, 429, 429, 200, 200}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
	for range 3 {
		c.want(c.powerBI("capacities"), 503)
	}
	c.want(c.graph("GET", c.drive()+"/root", ""), 200)
	c.want(c.graph("POST", c.drive()+"/items/root/children", `{"name":"x","folder":{}}`), 500)
	c.want(c.graph("GET", c.drive()+"/root:/x", ""), 404)
	c.faults()
	c.want(c.powerBI("capacities"), 200)
}

func TestThrottlingTellsWhenToComeBack(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c := newClient(t, simulator.Options{Seed: 1, Now: func() time.Time { return now }})
	for _, asDate := range []bool{false, true} {
		c.faults(simulator.Fault{Kind: simulator.Throttle, Service: "graph", RetryAfter: 90 * time.Second, AsDate: asDate})
		r := c.want(c.graph("GET", "/organization", ""), 429)
		want := "90"
		if asDate {
			want = "Sun, 01 Mar 2026 09:01:30 GMT"
		}
		if got := r.header.Get("Retry-After"); got != want || r.header.Get("Date") != "Sun, 01 Mar 2026 09:00:00 GMT" {
			t.Errorf("got %q at %q, want %q", got, r.header.Get("Date"), want)
		}
	}
}

func TestConnectionsEndTooSoon(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1}).unchecked()
	c.token(graphScope)
	v := simulatortest.Visuals(t, c.s)
	for kind, kept := range map[simulator.FaultKind]bool{simulator.Drop: false, simulator.Reset: true} {
		// A client sends a request without a body again where it knows that it may;
		// one with a body it does not.
		c.faults(simulator.Fault{Kind: kind, Method: "PUT"})
		name := string(kind)
		_, err := c.try("PUT", c.e.Graph+"/v1.0"+c.drive()+"/root:/"+name+":/content", "bytes", "Authorization: Bearer "+c.token(graphScope), bin)
		if err == nil {
			t.Errorf("%s: the answer came whole", kind)
		}
		if _, there := v.File(name); there != kept {
			t.Errorf("%s: the call was carried out: %v, want %v", kind, there, kept)
		}
	}
	log := c.s.Log()
	if last := log[len(log)-1]; last.Fault == "" {
		t.Errorf("the log says %v", last)
	}
}

func TestAnswersLie(t *testing.T) {
	var slept time.Duration
	c := newClient(t, simulator.Options{Seed: 1, Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }}).unchecked()
	v := simulatortest.Visuals(t, c.s)
	f := upload(t, v, "a", "content")
	item := c.drive() + "/items/" + f.ID
	c.token(graphScope) // so that signing in is not what the faults strike
	hash := func() string { return c.graph("GET", item, "").str("file/hashes/quickXorHash") }

	c.faults(simulator.Fault{Kind: simulator.WrongHash}, simulator.Fault{Kind: simulator.NoHash, Nth: 2})
	if h := hash(); h == "" || h == f.Hash {
		t.Errorf("the wrong hash is %q", h)
	}
	if h := hash(); h != "" {
		t.Errorf("no hash is %q", h)
	}
	if h := hash(); h != f.Hash {
		t.Errorf("the right hash is %q", h)
	}

	to := c.graph("GET", item+"/content", "").header.Get("Location")
	c.faults(simulator.Fault{Kind: simulator.WrongBytes}, simulator.Fault{Kind: simulator.Truncate, Nth: 2}, simulator.Fault{Kind: simulator.Slow, Nth: 3, Delay: 7 * time.Second})
	for _, want := range []string{"conTent", "con", "content"} {
		if r := c.do("GET", to, ""); string(r.body) != want || r.status != 200 {
			t.Errorf("got %d %q, want %q", r.status, r.body, want)
		}
	}
	if slept != 7*time.Second {
		t.Errorf("the answer was %v late", slept)
	}

	c.faults(simulator.Fault{Kind: simulator.Duplicate})
	c.expect("twice", c.graph("GET", c.drive()+"/root/delta", "").entries(), "a", "a")

	_, link := c.all(c.drive() + "/root/delta")
	upload(t, v, "b", "2")
	c.faults(simulator.Fault{Kind: simulator.Stale, Path: "/v1.0/drives/*/root/delta*", Count: 2})
	for _, want := range [][]string{nil, nil, {"b"}} {
		var got []string
		got, link = c.all(link)
		c.expect("as if nothing had changed", got, want...)
	}
	c.faults(simulator.Fault{Kind: simulator.Garbage})
	if r := c.graph("GET", item, ""); r.status != 200 || !strings.Contains(r.header.Get("Content-Type"), "html") {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestQuotasAreMicrosofts(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c := newClient(t, simulator.Options{Seed: 1, Quotas: true, Now: func() time.Time { return now }})
	for range 25 {
		c.want(c.fabric("tenantsettings"), 200)
	}
	if r := c.want(c.fabric("tenantsettings"), 429); r.header.Get("Retry-After") != "3" {
		t.Errorf("25 a minute are allowed, and one more after %q s", r.header.Get("Retry-After"))
	}
	now = now.Add(3 * time.Second)
	c.want(c.fabric("tenantsettings"), 200)
	for range 200 {
		c.want(c.powerBI("capacities"), 200)
	}
	c.want(c.powerBI("capacities"), 429)
	// 1,250 units a minute, of which a delta without a token takes two.
	calls, told := 0, 0
	for c.graph("GET", c.drive()+"/root/delta", "").status == 200 {
		calls++
		if log := c.s.Log(); log[len(log)-1].Status != 200 {
			break
		}
	}
	now = now.Add(10 * time.Second)
	if r := c.want(c.graph("GET", c.drive()+"/root/delta", ""), 200); r.header.Get("RateLimit-Limit") == "1250" {
		told++
	}
	if calls != 625 || told != 1 {
		t.Errorf("%d calls went through, and the limit was told %d times", calls, told)
	}
}

func TestWhatIsUnknownIsAnError(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1}).unchecked()
	furnish(t, c.s)
	f := upload(t, simulatortest.Visuals(t, c.s), "a", "1")
	item := c.drive() + "/items/" + f.ID
	for name, r := range map[string]reply{
		"a path":                {status: c.graph("GET", "/drives/x/things", "").status},
		"a method":              {status: c.graph("DELETE", "/organization", "").status},
		"a parameter":           {status: c.graph("GET", item+"?$skip=1", "").status},
		"a parameter twice":     {status: c.graph("GET", item+"?$select=id&$select=name", "").status},
		"a member of a body":    {status: c.graph("PATCH", item, `{"name":"b","nmae":"c"}`).status},
		"a member twice":        {status: c.graph("PATCH", item, `{"name":"b","name":"c"}`).status},
		"a body's type":         {status: c.graph("PATCH", item, `{"name":"b"}`, "Content-Type: text/plain").status},
		"a body where none is":  {status: c.graph("GET", item, `{}`).status},
		"a delta token":         {status: c.graph("GET", c.drive()+"/root/delta?token=x", "").status},
		"a range at /content":   {status: c.graph("GET", item+"/content", "", "Range: bytes=0-1").status},
		"an expansion":          {status: c.graph("GET", item+"?$expand=thumbnails", "").status},
		"a filter":              {status: c.graph("GET", "/users/$count?$filter="+url.QueryEscape("displayName eq 'x'"), "", "ConsistencyLevel: eventual").status},
		"two days of activity":  {status: c.powerBI("activityevents?startDateTime='2026-01-01T00:00:00Z'&endDateTime='2026-01-02T00:00:00Z'").status},
		"times without quotes":  {status: c.powerBI("activityevents?startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-01-01T01:00:00Z").status},
		"or in an event filter": {status: c.powerBI("activityevents?" + day(time.Now()).Encode() + "&$filter=" + url.QueryEscape("Activity eq 'a' or Activity eq 'b'")).status},
	} {
		if r.status < 400 || r.status > 415 {
			t.Errorf("%s: got %d", name, r.status)
		}
	}
	if n := len(c.s.Unexpected()); n != 15 {
		t.Errorf("the log has %d unexpected calls: %v", n, c.s.Unexpected())
	}
	c.want(c.graph("GET", "/users/$count", ""), 400) // for want of a header
}

func TestTheLogTellsNoSecrets(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1}).unchecked()
	f := upload(t, simulatortest.Visuals(t, c.s), "a", "1")
	u := c.graph("POST", c.drive()+"/root:/large:/createUploadSession", `{"item":{}}`).str("uploadUrl")
	c.do("PUT", u, "0123456789", bin, "Content-Range: bytes 0-9/10")
	c.do("GET", u+"x", "")
	c.do("PATCH", u, "")
	to := c.graph("GET", c.drive()+"/items/"+f.ID+"/content", "").header.Get("Location")
	c.do("GET", to, "")
	log := fmt.Sprintf("%+v", c.s.Log())
	for _, s := range []string{c.token(graphScope), simulatortest.Secret, u[strings.LastIndexByte(u, '/')+1:], to[strings.Index(to, "tempauth=")+9:]} {
		if strings.Contains(log, s) {
			t.Errorf("the log tells %q", s)
		}
	}
	if !strings.Contains(log, "/upload/***") {
		t.Error("uploads are not in the log")
	}
}

func TestRulesAreReadFromAFile(t *testing.T) {
	got, err := simulator.ParseFaults([]byte(`
faults:
  - { kind: throttle, service: graph, path: "/v1.0/drives/**", nth: 2, count: 3, retry_after: 5s }
  - { kind: slow, service: files, method: get, count: all, delay: 2s }
`))
	want := []simulator.Fault{
		{Kind: simulator.Throttle, Service: "graph", Path: "/v1.0/drives/**", Nth: 2, Count: 3, RetryAfter: 5 * time.Second},
		{Kind: simulator.Slow, Service: "files", Method: http.MethodGet, Count: -1, Delay: 2 * time.Second},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, text := range map[string]string{
		"a kind": "kind: fire", "a member": "{kind: slow, often: 3}", "a service": "{kind: slow, service: mars}", "a count": "{kind: slow, count: -1}",
		"a time": "{kind: slow, delay: long}", "too late": "{kind: slow, delay: 2h}", "a status": "{kind: error, status: 200}", "a path": `{kind: slow, path: "["}`,
	} {
		if _, err := simulator.ParseFaults([]byte("faults:\n  - " + text)); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

func TestItListensOnLoopbackAlone(t *testing.T) {
	s, err := simulator.New(simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{"0.0.0.0:0", ":8443", "example.com:1", "127.0.0.1", "127.0.0.1:70000"} {
		if err := s.Start(addr); err == nil {
			s.Close()
			t.Errorf("it listens on %s", addr)
		}
	}
	if err := s.Start(""); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Start(""); err == nil {
		t.Error("it started twice")
	}
	seen := map[string]bool{}
	for name, base := range s.Endpoints().Bases() {
		if seen[base] || !strings.HasPrefix(base, "https://") {
			t.Errorf("%s answers at %q", name, base)
		}
		seen[base] = true
	}
}
