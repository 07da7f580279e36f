package journal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// Checking: the open step led to a state, and what the tenant checks after a
// change is about to be asked. Until the answer is there the step stays open: a
// program that dies in between asks again.
type Checking struct {
	Step    store.StepID `json:"step"`
	State   store.State  `json:"state"`
	Message string       `json:"message,omitempty"` // how it was seen
}

// An Answer says how a check ended. The words are stored: they are never renamed.
type Answer string

// The answers.
const (
	Passed  Answer = "passed"
	Refused Answer = "failed"
	// Stopped: it was not let finish, and is asked again.
	Stopped Answer = "stopped"
)

// Checked: a check after a change has answered. A step is done, or goes back, by
// further facts.
type Checked struct {
	Step store.StepID `json:"step"`
	// By says what answered: command or webhook.
	By      string `json:"by"`
	Answer  Answer `json:"answer"`
	Message string `json:"message"`
	// Output is the beginning of what it wrote.
	Output string `json:"output,omitempty"`
	TookMS int64  `json:"took_ms"`
}

// A Made is a change that was made and seen, and waits for its check.
type Made struct {
	Checking
	// Asked counts how often the check was asked and did not answer, this time
	// included; what was stopped in good order does not count.
	Asked int
}

func (f Checking) applyTo(w *writer, _ Entry) error {
	s, err := w.openState(f.Step)
	if err != nil {
		return err
	}
	if err := checkMade(f.State); err != nil {
		return err
	}
	made := Made{Checking: f, Asked: 1}
	if s.made != nil {
		made.Asked += s.made.Asked
	}
	s.made = &made
	s.open.Accepted, s.open.Waiting, s.open.Checking = true, false, true
	r := s.openRevision()
	r.Status, r.Message, r.Claim = StatusChecking, f.Message, f.State.Claim
	return nil
}

func (f Checked) applyTo(w *writer, _ Entry) error {
	s, err := w.openState(f.Step)
	switch {
	case err != nil:
		return err
	case s.made == nil:
		return fmt.Errorf("no check of step %s was asked for", f.Step)
	case f.By == "":
		return errors.New("it does not say which check answered")
	}
	switch f.Answer {
	case Passed, Refused:
	case Stopped:
		made := *s.made
		made.Asked--
		s.made = &made
	default:
		return fmt.Errorf("%q is no answer of a check", f.Answer)
	}
	s.openRevision().Checks = append(slices.Clip(s.openRevision().Checks), f)
	return nil
}

// Made returns what the open step of a visual led to, where its check has not
// answered yet.
func (b Book) Made(k store.Key) (Made, bool) {
	s, ok := b.currentTotals().states.get(k)
	if !ok || s.made == nil {
		return Made{}, false
	}
	return *s.made, true
}

// Trials says what is known of the checks of packages in a store, the newest word
// on each. A check is asked for after changes of some kinds; what came by another
// way needs none.
func (b Book) Trials(k store.Key, after []change.Kind) []plan.Trial {
	s, ok := b.currentTotals().states.get(k)
	if !ok {
		return nil
	}
	var all []plan.Trial
	for _, r := range slices.Backward(s.revisions) {
		t, known := r.trialOf(after)
		i := slices.IndexFunc(all, func(u plan.Trial) bool { return u.Release == t.Release })
		switch {
		case !known:
		case i < 0:
			all = append(all, t)
		case all[i].Answer == plan.Needless || all[i].Answer == plan.Unasked:
			if t.Answer != plan.Unasked && t.Answer != plan.Needless { // it was asked when the package came before
				all[i] = t
			}
		}
	}
	return all
}

// trialOf is what a revision says of the check of the package it led to; false where
// that was never there.
func (r Revision) trialOf(after []change.Kind) (plan.Trial, bool) {
	if r.After.Release == nil {
		return plan.Trial{}, false
	}
	t := plan.Trial{Release: r.After.Release.Digest, At: r.Closed}
	asked := false
	for _, c := range r.Checks {
		t.Message, asked = c.Message, c.Answer != Stopped
		t.Answer = plan.Answer(c.Answer)
	}
	step := plan.Step{Kind: r.Kind, Asked: r.Cause == plan.CodeAsked, From: r.Before, To: r.After}
	switch {
	case asked:
	case r.Status == StatusChecking:
		t.Answer, t.At = plan.Asking, r.Time
	case !r.Stood():
		return plan.Trial{}, false
	case r.Step != "" && step.Checkable() && slices.Contains(after, r.Kind):
		t.Answer = plan.Unasked
	default:
		t.Answer = plan.Needless
	}
	return t, true
}
