package window_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/window"
)

// hour is an hour of the day on which the windows of these tests lie.
func hour(n int) time.Time { return time.Date(2026, 11, 21, n, 0, 0, 0, time.UTC) }

// hours makes windows of one time from texts such as "2-6 8-12".
func hours(t testing.TB, text string) (all []window.Window) {
	t.Helper()
	for _, w := range strings.Fields(text) {
		var from, until int
		if _, err := fmt.Sscanf(w, "%d-%d", &from, &until); err != nil {
			t.Fatal(err)
		}
		all = append(all, window.Window{Name: w, From: hour(from), Until: hour(until)})
	}
	return all
}

// spans writes what a calendar has open after an hour as hours writes windows; an
// end that never comes is empty.
func spans(c window.Calendar, after int) string {
	var all []string
	for s := range c.OpenSpans(hour(after), change.Upgrade) {
		until := ""
		if !s.Until.IsZero() {
			until = fmt.Sprint(s.Until.Sub(hour(0)).Hours())
		}
		all = append(all, fmt.Sprintf("%v-%s", s.From.Sub(hour(0)).Hours(), until))
	}
	return strings.Join(all, " ")
}

func TestWhatIsOpen(t *testing.T) {
	for _, c := range []struct {
		name, windows, freezes string
		after                  int
		want                   string
	}{
		{"a window", "2-6", "", 0, "2-6"},
		{"in the middle of it", "2-6", "", 4, "2-6"},
		{"at its end", "2-6", "", 6, ""},
		{"two apart", "8-12 2-6", "", 0, "2-6 8-12"},
		{"two that touch", "2-6 6-8", "", 0, "2-8"},
		{"two that overlap", "2-6 5-8", "", 0, "2-8"},
		{"one within another", "2-8 3-4", "", 0, "2-8"},
		{"three in a row", "2-4 3-6 6-7", "", 0, "2-7"},
		{"frozen in the middle", "2-6", "3-4", 0, "2-3 4-6"},
		{"frozen at the beginning", "2-6", "2-3", 0, "3-6"},
		{"frozen into it", "2-6", "1-3", 0, "3-6"},
		{"frozen at the end", "2-6", "5-6", 0, "2-5"},
		{"frozen beyond the end", "2-6", "5-7", 0, "2-5"},
		{"frozen as a whole", "2-6", "2-6", 0, ""},
		{"frozen for longer", "2-6", "1-9", 0, ""},
		{"frozen up to it", "2-6", "1-2", 0, "2-6"},
		{"frozen from its end on", "2-6", "6-7", 0, "2-6"},
		{"frozen from one into the next", "2-6 8-12", "5-9", 0, "2-5 9-12"},
		{"frozen between two", "2-6 8-12", "6-8", 0, "2-6 8-12"},
		{"frozen up to the next, and in it", "2-6 8-12", "5-8 9-10", 0, "2-5 8-9 10-12"},
		{"frozen twice", "2-8", "3-4 5-6", 0, "2-3 4-5 6-8"},
		{"frozen at once again", "2-6", "3-4 4-5", 0, "2-3 5-6"},
		{"a freeze within another", "2-8", "3-6 4-5", 0, "2-3 6-8"},
		{"what was over before", "2-6", "3-4", 5, "4-6"},
		{"what is over at that instant", "2-6", "3-4", 3, "4-6"},
		{"only freezes", "", "3-4", 1, "1-3 4-"},
		{"only freezes, in one", "", "3-5", 4, "5-"},
		{"only freezes, where one begins", "", "3-5", 3, "5-"},
		{"only freezes, where one ends", "", "3-5", 5, "5-"},
		{"nothing", "", "", 5, "5-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			calendar := window.Calendar{Windows: hours(t, c.windows)}
			for _, w := range hours(t, c.freezes) {
				calendar.Freezes = append(calendar.Freezes, window.Freeze{Window: w})
			}
			if got := spans(calendar, c.after); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Spans that are joined have the name of the first.
func TestTheNameOfWhatIsJoined(t *testing.T) {
	c := window.Calendar{Windows: hours(t, "5-8 2-6")}
	if a := c.EvaluateAt(hour(4), change.Upgrade, 0); a.Current.Name != "2-6" || !a.Current.Until.Equal(hour(8)) {
		t.Errorf("it is %+v", a.Current)
	}
}

func TestAFreezeIsSaid(t *testing.T) {
	c := window.Calendar{Freezes: []window.Freeze{{Window: hours(t, "3-5")[0], Except: []change.Kind{change.Renew}}}}
	for at, frozen := range map[int]bool{2: false, 3: true, 4: true, 5: false} {
		if a := c.EvaluateAt(hour(at), change.Upgrade, 0); (a.Freeze.Name == "3-5") != frozen || a.Open == frozen {
			t.Errorf("at %d: %+v", at, a)
		}
		if a := c.EvaluateAt(hour(at), change.Renew, 0); a.Freeze.Name != "" || !a.Open {
			t.Errorf("a renewal at %d: %+v", at, a)
		}
	}
}

// A change that is as long as what is left fits, and not an instant longer.
func TestWhatFits(t *testing.T) {
	c := window.Calendar{Windows: hours(t, "2-6 8-12")}
	for _, k := range []struct {
		usual       time.Duration
		open, short bool
		next        int
	}{
		{2 * time.Hour, true, false, 0},
		{2*time.Hour + 1, false, true, 8},
		{4 * time.Hour, false, true, 8},
		{4*time.Hour + 1, false, true, 0},
	} {
		a := c.EvaluateAt(hour(4), change.Upgrade, k.usual)
		if a.Open != k.open || a.TooShort != k.short || !a.Current.From.Equal(hour(2)) {
			t.Errorf("%s: %+v", k.usual, a)
		}
		if k.next == 0 != a.Next.From.IsZero() || k.next != 0 && !a.Next.From.Equal(hour(k.next)) {
			t.Errorf("%s: the next is %+v", k.usual, a.Next)
		}
	}
}

// Looking for a window that is long enough ends. Freezes that are over do not count.
func TestHowManySpansAreLookedThrough(t *testing.T) {
	const most = 500
	daily := func(expression string, length time.Duration) window.Window {
		return window.Window{Name: expression, Cron: cron(t, expression), Zone: time.UTC, Length: length}
	}
	night := daily("0 2 * * *", 6*time.Hour)
	once, twice := window.Freeze{Window: daily("0 3 * * *", time.Hour)}, window.Freeze{Window: daily("0 5 * * *", time.Hour)}
	for _, freezes := range [][]window.Freeze{nil, {once}, {once, twice}} {
		n := 0
		for range (window.Calendar{Windows: []window.Window{night}, Freezes: freezes}).OpenSpans(hour(0), change.Upgrade) {
			n++
		}
		if n != most {
			t.Errorf("%d freezes a night: %d spans, want %d", len(freezes), n, most)
		}
	}
}

// Many short freezes of the weeks before do not use up what is looked through.
func TestManyFreezesThatAreOver(t *testing.T) {
	c := window.Calendar{Freezes: []window.Freeze{{Window: window.Window{Name: "often", Cron: cron(t, "*/15 * * * *"), Zone: time.UTC, Length: time.Minute}}}}
	if a := c.EvaluateAt(hour(2).Add(5*time.Minute), change.Upgrade, 0); !a.Open || !a.Current.Until.Equal(hour(2).Add(15*time.Minute)) {
		t.Errorf("between two freezes: %+v", a)
	}
	if a := c.EvaluateAt(hour(2), change.Upgrade, 0); a.Open || !a.Next.From.Equal(hour(2).Add(time.Minute)) {
		t.Errorf("in a freeze: %+v", a)
	}
}

// A schedule is looked through for forty-one years.
func TestHowFarAScheduleIsLookedThrough(t *testing.T) {
	w := window.Window{Cron: cron(t, "0 12 * * *"), Zone: time.UTC, Length: time.Minute}
	first, last := time.Time{}, time.Time{}
	for s := range w.Spans(hour(1)) {
		if first.IsZero() {
			first = s.From
		}
		last = s.From
	}
	if want := hour(12).AddDate(0, 0, 41*366-1); !first.Equal(hour(12)) || !last.Equal(want) {
		t.Errorf("from %s to %s, want %s", first, last, want)
	}
}

// A window that ends at an instant is over then.
func TestSpansThatEnd(t *testing.T) {
	w := window.Window{Cron: cron(t, "0 2 * * *"), Zone: time.UTC, Length: 26 * time.Hour}
	for after, want := range map[int][]int{0: {-22, 2, 26}, 3: {-22, 2, 26}, 4: {2, 26}, 5: {2, 26}} {
		var got []int
		for s := range w.Spans(hour(after)) {
			if got = append(got, int(s.From.Sub(hour(0)).Hours())); s.From.After(hour(24)) {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("after %d: they begin at %v, want %v", after, got, want)
		}
	}
}

// Two times that one gap swallows are one beginning.
func TestTwoTimesInOneGap(t *testing.T) {
	w := window.Window{Cron: cron(t, "10,50 2 * * *"), Zone: zone(t, "Europe/Rome"), Length: time.Minute}
	var got []string
	for s := range w.Spans(at(t, "2026-03-28T12:00:00Z")) {
		if got = append(got, s.From.Format("02 15:04")); len(got) == 3 {
			break
		}
	}
	if want := []string{"29 01:00", "30 00:10", "30 00:50"}; !slices.Equal(got, want) {
		t.Errorf("they begin at %v, want %v", got, want)
	}
}

// On the day of a fold a later time of the wall clock may come first.
func TestTimesAroundAFoldAreInOrder(t *testing.T) {
	w := window.Window{Cron: cron(t, "0,30 0-3 * * *"), Zone: zone(t, "Europe/Rome"), Length: time.Minute}
	last := at(t, "2026-10-24T12:00:00Z")
	for s := range w.Spans(last) {
		if s.From.After(at(t, "2026-10-26T12:00:00Z")) {
			break
		}
		if !s.From.After(last) {
			t.Errorf("%s comes after %s", s.From, last)
		}
		last = s.From
	}
}

func TestTheLengthsOfWindows(t *testing.T) {
	for length, ok := range map[time.Duration]bool{
		time.Minute - 1: false, time.Minute: true, window.MaxLength: true, window.MaxLength + 1: false,
	} {
		w := window.Window{Name: "w", Cron: cron(t, "0 2 * * *"), Zone: time.UTC, Length: length}
		if err := w.Check(); (err == nil) != ok {
			t.Errorf("%s: %v", length, err)
		}
	}
}

// A window that begins again and again has no times of its own to check, and one
// of one time no length.
func TestWhichValuesAreChecked(t *testing.T) {
	often := window.Window{Name: "w", Cron: cron(t, "0 2 * * *"), Zone: time.UTC, Length: time.Hour, From: hour(6), Until: hour(2)}
	if err := often.Check(); err != nil {
		t.Error(err)
	}
	once := hours(t, "2-6")[0]
	if err := once.Check(); err != nil {
		t.Error(err)
	}
	once.Until = hour(1)
	var r *verdict.Refusal
	if err := once.Check(); !errors.As(err, &r) || r.Code() != window.CodeOrder {
		t.Errorf("backwards: %v", err)
	}
	often.Zone = nil
	if err := often.Check(); !errors.As(err, &r) || r.Code() != window.CodeCron {
		t.Errorf("without a zone: %v", err)
	}
}

func TestTheEdgesOfSchedules(t *testing.T) {
	const longest = 256
	tail := strings.Repeat("0,", (longest-len("0 * * * *"))/2) + "0 * * * *"
	for text, ok := range map[string]bool{
		strings.Repeat(" ", longest-len(tail)) + tail:   true,
		strings.Repeat(" ", longest-len(tail)+1) + tail: false,
		"*/59 * * * *": true, "*/60 * * * *": false, "*/1 * * * *": true, "0 */23 * * *": true, "0 */24 * * *": false,
		"0 0 1-31/31 * *": true, "0 0 */32 * *": false, "0 0-23 * * *": true, "0 5-5 * * *": true, "0 0 * 12-12 *": true,
		"0 0 * * 0-7": true, "0-59/59 * * * *": true, "000 * * * *": false, "00 * * * *": true, "5/ * * * *": false, "*/x * * * *": false,
		"1-x * * * *": false, "x-1 * * * *": false, "5/2 * * * *": false, "JAN * * * *": false, "0 0 * DEC SUN": true,
	} {
		if _, err := window.ParseCron(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// begins lists the first times at which a schedule begins in 2026, without
// seconds.
func begins(t testing.TB, expression string, n int) string {
	w := window.Window{Cron: cron(t, expression), Zone: time.UTC, Length: time.Minute}
	var all []string
	for s := range w.Spans(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		if all = append(all, s.From.Format("01-02 15:04")); len(all) == n {
			break
		}
	}
	return strings.Join(all, ", ")
}

// In 2026 the first day of January is a Thursday.
func TestWhenSchedulesBegin(t *testing.T) {
	for expression, want := range map[string]string{
		"*/25 23 * * *":      "01-01 23:00, 01-01 23:25, 01-01 23:50, 01-02 23:00",
		"5-25/10 0 * * *":    "01-01 00:05, 01-01 00:15, 01-01 00:25, 01-02 00:05",
		"59 23 31 * *":       "01-31 23:59, 03-31 23:59, 05-31 23:59, 07-31 23:59",
		"0 0 * * 0":          "01-04 00:00, 01-11 00:00, 01-18 00:00, 01-25 00:00",
		"0 0 * * 7":          "01-04 00:00, 01-11 00:00, 01-18 00:00, 01-25 00:00",
		"0 0 * * 6-7":        "01-03 00:00, 01-04 00:00, 01-10 00:00, 01-11 00:00",
		"0 0 * * SUN":        "01-04 00:00, 01-11 00:00, 01-18 00:00, 01-25 00:00",
		"0 0 1 DEC *":        "12-01 00:00, 12-01 00:00, 12-01 00:00, 12-01 00:00",
		"0 0 5 1 TUE":        "01-05 00:00, 01-06 00:00, 01-13 00:00, 01-20 00:00",
		"0 0 */2 * FRI":      "01-09 00:00, 01-23 00:00, 02-13 00:00, 02-27 00:00",
		"0 0 2 * */3":        "05-02 00:00, 08-02 00:00, 09-02 00:00, 12-02 00:00",
		"0 0 2,9 1 *":        "01-02 00:00, 01-09 00:00, 01-02 00:00, 01-09 00:00",
		"0 1-2 1 1 *":        "01-01 01:00, 01-01 02:00, 01-01 01:00, 01-01 02:00",
		"0 0 29 feb *":       "02-29 00:00, 02-29 00:00, 02-29 00:00, 02-29 00:00",
		"0 0 1-3,30 JAN,3 *": "01-01 00:00, 01-02 00:00, 01-03 00:00, 01-30 00:00",
	} {
		if got := begins(t, expression, 4); got != want {
			t.Errorf("%s:\n got %s\nwant %s", expression, got, want)
		}
	}
}

func TestAScheduleIsWrittenAsItWas(t *testing.T) {
	if c := cron(t, "  0  2 * *\tsat "); c.String() != "0 2 * * sat" || c.IsZero() || !(window.Cron{}).IsZero() {
		t.Errorf("%q", c)
	}
}
