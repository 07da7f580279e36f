package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
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
	f.Int64Var(&o.sequence, "seq", 1, "`NUMBER` 1 for the first statement, one more at each renewal")
	f.StringVar(&o.previous, "previous", "", "the `ID` of the statement this one replaces")
	f.StringVar(&o.kind, "kind", string(license.User), "`user`, capacity or site")
	f.Int64Var(&o.quantity, "quantity", 0, "how many users, as a `NUMBER`, for --kind user")
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

func (o *issueOptions) run(args []string) (answer, error) {
	if err := o.check(); err != nil {
		return answer{}, err
	}
	files := o.Matching(args)
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
	var results []newFile
	for i, file := range files {
		made, ok := about(issued, packages[i])
		if !ok {
			return answer{}, fmt.Errorf("no statement was made for %s", file)
		}
		result, err := o.delivery(file, packages[i], made)
		if err != nil {
			return answer{}, err
		}
		results = append(results, result)
		t, m := made.Statement.Terms, packages[i].Manifest()
		data = append(data, issuedData{result.name, m.GUID.String(), m.Version.String(), t.ID, t.Subscription, t.Sequence, engine.Timestamp(t.Begins), engine.Timestamp(t.Ends)})
		view.Rows = append(view.Rows, []string{result.name, m.DisplayName, m.Version.String(), t.Subscription, fmt.Sprint(t.Sequence), engine.FormatDay(t.Begins), engine.FormatDay(t.Ends)})
	}
	a := answer{data: data, view: view}
	if o.dryRun {
		a.message = "nothing was written: this was a dry run"
	}
	return a, o.deliver(files, results)
}

// check asks of the flags what a statement needs, all of it in the words of the
// command line.
func (o *issueOptions) check() error {
	switch {
	case o.key == "" || o.bundleFile == "":
		return fault.Usage("make them with `orgstore vendor keygen`", "signing needs --key and --bundle")
	case o.embed && o.out == "":
		return fault.Usage("name a folder with --out", "--embed writes copies of the packages and needs to know where")
	case len(o.tenants) == 0:
		return fault.Usage("give --tenant, the id that the customer's Azure portal shows", "a statement names the tenant it is for")
	case o.subscription == "":
		return fault.Usage("give --subscription, the same at every renewal", "a statement names its subscription")
	case o.sequence < 1:
		return fault.Usage("1 for the first statement, one more at each renewal", "--seq: %d is below 1", o.sequence)
	case o.ends == "":
		return fault.Usage("give the next payment day as --ends 2027-11-20", "a statement needs its end")
	}
	for _, t := range o.tenants {
		if !license.ValidTenant(t) {
			return fault.Usage("write it as 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11, in lower case", "--tenant: %q is not a tenant's id", t)
		}
	}
	return o.checkKind()
}

// checkKind asks for what the kind counts, and for nothing that it does not.
func (o *issueOptions) checkKind() error {
	given := map[license.Kind]bool{license.User: o.quantity != 0, license.Capacity: len(o.skus) > 0, license.Site: len(o.sites) > 0}
	flags := map[license.Kind]string{license.User: "--quantity", license.Capacity: "--sku", license.Site: "--site"}
	kind := license.Kind(o.kind)
	if flags[kind] == "" {
		return fault.Usage("choose user, capacity or site", "--kind: there is no kind %q", o.kind)
	}
	if !given[kind] || o.quantity < 0 {
		return fault.Usage("see `orgstore vendor issue --help`", "a license of the kind %s needs %s", kind, flags[kind])
	}
	for _, other := range []license.Kind{license.User, license.Capacity, license.Site} {
		if other != kind && given[other] {
			return fault.Usage("leave it out, or choose --kind "+string(other), "%s does not belong to a license of the kind %s", flags[other], kind)
		}
	}
	return nil
}

func (o *issueOptions) packages(files []string) ([]*pbiviz.Package, error) {
	var out []*pbiviz.Package
	limits := pbiviz.DefaultLimits()
	for _, file := range files {
		text, err := o.Read(file, limits.FileSize)
		if err != nil {
			return nil, err
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
	speaker, key, err := o.vendorKey(o.bundleFile, o.key, license.UseLicense)
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		if g := p.Manifest().GUID; len(speaker.GUIDs) > 0 && !slices.Contains(speaker.GUIDs, g) {
			return nil, fault.New("trust.scope", "customers would not believe it: make a bundle that names the visual",
				"the trust bundle %s does not name the visual %s", o.bundleFile, g)
		}
	}
	r := issuer.Request{
		Issuer: speaker.Name, Licensee: o.licensee, Tenants: o.tenants, Subscription: o.subscription,
		Sequence: o.sequence, Previous: o.previous, Issued: o.Now().UTC(), Kind: license.Kind(o.kind),
		Quantity: o.quantity, SKUs: o.skus, Sites: o.sites, Trial: o.trial, Packages: packages,
	}
	if r.Ends, err = issuer.ParseDate(o.ends); err != nil {
		return nil, fault.Usage("write the day as 2027-11-20", "--ends: %w", err)
	}
	if o.begins != "" {
		if r.Begins, err = issuer.ParseDate(o.begins); err != nil {
			return nil, fault.Usage("write the day as 2026-11-20", "--begins: %w", err)
		}
		if r.Begins.Before(r.Issued) { // a day that has begun
			r.Begins = r.Issued
		}
	}
	issued, err := issuer.Issue(r, key)
	if r := (*verdict.Refusal)(nil); errors.As(err, &r) { // it would refuse its own statement
		return nil, fault.Usage("mend the flags; see `orgstore vendor issue --help`", "%w", err)
	}
	return issued, err
}

func about(issued []issuer.Issued, p *pbiviz.Package) (issuer.Issued, bool) {
	for _, i := range issued {
		if i.GUID == p.Manifest().GUID {
			return i, true
		}
	}
	return issuer.Issued{}, false
}

// delivery makes what is written for one package: its statement, or a copy of it
// with the statement inside.
func (o *issueOptions) delivery(file string, p *pbiviz.Package, made issuer.Issued) (newFile, error) {
	folder := filepath.Dir(file)
	if o.out != "" {
		folder = o.out
	}
	name := filepath.Join(folder, filepath.Base(file))
	if !o.embed {
		return newFile{name + license.StatementSuffix, 0o644, append(made.Token, '\n')}, nil
	}
	text, err := pbiviz.Embed(p.File(), made.Token)
	return newFile{name, 0o644, text}, err
}

// deliver writes all, or finds out before the first that it must not.
func (o *issueOptions) deliver(packages []string, results []newFile) error {
	for i, r := range results {
		same := func(other newFile) bool { return other.name == r.name }
		if j := slices.IndexFunc(results, same); j < i {
			return fault.New("file.exists", "name packages of one name one at a time, each with a folder of its own",
				"%s would be written for both %s and %s; nothing was written", r.name, packages[j], packages[i])
		}
		info, err := o.Disk.Stat(r.name)
		if err == nil && slices.ContainsFunc(packages, func(p string) bool { return o.isFile(p, info) }) {
			return fault.New("file.exists", "name another folder with --out", "%s is the package itself, and stays as it was built", r.name)
		}
		if err == nil && !o.force {
			return fault.New("file.exists", "name another folder with --out, or add --force", "%s exists already; nothing was written", r.name)
		}
	}
	if o.dryRun {
		return nil
	}
	return o.writeAll(results)
}

func (o *issueOptions) isFile(name string, other fs.FileInfo) bool {
	info, err := o.Disk.Stat(name)
	return err == nil && os.SameFile(info, other)
}

func (o *issueOptions) writeAll(results []newFile) error {
	for _, r := range results {
		if err := o.Disk.MkdirAll(filepath.Dir(r.name), 0o755); err != nil {
			return unwritable(r.name, err)
		}
		if err := o.Write(r.name, r.perm, r.text); err != nil {
			return unwritable(r.name, err)
		}
	}
	return nil
}
