// Package licensetest makes vendors, trust and statements for tests in one line
// each, always the same ones, and forges statements that no issuer would sign.
// It panics where it cannot: a test that asks for the impossible is wrong.
package licensetest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/visual"
)

// The tenant of all tests, and another one.
const (
	Tenant      = "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"
	OtherTenant = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9"
)

// The days of a statement that names no others.
const (
	Issued = "2026-11-01"
	Ends   = "2027-11-20"
)

// Key returns the test key of a name, always the same for name and algorithm.
func Key(id string, alg license.Algorithm) issuer.Key {
	seed := sha256.Sum256([]byte("test key " + id))
	if alg == license.ES256 {
		return issuer.Key{ID: id, Signer: must(ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:]))}
	}
	return issuer.Key{ID: id, Signer: ed25519.NewKeyFromSeed(seed[:])}
}

// Seal seals a key for next to no work: what guards a real one takes a second and
// 256 MiB. It is the seam that the command line has for this.
func Seal(k issuer.Key, passphrase string) ([]byte, error) { return k.SealedAt(passphrase, 4) }

// Root returns the test root key of a name, always the same.
func Root(name string) (private, public string) {
	seed := sha256.Sum256([]byte("test root " + name))
	key := ed25519.NewKeyFromSeed(seed[:])
	public = must(note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey)))
	hash := strings.Split(public, "+")[1]
	private64 := base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...)) // 1: Ed25519
	return "PRIVATE+KEY+" + name + "+" + hash + "+" + private64, public
}

// A Vendor issues statements with one key.
type Vendor struct {
	Name   string // as the settings name it
	Issuer string
	Key    issuer.Key
	Root   string // name of its root key
}

// Aurora is the vendor of the examples. It signs with Ed25519.
func Aurora() Vendor {
	return Vendor{"Aurora Visuals", "https://licenses.aurora.example", Key("aurora-2026", license.Ed25519), "aurora.example"}
}

// Borealis is another vendor. It signs with ES256.
func Borealis() Vendor {
	return Vendor{"Borealis Charts", "https://borealis.example", Key("borealis-2026", license.ES256), "borealis.example"}
}

// Record returns the vendor's key as its bundle lists it.
func (v Vendor) Record() license.Key { return must(v.Key.Record(Time("2026-01-01"))) }

// Bundle returns the vendor's trust bundle, changed if asked to.
func (v Vendor) Bundle(change ...func(*issuer.Draft)) license.Bundle {
	return must(license.ParseBundle(v.BundleFile(change...)))
}

// BundleFile returns the vendor's trust bundle as a file.
func (v Vendor) BundleFile(change ...func(*issuer.Draft)) []byte {
	private, public := Root(v.Root)
	d := issuer.Draft{
		Version: 1, Expires: Time("2029-01-01"), Threshold: 1, Roots: []string{public},
		Issuers: []license.Issuer{{Name: v.Issuer, Keys: []license.Key{v.Record()}}},
	}
	for _, c := range change {
		c(&d)
	}
	return must(issuer.NewBundle(d, private))
}

// Settings returns what a tenant's settings say of the vendor: its bundle and
// the visuals it may speak for, pbiviztest.GUID if none is named.
func (v Vendor) Settings(guids ...string) license.Vendor {
	if len(guids) == 0 {
		guids = []string{pbiviztest.GUID}
	}
	s := license.Vendor{Name: v.Name, Bundle: v.Bundle()}
	for _, g := range guids {
		s.GUIDs = append(s.GUIDs, must(visual.ParseGUID(g)))
	}
	return s
}

// Trust returns the trust of Tenant in this vendor alone.
func (v Vendor) Trust(guids ...string) license.Trust {
	return must(license.NewTrust(Tenant, []license.Vendor{v.Settings(guids...)}))
}

// Request returns what Statement issues: 250 users of Tenant, number 7 of its
// subscription, from Issued to Ends.
func (v Vendor) Request(p ...*pbiviz.Package) issuer.Request {
	return issuer.Request{
		Issuer: v.Issuer, Licensee: "customer:4711", Tenants: []string{Tenant},
		Subscription: "sub-88213", Sequence: 7,
		Issued: Time(Issued), Ends: Time(Ends),
		Kind: license.User, Quantity: 250, Packages: p,
	}
}

// Statement issues a statement about one package, changed if asked to.
func (v Vendor) Statement(p *pbiviz.Package, change ...func(*issuer.Request)) []byte {
	r := v.Request(p)
	for _, c := range change {
		c(&r)
	}
	return must(issuer.Issue(r, v.Key))[0].Token
}

// StatusKey returns the key with which the vendor signs status lists.
func (v Vendor) StatusKey() issuer.Key { return Key(v.Key.ID+"-status", v.Record().Algorithm) }

// WithStatusKey adds StatusKey to the vendor's bundle.
func (v Vendor) WithStatusKey(d *issuer.Draft) {
	record := must(v.StatusKey().Record(Time("2026-01-01"))).For(license.UseStatus)
	d.Issuers[0].Keys = append(d.Issuers[0].Keys, record)
}

// Status issues a status list that revokes nothing, changed if asked to.
func (v Vendor) Status(change ...func(*issuer.Revocation)) []byte {
	r := issuer.Revocation{Issuer: v.Issuer, Sequence: 3, Issued: Time("2026-11-15"), Next: Time("2027-02-15")}
	for _, c := range change {
		c(&r)
	}
	return must(issuer.Revoke(r, v.StatusKey()))
}

// Embedded returns the package with a statement about itself inside.
func (v Vendor) Embedded(p *pbiviz.Package, change ...func(*issuer.Request)) *pbiviz.Package {
	return must(pbiviz.Read(must(pbiviz.Embed(p.File(), v.Statement(p, change...))), pbiviz.DefaultLimits()))
}

// A Person attests for Tenant.
type Person struct {
	Name string
	Key  issuer.Key
}

// Ada attests with Ed25519.
func Ada() Person { return Person{"Ada Lovelace", Key("ada-2026", license.Ed25519)} }

// Grace attests with ES256.
func Grace() Person { return Person{"Grace Hopper", Key("grace-2026", license.ES256)} }

// Attester returns the person as the settings name them.
func (p Person) Attester() license.Attester { return must(p.Key.Attester(p.Name)) }

// Trust returns the trust of Tenant in this person and in no vendor.
func (p Person) Trust() license.Trust {
	return must(license.NewTrust(Tenant, nil, p.Attester()))
}

// Request returns what Attestation signs: users of Tenant, without a number,
// from Issued to Ends.
func (p Person) Request(about ...*pbiviz.Package) issuer.Request {
	return issuer.Request{
		Attester: p.Name, Tenants: []string{Tenant}, Subscription: "order 4711", Sequence: 1,
		Issued: Time(Issued), Ends: Time(Ends), Kind: license.User,
		Evidence: license.Evidence{Text: "invoice 2026-4711"}, Reason: "the license in the package is opaque",
		Packages: about,
	}
}

// Attestation attests of one package, changed if asked to.
func (p Person) Attestation(about *pbiviz.Package, change ...func(*issuer.Request)) []byte {
	r := p.Request(about)
	for _, c := range change {
		c(&r)
	}
	return must(issuer.Attest(r, p.Key))[0].Token
}

// Forge signs whatever header and claims it gets with the person's key.
func (p Person) Forge(header, claims string) []byte {
	return must(issuer.Sign(p.Key, []byte(header), []byte(claims)))
}

// Header returns the header of the person's attestations.
func (p Person) Header() Object {
	alg := p.Attester().Key.Algorithm
	return Object{
		{"alg", quote(string(alg))}, {"kid", quote(p.Key.ID)}, {"typ", quote(license.AttestationType)},
	}
}

// Claims returns the claims of a good attestation about a package, to be changed.
func (p Person) Claims(about *pbiviz.Package) Object {
	g, d := about.Manifest().GUID.String(), about.Digest()
	return Object{
		{"v", "1"}, {"iss", quote(license.TenantIssuer + Tenant)}, {"sub", quote(p.Name)},
		{"aud", quote(license.AudiencePrefix + g)}, {"jti", `"attestation-1"`}, {"lid", `"order 4711"`}, {"seq", "1"},
		{"iat", "1793491200"}, {"nbf", "1793491200"}, {"exp", "1826668800"}, {"next_payment", quote(Ends)},
		{"tid", `["` + Tenant + `"]`}, {"visual", `{"guid":` + quote(g) + `}`},
		{"pkg", `[{"version":` + quote(about.Manifest().Version.String()) + `,"digest":` + quote(string(about.Content())) +
			`,"sha256":"` + d.Hex() + `"}]`},
		{"kind", `"user"`}, {"evidence", `{"text":"invoice 2026-4711"}`}, {"reason", `"the license in the package is opaque"`},
	}
}

// Header returns the header of the vendor's statements.
func (v Vendor) Header() Object {
	return Object{
		{"alg", quote(string(v.Record().Algorithm))}, {"kid", quote(v.Key.ID)}, {"typ", quote(license.StatementType)},
	}
}

// Claims returns the claims of a good statement about a package, to be changed.
func (v Vendor) Claims(p *pbiviz.Package) Object {
	g := p.Manifest().GUID.String()
	return Object{
		{"v", "1"}, {"iss", quote(v.Issuer)}, {"sub", `"customer:4711"`},
		{"aud", quote(license.AudiencePrefix + g)}, {"jti", `"01KB2M3N4P5Q6R7S8T9V0W1X2Y"`},
		{"lid", `"sub-88213"`}, {"seq", "7"}, {"prev", `"01K1A2B3C4D5E6F7G8H9J0K1M2"`},
		{"iat", "1793491200"}, {"nbf", "1793491200"}, {"exp", "1826668800"}, {"next_payment", quote(Ends)},
		{"tid", `["` + Tenant + `"]`},
		{"visual", `{"guid":` + quote(g) + `,"versions":">= 1.0.0.0, < 4.0.0.0"}`},
		{"pkg", `[{"version":` + quote(p.Manifest().Version.String()) + `,"digest":` + quote(string(p.Content())) + `}]`},
		{"kind", `"user"`}, {"user", `{"qty":250}`},
	}
}

// Forge signs whatever header and claims it gets with the vendor's key.
func (v Vendor) Forge(header, claims string) []byte {
	return must(issuer.Sign(v.Key, []byte(header), []byte(claims)))
}

// An Object is a JSON object as text, member by member, so that a test can make
// what no encoder would.
type Object []Member

// A Member is one member of an Object; Value is JSON, unchecked.
type Member struct{ Name, Value string }

// Set returns the object with a member of that name and value: replaced in its
// place, or added.
func (o Object) Set(name, value string) Object {
	all := append(Object(nil), o...)
	for i := range all {
		if all[i].Name == name {
			all[i].Value = value
			return all
		}
	}
	return append(all, Member{name, value})
}

// Add returns the object with one more member, whether or not one is called so.
// The name is put between the quotes as it is.
func (o Object) Add(name, value string) Object {
	return append(append(Object(nil), o...), Member{name, value})
}

// Drop returns the object without the member.
func (o Object) Drop(name string) Object {
	var all Object
	for _, m := range o {
		if m.Name != name {
			all = append(all, m)
		}
	}
	return all
}

// String returns the JSON text.
func (o Object) String() string {
	var all []string
	for _, m := range o {
		all = append(all, `"`+m.Name+`":`+m.Value)
	}
	return "{" + strings.Join(all, ",") + "}"
}

// Package reads a package made for the test.
func Package(p pbiviztest.Package) *pbiviz.Package {
	return must(pbiviz.Read(p.Bytes(), pbiviz.DefaultLimits()))
}

// Time reads a day, or a time in the form of RFC 3339.
func Time(s string) time.Time {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t
	}
	return must(time.Parse(time.RFC3339, s)).UTC()
}

// At returns the moment at a day or time, with a steady clock.
func At(s string) moment.Moment { return moment.Settle(Time(s), moment.Mark{}, -1) }

// Need returns the need of an automatic change under the default policy.
func Need() license.Need { return license.Need{Least: license.Attested} }

// Facts returns what is known of Tenant when nothing was used before.
func Facts() license.Facts { return license.Facts{Tenant: Tenant} }

func quote(s string) string { return `"` + s + `"` }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
