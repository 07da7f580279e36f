package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/plan"
)

// CarryOutPlan withdraws what is not wanted any more and makes the steps, then tells
// everybody who waits for it. The results begin with what was recovered before,
// and end with what of the chosen waits for a person.
func (e *Engine) CarryOutPlan(ctx context.Context, p plan.Plan, in plan.Input, steps []plan.Step, chosen func(plan.Open) bool, recovered []apply.Result) ([]apply.Result, error) {
	withdrawn := e.WithdrawTasks(ctx, e.WantedWithdrawals(p, chosen))
	if slices.ContainsFunc(recovered, HaltsRun) {
		steps = nil
	}
	results, err := e.CarryOut(ctx, WithoutFailedWithdrawals(steps, withdrawn), nil)
	if err == nil {
		err = e.FollowUp(ctx, p, in)
	}
	e.PostToLibrary(ctx)
	waits := e.waitingResults(p, func(open plan.Open) bool {
		return chosen(open) && !isAmong(recovered, open) && !isAmong(withdrawn, open)
	})
	return slices.Concat(recovered, withdrawn, results, waits), err
}

// FollowUp reads what the activity log tells, and reminds of what waits.
func (e *Engine) FollowUp(ctx context.Context, p plan.Plan, in plan.Input) error {
	if err := e.ReadActivityLog(ctx, false); err != nil {
		return err
	}
	e.CompareDrift(p, in)
	return e.remindOfTasks(ctx)
}

// isAmong says whether results tell of an open step already.
func isAmong(results []apply.Result, open plan.Open) bool {
	return slices.ContainsFunc(results, func(r apply.Result) bool { return r.Step.ID == open.Step.ID })
}

// NamesVisualOf says whether a saved plan is about the visual of an open step.
func (p SavedPlan) NamesVisualOf(open plan.Open) bool {
	return slices.ContainsFunc(p.Steps, func(s SavedStep) bool { return s.Visual == open.Step.Key.GUID.String() })
}

// StepsOfSavedPlan picks the steps that a saved plan names, if it still holds.
// One that was applied and waits for a person now has no steps left.
func (e *Engine) StepsOfSavedPlan(p plan.Plan, saved SavedPlan, name string) ([]plan.Step, error) {
	if e.allSavedStepsWait(p, saved) {
		return nil, nil
	}
	if saved.Basis != p.Basis {
		return nil, fault.New("plan.stale", "look at `orgstore plan` and save it again",
			"the plan %s is stale: pins, packages or the store have changed since it was made", name)
	}
	wanted := map[store.StepID]bool{}
	for _, step := range saved.Steps {
		if !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.ID == step.ID }) {
			return nil, stepGone(p, step, name)
		}
		wanted[step.ID] = true
	}
	// In the order of the plan, whatever the file's.
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool { return !wanted[s.ID] }), nil
}

// allSavedStepsWait says whether every step of a saved plan waits for a person.
func (e *Engine) allSavedStepsWait(p plan.Plan, saved SavedPlan) bool {
	waits := e.waitingResults(p, func(plan.Open) bool { return true })
	return len(saved.Steps) > 0 && !slices.ContainsFunc(saved.Steps, func(step SavedStep) bool {
		return !slices.ContainsFunc(waits, func(r apply.Result) bool { return r.Step.ID == step.ID })
	})
}

// stepGone says why a step of a saved plan does not follow any more from the same
// pins, packages and store: time has passed, or somebody edited the file.
func stepGone(p plan.Plan, step SavedStep, name string) error {
	for _, l := range VisualLines(p) {
		if l.Key.GUID.String() != step.Visual || l.Step != nil {
			continue
		}
		f := fault.New("plan.step_gone", l.Reason.Hint, "the plan %s cannot be applied any more: %s: %s", name, Title(l.Name, l.Key), l.Reason.Message)
		if l.Reason.Code != plan.CodeCurrent && l.Reason.Code != plan.CodeUnpinned {
			f.Because = fault.CodeLicense // on one and the same basis only a license's time makes the difference
		}
		return f
	}
	return fault.New("plan.step_gone", "look at `orgstore plan` and save it again",
		"the plan %s has a step %s that does not follow from pins, packages and store: it was edited, or time has passed", name, step.ID)
}

// PassesWithOverride says whether nothing holds a step back but the gate to be overridden.
func (e *Engine) PassesWithOverride(step plan.Step, override string) bool {
	return !slices.ContainsFunc(e.Gates(step), func(g plan.Gate) bool {
		return g.State == plan.GateClosed && g.Kind != override
	})
}

// RecordOverride records that a person let the steps pass a gate, with the reason.
func (e *Engine) RecordOverride(ctx context.Context, steps []plan.Step, gate, reason string) error {
	if gate == "" {
		return nil
	}
	var facts []journal.Fact
	for _, step := range steps {
		for _, g := range e.Gates(step) {
			if g.Kind == gate && g.State == plan.GateClosed {
				if err := e.refuseAttester(step, gate); err != nil {
					return err
				}
				facts = append(facts, journal.Overridden{Step: step.ID, Gate: g.Kind, About: g.Message, Reason: reason})
			}
		}
	}
	if len(facts) == 0 {
		e.note("there was nothing to override: no change is held back by %s", gate)
	}
	return e.Journal.Append(ctx, e.Tx, facts...)
}

// CarryOut makes the steps one by one. A closed gate or a failed step stops
// that visual's steps; other visuals go on. Ctrl-C stops between two steps, and a
// store that answers as it never did stops everything.
func (e *Engine) CarryOut(ctx context.Context, steps []plan.Step, leaves map[store.StepID]*plan.Block) ([]apply.Result, error) {
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
	for _, g := range e.Gates(step) {
		if g.State != plan.GateClosed {
			continue
		}
		r := apply.Result{Step: step, Outcome: apply.Waiting, Code: g.Code(), Message: g.Message, Hint: g.Hint}
		if g.Kind == plan.GateReview || g.Kind == plan.GateTries {
			r.Hint = fmt.Sprintf("if it is to be made all the same: --override %s --reason \"...\"", g.Kind)
		}
		if g.Kind == plan.GateReview && e.Moment().State() == moment.Back {
			r.Code, r.Hint = codeClockBack, "set the clock right and run the command again"
		}
		return r, nil
	}
	return e.Applier().Do(ctx, e.Tx, step, leaves)
}

// codeClockBack is what readers of licenses call a clock that went back.
const codeClockBack verdict.Code = "time.clock_back"

// HaltsRun says that nothing else may be begun after a result.
func HaltsRun(r apply.Result) bool { return r.Halt }
