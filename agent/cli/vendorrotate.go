package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/vendor"
	"github.com/orgstore/orgstore/packages/license"
)

type rotateOptions struct {
	*globals
	vendor.RotateRequest
}

func newRotate(g *globals) *cobra.Command {
	o := &rotateOptions{globals: g}
	cmd := &cobra.Command{
		Use:     "rotate",
		Aliases: []string{"bundle"},
		Short:   "Make the next trust bundle: new keys, retired and compromised ones",
		Long: `Make the next trust bundle: new keys, retired and compromised ones.

Reads the newest bundle and writes the next version beside it, as NAME-2.trust
after NAME.trust, signed with the root keys of both, so that customers take it
with "orgstore trust update" and compare nothing. Customers take every version in
turn: keep them all, and send those that one lacks. Without a change it moves the
end alone, which is due before a bundle expires.

A retired key's statements of before stay good. Statements that a compromised key
signed from a day on are refused, and those of before wait for a person at the
customer's: make a new key at the same time and issue the statements again.
A new root key takes the place of the first --root. Files are never overwritten.`,
		Example: `  orgstore vendor rotate --bundle keys/aurora.trust --root keys/aurora-root.key --new license --retire aurora-2026
  orgstore vendor rotate --bundle keys/aurora-2.trust --root keys/aurora-root.key \
      --compromised aurora-2027=2027-03-14 --new license --new status
  orgstore vendor rotate --bundle keys/aurora-3.trust --root keys/aurora-root.key --new root`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) { return o.run() }),
	}
	f := cmd.Flags()
	f.StringVar(&o.Bundle, "bundle", "", "the newest trust bundle's `FILE` (required)")
	f.StringSliceVar(&o.Roots, "root", nil, "a root key's `FILE`; repeatable, as many as the bundle asks for (required)")
	f.StringSliceVar(&o.New, "new", nil, "make a new key for a `USE`: license, status or root; repeatable")
	f.StringSliceVar(&o.Retire, "retire", nil, "retire a `KEY` now, or with KEY=2027-03-14 from that day on; repeatable")
	f.StringSliceVar(&o.Compromised, "compromised", nil, "say since when others may have signed, as `KEY`=2027-03-14; repeatable")
	f.StringSliceVar(&o.Visuals, "guid", nil, "one more `VISUAL` of the vendor; repeatable")
	f.StringVar(&o.Issuer, "issuer", "", "the issuer's `URL`, where the bundle has several")
	f.StringVar(&o.Algorithm, "algorithm", string(license.Ed25519), "`Ed25519` or ES256, for new keys")
	f.IntVar(&o.Years, "years", 3, "for how many `YEARS` the next bundle holds")
	f.StringVar(&o.Folder, "out", "", "the `FOLDER` to write to; without it beside the bundle")
	dryRunFlags(cmd, &o.DryRun)
	return cmd
}

type rotatedData struct {
	Bundle      string                `json:"bundle"`
	Version     int64                 `json:"version"`
	Expires     string                `json:"expires"`
	Fingerprint string                `json:"fingerprint"`
	Keys        []string              `json:"keys"` // files of new private keys
	Changes     []engine.BundleChange `json:"changes"`
}

func (o *rotateOptions) run() (answer, error) {
	r, err := o.vendorPorts().Rotate(o.RotateRequest)
	if r.Bundle == "" {
		return answer{}, err
	}
	data := rotatedData{
		Bundle: r.Bundle, Version: r.Next.Version(), Expires: engine.Timestamp(r.Next.Expires()), Fingerprint: r.Next.Fingerprint(),
		Keys: r.Keys, Changes: engine.BundleChanges(r.Before, r.Next, r.Visuals),
	}
	message := rotationAdvice(r)
	if o.DryRun { // other keys would be made
		data.Fingerprint, message = "", "nothing was written: this was a dry run"
	}
	return answer{data: data, view: rotatedView(data), message: message}, err
}

// rotationAdvice says what comes next, and what the bundle leaves without a key.
func rotationAdvice(r vendor.Rotation) string {
	advice := "next, at each customer's: orgstore trust update " + filepath.Base(r.Bundle)
	for _, use := range r.UsesWithoutKey() {
		advice += fmt.Sprintf("\nno key is left that signs for %s: make one with --new %s", use, use)
	}
	return advice
}

func rotatedView(d rotatedData) output.View {
	view := facts(
		[2]string{"trust bundle", d.Bundle + " (for customers)"},
		[2]string{"version", fmt.Sprint(d.Version)},
		[2]string{"fingerprint", d.Fingerprint},
	)
	for _, k := range d.Keys {
		view.Rows = append(view.Rows, []string{"new key", k + " (keep it secret)"})
	}
	for _, c := range d.Changes {
		view.Rows = append(view.Rows, []string{c.Change, c.What})
	}
	return view
}
