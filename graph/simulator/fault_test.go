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

func (c *testClient) setFaults(rules ...simulator.Fault) {
	c.t.Helper()
	if err := c.simulator.SetFaults(rules...); err != nil {
		c.t.Fatal(err)
	}
}

func TestFaultsStrikeTheCallsTheyAreFor(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1}).withoutChecks()
	org := func() int { return c.callGraph("GET", "/organization", "").status }
	c.tokenFor(graphScope)
	c.setFaults(
		simulator.Fault{Kind: simulator.Throttle, Service: "graph", Path: "/v1.0/org*", Nth: 2, Count: 2},
		simulator.Fault{Kind: simulator.ServerError, Service: "powerbi", Count: -1},
		simulator.Fault{Kind: simulator.ServerError, Method: "post", Path: "/v1.0/drives/**", Status: 500},
	)
	var got []int
	for range 5 {
		got = append(got, org())
	}
	if want := []int{200, 429, 429, 200, 200}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
	for range 3 {
		c.expectStatus(c.getPowerBI("capacities"), 503)
	}
	c.expectStatus(c.callGraph("GET", c.drivePath()+"/root", ""), 200)
	c.expectStatus(c.callGraph("POST", c.drivePath()+"/items/root/children", `{"name":"x","folder":{}}`), 500)
	c.expectStatus(c.callGraph("GET", c.drivePath()+"/root:/x", ""), 404)
	c.setFaults()
	c.expectStatus(c.getPowerBI("capacities"), 200)
}

func TestThrottlingTellsWhenToComeBack(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c := newClient(t, simulator.Options{Seed: 1, Now: func() time.Time { return now }})
	for _, asDate := range []bool{false, true} {
		c.setFaults(simulator.Fault{Kind: simulator.Throttle, Service: "graph", RetryAfter: 90 * time.Second, AsDate: asDate})
		r := c.expectStatus(c.callGraph("GET", "/organization", ""), 429)
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
	c := newClient(t, simulator.Options{Seed: 1}).withoutChecks()
	c.tokenFor(graphScope)
	v := simulatortest.Visuals(t, c.simulator)
	for kind, kept := range map[simulator.FaultKind]bool{simulator.Drop: false, simulator.Reset: true} {
		// A client sends a request without a body again where it knows that it may;
		// one with a body it does not.
		c.setFaults(simulator.Fault{Kind: kind, Method: "PUT"})
		name := string(kind)
		_, err := c.sendRequest("PUT", c.endpoints.Graph+"/v1.0"+c.drivePath()+"/root:/"+name+":/content", "bytes", "Authorization: Bearer "+c.tokenFor(graphScope), binaryHeader)
		if err == nil {
			t.Errorf("%s: the answer came whole", kind)
		}
		if _, there := v.File(name); there != kept {
			t.Errorf("%s: the call was carried out: %v, want %v", kind, there, kept)
		}
	}
	log := c.simulator.LoggedCalls()
	if last := log[len(log)-1]; last.Fault == "" {
		t.Errorf("the log says %v", last)
	}
}

func TestAnswersLie(t *testing.T) {
	var slept time.Duration
	c := newClient(t, simulator.Options{Seed: 1, Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }}).withoutChecks()
	v := simulatortest.Visuals(t, c.simulator)
	f := uploadFile(t, v, "a", "content")
	item := c.drivePath() + "/items/" + f.ID
	c.tokenFor(graphScope) // so that signing in is not what the faults strike
	hash := func() string { return c.callGraph("GET", item, "").text("file/hashes/quickXorHash") }

	c.setFaults(simulator.Fault{Kind: simulator.WrongHash}, simulator.Fault{Kind: simulator.NoHash, Nth: 2})
	if h := hash(); h == "" || h == f.Hash {
		t.Errorf("the wrong hash is %q", h)
	}
	if h := hash(); h != "" {
		t.Errorf("no hash is %q", h)
	}
	if h := hash(); h != f.Hash {
		t.Errorf("the right hash is %q", h)
	}

	to := c.callGraph("GET", item+"/content", "").header.Get("Location")
	c.setFaults(simulator.Fault{Kind: simulator.WrongBytes}, simulator.Fault{Kind: simulator.Truncate, Nth: 2}, simulator.Fault{Kind: simulator.Slow, Nth: 3, Delay: 7 * time.Second})
	for _, want := range []string{"conTent", "con", "content"} {
		if r := c.mustSend("GET", to, ""); string(r.body) != want || r.status != 200 {
			t.Errorf("got %d %q, want %q", r.status, r.body, want)
		}
	}
	if slept != 7*time.Second {
		t.Errorf("the answer was %v late", slept)
	}

	c.setFaults(simulator.Fault{Kind: simulator.Duplicate})
	c.expectEntries("twice", c.callGraph("GET", c.drivePath()+"/root/delta", "").deltaNames(), "a", "a")

	_, link := c.followDelta(c.drivePath() + "/root/delta")
	uploadFile(t, v, "b", "2")
	c.setFaults(simulator.Fault{Kind: simulator.Stale, Path: "/v1.0/drives/*/root/delta*", Count: 2})
	for _, want := range [][]string{nil, nil, {"b"}} {
		var got []string
		got, link = c.followDelta(link)
		c.expectEntries("as if nothing had changed", got, want...)
	}
	c.setFaults(simulator.Fault{Kind: simulator.Garbage})
	if r := c.callGraph("GET", item, ""); r.status != 200 || !strings.Contains(r.header.Get("Content-Type"), "html") {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

func TestQuotasAreMicrosofts(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c := newClient(t, simulator.Options{Seed: 1, Quotas: true, Now: func() time.Time { return now }})
	for range 25 {
		c.expectStatus(c.getFabric("tenantsettings"), 200)
	}
	if r := c.expectStatus(c.getFabric("tenantsettings"), 429); r.header.Get("Retry-After") != "3" {
		t.Errorf("25 a minute are allowed, and one more after %q s", r.header.Get("Retry-After"))
	}
	now = now.Add(3 * time.Second)
	c.expectStatus(c.getFabric("tenantsettings"), 200)
	for range 200 {
		c.expectStatus(c.getPowerBI("capacities"), 200)
	}
	c.expectStatus(c.getPowerBI("capacities"), 429)
	// 1,250 units a minute, of which a delta without a token takes two.
	calls, told := 0, 0
	for c.callGraph("GET", c.drivePath()+"/root/delta", "").status == 200 {
		calls++
		if log := c.simulator.LoggedCalls(); log[len(log)-1].Status != 200 {
			break
		}
	}
	now = now.Add(10 * time.Second)
	if r := c.expectStatus(c.callGraph("GET", c.drivePath()+"/root/delta", ""), 200); r.header.Get("RateLimit-Limit") == "1250" {
		told++
	}
	if calls != 625 || told != 1 {
		t.Errorf("%d calls went through, and the limit was told %d times", calls, told)
	}
}

func TestWhatIsUnknownIsAnError(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1}).withoutChecks()
	furnishTenant(t, c.simulator)
	f := uploadFile(t, simulatortest.Visuals(t, c.simulator), "a", "1")
	item := c.drivePath() + "/items/" + f.ID
	for name, r := range map[string]reply{
		"a path":                {status: c.callGraph("GET", "/drives/x/things", "").status},
		"a method":              {status: c.callGraph("DELETE", "/organization", "").status},
		"a parameter":           {status: c.callGraph("GET", item+"?$skip=1", "").status},
		"a parameter twice":     {status: c.callGraph("GET", item+"?$select=id&$select=name", "").status},
		"a member of a body":    {status: c.callGraph("PATCH", item, `{"name":"b","nmae":"c"}`).status},
		"a member twice":        {status: c.callGraph("PATCH", item, `{"name":"b","name":"c"}`).status},
		"a body's type":         {status: c.callGraph("PATCH", item, `{"name":"b"}`, "Content-Type: text/plain").status},
		"a body where none is":  {status: c.callGraph("GET", item, `{}`).status},
		"a delta token":         {status: c.callGraph("GET", c.drivePath()+"/root/delta?token=x", "").status},
		"a range at /content":   {status: c.callGraph("GET", item+"/content", "", "Range: bytes=0-1").status},
		"an expansion":          {status: c.callGraph("GET", item+"?$expand=thumbnails", "").status},
		"a filter":              {status: c.callGraph("GET", "/users/$count?$filter="+url.QueryEscape("displayName eq 'x'"), "", "ConsistencyLevel: eventual").status},
		"two days of activity":  {status: c.getPowerBI("activityevents?startDateTime='2026-01-01T00:00:00Z'&endDateTime='2026-01-02T00:00:00Z'").status},
		"times without quotes":  {status: c.getPowerBI("activityevents?startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-01-01T01:00:00Z").status},
		"or in an event filter": {status: c.getPowerBI("activityevents?" + dayQuery(time.Now()).Encode() + "&$filter=" + url.QueryEscape("Activity eq 'a' or Activity eq 'b'")).status},
	} {
		if r.status < 400 || r.status > 415 {
			t.Errorf("%s: got %d", name, r.status)
		}
	}
	if n := len(c.simulator.UnexpectedCalls()); n != 15 {
		t.Errorf("the log has %d unexpected calls: %v", n, c.simulator.UnexpectedCalls())
	}
	c.expectStatus(c.callGraph("GET", "/users/$count", ""), 400) // for want of a header
}

func TestTheLogTellsNoSecrets(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1}).withoutChecks()
	f := uploadFile(t, simulatortest.Visuals(t, c.simulator), "a", "1")
	u := c.callGraph("POST", c.drivePath()+"/root:/large:/createUploadSession", `{"item":{}}`).text("uploadUrl")
	c.mustSend("PUT", u, "0123456789", binaryHeader, "Content-Range: bytes 0-9/10")
	c.mustSend("GET", u+"x", "")
	c.mustSend("PATCH", u, "")
	to := c.callGraph("GET", c.drivePath()+"/items/"+f.ID+"/content", "").header.Get("Location")
	c.mustSend("GET", to, "")
	log := fmt.Sprintf("%+v", c.simulator.LoggedCalls())
	for _, s := range []string{c.tokenFor(graphScope), simulatortest.Secret, u[strings.LastIndexByte(u, '/')+1:], to[strings.Index(to, "tempauth=")+9:]} {
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
