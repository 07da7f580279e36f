package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// conclude looks at the store after a change and closes the step with what was
// seen. The change's own error is only a reason: what counts is what is there.
func (a *Applier) conclude(ctx context.Context, tx journal.TxID, s plan.Step, cause error) (Result, error) {
	seen, err := a.readBack(ctx, s.Key)
	var strange *store.StrangeError
	switch {
	case errors.As(err, &strange):
		return a.strange(ctx, tx, s, store.StrangeError{Sent: true, Reason: strange.Reason, Message: errors.Join(cause, err).Error(), Advice: strange.Advice})
	case err != nil:
		return unknown(s, errors.Join(cause, err)), nil
	case !seen.tells(s) && cause != nil:
		return unknown(s, cause), nil
	case !seen.tells(s):
		return a.done(ctx, tx, s, store.Acknowledged, "the store accepted the change and cannot be read back")
	case seen.matches(s.To):
		message := "read back from the store"
		if cause != nil { // it may not outlive a loss of power, say
			message += ", which had reported: " + cause.Error()
		}
		return a.done(ctx, tx, s, seen.claim(), message)
	case seen.matches(s.From):
		return a.unchanged(ctx, tx, s, cause)
	}
	wrong := fmt.Errorf("the store holds %s instead of %s", seen, describe(s.To))
	if cause != nil {
		wrong = fmt.Errorf("%w (it had reported: %v)", wrong, cause)
	}
	return a.undo(ctx, tx, s, wrong)
}

// unknown leaves the step open: nobody can say whether the change was made, so
// it is never repeated blindly; the next run looks again.
func unknown(s plan.Step, cause error) Result {
	return failed(s, codeUnknownOutcome, fmt.Sprintf("nobody can tell whether %s was changed: %v", s.Key.GUID, cause),
		"once the store can be reached, run `orgstore apply` again: it looks before it does anything")
}

// strange ends a step, or leaves it open for a person, where the store answered as
// it never did before. Nothing is looked up and nothing repeated: what a portal
// means that looks otherwise than recorded, nobody knows.
func (a *Applier) strange(ctx context.Context, tx journal.TxID, s plan.Step, e store.StrangeError) (Result, error) {
	r := failed(s, e.Reason, e.Message, e.Advice)
	r.Halt = true
	if !e.Sent {
		return a.close(ctx, tx, r, journal.Unchanged)
	}
	r.Outcome, r.Hint = Waiting, plan.Open{Step: s}.Look()+"; "+e.Advice
	return r, a.Journal.Append(ctx, tx, journal.Unclear{Step: s.ID, Code: r.Code, Message: r.Message, Hint: r.Hint})
}

func (a *Applier) done(ctx context.Context, tx journal.TxID, s plan.Step, claim store.Claim, message string) (Result, error) {
	state := s.To
	state.Claim = claim
	if a.checker(s) != nil {
		return a.ask(ctx, tx, s, state, message)
	}
	err := a.closed(ctx, tx, s, state, message)
	return Result{Step: s, Outcome: Outcome(claim), Message: message}, err
}

func (a *Applier) unchanged(ctx context.Context, tx journal.TxID, s plan.Step, cause error) (Result, error) {
	message := "the store answered that it made the change, and still holds " + describe(s.From)
	if cause != nil {
		message = cause.Error()
	}
	return a.close(ctx, tx, failed(s, codeFailed, message, "nothing was changed; run the command again once the cause is mended"), journal.Unchanged)
}

// close records a failure, what is known of the store after it, and what follows.
func (a *Applier) close(ctx context.Context, tx journal.TxID, r Result, left journal.Aftermath, after ...journal.Fact) (Result, error) {
	failure := journal.Failed{Step: r.Step.ID, Code: r.Code, Message: r.Message, Hint: r.Hint, StoreState: left}
	return r, a.Journal.Append(ctx, tx, append([]journal.Fact{failure}, after...)...)
}

// undo puts back what was there before a failed step: the same shape as doing
// one, and as repeatable. What was absent is disabled, since nothing is ever
// deleted from a store.
func (a *Applier) undo(ctx context.Context, tx journal.TxID, s plan.Step, cause error) (Result, error) {
	if open := a.Journal.Book().Open(s.Key); open != nil && open.Undoes != "" { // no way back from the way back
		return a.close(ctx, tx, failed(s, codeRestoreFailed, cause.Error(), alarmHint), journal.Uncertain)
	}
	var back plan.Step
	now, err := a.present(ctx, s.Key)
	if err == nil {
		back, err = wayBack(s, now)
	}
	if err != nil {
		return a.close(ctx, tx, failed(s, codeNoWayBack, fmt.Sprintf("%v, and it cannot be put back: %v", cause, err), alarmHint), journal.Uncertain)
	}
	failure := journal.Failed{Step: s.ID, Code: codeFailed, Message: cause.Error(), StoreState: journal.Uncertain}
	return a.goBack(ctx, tx, s, back, CodeUndone, failure, failure)
}

// goBack records the facts of a step's failure, and makes the step that returns
// to what was there before it. The code is that of having gone back.
func (a *Applier) goBack(ctx context.Context, tx journal.TxID, s, back plan.Step, code verdict.Code, failure journal.Failed, facts ...journal.Fact) (Result, error) {
	facts = append(facts, journal.Begun{Step: back, Attempt: a.attempt(back.ID), Undoes: s.ID})
	if err := a.Journal.Append(ctx, tx, facts...); err != nil {
		return Result{}, err
	}
	r, err := a.act(ctx, tx, back)
	switch cause := failure.Message; {
	case err != nil:
		return Result{}, err
	case r.Halt && r.Outcome == Waiting:
		return r, nil
	case !r.OK():
		back := failed(s, codeRestoreFailed, fmt.Sprintf("%s, and putting it back failed: %s", cause, r.Message), alarmHint)
		back.Halt = r.Halt
		return back, nil
	case r.Outcome == Waiting:
		return failed(s, failure.Code, fmt.Sprintf("%s, and putting it back waits for a person: %s", cause, r.Message), "make that change, so that what was there before is back"), nil
	}
	return Result{Step: s, Outcome: Undone, Code: code, Message: failure.Message + "; " + again(s.From), Hint: failure.Hint}, nil
}

// again says what is there after a way back.
func again(from store.State) string {
	if from.Presence != store.Present {
		return "its access is off"
	}
	return describe(from) + " is back"
}

const alarmHint = "look at the store yourself, then tell orgstore what is there with `orgstore store baseline`"

// present is what the store tells of a visual now.
func (a *Applier) present(ctx context.Context, k store.Key) (store.State, error) {
	seen, err := a.readBack(ctx, k)
	switch {
	case err != nil:
		return store.State{}, err
	case !seen.present:
		return store.State{Presence: store.Absent, Claim: store.Verified}, nil
	}
	return store.State{Presence: store.Present, Release: seen.listing.Release, Enabled: seen.listing.Enabled, Claim: store.Verified}, nil
}

// wayBack makes the step that returns to what was there before s, from what is
// there now.
func wayBack(s plan.Step, now store.State) (plan.Step, error) {
	to := s.From
	if s.From.Presence != store.Present {
		off := false
		to = now
		to.Enabled = &off
	}
	if to.Presence == store.Present && to.Release == nil {
		return plan.Step{}, fmt.Errorf("nobody knows which release was there before")
	}
	step := plan.Step{
		Key: s.Key, Name: s.Name, Kind: change.Restore, From: now, To: to,
		Reason: plan.Reason{Code: codeWayBack, Message: "back to what was there before " + string(s.Kind) + " failed"},
	}
	switch {
	case s.From.Presence != store.Present:
		step.Kind = change.Disable
	case step.SameBytes(): // the access alone was lost or given
		step.Kind = change.Disable
		if to.Enabled != nil && *to.Enabled {
			step.Kind = change.Enable
		}
	}
	return step.Identified(), nil
}
