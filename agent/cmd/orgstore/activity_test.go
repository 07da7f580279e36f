package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/tenant"
)

// watched is what the test reads of the answer of drift.
type watched struct {
	Result struct {
		Data struct {
			Drifted  int `json:"drifted"`
			Findings []struct {
				Code, By, At, Severity string
			} `json:"findings"`
			Events []struct {
				Event, Means, User string
			} `json:"events"`
			Activity struct {
				State, Until, Message string
			} `json:"activity_log"`
		} `json:"data"`
	} `json:"result"`
}

func (w *tenanted) drift(t *testing.T, exit int) watched {
	t.Helper()
	code, said := w.run("drift", "-o", "json", "--detailed-exitcode")
	if code != exit {
		t.Fatalf("drift left with %d:\n%s", code, said)
	}
	var got watched
	if err := json.Unmarshal([]byte(said[strings.Index(said, "{"):strings.LastIndex(said, "}")+1]), &got); err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	return got
}

// calls counts what was asked of the activity log since the log had so many.
func (w *tenanted) calls(since int) int {
	n := 0
	for _, c := range w.tenant.LoggedCalls()[since:] {
		if strings.HasSuffix(c.Path, "/admin/activityevents") {
			n++
		}
	}
	return n
}

// TestWhoChangedTheStore plays what an administrator sees of a tenant's activity
// log: a change that nobody asked orgstore for is named with user and time,
// though the log has it late, and again only where it is new.
func TestWhoChangedTheStore(t *testing.T) {
	t.Parallel()
	w := newTenanted(t)
	settings, err := disk.ReadFile(w.d, w.settings(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, w.settings(), []byte(strings.Replace(string(settings), "driver: folder", "driver: handoff", 1)))
	w.offline(t)
	if code, said := w.run("store", "baseline", example.GaugeGUID, "--absent", "--evidence", "not in the portal"); code != 0 {
		t.Fatal(said)
	}
	past := len(w.tenant.LoggedCalls())
	if got := w.drift(t, 0); got.Result.Data.Activity.State != "read" || len(got.Result.Data.Events) != 0 {
		t.Errorf("%+v", got)
	}
	if n := w.calls(past); n < 29 || n > 60 {
		t.Errorf("%d calls for the first 28 days", n)
	}

	w.clock.Sleep(t.Context(), 2*time.Hour)
	happened := w.clock.Now().Add(-50 * time.Minute) // it is told that late
	w.tenant.AddEvents(
		simulator.Event{ID: "read", At: happened, Activity: "ViewReport", User: "bob@contoso.com", Succeeded: true},
		simulator.Event{ID: "changed", At: happened, Activity: string(tenant.Updated), User: "bob@contoso.com", ItemName: "Aurora Gauge", Succeeded: true},
	)
	put := mail(t)["gauge.pbiviz"]
	if _, err := w.visuals.Upload("gauge.pbiviz", put); err != nil { // its name is known from its package
		t.Fatal(err)
	}
	past = len(w.tenant.LoggedCalls())
	got := w.drift(t, 2)
	d := got.Result.Data
	if len(d.Events) != 1 || d.Events[0].User != "bob@contoso.com" || d.Events[0].Means != "drift" {
		t.Errorf("events: %+v", d.Events)
	}
	if len(d.Findings) == 0 || d.Findings[0].Code != "drift.event" || d.Findings[0].By != "bob@contoso.com" || d.Findings[0].At != happened.UTC().Format(time.RFC3339) {
		t.Errorf("findings: %+v", d.Findings)
	}
	if n := w.calls(past); n > 6 {
		t.Errorf("%d calls to read on", n)
	}
	if again := w.drift(t, 2).Result.Data; again.Drifted != d.Drifted || len(again.Events) != 1 {
		t.Errorf("told again: %+v", again)
	}

	// A tenant that does not answer keeps nothing else from being told.
	if err := w.tenant.SetFaults(simulator.Fault{Kind: simulator.ServerError, Service: "powerbi", Count: -1}); err != nil {
		t.Fatal(err)
	}
	down := w.drift(t, 2).Result.Data
	if down.Activity.State != "unread" || len(down.Findings) == 0 || down.Findings[0].By != "bob@contoso.com" {
		t.Errorf("%+v", down)
	}
	for _, c := range w.tenant.LoggedCalls() {
		if c.Unexpected != "" {
			t.Errorf("%s: %s", c, c.Unexpected)
		}
	}
}
