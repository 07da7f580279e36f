package license_test

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/visual"
)

// TestLongestTerm: a license is judged by its term, from begin to end. When it was
// issued, and how much is left of the license before it, do not make it longer.
func TestLongestTerm(t *testing.T) {
	before := license.Terms{ID: "y1", Begins: licensetest.Time("2026-03-01"), Ends: licensetest.Time("2027-03-01")}
	earlier := license.Terms{ID: "y0", Begins: licensetest.Time("2025-03-01"), Ends: licensetest.Time("2026-03-01")}
	endless := license.Terms{ID: "y9", Begins: licensetest.Time("2026-03-01"), Ends: licensetest.Time("2066-03-01")}
	later := license.Terms{ID: "y3", Begins: licensetest.Time("2027-02-01"), Ends: licensetest.Time("2028-02-01")}
	for _, c := range []struct {
		name                 string
		issued, begins, ends string
		used                 []license.Terms
		longest              time.Duration
		found                string // empty for nothing
	}{
		{"a year, issued early, that begins where the old one ends", "2027-01-18", "2027-03-01", "2028-03-01", []license.Terms{before}, 0, ""},
		{"a year, issued a year early", "2026-03-02", "2027-03-01", "2028-03-01", nil, 0, ""},
		{"a year more, begun 42 days early", "2027-01-18", "2027-01-18", "2028-03-01", []license.Terms{earlier, before}, 0, ""},
		{"the same, and nothing was used before", "2027-01-18", "2027-01-18", "2028-03-01", nil, 0, "lasts 408 days from begin to end; more than 400 are unusual"},
		{"the same, after a license that ended", "2027-01-18", "2027-01-18", "2028-03-01", []license.Terms{earlier}, 0, "lasts 408 days from begin to end; more"},
		{"the same, after one that lasts longer", "2027-01-18", "2027-01-18", "2028-03-01", []license.Terms{endless}, 0, "lasts 408 days"},
		{"the same, before one that begins later", "2027-01-18", "2027-01-18", "2028-03-01", []license.Terms{later}, 0, "lasts 408 days"},
		{"on time", "2027-03-01", "2027-03-01", "2028-03-01", []license.Terms{before}, 0, ""},
		{"late", "2027-03-11", "2027-03-11", "2028-03-11", []license.Terms{before}, 0, ""},
		{"400 days", "2027-03-01", "2027-03-01", "2028-04-04", nil, 0, ""},
		{"401 days", "2027-03-01", "2027-03-01", "2028-04-05", nil, 0, "lasts 401 days from begin to end; more than 400 are unusual"},
		{"401 days beyond what is left", "2027-01-18", "2027-01-18", "2028-04-05", []license.Terms{before}, 0,
			"lasts 443 days from begin to end, of which 42 are left of the license before it; more than 400 beyond these are unusual"},
		{"three years, as the settings allow", "2027-03-01", "2027-03-01", "2030-03-01", nil, 1100 * 24 * time.Hour, ""},
		{"two months, where the settings allow one", "2027-03-01", "2027-03-01", "2027-05-01", nil, 31 * 24 * time.Hour, "lasts 61 days from begin to end; more than 31 are unusual"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bindGauge(t, func(r *issuer.Request) {
				r.Issued, r.Begins, r.Ends = licensetest.Time(c.issued), licensetest.Time(c.begins), licensetest.Time(c.ends)
			})
			n, f := licensetest.Need(), licensetest.Facts()
			n.LongestTerm, f.Used = c.longest, map[visual.GUID][]license.Terms{b.GUID: c.used}
			j := licensetest.Aurora().Trust().Evaluate(b, n, f, licensetest.At(c.begins))
			switch {
			case c.found == "" && len(j.Findings) > 0:
				t.Errorf("found %+v", j.Findings)
			case c.found != "" && (!j.Has("lic.lifetime") || !strings.Contains(j.Findings[0].Message, c.found)):
				t.Errorf("found %+v, want %q", j.Findings, c.found)
			}
		})
	}
}

// TestLongestTermOfReadable: what was read inside a package is judged in the same way.
func TestLongestTermOfReadable(t *testing.T) {
	trust, m := licensetest.Aurora().Trust(), gaugePackage(t).Manifest()
	found := license.Terms{Begins: licensetest.Time("2027-01-18"), Ends: licensetest.Time("2028-03-01")}
	n := license.Need{Least: license.Readable}
	used := license.Facts{Used: map[visual.GUID][]license.Terms{m.GUID: {{Begins: licensetest.Time("2026-03-01"), Ends: licensetest.Time("2027-03-01")}}}}
	if j := trust.EvaluateReadable(m, found, n, license.Facts{}, licensetest.At("2027-02-01")); !j.Has("lic.lifetime") {
		t.Errorf("with nothing before it: %+v", j)
	}
	if j := trust.EvaluateReadable(m, found, n, used, licensetest.At("2027-02-01")); j.Has("lic.lifetime") {
		t.Errorf("with a license before it: %+v", j)
	}
}

// TestNextTerm: the license that follows begins where this one ends.
func TestNextTerm(t *testing.T) {
	for _, c := range []struct{ name, begins, ends, next string }{
		{"a year", "2026-03-01", "2027-03-01", "2028-03-01"},
		{"some days less", "2026-11-24", "2027-11-20", "2028-11-20"},
		{"begun early", "2026-01-18", "2027-03-01", "2028-03-01"},
		{"three years", "2026-03-01", "2029-03-01", "2032-03-01"},
		{"a quarter", "2026-11-30", "2027-02-28", "2027-05-28"},
		{"a month, to the end of a shorter one", "2026-12-31", "2027-01-31", "2027-02-28"},
		{"half a year", "2026-03-01", "2026-09-01", "2027-03-01"},
		{"a leap day", "2027-02-28", "2028-02-29", "2029-02-28"},
		{"two weeks", "2026-03-01", "2026-03-15", "2026-04-15"},
	} {
		begins, ends := license.Terms{Begins: licensetest.Time(c.begins), Ends: licensetest.Time(c.ends)}.NextTerm()
		if !begins.Equal(licensetest.Time(c.ends)) || !ends.Equal(licensetest.Time(c.next)) {
			t.Errorf("%s: from %s to %s, want from %s to %s", c.name, begins, ends, c.ends, c.next)
		}
	}
	if begins, ends := (license.Terms{Ends: licensetest.Time("2027-03-01")}).NextTerm(); !begins.IsZero() || !ends.IsZero() {
		t.Errorf("of a license without a begin: from %s to %s", begins, ends)
	}
	if begins, ends := (license.Terms{Issued: licensetest.Time("2026-03-01"), Ends: licensetest.Time("2027-03-01")}).NextTerm(); begins.IsZero() || !ends.Equal(licensetest.Time("2028-03-01")) {
		t.Errorf("of a license that says when it was issued: from %s to %s", begins, ends)
	}
}
