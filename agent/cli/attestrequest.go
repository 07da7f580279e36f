package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// check asks of the flags what an attestation needs.
func (o *attestOptions) check() error {
	switch {
	case (o.key == "") == (o.signer.command == ""):
		return fault.Usage("make a key with `orgstore trust keygen`, on your own machine; one in a key vault signs through --signer", "attesting needs either your --key or a --signer")
	case o.ends == "":
		return fault.Usage("give the day as --ends 2027-11-20", "an attestation needs the end of the license")
	case (o.evidence == "") == (o.evidenceFile == ""):
		return fault.Usage("such as --evidence \"invoice 2026-4711\", or --evidence-file invoice.pdf", "an attestation rests on either --evidence or --evidence-file")
	case blank(o.reason):
		return fault.Usage("such as --reason \"the vendor's license cannot be read\"", "an attestation needs a --reason")
	case o.sequence < 1:
		return fault.Usage("1 for the first attestation of an order, one more at each renewal", "--seq: %d is below 1", o.sequence)
	case o.quantity < 0:
		return fault.Usage("leave it out if it is not known", "--quantity: %d is below 0", o.quantity)
	}
	if err := o.signer.check(); err != nil {
		return err
	}
	return o.checkCounts()
}

// checkCounts refuses what does not belong to the kind. How much is licensed
// need not be said: an opaque license may not tell.
func (o *attestOptions) checkCounts() error {
	given := map[license.Kind]bool{license.User: o.quantity != 0, license.Capacity: len(o.skus) > 0, license.Site: len(o.sites) > 0}
	kind := license.Kind(o.kind)
	if _, known := given[kind]; !known {
		return fault.Usage("choose user, capacity or site", "--kind: there is no kind %q", o.kind)
	}
	for _, other := range []license.Kind{license.User, license.Capacity, license.Site} {
		if other != kind && given[other] {
			return fault.Usage("leave out --quantity, --sku or --site, or choose --kind "+string(other), "a license of the kind %s does not count by %s", kind, other)
		}
	}
	return nil
}

// opaque reads the packages. One that carries its vendor's statement cannot be
// attested: nobody could say which of the two counts.
func (o *attestOptions) opaque(files []string) ([]*pbiviz.Package, error) {
	packages, err := o.packages(files)
	if err != nil {
		return nil, err
	}
	for i, p := range packages {
		if _, inside := p.Statement(); inside {
			return nil, fault.New("attest.signed", "use the vendor's license: orgstore license show "+files[i],
				"%s has its vendor's license statement inside; an attestation beside it would be refused", files[i])
		}
	}
	return packages, nil
}

// request says what the flags ask for, but for the packages.
func (o *attestOptions) request(person string) (issuer.Request, error) {
	r := issuer.Request{
		Attester: person, Sequence: o.sequence, Issued: o.Now().UTC(), Kind: license.Kind(o.kind),
		Quantity: o.quantity, SKUs: o.skus, Sites: o.sites, Reason: strings.TrimSpace(o.reason),
	}
	var err error
	if r.Ends, err = issuer.ParseDate(o.ends); err != nil {
		return r, fault.Usage("write the day as 2027-11-20", "--ends: %w", err)
	}
	if !r.Issued.Before(r.Ends) {
		return r, fault.Usage("give the day on which the license of this package ends", "--ends: the license ended on %s already", o.ends)
	}
	if o.begins != "" {
		if r.Begins, err = issuer.ParseDate(o.begins); err != nil {
			return r, fault.Usage("write the day as 2026-11-20", "--begins: %w", err)
		}
		if r.Begins.Before(r.Issued) { // a day that has begun
			r.Begins = r.Issued
		}
	}
	tenant, err := o.tenantID()
	if err != nil {
		return r, err
	}
	r.Tenants = []string{tenant}
	r.Evidence, err = o.evidenceOf()
	return r, err
}

// tenantID is the flag's tenant, or that of the settings where there are some.
func (o *attestOptions) tenantID() (string, error) {
	if o.tenant != "" {
		if !license.ValidTenant(o.tenant) {
			return "", fault.Usage("write it as 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11, in lower case", "--tenant: %q is not a tenant's id", o.tenant)
		}
		return o.tenant, nil
	}
	settings, err := o.settings()
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Code == codeNoSettings {
		return "", fault.Usage("give --tenant, the id that the Azure portal shows", "there are no settings here that name the tenant")
	}
	return settings.Tenant, err
}

func (o *attestOptions) evidenceOf() (license.Evidence, error) {
	if o.evidenceFile == "" {
		return license.Evidence{Text: strings.TrimSpace(o.evidence)}, nil
	}
	text, err := o.Read(o.evidenceFile, maxEvidence)
	if err != nil {
		return license.Evidence{}, err
	}
	sum := sha256.Sum256(text)
	return license.Evidence{Name: filepath.Base(o.evidenceFile), SHA256: hex.EncodeToString(sum[:])}, nil
}

// rehearse signs with another key of the same name.
func (o *attestOptions) rehearse(r issuer.Request, packages []*pbiviz.Package, k keyFile) ([]issuer.Issued, error) {
	other, err := issuer.GenerateKey(k.public.ID, k.public.Algorithm)
	if err != nil {
		return nil, err
	}
	issued, err := o.attest(r, packages, other)
	if refusal := (*verdict.Refusal)(nil); errors.As(err, &refusal) { // the agent would refuse it
		return nil, fault.Usage("mend the flags; see `orgstore license attest --help`", "%w", err)
	}
	return issued, err
}

// attest signs one attestation for each visual. Orders are numbered for each
// visual apart: renewing one must not outdate another of the same order.
func (o *attestOptions) attest(r issuer.Request, packages []*pbiviz.Package, k issuer.Key) ([]issuer.Issued, error) {
	byVisual := map[visual.GUID][]*pbiviz.Package{}
	for _, p := range packages {
		byVisual[p.Manifest().GUID] = append(byVisual[p.Manifest().GUID], p)
	}
	var all []issuer.Issued
	for g, of := range byVisual {
		r.Subscription, r.Packages = license.OrderLine(o.order, g), of
		one, err := issuer.Attest(r, k)
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return all, nil
}

// gradeBy shows a grade, and who stands for it where that is one of our own.
func gradeBy(l engine.License) string {
	if l.Attested == nil {
		return l.Grade
	}
	return l.Grade + " by " + l.Attested.By
}
