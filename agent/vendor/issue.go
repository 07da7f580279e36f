package vendor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
)

// An IssueRequest asks for license statements about a customer's packages.
type IssueRequest struct {
	Packages     []string // files
	Key, Bundle  string   // files: the license key, and the trust bundle that names it
	Tenants      []string // the customer's, by their IDs
	Licensee     string   // the vendor's own number for the customer
	Subscription string
	Sequence     int64  // 1 for the first statement
	Previous     string // the ID of the statement that this one replaces
	Kind         string
	Quantity     int64
	SKUs, Sites  []string
	Begins, Ends string // days; without the first it begins today
	Trial        bool
	Embed        bool   // into a copy of each package
	Folder       string // to write to; empty for beside each package
	Force        bool   // write over statements
	DryRun       bool
}

// IssueStatements signs one statement for each visual and writes it for each
// package, in the packages' order. Where it must not write, it tells both what and
// why not.
func (p Ports) IssueStatements(r IssueRequest) ([]statements.Issued, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	packages, err := statements.ReadPackages(p.Disk, r.Packages)
	if err != nil {
		return nil, err
	}
	issued, err := p.sign(r, packages)
	if err != nil {
		return nil, err
	}
	all := []statements.Issued{}
	var results []files.File
	for _, one := range packages {
		made, ok := statements.About(issued, one)
		if !ok {
			return nil, fmt.Errorf("no statement was made for %s", one.File)
		}
		result, err := r.result(one, made)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
		all = append(all, statements.IssuedIn(result.Name, one, made.Statement.Terms))
	}
	if r.DryRun {
		return all, statements.CheckDelivery(p.Disk, packages, results, r.Force)
	}
	return all, statements.Deliver(p.Disk, packages, results, r.Force)
}

// check asks of a request what a statement needs.
func (r IssueRequest) check() error {
	switch {
	case r.Key == "" || r.Bundle == "":
		return fault.Usage("make them with `orgstore vendor keygen`", "signing needs --key and --bundle")
	case r.Embed && r.Folder == "":
		return fault.Usage("name a folder with --out", "--embed writes copies of the packages and needs to know where")
	case len(r.Tenants) == 0:
		return fault.Usage("give --tenant, the id that the customer's Azure portal shows", "a statement names the tenant it is for")
	case r.Subscription == "":
		return fault.Usage("give --subscription, the same at every renewal", "a statement names its subscription")
	case r.Sequence < 1:
		return fault.Usage("1 for the first statement, one more at each renewal", "--seq: %d is below 1", r.Sequence)
	case r.Ends == "":
		return fault.Usage("give the next payment day as --ends 2027-11-20", "a statement needs its end")
	}
	for _, t := range r.Tenants {
		if err := statements.CheckTenant(t); err != nil {
			return err
		}
	}
	return r.checkKind()
}

// checkKind asks for what the kind counts, and for nothing that it does not.
func (r IssueRequest) checkKind() error {
	given := map[license.Kind]bool{license.User: r.Quantity != 0, license.Capacity: len(r.SKUs) > 0, license.Site: len(r.Sites) > 0}
	flags := map[license.Kind]string{license.User: "--quantity", license.Capacity: "--sku", license.Site: "--site"}
	kind := license.Kind(r.Kind)
	if flags[kind] == "" {
		return fault.Usage("choose user, capacity or site", "--kind: there is no kind %q", r.Kind)
	}
	if !given[kind] || r.Quantity < 0 {
		return fault.Usage("see `orgstore vendor issue --help`", "a license of the kind %s needs %s", kind, flags[kind])
	}
	for _, other := range []license.Kind{license.User, license.Capacity, license.Site} {
		if other != kind && given[other] {
			return fault.Usage("leave it out, or choose --kind "+string(other), "%s does not belong to a license of the kind %s", flags[other], kind)
		}
	}
	return nil
}

// sign signs one statement for each visual.
func (p Ports) sign(r IssueRequest, packages []statements.Package) ([]issuer.Issued, error) {
	bundle, err := p.readBundle(r.Bundle)
	if err != nil {
		return nil, err
	}
	speaker, key, err := p.readKey(bundle, r.Bundle, r.Key, license.UseLicense)
	if err != nil {
		return nil, err
	}
	for _, one := range packages {
		if g := one.Manifest().GUID; len(speaker.GUIDs) > 0 && !slices.Contains(speaker.GUIDs, g) {
			return nil, fault.New("trust.scope", "customers would not believe it: make a bundle that names the visual",
				"the trust bundle %s does not name the visual %s", r.Bundle, g)
		}
	}
	request := issuer.Request{
		Issuer: speaker.Name, Licensee: r.Licensee, Tenants: r.Tenants, Subscription: r.Subscription,
		Sequence: r.Sequence, Previous: r.Previous, Issued: p.Now().UTC(), Kind: license.Kind(r.Kind),
		Quantity: r.Quantity, SKUs: r.SKUs, Sites: r.Sites, Trial: r.Trial, Packages: statements.Contents(packages),
	}
	if err := statements.SetPeriod(&request, r.Begins, r.Ends); err != nil {
		return nil, err
	}
	issued, err := issuer.Issue(request, key)
	if refusal := (*verdict.Refusal)(nil); errors.As(err, &refusal) { // it would refuse its own statement
		return nil, fault.Usage("mend the flags; see `orgstore vendor issue --help`", "%w", err)
	}
	return issued, err
}

// result is what is written for one package: its statement, or a copy of it with the
// statement inside.
func (r IssueRequest) result(p statements.Package, made issuer.Issued) (files.File, error) {
	name := statements.Place(p.File, r.Folder)
	if !r.Embed {
		return files.File{Name: name + license.StatementSuffix, Perm: 0o644, Text: append(made.Token, '\n')}, nil
	}
	text, err := pbiviz.Embed(p.Package.File(), made.Token)
	return files.File{Name: name, Perm: 0o644, Text: text}, err
}
