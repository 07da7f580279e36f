package observe

import (
	"fmt"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// Ring says what the store before another says of what goes on from there;
// false where none comes before.
func (o Observer) Ring(book journal.Book, k store.Key, at moment.Moment) (plan.Ring, bool) {
	r, later := o.Rings[k]
	if !later {
		return plan.Ring{}, false
	}
	r.Runs = book.Runs(r.Before)
	for _, h := range book.Holds() {
		if h.Key == r.Before && (h.Until.IsZero() || at.Before(h.Until)) {
			r.Trouble = fmt.Sprintf("%s holds it there: %s", h.By, h.Reason)
		}
	}
	return r, true
}

// onward says what may go on from store to store at one moment.
func (o Observer) onward(book journal.Book, at moment.Moment) map[store.Key]plan.Onward {
	all := make(map[store.Key]plan.Onward, len(o.Rings))
	for k := range o.Rings {
		r, _ := o.Ring(book, k, at)
		all[k] = r.Onward(at)
	}
	return all
}

// In returns the observer for a store that belongs to another tenant: its
// licenses must name that one, and nothing is known of its users.
func (o Observer) In(name string) Observer {
	if id, other := o.Elsewhere[name]; other {
		o.Tenant, o.Usage, o.Elsewhere = id, tenant.Facts{}, nil
	}
	return o
}

// judgedElsewhere adds to candidates how stores of other tenants see them.
func (o Observer) judgedElsewhere(candidates []plan.Candidate, book journal.Book, asked bool, at moment.Moment) {
	for name := range o.Elsewhere {
		for i, c := range o.In(name).Candidates(book, asked, at) { // the same, in the same order
			if candidates[i].Elsewhere == nil {
				candidates[i].Elsewhere = map[string]verdict.Judgment{}
			}
			candidates[i].Elsewhere[name] = c.Judgment
		}
	}
}
