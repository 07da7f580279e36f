package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// maxKey bounds a key file, in bytes; real ones have a few hundred.
const maxKey = 64 << 10

type issueOptions struct {
	*globals
	key, bundleFile      string
	tenants, skus, sites []string
	licensee             string
	subscription         string
	sequence, quantity   int64
	previous             string
	kind                 string
	begins, ends         string
	trial, embed, force  bool
	out                  string
	dryRun               bool
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
	f.StringVar(&o.key, "key", "", "the license key `FILE` (required)")
	f.StringVar(&o.bundleFile, "bundle", "", "the trust bundle `FILE` that names the key (required)")
	f.StringSliceVar(&o.tenants, "tenant", nil, "the customer's tenant `ID`; repeatable (required)")
	f.StringVar(&o.licensee, "licensee", "customer", "your own `NUMBER` for the customer; no person's name")
	f.StringVar(&o.subscription, "subscription", "", "the subscription's `ID`, the same over all renewals (required)")
	f.Int64Var(&o.sequence, "seq", 1, "1 for the first statement, one more at each renewal")
	f.StringVar(&o.previous, "previous", "", "the `ID` of the statement this one replaces")
	f.StringVar(&o.kind, "kind", string(license.User), "user, capacity or site")
	f.Int64Var(&o.quantity, "quantity", 0, "how many users, for --kind user")
	f.StringSliceVar(&o.skus, "sku", nil, "a capacity `SKU`, for --kind capacity; repeatable")
	f.StringSliceVar(&o.sites, "site", nil, "a `HOST`, for --kind site; repeatable")
	f.StringVar(&o.begins, "begins", "", "the first `DAY` on which it is valid, as 2026-11-20 (UTC); without it today")
	f.StringVar(&o.ends, "ends", "", "the next payment `DAY`, as 2027-11-20; valid before it (required)")
	f.BoolVar(&o.trial, "trial", false, "a trial license")
	f.BoolVar(&o.embed, "embed", false, "write the statement into a copy of each package")
	f.StringVar(&o.out, "out", "", "the `FOLDER` to write to; without it beside each package")
	f.BoolVar(&o.force, "force", false, "overwrite statements that exist")
	dryRunFlags(cmd, &o.dryRun)
}

type issuedData struct {
	File         string `json:"file"`
	GUID         string `json:"guid"`
	Version      string `json:"version"`
	ID           string `json:"id"`
	Subscription string `json:"subscription"`
	Sequence     int64  `json:"sequence"`
	Begins       string `json:"begins"`
	Ends         string `json:"ends"`
}

func (o *issueOptions) run(files []string) (answer, error) {
	if o.embed && o.out == "" {
		return answer{}, usage("name a folder with --out", "--embed writes copies of the packages and needs to know where")
	}
	packages, err := o.packages(files)
	if err != nil {
		return answer{}, err
	}
	issued, err := o.issue(packages)
	if err != nil {
		return answer{}, err
	}
	data := []issuedData{}
	view := output.View{Columns: []string{"FILE", "VISUAL", "VERSION", "SUBSCRIPTION", "SEQUENCE", "BEGINS", "ENDS"}}
	for i, file := range files {
		made, ok := about(issued, packages[i])
		if !ok {
			return answer{}, fmt.Errorf("no statement was made for %s", file)
		}
		target, err := o.deliver(file, packages[i], made)
		if err != nil {
			return answer{data: data, view: view}, err
		}
		t, m := made.Statement.Terms, packages[i].Manifest()
		data = append(data, issuedData{target, m.GUID.String(), m.Version.String(), t.ID, t.Subscription, t.Sequence, timestamp(t.Begins), timestamp(t.Ends)})
		view.Rows = append(view.Rows, []string{target, m.DisplayName, m.Version.String(), t.Subscription, fmt.Sprint(t.Sequence), day(t.Begins), day(t.Ends)})
	}
	return answer{data: data, view: view}, nil
}

func (o *issueOptions) packages(files []string) ([]*pbiviz.Package, error) {
	var out []*pbiviz.Package
	limits := pbiviz.DefaultLimits()
	for _, file := range files {
		text, err := disk.ReadFile(o.Disk, file, limits.FileSize)
		if err != nil {
			return nil, unreadableFile(file, err)
		}
		p, err := pbiviz.Read(text, limits)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", file, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// issue signs what the flags ask for.
func (o *issueOptions) issue(packages []*pbiviz.Package) ([]issuer.Issued, error) {
	name, key, err := o.signer()
	if err != nil {
		return nil, err
	}
	r := issuer.Request{
		Issuer: name, Licensee: o.licensee, Tenants: o.tenants, Subscription: o.subscription,
		Sequence: o.sequence, Previous: o.previous, Issued: o.Now().UTC(), Kind: license.Kind(o.kind),
		Quantity: o.quantity, SKUs: o.skus, Sites: o.sites, Trial: o.trial, Packages: packages,
	}
	if o.ends == "" {
		return nil, usage("give the next payment day as --ends 2027-11-20", "a statement needs its end")
	}
	if r.Ends, err = issuer.ParseDate(o.ends); err != nil {
		return nil, usage("write the day as 2027-11-20", "--ends: %w", err)
	}
	if o.begins != "" {
		if r.Begins, err = issuer.ParseDate(o.begins); err != nil {
			return nil, usage("write the day as 2026-11-20", "--begins: %w", err)
		}
		if r.Begins.Before(r.Issued) { // a day that has begun
			r.Begins = r.Issued
		}
	}
	return issuer.Issue(r, key)
}

// signer reads the license key, which the trust bundle names.
func (o *issueOptions) signer() (string, issuer.Key, error) {
	if o.key == "" || o.bundleFile == "" {
		return "", issuer.Key{}, usage("make them with `orgstore vendor keygen`", "signing needs --key and --bundle")
	}
	bundle, err := o.bundle(o.bundleFile)
	if err != nil {
		return "", issuer.Key{}, fmt.Errorf("cannot read the trust bundle %s: %w", o.bundleFile, err)
	}
	text, err := disk.ReadFile(o.Disk, o.key, maxKey)
	if err != nil {
		return "", issuer.Key{}, unreadableFile(o.key, err)
	}
	key, err := issuer.ParseKey("", text)
	if err != nil {
		return "", issuer.Key{}, fmt.Errorf("cannot read the key %s: %w", o.key, err)
	}
	speaker, named, err := issuer.Find(bundle, key)
	if err != nil {
		return "", issuer.Key{}, err
	}
	return speaker.Name, named, nil
}

func about(issued []issuer.Issued, p *pbiviz.Package) (issuer.Issued, bool) {
	for _, i := range issued {
		if i.GUID == p.Manifest().GUID {
			return i, true
		}
	}
	return issuer.Issued{}, false
}

// deliver writes a statement beside its package, or into a copy of it.
func (o *issueOptions) deliver(file string, p *pbiviz.Package, made issuer.Issued) (string, error) {
	folder := filepath.Dir(file)
	if o.out != "" {
		folder = o.out
	}
	target, text := filepath.Join(folder, filepath.Base(file)), append(made.Token, '\n')
	if o.embed {
		embedded, err := pbiviz.Embed(p.File(), made.Token)
		if err != nil {
			return "", err
		}
		text = embedded
	} else {
		target += intake.StatementSuffix
	}
	if o.dryRun {
		return target, nil
	}
	if _, err := o.Disk.Stat(target); err == nil && !o.force {
		return "", problem(exitError, "file.exists", "name another folder with --out, or add --force", "%s exists already", target)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := o.Disk.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return target, o.write(target, 0o644, text)
}
