package journal_test

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
)

// TestAnEventCountsOnce: it comes again with every overlap, and from another
// process too.
func TestAnEventCountsOnce(t *testing.T) {
	again := changed("event-1")
	again.User = "somebody else"
	later := changed("event-0")
	later.Time = day.Add(-time.Hour)
	b := journaltest.Book(t, changed("event-1"), again, later)
	all := b.StoreEvents()
	if len(all) != 2 || all[0].Event != "event-0" || all[1].User != "bob@contoso.com" {
		t.Errorf("%+v", all)
	}
	if !b.HasEvent("event-1") || b.HasEvent("event-2") {
		t.Error("it does not know which events it has")
	}
}

func TestWhatPeopleSettled(t *testing.T) {
	key := journaltest.Key()
	b := journaltest.Book(t, changed("event-1"),
		journal.DriftSettled{Event: "event-1", Reason: "agreed"},
		journal.DriftSettled{Key: key, Reason: "looked at it"})
	if b.EventSettled("event-1").IsZero() || !b.EventSettled("event-2").IsZero() {
		t.Error("event-1 alone was settled")
	}
	if b.VisualSettled(key).IsZero() {
		t.Error("the visual was settled")
	}
	if len(b.Keys()) != 0 {
		t.Errorf("settling records nothing of a visual: %v", b.Keys())
	}
}

func TestImpossibleChanges(t *testing.T) {
	for name, f := range map[string]journal.Fact{
		"an event without a key":      journal.StoreChanged{Operation: tenant.Updated},
		"an operation not of ours":    journal.StoreChanged{Event: "e", Operation: "ViewReport"},
		"settled without a reason":    journal.DriftSettled{Key: journaltest.Key()},
		"settled, and never recorded": journal.DriftSettled{Event: "e", Reason: "why"},
		"settled, and nothing named":  journal.DriftSettled{Reason: "why"},
	} {
		t.Run(name, func(t *testing.T) {
			j := journaltest.Open(t, new(journaltest.Log))
			if err := j.Append(t.Context(), journaltest.Tx(t), f); err == nil {
				t.Error("it was recorded")
			}
		})
	}
}

// TestListsThatWriteAnotherTime: what a list writes is compared as a text, from
// one list to the next, of entries from a file alone.
func TestListsThatWriteAnotherTime(t *testing.T) {
	key := journaltest.Key()
	list := func(taken time.Time, changed string, source store.Source) journal.Exported {
		return journal.Exported{
			Store: key.Store, File: "OrganizationalVisuals.csv", List: digest(changed + taken.String()), Taken: taken,
			Entries: []journal.ExportedEntry{{GUID: key.GUID, Source: source, Changed: changed}},
		}
	}
	monday := journaltest.Start().AddDate(0, 0, -7)
	other, err := visual.ParseGUID("other")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		lists []journal.Exported
		want  []journal.Shift
	}{
		{"one list", []journal.Exported{list(monday, "1/2", store.FromFile)}, nil},
		{"the same text", []journal.Exported{list(monday, "1/2", store.FromFile), list(monday.AddDate(0, 0, 1), "1/2", store.FromFile)}, nil},
		{"another text", []journal.Exported{list(monday, "1/2", store.FromFile), list(monday.AddDate(0, 0, 1), "1/3", store.FromFile)},
			[]journal.Shift{{Key: key, Was: "1/2", Is: "1/3", From: monday, Till: monday.AddDate(0, 0, 1)}}},
		{"from AppSource", []journal.Exported{list(monday, "1/2", store.FromAppSource), list(monday.AddDate(0, 0, 1), "1/3", store.FromAppSource)}, nil},
		{"not told", []journal.Exported{list(monday, "1/2", store.FromFile), list(monday.AddDate(0, 0, 1), "", store.FromFile)}, nil},
		{"an older list that came later", []journal.Exported{list(monday, "1/2", store.FromFile), list(monday.AddDate(0, 0, -1), "1/1", store.FromFile)}, nil},
		{"another visual", []journal.Exported{list(monday, "1/2", store.FromFile), {
			Store: key.Store, File: "x.csv", List: digest("x"), Taken: monday.AddDate(0, 0, 1),
			Entries: []journal.ExportedEntry{{GUID: other, Source: store.FromFile, Changed: "1/3"}},
		}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var facts []journal.Fact
			for _, l := range c.lists {
				facts = append(facts, l)
			}
			got := journaltest.Book(t, facts...).Shifts()
			if len(got) != len(c.want) || len(got) == 1 && got[0] != c.want[0] {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
