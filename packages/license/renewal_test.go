package license_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// renewRequest is the request of the renewal that takes nothing away.
func renewRequest(r *issuer.Request) {
	r.Sequence++
	r.Issued, r.Ends = licensetest.Time("2026-11-20"), licensetest.Time("2027-12-20")
}

// renewalAttempts evaluates a license against the one that was put last on its line.
func renewalAttempts(t testing.TB) []attempt {
	last := bindGauge(t)
	capacity := func(sku string, ids ...string) func(*issuer.Request) {
		return func(r *issuer.Request) { r.Kind, r.SKUs, r.CapacityIDs = license.Capacity, []string{sku}, ids }
	}
	const one, two = "0f084df7-c13d-451b-af5f-ed0c466403b2", "1f084df7-c13d-451b-af5f-ed0c466403b2"
	both := func(r *issuer.Request) { r.Tenants = append(r.Tenants, licensetest.OtherTenant) }
	asked := license.Need{Least: license.Attested, Asked: true}
	type list = []verdict.Code
	var all []attempt
	for _, c := range []struct {
		name   string
		before func(*issuer.Request) // last where nil
		now    func(*issuer.Request)
		need   license.Need
		want   verdict.Verdict
		codes  list
	}{
		{"the same again", nil, func(*issuer.Request) {}, licensetest.Need(), verdict.Accept, nil},
		{"a renewal", nil, renewRequest, licensetest.Need(), verdict.Accept, nil},
		{"more seats", nil, func(r *issuer.Request) { renewRequest(r); r.Quantity++ }, licensetest.Need(), verdict.Accept, nil},
		{"another subscription", nil, func(r *issuer.Request) { r.Subscription, r.Quantity = "sub-2", 1 }, licensetest.Need(), verdict.Accept, nil},
		{"F2 same number, other statement", nil, func(r *issuer.Request) { r.Quantity++ }, licensetest.Need(), verdict.Review, list{"life.fork"}},
		{"F2 same number, asked for by name", nil, func(r *issuer.Request) { r.Quantity++ }, asked, verdict.Review, list{"life.fork"}},
		{"F3 fewer seats", nil, func(r *issuer.Request) { renewRequest(r); r.Quantity-- }, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"F3 smaller SKU", capacity("F64"), func(r *issuer.Request) { renewRequest(r); capacity("F32")(r) }, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"F3 smaller SKU of another family", capacity("P2"), func(r *issuer.Request) { renewRequest(r); capacity("F64")(r) }, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"same size of another family", capacity("P1"), func(r *issuer.Request) { renewRequest(r); capacity("F64")(r) }, licensetest.Need(), verdict.Accept, nil},
		{"F3 fewer capacities", capacity("F64", one, two), func(r *issuer.Request) { renewRequest(r); capacity("F64", two)(r) }, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"F3 named capacities where all counted", capacity("F64"), func(r *issuer.Request) { renewRequest(r); capacity("F64", two)(r) }, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"all capacities where named ones counted", capacity("F64", one), func(r *issuer.Request) { renewRequest(r); capacity("F64")(r) }, licensetest.Need(), verdict.Accept, nil},
		{"F3 tenant removed", both, renewRequest, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"F3 ends earlier", nil, func(r *issuer.Request) { renewRequest(r); r.Ends = licensetest.Time("2027-10-01") }, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"F3 fewer seats and ends earlier", nil, func(r *issuer.Request) { renewRequest(r); r.Quantity, r.Ends = 1, licensetest.Time("2027-10-01") },
			licensetest.Need(), verdict.Review, list{"life.reduced", "life.reduced"}},
		{"F3 a trial where none was", nil, func(r *issuer.Request) { renewRequest(r); r.Trial = true }, licensetest.Need(), verdict.Review, list{"life.reduced"}},
		{"F4 capacity where users counted", nil, func(r *issuer.Request) { renewRequest(r); capacity("F2048")(r) }, licensetest.Need(), verdict.Review, list{"life.kind_change"}},
		{"another licensee", nil, func(r *issuer.Request) { renewRequest(r); r.Licensee = "customer:1" }, licensetest.Need(), verdict.Review, list{"life.transfer"}},
		{"later number, issued earlier", nil, func(r *issuer.Request) { r.Sequence++; r.Issued = licensetest.Time("2026-10-31") }, licensetest.Need(), verdict.Review, list{"life.backdated"}},
		{"F1 lower number than the last", nil, func(r *issuer.Request) { r.Sequence-- }, licensetest.Need(), verdict.Reject, list{"life.superseded"}},
		{"F1 lower number, asked for by name", nil, func(r *issuer.Request) { r.Sequence--; r.Quantity-- }, asked, verdict.Accept, nil},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			before := last
			if c.before != nil {
				before = bindGauge(t, c.before)
			}
			f := licensetest.Facts()
			f.Latest = map[license.Line]license.Bound{license.LineOf(before): before}
			return wantJudgment(t, licensetest.Aurora().Trust().Evaluate(bindGauge(t, c.now), c.need, f, licensetest.At("2026-12-01")), c.want, c.codes...)
		}})
	}
	return append(all, attempt{"F6 renewal of an older version", renewOlderVersion})
}

// renewOlderVersion renews 1.3.0.0 where 1.4.0.0 was put: a person decides, unless
// one asked for it.
func renewOlderVersion(t *testing.T) verdict.Judgment {
	v, last := licensetest.Aurora(), bindGauge(t)
	older := licensetest.Package(pbiviztest.Package{Version: "1.3.0.0"})
	b, err := v.Trust().Bind(older, v.Statement(older, renewRequest))
	wantCodes(t, err)
	f := licensetest.Facts()
	f.Latest = map[license.Line]license.Bound{license.LineOf(last): last}
	wantJudgment(t, v.Trust().Evaluate(b, license.Need{Least: license.Attested, Asked: true}, f, licensetest.At("2026-12-01")), verdict.Accept)
	return wantJudgment(t, v.Trust().Evaluate(b, licensetest.Need(), f, licensetest.At("2026-12-01")), verdict.Review, "life.version_down")
}

// TestOneSubscriptionTwoVisuals: the statements about two visuals of one
// subscription have one number, and are no fork.
func TestOneSubscriptionTwoVisuals(t *testing.T) {
	v, p := licensetest.Aurora(), gaugePackage(t)
	trust := v.Trust(pbiviztest.GUID, otherGUID)
	ribbon := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", GUID: otherGUID})
	a, err := trust.Bind(p, v.Statement(p))
	wantCodes(t, err)
	b, err := trust.Bind(ribbon, v.Statement(ribbon))
	wantCodes(t, err)
	f := licensetest.Facts()
	f.Latest = map[license.Line]license.Bound{license.LineOf(a): a}
	wantJudgment(t, trust.Evaluate(b, licensetest.Need(), f, licensetest.At("2026-12-01")), verdict.Accept)
}

func TestCompare(t *testing.T) {
	before := bindGauge(t).Terms
	with := func(change func(*license.Terms)) license.Terms {
		now := before
		now.ID, now.Sequence, now.Ends = "another", before.Sequence+1, before.Ends.AddDate(1, 0, 0)
		change(&now)
		return now
	}
	for _, c := range []struct {
		want      license.Renewal
		automatic bool
		now       license.Terms
	}{
		{license.Renewed, true, with(func(*license.Terms) {})},
		{license.Reissued, true, with(func(n *license.Terms) { n.Ends = before.Ends })},
		{license.Rekeyed, true, with(func(n *license.Terms) { n.KeyID = "aurora-2027" })},
		{license.Expanded, true, with(func(n *license.Terms) { n.Quantity++ })},
		{license.Expanded, true, with(func(n *license.Terms) { n.Tenants = append(slices.Clone(n.Tenants), licensetest.OtherTenant) })},
		{license.Duplicate, true, before},
		{license.Duplicate, true, with(func(n *license.Terms) { n.ID = before.ID })},
		{license.Duplicate, true, with(func(n *license.Terms) { n.ID, n.KeyID, n.Quantity = before.ID, "aurora-2027", before.Quantity+1 })},
		{license.Unrelated, true, with(func(n *license.Terms) { n.Subscription = "other" })},
		{license.Unrelated, true, with(func(n *license.Terms) { n.Issuer = "https://borealis.example" })},
		{license.Fork, false, with(func(n *license.Terms) { n.Sequence = before.Sequence })},
		{license.Superseded, false, with(func(n *license.Terms) { n.Sequence = before.Sequence - 1 })},
		{license.Backdated, false, with(func(n *license.Terms) { n.Issued = before.Issued.Add(-1) })},
		{license.KindChange, false, with(func(n *license.Terms) { n.Kind = license.Site })},
		{license.Transfer, false, with(func(n *license.Terms) { n.Tenants = []string{licensetest.OtherTenant} })},
		{license.Transfer, false, with(func(n *license.Terms) { n.Licensee = "customer:1" })},
		{license.Reduced, false, with(func(n *license.Terms) { n.Quantity--; n.KeyID = "aurora-2027" })},
		{license.Reduced, false, with(func(n *license.Terms) { n.Ends = before.Ends.AddDate(0, 0, -1) })},
		{license.Reduced, false, with(func(n *license.Terms) { n.Quantity += 9; n.Trial = true })},
	} {
		if got := license.Compare(before, c.now); got != c.want || got.IsAutomatic() != c.automatic {
			t.Errorf("%+v: %s, automatic %t; want %s, %t", c.now, got, got.IsAutomatic(), c.want, c.automatic)
		}
	}
	if got := license.Compare(license.Terms{}, license.Terms{}); got != license.Unrelated {
		t.Errorf("nothing to nothing is %s", got)
	}
}

// TestNoAutomaticRenewalTakesAway: what Compare lets pass without a person never
// has fewer users, a smaller capacity, an earlier end or fewer tenants.
func TestNoAutomaticRenewalTakesAway(t *testing.T) {
	skus := []string{"F2", "F64", "P1", "P2", "A1", "A4", "EM3"}
	draw := func(t *rapid.T, name string) license.Terms {
		return license.Terms{
			Grade: license.Signed, Issuer: "i", Subscription: "s", ID: name, Licensee: "c", Kind: license.Capacity,
			Sequence: int64(rapid.IntRange(1, 3).Draw(t, "seq")), Quantity: int64(rapid.IntRange(0, 3).Draw(t, "qty")),
			SKUs: []string{rapid.SampledFrom(skus).Draw(t, "sku")}, Tenants: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3, rapid.ID).Draw(t, "tid"),
			Ends: licensetest.Time(licensetest.Ends).AddDate(0, 0, rapid.IntRange(0, 2).Draw(t, "days")),
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		before, now := draw(t, "before"), draw(t, "now")
		if !license.Compare(before, now).IsAutomatic() {
			return
		}
		was, _ := license.CapacityUnits(before.SKUs[0])
		is, _ := license.CapacityUnits(now.SKUs[0])
		lost := slices.ContainsFunc(before.Tenants, func(s string) bool { return !slices.Contains(now.Tenants, s) })
		if is < was || lost || now.Quantity < before.Quantity || now.Ends.Before(before.Ends) || now.Sequence <= before.Sequence {
			t.Errorf("%s: from %+v to %+v", license.Compare(before, now), before, now)
		}
	})
}

// TestCapacityUnits follows Microsoft's table of equivalents.
func TestCapacityUnits(t *testing.T) {
	for _, c := range []struct {
		units int
		skus  string
	}{
		{2, "F2"}, {4, "F4"}, {8, "F8 EM1 A1"}, {16, "F16 EM2 A2"}, {32, "F32 EM3 A3"}, {64, "F64 P1 A4"}, {128, "F128 P2 A5"},
		{256, "F256 P3 A6"}, {512, "F512 P4 A7"}, {1024, "F1024 P5 A8"}, {2048, "F2048"},
	} {
		for _, sku := range strings.Fields(c.skus) {
			if got, ok := license.CapacityUnits(sku); !ok || got != c.units {
				t.Errorf("%s has %d units, want %d", sku, got, c.units)
			}
		}
	}
	for _, sku := range []string{"", "F3", "f64", "P6", "P0", "A9", "EM4", "F64 ", "F4096"} {
		if got, ok := license.CapacityUnits(sku); ok || got != 0 {
			t.Errorf("%q has %d units", sku, got)
		}
	}
}
