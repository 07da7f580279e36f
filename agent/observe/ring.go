package observe

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// Ring adds what the journal knows of the store before to what the settings say
// of a ring.
func Ring(book journal.Book, r plan.Ring, at moment.Moment) plan.Ring {
	r.Runs = book.Runs(r.Before)
	if len(r.CheckedAfter) > 0 {
		r.Trials = book.Trials(r.Before, r.CheckedAfter)
	}
	for _, h := range book.Holds() {
		// What a check found bad there is blocked; it says nothing of what ran.
		if h.Key == r.Before && h.Failed == nil && (h.Until.IsZero() || at.Before(h.Until)) {
			r.Trouble = fmt.Sprintf("%s holds it there: %s", h.By, h.Reason)
		}
	}
	return r
}

// onward says what may go on from store to store at one moment.
func (o Observer) onward(book journal.Book, at moment.Moment) map[store.Key]plan.Onward {
	all := make(map[store.Key]plan.Onward, len(o.Rings))
	for k, r := range o.Rings {
		all[k] = Ring(book, r, at).Onward(at)
	}
	return all
}

// In returns the observer for one of several stores: its licenses are held
// against what was put there, and must name its tenant, of whose users nothing is
// known where it is another.
func (o Observer) In(name string) Observer {
	o.store = name
	if id, other := o.Tenants[name]; other {
		o.storeTenant, o.Usage = id, tenant.Facts{}
	}
	return o
}

// judgeIn adds to candidates how they are judged in each of several stores, where
// that differs.
func (o Observer) judgeIn(candidates []plan.Candidate, book journal.Book, asked bool, at moment.Moment) {
	if len(o.Stores) < 2 {
		return
	}
	for name := range o.Stores {
		for i, c := range o.In(name).Candidates(book, asked, at) { // the same, in the same order
			all, here := candidates[i].Judgment, c.Judgment
			if all.Verdict == here.Verdict && slices.Equal(all.Findings, here.Findings) {
				continue
			}
			if candidates[i].In == nil {
				candidates[i].In = map[string]verdict.Judgment{}
			}
			candidates[i].In[name] = here
		}
	}
}
