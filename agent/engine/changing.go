package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lease"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// BeginChanging takes the lock under which stores are changed, and finishes what an
// interrupted run left behind.
func (e *Engine) BeginChanging(ctx context.Context, command string) ([]apply.Result, error) {
	if e.profilesError != nil { // masks decide what is a renewal
		return nil, e.profilesError
	}
	if err := e.acquireLease(ctx, command); err != nil {
		return nil, err
	}
	if err := e.readAgain(ctx); err != nil {
		return nil, err
	}
	if err := e.sweep(); err != nil {
		return nil, err
	}
	return e.Applier().Recover(ctx, e.Tx)
}

// sweep clears away what interrupted runs left half written. Only who holds the
// lock may: to anybody else it might be the work of a run that goes on.
func (e *Engine) sweep() error {
	errs := []error{
		e.archive.Sweep(),
		// The cursor is written without the lock: only what is old is left over.
		disk.Sweep(e.Disk, e.Settings.Data, e.Now().Add(-time.Hour)),
	}
	for _, target := range e.Stores {
		if t, ok := store.As[store.Sweeper](target); ok {
			errs = append(errs, t.Sweep())
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) Applier() *apply.Applier {
	o := e.Observer()
	against := map[string]apply.Against{}
	for name := range e.Stores {
		if in := o.In(name); len(e.Stores) > 1 {
			against[name] = apply.Against{Facts: in.Facts, Entitled: in.Entitled}
		}
	}
	return &apply.Applier{
		Journal: e.Journal, Archive: e.archive, Stores: e.Stores, Trust: e.CurrentTrust(),
		Limits: pbiviz.DefaultLimits(), Facts: o.Facts, Entitled: o.Entitled, Against: against, Clock: e.Moment,
		Need: o.Need, Profiles: e.Profiles, Checks: e.checkersOf, BlockFor: e.BlockFor,
		Lead:    func(ctx context.Context) error { return e.Journal.AcquireLease(ctx, lease.Term, false) },
		Forbids: e.forbids,
	}
}

// forbids returns the hold or block that keeps a step from being carried out now,
// and nil if there is none. What a person asked for, and the way back from a failed
// step, pass both.
func (e *Engine) forbids(book journal.Book, step plan.Step) *verdict.Refusal {
	if step.Asked || step.Kind == change.Restore {
		return nil
	}
	for _, g := range e.Gates(step) {
		if g.Kind == plan.GateHold && g.State == plan.GateClosed {
			return verdict.Refuse(g.Code(), g.Message, g.Hint)
		}
	}
	if r := step.To.Release; r != nil && step.Kind.Puts() {
		for _, b := range book.Blocks() {
			if b.Key == step.Key && b.Pin == e.pinOf(step.Key) && b.Covers(*r, ContentOf(book, r.Digest)) {
				return verdict.Refuse(plan.CodeRolledBack, fmt.Sprintf("%s was blocked since this change was planned: %s", r, b.Reason),
					fmt.Sprintf("to allow it again: orgstore unblock %s", step.Key.GUID))
			}
		}
	}
	return nil
}
