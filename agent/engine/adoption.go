package engine

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// takeInForeignPackages takes in the packages that somebody put into the store by hand, of
// visuals whose settings say that such are adopted: what is not in the archive
// cannot be judged. What cannot be read is left to the plan to tell.
func (e *Engine) takeInForeignPackages(ctx context.Context) error {
	for _, v := range e.Settings.Visuals {
		if v.Drift != plan.DriftAdopt {
			continue
		}
		for name, target := range e.Stores {
			if err := e.takeInFrom(ctx, target, store.Key{Store: name, GUID: v.GUID}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) takeInFrom(ctx context.Context, target store.Store, k store.Key) error {
	from, ok := store.As[store.PackageReader](target)
	if !ok {
		return nil
	}
	told, there, err := target.Look(ctx, k.GUID)
	if err != nil || !there || told.Release == nil {
		return ctx.Err()
	}
	if _, known := e.Journal.Book().Package(told.Release.Digest); known {
		return nil
	}
	file, there, err := from.Package(ctx, k.GUID)
	if err != nil || !there || visual.DigestOf(file) != told.Release.Digest {
		return ctx.Err() // somebody is at it: the next look tells
	}
	_, err = e.importer().Take(ctx, e.Tx, "found in the store.pbiviz", file)
	return err
}

// adopt records what somebody put by hand as what there is, as the settings say,
// of the visuals chosen. It changes no store.
func (e *Engine) adopt(ctx context.Context, p plan.Plan, chosen func(store.Key) bool) error {
	for _, a := range p.Adoptions {
		if !chosen(a.Key) {
			continue
		}
		facts := []journal.Fact{journal.Baselined{Key: a.Key, Name: a.Name, State: a.State, Evidence: a.Reason}}
		if a.Leaves != nil {
			facts = append(facts, journal.Blocked{Block: *a.Leaves})
		}
		if err := e.Journal.Append(ctx, e.Tx, facts...); err != nil {
			return fmt.Errorf("cannot record what is there of %s: %w", a.Key.GUID, err)
		}
		e.Adopted = append(e.Adopted, a)
	}
	return nil
}
