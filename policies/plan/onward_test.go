package plan

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
)

// What ran for long enough goes on from a store, unless there is trouble: a hold there,
// or somebody else's change, after which nobody knows what ran.
func TestWhatGoesOnFromAStore(t *testing.T) {
	at := moment.Settle(date("2026-11-23"), moment.Mark{}, -1)
	long := []Run{{Release: v14.Release.Digest, Since: date("2026-11-01")}}
	short := []Run{{Release: v14.Release.Digest, Since: date("2026-11-22")}}
	changed := Drift{Message: "someone changed it since"}
	for _, c := range []struct {
		name    string
		ring    Ring
		drift   Drift
		want    int
		trouble string
	}{
		{"ran for long", Ring{Soak: 72 * time.Hour, Runs: long}, Drift{}, 1, ""},
		{"ran for a day", Ring{Soak: 72 * time.Hour, Runs: short}, Drift{}, 0, ""},
		{"held there", Ring{Runs: long, Trouble: "ada holds it there"}, Drift{}, 0, "ada holds it there"},
		{"changed there", Ring{Runs: long}, changed, 0, "somebody changed that store: someone changed it since"},
		{"held and changed there", Ring{Runs: long, Trouble: "ada holds it there"}, changed, 0, "ada holds it there"},
	} {
		r := c.ring.Despite(c.drift)
		if got := r.Onward(at).Ready; len(got) != c.want || r.Trouble != c.trouble {
			t.Errorf("%s: %d go on, trouble %q", c.name, len(got), r.Trouble)
		}
	}
}

// A rollback in any store before keeps what it left out of the later ones, for the
// same pin alone. Stores that follow each other in a circle end.
func TestBlocksOfTheStoresBefore(t *testing.T) {
	pilot, early, main := gauge("pilot"), gauge("early"), gauge("main")
	left := func(k store.Key, pin string) []Block { return []Block{{Key: k, Version: version("1.5"), Pin: pin}} }
	row := map[store.Key]Onward{main: {Before: early}, early: {Before: pilot}}
	circle := map[store.Key]Onward{main: {Before: early}, early: {Before: main}}
	for _, c := range []struct {
		name   string
		onward map[store.Key]Onward
		blocks map[store.Key][]Block
		pin    string
		want   int
	}{
		{"none", row, nil, "1.4", 0},
		{"in both stores before", row, map[store.Key][]Block{pilot: left(pilot, "1.4"), early: left(early, "1.4")}, "1.4", 2},
		{"for another pin", row, map[store.Key][]Block{pilot: left(pilot, "~> 1.5")}, "1.4", 0},
		{"of what is not pinned", row, map[store.Key][]Block{pilot: left(pilot, "1.4")}, "", 0},
		{"in a circle", circle, map[store.Key][]Block{early: left(early, "1.4")}, "1.4", 2},
	} {
		x := &index{onward: c.onward, blocks: c.blocks}
		v := &visualPlan{key: main}
		if c.pin != "" {
			v.want = &Wanted{main, pinned(c.pin)}
		}
		x.joinRing(v)
		if len(v.blocksBefore) != c.want {
			t.Errorf("%s: %d blocks, want %d", c.name, len(v.blocksBefore), c.want)
		}
	}
}
