package journal_test

import (
	"context"
	"errors"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
)

// What two journals find missing at one moment is recorded once.
func TestAppendForAsksAgain(t *testing.T) {
	log, ctx := new(journaltest.Log), context.Background()
	var journals [2]*journal.Journal
	for i := range journals {
		var err error
		if journals[i], err = journal.Open(ctx, log.Handle(), journaltest.Stamp()); err != nil {
			t.Fatal(err)
		}
	}
	asked := 0
	missing := func(b journal.Book) []journal.Fact {
		asked++
		if b.Policy() != "" {
			return nil
		}
		return []journal.Fact{journal.SettingsSeen{Policy: "sha256:1"}}
	}
	for i, want := range []int{1, 3} { // the second is asked again, with what the first recorded
		if err := journals[i].AppendFor(ctx, "tx_1", missing); err != nil || asked != want {
			t.Errorf("it was asked %d times instead of %d, %v", asked, want, err)
		}
	}
	if n := len(log.Records()); n != 1 || journals[1].Book().Seq() != 1 {
		t.Errorf("%d records, and the second journal has %d", n, journals[1].Book().Seq())
	}
	impossible := func(journal.Book) []journal.Fact { return []journal.Fact{journal.SettingsSeen{}} }
	if err := journals[0].AppendFor(ctx, "tx_1", impossible); !errors.As(err, new(*journal.ImpossibleError)) {
		t.Errorf("what cannot be: %v", err)
	}
}
