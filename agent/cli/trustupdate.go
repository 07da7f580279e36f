package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
)

type trustUpdateOptions struct {
	*globals
	name, reason string
	allowOlder   bool
	confirmation
}

func newTrustUpdate(g *globals) *cobra.Command {
	o := &trustUpdateOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "update BUNDLE",
		Short: "Take a vendor's next trust bundle in place of the one in force",
		Long: `Take a vendor's next trust bundle in place of the one in force.

The new bundle is the next version, signed by the root keys of both: nothing has
to be compared with the vendor. Shows what changes (keys added, retired or
compromised, visuals narrowed) and what could not be put any more, and asks. The
bundle is written beside the old one under a name of its own, and the settings
then name it: interrupted at any moment, one of the two is in force, and the same
command goes on.

A bundle that is older than one that was in force is refused: it may trust a key that
was stolen since. --allow-older takes it nevertheless, also where the settings name it
already; the reason stays in the history.`,
		Example: `  orgstore trust update mail/aurora.trust
  orgstore trust update mail/aurora.trust --dry-run`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return o.run(ctx, args[0]) }),
	}
	cmd.Flags().StringVar(&o.name, "name", "", "the vendor's `NAME` in the settings, where the bundle does not tell whose it is")
	cmd.Flags().BoolVar(&o.allowOlder, "allow-older", false, "take a bundle that is older than one that was in force")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why an older one; stays in the history (--all)")
	o.confirmation.flags(cmd, "take the bundle without asking")
	return cmd
}

func (o *trustUpdateOptions) run(ctx context.Context, file string) (answer, error) {
	r := engine.UpdateTrustRequest{File: file, Vendor: o.name, AllowOlder: o.allowOlder, Reason: o.reason, DryRun: o.dryRun}
	out, err := askShowing(ctx, o.globals, o.confirmation,
		func(out engine.UpdateTrustResult, _ engine.Question) error { return o.show(trustUpdateAnswer(out)) },
		func(c engine.Consent) (engine.UpdateTrustResult, *engine.Question, error) {
			r.Consent = c
			out, err := carryOut(ctx, o.globals, operation.UpdateTrust, r)
			return out.Result, out.Result.Question, err
		})
	if out.Question != nil || out.Update.Changes == nil { // it did not come that far
		return answer{}, err
	}
	return trustUpdateAnswer(out), err
}

func trustUpdateAnswer(r engine.UpdateTrustResult) answer {
	return answer{data: r.Update, view: trustChangeView(r.Update.Changes, r.Update.Lost), message: r.Message}
}
