package observe_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/pin"
	"github.com/orgstore/orgstore/policies/plan"
)

// many makes the observer and the book of a tenant with so many visuals and
// releases of each; every other release is licensed.
func many(b *testing.B, visuals, releases int) (observe.Observer, journal.Book) {
	b.Helper()
	o := observer()
	var guids []string
	for v := range visuals {
		guids = append(guids, fmt.Sprintf("auroraVisual%d", v))
	}
	o.Trust = licensetest.Aurora().Trust(guids...)
	example := taken(b, gauge("1.0.0.0").File(), licensetest.Aurora().Statement(gauge("1.0.0.0")))
	bound, received := example.Bounds()[0], example.Packages()[0].Received
	allowed, err := pin.Parse(">= 1.0")
	if err != nil {
		b.Fatal(err)
	}
	holds := map[visual.GUID]store.Listing{}
	var facts []journal.Fact
	for v, name := range guids {
		g, err := visual.ParseGUID(name)
		if err != nil {
			b.Fatal(err)
		}
		for r := range releases {
			version, err := visual.ParseVersion(fmt.Sprintf("1.%d.0.0", r))
			if err != nil {
				b.Fatal(err)
			}
			name := fmt.Sprintf("%d %d", v, r)
			received.Manifest.GUID, received.Manifest.Version = g, version
			received.Package = visual.DigestOf([]byte(name))
			received.Content = pbiviz.Content("h1:" + name)
			bound.GUID, bound.Version, bound.Package, bound.Content = g, version, received.Package, received.Content
			bound.Statement = visual.DigestOf([]byte("statement " + name))
			facts = append(facts, received, journal.StatementReceived{Statement: bound.Statement, GUID: g, Contents: []pbiviz.Content{bound.Content}})
			if r%2 == 0 {
				facts = append(facts, journal.Bound{Bound: bound})
			}
			if r == 0 {
				release := visual.Release{Version: version, Digest: bound.Package}
				holds[g] = store.Listing{GUID: g, Release: &release}
				facts = append(facts, journal.Baselined{Key: store.Key{Store: "tenant", GUID: g}, State: store.State{Presence: store.Present, Release: &release, License: bound.Terms}})
			}
		}
		o.Wanted = append(o.Wanted, plan.Wanted{Key: store.Key{Store: "tenant", GUID: g}, Pin: allowed})
	}
	o.Stores["tenant"] = shelf{traits: store.Traits{TellsPresence: true, TellsAccess: true, TellsVersion: true, TellsDigest: true, Unattended: true}, holds: holds}
	j := journaltest.Open(b, new(journaltest.Log))
	if err := j.Append(context.Background(), "tx-1", facts...); err != nil {
		b.Fatal(err)
	}
	return o, j.Book()
}

// BenchmarkDecide looks at 1,000 visuals with 10 releases each and decides.
func BenchmarkDecide(b *testing.B) {
	o, book := many(b, 1000, 10)
	var in plan.Input
	b.Run("observe", func(b *testing.B) {
		for b.Loop() {
			var err error
			if in, err = o.Input(context.Background(), book, nil, licensetest.At("2026-11-23")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("facts", func(b *testing.B) {
		var f license.Facts
		for b.Loop() {
			f = o.Facts(book)
		}
		_ = f
	})
	b.Run("compute", func(b *testing.B) {
		for b.Loop() {
			if p := plan.Compute(in); len(p.Steps) != 1000 {
				b.Fatalf("%d steps", len(p.Steps))
			}
		}
	})
}
