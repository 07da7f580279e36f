package window

import (
	"iter"
	"time"
)

// A repeat is an instant at which the clocks of a zone are put back: what they showed
// during the shift before it, they show a second time during the shift after it.
type repeat struct {
	at    time.Time
	shift time.Duration
}

// nextRepeat finds the first repeat after a time and before another; false if there
// is none.
func nextRepeat(zone *time.Location, after, before time.Time) (repeat, bool) {
	for t := after; t.Before(before); {
		_, change := t.In(zone).ZoneBounds()
		switch {
		case change.IsZero():
			return repeat{}, false
		case !change.After(t):
			// Beyond the table of a zone, ZoneBounds ends each year after 365 days: on
			// the last day of a leap year that lies behind.
			t = t.Add(24 * time.Hour)
			continue
		}
		_, offsetBefore := change.Add(-1).Zone()
		_, offsetAfter := change.Zone()
		if shift := time.Duration(offsetBefore-offsetAfter) * time.Second; shift > 0 {
			return repeat{change.UTC(), shift}, true
		}
		t = change
	}
	return repeat{}, false
}

// covered yields the spans in which the window holds, or a freeze of the same times,
// that end after a time, by beginning; they may overlap. They are those of Spans and,
// if the clocks show an hour twice, parts of its second showing:
//
//   - A freeze holds whenever the wall clock shows a time that lies in it, so in both
//     showings. If its length is a day or less in hours, it also goes on until the
//     wall clock has passed its end: without that, freezes that follow one another
//     would leave an hour open.
//   - A window opens once. If it is still open when the second showing begins, it
//     stays open for as long as it was open in the first one without a break.
func (w Window) covered(after time.Time, isFreeze bool) iter.Seq[Span] {
	if w.Cron.IsZero() {
		return w.Spans(after)
	}
	return func(yield func(Span) bool) {
		before := after.AddDate(0, 0, horizon)
		r, ok := nextRepeat(w.Zone, after.Add(-maxElapsed), before)
		for s := range w.Spans(after) {
			for ; ok && !s.From.Before(r.at); r, ok = nextRepeat(w.Zone, r.at, before) {
				for _, again := range w.coveredAgain(r, isFreeze) {
					if again.Until.After(after) && !yield(again) {
						return
					}
				}
			}
			if !yield(s) {
				return
			}
		}
	}
}

// coveredAgain returns the parts of a second showing in which the window holds, or a
// freeze of the same times, because of what held in the first showing. They are in
// order and apart.
func (w Window) coveredAgain(r repeat, isFreeze bool) []Span {
	var all []Span
	isOpen := false // still, when the second showing begins
	first := r.at.Add(-r.shift)
	for s := range w.Spans(first) {
		if !s.From.Before(r.at) {
			break
		}
		isOpen = isOpen || !s.Until.Before(r.at)
		again := Span{s.Name, laterTime(s.From, first).Add(r.shift), s.Until.Add(r.shift)}
		if !(isFreeze && w.followsWallClock()) {
			again.Until = earlierTime(s.Until, r.at).Add(r.shift)
		}
		if n := len(all); n > 0 && !again.From.After(all[n-1].Until) {
			all[n-1].Until = laterTime(all[n-1].Until, again.Until)
		} else {
			all = append(all, again)
		}
	}
	switch {
	case isFreeze:
		return all
	case !isOpen || all[0].From.After(r.at):
		return nil
	}
	return all[:1]
}

// followsWallClock reports whether people read the window's end from the clock on the
// wall: a freeze from 1:00 for 3 hours ends at 4:00.
func (w Window) followsWallClock() bool { return w.Days == 0 && w.Length <= 24*time.Hour }

func laterTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlierTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
