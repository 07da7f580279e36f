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
func (m *matter) wait() ([]Step, *Idle) {
	own := m.ask == nil && (m.open.Step.Asked || m.open.Undoes != "")
	lost := m.lost()
	if own && lost == "" {
		return nil, m.idle(m.openReason())
	}
	steps, idle := m.decided()
	if len(steps) == 0 && idle == nil { // neither pinned nor there
		idle = m.idle(Reason{CodeUnpinned, "it is not pinned", ""})
	}
	switch {
	case len(steps) > 0 && steps[0].same(m.open.Step):
		return nil, m.idle(m.openReason())
	case len(steps) > 0:
		m.withdraw(lost, "another change is wanted now")
		steps[0].Reason.Message += fmt.Sprintf("; replaces the task of %s (%s)", day(m.open.Since), m.open.Step.what())
		return steps, nil
	case m.ask != nil && idle.Blocked, m.ask == nil && m.now.stuck != nil && m.now.stuck.Code != CodeAppSource && lost == "":
		return nil, m.idle(m.openReason())
	}
	m.withdraw(lost, idle.Reason.Message)
	idle.Reason.Message += fmt.Sprintf("; the task of %s (%s) is not wanted any more", day(m.open.Since), m.open.Step.what())
	return nil, idle
}

// withdraw notes that what waits is to be taken back, and why.
func (m *matter) withdraw(lost, otherwise string) {
	if lost == "" {
		lost = otherwise
	}
	m.withdrawal = &Withdrawal{Key: m.key, Name: m.name(nil), Open: *m.open, Reason: lost}
}

// lost says why what waits may not be put any more; empty where it may.
func (m *matter) lost() string {
	s := m.open.Step
	if !s.Kind.Puts() || s.To.Release == nil {
		return ""
	}
	why := fmt.Sprintf("its package %s is not in the archive any more", releaseName(*s.To.Release))
	for i := range m.offers {
		o := &m.offers[i]
		if o.Release.Digest != s.To.Release.Digest || o.Terms.ID != s.To.License.ID {
			continue
		}
		if passesAsked(o) || needsReview(o) {
			return ""
		}
		why = first(o.Judgment).Message
	}
	return why
}

// same says whether two steps ask a person for the same: what is known of the
// visual's access besides may have changed since.
func (s Step) same(t Step) bool {
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

// what names a step in few words.
func (s Step) what() string {
	if !s.Kind.Puts() || s.To.Release == nil {
		return string(s.Kind)
	}
	return fmt.Sprintf("%s to %s", s.Kind, releaseName(*s.To.Release))
}

// Look says how a person ends a step of which nobody can tell what came of it.
func (o Open) Look() string {
	return fmt.Sprintf("look at the visual in the store, then say what is there: orgstore store baseline %s --package FILE --evidence TEXT", o.Step.Key.GUID)
}
