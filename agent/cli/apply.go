package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/store"
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
	cmd.Flags().StringVar(&o.override, "override", "", "let changes pass this `GATE` (hold, window, freeze, soak, ring, check, approval, rule, review, tries); with --reason")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why the gate is overridden; stays in the history")
	o.inStore.flag(cmd, "only the changes in this store")
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
	var recovered []apply.Result
	if !o.dryRun {
		if recovered, err = s.BeginChanging(ctx, "apply"); err != nil {
			return answer{}, err
		}
	}
	if err := o.known(s); err != nil {
		return s.applied(recovered, nil), err
	}
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return s.applied(recovered, nil), err
	}
	if !o.dryRun && len(args) == 0 { // a saved plan selects steps alone
		if p, in, err = o.adopt(ctx, s, p, in); err != nil {
			return s.applied(recovered, nil), err
		}
	}
	steps, chosen, err := o.selected(s, p, args)
	if err != nil {
		return s.applied(recovered, nil), err
	}
	unmet := o.unmet(p, args)
	if o.dryRun {
		a := s.planAnswer(plan.Plan{ID: p.ID, Basis: p.Basis, Steps: steps, Idle: unmet, Withdrawals: s.WantedWithdrawals(p, chosen)})
		a.message = s.said("nothing was done")
		return a, nil
	}
	if err := o.agree(s, steps, len(args) > 0); err != nil {
		return s.applied(recovered, nil), err
	}
	if err := s.RecordOverride(ctx, steps, o.override, o.reason); err != nil {
		return s.applied(recovered, nil), err
	}
	results, err := s.CarryOutPlan(ctx, p, in, steps, chosen, recovered)
	s.DeliverNoticesAfterChange(ctx)
	byName := len(args) > 0 || len(o.visuals) > 0
	if err == nil {
		err = cmp.Or(worst(results, byName), unhappy(unmet, byName), s.SignInError())
	}
	return s.applied(results, unmet), err
}

// adopt records what is adopted of the visuals chosen, and plans anew from there.
func (o *applyOptions) adopt(ctx context.Context, s *session, p plan.Plan, in plan.Input) (plan.Plan, plan.Input, error) {
	only, err := named(o.visuals)
	if err != nil {
		return p, in, err
	}
	err = s.Adopt(ctx, p, func(k store.Key) bool { return o.has(k) && (len(only) == 0 || slices.Contains(only, k.GUID)) })
	if err != nil || len(s.Adopted) == 0 {
		return p, in, err
	}
	return s.PlanNow(ctx, nil)
}

func (o *applyOptions) check() error {
	switch {
	case o.override == "" && o.reason != "":
		return fault.Usage("give --override GATE too, or leave --reason out", "--reason says why a gate is overridden, and none is")
	case o.override != "" && !slices.Contains(plan.GateKinds(), o.override):
		return fault.Usage(fmt.Sprintf("gates are %v", plan.GateKinds()), "there is no gate %q", o.override)
	case o.override != "" && blank(o.reason):
		return fault.Usage("say why with --reason; it stays in the history", "overriding a gate needs a reason")
	}
	return nil
}

// selected picks the steps: those of the saved plan, of the visuals named, or
// all; and which of the changes that wait are meant.
func (o *applyOptions) selected(s *session, p plan.Plan, args []string) ([]plan.Step, func(plan.Open) bool, error) {
	steps, chosen := p.Steps, func(open plan.Open) bool { return o.has(open.Step.Key) }
	if len(args) == 1 {
		saved, err := loadPlan(o.Disk, args[0])
		if err != nil {
			return nil, nil, err
		}
		if steps, err = s.StepsOfSavedPlan(p, saved, args[0]); err != nil {
			return nil, nil, err
		}
		chosen = func(open plan.Open) bool { return o.has(open.Step.Key) && saved.NamesVisualOf(open) }
	}
	steps = slices.DeleteFunc(slices.Clone(steps), func(s plan.Step) bool { return !o.has(s.Key) })
	if len(o.visuals) == 0 {
		return steps, chosen, nil
	}
	only, err := named(o.visuals)
	if err != nil {
		return nil, nil, err
	}
	if err := s.MustKnow(only); err != nil {
		return nil, nil, err
	}
	steps = slices.DeleteFunc(slices.Clone(steps), func(s plan.Step) bool { return !slices.Contains(only, s.Key.GUID) })
	return steps, func(open plan.Open) bool { return chosen(open) && slices.Contains(only, open.Step.Key.GUID) }, nil
}

// unmet picks the visuals that are pinned and cannot be had as pinned, so that
// no run ends as if all were well. A saved plan asks for its steps alone.
func (o *applyOptions) unmet(p plan.Plan, args []string) []plan.Idle {
	if len(args) > 0 {
		return nil
	}
	only, _ := named(o.visuals) // read before
	return slices.DeleteFunc(slices.Clone(p.Idle), func(i plan.Idle) bool {
		return !i.Blocked || !o.has(i.Key) || len(only) > 0 && !slices.Contains(only, i.Key.GUID)
	})
}

// agree asks the person, unless a saved plan or --force already said yes, or
// every step is held back anyway.
func (o *applyOptions) agree(s *session, steps []plan.Step, saved bool) error {
	ready := slices.DeleteFunc(slices.Clone(steps), func(step plan.Step) bool { return !s.PassesWithOverride(step, o.override) })
	if len(ready) == 0 || saved {
		return nil
	}
	return o.confirm(o.globals, func() error { return s.show(s.planAnswer(plan.Plan{Steps: steps})) }, s.WhereText(ready))
}

type appliedData struct {
	Tx      string        `json:"tx"`
	Steps   []appliedStep `json:"steps"`
	Blocked []blockedData `json:"blocked"` // what is pinned and cannot be had
	Adopted []adoptedData `json:"adopted"` // what somebody put, and is taken for what there is
}

type adoptedData struct {
	Visual engine.Visual `json:"visual"`
	State  *engine.State `json:"state"`
	Reason string        `json:"reason"`
}

type blockedData struct {
	Visual engine.Visual `json:"visual"`
	engine.Reason
}

type appliedStep struct {
	ID      string        `json:"id"`
	Visual  engine.Visual `json:"visual"`
	Kind    string        `json:"kind"`
	Outcome string        `json:"outcome"`
	Code    string        `json:"code,omitempty"`
	Message string        `json:"message"`
	Hint    string        `json:"hint,omitempty"`
}

// applied says what became of the steps and which visuals were left alone,
// though their pins want something else.
func (s *session) applied(results []apply.Result, unmet []plan.Idle) answer {
	data := appliedData{Tx: string(s.Tx), Steps: []appliedStep{}, Blocked: []blockedData{}, Adopted: []adoptedData{}}
	view := output.View{Columns: []string{"VISUAL", "CHANGE", "FROM", "TO", "OUTCOME", "WHAT WAS SEEN"}}
	for _, a := range s.Adopted {
		data.Adopted = append(data.Adopted, adoptedData{engine.VisualOf(a.Key, a.Name), engine.StateOf(a.State), a.Reason})
		view.Rows = append(view.Rows, []string{engine.Title(a.Name, a.Key), output.Nothing, output.Nothing, engine.VersionText(a.State), "adopted", a.Reason})
	}
	for _, r := range results {
		data.Steps = append(data.Steps, appliedStep{
			ID: string(r.Step.ID), Visual: engine.VisualOf(r.Step.Key, r.Step.Name), Kind: string(r.Step.Kind),
			Outcome: string(r.Outcome), Code: string(r.Code), Message: r.Message, Hint: r.Hint,
		})
		view.Rows = append(view.Rows, []string{
			engine.Title(r.Step.Name, r.Step.Key), string(r.Step.Kind), engine.VersionText(r.Step.From), engine.VersionText(r.Step.To),
			string(r.Outcome), r.Message,
		})
	}
	for _, i := range unmet {
		data.Blocked = append(data.Blocked, blockedData{engine.VisualOf(i.Key, i.Name), reasonOf(i.Reason)})
		view.Rows = append(view.Rows, []string{
			engine.Title(i.Name, i.Key), "blocked", engine.VersionText(i.State), engine.VersionText(i.State), "left alone", engine.WithHint(i.Reason),
		})
	}
	message := ""
	switch {
	case len(results) == 0 && len(s.Adopted) == 0:
		message = "nothing to do"
	case len(results) == 0:
	case !slices.ContainsFunc(results, func(r apply.Result) bool { return r.Outcome != apply.Waiting || r.Code != "" }):
		message = engine.Count(len(results), "change") + " for a person to make; confirm with `orgstore store confirm`"
	}
	return answer{data: data, view: view, message: s.said(message)}
}

// worst turns results into the command's error: the first that is not well and
// that no later one of the same visual mends. A hold is somebody's wish, a window
// comes by itself; neither is an error unless the step was asked for by name.
func worst(results []apply.Result, byName bool) error {
	if i := slices.IndexFunc(results, engine.HaltsRun); i >= 0 { // the reason why nothing else was begun
		results = results[i:]
	}
	for i, r := range results {
		if byName && r.Code == "" && r.Outcome == apply.Waiting {
			return fault.New(string(codeWaiting), cmp.Or(r.Hint, "do what the task says, then: orgstore store confirm "+r.Step.Key.GUID.String()),
				"%s of %s waits for a person: %s", r.Step.Kind, engine.Title(r.Step.Name, r.Step.Key), r.Message)
		}
		held := opensByItself(r.Code)
		mended := slices.ContainsFunc(results[i+1:], func(later apply.Result) bool { return later.Step.Key == r.Step.Key })
		if r.Code == "" || held && !byName || mended {
			continue
		}
		return fault.New(string(r.Code), r.Hint, "cannot %s %s: %s", r.Step.Kind, engine.Title(r.Step.Name, r.Step.Key), r.Message)
	}
	return nil
}

// notAsPinned says that something is wanted of a visual and cannot be had; what
// a rollback left is not wanted.
func notAsPinned(i plan.Idle) bool { return i.Blocked && i.Reason.Code != plan.CodeRolledBack }

// unhappy turns what is left alone into the command's error. What a rollback
// left is somebody's wish, as a hold is.
func unhappy(unmet []plan.Idle, byName bool) error {
	for _, i := range unmet {
		if i.Reason.Code == plan.CodeRolledBack && !byName {
			continue
		}
		return fault.New(string(i.Reason.Code), i.Reason.Hint,
			"%s is not as it is pinned: %s", engine.Title(i.Name, i.Key), i.Reason.Message)
	}
	return nil
}
