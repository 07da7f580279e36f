package license_test

import (
	"encoding/hex"
	"slices"
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

// attestationAttempts binds attestations of which one thing is wrong. All but those
// that say otherwise are correctly signed.
func attestationAttempts(t testing.TB) []attempt {
	p, ada := gaugePackage(t), licensetest.Ada()
	all := attestationClaims(p, ada)
	return append(all, attestationBindings(t, p, ada)...)
}

// attestationClaims changes one good set of an attestation's claims in one way each.
func attestationClaims(p *pbiviz.Package, ada licensetest.Person) []attempt {
	set := func(name, value string) func(object) object {
		return func(o object) object { return o.Set(name, value) }
	}
	drop := func(name string) func(object) object { return func(o object) object { return o.Drop(name) } }
	add := func(name, value string) func(object) object {
		return func(o object) object { return o.Add(name, value) }
	}
	const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	other := license.TenantIssuer + licensetest.OtherTenant
	entry := func(members string) func(object) object {
		return set("pkg", `[{"version":"1.4.0.0","digest":`+quote(string(p.Content()))+members+`}]`)
	}
	type list = []verdict.Code
	var all []attempt
	for _, c := range []struct {
		name   string
		change func(object) object
		codes  list
	}{
		{"good", func(o object) object { return o }, nil},
		{"with a number of users", add("user", `{"qty":250}`), nil},
		{"capacity without a size", set("kind", `"capacity"`), nil},
		{"evidence in a file", set("evidence", `{"name":"bolletta n° 7.pdf","sha256":"`+sum+`"}`), nil},
		{"a reason in another script", set("reason", `"лицензия непрозрачна, così è"`), nil},
		{"prev", add("prev", `"attestation-0"`), nil},
		{"iss of another tenant", func(o object) object {
			return o.Set("iss", quote(other)).Set("tid", quoteList(licensetest.OtherTenant))
		}, list{"lic.issuer"}},
		{"iss of a vendor", set("iss", `"https://licenses.aurora.example"`), list{"lic.issuer"}},
		{"tid of another tenant", set("tid", quoteList(licensetest.OtherTenant)), list{"lic.inconsistent"}},
		{"tid of two tenants", set("tid", quoteList(licensetest.Tenant, licensetest.OtherTenant)), list{"ent.tenant_form"}},
		{"sub of another person", set("sub", `"Grace Hopper"`), list{"lic.attester"}},
		{"sub in another spelling", set("sub", `"Ada  Lovelace"`), list{"lic.attester"}},
		{"no sub", drop("sub"), list{"lic.missing"}},
		{"no kind", drop("kind"), list{"lic.missing"}},
		{"unknown kind", set("kind", `"seat"`), list{"ent.kind"}},
		{"two kinds", add("capacity", `{"sku":["F64"]}`), list{"ent.kind"}},
		{"user is null", add("user", "null"), list{"ent.kind"}},
		{"no users", add("user", `{"qty":0}`), list{"ent.qty"}},
		{"no evidence", drop("evidence"), list{"lic.missing"}},
		{"evidence is a text", set("evidence", `"invoice"`), list{"lic.type"}},
		{"evidence empty", set("evidence", `{}`), list{"lic.inconsistent"}},
		{"evidence without text", set("evidence", `{"text":""}`), list{"lic.type"}},
		{"evidence both ways", set("evidence", `{"text":"x","name":"a","sha256":"`+sum+`"}`), list{"lic.inconsistent"}},
		{"evidence without a name", set("evidence", `{"sha256":"`+sum+`"}`), list{"lic.type"}},
		{"evidence in capitals", set("evidence", `{"name":"a","sha256":"`+strings.ToUpper(sum)+`"}`), list{"lic.type"}},
		{"evidence with a tail", set("evidence", `{"text":"x","url":"https://attacker.example"}`), list{"lic.unknown_claim"}},
		{"evidence with an override of direction", set("evidence", `{"text":"a\u202eb"}`), list{"lic.payload"}},
		{"evidence of two lines", set("evidence", `{"text":"a\nb"}`), list{"lic.payload"}},
		{"evidence of 513 bytes", set("evidence", `{"text":"`+strings.Repeat("x", 513)+`"}`), list{"lic.payload"}},
		{"no reason", drop("reason"), list{"lic.missing"}},
		{"reason empty", set("reason", `""`), list{"lic.type"}},
		{"reason that rings", set("reason", `"\u0007"`), list{"lic.payload"}},
		{"ext", add("ext", `{}`), list{"lic.unknown_claim"}},
		{"trial", add("trial", `true`), list{"lic.unknown_claim"}},
		{"versions", set("visual", `{"guid":`+quote(pbiviztest.GUID)+`,"versions":">= 1"}`), list{"lic.unknown_claim"}},
		{"no visual", drop("visual"), list{"lic.missing"}},
		{"aud of another visual", set("aud", `"urn:powerbi:visual:other"`), list{"lic.audience"}},
		{"format 2", set("v", "2"), list{"lic.unsupported"}},
		{"no exp", drop("exp"), list{"lic.missing"}},
		{"duplicate exp", add("exp", "1"), list{"lic.duplicate"}},
		{"without the file's digest", entry(""), list{"lic.missing"}},
		{"with a digest cut short", entry(`,"sha256":"abcd"`), list{"lic.type"}},
		{"of other bytes with the same content", entry(`,"sha256":"` + sum + `"`), list{"pkg.digest"}},
	} {
		all = append(all, attempt{"attestation: " + c.name, func(t *testing.T) verdict.Judgment {
			_, err := ada.Trust().Bind(p, ada.Forge(ada.Header().String(), c.change(ada.Claims(p)).String()))
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

// attestationBindings mixes people, vendors and packages up.
func attestationBindings(t testing.TB, p *pbiviz.Package, ada licensetest.Person) []attempt {
	v, grace := licensetest.Aurora(), licensetest.Grace()
	both, err := license.NewTrust(licensetest.Tenant, []license.Vendor{v.Settings()}, ada.Attester())
	if err != nil {
		t.Fatal(err)
	}
	signer := licensetest.Person{Name: ada.Name, Key: v.Key}
	forger := ada
	forger.Key.Signer = licensetest.Key("somebody else", license.Ed25519).Signer
	asVendor := v
	asVendor.Key = ada.Key
	repacked := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Stored: true})
	changed := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Script: "evil()"})
	newer := licensetest.Package(pbiviztest.Package{Version: "1.5.0.0"})
	ribbon := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", GUID: otherGUID})
	type list = []verdict.Code
	var all []attempt
	for _, c := range []struct {
		name  string
		pkg   *pbiviz.Package
		file  []byte
		codes list
	}{
		{"good", p, ada.Attestation(p), nil},
		{"with a line feed", p, append(ada.Attestation(p), '\n'), nil},
		{"of a visual no vendor is trusted for", ribbon, ada.Attestation(ribbon), nil},
		{"by a stranger", p, grace.Attestation(p), list{"lic.kid"}},
		{"by a stranger under a colleague's key name", p, forger.Attestation(p), list{"lic.signature"}},
		{"G9 by a vendor's license key", p, signer.Attestation(p), list{"trust.key_use"}},
		{"G9 statement by an attester's key", p, asVendor.Statement(p), list{"trust.key_use"}},
		{"of the package packed again", repacked, ada.Attestation(p), list{"pkg.digest"}},
		{"of other code", changed, ada.Attestation(p), list{"pkg.digest"}},
		{"of another version", newer, ada.Attestation(p), list{"pkg.version"}},
		{"of another visual", ribbon, ada.Attestation(p), list{"pkg.guid"}},
		{"beside a statement inside", embedStatement(t, p, v.Statement(p)), ada.Attestation(p), list{"lic.ambiguous"}},
		{"inside a package", embedStatement(t, p, ada.Attestation(p)), nil, list{"pkg.digest"}},
	} {
		name := "attestation " + c.name
		if rest, ok := strings.CutPrefix(c.name, "G9 "); ok {
			name = "G9 attestation: " + rest
		}
		all = append(all, attempt{name, func(t *testing.T) verdict.Judgment {
			_, err := both.Bind(c.pkg, c.file)
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

// TestAttested judges an opaque package that a person attests, by both
// algorithms, and all that the terms say of it.
func TestAttested(t *testing.T) {
	for _, who := range []licensetest.Person{licensetest.Ada(), licensetest.Grace()} {
		p := gaugePackage(t)
		l, j := who.Trust().Judge(p, who.Attestation(p), licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01"))
		wantJudgment(t, j, verdict.Accept)
		if l.IsZero() {
			t.Fatal("not licensed")
		}
		terms := l.Bound().Terms
		id := terms.ID
		terms.ID = ""
		equal(t, terms, license.Terms{
			Grade: license.Attested, Issuer: license.TenantIssuer + licensetest.Tenant, Subscription: "order 4711", Sequence: 1,
			Kind: license.User, Tenants: []string{licensetest.Tenant}, Issued: licensetest.Time("2026-11-01"),
			Begins: licensetest.Time("2026-11-01"), Ends: licensetest.Time("2027-11-20"), KeyID: who.Key.ID, Attester: who.Name,
			Evidence: license.Evidence{Text: "invoice 2026-4711"}, Reason: "the license in the package is opaque",
		})
		text, err := json.Marshal(l.Bound())
		if err != nil {
			t.Fatal(err)
		}
		var back license.Bound
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		terms.ID = id
		equal(t, back.Terms, terms)
		c, err := license.Peek(who.Attestation(p))
		wantCodes(t, err)
		if c.GUID != p.Manifest().GUID || c.KeyID != who.Key.ID || c.ID != id || len(c.Packages) != 1 || c.Packages[0].File != p.Digest() {
			t.Errorf("claims %+v", c)
		}
	}
}

// TestSignedTermsSayNothingOfAttesters: what is stored of vendors' statements is
// as it was before there were attestations.
func TestSignedTermsSayNothingOfAttesters(t *testing.T) {
	text, err := json.Marshal(bindGauge(t).Terms)
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"attester", "evidence", "reason"} {
		if strings.Contains(string(text), member) {
			t.Errorf("%s is in %s", member, text)
		}
	}
}

// TestEvaluateAttested evaluates an attestation that was bound once under the trust of
// today.
func TestEvaluateAttested(t *testing.T) {
	p, ada := gaugePackage(t), licensetest.Ada()
	b, err := ada.Trust().Bind(p, ada.Attestation(p))
	wantCodes(t, err)
	key := func(change func(*license.Attester)) []license.Attester {
		a := ada.Attester()
		change(&a)
		return []license.Attester{a}
	}
	other, err := license.NewKey(ada.Key.ID, licensetest.Key("another", license.Ed25519).Signer.Public(), licensetest.Time("2026-01-01"))
	wantCodes(t, err)
	at := licensetest.Time
	type list = []verdict.Code
	for _, c := range []struct {
		name      string
		attesters []license.Attester
		tenant    string
		need      license.Need
		day       string
		want      verdict.Verdict
		codes     list
	}{
		{"as it was", key(func(*license.Attester) {}), licensetest.Tenant, licensetest.Need(), "2026-12-01", verdict.Accept, nil},
		{"signed is needed", key(func(*license.Attester) {}), licensetest.Tenant, license.Need{Least: license.Signed}, "2026-12-01", verdict.Reject, list{"lic.grade"}},
		{"readable would do", key(func(*license.Attester) {}), licensetest.Tenant, license.Need{Least: license.Readable}, "2026-12-01", verdict.Accept, nil},
		{"ended", key(func(*license.Attester) {}), licensetest.Tenant, licensetest.Need(), licensetest.Ends, verdict.Reject, list{"time.expired"}},
		{"the attester left", nil, licensetest.Tenant, licensetest.Need(), "2026-12-01", verdict.Reject, list{"lic.kid"}},
		{"the key is another person's now", key(func(a *license.Attester) { a.Name = "Grace Hopper" }), licensetest.Tenant, licensetest.Need(), "2026-12-01", verdict.Reject, list{"lic.kid"}},
		{"another key of that name", key(func(a *license.Attester) { a.Key = other.For(license.UseAttestation) }), licensetest.Tenant, licensetest.Need(), "2026-12-01", verdict.Reject, list{"lic.kid"}},
		{"another tenant", key(func(*license.Attester) {}), licensetest.OtherTenant, licensetest.Need(), "2026-12-01", verdict.Reject, list{"lic.kid", "ent.tenant"}},
		{"retired in time", key(func(a *license.Attester) { a.Key.Status, a.Key.NotAfter = license.Retired, at("2026-11-02") }), licensetest.Tenant, licensetest.Need(), "2026-12-01", verdict.Accept, nil},
		{"retired before", key(func(a *license.Attester) { a.Key.Status, a.Key.NotAfter = license.Retired, at("2026-11-01") }), licensetest.Tenant, licensetest.Need(), "2026-12-01", verdict.Reject, list{"trust.key_retired"}},
		{"compromised", key(func(a *license.Attester) { a.Key.Status, a.Key.CompromisedAt = license.Compromised, at("2026-11-01") }), licensetest.Tenant, licensetest.Need(), "2026-12-01", verdict.Reject, list{"trust.key_compromised"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			trust, err := license.NewTrust(c.tenant, nil, c.attesters...)
			wantCodes(t, err)
			f := license.Facts{Tenant: c.tenant}
			wantJudgment(t, trust.Evaluate(b, c.need, f, licensetest.At(c.day)), c.want, c.codes...)
		})
	}
}

// TestAttestedAgain is the renewal of an opaque package: new bytes, attested
// anew; and an old attestation after it.
func TestAttestedAgain(t *testing.T) {
	ada, p := licensetest.Ada(), gaugePackage(t)
	renewed := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Script: "expires(2028)"})
	first, err := ada.Trust().Bind(p, ada.Attestation(p))
	wantCodes(t, err)
	_, err = ada.Trust().Bind(renewed, ada.Attestation(p))
	wantCodes(t, err, "pkg.digest")
	again := ada.Attestation(renewed, func(r *issuer.Request) {
		renewRequest(r)
		r.Previous = first.Terms.ID
	})
	second, err := ada.Trust().Bind(renewed, again)
	wantCodes(t, err)
	f := licensetest.Facts()
	f.Latest = map[license.Line]license.Bound{license.LineOf(first): first}
	wantJudgment(t, ada.Trust().Evaluate(second, licensetest.Need(), f, licensetest.At("2026-12-01")), verdict.Accept)
	f.Marks = map[string]int64{license.MarkKey(second.Terms): 2}
	wantJudgment(t, ada.Trust().Evaluate(first, licensetest.Need(), f, licensetest.At("2026-12-01")), verdict.Reject, "life.superseded")
	if !strings.Contains(ada.Trust().RenewalHint(second), "license attest") {
		t.Errorf("the renewal needs: %s", ada.Trust().RenewalHint(second))
	}
}

// TestVendorsWordWins: an attestation neither extends nor shortens what the
// vendor signed about the same bytes.
func TestVendorsWordWins(t *testing.T) {
	v, p, ada := licensetest.Aurora(), gaugePackage(t), licensetest.Ada()
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{v.Settings()}, ada.Attester())
	wantCodes(t, err)
	bind := func(file []byte) license.Bound {
		b, err := trust.Bind(p, file)
		wantCodes(t, err)
		return b
	}
	ends := func(day string) func(*issuer.Request) {
		return func(r *issuer.Request) { r.Ends = licensetest.Time(day) }
	}
	signed := bind(v.Statement(p, ends("2027-06-01")))
	longer, shorter := bind(ada.Attestation(p, ends("2027-11-20"))), bind(ada.Attestation(p, ends("2027-02-01")))
	all := []license.Bound{longer, signed, shorter}
	for range 2 {
		f := licensetest.Facts()
		f.EarliestEnd = license.EarliestEnds(all)
		wantJudgment(t, trust.Evaluate(signed, licensetest.Need(), f, licensetest.At("2027-05-01")), verdict.Accept)
		wantJudgment(t, trust.Evaluate(longer, licensetest.Need(), f, licensetest.At("2027-05-01")), verdict.Review, "lic.same_bytes_extended")
		wantJudgment(t, trust.Evaluate(longer, licensetest.Need(), f, licensetest.At("2027-06-01")), verdict.Reject, "time.expired", "lic.same_bytes_extended")
		wantJudgment(t, trust.Evaluate(shorter, licensetest.Need(), f, licensetest.At("2027-02-01")), verdict.Reject, "time.expired")
		slices.Reverse(all)
	}
}

// TestWhoMayAttest: NewTrust refuses whoever could be taken for another.
func TestWhoMayAttest(t *testing.T) {
	v, ada, grace := licensetest.Aurora(), licensetest.Ada(), licensetest.Grace()
	with := func(p licensetest.Person, change func(*license.Attester)) license.Attester {
		a := p.Attester()
		change(&a)
		return a
	}
	asTenant := v
	asTenant.Issuer = license.TenantIssuer + licensetest.Tenant
	vendorsKey := with(ada, func(a *license.Attester) { a.Key = v.Record().For(license.UseAttestation) })
	type list = []verdict.Code
	for _, c := range []struct {
		name      string
		vendor    licensetest.Vendor
		attesters []license.Attester
		codes     list
	}{
		{"nobody", v, nil, nil},
		{"two people", v, []license.Attester{ada.Attester(), grace.Attester()}, nil},
		{"one person, two keys", v, []license.Attester{ada.Attester(), with(grace, func(a *license.Attester) { a.Name = ada.Name })}, nil},
		{"one key name, two people", v, []license.Attester{ada.Attester(), with(grace, func(a *license.Attester) { a.Key.ID = ada.Key.ID })}, list{"trust.duplicate_kid"}},
		{"one key, two names", v, []license.Attester{ada.Attester(), with(ada, func(a *license.Attester) { a.Key.ID = "ada-2027" })}, list{"trust.duplicate_kid"}},
		{"a vendor's key", v, []license.Attester{vendorsKey}, list{"trust.duplicate_kid"}},
		{"a vendor's key under another name", v, []license.Attester{with(ada, func(a *license.Attester) { a.Key = vendorsKey.Key; a.Key.ID = "ada" })}, list{"trust.duplicate_kid"}},
		{"a key for licenses", v, []license.Attester{with(ada, func(a *license.Attester) { a.Key.Use = license.UseLicense })}, list{"trust.key_use"}},
		{"a key that proves nothing", v, []license.Attester{with(ada, func(a *license.Attester) { a.Key.Public = make([]byte, 32) })}, list{"trust.key_form"}},
		{"a key that is called by a path", v, []license.Attester{with(ada, func(a *license.Attester) { a.Key.ID = "../ada" })}, list{"trust.key_form"}},
		{"no name", v, []license.Attester{with(ada, func(a *license.Attester) { a.Name = "" })}, list{"lic.attester"}},
		{"a name that turns the line", v, []license.Attester{with(ada, func(a *license.Attester) { a.Name = "a\u202eb" })}, list{"lic.attester"}},
		{"a vendor who issues as the tenant", asTenant, nil, list{"trust.overlap"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := license.NewTrust(licensetest.Tenant, []license.Vendor{c.vendor.Settings()}, c.attesters...)
			wantCodes(t, err, c.codes...)
		})
	}
}

// TestAttestersInTheFingerprint: it changes with who may attest, not with the
// accounts they have.
func TestAttestersInTheFingerprint(t *testing.T) {
	ada := licensetest.Ada()
	named, account := ada.Attester(), ada.Attester()
	named.Name, account.Accounts = "Ada King", []string{"1000"}
	print := func(a ...license.Attester) string {
		trust, err := license.NewTrust(licensetest.Tenant, nil, a...)
		wantCodes(t, err)
		return trust.Fingerprint()
	}
	base := print(ada.Attester())
	if base == print() || base == print(named) || base == print(licensetest.Grace().Attester()) {
		t.Error("two trusts, one fingerprint")
	}
	if base != print(account) {
		t.Error("an account changes whom statements are bound by")
	}
	if print(ada.Attester(), licensetest.Grace().Attester()) != print(licensetest.Grace().Attester(), ada.Attester()) {
		t.Error("the order of attesters changes it")
	}
}

func TestKeyText(t *testing.T) {
	for _, who := range []licensetest.Person{licensetest.Ada(), licensetest.Grace()} {
		k := who.Attester().Key
		back, err := license.ParseKey(k.Text(), license.UseAttestation)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, back, k)
	}
	zero := hex.EncodeToString(make([]byte, 32))
	for _, s := range []string{"", "a", "a:Ed25519", "a:Ed25519:" + zero, "../a:Ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
		"a:RS256:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "a:Ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "a:Ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\n"} {
		if _, err := license.ParseKey(s, license.UseAttestation); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

// TestGradesAreTold: whoever is refused learns which grade was reached, which
// was needed, and what to do.
func TestGradesAreTold(t *testing.T) {
	p, v, ada := gaugePackage(t), licensetest.Aurora(), licensetest.Ada()
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{v.Settings()}, ada.Attester())
	wantCodes(t, err)
	changed := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Script: "evil()"})
	for _, c := range []struct {
		name  string
		pkg   *pbiviz.Package
		file  []byte
		least license.Grade
		says  []string
	}{
		{"nothing said, attested needed", p, nil, license.Attested, []string{"grade is opaque", "needs the grade attested", "ask Aurora Visuals for NAME.pbiviz.license", "orgstore license attest PACKAGE"}},
		{"nothing said, signed needed", p, nil, license.Signed, []string{"grade is opaque", "needs the grade signed", "ask Aurora Visuals for NAME.pbiviz.license"}},
		{"attested, signed needed", p, ada.Attestation(p), license.Signed, []string{"grade attested", "needs the grade signed", "ask Aurora Visuals for NAME.pbiviz.license", "change least in the settings"}},
		{"not believed, attested needed", changed, v.Statement(p), license.Attested, []string{"this package was changed", "left with the grade opaque", "needs the grade attested", "orgstore license attest PACKAGE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, j := trust.Judge(c.pkg, c.file, license.Need{Least: c.least}, licensetest.Facts(), licensetest.At("2026-12-01"))
			var told strings.Builder
			for _, f := range j.Findings {
				told.WriteString(f.Message + "\n" + f.Hint + "\n")
			}
			for _, s := range c.says {
				if !strings.Contains(told.String(), s) {
					t.Errorf("nobody says %q:\n%s", s, told.String())
				}
			}
			if strings.Contains(told.String(), "attest PACKAGE") != (c.least == license.Attested) {
				t.Errorf("attesting helps only where attested is enough:\n%s", told.String())
			}
		})
	}
}
