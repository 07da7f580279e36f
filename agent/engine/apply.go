package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// An ApplyRequest asks for the changes of the plan.
type ApplyRequest struct {
	// Visuals narrows the changes to these; empty means all.
	Visuals []visual.GUID `json:"visuals,omitempty"`
	// Store narrows the changes to one store, by its name in the settings.
	Store string `json:"store,omitempty"`
	// Saved selects the steps of a plan that was saved as SavedAs; nil means all.
	Saved   *SavedPlan `json:"saved,omitempty"`
	SavedAs string     `json:"saved_as,omitempty"`
	// Override names a kind of gate that the changes ignore, for the Reason.
	Override string `json:"override,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// DryRun shows what would be done, and does nothing.
	DryRun  bool    `json:"dry_run,omitempty"`
	Consent Consent `json:"consent,omitzero"`
}

// isByName reports whether a person asked for these very changes.
func (r ApplyRequest) isByName() bool { return r.Saved != nil || len(r.Visuals) > 0 }

// hasKey reports whether the request is about a visual in a store.
func (r ApplyRequest) hasKey(k store.Key) bool {
	return (r.Store == "" || k.Store == r.Store || k.Store == "") && (len(r.Visuals) == 0 || slices.Contains(r.Visuals, k.GUID))
}

func (r ApplyRequest) hasTask(open plan.Open) bool {
	return r.hasKey(open.Step.Key) && (r.Saved == nil || r.Saved.namesVisualOf(open))
}

// An ApplyResult is what became of an ApplyRequest.
type ApplyResult struct {
	Applied Applied `json:"applied"`
	// Plan is what would be done, of a dry run.
	Plan *PlanResult `json:"plan,omitempty"`
	// Question is asked first: nothing was done but what Applied has, which an
	// interrupted run had left open.
	Question *Question `json:"question,omitempty"`
}

// Apply makes the changes of the plan. It looks and asks before it takes the right
// to change stores: nobody is kept out while a person thinks. The error is that of
// the first change that is not well.
func (e *Engine) Apply(ctx context.Context, r ApplyRequest) (ApplyResult, error) {
	if err := cmp.Or(checkOverride(r.Override, r.Reason), e.checkStore(r.Store)); err != nil {
		return ApplyResult{}, err
	}
	if err := e.lookAround(ctx); err != nil {
		return ApplyResult{}, err
	}
	if r.DryRun {
		return e.applyDry(ctx, r)
	}
	if r.Saved == nil && !r.Consent.Anything {
		// What keeps it from choosing may be what recovering mends.
		if c, err := e.chooseChanges(ctx, r); err == nil && c.question != nil {
			return ApplyResult{Question: c.question, Applied: e.applied(nil, nil)}, nil
		}
	}
	c, results, err := e.run(ctx, "apply", func(ctx context.Context, _ []apply.Result) (choice, error) {
		return e.chooseAndAdopt(ctx, r)
	})
	e.deliverNoticesAfterChange(ctx)
	if err == nil && c.question == nil {
		err = cmp.Or(worstResult(results, r.isByName()), worstUnmet(c.unmet, r.isByName()), e.signInError())
	}
	return ApplyResult{Applied: e.applied(results, c.unmet), Question: c.question}, err
}

// applyDry says what Apply would do.
func (e *Engine) applyDry(ctx context.Context, r ApplyRequest) (ApplyResult, error) {
	r.Consent.Anything = true
	c, err := e.chooseChanges(ctx, r)
	if err != nil {
		return ApplyResult{}, err
	}
	p := e.planResult(plan.Plan{ID: c.plan.ID, Basis: c.plan.Basis, Steps: c.steps, Idle: c.unmet, Withdrawals: e.wantedWithdrawals(c.plan, c.isChosen)})
	return ApplyResult{Plan: &p}, nil
}

// chooseAndAdopt adopts what the settings let it adopt of what others changed, and
// chooses from there. A saved plan selects steps alone.
func (e *Engine) chooseAndAdopt(ctx context.Context, r ApplyRequest) (choice, error) {
	if r.Saved == nil {
		p, _, err := e.planNow(ctx, nil)
		if err != nil {
			return choice{}, err
		}
		if err := e.adopt(ctx, p, r.hasKey); err != nil {
			return choice{}, err
		}
	}
	c, err := e.chooseChanges(ctx, r)
	if err != nil || c.question != nil {
		return c, err
	}
	c.facts, err = e.overrideFacts(c.steps, r.Override, r.Reason)
	return c, err
}

// chooseChanges picks the steps of the saved plan, of the visuals named, or all.
func (e *Engine) chooseChanges(ctx context.Context, r ApplyRequest) (choice, error) {
	p, in, err := e.planNow(ctx, nil)
	if err != nil {
		return choice{}, err
	}
	c := choice{plan: p, input: in, steps: p.Steps, isChosen: r.hasTask}
	if r.Saved != nil {
		if c.steps, err = e.stepsOfSavedPlan(p, *r.Saved, r.SavedAs); err != nil {
			return choice{}, err
		}
	}
	if err := e.mustKnow(r.Visuals); err != nil {
		return choice{}, err
	}
	c.steps = slices.DeleteFunc(slices.Clone(c.steps), func(s plan.Step) bool { return !r.hasKey(s.Key) })
	if r.Saved == nil { // a saved plan asks for its steps alone
		c.unmet = slices.DeleteFunc(slices.Clone(p.Idle), func(i plan.Idle) bool { return !i.Blocked || !r.hasKey(i.Key) })
		c.question = e.askToApply(c.steps, r)
	}
	return c, nil
}

// askToApply returns the question whether the steps are to be made; nil if the
// person has agreed, or every step is held back anyway.
func (e *Engine) askToApply(steps []plan.Step, r ApplyRequest) *Question {
	ready := slices.DeleteFunc(slices.Clone(steps), func(step plan.Step) bool { return !e.passesWithOverride(step, r.Override) })
	if len(ready) == 0 {
		return nil
	}
	if q := e.question(e.whereText(ready), "", steps); !r.Consent.agrees(q) {
		return &q
	}
	return nil
}

// checkOverride refuses an override that is none, or has no reason.
func checkOverride(gate, reason string) error {
	switch {
	case gate == "" && reason != "":
		return fault.Usage("give --override GATE too, or leave --reason out", "--reason says why a gate is overridden, and none is")
	case gate != "" && !slices.Contains(plan.OverridableGates(false), gate):
		return fault.Usage(fmt.Sprintf("gates are %v", plan.OverridableGates(false)), "there is no gate %q", gate)
	case gate != "" && isBlank(reason):
		return fault.Usage("say why with --reason; it stays in the history", "overriding a gate needs a reason")
	}
	return nil
}
