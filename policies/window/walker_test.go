package window_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/window"
)

// The zones of the walker. Lord Howe puts its clocks back by half an hour, Cairo and
// Santiago do so at midnight, Casablanca in Ramadan. Almaty and Asuncion changed their
// rules in 2024. Kolkata and Kathmandu have odd offsets and no summer time.
var walkedZones = []string{
	"Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "Africa/Casablanca",
	"Asia/Almaty", "America/Asuncion", "Asia/Kolkata", "Asia/Kathmandu",
}

// A schedule is a window in a form that the walker understands. Lists are of the
// minutes, hours, and days of the month at which it begins; a day of the week of -1 and
// an empty list of days are any.
type schedule struct {
	minutes, hours, days []int
	weekday              int
	length               time.Duration
	lengthDays           int
}

// begins reports whether it begins when the wall clock shows a minute.
func (s schedule) begins(wall int64) bool {
	if !slices.Contains(s.minutes, int(wall%60)) || !slices.Contains(s.hours, int(wall/60%24)) {
		return false // most minutes: the rest takes time
	}
	w := time.Unix(wall*60, 0).UTC()
	return (len(s.days) == 0 || slices.Contains(s.days, w.Day())) && (s.weekday < 0 || s.weekday == int(w.Weekday()))
}

// window returns the window that the walker's results are compared with.
func (s schedule) window(t testing.TB, z *time.Location) window.Window {
	list := func(all []int, otherwise string) string {
		if len(all) == 0 {
			return otherwise
		}
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ","), "[]")
	}
	weekday := "*"
	if s.weekday >= 0 {
		weekday = fmt.Sprint(s.weekday)
	}
	text := fmt.Sprintf("%s %s %s * %s", list(s.minutes, "*"), list(s.hours, "*"), list(s.days, "*"), weekday)
	return window.Window{Name: text, Cron: cron(t, text), Zone: z, Length: s.length, Days: s.lengthDays}
}

// A walked schedule is what the walker found: when it begins, and the times in which a
// window and a freeze of it hold. All are minutes since 1970.
type walked struct {
	begins         []int64
	window, freeze [][2]int64
}

// An occurrence is one that the walker has met: wall clock and minute of its beginning.
type occurrence struct {
	wall, begin int64
	ended       bool
}

// walk is a slow, obvious reference: it looks at every minute, as
// wallMinutes lists them, and keeps no more than what the wall clock has shown. A window
// begins if the wall clock shows a scheduled minute that it did not show before, or
// jumps over one.
func walk(s schedule, walls []int64, from, until time.Time) walked {
	var found walked
	var all []occurrence
	const memory = 24 * 60
	var heldAt [memory]bool // by wall clock: whether it held at its first showing
	first := until.Unix()/60 - int64(len(walls))
	seen := walls[0]    // the latest that the wall clock has shown
	windowOpen := false // in the minute before
	// carriesOn: in this second showing, the window was open when it began and has been
	// open without a break at the first showing since.
	carriesOn, wasAgain := false, false
	for i, wall := range walls {
		now := first + int64(i)
		again := wall <= seen && i > 0
		begins := false
		for w := seen + 1; w <= wall; w++ {
			if s.begins(w) {
				all, begins = append(all, occurrence{wall: w, begin: now}), true
			}
		}
		seen = max(seen, wall)
		held, wallLies := false, false
		for n := range all {
			o := &all[n]
			if s.lengthDays > 0 {
				o.ended = seen >= o.wall+int64(s.lengthDays)*24*60
			} else {
				o.ended = now >= o.begin+int64(s.length/time.Minute)
			}
			held = held || !o.ended
			wallLies = wallLies || s.lengthDays == 0 && s.length <= 24*time.Hour && wall >= o.wall && wall < o.wall+int64(s.length/time.Minute)
		}
		// Those that ended are kept for a while: the clocks may be put back into them.
		if n := len(all); n > 0 && all[0].ended && wall > all[0].wall+int64(s.length/time.Minute)+60 {
			all = all[1:]
		}
		if !again {
			heldAt[wall%memory] = held
		}
		carriesOn = again && heldAt[wall%memory] && (carriesOn || !wasAgain && windowOpen)
		windowOpen, wasAgain = held || carriesOn, again
		freezeHolds := held || wallLies || again && heldAt[wall%memory]
		if now < from.Unix()/60 {
			continue
		}
		if begins {
			found.begins = append(found.begins, now)
		}
		addMinute(&found.window, now, windowOpen)
		addMinute(&found.freeze, now, freezeHolds)
	}
	return found
}

// wallMinutes returns what the wall clock of a zone shows at every minute from some
// weeks before a time until another.
func wallMinutes(z *time.Location, from, until time.Time) []int64 {
	var all []int64
	for minute := from.Add(-40*24*time.Hour).Unix() / 60; minute < until.Unix()/60; minute++ {
		_, offset := time.Unix(minute*60, 0).In(z).Zone()
		all = append(all, minute+int64(offset/60))
	}
	return all
}

func addMinute(spans *[][2]int64, minute int64, holds bool) {
	switch n := len(*spans); {
	case !holds:
	case n > 0 && (*spans)[n-1][1] == minute:
		(*spans)[n-1][1]++
	default:
		*spans = append(*spans, [2]int64{minute, minute + 1})
	}
}

// begun lists when a window begins.
func begun(w window.Window, from, until time.Time) []int64 {
	var all []int64
	for s := range w.Spans(from) {
		if !s.From.Before(until) {
			break
		}
		if !s.From.Before(from) {
			all = append(all, s.From.Unix()/60)
		}
	}
	return all
}

// openTimes lists when a calendar is open from one time until another.
func openTimes(c window.Calendar, from, until time.Time) [][2]int64 {
	var all [][2]int64
	for at := from; at.Before(until); { // OpenSpans ends after some hundred
		end := until
		for s := range c.OpenSpans(at, change.Upgrade) {
			if s.Until.IsZero() || s.Until.After(until) {
				s.Until = until
			}
			if s.From.Before(from) {
				s.From = from
			}
			if !s.From.Before(until) {
				end = until
				break
			}
			if n := len(all); n > 0 && all[n-1][1] >= s.From.Unix()/60 {
				all[n-1][1] = s.Until.Unix() / 60
			} else {
				all = append(all, [2]int64{s.From.Unix() / 60, s.Until.Unix() / 60})
			}
			end = s.Until
		}
		if !end.After(at) {
			break
		}
		at = end
	}
	return all
}

// between returns what lies between spans.
func between(spans [][2]int64, from, until time.Time) [][2]int64 {
	var all [][2]int64
	at := from.Unix() / 60
	for _, s := range spans {
		if s[0] > at {
			all = append(all, [2]int64{at, s[0]})
		}
		at = s[1]
	}
	if end := until.Unix() / 60; at < end {
		all = append(all, [2]int64{at, end})
	}
	return all
}

// compare compares a window, and a freeze of the same times, with what the walker finds.
func compare(t testing.TB, s schedule, z *time.Location, walls []int64, from, until time.Time) {
	t.Helper()
	want, w := walk(s, walls, from, until), s.window(t, z)
	what := fmt.Sprintf("%s for %s in %s from %s", w.Cron, w.LengthText(), z, from.Format(time.RFC3339))
	if got := begun(w, from, until); !slices.Equal(got, want.begins) {
		t.Fatalf("%s begins %s", what, firstDifference(spansOf(got), spansOf(want.begins), z))
	}
	if got := openTimes(window.Calendar{Windows: []window.Window{w}}, from, until); !slices.Equal(got, want.window) {
		t.Fatalf("a window %s: %s", what, firstDifference(got, want.window, z))
	}
	open := openTimes(window.Calendar{Freezes: []window.Freeze{{Window: w}}}, from, until)
	if got := between(open, from, until); !slices.Equal(got, want.freeze) {
		t.Fatalf("a freeze %s: %s", what, firstDifference(got, want.freeze, z))
	}
}

func spansOf(minutes []int64) (all [][2]int64) {
	for _, m := range minutes {
		all = append(all, [2]int64{m, m})
	}
	return all
}

func firstDifference(got, want [][2]int64, z *time.Location) string {
	text := func(spans [][2]int64, i int) string {
		if i >= len(spans) {
			return "never again"
		}
		at := func(m int64) string { return time.Unix(m*60, 0).In(z).Format("2006-01-02 15:04 -07:00") }
		return at(spans[i][0]) + " to " + at(spans[i][1])
	}
	for i := 0; ; i++ {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("%s, want %s", text(got, i), text(want, i))
		}
	}
}

func TestTenYearsAgainstTheMinuteWalker(t *testing.T) {
	from, until := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2034, 1, 1, 0, 0, 0, 0, time.UTC)
	var everyHour []int
	for hour := range 24 {
		everyHour = append(everyHour, hour)
	}
	for _, name := range walkedZones {
		t.Run(name, func(t *testing.T) {
			z := zone(t, name)
			walls := wallMinutes(z, from, until)
			for _, s := range []schedule{
				{minutes: []int{30}, hours: []int{2}, weekday: -1, length: time.Minute},
				{minutes: []int{15, 45}, hours: []int{1, 2, 3, 23}, weekday: 0, length: time.Minute},
				{minutes: []int{0}, hours: slices.Concat(everyHour[:16], everyHour[17:]), weekday: -1, length: time.Hour},
				{minutes: []int{0, 30}, hours: everyHour, weekday: -1, length: 30 * time.Minute},
				{minutes: []int{0}, hours: []int{0}, days: []int{28}, weekday: -1, lengthDays: 5},
			} {
				compare(t, s, z, walls, from, until)
			}
		})
	}
}

// Whatever the schedule, in the weeks around a change of the clocks.
func TestChangesOfTheClocksAgainstTheMinuteWalker(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		z := zone(t, rapid.SampledFrom(walkedZones).Draw(r, "zone"))
		numbers := func(label string, most, from, to int) []int {
			all := rapid.SliceOfNDistinct(rapid.IntRange(from, to), 1, most, rapid.ID[int]).Draw(r, label)
			slices.Sort(all)
			return all
		}
		s := schedule{minutes: numbers("minutes", 4, 0, 59), hours: numbers("hours", 24, 0, 23), weekday: rapid.IntRange(-1, 6).Draw(r, "weekday")}
		if s.weekday < 0 && rapid.Bool().Draw(r, "on days") {
			s.days = numbers("days", 20, 1, 31)
		}
		if s.lengthDays = rapid.IntRange(-6, 6).Draw(r, "days long"); s.lengthDays <= 0 {
			s.lengthDays, s.length = 0, time.Duration(rapid.OneOf(rapid.SampledFrom([]int{30, 60, 120, 180, 1440, 7200}), rapid.IntRange(1, 3000)).Draw(r, "minutes long"))*time.Minute
		}
		from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3650).Draw(r, "day"))
		if _, change := from.In(z).ZoneBounds(); !change.IsZero() && change.Year() < 2034 {
			from = change.UTC().Truncate(time.Minute).Add(-time.Duration(rapid.IntRange(0, 10*24*60).Draw(r, "minutes before")) * time.Minute)
		}
		until := from.AddDate(0, 0, 14)
		compare(t, s, z, wallMinutes(z, from, until), from, until)
	})
}
