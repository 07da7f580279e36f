package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// passesWithOverride says whether nothing holds a step back but the gate to be overridden.
func (e *Engine) passesWithOverride(step plan.Step, override string) bool {
	return !slices.ContainsFunc(e.Gates(step), func(g plan.Gate) bool {
		return g.State == plan.GateClosed && g.Kind != override
	})
}

// overrideFacts record that a person overrides a gate of steps, with the reason.
// Whoever attested a license cannot override the gates of the step to it.
func (e *Engine) overrideFacts(steps []plan.Step, gate, reason string) ([]journal.Fact, error) {
	if gate == "" {
		return nil, nil
	}
	if err := e.requireKnownActor("override " + gate); err != nil {
		return nil, err
	}
	var facts []journal.Fact
	for _, step := range steps {
		for _, g := range e.Gates(step) {
			if g.Kind == gate && g.State == plan.GateClosed {
				if err := e.refuseAttester(step, gate); err != nil {
					return nil, err
				}
				facts = append(facts, journal.Overridden{Step: step.ID, Key: step.Key, Gate: g.Kind, GateKey: g.Key, About: g.Message, Reason: reason})
			}
		}
	}
	if len(facts) == 0 {
		e.note("there was nothing to override: no change is held back by %s", gate)
	}
	return facts, nil
}

// carryOut makes the steps one by one. A closed gate or a failed step stops
// that visual's steps; other visuals go on. Ctrl-C stops between two steps, and a
// store that answers as it never did stops everything.
func (e *Engine) carryOut(ctx context.Context, steps []plan.Step, leaves map[store.StepID]*plan.Block) ([]apply.Result, error) {
	var results []apply.Result
	stopped := map[store.Key]bool{}
	for i, step := range steps {
		if stopped[step.Key] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return results, err
		}
		e.progress(i+1, len(steps), step)
		if err := e.Journal.Refresh(ctx); err != nil {
			return results, err
		}
		r, err := e.carryOutIfReady(ctx, step, leaves[step.ID])
		if err != nil {
			return results, err
		}
		if r.Halt {
			r.Message = JoinPhrases(r.Message, "nothing else was begun")
			return append(results, r), nil
		}
		results = append(results, r)
		stopped[step.Key] = !r.OK() || r.Outcome == apply.Waiting
	}
	return results, nil
}

// carryOutIfReady does a step if nothing holds it back right now.
func (e *Engine) carryOutIfReady(ctx context.Context, step plan.Step, leaves *plan.Block) (apply.Result, error) {
	e.recompareForRules(step)
	if r, isHeld := e.heldResult(step); isHeld {
		return r, nil
	}
	return e.Applier().Do(ctx, e.Tx, step, leaves)
}

// heldResult says which gate holds a step back right now; false if none does.
func (e *Engine) heldResult(step plan.Step) (apply.Result, bool) {
	for _, g := range e.Gates(step) {
		if g.State == plan.GateClosed {
			return e.resultOfGate(step, g), true
		}
	}
	return apply.Result{}, false
}

// resultOfGate says that a gate holds a step back.
func (e *Engine) resultOfGate(step plan.Step, g plan.Gate) apply.Result {
	r := apply.Result{Step: step, Outcome: apply.Waiting, Code: g.Code(), Message: g.Message, Hint: g.Hint}
	if g.Kind == plan.GateReview || g.Kind == plan.GateTries {
		r.Hint = fmt.Sprintf("if it is to be made all the same: --override %s --reason \"...\"", g.Kind)
	}
	if g.Kind == plan.GateReview && e.Moment().State() == moment.Back {
		r.Code, r.Hint = license.CodeClockBack, "set the clock right and run the command again"
	}
	return r
}

// haltsRun says that nothing else may be begun after a result.
func haltsRun(r apply.Result) bool { return r.Halt }
