package plan

import (
	"slices"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
)

// The names are stored in journals: this list only ever grows.
func TestTheNamesOfGatesAreStored(t *testing.T) {
	var names []string
	for _, k := range GateKinds() {
		names = append(names, k.Name)
		if k.Description == "" || k.gates == nil {
			t.Errorf("the gate %s says nothing, or is never asked", k.Name)
		}
	}
	slices.Sort(names)
	stored := []string{"approval", "check", "freeze", "hold", "review", "ring", "rule", "soak", "tries", "window"}
	if !slices.Equal(names, stored) {
		t.Errorf("the gates are %q, stored are %q", names, stored)
	}
	if got := OverridableGates(true); !slices.Equal(got, []string{GateApproval, GateReview, GateTries}) {
		t.Errorf("of a rollback %q can be overridden", got)
	}
	if got := OverridableGates(false); len(got) != len(stored) {
		t.Errorf("%q can be overridden", got)
	}
}

func TestWhatTheCodeOfAGateTells(t *testing.T) {
	for _, k := range GateKinds() {
		g := Gate{Kind: k.Name, State: GateClosed}
		if found, is := GateKindOf(g.Code()); !is || found.Name != k.Name || g.OpensByItself() != k.OpensByItself {
			t.Errorf("%s names the gate %q", g.Code(), found.Name)
		}
		g.Decides = true
		if _, is := GateKindOf(g.Code()); is || g.OpensByItself() {
			t.Errorf("%s opens by itself", g.Code())
		}
	}
	for _, c := range []Code{"", "gate.", "gate.nothing", "hold", CodeReplace} {
		if k, is := GateKindOf(c); is {
			t.Errorf("%q names the gate %q", c, k.Name)
		}
	}
	if g := (Gate{Kind: "nothing"}); g.OpensByItself() {
		t.Error("a gate that nobody knows opens by itself")
	}
}

// A gate is about the kinds of change that its row says.
func TestRollbacksPassTheGatesThatDoNotHoldThem(t *testing.T) {
	s := Step{ID: "st_1", Key: gauge("main"), Kind: change.Downgrade, Review: "drift", Asked: true}
	c := Conditions{At: steady("2026-11-23T12:00:00Z"), Holds: []Hold{{Key: gauge("main"), Reason: "calm"}}, Tries: map[store.StepID]int{"st_1": 9}}
	for _, g := range Gates(s, c) {
		if k, _ := GateKindNamed(g.Kind); !k.HoldsRollbacks {
			t.Errorf("a rollback is held back by %s", g.Kind)
		}
	}
}
