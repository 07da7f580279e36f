package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/policies/plan"
)

type applyOptions struct {
	*globals
	visuals  []string
	override string
	reason   string
	confirmation
	inStore
}

func newApply(g *globals) *cobra.Command {
	o := &applyOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Make the changes of the plan, or of a plan saved before",
		Long: `Make the changes of the plan, or of a plan saved before.

Each package is verified again from its bytes before it goes into the store, and
the store is read back afterwards; a change that fails is taken back. A saved
plan only selects: it is refused if pins, packages or the store have changed
since it was made. What an interrupted run left open is finished first.

Where a person makes the changes (store: {driver: handoff}), each becomes a task
and waits: that is no error, and other visuals go on. A task that is not wanted
any more is withdrawn first. A change that you asked for by name, with --visual or
a saved plan, and that waits now, ends with exit code 18.`,
		Example: `  orgstore apply
  orgstore apply monday.plan
  orgstore apply --visual auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --force
  orgstore apply --override review --reason "seen with the vendor, ticket 4711"`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringSliceVar(&o.visuals, "visual", nil, "only the changes of this `VISUAL`; repeatable")
	cmd.Flags().StringVar(&o.override, "override", "", "let changes pass this `GATE` ("+strings.Join(plan.OverridableGates(false), ", ")+"); with --reason")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why the gate is overridden; stays in the history")
	o.inStore.flag(cmd, "only the changes in this store")
	o.confirmation.flags(cmd, "make the changes without asking")
	return cmd
}

func (o *applyOptions) run(ctx context.Context, args []string) (answer, error) {
	r, err := o.request(args)
	if err != nil {
		return answer{}, err
	}
	out, err := applyUntilDone(ctx, o.globals, o.confirmation, func(c engine.Consent) (operation.Outcome[engine.ApplyResult], error) {
		r.Consent = c
		return carryOut(ctx, o.globals, operation.Apply, r)
	})
	return o.applyAnswer(out), err
}

// request turns the command line into what the engine is asked for.
func (o *applyOptions) request(args []string) (engine.ApplyRequest, error) {
	r := engine.ApplyRequest{Store: o.inStore.name, Override: o.override, Reason: o.reason, DryRun: o.dryRun}
	if len(args) == 1 {
		saved, err := loadPlan(o.Disk, args[0])
		if err != nil {
			return r, err
		}
		r.Saved, r.SavedAs = &saved, args[0]
	}
	var err error
	r.Visuals, err = named(o.visuals)
	return r, err
}

// applyAnswer shows what became of a run, or what a dry run would do.
func (g *globals) applyAnswer(out operation.Outcome[engine.ApplyResult]) answer {
	r := out.Result
	if r.Plan != nil {
		a := planAnswer(*r.Plan)
		a.message = g.withIncomplete("nothing was done", out.Incomplete)
		return a
	}
	if r.Applied.Tx == "" { // it did not come that far
		return answer{}
	}
	a := appliedAnswer(r.Applied)
	a.message = g.withIncomplete(a.message, out.Incomplete)
	return a
}

func appliedAnswer(r engine.Applied) answer {
	view := output.View{Columns: []string{"VISUAL", "CHANGE", "FROM", "TO", "OUTCOME", "WHAT WAS SEEN"}}
	for _, a := range r.Adopted {
		view.Rows = append(view.Rows, []string{titleOf(a.Visual), output.Nothing, output.Nothing, a.Version, "adopted", a.Reason})
	}
	for _, step := range r.Steps {
		view.Rows = append(view.Rows, []string{titleOf(step.Visual), step.Kind, step.From, step.To, step.Outcome, step.Message})
	}
	for _, b := range r.Blocked {
		view.Rows = append(view.Rows, []string{titleOf(b.Visual), "blocked", b.Installed, b.Installed, "left alone", withHint(b.Reason)})
	}
	return answer{data: r, view: view, message: r.Message}
}
