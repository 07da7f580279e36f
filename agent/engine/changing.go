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

// beginChanging takes the lock under which stores are changed, and finishes what an
// interrupted run left behind.
func (e *Engine) beginChanging(ctx context.Context, command string) ([]apply.Result, error) {
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
	for name, target := range e.Stores {
		t, ok := store.As[store.Sweeper](target)
		if !ok {
			continue
		}
		err := t.Sweep()
		if _, isUnread := e.unread[name]; err != nil && !isUnread { // one that is away was told
			e.note("what interrupted runs left in %s could not be cleared away; a later run tries again: %v", plan.StoreText(name), err)
		}
	}
	return errors.Join(
		e.archive.Sweep(),
		// The cursor is written without the lock: only what is old is left over.
		disk.Sweep(e.Disk, e.Settings.Data, e.Now().Add(-time.Hour)),
	)
}

func (e *Engine) Applier() *apply.Applier {
	o := e.Observer()
	several := map[string]apply.Licensing{}
	for name := range e.Stores {
		if len(e.Stores) > 1 {
			several[name] = o.In(name)
		}
	}
	return &apply.Applier{
		Journal: e.Journal, Archive: e.archive, Stores: e.Stores, Trust: e.currentTrust(),
		Limits: pbiviz.DefaultLimits(), Profiles: e.profiles, Licensing: o, LicensingIn: several,
		Clock: e, Policy: policyInForce{e}, Lease: journalLease{e.Journal},
	}
}

// journalLease is the right to change stores that the journal keeps.
type journalLease struct{ journal *journal.Journal }

// Extend extends the lease if this process still has it.
func (l journalLease) Extend(ctx context.Context) error {
	return l.journal.AcquireLease(ctx, lease.Term, false)
}

// policyInForce says what the settings and people want of a step that is being made.
type policyInForce struct{ engine *Engine }

// CheckerOf finds what the settings ask after a step; nil where they ask nothing.
func (p policyInForce) CheckerOf(step plan.Step) apply.Checker { return p.engine.checkersOf(step) }

// BlockFor says what a failed check that goes back by a step leaves blocked.
func (p policyInForce) BlockFor(back plan.Step) *plan.Block { return p.engine.BlockFor(back) }

// Forbids returns the hold or block that keeps a step from being carried out now,
// and nil if there is none. The way back from a failed step passes both, and so does
// what a person asked for: that needs what people consent to, still.
func (p policyInForce) Forbids(book journal.Book, step plan.Step) *verdict.Refusal {
	e := p.engine
	switch {
	case step.Kind == change.Restore:
		return nil
	case step.Asked:
		return e.missingConsent(step)
	}
	for _, g := range e.Gates(step) {
		if g.Kind == plan.GateHold && g.State == plan.GateClosed {
			return verdict.Refuse(g.Code(), g.Message, g.Hint)
		}
	}
	if r := step.To.Release; r != nil && step.Kind.Puts() {
		for _, b := range book.Blocks() {
			if b.Key == step.Key && b.IsInForce(e.pinOf(step.Key)) && b.Covers(*r, contentOf(book, r.Digest)) {
				return verdict.Refuse(plan.CodeRolledBack, fmt.Sprintf("%s was blocked since this change was planned: %s", r, b.Reason),
					fmt.Sprintf("to allow it again: orgstore unblock %s", step.Key.GUID))
			}
		}
	}
	return nil
}

// missingConsent returns the gate that keeps back what a person asked for and was
// begun: somebody has rejected it since, say, or approvals count no more. How often it
// was tried was asked when it was begun.
func (e *Engine) missingConsent(step plan.Step) *verdict.Refusal {
	for _, g := range e.Gates(step) {
		if g.State == plan.GateClosed && g.Kind != plan.GateTries {
			r := e.resultOfGate(step, g)
			return verdict.Refuse(r.Code, r.Message, r.Hint)
		}
	}
	return nil
}
