package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/packages/license"
)

func newTrust(g *globals) *cobra.Command {
	return group("trust", "Say whose licenses are believed", `Say whose licenses are believed.

A license is believed if it is signed with a key of a vendor whose trust bundle
the settings pin by its fingerprint, and if it is about a visual for which they
let that vendor speak; or if one of your own people attested it.`, newTrustAdd(g), newTrustUpdate(g), newTrustRemove(g), newTrustList(g), newTrustKeygen(g), newTrustAttester(g))
}

type trustOptions struct {
	*globals
	name        string
	guids       []string
	fingerprint string
	enforced    string
	confirmation
}

func newTrustAdd(g *globals) *cobra.Command {
	o := &trustOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "add BUNDLE",
		Short: "Believe a vendor's licenses for some visuals",
		Long: `Believe a vendor's licenses for some visuals.

Shows the fingerprint of the vendor's trust bundle and asks: compare it with the
vendor by another way than the file came. The settings then pin it, and say for
which visuals the vendor may speak, whatever the bundle itself claims.`,
		Example: `  orgstore trust add aurora.trust --name "Aurora Visuals" --guid auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E
  orgstore trust add aurora.trust --name "Aurora Visuals" --guid auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E \
      --fingerprint sha256:16baf3fa7b0bad16a30278f520994fcde63db99286c0046cbbbcfff6b65c334b   # compared, not asked`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.name, "name", "", "the vendor's `NAME` in the settings (required)")
	cmd.Flags().StringSliceVar(&o.guids, "guid", nil, "a `VISUAL` the vendor may speak for; repeatable (required)")
	cmd.Flags().StringVar(&o.fingerprint, "fingerprint", "", "the `FINGERPRINT` the vendor told you; refuses any other and does not ask")
	cmd.Flags().StringVar(&o.enforced, "enforced", string(license.ByPackage), "whose end the visual itself obeys: `package` or statement")
	o.confirmation.flags(cmd, "believe the bundle without asking")
	return cmd
}

func (o *trustOptions) run(ctx context.Context, args []string) (answer, error) {
	guids, err := named(o.guids)
	if err != nil {
		return answer{}, err
	}
	r := engine.AddTrustRequest{Name: o.name, File: args[0], Visuals: guids, Enforced: license.Enforced(o.enforced), Fingerprint: o.fingerprint, DryRun: o.dryRun}
	out, err := askShowing(ctx, o.globals, o.confirmation, nil, func(c engine.Consent) (engine.AddTrustResult, *engine.Question, error) {
		r.Consent = c
		out, err := carryOut(ctx, o.globals, operation.AddTrust, r)
		return out.Result, out.Result.Question, err
	})
	if err != nil {
		return answer{}, err
	}
	return answer{data: out.Vendors, view: trustView(out.Vendors), message: out.Message}, nil
}

func newTrustList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the vendors whose licenses are believed",
		Long: `List the vendors whose licenses are believed.

STATE is ok; expired; older, where a newer bundle was in force already; changed,
where it is not the one whose fingerprint the settings pin; unreadable; or unsafe,
where everybody could change the file. With the last four nothing new of that vendor
is put, what is installed stays, and this command exits with 10. STATUS LIST is the
newest list of what the vendor revoked, where one was taken in.`,
		Example: "  orgstore trust list\n  orgstore trust list -o json",
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(ctx context.Context, _ []string) (answer, error) { return listTrust(ctx, g) }),
	}
}

func listTrust(ctx context.Context, g *globals) (answer, error) {
	out, err := carryOut(ctx, g, operation.TrustList, engine.TrustListRequest{})
	r := out.Result
	if err != nil && r.Vendors == nil {
		return answer{}, err
	}
	return answer{data: r.Vendors, view: trustView(r.Vendors), message: r.Message}, err
}

func trustView(vendors []engine.TrustedVendor) output.View {
	view := output.View{Columns: []string{"VENDOR", "VISUALS", "BUNDLE", "FINGERPRINT", "EXPIRES", "STATUS LIST", "STATE"}}
	for _, v := range vendors {
		view.Rows = append(view.Rows, []string{v.Name, strings.Join(v.GUIDs, ", "), v.Bundle, v.Fingerprint, orDash(dayOf(v.Expires)), listLines(v.StatusLists), v.State})
	}
	return view
}
