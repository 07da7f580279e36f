package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

func (e *Engine) storeNames() []string {
	var names []string
	for _, t := range e.Settings.Stores {
		names = append(names, t.Name)
	}
	return names
}

// storesOf lists the stores that a visual goes through; all where it is not
// pinned.
func (e *Engine) storesOf(g visual.GUID) []string {
	if v, ok := e.Settings.Visual(g); ok {
		return e.Settings.RingsOf(v)
	}
	return e.storeNames()
}

// ringIndex says how far in the order of the rings a store comes.
func (e *Engine) ringIndex(k store.Key) int {
	return slices.Index(e.storeNames(), k.Store)
}

// sortByRing puts a plan into the order in which releases go through stores: the pilot
// comes first. What it says of one key stays in its order.
func (e *Engine) sortByRing(p plan.Plan) plan.Plan {
	slices.SortStableFunc(p.Steps, func(a, b plan.Step) int { return e.ringIndex(a.Key) - e.ringIndex(b.Key) })
	slices.SortStableFunc(p.Idle, func(a, b plan.Idle) int { return e.ringIndex(a.Key) - e.ringIndex(b.Key) })
	slices.SortStableFunc(p.Withdrawals, func(a, b plan.Withdrawal) int { return e.ringIndex(a.Key) - e.ringIndex(b.Key) })
	slices.SortStableFunc(p.Adoptions, func(a, b plan.Adoption) int { return e.ringIndex(a.Key) - e.ringIndex(b.Key) })
	return p
}

// Lines are those of a plan, in the order of the rings.
func (e *Engine) Lines(p plan.Plan) []VisualLine {
	all := visualLines(p)
	slices.SortStableFunc(all, func(a, b VisualLine) int { return e.ringIndex(a.Key) - e.ringIndex(b.Key) })
	return all
}

// openStores opens every store of the settings.
func (e *Engine) openStores() {
	e.Stores = map[string]store.Store{}
	for _, c := range e.Settings.Stores {
		target, err := e.openStore(c)
		if err != nil { // it concerns this store alone
			target = newUnopenedStore(c, err)
		}
		e.Stores[c.Name] = target
	}
}

// homeStore is the store that lists and the activity log tell of: the tenant's own,
// or the only one.
func (e *Engine) homeStore() string {
	if name := e.Settings.Home(); name != "" {
		return name
	}
	if len(e.Settings.Stores) == 1 {
		return e.Settings.Stores[0].Name
	}
	return ""
}

// addRings fills in what an observer must know of stores that are not the only one.
func (e *Engine) addRings(o *observe.Observer) {
	o.Rings, o.Tenants = map[store.Key]plan.Ring{}, map[string]string{}
	for _, t := range e.Settings.Stores {
		if t.Tenant != e.Settings.Tenant {
			o.Tenants[t.Name] = t.Tenant
		}
	}
	for _, v := range e.Settings.Visuals {
		for _, name := range e.Settings.RingsOf(v) {
			k := store.Key{Store: name, GUID: v.GUID}
			if r, later := e.ringBefore(v, k); later {
				o.Rings[k] = r
			}
		}
	}
}

// ringBefore names the store that a visual goes through before another.
func (e *Engine) ringBefore(v config.Visual, k store.Key) (plan.Ring, bool) {
	name, later := e.Settings.Before(v, k.Store)
	return plan.Ring{Before: store.Key{Store: name, GUID: v.GUID}, Soak: v.Promote, CheckedAfter: e.Settings.CheckedAfter(v)}, later
}

// ringsOf says what ran in the store before that of a step.
func (e *Engine) ringsOf(v config.Visual, k store.Key, at moment.Moment) map[store.Key]plan.Ring {
	r, later := e.ringBefore(v, k)
	if !later {
		return nil
	}
	ring := observe.Ring(e.Journal.Book(), r, at).Despite(e.drifts[r.Before])
	if _, isUnread := e.unread[r.Before.Store]; isUnread {
		ring = ring.Unreadable()
	}
	return map[store.Key]plan.Ring{k: ring}
}

// visualOf names a visual in a store for other programs.
func visualOf(k store.Key, name string) Visual {
	return Visual{GUID: k.GUID.String(), Name: name, Store: k.Store}
}

// whereText says for people where changes are made, or laid out as tasks.
func (e *Engine) whereText(steps []plan.Step) string {
	var parts []string
	for _, t := range e.Settings.Stores {
		n := 0
		for _, step := range steps {
			if step.Key.Store == t.Name {
				n++
			}
		}
		switch {
		case n == 0:
		case !e.Stores[t.Name].Traits().Unattended:
			parts = append(parts, fmt.Sprintf("lay out %s for a person in %s", Count(n, "task"), t.Path))
		default:
			parts = append(parts, fmt.Sprintf("make %s in the store %s", Count(n, "change"), t.Path))
		}
	}
	return strings.Join(parts, " and ")
}

// checkStore refuses a store that the settings do not name; an empty name means all.
func (e *Engine) checkStore(name string) error {
	if _, ok := e.Settings.StoreNamed(name); ok || name == "" {
		return nil
	}
	return fault.Usage("the settings name "+strings.Join(e.storeNames(), ", "), "--store: there is no store %q", name)
}

// storeKey finds the store that a request about one visual means: the one named, or
// the only one there is of those that it may mean. Which of several is never
// guessed.
func (e *Engine) storeKey(name string, g visual.GUID, means func(store.Key) bool) (store.Key, error) {
	if err := e.checkStore(name); err != nil {
		return store.Key{}, err
	}
	if name != "" {
		return store.Key{Store: name, GUID: g}, nil
	}
	var keys []store.Key
	for _, name := range e.storesOf(g) {
		keys = append(keys, store.Key{Store: name, GUID: g})
	}
	if meant := slices.DeleteFunc(slices.Clone(keys), func(k store.Key) bool { return means != nil && !means(k) }); len(meant) == 1 {
		return meant[0], nil
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	return store.Key{}, fault.Usage("say which with --store: "+strings.Join(e.storesOf(g), ", "), "%s goes through several stores", g)
}

// storeKeyOrAll is the key of a word about a visual in every store, or in the one
// named.
func (e *Engine) storeKeyOrAll(name string, g visual.GUID) (store.Key, error) {
	if err := e.checkStore(name); err != nil {
		return store.Key{}, err
	}
	if name == "" && len(e.Settings.Stores) == 1 {
		return store.Key{Store: e.Settings.Stores[0].Name, GUID: g}, nil
	}
	return store.Key{Store: name, GUID: g}, nil
}
