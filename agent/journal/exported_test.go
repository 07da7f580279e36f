package journal_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
)

func TestTheNewestListCounts(t *testing.T) {
	key := journaltest.Key()
	old, fresh := exported(journaltest.Start().Add(-2*time.Hour)), exported(journaltest.Start().Add(-time.Hour))
	fresh.Entries[0].Name = "newer"
	both := fresh
	both.Entries = append([]journal.ExportedEntry{{GUID: key.GUID, Name: "theirs", Source: store.FromAppSource}}, fresh.Entries...)
	for name, facts := range map[string][]journal.Fact{
		"in order": {old, fresh}, "the older one comes later": {fresh, old}, "one from AppSource beside it": {old, both},
	} {
		e := journaltest.Book(t, facts...).Export(key.Store)
		if e == nil || !e.Taken.Equal(fresh.Taken) || e.Listed[key.GUID].Name != "newer" || e.Outdated[key.GUID] {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if journaltest.Book(t, fresh).Export("another") != nil {
		t.Error("a list of another store counts")
	}
}

// What was changed since a list was taken is not told by it, nor is a task that
// was laid out and withdrawn a change.
func TestAListIsOutdatedByChanges(t *testing.T) {
	key, list := journaltest.Key(), exported(journaltest.Start().Add(-time.Hour))
	absent := journal.Baselined{Key: key, State: seen(state(t, "")), Evidence: "the portal"}
	up, waits := begun(t, "up", change.Install, "", "1.4.0.0"), journal.Accepted{Step: "up", Receipt: store.Receipt{Waiting: true}}
	for _, c := range []struct {
		name  string
		facts []journal.Fact
		want  bool
	}{
		{"nothing", nil, false},
		{"a baseline", []journal.Fact{absent}, true},
		{"a task that waits", []journal.Fact{up, waits}, false},
		{"a task that was withdrawn", []journal.Fact{up, waits, journal.Withdrawn{Step: "up", Reason: "a newer plan"}}, false},
		{"a task that could not be laid out", []journal.Fact{up, journal.Failed{Step: "up", Code: "x", StoreState: journal.Unchanged}}, false},
		{"a change of which nobody knows", []journal.Fact{up, journal.Failed{Step: "up", Code: "x", StoreState: journal.Uncertain}}, true},
		{"a task that was confirmed", []journal.Fact{up, waits, journal.Done{Step: "up", State: seen(state(t, "1.4.0.0"))}}, true},
	} {
		b := journaltest.Book(t, append([]journal.Fact{list}, c.facts...)...)
		if got := b.Export(key.Store).Outdated[key.GUID]; got != c.want {
			t.Errorf("%s: outdated is %v", c.name, got)
		}
	}
}

func TestRemindersAreOfAWaitingStepAndOnce(t *testing.T) {
	key := journaltest.Key()
	j := journaltest.Open(t, new(journaltest.Log))
	add := func(f journal.Fact) error { return j.Append(context.Background(), journaltest.Tx(t), f) }
	must := func(f journal.Fact) {
		t.Helper()
		if err := add(f); err != nil {
			t.Fatal(err)
		}
	}
	remind := journal.Reminded{Step: "up", Event: journal.TaskReminded, Message: "since Monday"}
	must(begun(t, "up", change.Install, "", "1.4.0.0"))
	if add(remind) == nil {
		t.Error("reminded of what does not wait")
	}
	must(journal.Accepted{Step: "up", Receipt: store.Receipt{Waiting: true}})
	must(remind)
	if add(remind) == nil {
		t.Error("reminded twice")
	}
	if add(journal.Reminded{Step: "up", Event: "task.forgotten"}) == nil {
		t.Error("an unknown event")
	}
	must(journal.Reminded{Step: "up", Event: journal.TaskEscalated})
	if got := j.Book().Reminded(key); !slices.Equal(got, []journal.Event{journal.TaskReminded, journal.TaskEscalated}) {
		t.Errorf("reminded: %v", got)
	}
	must(journal.Withdrawn{Step: "up", Reason: "a newer plan"})
	must(begun(t, "up", change.Install, "", "1.4.0.0"))
	if got := j.Book().Reminded(key); len(got) > 0 {
		t.Errorf("a new task was reminded of: %v", got)
	}
}

func TestListsThatCannotBe(t *testing.T) {
	late := exported(journaltest.Start().Add(time.Hour))
	unnamed := exported(journaltest.Start())
	unnamed.Store = ""
	strange := exported(journaltest.Start())
	strange.Entries[0].Source = "elsewhere"
	for name, f := range map[string]journal.Fact{"from the future": late, "of no store": unnamed, "from elsewhere": strange} {
		j := journaltest.Open(t, new(journaltest.Log))
		if err := j.Append(context.Background(), journaltest.Tx(t), f); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
