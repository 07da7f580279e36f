package journal

import (
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// Runs lists the times in which packages of a visual were in a store, enabled,
// and were seen there by whoever read the store or by a person, the oldest first.
// A time that ended in going back, or in something that nobody can explain, is
// none: it speaks against the package.
func (b Book) Runs(k store.Key) []plan.Run {
	var f film
	s, ok := b.currentTotals().states.get(k)
	if !ok {
		return nil
	}
	for _, r := range s.revisions {
		f.add(r)
	}
	if f.on {
		f.runs = append(f.runs, f.now)
	}
	return f.runs
}

// A film is what is known of a store from its revisions, one by one.
type film struct {
	runs []plan.Run
	now  plan.Run
	on   bool // now goes on
}

func (f *film) add(r Revision) {
	switch {
	case r.Status == StatusFailed && r.Left == Uncertain, r.Left == Changed: // nobody knows, or its check failed
		f.stop(r.Kind, r.Time)
	case r.Status != StatusDone && r.Status != StatusUndone && r.Status != StatusBaseline:
		return // the store is as it was
	default:
		digest := runningPackage(r.After)
		if f.on && f.now.Release != digest {
			f.stop(r.Kind, r.Time)
		}
		if !f.on && !digest.IsZero() && (r.Claim == store.Verified || r.Claim == store.Confirmed) {
			f.now, f.on = plan.Run{Release: digest, Since: r.Closed}, true
		}
	}
}

// stop ends what runs. Only what came after it, or might have, says nothing
// against it.
func (f *film) stop(by change.Kind, at time.Time) {
	if f.on && (by == change.Upgrade || by == change.Replace || by == change.Renew) {
		f.now.Until = at
		f.runs = append(f.runs, f.now)
	}
	f.now, f.on = plan.Run{}, false
}

// runningPackage returns the package that reports can load; zero where they can load
// none, or nobody can tell which.
func runningPackage(s store.State) visual.Digest {
	if s.Presence != store.Present || s.Release == nil || s.Enabled != nil && !*s.Enabled {
		return visual.Digest{}
	}
	return s.Release.Digest
}
