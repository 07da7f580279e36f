package apply

import (
	"context"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// Recover closes the steps that an interrupted run left open. Where the store
// tells what it holds, the store decides: the change was made, was not made, or
// something else is there now, which a person must look at. A rollback that was not
// made is made now. Where the store does not tell, an accepted
// change counts as acknowledged, and one that was only begun waits for a
// person: nothing is ever repeated blindly. Where a person makes the changes, to
// lay a task out again changes nothing: that is done, also for a change that
// waits and whose task is gone. A check that had not answered is asked again.
func (a *Applier) Recover(ctx context.Context, tx journal.TxID) ([]Result, error) {
	var results []Result
	book := a.Journal.Book()
	for _, k := range book.Keys() {
		open := book.Open(k)
		if open == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return results, err
		}
		r, err := a.recover(ctx, tx, *open)
		r, err = a.checked(ctx, tx, r, err)
		if err != nil {
			return results, err
		}
		if r.Outcome != "" {
			results = append(results, r)
		}
	}
	return results, nil
}

func (a *Applier) recover(ctx context.Context, tx journal.TxID, open plan.Open) (Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTime)
	defer cancel()
	s := open.Step
	if open.Unclear != "" { // no look tells what a strange answer meant
		return Result{Step: s, Outcome: Waiting, Code: verdict.Code(plan.CodeUnclear), Message: open.Unclear, Hint: open.Look()}, nil
	}
	if open.Checking {
		return a.askAgain(ctx, tx, s)
	}
	if tasks, ok := store.As[store.TaskKeeper](a.Stores[s.Key.Store]); ok && (open.Waiting || !open.Accepted && !(s.Kind.Puts() && s.SameBytes())) {
		return a.layAgain(ctx, tx, open, tasks)
	}
	if open.Waiting {
		return Result{}, nil
	}
	seen, err := a.readBack(ctx, s.Key)
	switch {
	case err != nil:
		return unknown(s, err), nil
	case s.Kind.Puts() && s.SameBytes() && open.Undoes == "" && !open.Accepted:
		// The store looks the same before and after: it cannot say whether the
		// new license was verified.
		r := failed(s, codeInterrupted, "interrupted before the new license was verified", "run the command again")
		return a.close(ctx, tx, r, journal.Unchanged)
	case !seen.tells(s) && open.Accepted:
		return a.done(ctx, tx, s, store.Acknowledged, "accepted before an interruption; the store cannot be read back")
	case !seen.tells(s):
		return Result{Step: s, Outcome: Waiting, Code: codeUnknownOutcome,
			Message: "interrupted while asking the store; nobody can tell whether it was changed",
			Hint:    "look at the store, then tell orgstore what is there with `orgstore store baseline`"}, nil
	case seen.matches(s.To):
		return a.done(ctx, tx, s, seen.claim(), "made before an interruption; read back from the store")
	case seen.matches(s.From) && open.Undoes != "":
		return a.again(ctx, tx, open)
	case seen.matches(s.From) && s.Asked:
		return a.finishRollback(ctx, tx, open)
	case seen.matches(s.From):
		r := failed(s, codeInterrupted, "interrupted before the store was changed", "run the command again")
		return a.close(ctx, tx, r, journal.Unchanged)
	}
	// Neither what was there before nor what should be there: somebody else was
	// at the store since. Their work is not overwritten; the next plan shows it.
	r := failed(s, codeInterrupted, "interrupted, and the store now holds "+seen.String(), alarmHint)
	return a.close(ctx, tx, r, journal.Uncertain, a.blockOfRollback(s)...)
}

// again takes up a way back that was interrupted before the store was changed.
// It counts as another try, so that no crash loops for ever.
func (a *Applier) again(ctx context.Context, tx journal.TxID, open plan.Open) (Result, error) {
	s := open.Step
	if a.Journal.Book().Tries()[s.ID] >= plan.MaxTries {
		r := failed(s, codeRestoreFailed, "interrupted too often while going back", alarmHint)
		return a.close(ctx, tx, r, journal.Uncertain)
	}
	// Beginning again closes the attempt that was interrupted, and counts it.
	if err := a.Journal.Append(ctx, tx, journal.Begun{Step: s, Attempt: a.attempt(s.ID) + 1, Undoes: open.Undoes}); err != nil {
		return Result{}, err
	}
	return a.act(ctx, tx, s)
}
