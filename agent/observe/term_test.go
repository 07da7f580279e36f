package observe_test

import (
	"context"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// TestUsedLicenses: the licenses that were put count as used in their store, each
// once and also after another followed.
func TestUsedLicenses(t *testing.T) {
	p := gauge("1.0.0.0")
	year := func(id, begins, ends string) license.Terms {
		return license.Terms{ID: id, Begins: licensetest.Time(begins), Ends: licensetest.Time(ends)}
	}
	j := journaltest.Open(t, new(journaltest.Log))
	var facts []journal.Fact
	for _, c := range []struct {
		in    string
		terms license.Terms
	}{
		{"store", year("y1", "2026-03-01", "2027-03-01")},
		{"store", year("y2", "2027-01-18", "2028-03-01")},
		{"store", year("y1", "2026-03-01", "2027-03-01")},
		{"store", license.Terms{}},
		{"pilot", year("y3", "2028-03-01", "2029-03-01")},
	} {
		release := visual.Release{Version: p.Manifest().Version, Digest: p.Digest()}
		facts = append(facts, journal.Baselined{Key: store.Key{Store: c.in, GUID: p.Manifest().GUID}, State: store.State{Presence: store.Present, Release: &release, License: c.terms}})
	}
	if err := j.Append(context.Background(), "tx-1", facts...); err != nil {
		t.Fatal(err)
	}
	ids := func(all []license.Terms) (s string) {
		for _, t := range all {
			s += t.ID + " "
		}
		return s
	}
	for in, want := range map[string]string{"store": "y1 y2 ", "pilot": "y3 ", "": "y3 y1 y2 "} {
		if got := ids(observer().In(in).Facts(j.Book()).Used[p.Manifest().GUID]); got != want {
			t.Errorf("in %q: %s, want %s", in, got, want)
		}
	}
}
