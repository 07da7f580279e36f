package plan

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
)

// decided returns an input with the conditions of all steps that it depends on: those
// that isHeld names are held by a person.
func decided(in Input, isHeld func(Step) bool) Input {
	_, in = Decide(in, func(s Step) Conditions {
		if isHeld == nil || !isHeld(s) {
			return Conditions{}
		}
		return Conditions{Holds: []Hold{{Key: s.Key, Reason: "quarter's end"}}}
	})
	return in
}

// computeHeld computes a plan where some steps are held.
func computeHeld(in Input, isHeld func(Step) bool) Plan { return Compute(decided(in, isHeld)) }

// compute computes the plan of a drawn world: one with conditions holds other code back.
func compute(in Input) Plan {
	if in.Conditions == nil {
		return Compute(in)
	}
	return computeHeld(in, func(s Step) bool { return changesCode(s.Kind) })
}

// TestDecideAsksOnce: each step that the plan depends on is asked about once, and
// what is known afterwards is all that the plan needs.
func TestDecideAsksOnce(t *testing.T) {
	in := input("~> 1.4", []Present{v14.installed()}, v14, candidate("1.4.0.0", "a2", "2028-06-01"), v15)
	var asked []store.StepID
	p, full := Decide(in, func(s Step) Conditions {
		asked = append(asked, s.ID)
		return Conditions{Holds: []Hold{{Key: s.Key, Except: []change.Kind{change.Renew}, Reason: "quarter's end"}}}
	})
	if len(asked) == 0 || len(slices.Compact(slices.Sorted(slices.Values(asked)))) != len(asked) {
		t.Errorf("asked about %v", asked)
	}
	if d := cmp.Diff(lines(p), lines(Compute(full))); d != "" || p.ID != Compute(full).ID {
		t.Errorf("the full input gives another plan: %s", d)
	}
	if first := Compute(in); len(first.Undecided) != 1 || first.Undecided[0].ID != asked[0] || in.Conditions != nil {
		t.Errorf("without conditions it lacks %v", first.Undecided)
	}
	if len(p.Steps) != 2 || p.Steps[0].Kind != change.Renew {
		t.Errorf("it plans %q", lines(p))
	}
}

// TestDecisionsAreValues: what a plan and its gates are computed from holds no
// function, no channel, and nothing that can be asked later for another answer.
func TestDecisionsAreValues(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(at string, of reflect.Type)
	walk = func(at string, of reflect.Type) {
		if seen[of] {
			return
		}
		seen[of] = true
		switch of.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Interface:
			t.Errorf("%s is a %s (%s)", at, of.Kind(), of)
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(at, of.Elem())
		case reflect.Map:
			walk(at+" key", of.Key())
			walk(at, of.Elem())
		case reflect.Struct:
			for i := range of.NumField() {
				walk(at+"."+of.Field(i).Name, of.Field(i).Type)
			}
		}
	}
	walk("Input", reflect.TypeFor[Input]())
	walk("Conditions", reflect.TypeFor[Conditions]())
	walk("Plan", reflect.TypeFor[Plan]())
}
