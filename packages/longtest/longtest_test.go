package longtest

import (
	"slices"
	"testing"
)

func TestASampleHasOneOfEachKind(t *testing.T) {
	for wanted, want := range map[string][]bool{"": {true, true, false, false, true}, "1": {true, true, true, true, true}} {
		t.Setenv(variable, wanted)
		var s Sample
		var got []bool
		for _, kind := range []string{"rename", "sync", "rename", "sync", "append"} {
			got = append(got, s.Picks(kind))
		}
		if !slices.Equal(got, want) {
			t.Errorf("with %q it picks %v, want %v", wanted, got, want)
		}
	}
}
