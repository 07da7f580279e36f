package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// HasWork says whether there is something to change, or to finish: only then are
// others kept from changing things.
func (e *Engine) HasWork(p plan.Plan) bool {
	book := e.Journal.Book()
	for _, k := range book.Keys() {
		if book.Open(k) != nil {
			return true
		}
	}
	return len(p.Adoptions) > 0 || len(e.ReadySteps(p.Steps)) > 0 || len(e.WantedWithdrawals(p, anyOpen)) > 0
}

// BecameReady says whether something may be made now that was held back when the
// round began, and was not tried: somebody approved it while others were made.
func (e *Engine) BecameReady(p plan.Plan, before []plan.Step, results []apply.Result) bool {
	return slices.ContainsFunc(e.ReadySteps(p.Steps), func(step plan.Step) bool {
		return !slices.ContainsFunc(before, func(b plan.Step) bool { return b.ID == step.ID }) &&
			!slices.ContainsFunc(results, func(r apply.Result) bool { return r.Step.ID == step.ID })
	})
}

func anyOpen(plan.Open) bool { return true }

func anyKey(store.Key) bool { return true }

// ReadySteps picks the steps that nothing holds back. Where one of a visual is held
// back, so are those after it, which begin where it ends.
func (e *Engine) ReadySteps(steps []plan.Step) []plan.Step {
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

// ActAlone makes what nothing holds back, as the only one who changes things.
func (e *Engine) ActAlone(ctx context.Context) ([]apply.Result, error) {
	recovered, err := e.BeginChanging(ctx, "agent run")
	if err != nil {
		return recovered, err
	}
	p, in, err := e.PlanNow(ctx, nil) // again: what it was before others may have changed
	if err != nil {
		return recovered, err
	}
	if err := e.Adopt(ctx, p, anyKey); err != nil {
		return recovered, err
	}
	if len(e.Adopted) > 0 {
		if p, in, err = e.PlanNow(ctx, nil); err != nil {
			return recovered, err
		}
	}
	results, err := e.CarryOutPlan(ctx, p, in, e.ReadySteps(p.Steps), anyOpen, recovered)
	return results, errors.Join(err, e.ReleaseLease())
}

// IsNew says whether a result is this session's: a task that waited before was
// told of then.
func (e *Engine) IsNew(r apply.Result) bool {
	if r.Outcome != apply.Waiting || r.Code != "" {
		return true
	}
	revisions := e.Journal.Book().Revisions(r.Step.Key)
	return len(revisions) > 0 && revisions[len(revisions)-1].Tx == e.Tx
}
