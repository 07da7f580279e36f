package library_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/library"
)

type deferring struct{ library.Library }

func (deferring) CountDeferred() int { return 2 }

type wrapper struct{ library.Library }

func (w wrapper) Unwrap() library.Library { return w.Library }

// An opaque library embeds another one and does not say so.
type opaque struct{ library.Library }

func TestAbilitiesAreFoundInWrappers(t *testing.T) {
	for _, c := range []struct {
		name    string
		library library.Library
		want    bool
	}{
		{"no library", nil, false},
		{"the library itself", deferring{}, true},
		{"another library", opaque{}, false},
		{"wrapped twice", wrapper{wrapper{deferring{}}}, true},
		{"wrapped by one that hides it", opaque{deferring{}}, false},
		{"a wrapper of nothing", wrapper{}, false},
	} {
		if l, got := library.As[library.Deferrer](c.library); got != c.want || got && l.CountDeferred() != 2 {
			t.Errorf("%s: %v, %v", c.name, l, got)
		}
	}
}
