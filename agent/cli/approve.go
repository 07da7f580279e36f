package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/plan"
)

type approveOptions struct {
	*globals
	yes    bool
	reason string
	confirmation
}

func newApprove(g *globals) *cobra.Command {
	o := &approveOptions{globals: g, yes: true}
	cmd := &cobra.Command{
		Use:   "approve [STEP|VISUAL]",
		Short: "Say yes to a change; without an argument, list what waits for that",
		Long: `Say yes to a change; without an argument, list what waits for that.

How many people must approve which changes, and who may, is in the settings
(approvals). An approval is for one step, which stands for the very bytes: other
bytes, another license or another store to start from need approvals of their
own. Who asked for a change (by pin set or rollback) cannot approve it, nor can who
attested its license. You are who the operating system says you are.

It works while the agent runs, which makes the change once nothing holds it back.
A visual in place of a step means what is planned for it now: you are shown that
and asked.`,
		Example: `  orgstore approve
  orgstore approve st_5ka3l2q7d2m4x6yzw3v5t7n4be --reason "tried on the sales reports"
  orgstore approve auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --reason "ticket 4711"`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "what you looked at; stays in the history (required)")
	o.confirmation.flags(cmd, "approve what is planned for a visual now without asking")
	return cmd
}

func newReject(g *globals) *cobra.Command {
	o := &approveOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "reject STEP|VISUAL",
		Short: "Say no to a change that waits for approval",
		Long: `Say no to a change that waits for approval.

The change is not made, however many others approve it, until you approve it or
somebody overrides the gate with a reason. To keep a visual as it is whatever
comes, use orgstore hold.`,
		Example: `  orgstore reject st_5ka3l2q7d2m4x6yzw3v5t7n4be --reason "totals are wrong on the sales reports"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; shown wherever the change is (required)")
	o.confirmation.flags(cmd, "reject what is planned for a visual now without asking")
	return cmd
}

// A Decision is a change that people decide about.
type Decision struct {
	Step plan.Step
	Gate plan.Gate
}

type matterData struct {
	Step    string `json:"step"`
	Visual  Visual `json:"visual"`
	Kind    string `json:"kind"`
	From    *State `json:"from"`
	To      *State `json:"to"`
	AskedBy string `json:"asked_by"` // empty where nobody is on record
	Gate    Gate   `json:"gate"`
}

func (o *approveOptions) run(ctx context.Context, args []string) (answer, error) {
	if len(args) > 0 && blank(o.reason) {
		return answer{}, fault.Usage("say why with --reason; it stays in the history", "a decision needs a reason")
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	matters, err := s.PendingDecisions(ctx)
	if err != nil {
		return answer{}, err
	}
	if len(args) == 0 {
		return s.decisions(matters), nil
	}
	m, err := s.PickDecision(matters, args[0])
	if err != nil {
		return answer{}, err
	}
	return o.decide(ctx, s, m, strings.HasPrefix(args[0], StepPrefix))
}

// PendingDecisions lists the changes that people decide about: planned ones, and what was
// asked for beyond the pins, planned again. What does not follow any more from
// pins, packages and store is not among them.
func (s *Engine) PendingDecisions(ctx context.Context) ([]Decision, error) {
	p, _, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return nil, err
	}
	steps := slices.Concat(p.Steps, p.Unadopted)
	for _, r := range s.Journal.Book().Requests() {
		p, _, err := s.PlanNow(ctx, []plan.Ask{{Key: r.Key, Version: r.Version, Content: r.Content, Not: r.Not, Reason: r.Reason}})
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
		gates := s.DecisionGates(step)
		if i := slices.IndexFunc(gates, func(g plan.Gate) bool { return g.Kind == plan.GateApproval }); i >= 0 {
			matters = append(matters, Decision{step, gates[i]})
		}
	}
	return matters, nil
}

// DecisionGates are the gates that a change waits for: of one that somebody made by hand,
// rules and people alone.
func (s *Engine) DecisionGates(step plan.Step) []plan.Gate {
	if step.Reason.Code == plan.CodeAdopt {
		return s.consentGates(step)
	}
	return s.Gates(step)
}

// StepPrefix begins the name of every step.
const StepPrefix = "st_"

// PickDecision finds the one change that a person names.
func (s *Engine) PickDecision(matters []Decision, name string) (Decision, error) {
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
	if err := s.MustKnow([]visual.GUID{g}); err != nil {
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

// decide records what a person says of a change, if that person may.
func (o *approveOptions) decide(ctx context.Context, s *session, m Decision, named bool) (answer, error) {
	actor, err := s.Actor()
	if err != nil {
		return answer{}, err
	}
	if err := s.Conditions(m.Step).May(m.Step, approval.Person(actor), o.yes); err != nil {
		return answer{}, fmt.Errorf("cannot %s %s: %w", o.verb(), inWords(m.Step), err)
	}
	if o.dryRun {
		a := s.decisions([]Decision{m})
		a.message = s.said("nothing was done")
		return a, nil
	}
	if !named {
		show := func() error { return s.show(s.planAnswer(plan.Plan{Steps: []plan.Step{m.Step}})) }
		if err := o.confirm(o.globals, show, o.verb()+" "+inWords(m.Step)); err != nil {
			return answer{}, err
		}
	}
	var fact journal.Fact = journal.Rejected{Step: m.Step.ID, Key: m.Step.Key, About: inWords(m.Step), Reason: o.reason}
	if o.yes {
		fact = journal.Approved{Step: m.Step.ID, Key: m.Step.Key, About: inWords(m.Step), Reason: o.reason}
	}
	if err := s.Journal.Append(ctx, s.Tx, fact); err != nil {
		return answer{}, err
	}
	return o.decided(s, m), nil
}

// decided says how the change stands after the word.
func (o *approveOptions) decided(s *session, m Decision) answer {
	gates := s.DecisionGates(m.Step)
	for _, g := range gates {
		if g.Kind == plan.GateApproval {
			m.Gate = g
		}
	}
	a := s.decisions([]Decision{m})
	switch next := "make it with `orgstore apply`, or leave it to the agent"; {
	case !o.yes:
		a.message = "rejected"
	case IsClosed(gates, plan.GateApproval):
		a.message = "your approval is recorded; more are needed"
	case !plan.Ready(gates):
		a.message = "approved; something else still holds it back: see `orgstore plan`"
	default:
		switch {
		case m.Step.Reason.Code == plan.CodeAdopt:
			next = "`orgstore apply`, or the agent, takes it for what there is"
		case m.Step.Asked:
			next = "whoever asked for it runs the same command again"
		}
		a.message = "approved; " + next
	}
	a.message = s.said(a.message)
	return a
}

func (o *approveOptions) verb() string {
	if o.yes {
		return "approve"
	}
	return "reject"
}

// inWords says what a step does.
func inWords(step plan.Step) string {
	return fmt.Sprintf("%s of %s: %s -> %s", step.Kind, Title(step.Name, step.Key), VersionText(step.From), VersionText(step.To))
}

// decisions shows changes and how they stand.
func (s *session) decisions(matters []Decision) answer {
	data := []matterData{}
	view := output.View{Columns: []string{"STEP", "VISUAL", "CHANGE", "FROM", "TO", "ASKED BY", "HOW IT STANDS"}}
	for _, m := range matters {
		by := ""
		if r := s.PeopleBehind(s.Journal.Book(), m.Step); r.Asking == approval.AskedBy {
			by = r.Asker.String()
		}
		data = append(data, matterData{
			Step: string(m.Step.ID), Visual: VisualOf(m.Step.Key, m.Step.Name), Kind: string(m.Step.Kind),
			From: StateOf(m.Step.From), To: StateOf(m.Step.To), AskedBy: by, Gate: GatesOf([]plan.Gate{m.Gate})[0],
		})
		view.Rows = append(view.Rows, []string{
			string(m.Step.ID), Title(m.Step.Name, m.Step.Key), string(m.Step.Kind), VersionText(m.Step.From), VersionText(m.Step.To),
			cmp.Or(by, output.Nothing), m.Gate.Message,
		})
	}
	message := ""
	if len(matters) == 0 {
		message = "nothing waits for approval"
	}
	return answer{data: data, view: view, message: s.said(message)}
}
