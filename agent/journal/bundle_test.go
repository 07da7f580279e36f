package journal_test

import (
	"errors"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
)

// The newest version of each set of root keys is known, also where the vendor's next
// bundle has others; who allows an older one allows that one.
func TestNewestBundle(t *testing.T) {
	a, b := "roots-a", "roots-b"
	ofOther := bundleSeen("roots-c", 1)
	ofOther.Vendor = "Borealis"
	renamed := bundleSeen(a, 3)
	renamed.Vendor = "Aurora"
	for name, c := range map[string]struct {
		facts []journal.Fact
		want  map[string]int64
	}{
		"one":                                  {[]journal.Fact{bundleSeen(a, 1)}, map[string]int64{a: 1, b: 0}},
		"the next":                             {[]journal.Fact{bundleSeen(a, 1), bundleSeen(a, 2)}, map[string]int64{a: 2}},
		"of another vendor":                    {[]journal.Fact{bundleSeen(a, 2), ofOther}, map[string]int64{a: 2, "roots-c": 1}},
		"under another name":                   {[]journal.Fact{bundleSeen(a, 2), renamed}, map[string]int64{a: 3}},
		"with other root keys":                 {[]journal.Fact{bundleSeen(a, 2), bundleSeen(b, 3)}, map[string]int64{a: 3, b: 3}},
		"a vendor that starts anew":            {[]journal.Fact{bundleSeen(a, 2), bundleSeen(b, 1)}, map[string]int64{a: 2, b: 1}},
		"an older one that is allowed":         {[]journal.Fact{bundleSeen(a, 2), bundleAllowed(a, 1)}, map[string]int64{a: 1}},
		"and the newer one again":              {[]journal.Fact{bundleSeen(a, 2), bundleAllowed(a, 1), bundleSeen(a, 2)}, map[string]int64{a: 2}},
		"one of former root keys, allowed":     {[]journal.Fact{bundleSeen(a, 2), bundleSeen(b, 3), bundleAllowed(a, 2)}, map[string]int64{a: 2, b: 0}},
		"and the one of the newer roots again": {[]journal.Fact{bundleSeen(a, 2), bundleSeen(b, 3), bundleAllowed(a, 2), bundleSeen(b, 3)}, map[string]int64{a: 3, b: 3}},
	} {
		book := journaltest.Book(t, c.facts...)
		for roots, want := range c.want {
			if got, _ := book.NewestBundle(roots); got.Version != want {
				t.Errorf("%s: of %s it is %d, not %d", name, roots, got.Version, want)
			}
		}
	}
}

func TestImpossibleBundles(t *testing.T) {
	noReason, noVendor := bundleAllowed("roots-a", 1), bundleSeen("roots-a", 3)
	noReason.Reason, noVendor.Vendor = "", ""
	for name, f := range map[string]journal.Fact{
		"as new as one that was seen": bundleSeen("roots-a", 2), "older": bundleSeen("roots-a", 1), "of no vendor": noVendor, "of no root keys": bundleSeen("", 3),
		"allowed without a reason": noReason, "allowed and not older": bundleAllowed("roots-a", 2), "allowed and never seen": bundleAllowed("roots-b", 1),
	} {
		j := journaltest.Open(t, new(journaltest.Log))
		if err := j.Append(t.Context(), "tx", bundleSeen("roots-a", 2)); err != nil {
			t.Fatal(err)
		}
		if err := j.Append(t.Context(), "tx", f); !errors.As(err, new(*journal.ImpossibleError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
