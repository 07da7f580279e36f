package plan

import (
	"maps"
	"slices"

	"github.com/orgstore/orgstore/packages/store"
)

// Decide computes a plan, and asks for the conditions of each step on whose gates it
// depends, once for each. It returns the input with all of them: Compute gives the
// same plan for it again.
func Decide(in Input, conditionsOf func(Step) Conditions) (Plan, Input) {
	in.Conditions = maps.Clone(in.Conditions)
	if in.Conditions == nil {
		in.Conditions = map[store.StepID]Conditions{}
	}
	for {
		p := Compute(in)
		if len(p.Undecided) == 0 {
			return p, in
		}
		// What a gate says of one step may bring up another one. There are as many
		// as candidates at most, so this ends.
		for _, s := range p.Undecided {
			in.Conditions[s.ID] = conditionsOf(s)
		}
	}
}

// knownGates answers what gates say of a step, and keeps the steps of which nobody
// knows.
type knownGates struct {
	conditions map[store.StepID]Conditions
	undecided  map[store.StepID]Step
}

func newKnownGates(conditions map[store.StepID]Conditions) *knownGates {
	return &knownGates{conditions, map[store.StepID]Step{}}
}

// conditionsOf returns the conditions of a step, and whether they are known.
func (k *knownGates) conditionsOf(s Step) (Conditions, bool) {
	c, known := k.conditions[s.ID]
	if !known {
		k.undecided[s.ID] = s
	}
	return c, known
}

// isHeld reports whether gates keep a step back.
func (k *knownGates) isHeld(s Step) bool {
	c, known := k.conditionsOf(s)
	return known && !Ready(Gates(s, c))
}

// consentGates returns the gates of rules and people of a step.
func (k *knownGates) consentGates(s Step) []Gate {
	c, known := k.conditionsOf(s)
	if !known {
		return nil
	}
	return Consent(s, c)
}

// undecidedSteps lists the steps whose conditions were asked for in vain.
func (k *knownGates) undecidedSteps() []Step {
	var all []Step
	for _, id := range slices.Sorted(maps.Keys(k.undecided)) {
		all = append(all, k.undecided[id])
	}
	return all
}
