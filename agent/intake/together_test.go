package intake_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// twoImporters are those of two processes that take in from one library into one archive.
func twoImporters(t *testing.T) (*bench, [2]intake.Importer) {
	b := newBench(t)
	b.Trust, b.Profiles, b.Store = hearing(b), shipped(t), "store"
	log := new(journaltest.Log)
	var importers [2]intake.Importer
	for i := range importers {
		j, err := journal.Open(context.Background(), log.Handle(), journaltest.Stamp())
		if err != nil {
			t.Fatal(err)
		}
		importers[i] = b.Importer
		importers[i].Journal = j
	}
	b.Importer = importers[0]
	return b, importers
}

// arrivals are one of each kind, with how many entries it makes.
func arrivals() []arrival {
	v := licensetest.Aurora()
	p := licensetest.Package(pbiviztest.Package{})
	return []arrival{
		{"package", "a.pbiviz", keyedPackage("2027-03-01", "run(k)").File(), 2}, // and what a profile finds in it
		{"package with a statement inside", "b.pbiviz", v.Embedded(licensetest.Package(pbiviztest.Package{Version: "3.0.0.0"})).File(), 4},
		{"package without one", "c.pbiviz", p.File(), 2},
		{"statement", "c.license", v.Statement(p), 2},
		{"statement of a stranger", "d.license", licensetest.Borealis().Statement(p), 2},
		{"status list", "e.license", v.Status(), 4},
		{"no package", "f.pbiviz", []byte("rubbish"), 1},
		{"list of the store", "OrganizationalVisuals.csv", []byte(list), 1},
	}
}

type arrival struct {
	what, name string
	file       []byte
	entries    uint64
}

func (a arrival) take(d intake.Importer) (intake.Result, error) {
	if intake.IsList(a.name) {
		_, _, err := d.TakeList(context.Background(), tx, a.name, a.file, time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC))
		return intake.Result{}, err
	}
	return d.Take(context.Background(), tx, a.name, a.file)
}

// What two processes take in at one moment is recorded once: neither has read what the
// other recorded.
func TestOneArrivalIsRecordedOnce(t *testing.T) {
	b, importers := twoImporters(t)
	for _, a := range arrivals() {
		before := b.seq()
		first, err := a.take(importers[0])
		if err != nil {
			t.Fatal(err)
		}
		second, err := a.take(importers[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := importers[0].Journal.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := b.seq() - before; got != a.entries {
			t.Errorf("%s: %d entries instead of %d: %v", a.what, got, a.entries, b.kinds(before))
		}
		if second.New || (first.Refused == nil) != (second.Refused == nil) {
			t.Errorf("%s: the first took %+v, the second %+v", a.what, first, second)
		}
	}
}

// The same, where both really run at once.
func TestArrivalsOfTwoProcessesAtOnce(t *testing.T) {
	for range 20 {
		b, importers := twoImporters(t)
		var both sync.WaitGroup
		for _, d := range importers {
			both.Go(func() {
				for _, a := range arrivals() {
					if _, err := a.take(d); err != nil {
						t.Errorf("%s: %v", a.what, err)
					}
				}
			})
		}
		both.Wait()
		if err := b.Journal.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		count := map[journal.Kind]int{}
		for _, k := range b.kinds(0) {
			count[k]++
		}
		want := map[journal.Kind]int{}
		for _, k := range soleKinds(t) {
			want[k]++
		}
		for k, n := range want {
			if count[k] != n {
				t.Errorf("%d entries of %s instead of %d", count[k], k, n)
			}
		}
	}
}

// soleKinds are the kinds of entries that one process alone makes of the arrivals.
func soleKinds(t *testing.T) []journal.Kind {
	b, importers := twoImporters(t)
	for _, a := range arrivals() {
		if _, err := a.take(importers[0]); err != nil {
			t.Fatal(err)
		}
	}
	return b.kinds(0)
}
