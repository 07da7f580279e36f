package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// A Decision is a change that people decide about.
type Decision struct {
	Step plan.Step
	Gate plan.Gate
}

// PendingDecisions lists the changes that people decide about: planned ones, and what was
// asked for beyond the pins, planned again. What does not follow any more from
// pins, packages and store is not among them.
func (e *Engine) PendingDecisions(ctx context.Context) ([]Decision, error) {
	p, _, err := e.LookAndPlan(ctx, nil)
	if err != nil {
		return nil, err
	}
	steps := slices.Concat(p.Steps, p.Unadopted)
	for _, r := range e.Journal.Book().Requests() {
		p, _, err := e.PlanNow(ctx, []plan.Ask{{Key: r.Key, Version: r.Version, Content: r.Content, Not: r.Not, Reason: r.Reason}})
		if err != nil {
			return nil, err
		}
		for _, step := range p.Steps {
			if step.ID == r.Step {
				steps = append(slices.Clip(steps), step)
			}
		}
	}
	var matters []Decision
	for _, step := range steps {
		gates := e.DecisionGates(step)
		if i := slices.IndexFunc(gates, func(g plan.Gate) bool { return g.Kind == plan.GateApproval }); i >= 0 {
			matters = append(matters, Decision{step, gates[i]})
		}
	}
	return matters, nil
}

// DecisionGates are the gates that a change waits for: of one that somebody made by hand,
// rules and people alone.
func (e *Engine) DecisionGates(step plan.Step) []plan.Gate {
	if step.Reason.Code == plan.CodeAdopt {
		return e.consentGates(step)
	}
	return e.Gates(step)
}

// StepPrefix begins the name of every step.
const StepPrefix = "st_"

// PickDecision finds the one change that a person names.
func (e *Engine) PickDecision(matters []Decision, name string) (Decision, error) {
	if strings.HasPrefix(name, StepPrefix) {
		i := slices.IndexFunc(matters, func(m Decision) bool { return m.Step.ID == store.StepID(name) })
		if i < 0 {
			return Decision{}, fault.New("approval.stale", "see what waits now: orgstore approve",
				"no change %s waits for approval: it needs none, or pins, packages or the store have changed", safetext.Line(name))
		}
		return matters[i], nil
	}
	g, err := visual.ParseName(name)
	if err != nil {
		return Decision{}, fault.Usage("name a step as orgstore approve lists it, or a visual by its GUID", "%w", err)
	}
	if err := e.MustKnow([]visual.GUID{g}); err != nil {
		return Decision{}, err
	}
	of := slices.DeleteFunc(slices.Clone(matters), func(m Decision) bool { return m.Step.Key.GUID != g })
	switch len(of) {
	case 0:
		return Decision{}, fault.New("approval.none", "see what waits: orgstore approve; to keep a visual as it is: orgstore hold", "nothing of %s waits for approval", g)
	case 1:
		return of[0], nil
	}
	var ids []string
	for _, m := range of {
		ids = append(ids, fmt.Sprintf("%s (%s)", m.Step.ID, m.Step.Kind))
	}
	return Decision{}, fault.Usage("name one of them: "+strings.Join(ids, ", "), "several changes of %s wait for approval", g)
}
