package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

func newTrust(g *globals) *cobra.Command {
	return group("trust", "Say whose licenses are believed", "", newTrustAdd(g), newTrustList(g))
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
  orgstore trust add aurora.trust --name "Aurora Visuals" --guid ... --fingerprint sha256:...   # compared, not asked`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.name, "name", "", "the vendor's `NAME` in the settings (required)")
	cmd.Flags().StringSliceVar(&o.guids, "guid", nil, "a `VISUAL` the vendor may speak for; repeatable (required)")
	cmd.Flags().StringVar(&o.fingerprint, "fingerprint", "", "the `FINGERPRINT` the vendor told you; refuses any other and does not ask")
	cmd.Flags().StringVar(&o.enforced, "enforced", string(license.ByPackage), "what the visual itself obeys: package, or statement")
	o.confirmation.flags(cmd, "believe the bundle without asking")
	return cmd
}

func (o *trustOptions) run(_ context.Context, args []string) (answer, error) {
	vendor, err := o.vendor(args[0])
	if err != nil {
		return answer{}, err
	}
	bundle, err := o.bundle(vendor.Bundle)
	if err != nil {
		return answer{}, fmt.Errorf("cannot read the trust bundle %s: %w", args[0], err)
	}
	vendor.Fingerprint = bundle.Fingerprint()
	if o.fingerprint != "" && o.fingerprint != vendor.Fingerprint {
		return answer{}, problem(exitLicense, "trust.fingerprint", "do not use this file; ask the vendor for the right one",
			"the fingerprint of %s is %s, not %s", args[0], vendor.Fingerprint, o.fingerprint)
	}
	if o.fingerprint == "" && !o.dryRun {
		question := fmt.Sprintf("believe %s, whose fingerprint is\n  %s\n(compare it with the vendor by another way than the file came),\nabout %s",
			vendor.Name, vendor.Fingerprint, plural(len(vendor.GUIDs), "visual"))
		if err := o.confirm(o.globals, nil, question); err != nil {
			return answer{}, err
		}
	}
	vendor.Bundle = o.beside(vendor.Bundle)
	err = o.edit(o.dryRun, func(text []byte) ([]byte, error) { return config.AddVendor(text, vendor) })
	data := []trustData{trustOf(vendor, bundle)}
	return answer{data: data, view: trustView(data), message: vendor.Name + " is believed about these visuals"}, err
}

// vendor reads the flags.
func (o *trustOptions) vendor(file string) (config.Vendor, error) {
	v := config.Vendor{Name: o.name, Enforced: license.Enforced(o.enforced)}
	if v.Name == "" || len(o.guids) == 0 {
		return v, usage("give --name and at least one --guid", "a vendor needs a name and the visuals it may speak for")
	}
	if v.Enforced != license.ByPackage && v.Enforced != license.ByStatement {
		return v, usage("say package, unless the vendor told you that the visual asks only the statement", "--enforced is package or statement, not %q", o.enforced)
	}
	for _, text := range o.guids {
		g, err := visual.ParseName(text)
		if err != nil {
			return v, usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		v.GUIDs = append(v.GUIDs, g)
	}
	var err error
	v.Bundle, err = filepath.Abs(file)
	return v, err
}

// beside writes a path as the settings should: relative to their folder where
// it lies inside.
func (o *trustOptions) beside(path string) string {
	settings, err := filepath.Abs(o.settingsFile)
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(filepath.Dir(settings), path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return filepath.ToSlash(rel)
}

type trustData struct {
	Name        string   `json:"name"`
	Bundle      string   `json:"bundle"`
	Fingerprint string   `json:"fingerprint"`
	Version     int64    `json:"version"`
	Expires     string   `json:"expires"`
	Enforced    string   `json:"enforced"`
	GUIDs       []string `json:"guids"`
}

func trustOf(v config.Vendor, b license.Bundle) trustData {
	d := trustData{Name: v.Name, Bundle: v.Bundle, Fingerprint: v.Fingerprint, Version: b.Version(), Expires: timestamp(b.Expires()), Enforced: string(v.Enforced)}
	for _, g := range v.GUIDs {
		d.GUIDs = append(d.GUIDs, g.String())
	}
	return d
}

func newTrustList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the vendors whose licenses are believed",
		Example: "  orgstore trust list -o json",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			s, err := g.settings()
			if err != nil {
				return answer{}, err
			}
			data := []trustData{}
			for _, v := range s.Trust.Vendors {
				b, err := g.bundle(v.Bundle)
				if err != nil {
					return answer{}, fmt.Errorf("cannot read the trust bundle of %s: %w", v.Name, err)
				}
				data = append(data, trustOf(v, b))
			}
			a := answer{data: data, view: trustView(data)}
			if len(data) == 0 {
				a.message = "no vendor is believed yet: add one with `orgstore trust add`"
			}
			return a, nil
		}),
	}
}

func trustView(vendors []trustData) output.View {
	view := output.View{Columns: []string{"VENDOR", "VISUALS", "BUNDLE", "FINGERPRINT", "EXPIRES"}}
	for _, v := range vendors {
		view.Rows = append(view.Rows, []string{v.Name, strings.Join(v.GUIDs, ", "), v.Bundle, v.Fingerprint, v.Expires})
	}
	return view
}
