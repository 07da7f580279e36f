package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
)

func newDoctor(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check everything orgstore needs, here and in the tenant, and say how to mend it",
		Long: `Check everything orgstore needs, here and in the tenant, and say how to mend it.

Here: settings, data folder, journal, trust bundles, clock, library, store, and
for each installed visual what the store holds of it, where that can be read back,
and a way back. In the tenant, where the settings name a
library there or a way to sign in: the sign-in and each permission, by calls that change
nothing; whether the library can be written, by an upload that is begun and taken
back. STATE is ready, limited (works, with what DETAIL says),
missing, off or unknown. Exits with 0 where nothing is missing, with 4 where
signing in failed, else with 1.`,
		Example: "  orgstore doctor\n  orgstore doctor -o json --query \"[?state=='missing'].fix\"",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) {
			found, err := engine.Doctor(ctx, g.Ports, g.settings, checkAccess)
			requirements := engine.RequirementsOf(found)
			a := answer{data: requirements, view: requirementsView(requirements)}
			if err == nil {
				a.message = "nothing is missing"
			}
			return a, err
		}),
	}
}
