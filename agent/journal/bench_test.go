package journal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// busyYears makes a log of 20,000 entries: 500 visuals, each renewed until there
// are enough, from the arrival of its package to the end of its step.
func busyYears(b *testing.B) *journaltest.Log {
	const entries, visuals, perRenewal = 20_000, 500, 5
	log := new(journaltest.Log)
	j := journaltest.Open(b, log)
	for n := range entries / perRenewal {
		guid, err := visual.ParseGUID(fmt.Sprintf("auroraVisual%04d", n%visuals))
		if err != nil {
			b.Fatal(err)
		}
		r := received(b, "1.4.0.0")
		r.Package, r.Manifest.GUID = digest(fmt.Sprint(n)), guid
		bound := bound(b, "1.4.0.0", "embedded")
		bound.Bound.Package, bound.Bound.GUID = r.Package, guid
		begun := begun(b, store.StepID(fmt.Sprint("step-", n)), change.Renew, "1.4.0.0", "1.4.0.0")
		begun.Step.Key.GUID = guid
		err = j.Append(context.Background(), "tx_1", r, bound, begun,
			journal.Accepted{Step: begun.Step.ID, Receipt: store.Receipt{Reference: "put"}},
			journal.Done{Step: begun.Step.ID, State: seen(begun.Step.To)})
		if err != nil {
			b.Fatal(err)
		}
	}
	return log
}

// BenchmarkReplay compares reading a whole log with reading its JSON alone.
func BenchmarkReplay(b *testing.B) {
	log := busyYears(b)
	b.Run("replay", func(b *testing.B) {
		for b.Loop() {
			book, err := journal.Replay(context.Background(), log)
			if err != nil || book.Seq() != 20_000 {
				b.Fatal(book.Seq(), err)
			}
		}
	})
	b.Run("json alone", func(b *testing.B) {
		records := log.Records()
		for b.Loop() {
			for _, r := range records {
				if _, err := journal.Decode(r.Body); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkAppend tells what one more entry costs in memory after 20,000.
func BenchmarkAppend(b *testing.B) {
	j := journaltest.Open(b, busyYears(b))
	for b.Loop() {
		if err := j.Append(context.Background(), "tx_1", journal.Held{Key: journaltest.Key(), Reason: "r"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkArrive tells what one more package costs in memory after 4,000, of
// 500 visuals.
func BenchmarkArrive(b *testing.B) {
	j := journaltest.Open(b, busyYears(b))
	r := received(b, "1.4.0.0")
	for n := 0; b.Loop(); n++ {
		guid, err := visual.ParseGUID(fmt.Sprintf("auroraVisual%04d", n%500))
		if err != nil {
			b.Fatal(err)
		}
		r.Package, r.Manifest.GUID = digest(fmt.Sprint("new ", n)), guid
		if err := j.Append(context.Background(), "tx_1", r); err != nil {
			b.Fatal(err)
		}
	}
}
