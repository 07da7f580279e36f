package engine

import (
	"context"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// A choice is what one run is to do: apply, rollback and the agent differ in it
// alone. It is made once nobody else may change stores, from what the journal, the
// settings and the stores say then.
type choice struct {
	plan  plan.Plan
	input plan.Input
	steps []plan.Step
	// isChosen says which of the tasks that wait for a person the run is about.
	isChosen func(plan.Open) bool
	// facts are recorded before anything is changed: overrides and requests.
	facts []journal.Fact
	// blocks are what the steps of a rollback keep from being installed again.
	blocks map[store.StepID]*plan.Block
	// unmet are the visuals that are pinned and cannot be had as pinned.
	unmet []plan.Idle
	// question is asked first, and nothing is done; nil if there is nothing to ask.
	question *Question
	// isDone says that recovering has done already what was asked for.
	isDone bool
}

// A chooser makes the choice of a run. Recovered is what became of the steps that
// an interrupted run had left open.
type chooser func(ctx context.Context, recovered []apply.Result) (choice, error)

// run takes the right to change stores, finishes what an interrupted run left
// open, chooses, records why, withdraws tasks that are not wanted any more, makes
// the steps, and tells everybody who waits for it. The results begin with what was
// recovered, and end with what waits for a person.
func (e *Engine) run(ctx context.Context, command string, choose chooser) (c choice, results []apply.Result, err error) {
	defer func() {
		if released := e.ReleaseLease(); err == nil {
			err = released
		}
	}()
	recovered, err := e.beginChanging(ctx, command)
	if err != nil {
		return choice{}, recovered, err
	}
	if c, err = choose(ctx, recovered); err != nil || c.question != nil || c.isDone {
		return c, recovered, err
	}
	if err := e.Journal.Append(ctx, e.Tx, c.facts...); err != nil {
		return c, recovered, err
	}
	results, err = e.carryOutChoice(ctx, c, recovered)
	return c, results, err
}

func (e *Engine) carryOutChoice(ctx context.Context, c choice, recovered []apply.Result) ([]apply.Result, error) {
	withdrawn := e.withdrawTasks(ctx, e.wantedWithdrawals(c.plan, c.isChosen))
	steps := withoutFailedWithdrawals(c.steps, withdrawn)
	if slices.ContainsFunc(recovered, haltsRun) {
		steps = nil
	}
	results, err := e.carryOut(ctx, steps, c.blocks)
	if err == nil {
		err = e.followUp(ctx, c.plan, c.input)
	}
	e.annotateLibrary(ctx)
	waits := e.waitingResults(c.plan, func(open plan.Open) bool {
		return c.isChosen(open) && !hasStep(recovered, open.Step.ID) && !hasStep(withdrawn, open.Step.ID) && !hasStep(results, open.Step.ID)
	})
	return slices.Concat(recovered, withdrawn, results, waits), err
}

// followUp reads what the activity log tells, and reminds of what waits.
func (e *Engine) followUp(ctx context.Context, p plan.Plan, in plan.Input) error {
	if err := e.readActivityLog(ctx, false); err != nil {
		return err
	}
	e.compareDrift(p, in)
	return e.remindOfTasks(ctx)
}

// hasStep reports whether results tell of a step.
func hasStep(results []apply.Result, id store.StepID) bool {
	return slices.ContainsFunc(results, func(r apply.Result) bool { return r.Step.ID == id })
}

// readySteps picks the steps that nothing holds back. If one of a visual is held
// back, so are those after it, which begin where it ends.
func (e *Engine) readySteps(steps []plan.Step) []plan.Step {
	var ready []plan.Step
	held := map[store.Key]bool{}
	for _, step := range steps {
		held[step.Key] = held[step.Key] || !plan.Ready(e.Gates(step))
		if !held[step.Key] {
			ready = append(ready, step)
		}
	}
	return ready
}

func anyTask(plan.Open) bool { return true }

func anyKey(store.Key) bool { return true }
