// Package attester is what a person of a tenant does on a machine of their own: make a
// key under a passphrase, and sign attestations of what is licensed until when, where a
// vendor's license cannot be read. Requests and results are plain values. It asks for
// no passphrase and prints nothing, and the agent runs without it: the private half of
// a key never lies where the agent runs.
package attester

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// maxEvidence bounds a file that serves as evidence, in bytes.
const maxEvidence = 64 << 20

// Ports is how an attester's work reaches the world outside.
type Ports struct {
	Disk disk.Disk
	Now  func() time.Time
	// Seal puts a private key under a passphrase.
	Seal func(k issuer.Key, passphrase string) ([]byte, error)
	// Tenant is the ID of the settings' tenant, for a request that names none.
	Tenant func() (string, error)
	// Announce tells a person which command is about to sign, and Messages takes what
	// it says to a person, such as to touch a token.
	Announce func(text string)
	Messages io.Writer
}

// A Request asks for attestations of packages.
type Request struct {
	Packages     []string // files
	Key          string   // the file of a private key; or a Signer
	Signer       Signer
	Tenant       string // its ID; empty for that of the settings
	Order        string // the order's number, the same over all renewals
	Sequence     int64  // 1 for the first attestation of an order
	Kind         string
	Quantity     int64 // zero where it is not known, as SKUs and Sites are empty then
	SKUs, Sites  []string
	Begins, Ends string // days; without the first it begins today
	// After is the file of the license that this one follows; empty for none. What the
	// request does not say is taken from it.
	After string
	// Evidence is what it rests on; or EvidenceFile, of which name and SHA-256 are kept.
	Evidence, EvidenceFile string
	Reason                 string
	Folder                 string // to write to; empty for beside each package
	Force                  bool   // write over attestations
}

// An Attestation is one that was signed about one package.
type Attestation struct {
	statements.Issued
	Attester string `json:"attester"`
	KeyID    string `json:"key_id"`
	Evidence string `json:"evidence"`
	Reason   string `json:"reason"`
	// Kind is what the license counts.
	Kind string `json:"-"`
}

// A Draft is what is to be attested, and lacks its signatures alone: whatever could be
// wrong was found before a person types a passphrase.
type Draft struct {
	// Attestations are what will be signed.
	Attestations []Attestation

	ports    Ports
	request  Request
	terms    issuer.Request
	packages []statements.Package
	key      keyFile
}

// Draft says what a request attests. It reads everything and writes nothing.
func (p Ports) Draft(r Request) (*Draft, error) {
	r, err := p.requestAfterLicense(r)
	if err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	d := &Draft{ports: p, request: r}
	if d.key, err = p.readAttester(r); err != nil {
		return nil, err
	}
	if d.terms, err = p.termsOf(r, d.key.person); err != nil {
		return nil, err
	}
	if d.packages, err = p.readUnsigned(r.Packages); err != nil {
		return nil, err
	}
	issued, err := d.signWithOtherKey()
	if err != nil {
		return nil, err
	}
	d.Attestations = d.attestations(issued)
	return d, d.checkDelivery(issued)
}

// Attester is the person whose key signs, as the request or the key file says.
func (d *Draft) Attester() string { return d.key.person }

// NeedsPassphrase reports whether a passphrase opens the key. A command that signs
// asks for its own.
func (d *Draft) NeedsPassphrase() bool { return d.request.Signer.Command == "" }

// Sign signs the attestations, with a passphrase where it needs one, and writes them.
func (d *Draft) Sign(ctx context.Context, passphrase string) ([]Attestation, error) {
	key, err := d.openKey(ctx, passphrase)
	if err != nil {
		return nil, err
	}
	issued, err := d.attestWith(key)
	if err != nil {
		return nil, d.request.Signer.notSigned(err)
	}
	if err := statements.Deliver(d.ports.Disk, d.packages, d.results(issued), d.request.Force); err != nil {
		return nil, err
	}
	return d.attestations(issued), nil
}

func (d *Draft) openKey(ctx context.Context, passphrase string) (issuer.Key, error) {
	if d.NeedsPassphrase() {
		return d.key.open(passphrase)
	}
	return d.ports.openSigner(ctx, d.request.Signer, d.key)
}

// readAttester reads whose key is to sign: that of a file, or of a command.
func (p Ports) readAttester(r Request) (keyFile, error) {
	if r.Signer.Command != "" {
		return p.signerKey(r.Signer)
	}
	return p.readKeyFile(r.Key)
}

// readUnsigned reads the packages. One that carries its vendor's statement cannot be
// attested: nobody could say which of the two counts.
func (p Ports) readUnsigned(names []string) ([]statements.Package, error) {
	packages, err := statements.ReadPackages(p.Disk, names)
	if err != nil {
		return nil, err
	}
	for _, one := range packages {
		if _, inside := one.Statement(); inside {
			return nil, fault.New("attest.signed", "use the vendor's license: orgstore license show "+one.File,
				"%s has its vendor's license statement inside; an attestation beside it would be refused", one.File)
		}
	}
	return packages, nil
}

// termsOf says what a request asks for, but for the packages.
func (p Ports) termsOf(r Request, person string) (issuer.Request, error) {
	terms := issuer.Request{
		Attester: person, Sequence: r.Sequence, Issued: p.Now().UTC(), Kind: license.Kind(r.Kind),
		Quantity: r.Quantity, SKUs: r.SKUs, Sites: r.Sites, Reason: strings.TrimSpace(r.Reason),
	}
	if err := statements.SetPeriod(&terms, r.Begins, r.Ends); err != nil {
		return terms, err
	}
	if !terms.Issued.Before(terms.Ends) {
		return terms, fault.Usage("give the day on which the license of this package ends", "--ends: the license ended on %s already", r.Ends)
	}
	tenant, err := p.tenantOf(r)
	if err != nil {
		return terms, err
	}
	terms.Tenants = []string{tenant}
	terms.Evidence, err = p.evidenceOf(r)
	return terms, err
}

// tenantOf is the request's tenant, or that of the settings.
func (p Ports) tenantOf(r Request) (string, error) {
	if r.Tenant == "" {
		return p.Tenant()
	}
	return r.Tenant, statements.CheckTenant(r.Tenant)
}

func (p Ports) evidenceOf(r Request) (license.Evidence, error) {
	if r.EvidenceFile == "" {
		return license.Evidence{Text: strings.TrimSpace(r.Evidence)}, nil
	}
	text, err := files.Read(p.Disk, r.EvidenceFile, maxEvidence)
	if err != nil {
		return license.Evidence{}, err
	}
	sum := sha256.Sum256(text)
	return license.Evidence{Name: filepath.Base(r.EvidenceFile), SHA256: hex.EncodeToString(sum[:])}, nil
}

// signWithOtherKey signs with another key of the same name.
func (d *Draft) signWithOtherKey() ([]issuer.Issued, error) {
	other, err := issuer.GenerateKey(d.key.public.ID, d.key.public.Algorithm)
	if err != nil {
		return nil, err
	}
	issued, err := d.attestWith(other)
	if refusal := (*verdict.Refusal)(nil); errors.As(err, &refusal) { // the agent would refuse it
		return nil, fault.Usage("mend the flags; see `orgstore license attest --help`", "%w", err)
	}
	return issued, err
}

// attestWith signs one attestation for each visual. Orders are numbered for each
// visual apart: renewing one must not outdate another of the same order.
func (d *Draft) attestWith(k issuer.Key) ([]issuer.Issued, error) {
	byVisual := map[visual.GUID][]*pbiviz.Package{}
	for _, p := range d.packages {
		byVisual[p.Manifest().GUID] = append(byVisual[p.Manifest().GUID], p.Package)
	}
	var all []issuer.Issued
	for g, of := range byVisual {
		terms := d.terms
		terms.Subscription, terms.Packages = license.OrderLine(d.request.Order, g), of
		one, err := issuer.Attest(terms, k)
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return all, nil
}

// place is where the attestation about a package is written.
func (d *Draft) place(p statements.Package) string {
	name := p.File
	if d.request.Folder != "" {
		name = statements.Place(name, d.request.Folder)
	}
	return name + license.StatementSuffix
}

func (d *Draft) results(issued []issuer.Issued) []files.File {
	var all []files.File
	for _, p := range d.packages {
		made, _ := statements.About(issued, p)
		all = append(all, files.File{Name: d.place(p), Perm: 0o644, Text: append(slices.Clone(made.Token), '\n')})
	}
	return all
}

func (d *Draft) attestations(issued []issuer.Issued) []Attestation {
	all := []Attestation{}
	for _, p := range d.packages {
		made, _ := statements.About(issued, p)
		t := made.Statement.Terms
		all = append(all, Attestation{
			Issued: statements.IssuedIn(d.place(p), p, t), Attester: t.Attester, KeyID: t.KeyID,
			Evidence: t.Evidence.String(), Reason: t.Reason, Kind: string(t.Kind),
		})
	}
	return all
}

// checkDelivery refuses what Deliver would, and to write over what a vendor signed,
// whoever forces it: the vendor's word counts for more.
func (d *Draft) checkDelivery(issued []issuer.Issued) error {
	results := d.results(issued)
	for _, r := range results {
		if text, err := files.Read(d.ports.Disk, r.Name, license.MaxStatement); err == nil && isFromVendor(text) {
			return fault.New("attest.signed", "the vendor's word counts for more: if it cannot be believed, see why with `orgstore license show`; to keep both, name another folder with --out",
				"%s is a license statement of a vendor, and stays", r.Name)
		}
	}
	return statements.CheckDelivery(d.ports.Disk, d.packages, results, d.request.Force)
}

// isFromVendor reports whether a license statement is no attestation: only those name
// the digests of files.
func isFromVendor(text []byte) bool {
	said, err := license.Peek(text)
	return err == nil && !slices.ContainsFunc(said.Packages, func(l license.Listed) bool { return !l.File.IsZero() })
}
