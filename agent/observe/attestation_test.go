package observe_test

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// attestedBook is the book of a package that Ada attested, and of others that
// nobody did, by their names.
func attestedBook(t *testing.T, p *pbiviz.Package, attestation []byte, others map[string]*pbiviz.Package) journal.Book {
	t.Helper()
	kept, err := archive.Open(disktest.NewLossy(), "archive")
	if err != nil {
		t.Fatal(err)
	}
	importer := intake.Importer{
		Archive: kept, Journal: journaltest.Open(t, new(journaltest.Log)), Trust: licensetest.Ada().Trust(),
		Limits: pbiviz.DefaultLimits(), Now: licensetest.At("2026-11-23").Time,
	}
	take := func(name string, file []byte) {
		if got, err := importer.Take(t.Context(), "tx-1", name, file); err != nil || got.Refused != nil {
			t.Fatal(got.Refused, err)
		}
	}
	take("x.pbiviz", p.File())
	take("x.pbiviz.license", attestation)
	for name, other := range others {
		take(name, other.File())
	}
	return importer.Journal.Book()
}

func adas() observe.Observer {
	return observe.Observer{Trust: licensetest.Ada().Trust(), Least: license.Attested, Tenant: licensetest.Tenant}
}

// TestLeastOfAVisual: the grade of a visual counts in place of the tenant's, to
// the stricter side and to the other.
func TestLeastOfAVisual(t *testing.T) {
	p := gauge("1.4.0.0")
	book := attestedBook(t, p, licensetest.Ada().Attestation(p), nil)
	for _, c := range []struct {
		all, own license.Grade
		want     verdict.Verdict
	}{
		{license.Attested, "", verdict.Accept}, {license.Signed, "", verdict.Reject},
		{license.Attested, license.Signed, verdict.Reject}, {license.Signed, license.Attested, verdict.Accept},
	} {
		o := adas()
		o.Least, o.LeastOf = c.all, map[visual.GUID]license.Grade{p.Manifest().GUID: c.own}
		got := o.Candidates(book, false, licensetest.At("2026-11-23"))[0].Judgment
		if got.Verdict != c.want || got.Has("lic.grade") != (c.want == verdict.Reject) {
			t.Errorf("least %q, of the visual %q: %+v", c.all, c.own, got)
		}
	}
}

// TestHowToAttestWhatFollows: the hint is one command, with all that the last
// attestation said, and never more than one harmless word of a stranger's name.
func TestHowToAttestWhatFollows(t *testing.T) {
	p, next := gauge("1.4.0.0"), gauge("1.4.1.0")
	g := p.Manifest().GUID
	of := func(order string, change ...func(*issuer.Request)) []byte {
		all := append([]func(*issuer.Request){func(r *issuer.Request) { r.Subscription, r.Sequence = order, 7 }}, change...)
		return licensetest.Ada().Attestation(p, all...)
	}
	const rest = " --begins 2027-11-20 --ends 2028-11-20 --evidence TEXT --reason TEXT --key FILE"
	for _, c := range []struct {
		name, file  string
		attestation []byte
		want        string
	}{
		{"all told", "next.pbiviz", of(license.OrderLine("PO-4711", g), func(r *issuer.Request) { r.Quantity = 250 }),
			"next.pbiviz --tenant " + licensetest.Tenant + " --order PO-4711 --seq 8 --kind user --quantity 250" + rest},
		{"no order", "next.pbiviz", of(license.OrderLine("", g)), "next.pbiviz --tenant " + licensetest.Tenant + " --seq 8 --kind user" + rest},
		{"an order of another tool", "next.pbiviz", of("order 4711"), "next.pbiviz --tenant " + licensetest.Tenant + " --kind user" + rest},
		{"capacities", "next.pbiviz", of(g.String(), func(r *issuer.Request) { r.Kind, r.SKUs = license.Capacity, []string{"F64", "P1"} }),
			"next.pbiviz --tenant " + licensetest.Tenant + " --seq 8 --kind capacity --sku F64 --sku P1" + rest},
		{"a name with spaces", "next ü one.pbiviz", of(g.String()), `"next ü one.pbiviz" --tenant`},
		{"a name that would run", "$(reboot).pbiviz", of(g.String()), "PACKAGE --tenant"},
		{"a name that ends the quotes", `a";reboot;".pbiviz`, of(g.String()), "PACKAGE --tenant"},
		{"a name that is a flag", "--force.pbiviz", of(g.String()), "PACKAGE --tenant"},
		{"an order that would run", "next.pbiviz", of(license.OrderLine("`reboot`", g)), "--order NUMBER --seq 8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			book := attestedBook(t, p, c.attestation, map[string]*pbiviz.Package{c.file: next})
			if hint := hintOf(t, adas(), book, next); strings.Contains(hint, "needs an attestation") {
				t.Errorf("said before anything is installed: %s", hint)
			}
			book = done(t, book, book.BoundsOf(p.Digest())[0])
			hint := hintOf(t, adas(), book, next)
			if !strings.Contains(hint, "needs an attestation") || !strings.Contains(hint, c.want) {
				t.Errorf("got  %s\nwant %s", hint, c.want)
			}
			strict := adas()
			strict.LeastOf = map[visual.GUID]license.Grade{g: license.Signed}
			if hint := hintOf(t, strict, book, next); strings.Contains(hint, "attest") {
				t.Errorf("an attestation that would not help: %s", hint)
			}
		})
	}
}

// hintOf returns what to do about a package that nothing is bound to.
func hintOf(t *testing.T, o observe.Observer, book journal.Book, p *pbiviz.Package) string {
	t.Helper()
	for _, c := range o.Candidates(book, false, moment.Settle(licensetest.Time("2026-11-23"), moment.Mark{}, -1)) {
		if c.Release.Digest == p.Digest() && c.Judgment.Has("lic.none") {
			return c.Judgment.Findings[0].Hint
		}
	}
	t.Fatal("no such candidate without a license")
	return ""
}

// Another visual's attestation says nothing of this one.
func TestAnotherVisualIsNotAttested(t *testing.T) {
	p, other := gauge("1.4.0.0"), licensetest.Package(pbiviztest.Package{GUID: tiles})
	book := attestedBook(t, p, licensetest.Ada().Attestation(p), map[string]*pbiviz.Package{"tiles.pbiviz": other})
	book = done(t, book, book.BoundsOf(p.Digest())[0])
	if hint := hintOf(t, adas(), book, other); strings.Contains(hint, "as the installed one has") {
		t.Errorf("got %s", hint)
	}
}
