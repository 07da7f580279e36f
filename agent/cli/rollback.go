package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

type rollbackOptions struct {
	*globals
	to       string
	override string
	reason   string
	confirmation
	inStore
}

func newRollback(g *globals) *cobra.Command {
	o := &rollbackOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "rollback VISUAL",
		Short: "Go back to an earlier version, and stay there",
		Long: `Go back to an earlier version, and stay there.

Without --to it goes back to what was installed before the last change of code;
renewals do not count, and it never goes up. Of the version it goes back to, it
takes the kept package whose license lasts longest; if none is valid any more, it
says which package to request from the vendor. The version that was left is
blocked with all its renewals until you edit the visual's pin or run orgstore
unblock. Going back before the first install (--to 0) turns the visual's access
off: nothing is ever deleted from a store. A second rollback goes further back
still.`,
		Example: `  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --reason "totals are wrong since 1.5"
  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --to 1.4.0.0 --reason "..."
  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --to 2 --reason "..."   # revision 2 of orgstore history`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.to, "to", "", "a `VERSION` (with a dot) or a REVISION (a whole number) of orgstore history; 0 turns access off")
	cmd.Flags().StringVar(&o.override, "override", "", "go through this `GATE` ("+strings.Join(plan.OverridableGates(true), ", ")+"), for the reason given")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; stays in the history (required)")
	o.inStore.flag(cmd, "the store to go back in, where the visual goes through several")
	o.confirmation.flags(cmd, "go back without asking")
	return cmd
}

func (o *rollbackOptions) run(ctx context.Context, args []string) (answer, error) {
	g, err := visual.ParseName(args[0])
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	r := engine.RollbackRequest{Visual: g, Store: o.inStore.name, To: o.to, Override: o.override, Reason: o.reason, DryRun: o.dryRun}
	out, err := applyUntilDone(ctx, o.globals, o.confirmation, func(c engine.Consent) (operation.Outcome[engine.ApplyResult], error) {
		r.Consent = c
		return carryOut(ctx, o.globals, operation.Rollback, r)
	})
	return o.applyAnswer(out), err
}
