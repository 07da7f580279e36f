package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

func (s *Engine) StoreNames() []string {
	var names []string
	for _, t := range s.Settings.Stores {
		names = append(names, t.Name)
	}
	return names
}

// StoresOf lists the stores that a visual goes through; all where it is not
// pinned.
func (s *Engine) StoresOf(g visual.GUID) []string {
	if v, ok := s.Settings.Visual(g); ok {
		return s.Settings.RingsOf(v)
	}
	return s.StoreNames()
}

// ringIndex says how far in the order of the rings a store comes.
func (s *Engine) ringIndex(k store.Key) int {
	return slices.Index(s.StoreNames(), k.Store)
}

// sortByRing puts a plan into the order in which releases go through stores: the pilot
// comes first. What it says of one key stays in its order.
func (s *Engine) sortByRing(p plan.Plan) plan.Plan {
	slices.SortStableFunc(p.Steps, func(a, b plan.Step) int { return s.ringIndex(a.Key) - s.ringIndex(b.Key) })
	slices.SortStableFunc(p.Idle, func(a, b plan.Idle) int { return s.ringIndex(a.Key) - s.ringIndex(b.Key) })
	slices.SortStableFunc(p.Withdrawals, func(a, b plan.Withdrawal) int { return s.ringIndex(a.Key) - s.ringIndex(b.Key) })
	slices.SortStableFunc(p.Adoptions, func(a, b plan.Adoption) int { return s.ringIndex(a.Key) - s.ringIndex(b.Key) })
	return p
}

// Lines are those of a plan, in the order of the rings.
func (s *Engine) Lines(p plan.Plan) []VisualLine {
	all := VisualLines(p)
	slices.SortStableFunc(all, func(a, b VisualLine) int { return s.ringIndex(a.Key) - s.ringIndex(b.Key) })
	return all
}

// openStores opens every store of the settings.
func (s *Engine) openStores(ctx context.Context) error {
	s.Stores = map[string]store.Store{}
	for _, c := range s.Settings.Stores {
		target, err := s.openStore(ctx, c)
		if err != nil {
			return err
		}
		s.Stores[c.Name] = target
	}
	return nil
}

// HomeStore is the store that lists and the activity log tell of: the tenant's own,
// or the only one.
func (s *Engine) HomeStore() string {
	if name := s.Settings.Home(); name != "" {
		return name
	}
	if len(s.Settings.Stores) == 1 {
		return s.Settings.Stores[0].Name
	}
	return ""
}

// addRings fills in what an observer must know of stores that are not the only one.
func (s *Engine) addRings(o *observe.Observer) {
	o.Rings, o.Tenants = map[store.Key]plan.Ring{}, map[string]string{}
	for _, t := range s.Settings.Stores {
		if t.Tenant != s.Settings.Tenant {
			o.Tenants[t.Name] = t.Tenant
		}
	}
	for _, v := range s.Settings.Visuals {
		for _, name := range s.Settings.RingsOf(v) {
			k := store.Key{Store: name, GUID: v.GUID}
			if r, later := s.ringBefore(v, k); later {
				o.Rings[k] = r
			}
		}
	}
}

// ringBefore names the store that a visual goes through before another.
func (s *Engine) ringBefore(v config.Visual, k store.Key) (plan.Ring, bool) {
	name, later := s.Settings.Before(v, k.Store)
	return plan.Ring{Before: store.Key{Store: name, GUID: v.GUID}, Soak: v.Promote, CheckedAfter: s.Settings.CheckedAfter(v)}, later
}

// ringsOf says what ran in the store before that of a step.
func (s *Engine) ringsOf(v config.Visual, k store.Key, at moment.Moment) map[store.Key]plan.Ring {
	r, later := s.ringBefore(v, k)
	if !later {
		return nil
	}
	return map[store.Key]plan.Ring{k: observe.Ring(s.Journal.Book(), r, at).Despite(s.drifts[r.Before])}
}

// VisualOf names a visual in a store for other programs.
func VisualOf(k store.Key, name string) Visual {
	return Visual{GUID: k.GUID.String(), Name: name, Store: k.Store}
}

// WhereText says for people where changes are made, or laid out as tasks.
func (s *Engine) WhereText(steps []plan.Step) string {
	var parts []string
	for _, t := range s.Settings.Stores {
		n := 0
		for _, step := range steps {
			if step.Key.Store == t.Name {
				n++
			}
		}
		switch {
		case n == 0:
		case t.Driver == config.HandoffDriver:
			parts = append(parts, fmt.Sprintf("lay out %s for a person in %s", Count(n, "task"), t.Path))
		default:
			parts = append(parts, fmt.Sprintf("make %s in the store %s", Count(n, "change"), t.Path))
		}
	}
	return strings.Join(parts, " and ")
}
