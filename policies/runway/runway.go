// Package runway says how much time is left to renew a license: the last chance
// to swap that windows, freezes and people allow, and whether what is to be
// swapped in is here. It reads no clock and decides no change.
package runway

import (
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/window"
)

// A Renewal says how far a license that lasts longer has come.
type Renewal string

// The renewals.
const (
	Missing Renewal = "missing" // nothing is here
	Refused Renewal = "refused" // something is here, and it does not help
	Waiting Renewal = "waiting" // here and verified; a person decides or makes it
	Here    Renewal = "here"    // here and verified; nothing but time holds it back
)

// A State is how a runway stands, in one word. Other programs read the words.
type State string

// The states beside those of the renewal.
const (
	Late  State = "late"  // here, and no time that the policy allows is left
	Ended State = "ended" // the license has ended
)

// CodeMissing says that a license ends soon and nothing better is here.
const CodeMissing verdict.Code = "life.renewal_missing"

// missingFrom is how many days before its end a license without a renewal is a
// finding.
const missingFrom = 14

// Input is what is known of one installed license.
type Input struct {
	Key  store.Key
	Name string    // as people see it; the GUID where it has none
	Ends time.Time // of the license of what is installed
	// Policy says when the visual may be changed, and Kind is the change that a
	// renewal is; empty where none is here, which is taken for a renew.
	Policy plan.Policy
	Kind   change.Kind
	// Usual is how long such a change takes once it has begun, Hands how long the
	// people take who make it, and Approval how long those who must say yes before.
	Usual, Hands, Approval time.Duration

	Renewal Renewal
	// Begins and Until are when the license that is here does and ends; Begins is
	// zero where it has.
	Begins, Until time.Time
	// Detail says why what is here does not help, or whom it waits for.
	Detail string
}

// A Runway is how much time is left for one license.
type Runway struct {
	Key      store.Key
	Name     string
	Ends     time.Time
	DaysLeft int // as license.Terms counts them
	// Deadline is when the swap must have been made: somewhat before Ends.
	Deadline time.Time
	// Last is the last window that policy allows; without a name where it may be
	// made at any time, and zero where none is left.
	Last window.Span
	// By is when the renewed package must be here at the latest: beyond, no time is
	// left that policy allows. Zero where that has passed.
	By      time.Time
	Renewal Renewal
	// Begins is when the license that is here begins, if it has not; and Until when
	// it ends.
	Begins, Until time.Time
	State         State

	Findings      []verdict.Finding
	Message, Hint string
}

// Compute says how much time is left at a time.
func Compute(in Input, now time.Time) Runway {
	if in.Kind == "" {
		in.Kind = change.Renew
	}
	if in.Name == "" {
		in.Name = in.Key.GUID.String()
	}
	terms := license.Terms{Ends: in.Ends}
	r := Runway{
		Key: in.Key, Name: in.Name, Ends: in.Ends, Deadline: terms.Runway(), Renewal: in.Renewal, Until: in.Until,
		DaysLeft: terms.DaysLeftAt(now), State: State(in.Renewal),
	}
	if in.Begins.After(now) {
		r.Begins = in.Begins
	}
	latest := r.Deadline.Add(-max(in.Usual, in.Hands))
	if in.beginsAtEnd(latest) {
		r.Last, r.By = last(in, in.Begins, in.Ends)
	} else {
		from := now.Add(in.Approval)
		if in.Begins.After(from) {
			from = in.Begins
		}
		r.Last, r.By = last(in, from, latest)
		if !r.By.IsZero() {
			r.By = r.By.Add(-in.Approval)
		}
	}
	switch here := in.Renewal == Here || in.Renewal == Waiting; {
	case !now.Before(in.Ends):
		r.State = Ended
	case here && r.By.IsZero():
		r.State = Late
	}
	r.Message, r.Hint = in.words(r, now), in.hint(r)
	if (in.Renewal == Missing || in.Renewal == Refused) && r.DaysLeft <= missingFrom {
		r.Findings = []verdict.Finding{{Code: CodeMissing, Verdict: verdict.Warn, Message: r.Message, Hint: r.Hint}}
	}
	return r
}

// beginsAtEnd says whether the license that is here begins as the one before it ends,
// or so shortly before that it cannot be installed by the latest time that is safe. It is
// installed when it begins: that is the usual case of a renewal, and in time.
func (in Input) beginsAtEnd(latest time.Time) bool {
	return in.Renewal == Here && in.Begins.After(latest) && !in.Begins.After(in.Ends)
}

// last finds the last span in which the change may begin from one time up to
// another, and when in it at the latest. It is looked for from the end: a
// calendar may have a window each night for years.
func last(in Input, from, to time.Time) (window.Span, time.Time) {
	c := in.Policy.Calendar
	if !in.Policy.Windowed(in.Kind) {
		c.Windows = nil
	}
	for _, days := range []int{8, 40, 400, 0} {
		begin := to.AddDate(0, 0, -days)
		if days == 0 || begin.Before(from) {
			begin = from
		}
		if span, at := latestOf(c, in, begin, to); !at.IsZero() || begin.Equal(from) {
			return span, at
		}
	}
	return window.Span{}, time.Time{}
}

func latestOf(c window.Calendar, in Input, from, to time.Time) (found window.Span, at time.Time) {
	if to.Before(from) {
		return window.Span{}, time.Time{}
	}
	for s := range c.OpenSpans(from, in.Kind) {
		if s.From.After(to) {
			break
		}
		begin := to
		if !s.Until.IsZero() && s.Until.Add(-in.Usual).Before(to) {
			begin = s.Until.Add(-in.Usual)
		}
		if !begin.Before(s.From) && !begin.Before(from) {
			found, at = s, begin
		}
	}
	return found, at
}
