package journal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

func (f Baselined) applyTo(w *writer, e Entry) error {
	if err := checkKey(f.Key); err != nil {
		return err
	}
	if err := checkState(f.State); err != nil {
		return err
	}
	s := w.stateOf(f.Key)
	if s.open != nil {
		return fmt.Errorf("step %s of %s is open", s.open.Step.ID, f.Key)
	}
	name := f.Name
	if name == "" {
		name = w.nameOf(f.State)
	}
	s.revisions = append(s.revisions, Revision{
		Revision: len(s.revisions) + 1, Seq: e.Seq, Time: e.At, Closed: e.At, Status: StatusBaseline,
		Key: f.Key, Name: name, Actor: e.By, Reason: f.Evidence, Tx: e.Tx, Claim: f.State.Claim,
		Before: s.belief, After: f.State,
	})
	s.belief = f.State
	return nil
}

func (w *writer) nameOf(s store.State) string {
	if s.Release == nil {
		return ""
	}
	p, ok := w.packages.get(s.Release.Digest)
	if !ok {
		return ""
	}
	return p.Manifest.DisplayName
}

func (f Begun) applyTo(w *writer, e Entry) error {
	if err := f.findFault(); err != nil {
		return err
	}
	step := f.Step
	s := w.stateOf(step.Key)
	if s.open != nil {
		if err := s.closeInterrupted(f, e); err != nil {
			return err
		}
		w.countTry(step.ID)
	}
	if f.Undoes != "" && s.newestRevision(f.Undoes) < 0 {
		return fmt.Errorf("step %s, which it undoes, was never begun for %s", f.Undoes, step.Key)
	}
	w.keyOf.set(step.ID, step.Key)
	overrides, _ := w.overrides.get(step.ID)
	s.revisions = append(s.revisions, Revision{
		Revision: len(s.revisions) + 1, Seq: e.Seq, Time: e.At, Status: StatusOpen, Overrides: slices.Clone(overrides), Approvals: w.approvalsOf(step.ID),
		Key: step.Key, Name: step.Name, Kind: step.Kind, Actor: e.By, Reason: step.Reason.Message, Cause: step.Reason.Code,
		Tx: e.Tx, Step: step.ID, Attempt: f.Attempt, Undoes: f.Undoes,
		Before: step.From, After: step.To,
	})
	s.open = &plan.Open{Step: step, Since: e.At, Undoes: f.Undoes}
	s.leaves, s.reminded, s.made = f.Leaves, nil, nil
	w.open.set(step.ID, step.Key)
	return nil
}

// findFault tells what no begun step can be, whatever came before it.
func (f Begun) findFault() error {
	if err := checkKey(f.Step.Key); err != nil {
		return err
	}
	switch {
	case f.Step.ID == "":
		return errors.New("the step has no id")
	case !f.Step.Kind.Valid():
		return fmt.Errorf("%q is no kind of change", f.Step.Kind)
	case f.Attempt < 1:
		return errors.New("attempts count from 1")
	case f.Leaves != nil && f.Leaves.Key != f.Step.Key:
		return errors.New("the block it leaves is of another visual")
	case f.Undoes == f.Step.ID:
		return errors.New("a step cannot undo itself")
	case f.Undoes != "" && !slices.Contains([]change.Kind{change.Restore, change.Enable, change.Disable}, f.Step.Kind):
		return fmt.Errorf("a step of kind %s undoes nothing", f.Step.Kind)
	}
	if err := checkState(f.Step.From); err != nil {
		return err
	}
	return checkState(f.Step.To)
}

// closeInterrupted closes the open step for another attempt at the same one: the
// program died in between, and its recovery begins again. Any other step must
// wait until the open one is closed.
func (s *visualState) closeInterrupted(next Begun, e Entry) error {
	r := s.openRevision()
	switch {
	case s.open.Step.ID != next.Step.ID:
		return fmt.Errorf("step %s of %s is open", s.open.Step.ID, next.Step.Key)
	case next.Attempt <= r.Attempt:
		return fmt.Errorf("step %s is open in attempt %d already", next.Step.ID, r.Attempt)
	}
	r.Status, r.Closed, r.Message = StatusFailed, e.At, "interrupted, then tried again"
	return nil
}

func (f Accepted) applyTo(w *writer, _ Entry) error {
	s, err := w.openState(f.Step)
	if err != nil {
		return err
	}
	r := s.openRevision()
	r.Receipt, r.Status = f.Receipt, StatusOpen
	if f.Receipt.Waiting {
		r.Status = StatusWaiting
	}
	s.open.Accepted, s.open.Waiting = true, f.Receipt.Waiting
	return nil
}

func (f Done) applyTo(w *writer, e Entry) error {
	s, err := w.openState(f.Step)
	if err != nil {
		return err
	}
	if err := checkMade(f.State); err != nil {
		return err
	}
	r := s.openRevision()
	r.Status, r.Closed, r.Message = StatusDone, e.At, f.Message
	r.After, r.Claim = f.State, f.State.Claim
	if i := s.newestRevision(r.Undoes); r.Undoes != "" && i >= 0 {
		s.revisions[i].Status = StatusUndone
	}
	s.belief = f.State
	if s.leaves != nil && !slices.Contains(s.blocks, *s.leaves) {
		s.blocks = append(slices.Clip(s.blocks), *s.leaves)
	}
	w.raiseSequence(r.Key, f.State)
	w.closeStep(s)
	w.tries.drop(f.Step)
	w.forgetWords(f.Step, r.Key)
	if r.Undoes != "" || r.Cause == plan.CodeAsked {
		w.endPermissionsOf(r.Key)
	}
	return nil
}

func (f Failed) applyTo(w *writer, e Entry) error {
	s, err := w.openState(f.Step)
	if err != nil {
		return err
	}
	switch f.StoreState {
	case Unchanged:
	case Changed:
		if s.made == nil {
			return errors.New("nobody saw what the step led to")
		}
		s.belief, s.openRevision().After = s.made.State, s.made.State
	case Uncertain:
		s.belief = store.State{Presence: store.Unknown}
	default:
		return fmt.Errorf("%q does not say what the step left in the store", f.StoreState)
	}
	r := s.openRevision()
	r.Status, r.Closed, r.Message, r.Left = StatusFailed, e.At, f.Message, f.StoreState
	if f.StoreState != Changed { // what was seen before its check is not there any more
		r.Claim = ""
	}
	w.closeStep(s)
	w.countTry(f.Step)
	if f.StoreState != Unchanged { // where nothing was changed, the next try is of the same attempt
		w.endPermissions(f.Step)
	}
	return nil
}

func (f Withdrawn) applyTo(w *writer, e Entry) error {
	s, err := w.openState(f.Step)
	if err != nil {
		return err
	}
	r := s.openRevision()
	r.Status, r.Closed, r.Message = StatusWithdrawn, e.At, f.Reason
	w.closeStep(s)
	w.forgetWords(f.Step, r.Key)
	return nil
}

// openState returns the state in which a step is open, for writing.
func (w *writer) openState(id store.StepID) (*visualState, error) {
	key, ok := w.open.get(id)
	if !ok {
		return nil, fmt.Errorf("no step %q is open", id)
	}
	return w.stateOf(key), nil
}

func (w *writer) closeStep(s *visualState) {
	w.open.drop(s.open.Step.ID)
	s.open, s.leaves, s.reminded, s.made = nil, nil, nil, nil
}

func (w *writer) countTry(id store.StepID) {
	n, _ := w.tries.get(id)
	w.tries.set(id, n+1)
}

// A mark names a subscription, by license.MarkKey, as it was used in a store.
type mark struct{ store, subscription string }

// raiseSequence keeps the highest sequence of a subscription that was ever put into a
// store, so that an older statement is recognized as one that was superseded.
func (w *writer) raiseSequence(k store.Key, s store.State) {
	if s.License.Subscription == "" {
		return
	}
	key := mark{k.Store, license.MarkKey(s.License)}
	if n, ok := w.marks.get(key); !ok || s.License.Sequence > n {
		w.marks.set(key, s.License.Sequence)
	}
}

// openRevision is the revision of the open step: the newest one.
func (s *visualState) openRevision() *Revision { return &s.revisions[len(s.revisions)-1] }

// newestRevision finds the newest revision of a step, or -1. One step id may come
// several times: the same change, made again after a rollback.
func (s *visualState) newestRevision(id store.StepID) int {
	for i := len(s.revisions) - 1; i >= 0; i-- {
		if s.revisions[i].Step == id {
			return i
		}
	}
	return -1
}

func checkKey(k store.Key) error {
	if k.Store == "" || k.GUID.IsZero() {
		return errors.New("it names no store or no visual")
	}
	return nil
}

// checkMade holds of what a step led to that it was seen, and how.
func checkMade(s store.State) error {
	if s.Presence == store.Unknown || s.Claim == "" {
		return errors.New("a step is done only where its outcome and how it was seen are known")
	}
	return checkState(s)
}

func checkState(s store.State) error {
	switch s.Presence {
	case store.Unknown, store.Absent, store.Present:
	default:
		return fmt.Errorf("%q is no presence", s.Presence)
	}
	switch s.Claim {
	case "", store.Verified, store.Acknowledged, store.Confirmed, store.Unverified:
	default:
		return fmt.Errorf("%q is no claim", s.Claim)
	}
	if s.Presence != store.Present && s.Release != nil {
		return fmt.Errorf("a visual that is %s has no release", s.Presence)
	}
	return nil
}
