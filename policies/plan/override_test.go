package plan_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

func TestOverridesCoverByKey(t *testing.T) {
	gate := plan.Gate{Kind: plan.GateRing, Key: "k1", Message: "it has run there since Monday"}
	for name, c := range map[string]struct {
		override plan.Override
		want     bool
	}{
		"of the same key, said in other words":   {plan.Override{Gate: plan.GateRing, Key: "k1", About: "must have run"}, true},
		"of another key, said in the same words": {plan.Override{Gate: plan.GateRing, Key: "k2", About: gate.Message}, false},
		"of before, the same words":              {plan.Override{Gate: plan.GateRing, About: gate.Message}, true},
		"of before, other words":                 {plan.Override{Gate: plan.GateRing, About: "must have run"}, false},
		"of another gate":                        {plan.Override{Gate: plan.GateCheck, Key: "k1", About: gate.Message}, false},
	} {
		if got := c.override.Covers(gate); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What a person reviewed is known by what was found, in any order, and each time.
func TestReviewsAreKnownByTheirFindings(t *testing.T) {
	key := func(codes ...verdict.Code) string {
		g, _ := plan.Step{Review: "look at it", Findings: codes}.ReviewGate()
		return g.Key
	}
	if key("a", "b") != key("b", "a") {
		t.Error("the order counts")
	}
	for name, other := range map[string]string{"more": key("a", "b", "c"), "less": key("a"), "twice": key("a", "a", "b"), "of before": key()} {
		if other == key("a", "b") {
			t.Errorf("%s: the same key", name)
		}
	}
}
