package journal

import (
	"iter"
	"maps"
)

// A table is a map that books share. What is written after it was shared goes
// into a small map over the large one, so that one more entry copies only what
// few entries before it wrote. Its zero value is empty.
type table[K comparable, V any] struct {
	base   map[K]*V // never written
	recent map[K]*V // over base; nil: dropped
	shared bool     // recent too is a book's, and copied before it is written
}

// layered is a table of any kind.
type layered interface {
	share()
	settle()
}

func (t *table[K, V]) get(k K) (V, bool) {
	v, ok := t.recent[k]
	if !ok {
		v = t.base[k]
	}
	if v == nil {
		var none V
		return none, false
	}
	return *v, true
}

func (t *table[K, V]) set(k K, v V) { t.own()[k] = &v }

func (t *table[K, V]) drop(k K) {
	if _, ok := t.get(k); !ok {
		return
	}
	if _, under := t.base[k]; under {
		t.own()[k] = nil
		return
	}
	delete(t.own(), k)
}

// own returns the map to write to.
func (t *table[K, V]) own() map[K]*V {
	switch {
	case t.recent == nil:
		t.recent = map[K]*V{}
	case t.shared:
		t.recent = maps.Clone(t.recent)
	}
	t.shared = false
	return t.recent
}

// share keeps what is in the table from being changed: a book has it too.
func (t *table[K, V]) share() { t.shared = true }

// settle makes one map of the two where the small one has grown so large that
// copying it at every entry would cost more than copying all of it now and then.
// The square root is where the two cost the same.
func (t *table[K, V]) settle() {
	switch n := len(t.recent); {
	case len(t.base) == 0:
		t.base, t.recent = t.recent, nil
	case n*n > 2*len(t.base):
		all := make(map[K]*V, len(t.base)+n)
		maps.Insert(all, t.entries())
		t.base, t.recent = all, nil
	}
}

// all yields what is in the table, in no order.
func (t *table[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for k, v := range t.entries() {
			if !yield(k, *v) {
				return
			}
		}
	}
}

func (t *table[K, V]) entries() iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		for k, v := range t.recent {
			if v != nil && !yield(k, v) {
				return
			}
		}
		for k, v := range t.base {
			if _, over := t.recent[k]; !over && !yield(k, v) {
				return
			}
		}
	}
}

// keys yields the keys of what is in the table, in no order.
func (t *table[K, V]) keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range t.entries() {
			if !yield(k) {
				return
			}
		}
	}
}

// values yields what is in the table without its keys, in no order.
func (t *table[K, V]) values() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range t.entries() {
			if !yield(*v) {
				return
			}
		}
	}
}

// A series is a list that books share, as they share tables: one more element
// does not copy all.
type series[V any] struct {
	table[int, V]
	n int
}

func (s *series[V]) add(v V) {
	s.set(s.n, v)
	s.n++
}

// inOrder yields the elements in the order in which they were added.
func (s *series[V]) inOrder() iter.Seq[V] {
	return func(yield func(V) bool) {
		for i := range s.n {
			if v, _ := s.get(i); !yield(v) {
				return
			}
		}
	}
}
