package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/fault"
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
	if _, ok := s.Settings.StoreNamed(f.name); ok || f.name == "" {
		return nil
	}
	return fault.Usage("the settings name "+strings.Join(s.StoreNames(), ", "), "--store: there is no store %q", f.name)
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
	for _, name := range s.StoresOf(g) {
		keys = append(keys, store.Key{Store: name, GUID: g})
	}
	if meant := slices.DeleteFunc(slices.Clone(keys), func(k store.Key) bool { return means != nil && !means(k) }); len(meant) == 1 {
		return meant[0], nil
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	return store.Key{}, fault.Usage("say which with --store: "+strings.Join(s.StoresOf(g), ", "), "%s goes through several stores", g)
}

// all is the key of a word about a visual in every store, or in the one named.
func (f *inStore) all(s *session, g visual.GUID) (store.Key, error) {
	if err := f.known(s); err != nil {
		return store.Key{}, err
	}
	if f.name == "" && len(s.Settings.Stores) == 1 {
		return store.Key{Store: s.Settings.Stores[0].Name, GUID: g}, nil
	}
	return store.Key{Store: f.name, GUID: g}, nil
}

// narrowed leaves of a plan what is about one store.
func (f *inStore) narrowed(p plan.Plan) plan.Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool { return !f.has(s.Key) })
	p.Idle = slices.DeleteFunc(slices.Clone(p.Idle), func(i plan.Idle) bool { return !f.has(i.Key) })
	p.Withdrawals = slices.DeleteFunc(slices.Clone(p.Withdrawals), func(w plan.Withdrawal) bool { return !f.has(w.Key) })
	p.Adoptions = slices.DeleteFunc(slices.Clone(p.Adoptions), func(a plan.Adoption) bool { return !f.has(a.Key) })
	return p
}
