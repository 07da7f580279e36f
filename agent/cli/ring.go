package cli

import (
	"github.com/spf13/cobra"
)

// inStore is the flag that names one of several stores.
type inStore struct{ name string }

func (f *inStore) flag(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&f.name, "store", "", what+", by its `NAME` in the settings")
}
