// Package window knows when changes may happen: windows that come again and
// again, windows of one time, and freezes. It knows time zones and summer time,
// and it does not know what is to be changed, nor the time.
//
// A window begins at a wall clock time of its zone and lasts for elapsed time.
// Where the clocks skip that time, it begins at the first instant after the
// gap; where they show it twice, at its first occurrence. (No cron library does
// both: some skip the day, some run twice.)
package window

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
)

// MaxLength bounds a window. What lasts longer is no window.
const MaxLength = 31 * 24 * time.Hour

// horizon is how far ahead a schedule is looked through for its next time: the
// 29th of February on a given day of the week comes within forty years.
const horizon = 41 * 366

// A Window is a time in which something holds, again and again or once.
type Window struct {
	Name string
	// Cron says when it begins, by the wall clock of Zone; zero for a window of
	// one time.
	Cron   Cron
	Zone   *time.Location
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
	case w.Length < time.Minute || w.Length > MaxLength:
		return verdict.Refuse(CodeLength, fmt.Sprintf("%s lasts %s; from a minute to 31 days are allowed", w.Name, w.Length), "write a duration such as 4h or 90m")
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

// Spans yields the window's occurrences that end after a time, by beginning.
func (w Window) Spans(after time.Time) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		if w.Cron.IsZero() {
			if w.Until.After(after) {
				yield(Span{w.Name, w.From.UTC(), w.Until.UTC()})
			}
			return
		}
		for begin := range w.beginnings(after.Add(-w.Length)) {
			s := Span{w.Name, begin.UTC(), begin.Add(w.Length).UTC()}
			if s.Until.After(after) && !yield(s) {
				return
			}
		}
	}
}

// beginnings yields the instants at which the window begins, from about a time on,
// each once, in order.
func (w Window) beginnings(about time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		y, m, d := about.In(w.Zone).Date()
		last := time.Time{}
		for i := -1; i < horizon; i++ { // a day before: a gap may swallow one whole
			date := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC)
			if !w.Cron.matchesDay(date) {
				continue
			}
			for _, t := range w.beginningsOn(date) {
				// Two times in one gap begin at the same instant.
				if t.After(last) {
					last = t
					if !yield(t) {
						return
					}
				}
			}
		}
	}
}

// beginningsOn returns the instants of one date, in order: on a day with a gap or a fold
// a later time of the wall clock may come first.
func (w Window) beginningsOn(date time.Time) []time.Time {
	var all []time.Time
	for hour := range 24 {
		for minute := range 60 {
			if w.Cron.hour.contains(hour) && w.Cron.minute.contains(minute) {
				all = append(all, firstShowing(date, hour, minute, w.Zone))
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
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
