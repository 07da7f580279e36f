package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/vendor"
	"github.com/orgstore/orgstore/packages/license"
)

func newVendor(g *globals) *cobra.Command {
	return group("vendor", "For vendors: make keys, license statements and what follows them",
		`For vendors: make keys, license statements and what follows them.

A vendor makes keys once, gives the trust bundle to customers, and issues one
statement for each customer and renewal. What must end before its day is revoked
by a status list; when keys change, customers get the next trust bundle. Nothing
here needs settings or a network.`,
		newKeygen(g), newIssue(g), newRevoke(g), newRotate(g))
}

// vendorPorts is how a vendor's work reaches the world outside.
func (g *globals) vendorPorts() vendor.Ports { return vendor.Ports{Disk: g.Disk, Now: g.Now} }

type keygenOptions struct {
	*globals
	vendor.KeysRequest
}

func newKeygen(g *globals) *cobra.Command {
	o := &keygenOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Make the keys of a vendor and the trust bundle for customers",
		Long: `Make the keys of a vendor and the trust bundle for customers.

Writes four files: NAME.key signs statements, NAME-status.key signs lists of what
was revoked and nothing else, NAME-root.key signs trust bundles and belongs in a
safe, NAME.trust is what customers get. Tell customers the fingerprint by another
way than you send the bundle. Existing files are never overwritten.`,
		Example: `  orgstore vendor keygen --name aurora --issuer https://licenses.auroravisuals.example \
      --guid auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --out keys`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) { return o.run() }),
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "a short `NAME` for keys and files: letters, digits, - (required)")
	f.StringVar(&o.Issuer, "issuer", "", "the `URL` that names the vendor in statements (required)")
	f.StringSliceVar(&o.Visuals, "guid", nil, "a `VISUAL` of the vendor; repeatable (required)")
	f.StringVar(&o.Algorithm, "algorithm", string(license.Ed25519), "`Ed25519`, or ES256 for key vaults that know no other")
	f.IntVar(&o.Years, "years", 3, "for how many `YEARS` the bundle holds")
	f.StringVar(&o.Folder, "out", ".", "the `FOLDER` to write to")
	dryRunFlags(cmd, &o.DryRun)
	return cmd
}

func (o *keygenOptions) run() (answer, error) {
	keys, err := o.vendorPorts().GenerateKeys(o.KeysRequest)
	if keys == (vendor.Keys{}) {
		return answer{}, err
	}
	a := answer{data: keys, view: keygenView(keys)}
	if o.DryRun {
		a.message = "nothing was written: this was a dry run"
	}
	return a, err
}

func keygenView(keys vendor.Keys) output.View {
	return facts(
		[2]string{"license key", keys.Key + " (signs statements; keep it secret)"},
		[2]string{"status key", keys.StatusKey + " (signs lists of what was revoked; keep it secret)"},
		[2]string{"root key", keys.RootKey + " (signs trust bundles; keep it in a safe)"},
		[2]string{"trust bundle", keys.Bundle + " (for customers)"},
		[2]string{"fingerprint", keys.Fingerprint},
	)
}
