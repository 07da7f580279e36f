package intake_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/store"
)

const list = "guid,name,source,changed,disabled\nauroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E_OrgStore,Aurora Gauge,File,2026-11-20,false\n"

func TestListsInTheLibrary(t *testing.T) {
	for _, c := range []struct {
		name, store, file string
		text              string
		listed, refused   bool
	}{
		{"a list", "store", "OrganizationalVisuals.csv", list, true, false},
		{"a browser's second copy", "store", "OrganizationalVisuals (1).csv", list, true, false},
		{"something else that is called so", "store", "OrganizationalVisuals.csv", "Dear all,\n", false, true},
		{"a list that is too large", "store", "OrganizationalVisuals.csv", list + strings.Repeat("x", 1<<20), false, true},
		{"a list without rows", "store", "OrganizationalVisuals.csv", "guid,name,source,changed,disabled\n", false, true},
		{"a store that needs none", "", "OrganizationalVisuals.csv", list, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, s := newBench(t), &shelf{}
			b.Store = c.store
			s.put(c.file, []byte(c.text))
			s.items[0].Modified = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
			for range 2 { // an item may come twice
				taken, _, err := b.Poll(context.Background(), tx, s, "")
				if err != nil || len(taken) != 1 || taken[0].List != c.listed || (taken[0].Refused != nil) != c.refused {
					t.Fatalf("taken %+v, %v", taken, err)
				}
			}
			known, ok := b.Journal.Book().Listed("store")
			if ok != c.listed || ok && (!known.Taken.Equal(s.items[0].Modified) || len(known.Entries) != 1 || known.Entries[0].Source != store.FromFile) {
				t.Errorf("known is %+v", known)
			}
			if n := b.Journal.Book().Seq(); n > 1 {
				t.Errorf("%d entries were recorded", n)
			}
		})
	}
}

// A list without rows is taken where a person vouches for it.
func TestAListWithoutRows(t *testing.T) {
	b := newBench(t)
	b.Store, b.now = "store", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	empty := []byte("guid,name,source,changed,disabled\n")
	if _, _, err := b.TakeList(context.Background(), tx, "OrganizationalVisuals.csv", empty, b.now); err == nil {
		t.Error("it was taken")
	}
	b.AllowsEmptyList = true
	if _, _, err := b.TakeList(context.Background(), tx, "OrganizationalVisuals.csv", empty, b.now); err != nil {
		t.Error(err)
	}
	if known, ok := b.Journal.Book().Listed("store"); !ok || len(known.Entries) != 0 {
		t.Errorf("known is %+v, %v", known, ok)
	}
}

// A time that lies ahead would outlive every change that follows.
func TestAListIsMadeNoLaterThanItComes(t *testing.T) {
	b := newBench(t)
	b.Store, b.now = "store", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, made := range []time.Time{{}, b.now.AddDate(1, 0, 0)} {
		fact, _, err := b.TakeList(context.Background(), tx, "OrganizationalVisuals.csv", []byte(list), made)
		if err != nil || !fact.Taken.Equal(b.now) {
			t.Errorf("made at %v it counts as made at %v, %v", made, fact.Taken, err)
		}
	}
	if !intake.IsList("organizationalvisuals.CSV") || intake.IsList("other.csv") {
		t.Error("names of lists are mixed up")
	}
}
