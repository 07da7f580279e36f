package journal_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license"
)

// What the newest list of a key revoked is known without the list; what an older one
// revoked is that list's alone.
func TestRevokedIsOfTheNewestList(t *testing.T) {
	came := func(list string) journal.Fact { return journal.StatusReceived{List: digest(list)} }
	mark := verified("a", 3, "three").Mark
	revoked := func(list string, ids ...string) journal.Revoked {
		return journal.Revoked{List: digest(list), Mark: mark, Statements: ids}
	}
	facts := []journal.Fact{came("a"), came("b"), verified("a", 3, "three"), revoked("a", "lic-7")}
	book := journaltest.Book(t, facts...)
	want := []license.Revoked{{Issuer: "https://aurora.example", KeyID: "aurora-status", Sequence: 3, Issued: day, Statements: []string{"lic-7"}}}
	if got := book.Revoked(); !reflect.DeepEqual(got, want) || book.LacksRevoked(digest("a")) {
		t.Errorf("it is %+v", got)
	}
	newer := journaltest.Book(t, append(facts, verified("b", 4, "four"))...)
	if got := newer.Revoked(); len(got) > 0 || !newer.LacksRevoked(digest("b")) || newer.LacksRevoked(digest("a")) {
		t.Errorf("before the newer one is recorded: %+v", got)
	}
	j := journaltest.Open(t, new(journaltest.Log))
	if err := j.Append(t.Context(), "tx", append(facts, verified("b", 4, "four"))...); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), "tx", revoked("a")); !errors.As(err, new(*journal.ImpossibleError)) {
		t.Errorf("an older one: %v", err)
	}
}
