package cli

import (
	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// inStore is the flag that names one of several stores.
type inStore struct{ name string }

func (f *inStore) flag(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&f.name, "store", "", what+", by its `NAME` in the settings")
}

// only narrows what a command is about; false where it is about another store.
func (f *inStore) has(k store.Key) bool { return f.name == "" || k.Store == f.name || k.Store == "" }

// known refuses a store that the settings do not name.
func (f *inStore) known(s *session) error { return s.CheckStore(f.name) }

// key finds the store that a command about one visual means.
func (f *inStore) key(s *session, g visual.GUID, means func(store.Key) bool) (store.Key, error) {
	return s.StoreKey(f.name, g, means)
}
