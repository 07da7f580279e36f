package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// A visual may go through several stores, its rings: a pilot, then the tenant.
// What goes on from one to the next is known by its digest, so that the bytes
// that ran in the one are those that are put into the other. A renewal need not
// wait: its code runs in the later ring already, and its license must not end
// there because of the order.

// A Ring is what the store before another one says of what goes on from there.
type Ring struct {
	Before store.Key     // the visual in the store before
	Soak   time.Duration // how long a release must have run there
	Runs   []Run         // what ran there, one for each time, in any order
	// CheckedAfter lists the changes after which a check is asked there, and Trials
	// what is known of the packages that were put there.
	CheckedAfter []change.Kind
	Trials       []Trial
	// Trouble says why nothing goes on from there now; empty where something may.
	Trouble string
}

// A Run is a time in which a release was in a store, enabled, and was seen there
// by a person or by whoever read the store.
type Run struct {
	Release visual.Digest
	Since   time.Time // when it was first seen
	Until   time.Time // zero while it goes on
}

// Onward is what may go on to a store from the one before, at one moment.
type Onward struct {
	Before store.Key
	Ready  []visual.Digest
}

// Onward says what has run for long enough at a moment, and was found good.
func (r Ring) Onward(at moment.Moment) Onward {
	o := Onward{Before: r.Before}
	for _, run := range r.Runs {
		if r.Trouble == "" && r.hasRun(run.Release, at) && r.checkPassed(run.Release) && !slices.Contains(o.Ready, run.Release) {
			o.Ready = append(o.Ready, run.Release)
		}
	}
	return o
}

// Despite returns the ring where somebody else changed the store before: nobody
// knows then what ran there.
func (r Ring) Despite(d Drift) Ring {
	if r.Trouble == "" && d.Message != "" {
		r.Trouble = "somebody changed that store: " + d.Message
	}
	return r
}

// hasRun says whether a release ran in the store before for long enough, at one time
// or another.
func (r Ring) hasRun(d visual.Digest, at moment.Moment) bool {
	return slices.ContainsFunc(r.Runs, func(run Run) bool { return run.Release == d && r.ranLongEnough(run, at) })
}

func (r Ring) ranLongEnough(run Run, at moment.Moment) bool {
	if run.Until.IsZero() {
		return !at.Before(run.Since.Add(r.Soak))
	}
	return run.Until.Sub(run.Since) >= r.Soak
}

// ringGates hold what puts code into a store until the same bytes have run in
// the store before.
func ringGates(s Step, c Conditions) []Gate {
	r, later := c.Rings[s.Key]
	if !later || s.To.Release == nil || s.Kind != change.Install && !changesCode(s.Kind) {
		return nil
	}
	before, digest := r.Before.Store, s.To.Release.Digest
	if r.Trouble != "" {
		return []Gate{{Kind: GateRing, Key: gateKey(GateRing, before, "trouble", r.Trouble), Message: fmt.Sprintf("nothing goes on from %s now: %s", before, r.Trouble),
			Hint: "what cannot wait: --override ring --reason \"...\""}}
	}
	if r.hasRun(digest, c.At) {
		return nil
	}
	g := Gate{Kind: GateRing, Key: gateKey(GateRing, before, digest.String(), r.Soak.String()), Message: r.requirement(), Hint: fmt.Sprintf("see what is there: orgstore plan --store %s", before)}
	for _, run := range r.Runs {
		if run.Release == digest && run.Until.IsZero() {
			g.Until = run.Since.Add(r.Soak).UTC()
			g.Message = fmt.Sprintf("%s; it has run there since %s", r.requirement(), minute(run.Since))
			g.Hint = "it opens by itself; what cannot wait: --override ring --reason \"...\""
		}
	}
	return []Gate{g}
}

func (r Ring) requirement() string {
	if r.Soak <= 0 {
		return fmt.Sprintf("the same package must have run in %s first", r.Before.Store)
	}
	return fmt.Sprintf("the same package must have run in %s for %s first", r.Before.Store, days(r.Soak))
}

// joinRing joins what is known of the store before with what this one may take:
// where somebody else changed that store, nobody knows what ran there.
func (x *index) joinRing(v *visualPlan) {
	onward, later := x.onward[v.key]
	if !later {
		return
	}
	v.hasRingBefore = true
	// Nothing goes on from a store that drifted, or could not be looked into.
	if i, there := slices.BinarySearchFunc(x.plans, onward.Before, func(v *visualPlan, k store.Key) int { return v.key.Compare(k) }); there && x.plans[i].now.drift == "" && x.plans[i].unread == nil {
		v.readyBefore = onward.Ready
	}
	for seen := 0; later && seen <= len(x.onward); seen++ { // also if they went in a circle
		for _, b := range x.blocks[onward.Before] {
			if v.want != nil && b.IsInForce(v.want.Pin.String()) {
				v.blocksBefore = append(v.blocksBefore, b)
			}
		}
		onward, later = x.onward[onward.Before]
	}
}

// mayGoOn says whether a candidate may be put here as far as the store before is
// concerned.
func (v *visualPlan) mayGoOn(c *ranked) bool {
	return !v.hasRingBefore || v.runsHere(c) || slices.Contains(v.readyBefore, c.Release.Digest)
}

// runsHere says whether a candidate holds the code that is installed here.
func (v *visualPlan) runsHere(c *ranked) bool {
	r := v.release()
	return r != nil && (r.Digest == c.Release.Digest || v.sameContent(c))
}
