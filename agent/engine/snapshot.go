package engine

import (
	"context"
	"time"

	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/plan"
)

// Moment settles one moment.
func (e *Engine) Moment() moment.Moment {
	return moment.Settle(e.Now(), e.Journal.Book().TimeMark(), -1)
}

func (e *Engine) Observer() observe.Observer {
	o := observe.Observer{
		Stores: e.Stores, Trust: e.currentTrust(), Least: e.Settings.Trust.Least,
		LongestTerm: e.Settings.Trust.LongestTerm,
		Tolerant:    e.Settings.Packages.Tolerant, Tenant: e.Settings.Tenant,
		Usage: e.facts, Profiles: e.profiles, LeastOf: map[visual.GUID]license.Grade{},
		OnDrift: map[store.Key]plan.DriftMode{}, Hybrid: map[store.Key]bool{},
	}
	for _, v := range e.Settings.Visuals {
		if v.Least != "" {
			o.LeastOf[v.GUID] = v.Least
		}
		for _, name := range e.Settings.RingsOf(v) {
			k := store.Key{Store: name, GUID: v.GUID}
			o.Wanted = append(o.Wanted, plan.Wanted{Key: k, Pin: v.Pin})
			o.OnDrift[k], o.Hybrid[k] = v.Drift, v.Hybrid
		}
	}
	e.addRings(&o)
	return o
}

// lookAndPlan takes in what arrived, looks at everything and computes the plan.
func (e *Engine) lookAndPlan(ctx context.Context, asks []plan.Ask) (plan.Plan, plan.Input, error) {
	if err := e.lookAround(ctx); err != nil {
		return plan.Plan{}, plan.Input{}, err
	}
	return e.planNow(ctx, asks)
}

// lookAround takes in what arrived in the library, and what others brought into
// stores whose changes are adopted. What cannot be read in the library is told and
// stops nothing: a rollback must not wait for a share.
func (e *Engine) lookAround(ctx context.Context) error {
	if _, err := e.takeIn(ctx); ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		e.noteUnreadLibrary(err)
	}
	return e.takeInForeignPackages(ctx)
}

// planNow looks at everything that is known already and computes the plan. A store
// that cannot be looked into stops nothing: see unreadStoreError.
func (e *Engine) planNow(ctx context.Context, asks []plan.Ask) (plan.Plan, plan.Input, error) {
	at := e.Moment()
	o := e.Observer()
	o.UnreadSince = e.unreadSince()
	in, err := o.Input(ctx, e.Journal.Book(), asks, at)
	if err != nil {
		return plan.Plan{}, in, err
	}
	e.keepUnreadStores(in.Unread, o.UnreadSince)
	e.drifts = plan.Drifts(in) // before gates are asked: rings do not trust a store that drifted
	p, in := plan.Decide(in, func(step plan.Step) plan.Conditions {
		// What somebody else made may be adopted by a run as if orgstore had made it.
		if e.lease != nil && step.Reason.Code == plan.CodeAdopt {
			e.recompareForRules(step)
		}
		return e.conditionsAt(step, at)
	})
	e.drifts = p.Drifts
	return e.sortByRing(p), in, nil
}

// Gates asks what holds a step back right now.
func (e *Engine) Gates(step plan.Step) []plan.Gate { return plan.Gates(step, e.Conditions(step)) }

// Conditions gathers what the gates of a step are computed from right now.
func (e *Engine) Conditions(step plan.Step) plan.Conditions { return e.conditionsAt(step, e.Moment()) }

// conditionsAt gathers what the gates of a step are computed from at one moment.
func (e *Engine) conditionsAt(step plan.Step, at moment.Moment) plan.Conditions {
	book := e.Journal.Book()
	c := plan.Conditions{
		At: at, Holds: book.Holds(), Overrides: e.countingOverrides(book, step), Tries: book.Tries(),
		Violations: map[store.StepID][]plan.Violation{step.ID: e.violationsOf(step, at)},
		People:     map[store.StepID]approval.Record{step.ID: e.peopleBehind(book, step)},
		Checks:     map[store.StepID]plan.Check{step.ID: e.plannedCheck(step)},
		Unclear:    book.Unclear(),
		Policies:   map[store.Key]plan.Policy{}, Usual: e.usualDurations(), Seen: map[visual.Digest]time.Time{},
	}
	if v, ok := e.Settings.Visual(step.Key.GUID); ok {
		c.Policies[step.Key] = e.Settings.Policy(v)
		c.Rings = e.ringsOf(v, step.Key, c.At)
	}
	if r := step.To.Release; r != nil {
		if p, ok := book.Package(r.Digest); ok {
			c.Seen[r.Digest] = p.FirstSeen
		}
	}
	return c
}

// usualDurations is how long changes of each store take, from begun to done. It is found
// once: a change or two more do not matter.
func (e *Engine) usualDurations() map[string]time.Duration {
	if e.durations == nil {
		e.durations = e.Journal.Book().Usual()
	}
	return e.durations
}
