package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
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

type matterData struct {
	Step    string        `json:"step"`
	Visual  engine.Visual `json:"visual"`
	Kind    string        `json:"kind"`
	From    *engine.State `json:"from"`
	To      *engine.State `json:"to"`
	AskedBy string        `json:"asked_by"` // empty where nobody is on record
	Gate    engine.Gate   `json:"gate"`
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
	return o.decide(ctx, s, m, strings.HasPrefix(args[0], engine.StepPrefix))
}

// decide records what a person says of a change, if that person may.
func (o *approveOptions) decide(ctx context.Context, s *session, m engine.Decision, named bool) (answer, error) {
	actor, err := s.Actor()
	if err != nil {
		return answer{}, err
	}
	if err := s.Conditions(m.Step).May(m.Step, approval.Person(actor), o.yes); err != nil {
		return answer{}, fmt.Errorf("cannot %s %s: %w", o.verb(), inWords(m.Step), err)
	}
	if o.dryRun {
		a := s.decisions([]engine.Decision{m})
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
func (o *approveOptions) decided(s *session, m engine.Decision) answer {
	gates := s.DecisionGates(m.Step)
	for _, g := range gates {
		if g.Kind == plan.GateApproval {
			m.Gate = g
		}
	}
	a := s.decisions([]engine.Decision{m})
	switch next := "make it with `orgstore apply`, or leave it to the agent"; {
	case !o.yes:
		a.message = "rejected"
	case engine.IsClosed(gates, plan.GateApproval):
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
	return fmt.Sprintf("%s of %s: %s -> %s", step.Kind, engine.Title(step.Name, step.Key), engine.VersionText(step.From), engine.VersionText(step.To))
}

// decisions shows changes and how they stand.
func (s *session) decisions(matters []engine.Decision) answer {
	data := []matterData{}
	view := output.View{Columns: []string{"STEP", "VISUAL", "CHANGE", "FROM", "TO", "ASKED BY", "HOW IT STANDS"}}
	for _, m := range matters {
		by := ""
		if r := s.PeopleBehind(s.Journal.Book(), m.Step); r.Asking == approval.AskedBy {
			by = r.Asker.String()
		}
		data = append(data, matterData{
			Step: string(m.Step.ID), Visual: engine.VisualOf(m.Step.Key, m.Step.Name), Kind: string(m.Step.Kind),
			From: engine.StateOf(m.Step.From), To: engine.StateOf(m.Step.To), AskedBy: by, Gate: engine.GatesOf([]plan.Gate{m.Gate})[0],
		})
		view.Rows = append(view.Rows, []string{
			string(m.Step.ID), engine.Title(m.Step.Name, m.Step.Key), string(m.Step.Kind), engine.VersionText(m.Step.From), engine.VersionText(m.Step.To),
			cmp.Or(by, output.Nothing), m.Gate.Message,
		})
	}
	message := ""
	if len(matters) == 0 {
		message = "nothing waits for approval"
	}
	return answer{data: data, view: view, message: s.said(message)}
}
