package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// A PlanRequest asks what would change, and why nothing else.
type PlanRequest struct {
	// Store narrows the plan to one store, by its name in the settings.
	Store string `json:"store,omitempty"`
}

// A PlanResult is what would change, and why nothing else.
type PlanResult struct {
	ID      string        `json:"id"`
	Basis   string        `json:"basis"`
	Changes int           `json:"changes"`
	Steps   []PlannedStep `json:"steps"`
	// Withdrawals are tasks that are taken back first.
	Withdrawals []PlannedWithdrawal `json:"withdrawals,omitempty"`
	// NeedsSomebody says that there are changes, or that something cannot be had as
	// pinned or waits for a person.
	NeedsSomebody bool   `json:"needs_somebody"`
	Message       string `json:"message"` // one sentence for people
}

// A PlannedWithdrawal is a task of a person that is not wanted any more.
type PlannedWithdrawal struct {
	Visual Visual `json:"visual"`
	Step   string `json:"step"`
	Since  string `json:"since"`
	Reason string `json:"reason"`
}

// A PlannedStep is a change, or a visual that stays as it is.
type PlannedStep struct {
	ID        string     `json:"id"` // empty where nothing is to be done
	Visual    Visual     `json:"visual"`
	Kind      string     `json:"kind"`
	From      *State     `json:"from"`
	To        *State     `json:"to"`
	Reason    Reason     `json:"reason"`
	Gates     []Gate     `json:"gates"`
	DiffClass diff.Class `json:"diff_class"` // empty where there is nothing to compare
	// Breaking counts the findings that reports may stop working or lose settings.
	Breaking int        `json:"breaking"`
	WayBack  *plan.Back `json:"way_back,omitempty"`
	// FromText and ToText are versions as people read them, LicenseUntil is the day
	// on which the license of To ends, and Why is the reason with what still holds
	// the step back.
	FromText     string `json:"from_text"`
	ToText       string `json:"to_text"`
	LicenseUntil string `json:"license_until"`
	Why          string `json:"why"`
}

// Plan looks at everything and says what would change.
func (e *Engine) Plan(ctx context.Context, r PlanRequest) (PlanResult, error) {
	if err := e.checkStore(r.Store); err != nil {
		return PlanResult{}, err
	}
	p, _, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return PlanResult{}, err
	}
	e.annotateLibrary(ctx)
	if err := e.readActivityLog(ctx, false); err != nil {
		return PlanResult{}, err
	}
	return e.planResult(narrowPlan(p, r.Store)), cmp.Or(e.signInError(), e.unreadStoreError(r.Store))
}

// narrowPlan leaves of a plan what is about one store; an empty name means all.
func narrowPlan(p plan.Plan, name string) plan.Plan {
	isOther := func(k store.Key) bool { return name != "" && k.Store != name && k.Store != "" }
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool { return isOther(s.Key) })
	p.Idle = slices.DeleteFunc(slices.Clone(p.Idle), func(i plan.Idle) bool { return isOther(i.Key) })
	p.Withdrawals = slices.DeleteFunc(slices.Clone(p.Withdrawals), func(w plan.Withdrawal) bool { return isOther(w.Key) })
	p.Adoptions = slices.DeleteFunc(slices.Clone(p.Adoptions), func(a plan.Adoption) bool { return isOther(a.Key) })
	return p
}

func (e *Engine) planResult(p plan.Plan) PlanResult {
	out := PlanResult{ID: p.ID, Basis: string(p.Basis), Changes: len(p.Steps), Steps: []PlannedStep{}}
	for _, w := range p.Withdrawals {
		out.Withdrawals = append(out.Withdrawals, PlannedWithdrawal{visualOf(w.Key, w.Name), string(w.Open.Step.ID), Timestamp(w.Open.Since), w.Reason})
	}
	var count planCount
	for _, step := range p.Steps {
		gates := e.Gates(step)
		if !plan.Ready(gates) {
			count.held++
		}
		out.Steps = append(out.Steps, e.plannedChange(step, gates))
	}
	for _, idle := range p.Idle {
		if isNotAsPinned(idle) {
			count.unmet++
		}
		if idle.Reason.Code == plan.CodeWaiting {
			count.waiting++
		}
		out.NeedsSomebody = out.NeedsSomebody || isNotAsPinned(idle) || idle.Reason.Code == plan.CodeWaiting || idle.Reason.Code == plan.CodeAdopt
		out.Steps = append(out.Steps, e.plannedIdle(idle))
	}
	count.changes, count.idle = len(p.Steps), len(p.Idle)
	out.NeedsSomebody = out.NeedsSomebody || count.changes > 0
	out.Message = JoinPhrases(count.message(), e.openRequests())
	return out
}

func (e *Engine) plannedChange(step plan.Step, gates []plan.Gate) PlannedStep {
	changed := e.differenceOf(step)
	if text := unprovenRenewal(changed); text != "" {
		step.Reason.Message += "; " + text
	}
	return PlannedStep{
		ID: string(step.ID), Visual: visualOf(step.Key, step.Name), Kind: string(step.Kind),
		From: stateOf(step.From), To: stateOf(step.To), Reason: reasonOf(step.Reason),
		Gates: gatesOf(gates), DiffClass: changed.Class, Breaking: changed.Count(diff.Breaking), WayBack: &step.Back,
		FromText: VersionText(step.From), ToText: VersionText(step.To), LicenseUntil: FormatDay(step.To.License.Ends),
		Why: whyText(step.Reason.Message, gates),
	}
}

func (e *Engine) plannedIdle(idle plan.Idle) PlannedStep {
	kind := "keep"
	switch {
	case idle.Reason.Code == plan.CodeWaiting:
		kind = "waiting"
	case idle.Blocked:
		kind = "blocked"
	}
	if text := e.unprovenArrival(idle); text != "" {
		idle.Reason.Message += "; " + text
	}
	return PlannedStep{
		Visual: visualOf(idle.Key, idle.Name), Kind: kind,
		From: stateOf(idle.State), To: stateOf(idle.State), Reason: reasonOf(idle.Reason), Gates: gatesOf(idle.Gates),
		FromText: VersionText(idle.State), ToText: VersionText(idle.State), LicenseUntil: FormatDay(idle.State.License.Ends),
		Why: withHint(idle.Reason),
	}
}

// A planCount counts what a plan says, for its one sentence.
type planCount struct{ changes, held, unmet, waiting, idle int }

func (c planCount) message() string {
	switch {
	case c.changes == 0 && c.waiting > 0 && c.unmet == 0:
		return "nothing to do but for a person: " + Count(c.waiting, "task") + " to be made and confirmed"
	case c.changes == 0 && c.idle == 0:
		return "nothing is pinned: pin a visual with `orgstore pin set VISUAL PIN`"
	case c.changes == 0 && c.unmet > 0:
		return "nothing can be done, and " + Count(c.unmet, "visual") + " cannot be had as pinned"
	case c.changes == 0:
		return "nothing to do"
	case c.held == c.changes:
		return Count(c.changes, "change") + ", held back for now"
	case c.held > 0:
		return fmt.Sprintf("%d changes, %d of them held back; make the others with `orgstore apply`", c.changes, c.held)
	case c.changes == 1:
		return "1 change; make it with `orgstore apply`"
	}
	return fmt.Sprintf("%d changes; make them with `orgstore apply`", c.changes)
}
