package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/vendor"
)

type revokeOptions struct {
	*globals
	vendor.RevokeRequest
}

func newRevoke(g *globals) *cobra.Command {
	o := &revokeOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "Sign the list of what was revoked before its end",
		Long: `Sign the list of what was revoked before its end, for all customers.

Each list takes the place of the one before, so it holds everything that is still
revoked: --previous takes over the last list, with its number and one more. The
first list, and one that revokes nothing, are as good. Customers are warned once
the day of --next is over and no newer list has come.

The list is written as NAME-status-NUMBER.license, NAME being the bundle's;
customers put it into their inbox as any other license. What is revoked is never
installed again, and stays where it is installed: nobody's report goes dark.`,
		Example: `  orgstore vendor revoke --key keys/aurora-status.key --bundle keys/aurora.trust --next 2027-02-20 --out lists
  orgstore vendor revoke --key keys/aurora-status.key --bundle keys/aurora.trust --next 2027-05-20 --out lists \
      --previous lists/aurora-status-1.license --subscription sub-88213`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) { return o.run() }),
	}
	f := cmd.Flags()
	f.StringVar(&o.Key, "key", "", "the status key `FILE` (required)")
	f.StringVar(&o.Bundle, "bundle", "", "the trust bundle `FILE` that names the key (required)")
	f.StringSliceVar(&o.Statements, "statement", nil, "the `ID` of a statement to revoke; repeatable")
	f.StringSliceVar(&o.Subscriptions, "subscription", nil, "the `ID` of a subscription to revoke, with all its statements; repeatable")
	f.StringVar(&o.Previous, "previous", "", "the last list's `FILE`: what it revoked stays revoked")
	f.Int64Var(&o.Sequence, "seq", 0, "the list's `NUMBER`; without it 1, or one more than --previous")
	f.StringVar(&o.Next, "next", "", "the `DAY` by which the next list comes, as 2027-02-20 (required)")
	f.StringVar(&o.Folder, "out", ".", "the `FOLDER` to write to")
	dryRunFlags(cmd, &o.DryRun)
	return cmd
}

func (o *revokeOptions) run() (answer, error) {
	list, err := o.vendorPorts().Revoke(o.RevokeRequest)
	if list.File == "" {
		return answer{}, err
	}
	a := answer{data: list, view: revokedView(list)}
	if o.DryRun {
		a.message = "nothing was written: this was a dry run"
	}
	return a, err
}

func revokedView(l vendor.StatusList) output.View {
	return facts(
		[2]string{"status list", l.File + " (for all customers)"},
		[2]string{"issuer", l.Issuer},
		[2]string{"number", fmt.Sprint(l.Sequence)},
		[2]string{"next by", dayOf(l.Next)},
		[2]string{"statements", strings.Join(l.Statements, ", ")},
		[2]string{"subscriptions", strings.Join(l.Subscriptions, ", ")},
	)
}
