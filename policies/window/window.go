// Package window knows when changes may happen: windows that come again and
// again, windows of one time, and freezes. It knows time zones and summer time,
// and it does not know what is to be changed, nor the time.
//
// A window begins at a wall clock time of its zone. If the clocks skip that time, it
// begins at the first instant after the gap; if they show it twice, when they show it
// for the first time. (No cron library does both: some skip the day, some run twice.)
// A length in days ends at the same wall clock time so many days later; hours and
// minutes are elapsed time. What an hour that is shown twice does to windows and
// freezes is said at Window.covered.
package window

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
)

// MaxLength bounds a window. What lasts longer is no window.
const MaxLength = maxDays * 24 * time.Hour

const maxDays = 31

// maxElapsed bounds how long one occurrence holds: a change of the clocks makes days
// longer, by at most a day, and a freeze may end later by as much again.
const maxElapsed = MaxLength + 48*time.Hour

// horizon is how far ahead a schedule is looked through for its next time: the
// 29th of February on a given day of the week comes within forty years.
const horizon = 41 * 366

// A Window is a time in which something holds, again and again or once.
type Window struct {
	Name string
	// Cron says when it begins, by the wall clock of Zone; zero for a window of
	// one time.
	Cron Cron
	Zone *time.Location
	// Days are days of the calendar: it lasts until the wall clock shows the time of
	// its beginning so many days later, and then for Length of elapsed time.
	Days   int
	Length time.Duration
	// From and Until are those of a window of one time.
	From, Until time.Time
}

// Check says what is wrong with a window's values. The error is a
// *verdict.Refusal.
func (w Window) Check() error {
	switch {
	case w.Cron.IsZero() && !w.From.Before(w.Until):
		return verdict.Refuse(CodeOrder, fmt.Sprintf("%s ends before it begins", w.Name), "give the later time as its end")
	case w.Cron.IsZero():
		return nil
	case w.Days < 0 || w.Days > maxDays || w.Length < 0 || w.nominalLength() < time.Minute || w.nominalLength() > MaxLength:
		return verdict.Refuse(CodeLength, fmt.Sprintf("%s lasts %s; from a minute to 31 days are allowed", w.Name, w.LengthText()), "write a duration such as 4h, 90m, or 5d")
	case w.Zone == nil:
		return verdict.Refuse(CodeCron, fmt.Sprintf("%s has no time zone", w.Name), "write one such as Europe/Rome or UTC")
	}
	return nil
}

// A Span is one occurrence of a window: from its beginning up to its end, which
// is no longer in it. A zero Until is no end.
type Span struct {
	Name        string
	From, Until time.Time
}

// Contains reports whether a time lies in the span.
func (s Span) Contains(t time.Time) bool { return !t.Before(s.From) && s.endsAfter(t) }

// endsAfter reports whether the span ends after a time.
func (s Span) endsAfter(t time.Time) bool { return s.Until.IsZero() || s.Until.After(t) }

// hasRoomFor reports whether what begins at a time and takes so long ends in the span.
func (s Span) hasRoomFor(from time.Time, d time.Duration) bool {
	return s.Until.IsZero() || s.Until.Sub(from) >= d
}

// nominalLength is how long the window lasts if each day has 24 hours.
func (w Window) nominalLength() time.Duration {
	return time.Duration(w.Days)*24*time.Hour + w.Length
}

// LengthText writes how long the window lasts for people: 5 days, 4 hours, 90 minutes.
// 120 hours are not 5 days.
func (w Window) LengthText() string {
	switch {
	case w.Days == 0:
		return DurationText(w.Length)
	case w.Length == 0:
		return count(w.Days, "day")
	}
	return count(w.Days, "day") + " and " + DurationText(w.Length)
}

// DurationText writes elapsed time for people: 4 hours, 90 minutes. What is not whole
// minutes is written as Go writes it.
func DurationText(d time.Duration) string {
	switch {
	case d%time.Minute != 0:
		return d.String()
	case d != 0 && d%time.Hour == 0:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/time.Minute), "minute")
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Spans yields the window's occurrences that end after a time, by beginning. On the
// day of an hour that is shown twice there is one for each scheduled time, as on
// every other day.
func (w Window) Spans(after time.Time) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		if w.Cron.IsZero() {
			if w.Until.After(after) {
				yield(Span{w.Name, w.From.UTC(), w.Until.UTC()})
			}
			return
		}
		for s := range w.occurrences(after) {
			if s.Until.After(after) && !yield(s) {
				return
			}
		}
	}
}

// occurrences yields all occurrences that end after a time and some that end before
// it, each beginning once, in order.
func (w Window) occurrences(after time.Time) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		y, m, d := after.Add(-w.Length).In(w.Zone).Date()
		last := time.Time{}
		for i := -1 - w.Days; i < horizon; i++ { // a day before: a gap may swallow one whole
			date := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
			if !w.Cron.matchesDay(date) {
				continue
			}
			for _, s := range w.occurrencesOn(date) {
				// Two times in one gap begin at the same instant.
				if s.From.After(last) {
					last = s.From
					if !yield(s) {
						return
					}
				}
			}
		}
	}
}

// occurrencesOn returns the occurrences that begin on one date, in order. Of those
// that one gap lets begin at the same instant, the one that ends last comes first.
func (w Window) occurrencesOn(date time.Time) []Span {
	var all []Span
	for hour := range 24 {
		for minute := range 60 {
			if w.Cron.hour.contains(hour) && w.Cron.minute.contains(minute) {
				begin := firstShowing(date, hour, minute, w.Zone)
				end := begin
				if w.Days > 0 {
					end = firstShowing(date.AddDate(0, 0, w.Days), hour, minute, w.Zone)
				}
				all = append(all, Span{w.Name, begin.UTC(), end.Add(w.Length).UTC()})
			}
		}
	}
	slices.SortFunc(all, func(a, b Span) int { return cmp.Or(a.From.Compare(b.From), b.Until.Compare(a.Until)) })
	return all
}

// firstShowing finds when the wall clock of a zone shows a time for the first time,
// or the first instant after the gap that skips it.
func firstShowing(date time.Time, hour, minute int, zone *time.Location) time.Time {
	y, m, d := date.Date()
	// Wall clocks are compared as if they were UTC.
	wall := time.Date(y, m, d, hour, minute, 0, 0, time.UTC)
	t := time.Date(y, m, d, hour, minute, 0, 0, zone)
	begin, end := t.ZoneBounds()
	if wallClock(t).Equal(wall) {
		if begin.IsZero() {
			return t
		}
		_, before := begin.Add(-1).Zone()
		if first := wall.Add(-time.Duration(before) * time.Second); first.Before(begin) {
			return first
		}
		return t
	}
	// In a gap, time.Date is right in one of the two zones beside it.
	for _, change := range []time.Time{begin, end} {
		if change.IsZero() {
			continue
		}
		_, before := change.Add(-1).Zone()
		_, after := change.Zone()
		from, to := change.UTC().Add(time.Duration(before)*time.Second), change.UTC().Add(time.Duration(after)*time.Second)
		if !wall.Before(from) && wall.Before(to) {
			return change
		}
	}
	return t // no zone of the database leads here
}

// wallClock returns what the wall clock shows, as if it were UTC.
func wallClock(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
