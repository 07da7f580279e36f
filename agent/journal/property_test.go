package journal_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// anyFact draws a fact about few visuals, packages and steps, so that facts
// meet: many are impossible, as they come.
func anyFact(tb testing.TB, t *rapid.T) journal.Fact {
	key := journaltest.Key()
	key.Store = rapid.SampledFrom([]string{"tenant", "pilot"}).Draw(t, "store")
	id := store.StepID(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "step") + "-" + key.Store)
	v := rapid.SampledFrom([]string{"1.3", "1.4"}).Draw(t, "version")
	stmt := rapid.SampledFrom([]string{"s", "embedded"}).Draw(t, "statement")
	reason := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "reason")
	done := seen(state(tb, v))
	done.License.Sequence = int64(rapid.IntRange(0, 5).Draw(t, "sequence"))
	b := begun(tb, id, rapid.SampledFrom(change.Kinds()).Draw(t, "kind"), "1.3", v)
	b.Step.Key, b.Attempt = key, rapid.IntRange(1, 3).Draw(t, "attempt")
	if rapid.Bool().Draw(t, "undoing") {
		b.Undoes = store.StepID("a-" + key.Store)
	}
	lifted := key
	if rapid.Bool().Draw(t, "everywhere") {
		lifted.Store = ""
	}
	arrived := received(tb, v)
	about := journal.StatementReceived{Statement: digest(rapid.SampledFrom([]string{"s", "z"}).Draw(t, "stated")), Source: reason}
	if rapid.Bool().Draw(t, "claiming") {
		// The same bytes claim the same, whenever they come.
		about.Statement = digest("about " + v)
		about.GUID, about.Contents = arrived.Manifest.GUID, []pbiviz.Content{arrived.Content}
	}
	return rapid.SampledFrom([]journal.Fact{
		b, b, journal.Accepted{Step: id, Receipt: store.Receipt{Waiting: reason == "x"}},
		journal.Done{Step: id, State: done}, journal.Withdrawn{Step: id, Reason: reason},
		journal.Failed{Step: id, Message: reason, StoreState: rapid.SampledFrom([]journal.Aftermath{journal.Unchanged, journal.Uncertain, journal.Changed}).Draw(t, "left")},
		journal.Unclear{Step: id, Message: reason},
		journal.Checking{Step: id, State: done}, journal.Checked{Step: id, By: "command", Answer: rapid.SampledFrom([]journal.Answer{journal.Passed, journal.Stopped}).Draw(t, "answer")},
		journal.Baselined{Key: key, State: done, Evidence: reason},
		arrived, about, bound(tb, v, stmt),
		journal.StatementRefused{Statement: digest(stmt), Package: digest(v), Trust: reason},
		journal.ItemRefused{Source: reason, Digest: digest(v)},
		journal.Profiled{Package: digest(v), Profile: reason, Fingerprint: stmt},
		journal.Held{Key: lifted, Reason: reason}, journal.Unheld{Key: lifted},
		journal.Blocked{Block: plan.Block{Key: key, Version: version(tb, v), Reason: reason}}, journal.Unblocked{Key: lifted},
		journal.Overridden{Step: id, Gate: plan.GateTries, Reason: reason},
		journal.TimeMarked{Trusted: day.AddDate(0, 0, rapid.IntRange(0, 9).Draw(t, "day"))}, journal.SettingsSeen{Policy: reason},
	}).Draw(t, "fact")
}

// Adding entries one by one, replaying them all and following a log that others
// append to lead to one book; and a book, once had, never changes.
func TestOneHistoryOneBook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		log := new(journaltest.Log)
		j, follower := journaltest.Open(t, log), journaltest.Open(t, log)
		var books []journal.Book
		var looks []map[string]any
		for range rapid.IntRange(1, 30).Draw(rt, "facts") {
			facts := []journal.Fact{anyFact(t, rt)}
			if rapid.Bool().Draw(rt, "two") {
				facts = append(facts, anyFact(t, rt))
			}
			err := j.Append(ctx, "tx_1", facts...)
			if impossible := (*journal.ImpossibleError)(nil); err != nil && !errors.As(err, &impossible) {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "refresh") {
				if err := follower.Refresh(ctx); err != nil {
					rt.Fatal(err)
				}
			}
			books, looks = append(books, j.Book()), append(looks, look(j.Book()))
		}
		if err := follower.Refresh(ctx); err != nil {
			rt.Fatal(err)
		}
		replayed, err := journal.Replay(ctx, log)
		if err != nil {
			rt.Fatal(err)
		}
		var added journal.Book
		err = j.Entries(ctx, func(e journal.Entry) error {
			before, told := added, look(added)
			added, err = added.With(e)
			if !reflect.DeepEqual(look(before), told) {
				rt.Errorf("entry %d changed the book before it", e.Seq)
			}
			return err
		})
		if err != nil {
			rt.Fatal(err)
		}
		want := look(j.Book())
		for name, b := range map[string]journal.Book{"replayed": replayed, "added": added, "followed": follower.Book()} {
			if got := look(b); !reflect.DeepEqual(got, want) {
				rt.Errorf("%s:\n%v\nwant\n%v", name, got, want)
			}
		}
		for i, b := range books {
			if !reflect.DeepEqual(look(b), looks[i]) {
				rt.Errorf("book %d changed", i)
			}
		}
		whole(rt, j.Book())
	})
}

// whole checks what holds in every book.
func whole(t *rapid.T, b journal.Book) {
	for _, k := range b.Keys() {
		unfinished := 0
		for i, r := range b.Revisions(k) {
			if r.Revision != i+1 || r.Key != k {
				t.Errorf("revision %d of %s is numbered %d, of %s", i+1, k, r.Revision, r.Key)
			}
			if r.Status == journal.StatusOpen || r.Status == journal.StatusWaiting || r.Status == journal.StatusChecking {
				unfinished++
			} else if r.Closed.Before(r.Time) {
				t.Errorf("revision %d of %s was closed before it began", r.Revision, k)
			}
		}
		if open := b.Open(k); (open != nil) != (unfinished == 1) || unfinished > 1 {
			t.Errorf("%d revisions of %s are unfinished, and %v is open", unfinished, k, open)
		}
		if s := b.Stood(k); len(s) > 0 && b.Belief(k).Presence != store.Unknown && !reflect.DeepEqual(b.Belief(k), last(b.Revisions(k)).After) {
			t.Errorf("belief of %s is %v, and last stood %v", k, b.Belief(k), last(b.Revisions(k)).After)
		}
	}
	for d, want := range license.EarliestEnds(b.Bounds()) {
		if got := b.EarliestEnds()[d]; !reflect.DeepEqual(got, want) {
			t.Errorf("package %s ends first by %+v, not %+v", d.Short(), got, want)
		}
	}
	if got, want := len(b.EarliestEnds()), len(license.EarliestEnds(b.Bounds())); got != want {
		t.Errorf("%d packages have an end, not %d", got, want)
	}
	for _, p := range b.Packages() {
		checkStatementsAbout(t, b, p)
	}
	for _, bound := range b.Bounds() {
		if _, ok := b.Package(bound.Package); !ok {
			t.Errorf("bound to a package that never came: %v", bound)
		}
	}
}

// checkStatementsAbout holds what is found by visual against all there is.
func checkStatementsAbout(t *rapid.T, b journal.Book, p journal.Package) {
	var want []visual.Digest
	if !p.Carries.IsZero() {
		want = append(want, p.Carries)
	}
	for _, s := range b.Statements() {
		if s.Statement == p.Carries || s.GUID != p.Manifest.GUID || !slices.Contains(s.Contents, p.Content) {
			continue
		}
		want = append(want, s.Statement)
		if !slices.Contains(b.PackagesAbout(s.Statement), p.Package) {
			t.Errorf("statement %s is about package %s, and is not found so", s.Statement.Short(), p.Package.Short())
		}
	}
	if got := b.StatementsAbout(p); !slices.Equal(got, want) {
		t.Errorf("statements about %s: %v; want %v", p.Package.Short(), got, want)
	}
}

// last finds the newest revision that was ever in the store, undone or not.
func last(all []journal.Revision) journal.Revision {
	var newest journal.Revision
	for _, r := range all {
		if r.Stood() || r.Left == journal.Changed || r.Status == journal.StatusUndone && r.Claim != "" {
			if !r.Closed.Before(newest.Closed) {
				newest = r
			}
		}
	}
	return newest
}
