package apply

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// A rollback that was recorded and interrupted before the store was changed is
// finished as it was recorded: no plan comes back to it, and the person who asked for
// it may believe that it was made. Every arrow is one append to the journal:
//
//	Begun ──> stopped ──> Blocked, Begun (another attempt) ──> as any step
//	                 └──> Failed, Blocked: it was stopped too often
//
// The block comes first: what a person rolled back from must not come by itself,
// also where the rollback cannot be made any more. What people let pass when it was
// begun counts on, since it is the same attempt; Policy.Forbids says what does not.

// finishRollback makes the open rollback of which the store says that it was not made.
func (a *Applier) finishRollback(ctx context.Context, tx journal.TxID, open plan.Open) (Result, error) {
	s := open.Step
	if a.Journal.Book().Tries()[s.ID] >= plan.MaxTries {
		r := failed(s, codeInterrupted, "interrupted too often before the store was changed", a.askAgainHint(s, "find out what stops orgstore"))
		return a.close(ctx, tx, r, journal.Unchanged, a.blockOfRollback(s)...)
	}
	// Beginning again closes the attempt that was interrupted, and counts it.
	facts := append(a.blockOfRollback(s), journal.Begun{Step: s, Attempt: a.attempt(s.ID) + 1, Leaves: a.Journal.Book().Leaves(s.Key)})
	if err := a.Journal.Append(ctx, tx, facts...); err != nil {
		return Result{}, err
	}
	r, err := a.act(ctx, tx, s)
	switch isOpen := a.Journal.Book().Open(s.Key) != nil; {
	case err != nil:
		return r, err
	case r.OK() && !r.Halt:
		r.Message = "interrupted, and finished now: " + r.Message
	case !isOpen:
		r.Message = "interrupted, and it cannot be finished: " + r.Message
		r.Hint = a.askAgainHint(s, r.Hint)
	}
	return r, nil
}

// blockOfRollback is the block that the open step leaves if it is a rollback; nothing
// for any other step, which a plan comes back to.
func (a *Applier) blockOfRollback(s plan.Step) []journal.Fact {
	leaves := a.Journal.Book().Leaves(s.Key)
	if !s.Asked || leaves == nil {
		return nil
	}
	return []journal.Fact{journal.Blocked{Block: *leaves}}
}

// askAgainHint says how to ask for a rollback again, once what kept it from being
// finished is put right, and what stays blocked meanwhile.
func (a *Applier) askAgainHint(s plan.Step, first string) string {
	to := "0"
	if s.Kind.Puts() && s.To.Release != nil {
		to = s.To.Release.Version.String()
	}
	again := fmt.Sprintf("orgstore rollback %s --to %s", s.Key.GUID, to)
	if len(a.Stores) > 1 {
		again += " --store " + s.Key.Store
	}
	hint := "ask for it again: " + again + ` --reason "..."`
	if first != "" {
		hint = first + "; then " + hint
	}
	if s.From.Presence == store.Present && s.From.Release != nil {
		hint += fmt.Sprintf("; %s stays blocked: if it is to be used all the same, orgstore unblock %s", s.From.Release.Version, s.Key.GUID)
	}
	return hint
}
