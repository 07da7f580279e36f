package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
)

type trustRemoveOptions struct {
	*globals
	confirmation
}

func newTrustRemove(g *globals) *cobra.Command {
	o := &trustRemoveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "remove VENDOR|ATTESTER",
		Short: "Believe a vendor, or one of your own people, no more",
		Long: `Believe a vendor, or one of your own people, no more.

Names a vendor, a person, or one key of a person. Shows what could not be put any
more, and asks. What is installed stays, and so do the files: only the settings
change. A rollback to what they alone licensed is not possible any more either.`,
		Example: `  orgstore trust remove "Aurora Visuals" --dry-run
  orgstore trust remove "Ada Lovelace"
  orgstore trust remove ada-lovelace-0fb4c3   # this key alone`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return o.run(ctx, args[0]) }),
	}
	o.confirmation.flags(cmd, "remove without asking")
	return cmd
}

func (o *trustRemoveOptions) run(ctx context.Context, name string) (answer, error) {
	r := engine.RemoveTrustRequest{Name: name, DryRun: o.dryRun}
	out, err := askShowing(ctx, o.globals, o.confirmation,
		func(out engine.RemoveTrustResult, _ engine.Question) error { return o.show(trustRemovalAnswer(out)) },
		func(c engine.Consent) (engine.RemoveTrustResult, *engine.Question, error) {
			r.Consent = c
			out, err := carryOut(ctx, o.globals, operation.RemoveTrust, r)
			return out.Result, out.Result.Question, err
		})
	if out.Question != nil || out.Removal.Lost == nil { // it did not come that far
		return answer{}, err
	}
	return trustRemovalAnswer(out), err
}

func trustRemovalAnswer(r engine.RemoveTrustResult) answer {
	return answer{data: r.Removal, view: trustChangeView(nil, r.Removal.Lost), message: r.Message}
}
