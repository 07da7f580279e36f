package apply_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
)

// TestAnyFaultAndARestart carries out a random step while the store misbehaves
// at random, now and then to the journal's harm too, and recovers with a store
// that behaves.
func TestAnyFaultAndARestart(t *testing.T) {
	kinds := slices.Sorted(maps.Keys(steps(newBench(t, store.Traits{}))))
	rapid.Check(t, func(t *rapid.T) {
		tells := rapid.SampledFrom([]string{"bytes", "bytes", "version", "presence", "nothing"}).Draw(t, "tells")
		b := newBench(t, stores()[tells])
		s := steps(b)[rapid.SampledFrom(kinds).Draw(t, "step")]
		b.start(s.From)
		from := b.content()
		b.wire.faults = rapid.SliceOfN(rapid.SampledFrom(slices.DeleteFunc(faults(), func(f fault) bool { return f == waits })), 0, 4).Draw(t, "faults")
		b.wire.blind = rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(t, "blind")
		full := rapid.IntRange(0, 8).Draw(t, "appends until the disk is full")
		b.open(&failingLog{Log: b.log, left: full})

		r, err := b.applier.Do(context.Background(), b.tx, s, nil)
		if err != nil && full > 6 {
			t.Fatalf("an error that is not the journal's: %v", err)
		}
		asked := len(b.wire.changes)
		if !b.wire.traits.TellsDigest {
			b.recover()
			if !b.wire.traits.TellsPresence && len(b.wire.changes) > asked {
				t.Errorf("repeated blindly: %v", b.wire.changes)
			}
			return
		}
		b.wire.faults, b.wire.blind = nil, 0
		b.recover()
		believed(b, s.Kind == "install", from)
		if r.Outcome == apply.Verified && b.content() != label(b, s.To.Release, s.To.Enabled) {
			t.Errorf("said to be verified, and the store holds %s", b.content())
		}
		before := b.seq()
		if again := b.recover(); len(again) > 0 || b.seq() != before {
			t.Errorf("a second recovery did something: %+v", again)
		}
	})
}

// believed holds what must be true of a store that tells its bytes: no step is
// open, and what the journal believes is there.
func believed(b *bench, install bool, from string) {
	b.Helper()
	book, now := b.applier.Journal.Book(), b.content()
	if open := book.Open(b.key); open != nil {
		b.Errorf("%s is open after recovery", open.Step.Kind)
	}
	belief := book.Belief(b.key)
	switch belief.Presence {
	case store.Present:
		if want := label(b, belief.Release, belief.Enabled); now != want {
			b.Errorf("believed to hold %s, and holds %s", want, now)
		}
	case store.Absent:
		if now != "nothing" {
			b.Errorf("believed to be absent, and holds %s", now)
		}
	}
	last := book.Revisions(b.key)
	switch {
	case belief.Presence == store.Unknown: // somebody is told: it failed, and no step is undone
		if st := last[len(last)-1].Status; st != journal.StatusFailed {
			b.Errorf("nobody knows what is there, and the last step is %s", st)
		}
	case now == "other" || now == "other, off" && !install:
		b.Errorf("holds %s, from %s, and everybody is content", now, from)
	}
}
