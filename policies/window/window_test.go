package window_test

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/window"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func cron(t testing.TB, s string) window.Cron {
	t.Helper()
	c, err := window.ParseCron(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCron(t *testing.T) {
	for _, good := range []string{
		"0 2 * * SAT", "0 2 * * sat", "*/15 0-6,22 1,15 * *", "0 0 29 2 *", "59 23 31 12 7", "0 2 * * MON-FRI", "0 2 * JAN,JUN 1-5/2", "  0  2 * *\t6 ",
	} {
		if c, err := window.ParseCron(good); err != nil || c.IsZero() {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, code := range map[string]verdict.Code{
		"": window.CodeCron, "0 2 * *": window.CodeCron, "0 2 * * * *": window.CodeCron, "@daily": window.CodeCron,
		"60 2 * * *": window.CodeCron, "0 24 * * *": window.CodeCron, "0 2 0 * *": window.CodeCron, "0 2 32 * *": window.CodeCron,
		"0 2 * 13 *": window.CodeCron, "0 2 * * 8": window.CodeCron, "0 2 * * SATURDAY": window.CodeCron, "-1 2 * * *": window.CodeCron,
		"+1 2 * * *": window.CodeCron, "0 6-2 * * *": window.CodeCron, "0 2/3 * * *": window.CodeCron, "*/0 2 * * *": window.CodeCron,
		"0,,5 2 * * *": window.CodeCron, "0 2 * * SAT-": window.CodeCron, "٠ 2 * * *": window.CodeCron, "0 2 ? * *": window.CodeCron,
		"0 2 L * *": window.CodeCron, "0 0 30 2 *": window.CodeNever, "0 0 31 4,6,9,11 *": window.CodeNever,
	} {
		var r *verdict.Refusal
		if _, err := window.ParseCron(bad); !errors.As(err, &r) || r.Code() != code {
			t.Errorf("%q: %v, want %s", bad, err, code)
		}
	}
}

// What the clocks do to a window, by the day on which they are changed.
func TestSummerTime(t *testing.T) {
	for _, c := range []struct {
		name, zone, cron, from, want string
	}{
		{"Rome, gap", "Europe/Rome", "30 2 * * *", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"},
		{"Rome, fold", "Europe/Rome", "30 2 * * *", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"},
		{"Rome, after the fold", "Europe/Rome", "30 2 * * *", "2026-10-25T00:30:01Z", "2026-10-26T01:30:00Z"},
		{"New York, gap", "America/New_York", "30 2 * * *", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"},
		{"New York, fold", "America/New_York", "30 1 * * *", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"},
		{"Lord Howe, gap of half an hour", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T13:00:00Z", "2026-10-03T15:30:00Z"},
		{"Lord Howe, fold of half an hour", "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T13:00:00Z", "2026-04-04T14:45:00Z"},
		{"Kolkata has no summer time", "Asia/Kolkata", "30 2 * * *", "2026-03-28T23:00:00Z", "2026-03-29T21:00:00Z"},
		{"Apia, a day that never was", "Pacific/Apia", "0 12 30 12 *", "2011-12-01T00:00:00Z", "2011-12-30T10:00:00Z"},
		{"a leap day", "UTC", "0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"a month's last day", "Europe/Rome", "0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-30T22:00:00Z"},
		{"either day suffices", "UTC", "0 0 13 * FRI", "2026-11-07T00:00:00Z", "2026-11-13T00:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := window.Window{Name: "w", Cron: cron(t, c.cron), Zone: zone(t, c.zone), Length: time.Minute}
			from, want := at(t, c.from), at(t, c.want)
			for s := range w.Spans(from) {
				if s.From.Before(from) {
					continue
				}
				if !s.From.Equal(want) || !s.Until.Equal(want.Add(time.Minute)) {
					t.Errorf("begins at %s, want %s", s.From.Format(time.RFC3339), c.want)
				}
				break
			}
		})
	}
}

func calendar(t testing.TB) window.Calendar {
	rome := zone(t, "Europe/Rome")
	return window.Calendar{
		Windows: []window.Window{{Name: "weekend", Cron: cron(t, "0 2 * * SAT"), Zone: rome, Length: 4 * time.Hour}},
		Freezes: []window.Freeze{{
			Window: window.Window{Name: "closing", Cron: cron(t, "0 0 28 * *"), Zone: rome, Days: 5},
			Except: []change.Kind{change.Renew},
		}},
	}
}

func TestEvaluateAt(t *testing.T) {
	c := calendar(t)
	for _, k := range []struct {
		name, at string
		kind     change.Kind
		usual    time.Duration
		open     bool
		short    bool
		frozen   string // until
		within   string // until
		next     string // from
	}{
		{"in the window", "2026-11-21T02:00:00Z", change.Upgrade, time.Hour, true, false, "", "2026-11-21T05:00:00Z", ""},
		{"its first instant", "2026-11-21T01:00:00Z", change.Upgrade, 4 * time.Hour, true, false, "", "2026-11-21T05:00:00Z", ""},
		{"its end is outside", "2026-11-21T05:00:00Z", change.Upgrade, 0, false, false, "", "", "2026-12-05T01:00:00Z"},
		{"too little is left", "2026-11-21T04:30:00Z", change.Upgrade, time.Hour, false, true, "", "2026-11-21T05:00:00Z", "2026-12-05T01:00:00Z"},
		{"before it", "2026-11-20T12:00:00Z", change.Upgrade, 0, false, false, "", "", "2026-11-21T01:00:00Z"},
		{"the freeze wins", "2026-11-28T02:00:00Z", change.Upgrade, 0, false, false, "2026-12-02T23:00:00Z", "", "2026-12-05T01:00:00Z"},
		{"but for what it excepts", "2026-11-28T02:00:00Z", change.Renew, 0, true, false, "", "2026-11-28T05:00:00Z", ""},
		{"nothing takes so long", "2026-11-20T12:00:00Z", change.Upgrade, 5 * time.Hour, false, false, "", "", ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			a := c.EvaluateAt(at(t, k.at), k.kind, k.usual)
			if a.Open != k.open || a.TooShort != k.short {
				t.Errorf("open %v, short %v", a.Open, a.TooShort)
			}
			for what, pair := range map[string][2]string{
				"frozen until": {text(a.Freeze.Until), k.frozen}, "within until": {text(a.Current.Until), k.within}, "next from": {text(a.Next.From), k.next},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s %q, want %q", what, pair[0], pair[1])
				}
			}
		})
	}
}

func text(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func TestEvaluateAtWithoutWindows(t *testing.T) {
	now := at(t, "2026-11-28T02:00:00Z")
	if a := (window.Calendar{}).EvaluateAt(now, change.Upgrade, 1000*time.Hour); !a.Open {
		t.Error("an empty calendar is closed")
	}
	c := calendar(t)
	c.Windows = nil
	if a := c.EvaluateAt(now, change.Upgrade, time.Hour); a.Open || text(a.Next.From) != "2026-12-02T23:00:00Z" || text(a.Freeze.Until) != "2026-12-02T23:00:00Z" {
		t.Errorf("frozen: %+v", a)
	}
	c.Freezes = append(c.Freezes, window.Freeze{Window: window.Window{Name: "always", Cron: cron(t, "* * * * *"), Zone: time.UTC, Length: time.Hour}})
	if a := c.EvaluateAt(now, change.Upgrade, 0); a.Open || !a.Next.From.IsZero() {
		t.Errorf("always frozen: %+v", a)
	}
}

func TestOnce(t *testing.T) {
	w := window.Window{Name: "cutover", From: at(t, "2026-12-05T20:00:00+01:00"), Until: at(t, "2026-12-06T02:00:00+01:00")}
	if err := w.Check(); err != nil {
		t.Fatal(err)
	}
	c := window.Calendar{Windows: []window.Window{w}}
	if a := c.EvaluateAt(at(t, "2026-12-01T00:00:00Z"), change.Upgrade, 0); text(a.Next.From) != "2026-12-05T19:00:00Z" {
		t.Errorf("before: %+v", a)
	}
	if a := c.EvaluateAt(at(t, "2026-12-06T01:00:00Z"), change.Upgrade, 0); a.Open || !a.Next.From.IsZero() {
		t.Errorf("after: %+v", a)
	}
	w.Until = w.From
	if w.Check() == nil {
		t.Error("a window without any length is good")
	}
}

// What OpenSpans yields is in order, apart, inside a window and outside freezes; and
// at any instant EvaluateAt agrees with asking each window and freeze by itself.
func TestOpenIsWindowsWithoutFreezes(t *testing.T) {
	zones := []string{"Europe/Rome", "America/New_York", "Australia/Lord_Howe", "UTC"}
	expressions := []string{"0 2 * * *", "30 1 * * SUN", "0 0 1,15 * *", "0 22 * * FRI", "0 */6 * * *", "30 2 29-31 * *"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) window.Window {
			z, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, label+" zone"))
			if err != nil {
				t.Fatal(err)
			}
			c, err := window.ParseCron(rapid.SampledFrom(expressions).Draw(t, label+" cron"))
			if err != nil {
				t.Fatal(err)
			}
			return window.Window{Name: label, Cron: c, Zone: z, Length: time.Duration(rapid.IntRange(1, 3000).Draw(t, label+" minutes")) * time.Minute}
		}
		var c window.Calendar
		for range rapid.IntRange(0, 3).Draw(t, "windows") {
			c.Windows = append(c.Windows, draw("window"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "freezes") {
			c.Freezes = append(c.Freezes, window.Freeze{Window: draw("freeze")})
		}
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "now"), 0).UTC()
		allowed := len(c.Windows) == 0
		for _, w := range c.Windows {
			allowed = allowed || window.Calendar{Windows: []window.Window{w}}.EvaluateAt(now, change.Upgrade, 0).Open
		}
		for _, f := range c.Freezes {
			allowed = allowed && window.Calendar{Freezes: []window.Freeze{f}}.EvaluateAt(now, change.Upgrade, 0).Open
		}
		if a := c.EvaluateAt(now, change.Upgrade, 0); a.Open != allowed {
			t.Fatalf("open %v, want %v: %+v", a.Open, allowed, a)
		}
		var last time.Time
		n := 0
		for s := range c.OpenSpans(now, change.Upgrade) {
			if s.From.Before(last) || !s.Until.IsZero() && !s.Until.After(s.From) {
				t.Fatalf("%v comes after %s", s, last)
			}
			if n++; s.Until.IsZero() || n > 20 {
				break
			}
			last = s.Until
		}
	})
}

func TestCheck(t *testing.T) {
	good := window.Window{Name: "w", Cron: cron(t, "0 2 * * *"), Zone: time.UTC, Length: time.Hour}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	good.Days, good.Length = 31, 0
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	good.Days, good.Length = 0, time.Hour
	for name, spoil := range map[string]func(*window.Window){
		"no length": func(w *window.Window) { w.Length = 0 },
		"too long":  func(w *window.Window) { w.Length = window.MaxLength + 1 },
		"no zone":   func(w *window.Window) { w.Zone = nil },
		"nothing":   func(w *window.Window) { *w = window.Window{} },

		"too many days":         func(w *window.Window) { w.Days, w.Length = 32, 0 },
		"31 days and an hour":   func(w *window.Window) { w.Days = 31 },
		"days that count back":  func(w *window.Window) { w.Days = -1 },
		"days less a few hours": func(w *window.Window) { w.Days, w.Length = 1, -time.Hour },
	} {
		w := good
		spoil(&w)
		if w.Check() == nil {
			t.Errorf("%s: passes", name)
		}
	}
}
