package license_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

const otherGUID = "auroraRibbon0A1B2C3D4E5F60718293A4B5C6D7E8F9"

// TestStraightPath judges a good package with a good statement, beside it and
// inside, by both algorithms, and the same with one thing wrong each.
func TestStraightPath(t *testing.T) {
	p := gaugePackage(t)
	changed := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Script: "evil()"})
	ribbon := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", GUID: otherGUID})
	forOther := func(r *issuer.Request) { r.Tenants = []string{licensetest.OtherTenant} }
	begins := func(r *issuer.Request) { r.Begins = licensetest.Time("2027-02-01") }
	cases := []struct {
		name   string
		pkg    *pbiviz.Package // the package judged; p where nil
		about  *pbiviz.Package // the package stated about; p where nil
		change func(*issuer.Request)
		forged bool // signed by a key that is called like the vendor's
		day    string
		want   verdict.Verdict
		code   verdict.Code
	}{
		{name: "good", want: verdict.Accept},
		{name: "wrong key", forged: true, want: verdict.Reject, code: "lic.signature"},
		{name: "wrong tenant", change: forOther, want: verdict.Reject, code: "ent.tenant"},
		{name: "wrong visual", about: ribbon, want: verdict.Reject, code: "pkg.guid"},
		{name: "wrong bytes", pkg: changed, want: verdict.Reject, code: "pkg.digest"},
		{name: "ended", day: licensetest.Ends, want: verdict.Reject, code: "time.expired"},
		{name: "not yet begun", change: begins, want: verdict.Review, code: "time.not_yet"},
	}
	for _, v := range []licensetest.Vendor{licensetest.Aurora(), licensetest.Borealis()} {
		trust := v.Trust(pbiviztest.GUID, otherGUID)
		for _, c := range cases {
			judged, about, signer, day := c.pkg, c.about, v, c.day
			if judged == nil {
				judged = p
			}
			if about == nil {
				about = p
			}
			if c.forged {
				signer.Key.Signer = licensetest.Key("somebody else", v.Record().Algorithm).Signer
			}
			if c.change == nil {
				c.change = func(*issuer.Request) {}
			}
			if day == "" {
				day = "2026-12-01"
			}
			statement := signer.Statement(about, c.change)
			check := func(t *testing.T, p *pbiviz.Package, statement []byte) {
				l, j := trust.Judge(p, statement, licensetest.Need(), licensetest.Facts(), licensetest.At(day))
				if j.Verdict != c.want || c.code != "" && !j.Has(c.code) {
					t.Errorf("got %+v, want %s for %s", j, c.want, c.code)
				}
				if l.IsZero() == (c.want == verdict.Accept) {
					t.Errorf("the Licensed is zero: %t", l.IsZero())
				}
			}
			t.Run(v.Name+"/"+c.name+"/sidecar", func(t *testing.T) { check(t, judged, statement) })
			t.Run(v.Name+"/"+c.name+"/embedded", func(t *testing.T) { check(t, embedStatement(t, judged, statement), nil) })
			t.Run(v.Name+"/"+c.name+"/both", func(t *testing.T) { check(t, embedStatement(t, judged, statement), append(statement, '\n')) })
		}
	}
}

func embedStatement(t testing.TB, p *pbiviz.Package, statement []byte) *pbiviz.Package {
	t.Helper()
	file, err := pbiviz.Embed(p.File(), statement)
	if err != nil {
		t.Fatal(err)
	}
	e, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// packageWithEntry is the package of tests with one entry more.
func packageWithEntry(name string) *pbiviz.Package {
	return licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Extra: map[string][]byte{name: []byte("x")}})
}

// bindingAttempts holds statements against packages they are not about.
func bindingAttempts(t testing.TB) []attempt {
	var all []attempt
	v, other := licensetest.Aurora(), licensetest.Borealis()
	p := gaugePackage(t)
	newer := licensetest.Package(pbiviztest.Package{Version: "1.5.0.0"})
	ribbon := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", GUID: otherGUID})
	settings := []license.Vendor{v.Settings(), other.Settings(otherGUID)}
	both, err := license.NewTrust(licensetest.Tenant, settings)
	if err != nil {
		t.Fatal(err)
	}
	claims := v.Claims(p)
	forge := func(o licensetest.Object) []byte { return v.Forge(v.Header().String(), o.String()) }
	mislabeled := `[{"version":"1.3.0.0","digest":` + quote(string(p.Content())) + `}]`
	neither := `[{"version":"1.4.0.0","digest":` + quote(string(newer.Content())) + `},{"version":"1.3.0.0","digest":` + quote(string(p.Content())) + `}]`
	for _, c := range []struct {
		name      string
		pkg       *pbiviz.Package
		statement []byte
		codes     []verdict.Code
	}{
		{"good", p, v.Statement(p), nil},
		{"no statement", p, nil, []verdict.Code{"lic.none"}},
		{"A19 key of a product that is not this visual", ribbon, v.Statement(ribbon), []verdict.Code{"lic.issuer_scope"}},
		{"B2 vendor X's key for vendor Y's visual", p, other.Statement(p), []verdict.Code{"lic.issuer_scope"}},
		{"B1 and B2", ribbon, v.Forge(v.Header().String(), v.Claims(ribbon).Set("iss", quote(other.Issuer)).String()),
			[]verdict.Code{"lic.issuer_scope", "lic.issuer"}},
		{"all claims and scope wrong", ribbon, forge(v.Claims(ribbon).Drop("exp").Set("seq", "0")),
			[]verdict.Code{"lic.issuer_scope", "lic.type", "lic.missing"}},
		{"statement of the newer version", p, v.Statement(newer), []verdict.Code{"pkg.version", "pkg.version"}},
		{"D23 digest listed for another version", p, forge(claims.Set("pkg", mislabeled)), []verdict.Code{"pkg.version"}},
		{"version and digest from two entries", p, forge(claims.Set("pkg", neither)), []verdict.Code{"pkg.digest"}},
		{"D1 one byte of the script changed", licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Script: "evil()"}), v.Statement(p), []verdict.Code{"pkg.digest"}},
		{"D2 entry added", packageWithEntry("b.txt"), v.Statement(p), []verdict.Code{"pkg.digest"}},
		{"D2 entry removed", p, v.Statement(packageWithEntry("b.txt")), []verdict.Code{"pkg.digest"}},
		{"D2 entry renamed", packageWithEntry("b.txt"), v.Statement(packageWithEntry("c.txt")), []verdict.Code{"pkg.digest"}},
		{"D22 GUID of the statement is another's", p, v.Statement(ribbon), []verdict.Code{"pkg.guid"}},
		{"version outside versions", p, forge(claims.Set("visual", `{"guid":`+quote(pbiviztest.GUID)+`,"versions":"~> 2.0"}`)), []verdict.Code{"pkg.version"}},
		{"D24 GUID in another case", p, forge(claims.Set("aud", quote("urn:powerbi:visual:"+strings.ToUpper(pbiviztest.GUID))).
			Set("visual", `{"guid":`+quote(strings.ToUpper(pbiviztest.GUID))+`,"versions":">= 1"}`)), []verdict.Code{"pkg.guid"}},
		{"D3 the entry is another package's statement", embedStatement(t, p, v.Statement(newer)), nil, []verdict.Code{"pkg.version", "pkg.version"}},
		{"D3 the entry is another build's statement",
			embedStatement(t, p, v.Statement(licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Script: "other()"}))), nil, []verdict.Code{"pkg.digest"}},
		{"D29 sidecar and embedded differ", embedStatement(t, p, v.Statement(p)), v.Statement(p, func(r *issuer.Request) { r.Sequence++ }), []verdict.Code{"lic.ambiguous"}},
		{"D29 embedded good, sidecar empty", embedStatement(t, p, v.Statement(p)), []byte{}, []verdict.Code{"lic.ambiguous"}},
		{"embedded bad, sidecar good", embedStatement(t, p, []byte("x")), v.Statement(p), []verdict.Code{"lic.ambiguous"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			_, err := both.Bind(c.pkg, c.statement)
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

// TestBundleNarrows: what the settings grant and the bundle does not name is
// out of scope, and the reverse.
func TestBundleNarrows(t *testing.T) {
	v, p := licensetest.Aurora(), gaugePackage(t)
	s := v.Settings(pbiviztest.GUID, otherGUID)
	s.Bundle = v.Bundle(func(d *issuer.Draft) { d.Issuers[0].GUIDs = s.GUIDs[1:] })
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
	if err != nil {
		t.Fatal(err)
	}
	_, err = trust.Bind(p, v.Statement(p))
	wantCodes(t, err, "lic.issuer_scope")
	ribbon := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", GUID: otherGUID})
	_, err = trust.Bind(ribbon, v.Statement(ribbon))
	wantCodes(t, err)
}

func TestBoundIsPlainData(t *testing.T) {
	v, p := licensetest.Aurora(), gaugePackage(t)
	for _, p := range []*pbiviz.Package{p, v.Embedded(p)} {
		statement, inside := p.Statement()
		if !inside {
			statement = v.Statement(p)
		}
		b, err := v.Trust().Bind(p, statement)
		wantCodes(t, err)
		if b.GUID != p.Manifest().GUID || b.Package != p.Digest() || b.Content != p.Content() || b.Embedded != inside ||
			b.Statement != sha256.Sum256(statement) || b.Key != v.Record().Fingerprint() {
			t.Errorf("bound as %+v", b)
		}
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		var back license.Bound
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if back.Version.String() != b.Version.String() || back.Terms.Ends != b.Terms.Ends || back.Statement != b.Statement {
			t.Errorf("came back as %+v", back)
		}
		j := v.Trust().Evaluate(back, licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01"))
		if j.Verdict != verdict.Accept {
			t.Errorf("is evaluated otherwise after storage: %+v", j)
		}
	}
}

func TestNewTrustRefuses(t *testing.T) {
	v, other := licensetest.Aurora(), licensetest.Borealis()
	sameKid, sameIssuer, sameName := other, other, other
	sameKid.Key.ID = v.Key.ID
	sameIssuer.Issuer = v.Issuer
	sameName.Name = v.Name
	enforced := v.Settings()
	enforced.Enforced = "calendar"
	for _, c := range []struct {
		name    string
		tenant  string
		vendors []license.Vendor
		codes   []verdict.Code
	}{
		{"two vendors", licensetest.Tenant, []license.Vendor{v.Settings(), other.Settings(otherGUID)}, nil},
		{"none", licensetest.Tenant, nil, nil},
		{"overlapping visuals", licensetest.Tenant, []license.Vendor{v.Settings(), other.Settings()}, []verdict.Code{"trust.overlap"}},
		{"one kid, two vendors", licensetest.Tenant, []license.Vendor{v.Settings(), sameKid.Settings(otherGUID)}, []verdict.Code{"trust.duplicate_kid"}},
		{"one issuer, two vendors", licensetest.Tenant, []license.Vendor{v.Settings(), sameIssuer.Settings(otherGUID)}, []verdict.Code{"trust.overlap"}},
		{"one name, two vendors", licensetest.Tenant, []license.Vendor{v.Settings(), sameName.Settings(otherGUID)}, []verdict.Code{"trust.overlap"}},
		{"tenant in capitals", strings.ToUpper(licensetest.Tenant), []license.Vendor{v.Settings()}, []verdict.Code{"ent.tenant_form"}},
		{"unknown enforced", licensetest.Tenant, []license.Vendor{enforced}, []verdict.Code{"trust.form"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := license.NewTrust(c.tenant, c.vendors)
			wantCodes(t, err, c.codes...)
		})
	}
}

// TestTrustFingerprint: it changes with everything believed, and with nothing else.
func TestTrustFingerprint(t *testing.T) {
	v, other := licensetest.Aurora(), licensetest.Borealis()
	make := func(tenant string, vendors ...license.Vendor) string {
		trust, err := license.NewTrust(tenant, vendors)
		if err != nil {
			t.Fatal(err)
		}
		return trust.Fingerprint()
	}
	a, b := v.Settings(), other.Settings(otherGUID)
	base := make(licensetest.Tenant, a, b)
	if make(licensetest.Tenant, b, a) != base {
		t.Error("the order of vendors changes it")
	}
	enforced, granted, bundle, named := a, a, a, a
	enforced.Enforced = license.ByStatement
	granted.GUIDs = v.Settings(pbiviztest.GUID, "another").GUIDs
	bundle.Bundle = v.Bundle(func(d *issuer.Draft) { d.Version = 2 })
	named.Name = "Aurora"
	seen := map[string]string{base: "base"}
	for name, f := range map[string]string{
		"tenant": make(licensetest.OtherTenant, a, b), "enforced": make(licensetest.Tenant, enforced, b),
		"guids": make(licensetest.Tenant, granted, b), "bundle": make(licensetest.Tenant, bundle, b),
		"name": make(licensetest.Tenant, named, b), "fewer": make(licensetest.Tenant, a),
	} {
		if seen[f] != "" {
			t.Errorf("%s and %s have one fingerprint", name, seen[f])
		}
		seen[f] = name
	}
}

func TestPeek(t *testing.T) {
	v, p := licensetest.Aurora(), gaugePackage(t)
	c, err := license.Peek(v.Statement(p))
	wantCodes(t, err)
	if c.GUID != p.Manifest().GUID || c.KeyID != v.Key.ID || len(c.Packages) != 1 || c.Packages[0].Content != p.Content() {
		t.Errorf("claims %+v", c)
	}
	if _, err := license.Peek([]byte("x.y.z")); err == nil {
		t.Error("peeked into rubbish")
	}
}
