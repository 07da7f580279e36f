package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
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

func (o *approveOptions) run(ctx context.Context, args []string) (answer, error) {
	if len(args) == 0 {
		out, err := carryOut(ctx, o.globals, operation.Pending, engine.PendingRequest{})
		return o.decisionsAnswer(out), err
	}
	request := engine.DecideRequest{Subject: args[0], Approve: o.yes, Reason: o.reason, DryRun: o.dryRun}
	out, err := askUntilDone(ctx, o.globals, o.confirmation, func(c engine.Consent) (operation.Outcome[engine.DecisionsResult], *engine.Question, error) {
		request.Consent = c
		out, err := carryOut(ctx, o.globals, operation.Decide, request)
		return out, out.Result.Question, err
	})
	if err != nil {
		return answer{}, err
	}
	return o.decisionsAnswer(out), nil
}

// decisionsAnswer shows changes and how they stand.
func (o *approveOptions) decisionsAnswer(out operation.Outcome[engine.DecisionsResult]) answer {
	view := output.View{Columns: []string{"STEP", "VISUAL", "CHANGE", "FROM", "TO", "ASKED BY", "HOW IT STANDS"}}
	for _, d := range out.Result.Changes {
		view.Rows = append(view.Rows, []string{d.Step, engine.TitleOf(d.Visual), d.Kind, d.FromText, d.ToText, orDash(d.AskedBy), d.Gate.Message})
	}
	if out.Result.Changes == nil {
		return answer{}
	}
	return answer{data: out.Result.Changes, view: view, message: o.withIncomplete(out.Result.Message, out.Incomplete)}
}
