package store_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/store"
)

type sweeping struct{ store.Store }

func (sweeping) Sweep() error { return nil }

type wrapper struct{ store.Store }

func (w wrapper) Unwrap() store.Store { return w.Store }

// An opaque store embeds another one and does not say so.
type opaque struct{ store.Store }

func TestAbilitiesAreFoundInWrappers(t *testing.T) {
	for _, c := range []struct {
		name  string
		store store.Store
		want  bool
	}{
		{"no store", nil, false},
		{"the store itself", sweeping{}, true},
		{"another store", opaque{}, false},
		{"wrapped", wrapper{sweeping{}}, true},
		{"wrapped twice", wrapper{wrapper{sweeping{}}}, true},
		{"a wrapper that has it", sweeping{wrapper{opaque{}}}, true},
		{"wrapped by one that hides it", opaque{sweeping{}}, false},
		{"hidden within", wrapper{opaque{sweeping{}}}, false},
		{"a wrapper of nothing", wrapper{}, false},
	} {
		if s, got := store.As[store.Sweeper](c.store); got != c.want || got != (s != nil) {
			t.Errorf("%s: %v, %v", c.name, s, got)
		}
	}
}
