package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
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
	vendor, err := o.vendor(args[0])
	if err != nil {
		return answer{}, err
	}
	if _, err := o.settings(); err != nil { // before a person is asked anything
		return answer{}, err
	}
	bundle, err := o.readBundle(args[0])
	if err != nil {
		return answer{}, err
	}
	if err := speaksFor(bundle, args[0], vendor.GUIDs); err != nil {
		return answer{}, err
	}
	vendor.Fingerprint = bundle.Fingerprint()
	if o.fingerprint != "" && o.fingerprint != vendor.Fingerprint {
		return answer{}, fault.New("trust.fingerprint", "do not use this file; ask the vendor for the right one",
			"the fingerprint of %s is %s, not %s", args[0], vendor.Fingerprint, o.fingerprint)
	}
	vendor.Bundle = o.besideSettings(vendor.Bundle)
	add := func(text []byte) ([]byte, error) { return config.AddVendor(text, vendor) }
	if err := o.edit(true, add); err != nil {
		return answer{}, err
	}
	data := []engine.TrustedVendor{engine.TrustedVendorOf(vendor, bundle, o.Now())}
	a := answer{data: data, view: trustView(data), message: vendor.Name + " is believed about " + engine.Count(len(vendor.GUIDs), "visual")}
	if o.dryRun {
		a.message = vendor.Name + " would be believed about " + engine.Count(len(vendor.GUIDs), "visual")
		return a, nil
	}
	if o.fingerprint == "" {
		question := fmt.Sprintf("believe %s, whose fingerprint is\n  %s\n(compare it with the vendor by another way than the file came),\nabout %s",
			vendor.Name, vendor.Fingerprint, engine.Count(len(vendor.GUIDs), "visual"))
		if err := o.confirm(ctx, o.globals, nil, question); err != nil {
			return answer{}, err
		}
	}
	return a, o.edit(false, add)
}

// readBundle reads a trust bundle that a person named.
func (o *trustOptions) readBundle(file string) (license.Bundle, error) {
	text, err := o.Read(file, engine.MaxBundle)
	if err != nil {
		return license.Bundle{}, err
	}
	bundle, err := license.ParseBundle(text)
	if err != nil {
		return bundle, fmt.Errorf("cannot read the trust bundle %s: %w", file, err)
	}
	return bundle, nil
}

// speaksFor refuses to trust a bundle about a visual that it does not name:
// none of its licenses would be believed, and nobody would see why.
func speaksFor(b license.Bundle, file string, guids []visual.GUID) error {
	var named []visual.GUID
	for _, i := range b.Issuers() {
		if len(i.GUIDs) == 0 { // of all that the settings allow
			return nil
		}
		named = append(named, i.GUIDs...)
	}
	for _, g := range guids {
		if !slices.Contains(named, g) {
			return fault.New("trust.scope", fmt.Sprintf("case counts; it speaks for %s", joined(named)),
				"the bundle %s does not speak for %s", file, g)
		}
	}
	return nil
}

func joined(guids []visual.GUID) string {
	texts := make([]string, len(guids))
	for i, g := range guids {
		texts[i] = g.String()
	}
	return strings.Join(texts, ", ")
}

// vendor reads the flags.
func (o *trustOptions) vendor(file string) (config.Vendor, error) {
	v := config.Vendor{Name: strings.TrimSpace(o.name), Enforced: license.Enforced(o.enforced)}
	if v.Name == "" || len(o.guids) == 0 {
		return v, fault.Usage("give --name and at least one --guid", "a vendor needs a name and the visuals it may speak for")
	}
	if v.Enforced != license.ByPackage && v.Enforced != license.ByStatement {
		return v, fault.Usage("say package, unless the vendor told you that the visual asks only the statement", "--enforced is package or statement, not %q", o.enforced)
	}
	for _, text := range o.guids {
		g, err := visual.ParseName(text)
		if err != nil {
			return v, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		v.GUIDs = append(v.GUIDs, g)
	}
	var err error
	v.Bundle, err = filepath.Abs(file)
	return v, err
}

// besideSettings writes a path as the settings should: relative to their folder where
// it lies inside.
func (g *globals) besideSettings(path string) string {
	settings, err := filepath.Abs(g.settingsFile)
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(filepath.Dir(settings), path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return filepath.ToSlash(rel)
}

func newTrustList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the vendors whose licenses are believed",
		Long: `List the vendors whose licenses are believed.

STATE is ok; expired; changed, where the bundle is not the one whose fingerprint
the settings pin; unreadable; or unsafe, where everybody could change the file.
With the last three nothing new of that vendor is put, what is installed stays,
and this command exits with 10. STATUS LIST is the newest list of what the vendor
revoked, where one was taken in.`,
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
