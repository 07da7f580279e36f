package journal

import (
	"maps"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// A table that is shared and written by turns holds what a map would hold that
// is copied each time, and so do all the tables it was shared as.
func TestATableIsAMapThatIsCopied(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var now table[int, int]
		want := map[int]int{}
		type past struct {
			table table[int, int]
			want  map[int]int
		}
		var before []past
		for range rapid.IntRange(0, 60).Draw(t, "writes") {
			k := rapid.IntRange(0, 20).Draw(t, "key")
			switch rapid.SampledFrom([]string{"set", "set", "drop", "hand over"}).Draw(t, "what") {
			case "set":
				v := rapid.Int().Draw(t, "value")
				now.set(k, v)
				want[k] = v
			case "drop":
				now.drop(k)
				delete(want, k)
			case "hand over":
				now.settle()
				before = append(before, past{now, maps.Clone(want)})
				now.share()
			}
		}
		for i, p := range append(before, past{now, want}) {
			check(t, i, &p.table, p.want)
		}
	})
}

func check(t *rapid.T, i int, got *table[int, int], want map[int]int) {
	if all := maps.Collect(got.all()); !reflect.DeepEqual(all, want) {
		t.Fatalf("table %d holds %v, not %v", i, all, want)
	}
	for k := range 21 {
		v, ok := got.get(k)
		if w, in := want[k]; v != w || ok != in {
			t.Fatalf("table %d holds %d (%v) as %d, not %d (%v)", i, v, ok, k, w, in)
		}
	}
	n := 0
	for range got.keys() {
		n++
	}
	for range got.values() {
		n++
	}
	if n != 2*len(want) {
		t.Fatalf("table %d has %d keys and values, not %d", i, n, 2*len(want))
	}
}

// Appending copies little of what was there before.
func TestATableCopiesLittle(t *testing.T) {
	var now table[int, int]
	copied := 0
	const n = 10_000
	for k := range n {
		now.share()
		copied += len(now.recent)
		now.set(k, k)
		large := len(now.base)
		now.settle()
		if len(now.base) != large {
			copied += len(now.base)
		}
	}
	if limit := 4 * n * 100; copied > limit { // a root of 10,000 at each, and some
		t.Errorf("%d entries were copied to add %d; at most %d should be", copied, n, limit)
	}
}
