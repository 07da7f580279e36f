package license_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// trustWithStatusKey is the trust in a vendor whose bundle has a key for status lists.
func trustWithStatusKey(t testing.TB, v licensetest.Vendor, change ...func(*issuer.Draft)) license.Trust {
	t.Helper()
	s := v.Settings()
	s.Bundle = v.Bundle(append([]func(*issuer.Draft){v.WithStatusKey}, change...)...)
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// withStatusList adds a status list to a trust.
func withStatusList(t testing.TB, trust license.Trust, file []byte) license.Trust {
	t.Helper()
	s, err := trust.ReadStatus(file)
	if err != nil {
		t.Fatal(err)
	}
	trust, err = trust.WithStatus(s)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// statusAttempts reads status lists, good and bad, and evaluates a license under them.
func statusAttempts(t testing.TB) []attempt {
	all := append(statusFiles(t), statusOrder(t)...)
	return append(all, statusEvaluations(t)...)
}

// statusFiles reads status lists of which one thing is wrong.
func statusFiles(t testing.TB) []attempt {
	v, other := licensetest.Aurora(), licensetest.Borealis()
	h := v.Header().Set("kid", quote(v.StatusKey().ID)).Set("typ", quote(license.StatusType))
	claims := licensetest.Object{
		{Name: "iss", Value: quote(v.Issuer)}, {Name: "seq", Value: "3"}, {Name: "iat", Value: "1793491200"},
		{Name: "nxt", Value: "1801440000"}, {Name: "revoked_jti", Value: `["a"]`}, {Name: "revoked_lid", Value: "[]"},
	}
	signer := v
	signer.Key = v.StatusKey()
	forge := func(o licensetest.Object) []byte { return signer.Forge(h.String(), o.String()) }
	key := func(change func(*license.Key)) func(*issuer.Draft) {
		return func(d *issuer.Draft) { change(&d.Issuers[0].Keys[1]) }
	}
	at := licensetest.Time
	type list = []verdict.Code
	var all []attempt
	for _, c := range []struct {
		name   string
		file   []byte
		bundle func(*issuer.Draft)
		codes  list
	}{
		{name: "status list", file: forge(claims)},
		{name: "status list with a number of its format", file: forge(claims.Add("v", "1"))},
		{name: "status list of the issuer", file: v.Status()},
		{name: "status list of format 2", file: forge(claims.Add("v", "2")), codes: list{"lic.unsupported"}},
		{name: "A11 status list with a statement's typ", file: signer.Forge(h.Set("typ", quote(license.StatementType)).String(), claims.String()), codes: list{"lic.typ"}},
		{name: "A11 a statement for a status list", file: v.Statement(gaugePackage(t)), codes: list{"lic.typ"}},
		{name: "G8 status list for another issuer", file: forge(claims.Set("iss", quote(other.Issuer))), codes: list{"trust.status"}},
		{name: "G9 status list signed by a license key", file: v.Forge(v.Header().Set("typ", quote(license.StatusType)).String(), claims.String()), codes: list{"trust.key_use"}},
		{name: "G9 statement signed by a status key, as a list", file: signer.Forge(v.Header().Set("typ", quote(license.StatusType)).String(), claims.String()), codes: list{"trust.key_use"}},
		{name: "status list by a stranger", file: other.Status(), codes: list{"lic.kid"}},
		{name: "status list changed", file: joinToken([]byte(h.String()), []byte(claims.Set("revoked_jti", "[]").String()), make([]byte, 64)), codes: list{"lic.signature"}},
		{name: "status list without seq", file: forge(claims.Drop("seq")), codes: list{"lic.missing"}},
		{name: "status list without revoked_jti", file: forge(claims.Drop("revoked_jti")), codes: list{"lic.missing"}},
		{name: "status list with null", file: forge(claims.Set("revoked_lid", "null")), codes: list{"lic.missing"}},
		{name: "status list with a number", file: forge(claims.Set("revoked_jti", "[1]")), codes: list{"lic.type"}},
		{name: "status list with an empty name", file: forge(claims.Set("revoked_jti", `[""]`)), codes: list{"lic.type"}},
		{name: "status list with an unknown claim", file: forge(claims.Add("except", "[]")), codes: list{"lic.unknown_claim"}},
		{name: "status list with a duplicate", file: forge(claims.Add("seq", "9")), codes: list{"lic.duplicate"}},
		{name: "status list due before it was made", file: forge(claims.Set("nxt", "1793491200")), codes: list{"lic.inconsistent"}},
		{name: "status list of 300 KB", file: make([]byte, 300<<10), codes: list{"lic.too_large"}},
		{name: "status list by a retired key", file: v.Status(), codes: list{"trust.key_retired"},
			bundle: key(func(k *license.Key) { k.Status, k.NotAfter = license.Retired, at("2026-11-15") })},
		{name: "status list before its key", file: v.Status(), codes: list{"trust.key_not_yet"},
			bundle: key(func(k *license.Key) { k.NotBefore = at("2026-11-16") })},
		{name: "status list by a compromised key", file: v.Status(), codes: list{"trust.key_compromised"},
			bundle: key(func(k *license.Key) { k.Status, k.CompromisedAt = license.Compromised, at("2026-11-15") })},
		{name: "status list from before its key was compromised", file: v.Status(),
			bundle: key(func(k *license.Key) { k.Status, k.CompromisedAt = license.Compromised, at("2026-11-16") })},
	} {
		if c.bundle == nil {
			c.bundle = func(*issuer.Draft) {}
		}
		trust := trustWithStatusKey(t, v, c.bundle)
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			_, err := trust.ReadStatus(c.file)
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

// statusOrder puts status lists after one another.
func statusOrder(t testing.TB) []attempt {
	v := licensetest.Aurora()
	trust := withStatusList(t, trustWithStatusKey(t, v), v.Status())
	number := func(n int64) func(*issuer.Revocation) {
		return func(r *issuer.Revocation) { r.Sequence = n }
	}
	var all []attempt
	for _, c := range []struct {
		name  string
		file  []byte
		codes []verdict.Code
	}{
		{"status list after an older one", v.Status(number(4)), nil},
		{"status list again", v.Status(), nil},
		{"G8 status list of an older number", v.Status(number(2)), []verdict.Code{"trust.status"}},
		{"G8 status list of the same number that says other things", v.Status(func(r *issuer.Revocation) { r.Statements = []string{"x"} }), []verdict.Code{"trust.status"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			s, err := trust.ReadStatus(c.file)
			wantCodes(t, err)
			_, err = trust.WithStatus(s)
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

// statusEvaluations evaluates a license under status lists.
func statusEvaluations(t testing.TB) []attempt {
	v, b := licensetest.Aurora(), bindGauge(t)
	mark := v.Issuer + " " + v.StatusKey().ID
	byID := func(r *issuer.Revocation) { r.Statements = []string{b.Terms.ID} }
	bySubscription := func(r *issuer.Revocation) { r.Subscriptions = []string{b.Terms.Subscription} }
	others := func(r *issuer.Revocation) { r.Statements, r.Subscriptions = []string{"x"}, []string{"y"} }
	rollback := license.Need{Least: license.Attested, Asked: true, Reviewed: "the board wants it"}
	type list = []verdict.Code
	var all []attempt
	for _, c := range []struct {
		name  string
		file  []byte // none where nil
		need  license.Need
		marks map[string]int64
		day   string
		want  verdict.Verdict
		codes list
	}{
		{"nothing revoked", v.Status(), licensetest.Need(), nil, "2026-12-01", verdict.Accept, nil},
		{"others revoked", v.Status(others), licensetest.Need(), nil, "2026-12-01", verdict.Accept, nil},
		{"F9 revoked", v.Status(byID), licensetest.Need(), nil, "2026-12-01", verdict.Reject, list{"life.revoked"}},
		{"F9 subscription revoked", v.Status(bySubscription), licensetest.Need(), nil, "2026-12-01", verdict.Reject, list{"life.revoked"}},
		{"F9 rollback to it, reviewed", v.Status(byID), rollback, nil, "2026-12-01", verdict.Reject, list{"life.revoked"}},
		{"F9 revoked by an old list", v.Status(byID), licensetest.Need(), nil, "2027-02-15", verdict.Reject, list{"life.revoked", "trust.status"}},
		{"G8 old", v.Status(), licensetest.Need(), nil, "2027-02-15", verdict.Warn, list{"trust.status"}},
		{"not yet old", v.Status(), licensetest.Need(), nil, "2027-02-14T23:59:59Z", verdict.Accept, nil},
		{"G8 older than one seen", v.Status(), licensetest.Need(), map[string]int64{mark: 4}, "2026-12-01", verdict.Reject, list{"trust.status"}},
		{"as new as the one seen", v.Status(), licensetest.Need(), map[string]int64{mark: 3}, "2026-12-01", verdict.Accept, nil},
		{"one was seen and is gone", nil, licensetest.Need(), map[string]int64{mark: 3}, "2026-12-01", verdict.Review, list{"trust.status"}},
		{"one by a key that is gone", nil, licensetest.Need(), map[string]int64{v.Issuer + " aurora-old": 2147483647}, "2026-12-01", verdict.Accept, nil},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			trust := trustWithStatusKey(t, v)
			if c.file != nil {
				trust = withStatusList(t, trust, c.file)
			}
			f := licensetest.Facts()
			f.StatusMarks = c.marks
			return wantJudgment(t, trust.Evaluate(b, c.need, f, licensetest.At(c.day)), c.want, c.codes...)
		}})
	}
	return all
}

// A status list that is lost gives nothing back: what it revoked is known apart from it.
func TestRevokedByAListThatIsLost(t *testing.T) {
	v, b := licensetest.Aurora(), bindGauge(t)
	trust := trustWithStatusKey(t, v)
	known := func(change func(*issuer.Revocation)) license.Revoked {
		s, err := trust.ReadStatus(v.Status(change))
		if err != nil {
			t.Fatal(err)
		}
		return s.Revoked()
	}
	byID := func(r *issuer.Revocation) { r.Statements = []string{b.Terms.ID} }
	bySubscription := func(r *issuer.Revocation) { r.Subscriptions = []string{b.Terms.Subscription} }
	others := func(r *issuer.Revocation) { r.Statements, r.Subscriptions = []string{"x"}, []string{"y"} }
	newer := v.Status(func(r *issuer.Revocation) { r.Sequence = 4 })
	ofOldKey, ofOther := known(byID), known(byID)
	ofOldKey.KeyID, ofOther.Issuer = "aurora-old", "https://other.example"
	afterRetirement := func(d *issuer.Draft) {
		k := &d.Issuers[0].Keys[1]
		k.Status, k.NotAfter = license.Retired, known(byID).Issued
	}
	compromisedLater := func(d *issuer.Draft) {
		k := &d.Issuers[0].Keys[1]
		k.Status, k.CompromisedAt = license.Compromised, known(byID).Issued.AddDate(0, 0, 1)
	}
	reviewed := license.Need{Least: license.Opaque, Asked: true, Reviewed: "I say so"}
	for name, c := range map[string]struct {
		revoked license.Revoked
		mark    int64
		file    []byte
		bundle  func(*issuer.Draft)
		want    verdict.Verdict
		codes   []verdict.Code
	}{
		"a statement":                        {revoked: known(byID), mark: 3, want: verdict.Reject, codes: []verdict.Code{"life.revoked"}},
		"a subscription":                     {revoked: known(bySubscription), mark: 3, want: verdict.Reject, codes: []verdict.Code{"life.revoked"}},
		"others":                             {revoked: known(others), mark: 3, want: verdict.Warn, codes: []verdict.Code{"trust.status"}},
		"a newer list, which is not known":   {revoked: known(others), mark: 4, want: verdict.Review, codes: []verdict.Code{"trust.status"}},
		"taken back by a newer list":         {revoked: known(byID), mark: 4, file: newer, want: verdict.Accept},
		"by a key that is gone":              {revoked: ofOldKey, want: verdict.Accept},
		"by another issuer":                  {revoked: ofOther, want: verdict.Accept},
		"by a key that was retired by then":  {revoked: known(byID), mark: 3, bundle: afterRetirement, want: verdict.Accept},
		"by a key that was compromised then": {revoked: known(byID), mark: 3, bundle: compromisedLater, want: verdict.Reject, codes: []verdict.Code{"life.revoked"}},
	} {
		t.Run(name, func(t *testing.T) {
			trust := trust
			if c.bundle != nil {
				trust = trustWithStatusKey(t, v, c.bundle)
			}
			if c.file != nil {
				trust = withStatusList(t, trust, c.file)
			}
			f := licensetest.Facts()
			f.Revoked = []license.Revoked{c.revoked}
			f.StatusMarks = map[string]int64{v.Issuer + " " + v.StatusKey().ID: c.mark}
			wantJudgment(t, trust.Evaluate(b, reviewed, f, licensetest.At("2026-12-01")), c.want, c.codes...)
		})
	}
}

// TestStatusOfAnotherVendor: a list speaks of its own vendor's statements only,
// though numbers and names be the same.
func TestStatusOfAnotherVendor(t *testing.T) {
	v, other := licensetest.Aurora(), licensetest.Borealis()
	a, b := v.Settings(), other.Settings(otherGUID)
	a.Bundle, b.Bundle = v.Bundle(v.WithStatusKey), other.Bundle(other.WithStatusKey)
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{a, b})
	wantCodes(t, err)
	terms := bindGauge(t).Terms
	trust = withStatusList(t, trust, other.Status(func(r *issuer.Revocation) {
		r.Statements, r.Subscriptions = []string{terms.ID}, []string{terms.Subscription}
	}))
	wantJudgment(t, trust.Evaluate(bindGauge(t), licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01")), verdict.Accept)
}

// TestWithStatusAsksTheTrust: a list read under another trust is not taken.
func TestWithStatusAsksTheTrust(t *testing.T) {
	v := licensetest.Aurora()
	s, err := trustWithStatusKey(t, v).ReadStatus(v.Status())
	wantCodes(t, err)
	_, err = v.Trust().WithStatus(s)
	wantCodes(t, err, "lic.kid")
	_, err = trustWithStatusKey(t, v).WithStatus(license.StatusList{})
	wantCodes(t, err, "lic.kid")
}

// TestWithStatusChangesNobodyElse: a trust is a value.
func TestWithStatusChangesNobodyElse(t *testing.T) {
	v, b := licensetest.Aurora(), bindGauge(t)
	first := withStatusList(t, trustWithStatusKey(t, v), v.Status())
	withStatusList(t, first, v.Status(func(r *issuer.Revocation) { r.Sequence, r.Statements = 4, []string{b.Terms.ID} }))
	wantJudgment(t, first.Evaluate(b, licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01")), verdict.Accept)
	if n := len(first.Statuses()); n != 1 {
		t.Errorf("%d lists", n)
	}
	if trustWithStatusKey(t, v).Fingerprint() != first.Fingerprint() {
		t.Error("a status list changes whom statements are bound by")
	}
}

// TestRevokedIsNotPut: Judge gives nothing, whatever a person decided.
func TestRevokedIsNotPut(t *testing.T) {
	v, p := licensetest.Aurora(), licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
	trust := withStatusList(t, trustWithStatusKey(t, v), v.Status(func(r *issuer.Revocation) { r.Subscriptions = []string{"sub-88213"} }))
	n := license.Need{Least: license.Opaque, Asked: true, Reviewed: "I say so"}
	l, j := trust.Judge(p, v.Statement(p), n, licensetest.Facts(), licensetest.At("2026-12-01"))
	wantJudgment(t, j, verdict.Reject, "life.revoked")
	if !l.IsZero() {
		t.Error("licensed")
	}
}
