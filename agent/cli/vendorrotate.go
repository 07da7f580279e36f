package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

type rotateOptions struct {
	*globals
	bundleFile          string
	roots               []string
	fresh               []string
	retire, compromised []string
	guids               []string
	issuer              string
	algorithm           string
	years               int
	out                 string
	dryRun              bool
}

// rootUse names a new root key in --new, beside the uses of other keys.
const rootUse = "root"

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
	f.StringVar(&o.bundleFile, "bundle", "", "the newest trust bundle's `FILE` (required)")
	f.StringSliceVar(&o.roots, "root", nil, "a root key's `FILE`; repeatable, as many as the bundle asks for (required)")
	f.StringSliceVar(&o.fresh, "new", nil, "make a new key for a `USE`: license, status or root; repeatable")
	f.StringSliceVar(&o.retire, "retire", nil, "retire a `KEY` now, or with KEY=2027-03-14 from that day on; repeatable")
	f.StringSliceVar(&o.compromised, "compromised", nil, "say since when others may have signed, as `KEY`=2027-03-14; repeatable")
	f.StringSliceVar(&o.guids, "guid", nil, "one more `VISUAL` of the vendor; repeatable")
	f.StringVar(&o.issuer, "issuer", "", "the issuer's `URL`, where the bundle has several")
	f.StringVar(&o.algorithm, "algorithm", string(license.Ed25519), "`Ed25519` or ES256, for new keys")
	f.IntVar(&o.years, "years", 3, "for how many `YEARS` the next bundle holds")
	f.StringVar(&o.out, "out", "", "the `FOLDER` to write to; without it beside the bundle")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o *rotateOptions) check() error {
	switch {
	case o.bundleFile == "" || len(o.roots) == 0:
		return fault.Usage("name what `orgstore vendor keygen` wrote, or the last rotate", "the next bundle needs --bundle and --root")
	case o.years < 1 || o.years > 20:
		return fault.Usage("choose 1 to 20", "--years: %d is out of range", o.years)
	}
	for i, use := range o.fresh {
		if !slices.Contains([]string{string(license.UseLicense), string(license.UseStatus), rootUse}, use) {
			return fault.Usage("choose license, status or root", "--new: there are no keys for %q", use)
		}
		if slices.Contains(o.fresh[:i], use) {
			return fault.Usage("make one at a time", "--new: %s is named twice", use)
		}
	}
	return nil
}

// A rotation is the next bundle while it is made.
type rotation struct {
	draft  issuer.Draft
	roots  []string // private halves that sign
	keys   []newFile
	issuer int // whose keys change
	now    time.Time
}

type rotatedData struct {
	Bundle      string       `json:"bundle"`
	Version     int64        `json:"version"`
	Expires     string       `json:"expires"`
	Fingerprint string       `json:"fingerprint"`
	Keys        []string     `json:"keys"` // files of new private keys
	Changes     []changeData `json:"changes"`
}

func (o *rotateOptions) run() (answer, error) {
	if err := o.check(); err != nil {
		return answer{}, err
	}
	old, err := o.vendorBundle(o.bundleFile)
	if err != nil {
		return answer{}, err
	}
	r, err := o.rotate(old)
	if err != nil {
		return answer{}, err
	}
	text, next, err := r.sign(old)
	if err != nil {
		return answer{}, err
	}
	data := rotatedData{
		Bundle: o.file(r, fmt.Sprintf("-%d%s", next.Version(), filepath.Ext(o.bundleFile))), Version: next.Version(),
		Expires: engine.Timestamp(next.Expires()), Fingerprint: next.Fingerprint(), Keys: []string{},
		Changes: bundleChanges(old, next, next.Issuers()[r.issuer].GUIDs),
	}
	for _, k := range r.keys {
		data.Keys = append(data.Keys, k.name)
	}
	a := answer{data: data, view: rotatedView(data), message: o.advice(next, data)}
	files := append(slices.Clone(r.keys), newFile{data.Bundle, 0o644, text})
	if !o.dryRun {
		return a, o.createAll(files)
	}
	data.Fingerprint = "" // other keys would be made
	return answer{data: data, view: rotatedView(data), message: "nothing was written: this was a dry run"}, o.allNew(files)
}

// file names a file after the bundle.
func (o *rotateOptions) file(r *rotation, end string) string {
	folder := o.out
	if folder == "" {
		folder = filepath.Dir(o.bundleFile)
	}
	return filepath.Join(folder, bundleStem(o.bundleFile, r.draft.Version-1)+end)
}

// rotate makes of the bundle in force what the flags ask for.
func (o *rotateOptions) rotate(old license.Bundle) (*rotation, error) {
	now := o.Now().UTC().Truncate(time.Second)
	r := &rotation{now: now, draft: issuer.Draft{
		Version: old.Version() + 1, Expires: now.AddDate(o.years, 0, 0), Threshold: old.Threshold(), Roots: old.Roots(),
	}}
	for _, i := range old.Issuers() {
		i.Keys, i.GUIDs = slices.Clone(i.Keys), slices.Clone(i.GUIDs)
		r.draft.Issuers = append(r.draft.Issuers, i)
	}
	named := func(i license.Issuer) bool { return i.Name == o.issuer || o.issuer == "" }
	r.issuer = slices.IndexFunc(r.draft.Issuers, named)
	if r.issuer < 0 || o.issuer == "" && len(r.draft.Issuers) > 1 {
		return nil, fault.Usage("name one of it with --issuer", "%s has the issuers %s", o.bundleFile, issuerNames(old))
	}
	for _, file := range o.roots {
		text, err := o.Read(file, maxKey)
		if err != nil {
			return nil, err
		}
		r.roots = append(r.roots, strings.TrimSpace(string(text)))
	}
	for _, step := range []func(*rotation) error{o.widen, o.endKeys, o.newKeys} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func issuerNames(b license.Bundle) string {
	var names []string
	for _, i := range b.Issuers() {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}
