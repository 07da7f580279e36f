package cli

import (
	"context"
	"fmt"
	"github.com/orgstore/orgstore/agent/fault"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// inStore is the flag that names one of several stores.
type inStore struct{ name string }

func (f *inStore) flag(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&f.name, "store", "", what+", by its `NAME` in the settings")
}

// only narrows what a command is about; false where it is about another store.
func (f *inStore) has(k store.Key) bool { return f.name == "" || k.Store == f.name || k.Store == "" }

// known refuses a store that the settings do not name.
func (f *inStore) known(s *session) error {
	if _, ok := s.settings.StoreNamed(f.name); ok || f.name == "" {
		return nil
	}
	return fault.Usage("the settings name "+strings.Join(s.storeNames(), ", "), "--store: there is no store %q", f.name)
}

// key finds the store that a command about one visual means: the one named, or
// the only one there is. Which of several is never guessed.
func (f *inStore) key(s *session, g visual.GUID, means func(store.Key) bool) (store.Key, error) {
	if err := f.known(s); err != nil {
		return store.Key{}, err
	}
	if f.name != "" {
		return store.Key{Store: f.name, GUID: g}, nil
	}
	var keys []store.Key
	for _, name := range s.storesOf(g) {
		keys = append(keys, store.Key{Store: name, GUID: g})
	}
	if meant := slices.DeleteFunc(slices.Clone(keys), func(k store.Key) bool { return means != nil && !means(k) }); len(meant) == 1 {
		return meant[0], nil
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	return store.Key{}, fault.Usage("say which with --store: "+strings.Join(s.storesOf(g), ", "), "%s goes through several stores", g)
}

// all is the key of a word about a visual in every store, or in the one named.
func (f *inStore) all(s *session, g visual.GUID) (store.Key, error) {
	if err := f.known(s); err != nil {
		return store.Key{}, err
	}
	if f.name == "" && len(s.settings.Stores) == 1 {
		return store.Key{Store: s.settings.Stores[0].Name, GUID: g}, nil
	}
	return store.Key{Store: f.name, GUID: g}, nil
}

func (s *session) storeNames() []string {
	var names []string
	for _, t := range s.settings.Stores {
		names = append(names, t.Name)
	}
	return names
}

// storesOf lists the stores that a visual goes through; all where it is not
// pinned.
func (s *session) storesOf(g visual.GUID) []string {
	if v, ok := s.settings.Visual(g); ok {
		return s.settings.RingsOf(v)
	}
	return s.storeNames()
}

// narrowed leaves of a plan what is about one store.
func (f *inStore) narrowed(p plan.Plan) plan.Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool { return !f.has(s.Key) })
	p.Idle = slices.DeleteFunc(slices.Clone(p.Idle), func(i plan.Idle) bool { return !f.has(i.Key) })
	p.Withdrawals = slices.DeleteFunc(slices.Clone(p.Withdrawals), func(w plan.Withdrawal) bool { return !f.has(w.Key) })
	p.Adoptions = slices.DeleteFunc(slices.Clone(p.Adoptions), func(a plan.Adoption) bool { return !f.has(a.Key) })
	return p
}

// ring says how far in the order of the rings a store comes.
func (s *session) ring(k store.Key) int {
	return slices.Index(s.storeNames(), k.Store)
}

// inRings puts a plan into the order in which releases go through stores: the pilot
// comes first. What it says of one key stays in its order.
func (s *session) inRings(p plan.Plan) plan.Plan {
	slices.SortStableFunc(p.Steps, func(a, b plan.Step) int { return s.ring(a.Key) - s.ring(b.Key) })
	slices.SortStableFunc(p.Idle, func(a, b plan.Idle) int { return s.ring(a.Key) - s.ring(b.Key) })
	slices.SortStableFunc(p.Withdrawals, func(a, b plan.Withdrawal) int { return s.ring(a.Key) - s.ring(b.Key) })
	slices.SortStableFunc(p.Adoptions, func(a, b plan.Adoption) int { return s.ring(a.Key) - s.ring(b.Key) })
	return p
}

// lines are those of a plan, in the order of the rings.
func (s *session) lines(p plan.Plan) []line {
	all := lines(p)
	slices.SortStableFunc(all, func(a, b line) int { return s.ring(a.key) - s.ring(b.key) })
	return all
}

// openStores opens every store of the settings.
func (s *session) openStores(ctx context.Context) error {
	s.stores = map[string]store.Store{}
	for _, c := range s.settings.Stores {
		target, err := s.target(ctx, c)
		if err != nil {
			return err
		}
		s.stores[c.Name] = target
	}
	return nil
}

// home is the store that lists and the activity log tell of: the tenant's own,
// or the only one.
func (s *session) home() string {
	if name := s.settings.Home(); name != "" {
		return name
	}
	if len(s.settings.Stores) == 1 {
		return s.settings.Stores[0].Name
	}
	return ""
}

// ringed fills in what an observer must know of stores that are not the only one.
func (s *session) ringed(o *observe.Observer) {
	o.Rings, o.Tenants = map[store.Key]plan.Ring{}, map[string]string{}
	for _, t := range s.settings.Stores {
		if t.Tenant != s.settings.Tenant {
			o.Tenants[t.Name] = t.Tenant
		}
	}
	for _, v := range s.settings.Visuals {
		for _, name := range s.settings.RingsOf(v) {
			k := store.Key{Store: name, GUID: v.GUID}
			if r, later := s.before(v, k); later {
				o.Rings[k] = r
			}
		}
	}
}

// before names the store that a visual goes through before another.
func (s *session) before(v config.Visual, k store.Key) (plan.Ring, bool) {
	name, later := s.settings.Before(v, k.Store)
	return plan.Ring{Before: store.Key{Store: name, GUID: v.GUID}, Soak: v.Promote, CheckedAfter: s.settings.CheckedAfter(v)}, later
}

// rings says what ran in the store before that of a step.
func (s *session) rings(v config.Visual, k store.Key, at moment.Moment) map[store.Key]plan.Ring {
	r, later := s.before(v, k)
	if !later {
		return nil
	}
	return map[store.Key]plan.Ring{k: observe.Ring(s.journal.Book(), r, at).Despite(s.drifts[r.Before])}
}

// visualOf names a visual in a store for other programs.
func visualOf(k store.Key, name string) visualData {
	return visualData{GUID: k.GUID.String(), Name: name, Store: k.Store}
}

// whereOf says for people where changes are made, or laid out as tasks.
func (s *session) whereOf(steps []plan.Step) string {
	var parts []string
	for _, t := range s.settings.Stores {
		n := 0
		for _, step := range steps {
			if step.Key.Store == t.Name {
				n++
			}
		}
		switch {
		case n == 0:
		case t.Driver == config.HandoffDriver:
			parts = append(parts, fmt.Sprintf("lay out %s for a person in %s", plural(n, "task"), t.Path))
		default:
			parts = append(parts, fmt.Sprintf("make %s in the store %s", plural(n, "change"), t.Path))
		}
	}
	return strings.Join(parts, " and ")
}
