package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

type applyOptions struct {
	*globals
	visuals  []string
	override string
	reason   string
	confirmation
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
since it was made. What an interrupted run left open is finished first.`,
		Example: `  orgstore apply
  orgstore apply monday.plan
  orgstore apply --visual auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --force
  orgstore apply --override review --reason "seen with the vendor, ticket 4711"`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringSliceVar(&o.visuals, "visual", nil, "only the changes of this `VISUAL`; repeatable")
	cmd.Flags().StringVar(&o.override, "override", "", "let the selected changes pass this `GATE` (hold, review or tries); needs --reason")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why the gate is overridden; stays in the history")
	o.confirmation.flags(cmd, "make the changes without asking")
	return cmd
}

func (o *applyOptions) run(ctx context.Context, args []string) (answer, error) {
	if err := o.check(); err != nil {
		return answer{}, err
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if o.dryRun {
		p, _, err := s.compute(ctx, nil)
		if err != nil {
			return answer{}, err
		}
		steps, err := o.selected(p, args)
		return s.planAnswer(only(p, steps)), err
	}
	recovered, err := s.changing(ctx, "apply")
	if err != nil {
		return answer{}, err
	}
	p, _, err := s.compute(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	steps, err := o.selected(p, args)
	if err != nil {
		return applied(s.tx, recovered), err
	}
	if err := o.agree(s, p, steps, len(args) > 0); err != nil {
		return answer{}, err
	}
	if err := o.overrule(ctx, s, steps); err != nil {
		return answer{}, err
	}
	results, err := s.carryOut(ctx, steps, nil)
	results = append(recovered, results...)
	if err == nil {
		err = worst(results, len(args) > 0 || len(o.visuals) > 0)
	}
	return applied(s.tx, results), err
}

func (o *applyOptions) check() error {
	switch {
	case o.override == "" && o.reason != "":
		return usage("give --override GATE too, or leave --reason out", "--reason says why a gate is overridden, and none is")
	case o.override != "" && !slices.Contains(plan.GateKinds(), o.override):
		return usage(fmt.Sprintf("gates are %v", plan.GateKinds()), "there is no gate %q", o.override)
	case o.override != "" && o.reason == "":
		return usage("say why with --reason; it stays in the history", "overriding a gate needs a reason")
	}
	return nil
}

// selected picks the steps: those of the saved plan, of the visuals named, or all.
func (o *applyOptions) selected(p plan.Plan, args []string) ([]plan.Step, error) {
	steps := p.Steps
	if len(args) == 1 {
		saved, err := loadPlan(o.Disk, args[0])
		if err != nil {
			return nil, err
		}
		if steps, err = ofSaved(p, saved, args[0]); err != nil {
			return nil, err
		}
	}
	if len(o.visuals) == 0 {
		return steps, nil
	}
	var named []visual.GUID
	for _, v := range o.visuals {
		g, err := visual.ParseName(v)
		if err != nil {
			return nil, usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		named = append(named, g)
	}
	return slices.DeleteFunc(slices.Clone(steps), func(s plan.Step) bool { return !slices.Contains(named, s.Key.GUID) }), nil
}

// ofSaved picks the steps that a saved plan names, if it still holds.
func ofSaved(p plan.Plan, saved savedPlan, name string) ([]plan.Step, error) {
	if saved.Basis != p.Basis {
		return nil, problem(exitStale, "plan.stale", "look at `orgstore plan` and save it again",
			"the plan %s is stale: pins, packages or the store have changed since it was made", name)
	}
	var steps []plan.Step
	for _, id := range saved.Steps {
		i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.ID == id })
		if i < 0 {
			return nil, problem(exitLicense, "plan.step_gone", "look at `orgstore plan`: it says why",
				"the plan %s has a step %s that does not follow any more: a license ended since, or the file was edited", name, id)
		}
		steps = append(steps, p.Steps[i])
	}
	// In the order of the plan, whatever the file's.
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool {
		return !slices.ContainsFunc(steps, func(t plan.Step) bool { return t.ID == s.ID })
	}), nil
}

// only narrows a plan to some of its steps, for showing them.
func only(p plan.Plan, steps []plan.Step) plan.Plan {
	p.Steps = steps
	return p
}

// agree asks the person, unless a saved plan or --force already said yes.
func (o *applyOptions) agree(s *session, p plan.Plan, steps []plan.Step, saved bool) error {
	if len(steps) == 0 || saved {
		return nil
	}
	return o.confirm(o.globals, func() error { return s.show(s.planAnswer(only(p, steps))) },
		fmt.Sprintf("make %s in the store %s", plural(len(steps), "change"), s.settings.Store.Path))
}

// overrule records that a person let the steps pass a gate, with the reason.
func (o *applyOptions) overrule(ctx context.Context, s *session, steps []plan.Step) error {
	if o.override == "" {
		return nil
	}
	var facts []journal.Fact
	for _, step := range steps {
		for _, g := range s.gates(step) {
			if g.Kind == o.override && g.State == plan.GateClosed {
				facts = append(facts, journal.Overridden{Step: step.ID, Gate: g.Kind, Reason: o.reason})
			}
		}
	}
	return s.journal.Append(ctx, s.tx, facts...)
}

// carryOut makes the steps one by one. A closed gate or a failed step stops
// that visual's steps; other visuals go on. Ctrl-C stops between two steps.
func (s *session) carryOut(ctx context.Context, steps []plan.Step, leaves map[store.StepID]*plan.Block) ([]apply.Result, error) {
	var results []apply.Result
	stopped := map[store.Key]bool{}
	for i, step := range steps {
		if stopped[step.Key] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return results, err
		}
		s.progress(i+1, len(steps), step)
		if err := s.journal.Refresh(ctx); err != nil {
			return results, err
		}
		r, err := s.gated(ctx, step, leaves[step.ID])
		if err != nil {
			return results, err
		}
		results = append(results, r)
		stopped[step.Key] = !r.OK() || r.Outcome == apply.Waiting
	}
	return results, nil
}

// gated does a step if nothing holds it back right now.
func (s *session) gated(ctx context.Context, step plan.Step, leaves *plan.Block) (apply.Result, error) {
	for _, g := range s.gates(step) {
		if g.State == plan.GateClosed {
			return apply.Result{Step: step, Outcome: apply.Waiting, Code: verdict.Code("gate." + g.Kind), Message: g.Message, Hint: g.Hint}, nil
		}
	}
	return s.applier().Do(ctx, s.tx, step, leaves)
}

type appliedData struct {
	Tx    string        `json:"tx"`
	Steps []appliedStep `json:"steps"`
}

type appliedStep struct {
	ID      string     `json:"id"`
	Visual  visualData `json:"visual"`
	Kind    string     `json:"kind"`
	Outcome string     `json:"outcome"`
	Code    string     `json:"code,omitempty"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

func applied(tx journal.TxID, results []apply.Result) answer {
	data := appliedData{Tx: string(tx), Steps: []appliedStep{}}
	view := output.View{Columns: []string{"VISUAL", "CHANGE", "FROM", "TO", "OUTCOME", "WHAT WAS SEEN"}}
	for _, r := range results {
		data.Steps = append(data.Steps, appliedStep{
			ID: string(r.Step.ID), Visual: visualData{r.Step.Key.GUID.String(), r.Step.Name}, Kind: string(r.Step.Kind),
			Outcome: string(r.Outcome), Code: string(r.Code), Message: r.Message, Hint: r.Hint,
		})
		view.Rows = append(view.Rows, []string{
			title(r.Step.Name, r.Step.Key), string(r.Step.Kind), versionOf(r.Step.From), versionOf(r.Step.To),
			string(r.Outcome), r.Message,
		})
	}
	message := "nothing to do"
	if len(results) > 0 {
		message = ""
	}
	return answer{data: data, view: view, message: message}
}

// worst turns results into the command's error: the first that is not well. A
// hold is somebody's wish and no error, unless the step was asked for by name.
func worst(results []apply.Result, byName bool) error {
	for _, r := range results {
		held := r.Code == "gate."+plan.GateHold
		if r.Code == "" || held && !byName || r.OK() && !strings.HasPrefix(string(r.Code), "gate.") {
			continue
		}
		return problem(exitOf(r.Code), string(r.Code), r.Hint, "cannot %s %s: %s", r.Step.Kind, title(r.Step.Name, r.Step.Key), r.Message)
	}
	return nil
}
