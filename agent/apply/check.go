package apply

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/orgstore/orgstore/agent/check"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A change that the tenant checks goes on from where it was seen; every arrow is
// one append to the journal:
//
//	seen ──> Checking ──> Checked, Done
//	           │  │
//	           │  └──> Checked, Failed, Blocked, Held, Begun (the way back) ──> ...
//	           └ stopped, or dead: the next start asks the check again
//
// The way back, what a person asked for beyond the pins, and what puts no other
// bytes are not checked: they lead to what stood before.

// A Checker asks what the tenant itself wants to know of a change.
type Checker interface {
	// Ready says why it cannot be asked; nil where it can.
	Ready() error
	// Check asks. It keeps to its own time limit; where the context ends before,
	// the answer is journal.Stopped.
	Check(ctx context.Context, c check.Change) journal.Checked
}

// checker finds what is asked after a step; nil where nothing is.
func (a *Applier) checker(s plan.Step) Checker {
	switch {
	case a.Policy == nil, !s.Checkable():
		return nil
	}
	if open := a.Journal.Book().Open(s.Key); open != nil && open.Undoes != "" {
		return nil
	}
	return a.Policy.CheckerOf(s)
}

// unready refuses to begin a step whose check could not be asked afterwards.
func (a *Applier) unready(s plan.Step) (Result, bool) {
	c := a.checker(s)
	if c == nil {
		return Result{}, false
	}
	if err := c.Ready(); err != nil {
		return failed(s, codeCheckNotReady, "its check could not be asked afterwards: "+err.Error(),
			"nothing was changed; mend `check` in the settings, or what it names"), true
	}
	return Result{}, false
}

// ask records that a step was made, and that its check is about to be asked. The
// caller asks it by checked.
func (a *Applier) ask(ctx context.Context, tx journal.TxID, s plan.Step, made store.State, message string) (Result, error) {
	err := a.Journal.Append(ctx, tx, journal.Checking{Step: s.ID, State: made, Message: message})
	return Result{Step: s, Outcome: Checking, Message: message}, err
}

// askAgain does so after an interruption, if what was made is still there.
func (a *Applier) askAgain(ctx context.Context, tx journal.TxID, s plan.Step) (Result, error) {
	made, _ := a.Journal.Book().Made(s.Key)
	seen, err := a.readBack(ctx, s.Key)
	switch {
	case err != nil:
		return unknown(s, err), nil
	case !seen.matches(made.State):
		r := failed(s, codeInterrupted, "interrupted before its check had answered, and the store now holds "+seen.String(), alarmHint)
		return a.close(ctx, tx, r, journal.Uncertain)
	case a.checker(s) == nil: // the settings name none any more
		err := a.closed(ctx, tx, s, made.State, made.Message)
		return Result{Step: s, Outcome: Outcome(made.State.Claim), Message: made.Message}, err
	}
	return a.ask(ctx, tx, s, made.State, made.Message)
}

// checked asks the check of a step that was made, and closes the step with its
// answer. It gets the context that ends where the program is to stop: a check may
// take longer than anybody waits for a step, and can be asked again.
func (a *Applier) checked(ctx context.Context, tx journal.TxID, r Result, err error) (Result, error) {
	if err != nil || r.Outcome != Checking {
		return r, err
	}
	s := r.Step
	a.file(ctx, s) // what goes back is a task of its own, and two of a visual would contradict each other
	made, _ := a.Journal.Book().Made(s.Key)
	var answer journal.Checked
	if made.Asked > plan.MaxTries {
		answer = journal.Checked{By: "orgstore", Answer: journal.Refused, Message: fmt.Sprintf("orgstore ended %d times while it was asked", made.Asked-1)}
	} else {
		answer = a.checker(s).Check(ctx, check.Of(a.checkID(s), s, made.State))
	}
	answer.Step = s.ID
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTime)
	defer cancel()
	switch answer.Answer {
	case journal.Stopped:
		err := a.Journal.Append(ctx, tx, answer)
		return Result{Step: s, Outcome: Checking, Code: codeCheckStopped, Message: "it was made; its check was stopped before it had answered",
			Hint: "the next run asks the check again"}, err
	case journal.Passed:
		err := a.closed(ctx, tx, s, made.State, made.Message, answer)
		return Result{Step: s, Outcome: Outcome(made.State.Claim), Message: made.Message + "; its check passed"}, err
	}
	return a.bad(ctx, tx, s, made.State, answer)
}

// checkID names one change of one visual: a step may be made again later.
func (a *Applier) checkID(s plan.Step) string {
	n := len(a.Journal.Book().Revisions(s.Key))
	return string(s.ID) + "." + strconv.Itoa(n)
}

// bad takes back what a check found bad, if that is still what is there.
func (a *Applier) bad(ctx context.Context, tx journal.TxID, s plan.Step, made store.State, answer journal.Checked) (Result, error) {
	cause := "its check failed: " + answer.Message
	seen, err := a.readBack(ctx, s.Key)
	switch {
	case err != nil:
		return unknown(s, fmt.Errorf("%s, and %w", cause, err)), nil
	case !seen.matches(made):
		r := failed(s, plan.CodeCheckFailed, fmt.Sprintf("%s; meanwhile somebody changed the store, which holds %s", cause, seen), alarmHint)
		return r, a.Journal.Append(ctx, tx, answer, journal.Failed{Step: s.ID, Code: r.Code, Message: r.Message, Hint: r.Hint, StoreState: journal.Uncertain})
	}
	back, noWay := wayBack(s, made)
	failure := journal.Failed{Step: s.ID, Code: plan.CodeCheckFailed, Message: cause, StoreState: journal.Changed,
		Hint: fmt.Sprintf("see what it wrote: orgstore history %s; it is not put again: a newer version is, or this one after orgstore unblock", s.Key.GUID)}
	if noWay != nil {
		failure.Code, failure.Hint = codeNoWayBack, alarmHint
		failure.Message = fmt.Sprintf("%s, and what was there before cannot be put back: %v", cause, noWay)
	}
	facts := append([]journal.Fact{answer, failure}, a.quarantine(s, made, answer.Message)...)
	if noWay != nil {
		return failed(s, failure.Code, failure.Message, failure.Hint), a.Journal.Append(ctx, tx, facts...)
	}
	back.Reason.Message = fmt.Sprintf("back to what was there before %s, since its check failed", s.Kind)
	return a.goBack(ctx, tx, s, back, plan.CodeCheckFailed, failure, facts...)
}

// quarantine keeps what a check found bad from coming back by itself, and other code
// from coming until something newer is here or a person has looked; renewals of
// what is there go on.
func (a *Applier) quarantine(s plan.Step, made store.State, said string) []journal.Fact {
	var facts []journal.Fact
	now := a.Clock.Moment()
	reason := fmt.Sprintf("its check failed on %s after %s: %s", now.Time().UTC().Format("2006-01-02 15:04 UTC"), s.Kind, said)
	if a.Policy != nil {
		back := plan.Step{Key: s.Key, Name: s.Name, Kind: change.Restore, From: made, To: s.From, Reason: plan.Reason{Code: plan.CodeCheckFailed, Message: reason}}
		if b := a.Policy.BlockFor(back); b != nil {
			b.Cause = plan.CodeCheckFailed
			facts = append(facts, journal.Blocked{Block: *b})
		}
	}
	held := slices.ContainsFunc(a.Journal.Book().Holds(), func(h plan.Hold) bool {
		return h.Key == s.Key && h.Failed == nil && (h.Until.IsZero() || now.Before(h.Until))
	})
	if !held { // a person's hold is not replaced
		facts = append(facts, journal.Held{Key: s.Key, Reason: reason, Except: []change.Kind{change.Renew}, Failed: made.Release})
	}
	return facts
}

// closed records that a step is done. A hold that a failed check left is over once
// something newer is there.
func (a *Applier) closed(ctx context.Context, tx journal.TxID, s plan.Step, state store.State, message string, before ...journal.Fact) error {
	facts := append(before, journal.Done{Step: s.ID, State: state, Message: message})
	for _, h := range a.Journal.Book().Holds() {
		if h.Key == s.Key && h.Passed(state.Release) {
			facts = append(facts, journal.Unheld{Key: s.Key, Reason: fmt.Sprintf("%s is there, which is newer than %s", state.Release.Version, h.Failed.Version)})
		}
	}
	return a.Journal.Append(ctx, tx, facts...)
}
