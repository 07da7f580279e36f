package monitor

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/loop"
)

// ask returns what a path answers.
func ask(t *testing.T, m *Monitor, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestAliveAndReady(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, c := range []struct {
		name         string
		state        loop.State
		alive, ready bool
	}{
		{"just started", loop.State{}, true, false},
		{"the first round runs", loop.State{Began: ago(time.Second)}, true, false},
		{"it went well", loop.State{Rounds: 1, Began: ago(time.Minute), Ended: ago(time.Minute), Good: ago(time.Minute), Next: now.Add(time.Minute)}, true, true},
		{"it failed once", loop.State{Rounds: 2, Began: ago(time.Minute), Good: ago(time.Hour), Next: now, Failures: 1}, true, true},
		{"it fails again and again", loop.State{Rounds: 9, Began: ago(time.Minute), Good: ago(time.Hour), Next: now, Failures: 3}, true, false},
		{"it never went well", loop.State{Rounds: 1, Began: ago(time.Minute), Next: now, Failures: 1}, true, false},
		{"a round waits for quotas", loop.State{Rounds: 1, Began: ago(time.Hour), Good: ago(2 * time.Hour)}, true, true},
		{"a round hangs", loop.State{Rounds: 1, Began: ago(3 * time.Hour), Good: ago(4 * time.Hour)}, false, false},
		{"the next round does not begin", loop.State{Rounds: 1, Began: ago(time.Hour), Good: ago(time.Hour), Next: ago(11 * time.Minute)}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := New("1.2.3", func() time.Time { return now })
			m.Set(c.state, false)
			for path, want := range map[string]bool{"/livez": c.alive, "/readyz": c.ready} {
				if code, body := ask(t, m, path); (code == http.StatusOK) != want {
					t.Errorf("%s answers %d: %s", path, code, body)
				}
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	m := New("1.2.3", time.Now)
	days := 12
	good := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	s := loop.State{
		Rounds: 1, Began: good.Add(-2 * time.Second), Ended: good, Good: good, Next: good.Add(time.Minute),
		Report: loop.Report{
			Visuals: []loop.Visual{{GUID: "gauge", Name: "Aurora \"Gauge\"\n", Store: "store", Version: "1.4.0.0", State: "ok", DaysLeft: &days}, {GUID: "b", State: "drifted"}},
			Stores:  []loop.Store{{Name: "main"}, {Name: "pilot", UnreachableSince: good}},
			Gates:   map[string]int{"window": 2},
			Drift:   map[string]int{"version": 1},
			Traffic: loop.Traffic{Requests: 7, Retries: 2, Throttled: 1, Quotas: []loop.Quota{{Service: "graph", Name: "SharePoint a day", Left: 41}}},
			Results: []loop.Result{{Kind: "renew", Outcome: "verified"}, {Kind: "upgrade", Outcome: "failed", Code: "op.store"}},
		},
	}
	m.Set(s, true)
	m.Set(s, true) // told twice, counted once
	s.Rounds, s.Failures, s.Err = 2, 1, errors.New("no network")
	m.Set(s, false) // a failed round repeats the report of the one before
	code, text := ask(t, m, "/metrics")
	for _, want := range []string{
		`orgstore_build_info{version="1.2.3"} 1`,
		`orgstore_license_days_left{guid="gauge",name="Aurora \"Gauge\"\n",store="store"} 12`,
		`orgstore_visual_info{guid="gauge",name="Aurora \"Gauge\"\n",state="ok",store="store",version="1.4.0.0"} 1`,
		`orgstore_visuals{state="drifted"} 1`,
		`orgstore_gates_waiting{gate="window"} 2`, `orgstore_store_reachable{store="main"} 1`, `orgstore_store_reachable{store="pilot"} 0`, `orgstore_drift{class="version"} 1`,
		`orgstore_tenant_requests_total 7`, `orgstore_tenant_retries_total 2`, `orgstore_tenant_throttled_total 1`,
		`orgstore_tenant_quota_left{quota="SharePoint a day",service="graph"} 41`,
		`orgstore_rounds_total 2`, `orgstore_rounds_failed_total 1`, `orgstore_round_failures 1`, `orgstore_settings_broken 0`,
		`orgstore_changes_total{kind="renew",outcome="verified"} 1`,
		`orgstore_changes_total{kind="upgrade",outcome="failed"} 1`,
		`orgstore_last_good_round_timestamp_seconds 1.79`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if code != http.StatusOK || strings.Contains(text, "no network") {
		t.Errorf("it answers %d and:\n%s", code, text)
	}
}

// A name that is no UTF-8 costs its own line, not the page.
func TestStrangeNames(t *testing.T) {
	m := New("1.2.3", time.Now)
	m.Set(loop.State{Report: loop.Report{Visuals: []loop.Visual{{GUID: "a", Name: "\xff", State: "ok"}, {GUID: "b", State: "ok"}}}}, false)
	code, text := ask(t, m, "/metrics")
	if code != http.StatusOK || !strings.Contains(text, `guid="b"`) {
		t.Errorf("it answers %d and:\n%s", code, text)
	}
}

func TestListening(t *testing.T) {
	m := New("1.2.3", time.Now)
	if err := m.Listen(t.Context(), ""); err != nil || m.Addr() != "" {
		t.Errorf("without an address it listens at %q: %v", m.Addr(), err)
	}
	if err := m.Listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + m.Addr() + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "ok\n" {
		t.Errorf("it answers %q, %v", b, err)
	}
	if err := New("2", time.Now).Listen(t.Context(), m.Addr()); err == nil {
		t.Error("two listen at one address")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
