package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/plan"
)

// A decision is a change that people decide about.
type decision struct {
	Step plan.Step
	Gate plan.Gate
}

// pendingDecisions lists the changes that people decide about: planned ones, and what was
// asked for beyond the pins, planned again. What does not follow any more from
// pins, packages and store is not among them.
func (e *Engine) pendingDecisions(ctx context.Context) ([]decision, error) {
	p, _, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return nil, err
	}
	steps := slices.Concat(p.Steps, p.Unadopted)
	for _, r := range e.Journal.Book().Requests() {
		p, _, err := e.planNow(ctx, []plan.Ask{{Key: r.Key, Version: r.Version, Content: r.Content, Not: r.Not, Reason: r.Reason}})
		if err != nil {
			return nil, err
		}
		for _, step := range p.Steps {
			if step.ID == r.Step {
				steps = append(slices.Clip(steps), step)
			}
		}
	}
	var matters []decision
	for _, step := range steps {
		gates := e.decisionGates(step)
		if i := slices.IndexFunc(gates, func(g plan.Gate) bool { return g.Kind == plan.GateApproval }); i >= 0 {
			matters = append(matters, decision{step, gates[i]})
		}
	}
	return matters, nil
}

// decisionGates are the gates that a change waits for: of one that somebody made by hand,
// rules and people alone.
func (e *Engine) decisionGates(step plan.Step) []plan.Gate {
	if step.Reason.Code == plan.CodeAdopt {
		return plan.Consent(step, e.Conditions(step))
	}
	return e.Gates(step)
}

// stepPrefix begins the name of every step.
const stepPrefix = "st_"

// pickDecision finds the one change that a person names.
func (e *Engine) pickDecision(matters []decision, name string) (decision, error) {
	if strings.HasPrefix(name, stepPrefix) {
		i := slices.IndexFunc(matters, func(m decision) bool { return m.Step.ID == store.StepID(name) })
		if i < 0 {
			return decision{}, fault.New(CodeApprovalStale, "see what waits now: orgstore approve",
				"no change %s waits for approval: it needs none, or pins, packages or the store have changed", safetext.Line(name))
		}
		return matters[i], nil
	}
	g, err := visual.ParseName(name)
	if err != nil {
		return decision{}, fault.Usage("name a step as orgstore approve lists it, or a visual by its GUID", "%w", err)
	}
	if err := e.mustKnow([]visual.GUID{g}); err != nil {
		return decision{}, err
	}
	of := slices.DeleteFunc(slices.Clone(matters), func(m decision) bool { return m.Step.Key.GUID != g })
	switch len(of) {
	case 0:
		return decision{}, fault.New("approval.none", "see what waits: orgstore approve; to keep a visual as it is: orgstore hold", "nothing of %s waits for approval", g)
	case 1:
		return of[0], nil
	}
	var ids []string
	for _, m := range of {
		ids = append(ids, fmt.Sprintf("%s (%s)", m.Step.ID, m.Step.Kind))
	}
	return decision{}, fault.Usage("name one of them: "+strings.Join(ids, ", "), "several changes of %s wait for approval", g)
}

// A PendingChange is a change that people decide about, and how it stands.
type PendingChange struct {
	Step     string `json:"step"`
	Visual   Visual `json:"visual"`
	Kind     string `json:"kind"`
	From     *State `json:"from"`
	To       *State `json:"to"`
	AskedBy  string `json:"asked_by"` // empty where nobody is on record
	Gate     Gate   `json:"gate"`
	FromText string `json:"from_text"` // versions as people read them
	ToText   string `json:"to_text"`
}

// A DecisionsResult lists changes that people decide about.
type DecisionsResult struct {
	Changes []PendingChange `json:"changes"`
	// Question is asked first: nothing was recorded.
	Question *Question `json:"question,omitempty"`
	Message  string    `json:"message"` // one sentence for people
}

// A DecideRequest approves or rejects a change.
type DecideRequest struct {
	// Subject is a step, or a visual of which one change waits.
	Subject string  `json:"subject"`
	Approve bool    `json:"approve"`
	Reason  string  `json:"reason"`
	DryRun  bool    `json:"dry_run,omitempty"`
	Consent Consent `json:"consent,omitzero"`
}

func (r DecideRequest) verb() string {
	if r.Approve {
		return "approve"
	}
	return "reject"
}

// A PendingRequest asks what waits for approval.
type PendingRequest struct{}

// Pending lists what waits for approval.
func (e *Engine) Pending(ctx context.Context, _ PendingRequest) (DecisionsResult, error) {
	pending, err := e.pendingDecisions(ctx)
	if err != nil {
		return DecisionsResult{}, err
	}
	return e.decisionsResult(pending...), nil
}

// Decide records what a person says of a change, if that person may. Whoever names
// a visual, and not a step, is asked whether the change planned now is meant.
func (e *Engine) Decide(ctx context.Context, r DecideRequest) (DecisionsResult, error) {
	if isBlank(r.Reason) {
		return DecisionsResult{}, fault.Usage("say why with --reason; it stays in the history", "a decision needs a reason")
	}
	pending, err := e.pendingDecisions(ctx)
	if err != nil {
		return DecisionsResult{}, err
	}
	d, err := e.pickDecision(pending, r.Subject)
	if err != nil {
		return DecisionsResult{}, err
	}
	actor, err := e.Actor()
	if err != nil {
		return DecisionsResult{}, err
	}
	if err := e.Conditions(d.Step).May(d.Step, approval.Person(actor), r.Approve); err != nil {
		return DecisionsResult{}, fmt.Errorf("cannot %s %s: %w", r.verb(), stepText(d.Step), err)
	}
	if r.DryRun {
		out := e.decisionsResult(d)
		out.Message = "nothing was done"
		return out, nil
	}
	if q := e.question(r.verb()+" "+stepText(d.Step), "", []plan.Step{d.Step}); !strings.HasPrefix(r.Subject, stepPrefix) && !r.Consent.agrees(q) {
		return DecisionsResult{Question: &q}, nil
	}
	var fact journal.Fact = journal.Rejected{Step: d.Step.ID, Key: d.Step.Key, About: stepText(d.Step), Reason: r.Reason}
	if r.Approve {
		fact = journal.Approved{Step: d.Step.ID, Key: d.Step.Key, About: stepText(d.Step), Reason: r.Reason}
	}
	if err := e.Journal.Append(ctx, e.Tx, fact); err != nil {
		return DecisionsResult{}, err
	}
	return e.decided(d, r.Approve), nil
}

// decided says how a change stands after the word.
func (e *Engine) decided(d decision, isApproved bool) DecisionsResult {
	gates := e.decisionGates(d.Step)
	for _, g := range gates {
		if g.Kind == plan.GateApproval {
			d.Gate = g
		}
	}
	out := e.decisionsResult(d)
	switch next := "make it with `orgstore apply`, or leave it to the agent"; {
	case !isApproved:
		out.Message = "rejected"
	case isClosed(gates, plan.GateApproval):
		out.Message = "your approval is recorded; more are needed"
	case !plan.Ready(gates):
		out.Message = "approved; something else still holds it back: see `orgstore plan`"
	default:
		switch {
		case d.Step.Reason.Code == plan.CodeAdopt:
			next = "`orgstore apply`, or the agent, takes it for what there is"
		case d.Step.Asked:
			next = "whoever asked for it runs the same command again"
		}
		out.Message = "approved; " + next
	}
	return out
}

func (e *Engine) decisionsResult(decisions ...decision) DecisionsResult {
	out := DecisionsResult{Changes: []PendingChange{}}
	for _, d := range decisions {
		by := ""
		if r := e.peopleBehind(e.Journal.Book(), d.Step); r.Asking == approval.AskedBy {
			by = r.Asker.String()
		}
		out.Changes = append(out.Changes, PendingChange{
			Step: string(d.Step.ID), Visual: visualOf(d.Step.Key, d.Step.Name), Kind: string(d.Step.Kind),
			From: stateOf(d.Step.From), To: stateOf(d.Step.To), AskedBy: by, Gate: gatesOf([]plan.Gate{d.Gate})[0],
			FromText: VersionText(d.Step.From), ToText: VersionText(d.Step.To),
		})
	}
	if len(decisions) == 0 {
		out.Message = "nothing waits for approval"
	}
	return out
}

// stepText says what a step does.
func stepText(step plan.Step) string {
	return fmt.Sprintf("%s of %s: %s -> %s", step.Kind, Title(step.Name, step.Key), VersionText(step.From), VersionText(step.To))
}
