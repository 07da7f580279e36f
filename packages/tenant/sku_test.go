package tenant_test

import (
	"fmt"
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/tenant"
)

func TestSKUTable(t *testing.T) {
	sizes := map[int][]string{
		2: {"F2"}, 4: {"F4"}, 8: {"F8", "EM1", "A1"}, 16: {"F16", "EM2", "A2"}, 32: {"F32", "EM3", "A3"},
		64: {"F64", "P1", "A4"}, 128: {"F128", "P2", "A5"}, 256: {"F256", "P3", "A6"}, 512: {"F512", "P4", "A7"},
		1024: {"F1024", "P5", "A8"}, 2048: {"F2048"},
	}
	of := map[string]int{}
	for size, names := range sizes {
		for _, n := range names {
			of[n] = size
			if got, ok := tenant.ParseSKU(n).Units(); !ok || got != size {
				t.Errorf("%s has %d units, %v; want %d", n, got, ok, size)
			}
		}
	}
	if len(of) != len(allSKUs) {
		t.Errorf("%d SKUs here, %d there", len(of), len(allSKUs))
	}
	for a, x := range of {
		for b, y := range of {
			if covered, ok := tenant.ParseSKU(a).AtMost(tenant.ParseSKU(b)); !ok || covered != (x <= y) {
				t.Errorf("%s at most %s: %v, %v", a, b, covered, ok)
			}
		}
	}
}

// TestSKUsOfStatements holds the table against the SKUs that statements may
// name: each has a size, and no other spelling has but trial capacities.
func TestSKUsOfStatements(t *testing.T) {
	for _, family := range []string{"F", "P", "A", "EM", "EP", "PP", "FT", "G", "f", ""} {
		for n := range 4100 {
			s := fmt.Sprintf("%s%d", family, n)
			if _, sized := tenant.ParseSKU(s).Units(); sized != license.KnownSKU(s) && s != "FT1" {
				t.Errorf("%s: sized %v, in statements %v", s, sized, license.KnownSKU(s))
			}
		}
	}
}

func TestSKUsWithoutSize(t *testing.T) {
	for _, s := range []string{"", "F", "F64 ", " F64", "f64", "F064", "F63", "F4096", "P0", "P6", "A9", "EM4", "P1\n", "Ｆ64", "PPU", "PP3"} {
		if n, ok := tenant.ParseSKU(s).Units(); ok || n != 0 {
			t.Errorf("%q has %d units", s, n)
		}
		if covered, ok := tenant.ParseSKU(s).AtMost(tenant.ParseSKU("F2048")); covered || ok {
			t.Errorf("%q is compared", s)
		}
		if perUser := s == "PPU" || s == "PP3"; tenant.ParseSKU(s).PerUser() != perUser || tenant.ParseSKU(s).Known() != perUser {
			t.Errorf("%q: per user is not %v", s, perUser)
		}
	}
}
