package license_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// bindGauge binds a good statement, changed if asked to.
func bindGauge(t testing.TB, change ...func(*issuer.Request)) license.Bound {
	t.Helper()
	v, p := licensetest.Aurora(), gaugePackage(t)
	b, err := v.Trust().Bind(p, v.Statement(p, change...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantJudgment checks a verdict and the codes that led to it, from the hardest.
func wantJudgment(t testing.TB, j verdict.Judgment, wanted verdict.Verdict, codesWanted ...verdict.Code) verdict.Judgment {
	t.Helper()
	var got []verdict.Code
	for _, f := range j.Findings {
		got = append(got, f.Code)
		if f.Message == "" || f.Verdict == verdict.Accept {
			t.Errorf("a finding that says nothing: %+v", f)
		}
		if f.Hint == "" && f.Verdict != verdict.Warn {
			t.Errorf("nobody can act on %+v", f)
		}
	}
	if j.Verdict != wanted {
		t.Errorf("verdict %s, want %s", j.Verdict, wanted)
	}
	equal(t, got, codesWanted)
	return j
}

// timeAttempts evaluates a license at moments, good and bad.
func timeAttempts(t testing.TB) []attempt {
	var all []attempt
	later := func(r *issuer.Request) { r.Begins = licensetest.Time("2027-02-01") }
	old := func(r *issuer.Request) { r.Issued = licensetest.Time("2026-01-01"); r.Begins = r.Issued }
	long := func(r *issuer.Request) { r.Ends = licensetest.Time("2066-11-20") }
	leap := func(r *issuer.Request) {
		r.Issued, r.Ends = licensetest.Time("2027-03-01"), licensetest.Time("2028-02-29")
	}
	none := func(*issuer.Request) {}
	for _, c := range []struct {
		name   string
		change func(*issuer.Request)
		at     moment.Moment
		want   verdict.Verdict
		codes  []verdict.Code
	}{
		{"in the middle", none, licensetest.At("2027-03-01"), verdict.Accept, nil},
		{"E1 one second before", none, licensetest.At("2027-11-19T23:59:59Z"), verdict.Warn, []verdict.Code{"time.expiring"}},
		{"E1 at the end", none, licensetest.At("2027-11-20"), verdict.Reject, []verdict.Code{"time.expired"}},
		{"E1 one second after", none, licensetest.At("2027-11-20T00:00:01Z"), verdict.Reject, []verdict.Code{"time.expired"}},
		{"E2 delivered early", later, licensetest.At("2026-12-01"), verdict.Review, []verdict.Code{"time.not_yet"}},
		{"E2 at its beginning", later, licensetest.At("2027-02-01"), verdict.Accept, nil},
		{"E3 issued 5 minutes ahead", none, licensetest.At("2026-10-31T23:55:00Z"), verdict.Review, []verdict.Code{"time.not_yet"}},
		{"E3 issued more than 5 minutes ahead", none, licensetest.At("2026-10-31T23:54:59Z"), verdict.Reject, []verdict.Code{"time.issued_future", "time.not_yet"}},
		{"the zero moment", none, moment.Moment{}, verdict.Reject, []verdict.Code{"time.issued_future", "time.not_yet"}},
		{"E4 clock set back a year", none, settleClock("2026-03-01", "2027-03-01", -1), verdict.Review, []verdict.Code{"time.clock_back"}},
		{"E4 clock set back from after the end", none, settleClock("2027-03-01", "2027-11-20", -1), verdict.Reject, []verdict.Code{"time.expired", "time.clock_back"}},
		{"E5 clock ahead", none, settleClock("2027-03-01T01:00:00Z", "2027-03-01", time.Minute), verdict.Warn, []verdict.Code{"time.clock_ahead"}},
		{"E9 leap day, the day before", leap, licensetest.At("2028-02-26"), verdict.Accept, nil},
		{"E9 leap day", leap, licensetest.At("2028-02-29"), verdict.Reject, []verdict.Code{"time.expired"}},
		{"E10 two days left", none, licensetest.At("2027-11-17T10:00:00Z"), verdict.Accept, nil},
		{"E10 one day left", none, licensetest.At("2027-11-17T10:00:01Z"), verdict.Warn, []verdict.Code{"time.expiring"}},
		{"B13 lifetime of 40 years", long, licensetest.At("2027-03-01"), verdict.Review, []verdict.Code{"lic.lifetime"}},
		{"B13 issued 688 days before its end", old, licensetest.At("2027-03-01"), verdict.Review, []verdict.Code{"lic.lifetime"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			j := licensetest.Aurora().Trust().Evaluate(bindGauge(t, c.change), licensetest.Need(), licensetest.Facts(), c.at)
			return wantJudgment(t, j, c.want, c.codes...)
		}})
	}
	return append(all, attempt{"E5 clock set to 2099 and corrected", clockSetTo2099}, attempt{"E7 ends between judging and putting", endsBeforePutting})
}

func settleClock(wall, mark string, passed time.Duration) moment.Moment {
	return moment.Settle(licensetest.Time(wall), moment.Mark{Trusted: licensetest.Time(mark)}, passed)
}

// clockSetTo2099: a wrong date warns, and leaves no trace behind.
func clockSetTo2099(t *testing.T) verdict.Judgment {
	mark := moment.Mark{Trusted: licensetest.Time("2027-03-01")}
	wrong := moment.Settle(licensetest.Time("2099-01-01"), mark, time.Hour)
	j := licensetest.Aurora().Trust().Evaluate(bindGauge(t), licensetest.Need(), licensetest.Facts(), wrong)
	if j.Verdict != verdict.Reject || !j.Has("time.clock_ahead") {
		t.Errorf("in 2099: %+v", j)
	}
	right := moment.Settle(licensetest.Time("2027-03-01T02:00:00Z"), mark, 2*time.Hour)
	j = licensetest.Aurora().Trust().Evaluate(bindGauge(t), licensetest.Need(), licensetest.Facts(), right)
	return wantJudgment(t, j, verdict.Accept)
}

// endsBeforePutting judges five minutes before the end and opens at the end.
func endsBeforePutting(t *testing.T) verdict.Judgment {
	v, p := licensetest.Aurora(), gaugePackage(t)
	l, j := v.Trust().Judge(p, v.Statement(p), licensetest.Need(), licensetest.Facts(), licensetest.At("2027-11-19T23:55:00Z"))
	wantJudgment(t, j, verdict.Warn, "time.expiring")
	_, err := l.Open(licensetest.At("2027-11-20"))
	return wantCodes(t, err, "time.expired")
}

// factAttempts evaluates licenses against what is known of the tenant and of others.
func factAttempts(t testing.TB) []attempt {
	var all []attempt
	mark := func(n int64) func(*license.Facts) {
		return func(f *license.Facts) {
			f.Marks = map[string]int64{"https://licenses.aurora.example sub-88213": n, "https://borealis.example sub-88213": 99}
		}
	}
	none := func(*license.Facts) {}
	least := func(g license.Grade) license.Need { return license.Need{Least: g} }
	asked := license.Need{Least: license.Attested, Asked: true}
	seq := func(n int64) func(*issuer.Request) { return func(r *issuer.Request) { r.Sequence = n } }
	same := func(*issuer.Request) {}
	for _, c := range []struct {
		name   string
		change func(*issuer.Request)
		need   license.Need
		facts  func(*license.Facts)
		want   verdict.Verdict
		codes  []verdict.Code
	}{
		{"C1 tenant not listed", func(r *issuer.Request) { r.Tenants = []string{licensetest.OtherTenant} }, licensetest.Need(), none, verdict.Reject, []verdict.Code{"ent.tenant"}},
		{"C3 sign-in to a tenant that is not the settings'", func(r *issuer.Request) { r.Tenants = append(r.Tenants, licensetest.OtherTenant) },
			licensetest.Need(), func(f *license.Facts) { f.Tenant = licensetest.OtherTenant }, verdict.Reject, []verdict.Code{"ent.tenant"}},
		{"C3 the sign-in's tenant is not licensed", same, licensetest.Need(), func(f *license.Facts) { f.Tenant = licensetest.OtherTenant },
			verdict.Reject, []verdict.Code{"ent.tenant", "ent.tenant"}},
		{"C3 without sign-in the settings count", same, licensetest.Need(), func(f *license.Facts) { f.Tenant = "" }, verdict.Accept, nil},
		{"F1 replay of 6 after 7", seq(6), licensetest.Need(), mark(7), verdict.Reject, []verdict.Code{"life.superseded"}},
		{"F1 replay, reviewed", seq(6), license.Need{Least: license.Attested, Reviewed: "I say so"}, mark(7), verdict.Reject, []verdict.Code{"life.superseded"}},
		{"F1 asked for by name", seq(6), asked, mark(7), verdict.Accept, nil},
		{"F1 the same again", seq(7), licensetest.Need(), mark(7), verdict.Accept, nil},
		{"F1 the next", seq(8), licensetest.Need(), mark(7), verdict.Accept, nil},
		{"F8 the highest there is", seq(2147483647), licensetest.Need(), mark(7), verdict.Review, []verdict.Code{"life.seq_jump"}},
		{"F8 asked for by name", seq(2147483647), asked, mark(7), verdict.Review, []verdict.Code{"life.seq_jump"}},
		{"F8 a thousand further", seq(1007), licensetest.Need(), mark(7), verdict.Accept, nil},
		{"F8 a thousand and one further", seq(1008), licensetest.Need(), mark(7), verdict.Review, []verdict.Code{"life.seq_jump"}},
		{"C10 trial under a policy for production", func(r *issuer.Request) { r.Trial = true }, license.Need{Least: license.Attested, NoTrial: true}, none, verdict.Reject, []verdict.Code{"ent.trial"}},
		{"trial elsewhere", func(r *issuer.Request) { r.Trial = true }, licensetest.Need(), none, verdict.Accept, nil},
		{"the grade is enough", same, least(license.Signed), none, verdict.Accept, nil},
		{"no grade is set", same, least(""), none, verdict.Reject, []verdict.Code{"lic.grade"}},
		{"an unknown grade is set", same, least("notarized"), none, verdict.Reject, []verdict.Code{"lic.grade"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			f := licensetest.Facts()
			c.facts(&f)
			j := licensetest.Aurora().Trust().Evaluate(bindGauge(t, c.change), c.need, f, licensetest.At("2026-12-01"))
			return wantJudgment(t, j, c.want, c.codes...)
		}})
	}
	return all
}

// sameBytesAttempts evaluates two statements about the same bytes.
func sameBytesAttempts(t testing.TB) []attempt {
	var all []attempt
	first := bindGauge(t, func(r *issuer.Request) { r.Ends = licensetest.Time("2027-02-01") })
	later := bindGauge(t, func(r *issuer.Request) { r.Sequence++ })
	facts := licensetest.Facts()
	facts.EarliestEnd = license.EarliestEnds([]license.Bound{later, first, later})
	byStatement := licensetest.Aurora().Settings()
	byStatement.Enforced = license.ByStatement
	obeys, err := license.NewTrust(licensetest.Tenant, []license.Vendor{byStatement})
	if err != nil {
		t.Fatal(err)
	}
	script := licensetest.Aurora().Trust()
	for _, c := range []struct {
		name  string
		trust license.Trust
		b     license.Bound
		day   string
		want  verdict.Verdict
		codes []verdict.Code
	}{
		{"the first, before its end", script, first, "2026-12-01", verdict.Accept, nil},
		{"the later, before the first one's end", script, later, "2026-12-01", verdict.Review, []verdict.Code{"lic.same_bytes_extended"}},
		{"the later, after the first one's end", script, later, "2027-02-01", verdict.Reject, []verdict.Code{"time.expired", "lic.same_bytes_extended"}},
		{"enforced by statement, before", obeys, later, "2026-12-01", verdict.Accept, nil},
		{"enforced by statement, after", obeys, later, "2027-02-01", verdict.Accept, nil},
		{"enforced by statement, the first, after", obeys, first, "2027-02-01", verdict.Reject, []verdict.Code{"time.expired"}},
	} {
		all = append(all, attempt{"F13 " + c.name, func(t *testing.T) verdict.Judgment {
			return wantJudgment(t, c.trust.Evaluate(c.b, licensetest.Need(), facts, licensetest.At(c.day)), c.want, c.codes...)
		}})
	}
	if ends := script.Effective(later, facts).Ends; !ends.Equal(licensetest.Time("2027-02-01")) {
		t.Errorf("the end that counts is %s", ends)
	}
	if ends := obeys.Effective(later, facts).Ends; !ends.Equal(licensetest.Time(licensetest.Ends)) {
		t.Errorf("enforced by statement, the end that counts is %s", ends)
	}
	return all
}

// keyAttempts evaluates a statement that was bound once against the bundle of today, in
// which the vendor says other things of its key.
func keyAttempts(t testing.TB) []attempt {
	all := []attempt{{"G9 bound with a key for status lists", keyForStatus}}
	v := licensetest.Aurora()
	key := func(change func(*license.Key)) func(*issuer.Draft) {
		return func(d *issuer.Draft) { change(&d.Issuers[0].Keys[0]) }
	}
	at := licensetest.Time
	for _, c := range []struct {
		name   string
		change func(*issuer.Draft)
		want   verdict.Verdict
		codes  []verdict.Code
	}{
		{"as it was", func(*issuer.Draft) {}, verdict.Accept, nil},
		{"G4 expired bundle", func(d *issuer.Draft) { d.Expires = at("2026-12-01") }, verdict.Review, []verdict.Code{"trust.expired"}},
		{"G4 bundle expires a second later", func(d *issuer.Draft) { d.Expires = at("2026-12-01T00:00:01Z") }, verdict.Accept, nil},
		{"G5 retired, issued before", key(func(k *license.Key) { k.Status, k.NotAfter = license.Retired, at("2026-11-01T00:00:01Z") }), verdict.Accept, nil},
		{"G6 retired, issued at not_after", key(func(k *license.Key) { k.Status, k.NotAfter = license.Retired, at("2026-11-01") }), verdict.Reject, []verdict.Code{"trust.key_retired"}},
		{"G6 active, not_after passed", key(func(k *license.Key) { k.NotAfter = at("2026-10-01") }), verdict.Reject, []verdict.Code{"trust.key_retired"}},
		{"issued before the key's time", key(func(k *license.Key) { k.NotBefore = at("2026-11-02") }), verdict.Reject, []verdict.Code{"trust.key_not_yet"}},
		{"G7 compromised, issued at that time", key(func(k *license.Key) { k.Status, k.CompromisedAt = license.Compromised, at("2026-11-01") }), verdict.Reject, []verdict.Code{"trust.key_compromised"}},
		{"G7 compromised, issued before", key(func(k *license.Key) { k.Status, k.CompromisedAt = license.Compromised, at("2026-11-02") }), verdict.Review, []verdict.Code{"trust.key_compromised"}},
		{"G9 other use", key(func(k *license.Key) { k.Use = "status" }), verdict.Reject, []verdict.Code{"trust.key_use"}},
		{"key gone", key(func(k *license.Key) { k.ID = "aurora-2027" }), verdict.Reject, []verdict.Code{"lic.kid"}},
		{"another key of that name", func(d *issuer.Draft) {
			k, err := licensetest.Key("another", license.Ed25519).Record(at("2026-01-01"))
			if err != nil {
				panic(err)
			}
			k.ID = v.Key.ID
			d.Issuers[0].Keys[0] = k
		}, verdict.Reject, []verdict.Code{"lic.kid"}},
		{"the key issues under another name", func(d *issuer.Draft) { d.Issuers[0].Name = "https://aurora.example" }, verdict.Reject, []verdict.Code{"lic.kid"}},
		{"the visual is no longer the vendor's", func(d *issuer.Draft) {
			g, err := visual.ParseGUID(otherGUID)
			if err != nil {
				panic(err)
			}
			d.Issuers[0].GUIDs = []visual.GUID{g}
		}, verdict.Reject, []verdict.Code{"lic.issuer_scope"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			s := v.Settings()
			s.Bundle = v.Bundle(c.change)
			trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
			if err != nil {
				t.Fatal(err)
			}
			return wantJudgment(t, trust.Evaluate(bindGauge(t), licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01")), c.want, c.codes...)
		}})
	}
	return all
}

// keyForStatus binds with a key that is there for another kind of document.
func keyForStatus(t *testing.T) verdict.Judgment {
	v, p := licensetest.Aurora(), gaugePackage(t)
	s := v.Settings()
	s.Bundle = v.Bundle(func(d *issuer.Draft) { d.Issuers[0].Keys[0].Use = "status" })
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
	if err != nil {
		t.Fatal(err)
	}
	_, err = trust.Bind(p, v.Statement(p))
	return wantCodes(t, err, "trust.key_use")
}

func TestWithoutStatement(t *testing.T) {
	trust, p, at := licensetest.Aurora().Trust(), gaugePackage(t), licensetest.At("2026-12-01")
	j := trust.EvaluateUnbound(p.Manifest(), licensetest.Need(), at)
	wantJudgment(t, j, verdict.Reject, "lic.none")
	if !strings.Contains(j.Findings[0].Hint, "Aurora Visuals") {
		t.Errorf("the hint names no vendor: %s", j.Findings[0].Hint)
	}
	l, j := trust.Judge(p, nil, licensetest.Need(), licensetest.Facts(), at)
	wantJudgment(t, j, verdict.Reject, "lic.none")
	if !l.IsZero() {
		t.Error("licensed without a license")
	}
	free := license.Need{Least: license.Opaque}
	l, j = trust.Judge(p, nil, free, licensetest.Facts(), at)
	wantJudgment(t, j, verdict.Warn, "lic.none")
	if l.IsZero() || l.Bound().Terms.Grade != license.Opaque || l.Release() != p.Release() {
		t.Errorf("licensed as %+v", l.Bound())
	}
	if _, err := l.Open(licensetest.At("2026-12-01T00:09:00Z")); err != nil {
		t.Error(err)
	}
	l, j = trust.Judge(p, nil, free, licensetest.Facts(), settleClock("2026-03-01", "2026-12-01", -1))
	wantJudgment(t, j, verdict.Review, "time.clock_back", "lic.none")
	if !l.IsZero() {
		t.Error("licensed while the clock is back")
	}
}

func TestJudgeReviewAndReservations(t *testing.T) {
	v := licensetest.Aurora()
	at := licensetest.At("2026-12-01")
	file := pbiviztest.Package{Version: "1.4.0.0"}.Files()
	for i := range file {
		file[i].Descriptor = !strings.HasSuffix(file[i].Name, "/")
	}
	rezipped, err := pbiviz.Read(pbiviztest.Archive{Files: file}.Bytes(), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	later := func(r *issuer.Request) { r.Begins = licensetest.Time("2027-02-01") }
	none := func(*issuer.Request) {}
	reviewed := license.Need{Least: license.Attested, Reviewed: "Ada looked at it"}
	for _, c := range []struct {
		name   string
		pkg    *pbiviz.Package
		change func(*issuer.Request)
		need   license.Need
		want   verdict.Verdict
		code   verdict.Code
		put    bool
	}{
		{"review, nobody decided", gaugePackage(t), later, licensetest.Need(), verdict.Review, "time.not_yet", false},
		{"review, decided", gaugePackage(t), later, reviewed, verdict.Review, "time.not_yet", true},
		{"rezipped", rezipped, none, licensetest.Need(), verdict.Review, "zip.tolerant", false},
		{"rezipped, decided", rezipped, none, reviewed, verdict.Review, "zip.tolerant", true},
		{"rezipped, admitted by policy", rezipped, none, license.Need{Least: license.Attested, Tolerant: true}, verdict.Warn, "zip.tolerant", true},
		{"rejected, decided", gaugePackage(t), func(r *issuer.Request) { r.Tenants = []string{licensetest.OtherTenant} }, reviewed, verdict.Reject, "ent.tenant", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, j := v.Trust().Judge(c.pkg, v.Statement(c.pkg, c.change), c.need, licensetest.Facts(), at)
			wantJudgment(t, j, c.want, c.code)
			if l.IsZero() == c.put {
				t.Errorf("zero: %t", l.IsZero())
			}
		})
	}
}

func TestLicensedOpen(t *testing.T) {
	v, p := licensetest.Aurora(), gaugePackage(t)
	judge := func(at string) license.Licensed {
		l, j := v.Trust().Judge(p, v.Statement(p), licensetest.Need(), licensetest.Facts(), licensetest.At(at))
		if l.IsZero() {
			t.Fatalf("%+v", j)
		}
		return l
	}
	l := judge("2026-12-01")
	if l.GUID() != p.Manifest().GUID || l.Release() != p.Release() || l.Name() != "Aurora Gauge" || l.Judgment().Verdict != verdict.Accept {
		t.Errorf("licensed as %s, %s, %s", l.GUID(), l.Release(), l.Name())
	}
	r, err := l.Open(licensetest.At("2026-12-01T00:10:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || visual.DigestOf(b) != p.Digest() {
		t.Errorf("other bytes came out: %v", err)
	}
	for name, c := range map[string]struct {
		l  license.Licensed
		at string
	}{
		"zero":                 {license.Licensed{}, "2026-12-01"},
		"too old":              {l, "2026-12-01T00:10:01Z"},
		"judged in the future": {l, "2026-11-30T23:49:59Z"},
		"ended meanwhile":      {judge("2027-11-19T23:55:00Z"), "2027-11-20"},
	} {
		if _, err := c.l.Open(licensetest.At(c.at)); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	_, err = judge("2027-11-19T23:55:00Z").Open(licensetest.At("2027-11-20"))
	var refused *verdict.Refusal
	if !errors.As(err, &refused) || refused.Code() != "time.expired" {
		t.Errorf("ended: %v", err)
	}
}

// openAttempts open a package that was judged good and is no longer what it was.
func openAttempts(_ testing.TB) []attempt {
	return []attempt{{"D27 bytes changed after the judgment", func(t *testing.T) verdict.Judgment {
		v, p := licensetest.Aurora(), gaugePackage(t)
		l, j := v.Trust().Judge(p, v.Statement(p), licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01"))
		wantJudgment(t, j, verdict.Accept)
		p.File()[100] ^= 1
		_, err := l.Open(licensetest.At("2026-12-01"))
		judgment := wantCodes(t, err, "pkg.toctou")
		p.File()[100] ^= 1
		if _, err := l.Open(licensetest.At("2026-12-01")); err != nil {
			t.Errorf("the bytes are back, and it is refused: %v", err)
		}
		return judgment
	}}}
}

func TestDaysLeft(t *testing.T) {
	terms := license.Terms{Ends: licensetest.Time("2027-11-20")}
	for at, wanted := range map[string]int{
		"2027-11-10T10:00:00Z": 9, "2027-11-10T10:00:01Z": 8, "2027-11-18T10:00:00Z": 1, "2027-11-19T09:00:00Z": 0,
		"2027-11-19T23:59:59Z": 0, "2027-11-20": -1, "2027-11-20T23:59:59Z": -1, "2027-11-21": -2,
	} {
		if got := terms.DaysLeft(licensetest.At(at)); got != wanted {
			t.Errorf("%s: %d, want %d", at, got, wanted)
		}
	}
}

// TestLifetimeNeedsAnIssueTime: only a license that says when it was issued can be
// said to last too long. What profiles read may say nothing of that.
func TestLifetimeNeedsAnIssueTime(t *testing.T) {
	trust, m := licensetest.Aurora().Trust(), gaugePackage(t).Manifest()
	ends := licensetest.Time("2066-11-20")
	for _, c := range []struct {
		name   string
		issued time.Time
		want   verdict.Verdict
		codes  []verdict.Code
	}{
		{"no issue time", time.Time{}, verdict.Warn, []verdict.Code{"lic.grade"}},
		{"issued 400 days before the end", ends.AddDate(0, 0, -400), verdict.Reject, []verdict.Code{"time.issued_future", "lic.grade"}},
		{"issued 401 days before the end", ends.AddDate(0, 0, -401), verdict.Reject, []verdict.Code{"time.issued_future", "lic.lifetime", "lic.grade"}},
		{"issued 40 years before the end", licensetest.Time("2026-11-20"), verdict.Review, []verdict.Code{"lic.lifetime", "lic.grade"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := license.Terms{Vendor: "Aurora Visuals", Kind: license.User, Issued: c.issued, Ends: ends}
			j := trust.EvaluateReadable(m, found, license.Need{Least: license.Readable}, license.Facts{}, licensetest.At("2026-12-01"))
			wantJudgment(t, j, c.want, c.codes...)
		})
	}
}

// TestTimeOnlyEnds: once a license was good and then ended, no later moment
// makes it good again; and nothing passes outside of its time.
func TestTimeOnlyEnds(t *testing.T) {
	trust, b := licensetest.Aurora().Trust(), bindGauge(t)
	rapid.Check(t, func(t *rapid.T) {
		at := licensetest.Time("2026-06-01").Add(time.Duration(rapid.Int64Range(0, 700*24*3600).Draw(t, "seconds")) * time.Second)
		j := trust.Evaluate(b, licensetest.Need(), licensetest.Facts(), moment.Settle(at, moment.Mark{}, -1))
		inTime := !at.Before(b.Terms.Begins) && at.Before(b.Terms.Ends)
		if j.Verdict.Passes() != inTime {
			t.Errorf("at %s: %+v", at, j)
		}
	})
}
