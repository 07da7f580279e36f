package cli

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
)

type driftOptions struct {
	*globals
	detailed bool
	inStore
}

func newDrift(g *globals) *cobra.Command {
	o := &driftOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "drift [VISUAL...]",
		Short: "Show where the store is not as orgstore left it, and who changed it",
		Long: `Show where the store is not as orgstore left it, and who changed it.

Compares what the settings want, what the journal knows, what the store tells (of
the Organizational Store: the newest list that was imported) and the tenant's
activity log, which is read each time. CLASS is version, license, access,
unknown-visual (in the store, not in the settings), missing, changed (by somebody;
what, cannot be told) or unknown: what cannot be known.

The activity log tells that something was changed, by whom and when, some minutes
to an hour later and for 28 days. It never tells a version, so it confirms nothing:
an event in the time of a task speaks for that task, any other one is drift.`,
		Example: `  orgstore drift
  orgstore drift --detailed-exitcode   # 0: nothing drifted, 2: something did
  orgstore drift -o json --query "findings[?severity=='drift'].[visual.guid, by, at]"`,
		Args: arguments(cobra.ArbitraryArgs),
		RunE: g.answering(o.run),
	}
	o.inStore.flag(cmd, "only what is about this store")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 where something drifted, 0 where nothing did, 1 on any error")
	cmd.AddCommand(newDriftSettle(g))
	return cmd
}

func (o *driftOptions) run(ctx context.Context, args []string) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	out, err := carryOut(ctx, o.globals, operation.Drift, engine.StatusRequest{Visuals: only, Store: o.inStore.name})
	r := out.Result
	if err != nil && r.Findings == nil {
		return answer{}, err
	}
	view := output.View{Columns: []string{"VISUAL", "CLASS", "KNOWN", "FOUND", "BY", "AT", "WHAT"}}
	for _, f := range r.Findings {
		name := "(the store)"
		if f.Visual.GUID != "" {
			name = engine.TitleOf(f.Visual)
		}
		view.Rows = append(view.Rows, []string{name, f.Class, known(f.Believed), known(f.Found), orDash(f.By), orDash(timeOf(f.At)), engine.JoinPhrases(f.Message, f.Hint)})
	}
	a := answer{data: r, view: view, message: o.withIncomplete(r.Message, out.Incomplete)}
	if o.detailed && r.Drifted > 0 {
		a.exit = exitChanges
	}
	return a, err
}

func known(s *engine.State) string {
	if s == nil {
		return output.Nothing
	}
	return s.Version
}

type settleOptions struct {
	*globals
	reason string
	dryRun bool
	inStore
}

func newDriftSettle(g *globals) *cobra.Command {
	o := &settleOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "settle VISUAL|EVENT",
		Short: "Say that what somebody changed is as it should be",
		Long: `Say that what somebody changed is as it should be, with a reason.

Names a visual, for all that is known of it by now, or one event of the activity
log by its key. It changes neither the store nor what is known of its versions:
where the store tells another package than the journal knows, say what is there
with orgstore store baseline. Who settled what stays in the history.`,
		Example: `  orgstore drift settle auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --reason "icon changed, ticket 4711"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; stays in the history (required)")
	o.inStore.flag(cmd, "the store of the visual")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o *settleOptions) run(ctx context.Context, args []string) (answer, error) {
	out, err := carryOut(ctx, o.globals, operation.Settle, engine.SettleRequest{Subject: args[0], Store: o.inStore.name, Reason: o.reason, DryRun: o.dryRun})
	if err != nil {
		return answer{}, err
	}
	r := out.Result
	a := answer{data: r, view: output.View{Text: cmp.Or(r.Event, engine.TitleOf(r.Visual)) + " is settled: " + o.reason}}
	if o.dryRun {
		a.message = "nothing was done"
	}
	return a, nil
}
