package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/window"
)

// scheduled is a tenant that changes code on Saturdays from 02:00 to 06:00 UTC,
// but not while the books are closed, from the 28th on for five days.
func scheduled() Policy {
	weekend := window.Window{Name: "weekend", Cron: must(window.ParseCron("0 2 * * SAT")), Zone: time.UTC, Length: 4 * time.Hour}
	closing := window.Window{Name: "closing", Cron: must(window.ParseCron("0 0 28 * *")), Zone: time.UTC, Length: 120 * time.Hour}
	return Policy{
		Calendar: window.Calendar{Windows: []window.Window{weekend}, Freezes: []window.Freeze{{Window: closing, Except: []change.Kind{change.Renew}}}},
		Soak:     7 * 24 * time.Hour,
	}
}

func TestScheduleGates(t *testing.T) {
	release := visual.Release{Version: version("1.5.0.0"), Digest: visual.DigestOf([]byte("1.5"))}
	ends := must(time.Parse(time.DateOnly, "2027-03-01"))
	step := func(k change.Kind) Step {
		s := Step{ID: "st_1", Key: gauge("main"), Kind: k, To: store.State{Presence: store.Present, Release: &release}}
		s.To.License.Ends = ends
		return s
	}
	asked := step(change.Downgrade)
	asked.Asked = true
	short := step(change.Upgrade)
	short.To.License.Ends = must(time.Parse(time.DateOnly, "2026-11-21"))
	weeks, today := "2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z"
	override := func(gate, message string) []Override {
		return []Override{{Step: "st_1", Gate: gate, About: message, Reason: "agreed", By: "ada"}}
	}
	byHand := scheduled()
	byHand.Renew = RenewByHand
	inWindow := scheduled()
	inWindow.Renew = RenewInWindow
	for _, c := range []struct {
		name      string
		at        string
		step      Step
		policy    Policy
		seen      string
		usual     time.Duration
		overrides []Override
		want      string
		ready     bool
	}{
		{"no policy", "2026-11-20T12:00:00Z", step(change.Upgrade), Policy{}, "", 0, nil, "", true},
		{"an upgrade on Friday", "2026-11-20T12:00:00Z", step(change.Upgrade), scheduled(), weeks, 0, nil, "window closed 2026-11-21T02:00:00Z", false},
		{"on Saturday", "2026-11-21T02:00:00Z", step(change.Upgrade), scheduled(), weeks, time.Minute, nil, "", true},
		{"too late on Saturday", "2026-11-21T05:59:30Z", step(change.Upgrade), scheduled(), weeks, time.Minute, nil, "window closed 2026-12-05T02:00:00Z", false},
		{"on Saturday, frozen", "2026-11-28T03:00:00Z", step(change.Replace), scheduled(), weeks, 0, nil, "freeze closed 2026-12-03T00:00:00Z", false},
		{"on Sunday, frozen", "2026-11-29T03:00:00Z", step(change.Downgrade), scheduled(), "", 0, nil, "freeze closed 2026-12-03T00:00:00Z; window closed 2026-12-05T02:00:00Z", false},
		{"a renewal is made at once", "2026-11-20T12:00:00Z", step(change.Renew), scheduled(), today, 0, nil, "", true},
		{"a renewal that waits for the window", "2026-11-20T12:00:00Z", step(change.Renew), inWindow, today, 0, nil, "window closed 2026-11-21T02:00:00Z", false},
		{"a renewal by hand", "2026-11-20T12:00:00Z", step(change.Renew), byHand, today, 0, nil, "approval closed", false},
		{"a renewal by hand, agreed", "2026-11-20T12:00:00Z", step(change.Renew), byHand, today, 0, override(GateApproval, "needs an approval"), "approval overridden", true},
		{"a renewal passes the freeze", "2026-11-28T03:00:00Z", step(change.Renew), scheduled(), today, 0, nil, "", true},
		{"a first install waits for no window", "2026-11-20T12:00:00Z", step(change.Install), scheduled(), today, 0, nil, "", true},
		{"a first install is frozen", "2026-11-28T03:00:00Z", step(change.Install), scheduled(), today, 0, nil, "freeze closed 2026-12-03T00:00:00Z", false},
		{"a rollback waits for nothing", "2026-11-28T12:00:00Z", asked, scheduled(), today, 0, nil, "", true},
		{"nor does the way back", "2026-11-28T12:00:00Z", step(change.Restore), scheduled(), today, 0, nil, "", true},
		{"too new", "2026-11-21T03:00:00Z", step(change.Upgrade), scheduled(), today, 0, nil, "soak closed 2026-11-27T00:00:00Z", false},
		{"old enough to the instant", "2026-11-21T03:00:00Z", step(change.Upgrade), scheduled(), "2026-11-14T03:00:00Z", 0, nil, "", true},
		{"never seen", "2026-11-21T03:00:00Z", step(change.Upgrade), scheduled(), "", 0, nil, "soak closed", false},
		{"the window overridden", "2026-11-20T12:00:00Z", step(change.Upgrade), scheduled(), weeks, 0, override(GateWindow, "waits for the window weekend"), "window overridden 2026-11-21T02:00:00Z", true},
		{"E8 ends while waiting for the window", "2026-11-20T12:00:00Z", short, scheduled(), weeks, 0, nil, "window closed 2026-11-21T02:00:00Z; review closed", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			conditions := Conditions{
				At: steady(c.at), Overrides: c.overrides, Policies: map[store.Key]Policy{gauge("main"): c.policy},
				Seen: map[visual.Digest]time.Time{}, Usual: map[string]time.Duration{"main": c.usual},
			}
			if c.seen != "" {
				conditions.Seen[release.Digest] = must(time.Parse(time.RFC3339, c.seen))
			}
			gates := Gates(c.step, conditions)
			if got := gateText(gates); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if Ready(gates) != c.ready {
				t.Errorf("ready: %v", !c.ready)
			}
			for _, g := range gates {
				if g.Message == "" || g.Hint == "" || strings.Contains(g.Message, "%!") {
					t.Errorf("%s says nothing: %+v", g.Kind, g)
				}
			}
		})
	}
}

func TestAWindowThatNeverComes(t *testing.T) {
	p := scheduled()
	p.Calendar.Windows = []window.Window{{Name: "past", From: time.Unix(0, 0), Until: time.Unix(3600, 0)}}
	s := Step{ID: "st_1", Key: gauge("main"), Kind: change.Upgrade}
	gates := Gates(s, Conditions{At: steady("2026-11-20T12:00:00Z"), Policies: map[store.Key]Policy{gauge("main"): p}})
	if len(gates) != 1 || gates[0].Kind != GateWindow || !gates[0].Until.IsZero() || !strings.Contains(gates[0].Message, "never") {
		t.Errorf("%+v", gates)
	}
}
