package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// A change that waits for a person goes through these states; every arrow is one
// entry of the journal, and wherever a run is stopped, the next one goes on:
//
//	Begun ──> the task is laid out ──> Accepted, waiting ──> Done, confirmed
//	  │                                   │    │
//	  │ refused: the license ended, say   │    └──> the task is taken away ──> Withdrawn
//	  └──> Failed, unchanged              └──> Failed, unknown: a person said what is there
//
// Only Begun: whether the task lies there is looked up, else it is laid out
// again. Waiting, and the task is gone: laid out again. Taken away, and not yet
// Withdrawn: the plan that wanted that comes again, or the task is laid out
// again. Done, and the task still lies there: the store tidies it away.

// layAgain sees to it that the task of an open step lies there. The result is
// empty where it waits as it did.
func (a *Applier) layAgain(ctx context.Context, tx journal.TxID, open plan.Open, where store.TaskKeeper) (Result, error) {
	s := open.Step
	receipt, found, err := where.FindTask(ctx, s.ID)
	switch {
	case err != nil && open.Waiting: // a share that is away says nothing about the task on it
		return Result{}, nil
	case err != nil:
		return failed(s, codeTaskFolder, err.Error(), "see to the folder of tasks, then run the command again"), nil
	case found && open.Waiting:
		return Result{}, nil
	case found:
		err := a.Journal.Append(ctx, tx, journal.Accepted{Step: s.ID, Receipt: receipt})
		return Result{Step: s, Outcome: Waiting, Message: receipt.Note}, err
	case !open.Waiting && s.Asked:
		return a.finishRollback(ctx, tx, open)
	case !open.Waiting && a.Journal.Book().Tries()[s.ID] >= plan.MaxTries:
		r := failed(s, codeInterrupted, "interrupted too often while its task was laid out", "run the command again once the cause is mended")
		return a.close(ctx, tx, r, journal.Unchanged)
	case !open.Waiting:
		// Beginning again closes the attempt that was interrupted, and counts it.
		again := journal.Begun{Step: s, Attempt: a.attempt(s.ID) + 1, Undoes: open.Undoes, Leaves: a.Journal.Book().Leaves(s.Key)}
		if err := a.Journal.Append(ctx, tx, again); err != nil {
			return Result{}, err
		}
	}
	return a.act(ctx, tx, s)
}

// clear takes the task of a step away that turned out to be refused: it may have
// been laid out before an interruption.
func (a *Applier) clear(ctx context.Context, s plan.Step) error {
	if _, ok := store.As[store.TaskKeeper](a.Stores[s.Key.Store]); !ok {
		return nil
	}
	err := a.Stores[s.Key.Store].Withdraw(ctx, s.ID)
	if errors.Is(err, fs.ErrNotExist) { // no folder, no task; one on a share that is away is swept later
		return nil
	}
	return err
}

// Withdraw takes back a step that waits for a person and is not wanted any more.
// The task goes first: a task that nobody waits for any more is worse than one
// that is looked for in vain.
func (a *Applier) Withdraw(ctx context.Context, tx journal.TxID, w plan.Withdrawal) error {
	target, ok := a.Stores[w.Key.Store]
	if !ok {
		return fmt.Errorf("the settings name no store %q", w.Key.Store)
	}
	if open := a.Journal.Book().Open(w.Key); open == nil || open.Step.ID != w.Open.Step.ID || !open.Waiting {
		return nil // somebody closed it meanwhile
	}
	if err := target.Withdraw(ctx, w.Open.Step.ID); err != nil {
		return fmt.Errorf("cannot withdraw the task of %s: %w", w.Key.GUID, err)
	}
	return a.Journal.Append(ctx, tx, journal.Withdrawn{Step: w.Open.Step.ID, Reason: w.Reason})
}

// Confirm closes a step that waits: a person made the change and says how they
// know. The message is theirs, and never claims more than they saw.
func (a *Applier) Confirm(ctx context.Context, tx journal.TxID, open plan.Open, message string) (Result, error) {
	r, err := a.done(ctx, tx, open.Step, store.Confirmed, message)
	r, err = a.checked(ctx, tx, r, err)
	if err != nil {
		return r, err
	}
	a.file(ctx, open.Step)
	return r, nil
}

// file puts the task away of a change that a person made. What was confirmed stays
// so: where that fails, the next sweep does it.
func (a *Applier) file(ctx context.Context, s plan.Step) {
	if where, ok := store.As[store.TaskKeeper](a.Stores[s.Key.Store]); ok {
		_ = where.FinishTask(ctx, s.ID)
	}
}
