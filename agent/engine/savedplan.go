package engine

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// SavedPlanFormat numbers the layout of a saved plan.
const SavedPlanFormat = 1

// A SavedPlan is what plan --out writes. It only selects: apply computes again
// and compares, so that an edited file can skip nothing.
type SavedPlan struct {
	Format int         `json:"orgstore_plan"`
	ID     string      `json:"id"`
	Basis  plan.Basis  `json:"basis"`
	Steps  []SavedStep `json:"steps"`
}

// A SavedStep is selected by its ID alone. The rest is for people; the visual
// also finds the reason why a step does not follow any more.
type SavedStep struct {
	ID     store.StepID `json:"id"`
	Visual string       `json:"visual"`
	About  string       `json:"about"`
}

// Saved returns the plan as it is saved for Apply: it only selects.
func (r PlanResult) Saved() SavedPlan {
	saved := SavedPlan{Format: SavedPlanFormat, ID: r.ID, Basis: plan.Basis(r.Basis), Steps: []SavedStep{}}
	for _, step := range r.Steps {
		if step.ID == "" { // it stays as it is
			continue
		}
		about := fmt.Sprintf("%s %s: %s -> %s", step.Kind, TitleOf(step.Visual), step.FromText, step.ToText)
		saved.Steps = append(saved.Steps, SavedStep{ID: store.StepID(step.ID), Visual: step.Visual.GUID, About: about})
	}
	return saved
}

// namesVisualOf says whether a saved plan is about the visual of an open step.
func (p SavedPlan) namesVisualOf(open plan.Open) bool {
	return slices.ContainsFunc(p.Steps, func(s SavedStep) bool { return s.Visual == open.Step.Key.GUID.String() })
}

// stepsOfSavedPlan picks the steps that a saved plan names, if it still holds.
// One that was applied and waits for a person now has no steps left.
func (e *Engine) stepsOfSavedPlan(p plan.Plan, saved SavedPlan, name string) ([]plan.Step, error) {
	if e.allSavedStepsWait(p, saved) {
		return nil, nil
	}
	if saved.Basis != p.Basis {
		return nil, fault.New(CodePlanStale, "look at `orgstore plan` and save it again",
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
	for _, l := range visualLines(p) {
		if l.Key.GUID.String() != step.Visual || l.Step != nil {
			continue
		}
		f := fault.New(CodeStepGone, l.Reason.Hint, "the plan %s cannot be applied any more: %s: %s", name, Title(l.Name, l.Key), l.Reason.Message)
		if l.Reason.Code != plan.CodeCurrent && l.Reason.Code != plan.CodeUnpinned {
			f.Because = fault.CodeLicense // on one and the same basis only a license's time makes the difference
		}
		return f
	}
	return fault.New(CodeStepGone, "look at `orgstore plan` and save it again",
		"the plan %s has a step %s that does not follow from pins, packages and store: it was edited, or time has passed", name, step.ID)
}
