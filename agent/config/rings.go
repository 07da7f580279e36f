package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// OnlyStore is the name of the store of a file that has one, under store.
// Journals hold it: it is never renamed. One of several stores may have it too,
// and then goes on with the history of the one there was before.
const OnlyStore = "store"

// storeForm is what a store may be called: people type it, and journals hold it.
var storeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// stores reads the one store, or several and the order of them. Own is the
// tenant of the file.
func (r *reader) stores(f file, own string) ([]Store, []string) {
	root, one := r.sections[reflect.TypeFor[file]()], f.single()
	switch {
	case root == nil:
		return nil, nil // said already
	case one && r.sections[reflect.TypeFor[storeSection]()] == nil:
		r.addAt(root, `the settings file lacks the key "store"`, "write store, or stores and rings where there are several")
		return nil, nil
	case one:
		s := r.belonging(r.store(OnlyStore, f.Store), f.Store, own)
		if s.Tenant != own {
			r.addAt(f.Store.Tenant.node, "the one store belongs to the tenant of this file", "remove the line; a pilot in another tenant is one of several stores, under stores")
		}
		return []Store{s}, r.rings(f.Rings, []Store{s})
	}
	if at := text(f.Store.Driver); at.given() {
		r.addAt(at.node, "there are store and stores", "keep one of them; a store called store under stores goes on with the history of the one there was")
	}
	var all []Store
	for _, name := range slices.Sorted(maps.Keys(f.Stores)) {
		section := f.Stores[name]
		s := r.belonging(r.store(name, section), section, own)
		if at := text(section.Driver); at.given() && !storeForm.MatchString(name) {
			r.addAt(r.around[at.node], quote(name)+" is not a name for a store", "write at most 40 lower-case letters, digits and hyphens")
		}
		all = append(all, s)
	}
	r.oneEach(f, all)
	rings := r.rings(f.Rings, all)
	if len(f.Rings) == 0 && len(all) > 1 {
		r.addAt(root, `several stores need the key "rings"`, "list them in the order in which releases go through them: rings: [pilot, store]")
	}
	slices.SortStableFunc(all, func(a, b Store) int { return cmp.Compare(place(rings, a.Name), place(rings, b.Name)) })
	return all, rings
}

// single says whether the file has one store, under store.
func (f file) single() bool { return len(f.Stores) == 0 }

// place is where a ring stands in an order; behind all others where it does not.
func place(rings []string, name string) int {
	if i := slices.Index(rings, name); i >= 0 {
		return i
	}
	return len(rings)
}

// belonging reads the tenant that a store belongs to.
func (r *reader) belonging(s Store, f storeSection, own string) Store {
	s.Tenant = own
	if t := text(f.Tenant); t.given() {
		s.Tenant = r.tenant(t)
		if s.Driver == RecordedDriver && s.Tenant != own {
			r.addAt(t.node, "the driver recorded signs in to the tenant of this file and to no other", "use the driver handoff for a store of another tenant")
		}
	}
	return s
}

// oneEach refuses two names for one store: a tenant has one Organizational Store.
func (r *reader) oneEach(f file, all []Store) {
	first := map[string]string{}
	for _, s := range all {
		switch at := text(f.Stores[s.Name].Driver); {
		case s.Driver == FolderDriver || !at.given():
		case first[s.Tenant] != "":
			r.addAt(at.node, fmt.Sprintf("a tenant has one Organizational Store, and here it is %s already", quote(first[s.Tenant])), "a pilot is a folder (for Power BI Desktop), or belongs to a tenant of its own: add its tenant")
		default:
			first[s.Tenant] = s.Name
		}
	}
}

// rings reads the order of stores; of a single one where none is given.
func (r *reader) rings(entries []storeName, stores []Store) []string {
	var names, known []string
	for _, s := range stores {
		known = append(known, s.Name)
	}
	for _, e := range entries {
		t := text(e)
		switch {
		case !t.given():
			continue
		case !slices.Contains(known, t.value):
			hint := "known here: " + strings.Join(known, ", ")
			if near := nearest(t.value, known); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			r.addAt(t.node, quote(t.value)+" is not the name of a store", hint)
		case slices.Contains(names, t.value):
			r.addAt(t.node, quote(t.value)+" is given twice", "a release goes through each store once")
		}
		names = append(names, t.value)
	}
	return names
}

// visualRings reads the rings of one visual.
func (r *reader) visualRings(e visualEntry, s Settings) []string {
	own := r.rings(e.Rings, s.Stores)
	rings := own
	if len(own) == 0 {
		rings = s.Rings
	}
	alone := len(rings) == 1 || len(rings) == 0 && len(s.Stores) == 1
	if t := text(e.Upgrade.Promote); t.given() && alone {
		r.addAt(t.node, "the visual goes through one store, so nothing goes on to a next one", "remove promote, or name several stores under stores and rings")
	}
	return own
}

// RingsOf returns the stores that a visual goes through, in order.
func (s Settings) RingsOf(v Visual) []string {
	switch {
	case len(v.Rings) > 0:
		return v.Rings
	case len(s.Rings) > 0:
		return s.Rings
	}
	return []string{s.Stores[0].Name} // Parse refuses several without an order
}

// Before returns the store that a visual goes through before another; false
// where there is none.
func (s Settings) Before(v Visual, name string) (string, bool) {
	rings := s.RingsOf(v)
	if i := slices.Index(rings, name); i > 0 {
		return rings[i-1], true
	}
	return "", false
}

// StoreNamed returns the store with a name.
func (s Settings) StoreNamed(name string) (Store, bool) {
	i := slices.IndexFunc(s.Stores, func(t Store) bool { return t.Name == name })
	if i < 0 {
		return Store{}, false
	}
	return s.Stores[i], true
}

// Home returns the name of the tenant's own Organizational Store, which its
// activity log and its lists tell of; empty where no store is it.
func (s Settings) Home() string {
	for _, t := range s.Stores {
		if t.Driver != FolderDriver && t.Tenant == s.Tenant {
			return t.Name
		}
	}
	return ""
}
