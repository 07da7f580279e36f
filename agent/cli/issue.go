package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/vendor"
	"github.com/orgstore/orgstore/packages/license"
)

type issueOptions struct {
	*globals
	vendor.IssueRequest
}

func newIssue(g *globals) *cobra.Command {
	o := &issueOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "issue PACKAGE...",
		Short: "Sign a license statement for a customer's packages",
		Long: `Sign a license statement for a customer's packages.

One statement covers all packages of one visual that are named. It is written
beside each package as NAME.pbiviz.license, or with --embed into a copy of the
package in --out, under the same name. At a renewal keep --subscription, raise
--seq by one and move --ends.`,
		Example: `  orgstore vendor issue gauge.pbiviz --key keys/aurora.key --bundle keys/aurora.trust \
      --tenant 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11 --licensee customer:4711 \
      --subscription sub-88213 --seq 1 --kind user --quantity 250 --ends 2027-11-20`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(_ context.Context, args []string) (answer, error) { return o.run(args) }),
	}
	o.flags(cmd)
	return cmd
}

func (o *issueOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.Key, "key", "", "the license key `FILE` (required)")
	f.StringVar(&o.Bundle, "bundle", "", "the trust bundle `FILE` that names the key (required)")
	f.StringSliceVar(&o.Tenants, "tenant", nil, "the customer's tenant `ID`; repeatable (required)")
	f.StringVar(&o.Licensee, "licensee", "customer", "your own `NUMBER` for the customer; no person's name")
	f.StringVar(&o.Subscription, "subscription", "", "the subscription's `ID`, the same over all renewals (required)")
	f.Int64Var(&o.Sequence, "seq", 1, "`NUMBER` 1 for the first statement, one more at each renewal")
	f.StringVar(&o.Previous, "previous", "", "the `ID` of the statement this one replaces")
	f.StringVar(&o.Kind, "kind", string(license.User), "`user`, capacity or site")
	f.Int64Var(&o.Quantity, "quantity", 0, "how many users, as a `NUMBER`, for --kind user")
	f.StringSliceVar(&o.SKUs, "sku", nil, "a capacity `SKU`, for --kind capacity; repeatable")
	f.StringSliceVar(&o.Sites, "site", nil, "a `HOST`, for --kind site; repeatable")
	f.StringVar(&o.Begins, "begins", "", "the first `DAY` on which it is valid, as 2026-11-20 (UTC); without it today")
	f.StringVar(&o.Ends, "ends", "", "the next payment `DAY`, as 2027-11-20; valid before it (required)")
	f.BoolVar(&o.Trial, "trial", false, "a trial license")
	f.BoolVar(&o.Embed, "embed", false, "write the statement into a copy of each package")
	f.StringVar(&o.Folder, "out", "", "the `FOLDER` to write to; without it beside each package")
	f.BoolVar(&o.Force, "force", false, "overwrite statements that exist")
	dryRunFlags(cmd, &o.DryRun)
}

func (o *issueOptions) run(args []string) (answer, error) {
	o.Packages = o.Matching(args)
	issued, err := o.vendorPorts().IssueStatements(o.IssueRequest)
	if issued == nil {
		return answer{}, err
	}
	a := answer{data: issued, view: output.View{Columns: []string{"FILE", "VISUAL", "VERSION", "SUBSCRIPTION", "SEQUENCE", "BEGINS", "ENDS"}}}
	for _, i := range issued {
		a.view.Rows = append(a.view.Rows, []string{i.File, i.Visual, i.Version, i.Subscription, fmt.Sprint(i.Sequence), dayOf(i.Begins), dayOf(i.Ends)})
	}
	if o.DryRun {
		a.message = "nothing was written: this was a dry run"
	}
	return a, err
}
