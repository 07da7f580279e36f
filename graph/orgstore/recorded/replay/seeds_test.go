package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/orgstore/orgstore/graph/orgstore/recorded/recordedtest"
	"github.com/orgstore/orgstore/graph/simulator/gallery/gallerytest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/storetest"
)

const seeds = 60

// An update, an addition and access are learned from one recording, and then
// made for other packages and another visual.
func TestLearnsAndReplays(t *testing.T) {
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p := recordedtest.NewPortal(t, seed)
			p.Fill(t)
			recipe, _ := recordedtest.Learn(t, p, func(b *gallerytest.Browser) { b.KeepsBodies = seed%3 == 0; b.RecordsSecrets = seed%4 == 0 })
			if t.Failed() {
				return
			}
			s := p.Open(t, recipe)
			ctx := context.Background()
			all, err := s.Installed(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if from := [3]store.Source{all[recordedtest.GUID(recordedtest.Gauge)].Source, all[recordedtest.GUID(recordedtest.Tiles)].Source, all[recordedtest.GUID(recordedtest.AppSource)].Source}; from != [3]store.Source{store.FromFile, store.FromFile, store.FromAppSource} {
				t.Errorf("the sources are %q", from)
			}
			shape := p.Shape()
			want := store.Traits{TellsPresence: true, TellsAccess: true, TellsVersion: shape.ShowsVersion, TellsChanged: true, TellsAuthor: true, Unattended: true}
			if s.Traits() != want {
				t.Errorf("it tells %+v, and its list %+v", s.Traits(), want)
			}
			if l := all[recordedtest.GUID(recordedtest.Gauge)]; l.Changed == "" || l.Author == "" || (l.Release != nil) != shape.ShowsVersion {
				t.Errorf("the gauge is %+v", l)
			}
			next := recordedtest.Package(recordedtest.Tiles, "2.1.0.0", "Aurora Tiles")
			if _, err := s.Put(ctx, "s1", licensed(t, next), storetest.Now()); err != nil {
				t.Fatalf("%v\n%s", err, recipe.YAML())
			}
			if e, _ := p.Entry(recordedtest.GUID(recordedtest.Tiles)); !bytes.Equal(e.Package, next.Bytes()) || e.Name != "Aurora Tiles" || !e.Access {
				t.Errorf("the store holds %s %s, access %v", e.Name, e.Version, e.Access)
			}
			for i, on := range []bool{false, true} {
				if _, err := s.SetAccess(ctx, "s2", recordedtest.GUID(recordedtest.Tiles), on); err != nil {
					t.Fatal(err)
				}
				if e, _ := p.Entry(recordedtest.GUID(recordedtest.Tiles)); e.Access != on {
					t.Errorf("%d: access is %v", i, e.Access)
				}
			}
			if e, _ := p.Entry(recordedtest.GUID(recordedtest.Gauge)); !e.Access || e.Version != "1.1.0.0" {
				t.Errorf("another visual was touched: %+v", e)
			}
		})
	}
}

func TestSuite(t *testing.T) {
	for _, seed := range []uint64{0, 2, 3, 11} { // each way a package goes

		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Fixture {
				p := recordedtest.NewPortal(t, seed)
				p.Fill(t)
				recipe, _ := recordedtest.Learn(t, p)
				for _, e := range p.Entries() {
					if err := p.Delete("admin@contoso.example", e.ID); err != nil {
						t.Fatal(err)
					}
				}
				return storetest.Fixture{Store: p.Open(t, recipe)}
			})
		})
	}
}
