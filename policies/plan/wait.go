package plan

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Withdrawal takes back a change that waits for a person and is not wanted
// any more, so that nobody makes yesterday's change. It comes before the steps
// of its key.
type Withdrawal struct {
	Key    store.Key
	Name   string
	Open   Open
	Reason string
}

// A waiting change is an ordinary state:
//
//	what is wanted now          what becomes of the change that waits
//	the same change             it stays, and is said to wait
//	another change              it is withdrawn, and the other one is planned
//	nothing                     it is withdrawn
//	nobody can tell             it stays: a person is to say what is there
//
// What a person asked for, and the way back from a failed change, follow from
// no pin: they stay until somebody asks for something else, or until what they
// put may not be put any more.
func (v *visualPlan) planWhileWaiting() ([]Step, *Idle) {
	own := v.ask == nil && (v.open.Step.Asked || v.open.Undoes != "")
	lost := v.openStepRefusal()
	if own && lost == "" {
		return nil, v.idle(v.openReason())
	}
	steps, idle := v.planFromState()
	if len(steps) == 0 && idle == nil { // neither pinned nor there
		idle = v.idle(Reason{CodeUnpinned, "it is not pinned", ""})
	}
	switch {
	case len(steps) > 0 && steps[0].sameTask(v.open.Step):
		return nil, v.idle(v.openReason())
	case len(steps) > 0:
		v.withdraw(lost, "another change is wanted now")
		steps[0].Reason.Message += fmt.Sprintf("; replaces the task of %s (%s)", day(v.open.Since), v.open.Step.description())
		return steps, nil
	case v.ask != nil && idle.Blocked, v.ask == nil && v.now.stuck != nil && v.now.stuck.Code != CodeAppSource && lost == "":
		return nil, v.idle(v.openReason())
	}
	v.withdraw(lost, idle.Reason.Message)
	idle.Reason.Message += fmt.Sprintf("; the task of %s (%s) is not wanted any more", day(v.open.Since), v.open.Step.description())
	return nil, idle
}

// withdraw notes that what waits is to be taken back, and why.
func (v *visualPlan) withdraw(lost, otherwise string) {
	if lost == "" {
		lost = otherwise
	}
	v.withdrawal = &Withdrawal{Key: v.key, Name: v.displayName(nil), Open: *v.open, Reason: lost}
}

// openStepRefusal says why what waits may not be put any more; empty where it may.
func (v *visualPlan) openStepRefusal() string {
	s := v.open.Step
	if !s.Kind.Puts() || s.To.Release == nil {
		return ""
	}
	why := fmt.Sprintf("its package %s is not in the archive any more", releaseName(*s.To.Release))
	for i := range v.candidates {
		c := &v.candidates[i]
		if c.Release.Digest != s.To.Release.Digest || c.Terms.ID != s.To.License.ID {
			continue
		}
		if passesAsked(c) || needsReview(c) {
			return ""
		}
		why = hardestFinding(c.Judgment).Message
	}
	return why
}

// sameTask says whether two steps ask a person for the same: what is known of the
// visual's access besides may have changed since.
func (s Step) sameTask(t Step) bool {
	if s.Kind != t.Kind || !sameRelease(s.From.Release, t.From.Release) {
		return false
	}
	if !s.Kind.Puts() {
		return true
	}
	return sameRelease(s.To.Release, t.To.Release) && s.To.License.ID == t.To.License.ID
}

func sameRelease(a, b *visual.Release) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Digest == b.Digest && a.Version.Equal(b.Version)
}

// description names a step in few words.
func (s Step) description() string {
	if !s.Kind.Puts() || s.To.Release == nil {
		return string(s.Kind)
	}
	return fmt.Sprintf("%s to %s", s.Kind, releaseName(*s.To.Release))
}

// Look says how a person ends a step of which nobody can tell what came of it.
func (o Open) Look() string {
	return fmt.Sprintf("look at the visual in the store, then say what is there: orgstore store baseline %s --package FILE --evidence TEXT", o.Step.Key.GUID)
}
