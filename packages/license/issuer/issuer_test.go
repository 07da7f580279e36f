package issuer_test

import (
	"bytes"
	"crypto"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

const otherGUID = "auroraRibbon0A1B2C3D4E5F60718293A4B5C6D7E8F9"

func algorithms() []license.Algorithm { return []license.Algorithm{license.Ed25519, license.ES256} }

// TestVendorFromNothing does what a new vendor does: keys, bundle, statements,
// and the tenant that reads them.
func TestVendorFromNothing(t *testing.T) {
	for _, alg := range algorithms() {
		t.Run(string(alg), func(t *testing.T) {
			made, err := issuer.GenerateKey("aurora-2026", alg)
			ok(t, err)
			file, err := made.PEM()
			ok(t, err)
			private, public, err := issuer.GenerateRoot("aurora.example")
			ok(t, err)
			record, err := made.Record(licensetest.Time("2026-11-01"))
			ok(t, err)
			bundleFile, err := issuer.NewBundle(issuer.Draft{
				Version: 1, Expires: licensetest.Time("2028-01-01"), Threshold: 1, Roots: []string{public},
				Issuers: []license.Issuer{{Name: "https://licenses.aurora.example", Keys: []license.Key{record}}},
			}, private)
			ok(t, err)
			bundle, err := license.ParseBundle(bundleFile)
			ok(t, err)

			read, err := issuer.ParseKey("", file)
			ok(t, err)
			by, key, err := issuer.FindKey(bundle, read)
			ok(t, err)
			if key.ID != "aurora-2026" || by.Name != "https://licenses.aurora.example" {
				t.Errorf("found %s of %s", key.ID, by.Name)
			}
			p := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
			r := licensetest.Aurora().Request(p)
			issued, err := issuer.Issue(r, key)
			ok(t, err)
			s := licensetest.Aurora().Settings()
			s.Bundle = bundle
			trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
			ok(t, err)
			b, err := trust.Bind(p, issued[0].Token)
			ok(t, err)
			if b.Terms.Quantity != 250 || b.Terms.KeyID != "aurora-2026" || b.Terms.ID != issued[0].Statement.Terms.ID {
				t.Errorf("bound %+v", b.Terms)
			}
		})
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestIssueManyPackages: one statement per visual, about all its packages.
func TestIssueManyPackages(t *testing.T) {
	v := licensetest.Aurora()
	pkg := func(guid, version, script string) *pbiviz.Package {
		return licensetest.Package(pbiviztest.Package{GUID: guid, Version: version, Script: script})
	}
	all := []*pbiviz.Package{
		pkg(otherGUID, "2.0.0.0", "a()"), pkg("", "1.10.0.0", "a()"), pkg("", "1.9.0.0", "a()"), pkg("", "1.9.0.0", "b()"), pkg("", "1.9.0.0", "a()"),
	}
	issued, err := issuer.Issue(v.Request(all...), v.Key)
	ok(t, err)
	if len(issued) != 2 || issued[0].GUID.String() != pbiviztest.GUID || issued[1].GUID.String() != otherGUID {
		t.Fatalf("issued %d statements", len(issued))
	}
	var versions []string
	for _, p := range issued[0].Statement.Packages {
		versions = append(versions, p.Version.String())
	}
	if got := strings.Join(versions, " "); got != "1.9.0.0 1.9.0.0 1.10.0.0" {
		t.Errorf("lists %s", got)
	}
	if issued[0].Statement.Terms.ID == issued[1].Statement.Terms.ID {
		t.Error("two statements have one ID")
	}
	trust := v.Trust(pbiviztest.GUID, otherGUID)
	for _, i := range issued {
		for _, p := range i.Packages {
			_, err := trust.Bind(p, i.Token)
			ok(t, err)
		}
	}
}

// TestIssueIsDeterministic: the same request gives the same bytes, in whatever
// order the packages come; another request another ID.
func TestIssueIsDeterministic(t *testing.T) {
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		a := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
		b := licensetest.Package(pbiviztest.Package{Version: "1.5.0.0"})
		one, err := issuer.Issue(v.Request(a, b), v.Key)
		ok(t, err)
		two, err := issuer.Issue(v.Request(b, a), v.Key)
		ok(t, err)
		if !bytes.Equal(one[0].Token, two[0].Token) {
			t.Error("not the same bytes")
		}
		r := v.Request(a, b)
		r.Quantity++
		other, err := issuer.Issue(r, v.Key)
		ok(t, err)
		if other[0].Statement.Terms.ID == one[0].Statement.Terms.ID {
			t.Error("another statement with the same ID")
		}
	}
}

func TestIssueKinds(t *testing.T) {
	v := licensetest.Aurora()
	p := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
	for kind, change := range map[license.Kind]func(*issuer.Request){
		license.User:     func(r *issuer.Request) { r.Quantity = 10_000_000 },
		license.Capacity: func(r *issuer.Request) { r.SKUs = []string{"F2048", "P5", "A6", "EM3"} },
		license.Site:     func(r *issuer.Request) { r.Sites = []string{"reports.contoso.example"} },
	} {
		r := v.Request(p)
		r.Kind, r.Quantity, r.Trial, r.Previous = kind, 0, true, "before"
		change(&r)
		issued, err := issuer.Issue(r, v.Key)
		ok(t, err)
		terms := issued[0].Statement.Terms
		if terms.Kind != kind || !terms.Trial || terms.Quantity != r.Quantity || len(terms.SKUs) != len(r.SKUs) || len(terms.Sites) != len(r.Sites) {
			t.Errorf("%s: %+v", kind, terms)
		}
	}
}

// TestIssueRefuses: nothing is issued that a customer's agent would refuse.
func TestIssueRefuses(t *testing.T) {
	v := licensetest.Aurora()
	p := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
	odd := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0-beta"})
	for name, c := range map[string]struct {
		change func(*issuer.Request)
		says   string
	}{
		"no package":               {func(r *issuer.Request) { r.Packages = nil }, "no package"},
		"a version nobody can put": {func(r *issuer.Request) { r.Packages = []*pbiviz.Package{odd} }, "version"},
		"a tenant's name":          {func(r *issuer.Request) { r.Tenants = []string{"contoso"} }, "tid"},
		"no tenant":                {func(r *issuer.Request) { r.Tenants = nil }, "tid"},
		"no subscription":          {func(r *issuer.Request) { r.Subscription = "" }, "lid"},
		"no number":                {func(r *issuer.Request) { r.Sequence = 0 }, "seq"},
		"no users":                 {func(r *issuer.Request) { r.Quantity = 0 }, "qty"},
		"no kind":                  {func(r *issuer.Request) { r.Kind = "" }, "kind"},
		"an unknown SKU":           {func(r *issuer.Request) { r.Kind, r.SKUs = license.Capacity, []string{"X1"} }, "sku"},
		"a site with a port":       {func(r *issuer.Request) { r.Kind, r.Sites = license.Site, []string{"a.example:80"} }, "hosts"},
		"an end at noon":           {func(r *issuer.Request) { r.Ends = r.Ends.Add(12 * time.Hour) }, "next_payment"},
		"an end before it begins":  {func(r *issuer.Request) { r.Ends = licensetest.Time("2026-10-01") }, "iat"},
		"a begin before it issues": {func(r *issuer.Request) { r.Begins = r.Issued.Add(-time.Second) }, "iat"},
		"a licensee in Cyrillic":   {func(r *issuer.Request) { r.Licensee = "контосо" }, "sub"},
		"versions without it":      {func(r *issuer.Request) { r.Versions = "~> 2.0" }, "other versions"},
		"versions that are none":   {func(r *issuer.Request) { r.Versions = "1.x" }, "versions"},
		"no issuer":                {func(r *issuer.Request) { r.Issuer = "" }, "iss"},
	} {
		t.Run(name, func(t *testing.T) {
			r := v.Request(p)
			c.change(&r)
			_, err := issuer.Issue(r, v.Key)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want something about %s", err, c.says)
			}
		})
	}
	if _, err := issuer.Issue(v.Request(p), issuer.Key{ID: "empty"}); err == nil {
		t.Error("issued without a key")
	}
	if _, err := issuer.Issue(v.Request(p), issuer.Key{Signer: v.Key.Signer}); err == nil {
		t.Error("issued with a key that has no name")
	}
}

// vault is a signer as key vaults are: it shows its public half and signs.
type vault struct{ inside crypto.Signer }

func (v vault) Public() crypto.PublicKey { return v.inside.Public() }
func (v vault) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return v.inside.Sign(r, digest, o)
}

func TestKeyInAVault(t *testing.T) {
	for _, alg := range algorithms() {
		v := licensetest.Aurora()
		v.Key = licensetest.Key("aurora-2026", alg)
		p := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
		issued, err := issuer.Issue(v.Request(p), issuer.Key{ID: v.Key.ID, Signer: vault{v.Key.Signer}})
		ok(t, err)
		_, err = v.Trust().Bind(p, issued[0].Token)
		ok(t, err)
	}
}

func TestParseKeyRefuses(t *testing.T) {
	good, err := licensetest.Key("a", license.Ed25519).PEM()
	ok(t, err)
	_, err = issuer.ParseKey("a", good)
	ok(t, err)
	for name, file := range map[string][]byte{
		"empty": nil, "no PEM": []byte("hello"), "two keys": append(bytes.Clone(good), good...),
		"a public key": bytes.ReplaceAll(good, []byte("PRIVATE"), []byte("PUBLIC")),
		"rubbish":      []byte("-----BEGIN " + "PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
	} {
		if _, err := issuer.ParseKey("a", file); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := issuer.ParseKey("../a", good); err == nil {
		t.Error("a path as a name: taken")
	}
	if _, err := issuer.GenerateKey("a", "RS256"); err == nil {
		t.Error("made an RSA key")
	}
	if _, _, err := issuer.GenerateRoot("two words"); err == nil {
		t.Error("a root key with a space in its name")
	}
	if _, _, err := issuer.FindKey(licensetest.Aurora().Bundle(), licensetest.Key("stranger", license.Ed25519)); err == nil {
		t.Error("found a key that is not listed")
	}
}

func TestNewBundleRefuses(t *testing.T) {
	private, public := licensetest.Root("aurora.example")
	other, _ := licensetest.Root("other.example")
	draft := issuer.Draft{
		Version: 1, Expires: licensetest.Time("2028-01-01"), Threshold: 1, Roots: []string{public},
		Issuers: []license.Issuer{{Name: "https://licenses.aurora.example", Keys: []license.Key{licensetest.Aurora().Record()}}},
	}
	_, err := issuer.NewBundle(draft, private+"\n")
	ok(t, err)
	for name, c := range map[string]struct {
		change  func(*issuer.Draft)
		private string
	}{
		"signed by a stranger": {func(*issuer.Draft) {}, other},
		"no key":               {func(*issuer.Draft) {}, "hello"},
		"no expiry":            {func(d *issuer.Draft) { d.Expires = time.Time{} }, private},
		"threshold 2 of 1":     {func(d *issuer.Draft) { d.Threshold = 2 }, private},
		"no issuer":            {func(d *issuer.Draft) { d.Issuers = nil }, private},
	} {
		d := draft
		c.change(&d)
		if _, err := issuer.NewBundle(d, c.private); err == nil {
			t.Errorf("%s: made", name)
		}
	}
}

func TestParseDate(t *testing.T) {
	d, err := issuer.ParseDate("2028-02-29")
	ok(t, err)
	if d.Unix() != 1835395200 {
		t.Errorf("read %s", d)
	}
	for _, s := range []string{"", "2027-02-29", "29.2.2028", "2028-2-29", "2028-02-29T00:00:00Z"} {
		if _, err := issuer.ParseDate(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}
