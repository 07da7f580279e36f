package runway_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/runway"
	"github.com/orgstore/orgstore/policies/window"
)

const day = 24 * time.Hour

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// weekend is open on Saturdays from 02:00 in Rome for four hours; nothing is
// changed from the 20th to the 24th of February, but for what is excepted.
func weekend(t testing.TB, except ...change.Kind) window.Calendar {
	t.Helper()
	cron, err := window.ParseCron("0 2 * * SAT")
	if err != nil {
		t.Fatal(err)
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return window.Calendar{
		Windows: []window.Window{{Name: "weekend", Cron: cron, Zone: rome, Length: 4 * time.Hour}},
		Freezes: []window.Freeze{{Window: window.Window{Name: "closing", From: at(t, "2027-02-20 00:00"), Until: at(t, "2027-02-24 00:00"), Zone: rome}, Except: except}},
	}
}

func TestRunway(t *testing.T) {
	inWindow := plan.Policy{Calendar: weekend(t), Renew: plan.RenewInWindow}
	atOnce := plan.Policy{Renew: plan.RenewAtOnce}
	frozen := plan.Policy{Calendar: window.Calendar{Freezes: []window.Freeze{{Window: window.Window{Name: "closing", From: at(t, "2027-02-20 00:00"), Until: at(t, "2027-03-10 00:00")}}}}}
	next := at(t, "2028-03-01 00:00")
	for _, c := range []struct {
		name, now string
		in        runway.Input
		state     runway.State
		by        string
		finding   bool
		message   string
	}{
		{"the last window is this Saturday", "2027-02-23 12:00", runway.Input{Policy: inWindow, Renewal: runway.Missing},
			"missing", "2027-02-27 05:00", true, "nothing in the library for Aurora Gauge; the last window before 1 March is Saturday 02:00 Europe/Rome"},
		{"the last window is weeks ahead", "2027-01-05 12:00", runway.Input{Policy: inWindow, Renewal: runway.Missing},
			"missing", "2027-02-27 05:00", false, "nothing in the library for Aurora Gauge; the last window before 1 March is Saturday 27 February 02:00 Europe/Rome"},
		{"and next year", "2026-11-25 12:00", runway.Input{Policy: inWindow, Renewal: runway.Missing},
			"missing", "2027-02-27 05:00", false, "nothing in the library for Aurora Gauge; the last window before 1 March 2027 is Saturday 27 February 2027 02:00 Europe/Rome"},
		{"the last window is over", "2027-02-27 06:00", runway.Input{Policy: inWindow, Renewal: runway.Missing},
			"missing", "", true, "nothing in the library for Aurora Gauge; no window that is long enough is left before 1 March"},
		{"it is open, and too short by now", "2027-02-27 04:30", runway.Input{Policy: inWindow, Renewal: runway.Missing, Usual: time.Hour},
			"missing", "", true, "nothing in the library for Aurora Gauge; no window that is long enough is left before 1 March"},
		{"a change of code waits for windows, and a renewal at once does not", "2027-02-23 12:00", runway.Input{Policy: plan.Policy{Calendar: weekend(t), Renew: plan.RenewAtOnce}, Renewal: runway.Missing},
			"missing", "2027-02-28 10:00", true, "nothing in the library for Aurora Gauge; it can be changed at any time before 1 March"},
		{"the renewal is an upgrade", "2027-02-23 12:00", runway.Input{Policy: plan.Policy{Calendar: weekend(t)}, Kind: change.Upgrade, Renewal: runway.Here, Until: next},
			"here", "2027-02-27 05:00", false, "the renewal of Aurora Gauge until 1 March 2028 is here and verified; the last window before 1 March is Saturday 02:00 Europe/Rome"},
		{"people take longer than the window is away", "2027-02-23 12:00", runway.Input{Policy: inWindow, Hands: 3 * day, Renewal: runway.Missing},
			"missing", "", true, "nothing in the library for Aurora Gauge; no window that is long enough is left before 1 March"},
		{"who approves is asked before", "2027-02-22 12:00", runway.Input{Policy: inWindow, Approval: 2 * day, Renewal: runway.Missing},
			"missing", "2027-02-25 05:00", true, "nothing in the library for Aurora Gauge; the last window before 1 March is Saturday 02:00 Europe/Rome (people take 2 days)"},
		{"a person makes it", "2027-02-20 12:00", runway.Input{Policy: atOnce, Hands: 2 * day, Renewal: runway.Missing},
			"missing", "2027-02-26 10:00", true, "nothing in the library for Aurora Gauge; the last chance before 1 March is Friday 10:00 UTC (people take 2 days)"},
		{"a freeze lies before the end", "2027-02-10 12:00", runway.Input{Policy: frozen, Renewal: runway.Missing},
			"missing", "2027-02-20 00:00", false, "nothing in the library for Aurora Gauge; the last chance before 1 March is Saturday 20 February 00:00 UTC"},
		{"frozen until after the end", "2027-02-23 12:00", runway.Input{Policy: frozen, Renewal: runway.Here, Until: next},
			"late", "", false, "the renewal of Aurora Gauge until 1 March 2028 is here and verified; no time is left before 1 March"},
		{"it begins later, and in time", "2027-02-23 12:00", runway.Input{Policy: inWindow, Renewal: runway.Here, Begins: at(t, "2027-02-26 00:00"), Until: next},
			"here", "2027-02-27 05:00", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 26 February; the last window before 1 March is Saturday 02:00 Europe/Rome"},
		{"it begins after the last window", "2027-02-23 12:00", runway.Input{Policy: inWindow, Renewal: runway.Here, Begins: at(t, "2027-02-28 00:00"), Until: next},
			"late", "", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 28 February; no window that is long enough is left before 1 March"},
		{"it begins as the old one ends", "2027-02-10 12:00", runway.Input{Policy: atOnce, Renewal: runway.Here, Begins: at(t, "2027-03-01 00:00"), Until: next},
			"here", "2027-03-01 00:00", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 1 March; it is installed then"},
		{"it begins shortly before the old one ends", "2027-02-28 17:00", runway.Input{Policy: atOnce, Renewal: runway.Here, Begins: at(t, "2027-02-28 18:00"), Until: next},
			"here", "2027-03-01 00:00", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 28 February; it is installed then"},
		{"it begins as the old one ends, and people take time", "2027-02-10 12:00", runway.Input{Policy: atOnce, Hands: 2 * day, Renewal: runway.Here, Begins: at(t, "2027-03-01 00:00"), Until: next},
			"here", "2027-03-01 00:00", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 1 March; it is installed then (people take 2 days)"},
		{"it begins as the old one ends, and a person makes it", "2027-02-10 12:00", runway.Input{Policy: plan.Policy{Renew: plan.RenewByHand}, Renewal: runway.Here, Begins: at(t, "2027-03-01 00:00"), Until: next},
			"here", "2027-03-01 00:00", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 1 March; a person makes it then"},
		{"it begins as the old one ends, outside of all windows", "2027-02-10 12:00", runway.Input{Policy: inWindow, Renewal: runway.Here, Begins: at(t, "2027-03-01 00:00"), Until: next},
			"late", "", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 1 March; no window that is long enough is left before 1 March"},
		{"it begins as the old one ends, in a freeze", "2027-02-10 12:00", runway.Input{Policy: frozen, Renewal: runway.Here, Begins: at(t, "2027-03-01 00:00"), Until: next},
			"late", "", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 1 March; no time is left before 1 March"},
		{"it begins after the old one ends", "2027-02-10 12:00", runway.Input{Policy: atOnce, Renewal: runway.Here, Begins: at(t, "2027-03-05 00:00"), Until: next},
			"late", "", false, "the renewal of Aurora Gauge until 1 March 2028 is here and begins on 5 March; the license before it ends earlier, on 1 March"},
		{"what is here does not help", "2027-02-16 12:00", runway.Input{Policy: inWindow, Renewal: runway.Refused, Detail: "its statement is for another tenant"},
			"refused", "2027-02-27 05:00", true, "what is in the library for Aurora Gauge does not help: its statement is for another tenant; the last window before 1 March is Saturday 27 February 02:00 Europe/Rome"},
		{"a person has it", "2027-02-23 12:00", runway.Input{Policy: atOnce, Renewal: runway.Waiting, Until: next, Detail: "it must be approved"},
			"waiting", "2027-02-28 10:00", false, "the renewal of Aurora Gauge until 1 March 2028 is here and waits: it must be approved; it can be changed at any time before 1 March"},
		{"ended", "2027-03-01 00:00", runway.Input{Policy: inWindow, Renewal: runway.Missing},
			"ended", "", true, "the license of Aurora Gauge ended on 1 March; nothing in the library for Aurora Gauge"},
		{"F10 fourteen days before the end", "2027-02-14 12:00", runway.Input{Policy: atOnce, Renewal: runway.Missing},
			"missing", "2027-02-28 10:00", true, "nothing in the library for Aurora Gauge; it can be changed at any time before 1 March"},
		{"F10 fifteen days before it", "2027-02-13 09:59", runway.Input{Policy: atOnce, Renewal: runway.Missing},
			"missing", "2027-02-28 10:00", false, "nothing in the library for Aurora Gauge; it can be changed at any time before 1 March"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.Name, c.in.Ends = "Aurora Gauge", at(t, "2027-03-01 00:00")
			r := runway.Compute(c.in, at(t, c.now))
			by := ""
			if !r.By.IsZero() {
				by = r.By.UTC().Format("2006-01-02 15:04")
			}
			if r.State != c.state || by != c.by || r.Message != c.message {
				t.Errorf("%s, by %q: %s\nwant %s, by %q: %s", r.State, by, r.Message, c.state, c.by, c.message)
			}
			if found := len(r.Findings) == 1 && r.Findings[0].Code == runway.CodeMissing; found != c.finding {
				t.Errorf("findings %v", r.Findings)
			}
		})
	}
}

// A visual without a name is called by its GUID.
func TestNameless(t *testing.T) {
	g, err := visual.ParseGUID("auroraGauge")
	if err != nil {
		t.Fatal(err)
	}
	r := runway.Compute(runway.Input{Key: store.Key{Store: "store", GUID: g}, Ends: at(t, "2027-03-01 00:00"), Renewal: runway.Missing}, at(t, "2027-02-01 00:00"))
	if r.Name != "auroraGauge" || r.DaysLeft != 27 {
		t.Errorf("%q, %d days left", r.Name, r.DaysLeft)
	}
}

// The last chance is one that the calendar allows, and there is none after it:
// compared with a walk over every quarter of an hour.
func TestLastChanceAgainstTheWalker(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([]change.Kind{change.Renew, change.Upgrade}).Draw(r, "kind")
		quarter := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(r, name)) * 15 * time.Minute
		}
		in := runway.Input{
			Ends: at(t, "2027-03-01 00:00").Add(quarter("ends", 4*24*6)), Kind: kind, Renewal: runway.Missing,
			Usual: quarter("usual", 18), Hands: quarter("hands", 4*24*4), Approval: quarter("approval", 4*24*3),
			Policy: plan.Policy{Calendar: weekend(t, change.Renew), Renew: rapid.SampledFrom([]plan.RenewMode{plan.RenewAtOnce, plan.RenewInWindow}).Draw(r, "renew")},
		}
		now := at(t, "2027-02-22 00:00").Add(quarter("now", 4*24*12))
		calendar := in.Policy.Calendar
		if !in.Policy.Windowed(kind) {
			calendar.Windows = nil
		}
		got := runway.Compute(in, now).By
		var want time.Time
		for begin := now.Add(in.Approval); !begin.After(in.Ends.Add(-14*time.Hour - max(in.Usual, in.Hands))); begin = begin.Add(15 * time.Minute) {
			if calendar.EvaluateAt(begin, kind, in.Usual).Open {
				want = begin.Add(-in.Approval)
			}
		}
		// At the end of a window without a usual duration the walker is a quarter
		// of an hour early: its last instant is no longer in it.
		if got.Equal(want) || in.Usual == 0 && !want.IsZero() && got.Sub(want) == 15*time.Minute {
			return
		}
		r.Fatalf("by %v, want %v", got, want)
	})
}
