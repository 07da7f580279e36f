package window

import (
	"iter"
	"slices"
	"time"

	"github.com/orgstore/orgstore/policies/change"
)

const (
	// maxJoined is how many occurrences without a break are taken to have no
	// end: more than a year has minutes, and every schedule comes round in one.
	// maxJoinedTime is how long they may take: longer than from one leap day to the
	// next.
	maxJoined     = 600_000
	maxJoinedTime = 5 * 366 * 24 * time.Hour
	// maxSpans bounds how many spans are looked through for one that is long
	// enough: more than a year of nightly windows.
	maxSpans = 500
)

// A Freeze is a time in which nothing may be changed, but for some kinds.
type Freeze struct {
	Window
	Except []change.Kind
}

// A Calendar says when changes of a visual may happen. Without a window they
// may at any time; a freeze wins over every window.
type Calendar struct {
	Windows []Window
	Freezes []Freeze
}

// An Answer says whether a change may begin at a time, and when else.
type Answer struct {
	// Open says that the change may begin now.
	Open bool
	// Current is what is open now, up to its end or to a freeze; zero if nothing
	// is.
	Current Span
	// TooShort says that what is left of Current is less than the change usually
	// takes, so that it does not begin.
	TooShort bool
	// Freeze is the freeze in force now; zero if there is none.
	Freeze Span
	// Next is when the change may begin, where it may not now; zero where that
	// never comes, or no window is long enough.
	Next Span
}

// EvaluateAt says whether a change of a kind that usually takes some time may begin at
// a time.
func (c Calendar) EvaluateAt(at time.Time, kind change.Kind, usual time.Duration) Answer {
	a := Answer{Freeze: c.freezeAt(at, kind)}
	for s := range c.OpenSpans(at, kind) {
		switch {
		case s.Contains(at) && s.hasRoomFor(at, usual):
			return Answer{Open: true, Current: s}
		case s.Contains(at):
			a.Current, a.TooShort = s, true
		case s.hasRoomFor(s.From, usual):
			a.Next = s
			return a
		}
	}
	return a
}

// OpenSpans yields the spans in which a change of a kind may happen that end after a
// time, by beginning. Where nothing but freezes is in the calendar, the first
// begins at that time.
func (c Calendar) OpenSpans(after time.Time, kind change.Kind) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		freeze, stop := iter.Pull(joinSpans(coveredByEach(c.freezesFor(kind), after.Add(-maxElapsed), true)))
		defer stop()
		f, frozen := freeze()
		n := 0
		for w := range c.windowSpans(after) {
			from := w.From
			for ; frozen && !f.endsAfter(after); f, frozen = freeze() {
				from = laterTime(from, f.Until) // over, and of no account for the bound
			}
			for frozen && w.endsAfter(f.From) {
				if n++; n > maxSpans || f.From.After(from) && f.From.After(after) && !yield(Span{w.Name, from, f.From}) || f.Until.IsZero() {
					return
				}
				from = laterTime(from, f.Until)
				if !w.endsAfter(from) {
					break // the freeze may reach into the next window
				}
				f, frozen = freeze()
			}
			if n++; n > maxSpans || w.endsAfter(from) && !yield(Span{w.Name, from, w.Until}) {
				return
			}
		}
	}
}

// windowSpans yields the times that the windows allow, whatever is frozen.
func (c Calendar) windowSpans(after time.Time) iter.Seq[Span] {
	if len(c.Windows) == 0 {
		return func(yield func(Span) bool) { yield(Span{From: after}) }
	}
	return joinSpans(coveredByEach(c.Windows, after, false))
}

// freezeAt returns the freeze in force at a time, joined with those that follow at once.
func (c Calendar) freezeAt(at time.Time, kind change.Kind) Span {
	for s := range joinSpans(coveredByEach(c.freezesFor(kind), at, true)) {
		if s.Contains(at) {
			return s
		}
		break
	}
	return Span{}
}

// freezesFor returns those that hold for a kind of change.
func (c Calendar) freezesFor(kind change.Kind) []Window {
	var all []Window
	for _, f := range c.Freezes {
		if !slices.Contains(f.Except, kind) {
			all = append(all, f.Window)
		}
	}
	return all
}

// coveredByEach returns for each window when it holds after a time, or when a freeze of
// the same times does.
func coveredByEach(windows []Window, after time.Time, areFreezes bool) []iter.Seq[Span] {
	var all []iter.Seq[Span]
	for _, w := range windows {
		all = append(all, w.covered(after, areFreezes))
	}
	return all
}

// joinSpans yields the spans of several sequences by beginning: those that overlap or
// follow at once are one span, with the name of the first. Each sequence is in order.
func joinSpans(sequences []iter.Seq[Span]) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		var now Span
		n := 0
		for s := range mergeSpans(sequences) {
			switch {
			case n == maxJoined || n > 0 && now.Until.Sub(now.From) > maxJoinedTime:
				yield(Span{now.Name, now.From, time.Time{}})
				return
			case n > 0 && !s.From.After(now.Until):
				if n++; s.Until.After(now.Until) {
					now.Until = s.Until
				}
			case n > 0 && !yield(now):
				return
			default:
				now, n = s, 1
			}
		}
		if n > 0 {
			yield(now)
		}
	}
}

// mergeSpans yields the spans of several sequences by beginning.
func mergeSpans(sequences []iter.Seq[Span]) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		var heads []Span
		var more []func() (Span, bool)
		for _, spans := range sequences {
			pull, stop := iter.Pull(spans)
			defer stop()
			if s, ok := pull(); ok {
				heads, more = append(heads, s), append(more, pull)
			}
		}
		for len(heads) > 0 {
			first := 0
			for i := range heads {
				if heads[i].From.Before(heads[first].From) {
					first = i
				}
			}
			if !yield(heads[first]) {
				return
			}
			s, ok := more[first]()
			if !ok {
				heads, more = slices.Delete(heads, first, first+1), slices.Delete(more, first, first+1)
				continue
			}
			heads[first] = s
		}
	}
}
