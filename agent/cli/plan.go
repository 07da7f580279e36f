package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/policies/plan"
)

type planOptions struct {
	*globals
	out      string
	detailed bool
	inStore
}

func newPlan(g *globals) *cobra.Command {
	o := planOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would change, and why nothing else",
		Long: `Show what would change in the store, and why nothing else.

Takes in what arrived in the library, looks into the store and compares with
the pins. Changes nothing in the store. A plan saved with --out can be applied
later: it selects what may be done, and is refused if pins, packages or the
store have changed since.`,
		Example: `  orgstore plan
  orgstore plan --out monday.plan
  orgstore plan --detailed-exitcode   # 0: nothing to do, 2: changes`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) { return o.run(ctx) }),
	}
	cmd.Flags().StringVar(&o.out, "out", "", "save the plan to `FILE` for apply")
	o.inStore.flag(cmd, "only what is about this store")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 where there are changes or a visual is not as pinned, 0 where all is well, 1 on any error")
	return cmd
}

func (o planOptions) run(ctx context.Context) (answer, error) {
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if err := o.known(s); err != nil {
		return answer{}, err
	}
	p, _, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	s.PostToLibrary(ctx)
	if err := s.ReadActivityLog(ctx, false); err != nil {
		return answer{}, err
	}
	p = o.narrowed(p)
	a := s.planAnswer(p)
	if o.out != "" {
		if err := o.savePlan(o.out, p); err != nil {
			return answer{}, err
		}
		a.message = s.said(fmt.Sprintf("saved to %s; apply it with `orgstore apply %s`", o.out, o.out))
	}
	if o.detailed && (len(p.Steps) > 0 || slices.ContainsFunc(p.Idle, needsSomebody)) {
		a.exit = exitChanges
	}
	return a, s.SignInError()
}

// needsSomebody says that all is not well yet: something cannot be had, or waits.
func needsSomebody(i plan.Idle) bool {
	return notAsPinned(i) || i.Reason.Code == plan.CodeWaiting || i.Reason.Code == plan.CodeAdopt
}

type planData struct {
	ID      string     `json:"id"`
	Basis   string     `json:"basis"`
	Changes int        `json:"changes"`
	Steps   []stepData `json:"steps"`
	// Withdrawals are tasks that are taken back first.
	Withdrawals []withdrawalData `json:"withdrawals,omitempty"`
}

type withdrawalData struct {
	Visual engine.Visual `json:"visual"`
	Step   string        `json:"step"`
	Since  string        `json:"since"`
	Reason string        `json:"reason"`
}

type stepData struct {
	ID        string        `json:"id"` // empty where nothing is to be done
	Visual    engine.Visual `json:"visual"`
	Kind      string        `json:"kind"`
	From      *engine.State `json:"from"`
	To        *engine.State `json:"to"`
	Reason    engine.Reason `json:"reason"`
	Gates     []engine.Gate `json:"gates"`
	DiffClass diff.Class    `json:"diff_class"` // empty where there is nothing to compare
	WayBack   *plan.Back    `json:"way_back,omitempty"`
}

func (s *session) planAnswer(p plan.Plan) answer {
	data := planData{ID: p.ID, Basis: string(p.Basis), Changes: len(p.Steps), Steps: []stepData{}}
	view := output.View{Columns: []string{"VISUAL", "CHANGE", "FROM", "TO", "LICENSE UNTIL", "WHY"}}
	for _, w := range p.Withdrawals {
		data.Withdrawals = append(data.Withdrawals, withdrawalData{engine.VisualOf(w.Key, w.Name), string(w.Open.Step.ID), engine.Timestamp(w.Open.Since), w.Reason})
	}
	held, unmet, waiting := 0, 0, 0
	for _, step := range p.Steps {
		gates := s.Gates(step)
		if !plan.Ready(gates) {
			held++
		}
		changed, _ := s.DifferenceOf(step)
		if text := engine.UnprovenRenewal(changed); text != "" {
			step.Reason.Message += "; " + text
		}
		data.Steps = append(data.Steps, stepData{
			ID: string(step.ID), Visual: engine.VisualOf(step.Key, step.Name), Kind: string(step.Kind),
			From: engine.StateOf(step.From), To: engine.StateOf(step.To), Reason: reasonOf(step.Reason),
			Gates: engine.GatesOf(gates), DiffClass: changed.Class, WayBack: &step.Back,
		})
		view.Rows = append(view.Rows, []string{
			engine.Title(step.Name, step.Key), string(step.Kind), engine.VersionText(step.From), engine.VersionText(step.To),
			engine.FormatDay(step.To.License.Ends), engine.WhyText(step.Reason.Message, gates),
		})
	}
	for _, idle := range p.Idle {
		kind := "keep"
		if idle.Blocked {
			kind = "blocked"
		}
		if notAsPinned(idle) {
			unmet++
		}
		if idle.Reason.Code == plan.CodeWaiting {
			kind = "waiting"
			waiting++
		}
		if text := s.UnprovenArrival(idle); text != "" {
			idle.Reason.Message += "; " + text
		}
		data.Steps = append(data.Steps, stepData{
			Visual: engine.VisualOf(idle.Key, idle.Name), Kind: kind,
			From: engine.StateOf(idle.State), To: engine.StateOf(idle.State), Reason: reasonOf(idle.Reason), Gates: engine.GatesOf(idle.Gates),
		})
		view.Rows = append(view.Rows, []string{
			engine.Title(idle.Name, idle.Key), kind, engine.VersionText(idle.State), engine.VersionText(idle.State),
			engine.FormatDay(idle.State.License.Ends), engine.WithHint(idle.Reason),
		})
	}
	return answer{data: data, view: view, message: s.said(engine.JoinPhrases(planMessage(len(p.Steps), held, unmet, waiting, len(p.Idle)), s.OpenRequests()))}
}

func planMessage(changes, held, unmet, waiting, rest int) string {
	switch {
	case changes == 0 && waiting > 0 && unmet == 0:
		return "nothing to do but for a person: " + engine.Count(waiting, "task") + " to be made and confirmed"
	case changes == 0 && rest == 0:
		return "nothing is pinned: pin a visual with `orgstore pin set VISUAL PIN`"
	case changes == 0 && unmet > 0:
		return "nothing can be done, and " + engine.Count(unmet, "visual") + " cannot be had as pinned"
	case changes == 0:
		return "nothing to do"
	case held == changes:
		return engine.Count(changes, "change") + ", held back for now"
	case held > 0:
		return fmt.Sprintf("%d changes, %d of them held back; make the others with `orgstore apply`", changes, held)
	case changes == 1:
		return "1 change; make it with `orgstore apply`"
	}
	return fmt.Sprintf("%d changes; make them with `orgstore apply`", changes)
}

// planFormat numbers the layout of a saved plan.
const planFormat = 1

// maxPlan bounds a saved plan, in bytes: some hundred for each of ten thousand steps.
const maxPlan = 4 << 20

func (g *globals) savePlan(name string, p plan.Plan) error {
	if err := g.mayOverwrite(name); err != nil {
		return err
	}
	saved := engine.SavedPlan{Format: planFormat, ID: p.ID, Basis: p.Basis, Steps: []engine.SavedStep{}}
	for _, step := range p.Steps {
		about := fmt.Sprintf("%s %s: %s -> %s", step.Kind, engine.Title(step.Name, step.Key), engine.VersionText(step.From), engine.VersionText(step.To))
		saved.Steps = append(saved.Steps, engine.SavedStep{ID: step.ID, Visual: step.Key.GUID.String(), About: about})
	}
	text, err := json.Marshal(saved, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	if err := g.Write(filepath.Clean(name), 0o644, append(text, '\n')); err != nil {
		return fmt.Errorf("cannot save the plan to %s: %w", name, err)
	}
	return nil
}

// mayOverwrite refuses a file that is there and is no saved plan: one slip of
// the keyboard must not cost the settings.
func (g *globals) mayOverwrite(name string) error {
	if _, err := g.Disk.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := loadPlan(g.Disk, name); err == nil {
		return nil
	}
	return fault.New("file.exists", "name another file", "cannot save the plan to %s: there is something else than a saved plan", name)
}

func loadPlan(d disk.Disk, name string) (engine.SavedPlan, error) {
	var saved engine.SavedPlan
	text, err := disk.ReadFile(d, name, maxPlan)
	if err != nil {
		return saved, engine.UnreadableFile(name, err)
	}
	hint := "make it again with `orgstore plan --out FILE`"
	if err := json.Unmarshal(text, &saved, json.RejectUnknownMembers(true)); err != nil {
		return saved, fault.New("plan.unreadable", hint, "cannot read the plan %s: %w", name, err)
	}
	if saved.Format != planFormat {
		return saved, fault.New("plan.unreadable", hint, "cannot read the plan %s: this orgstore does not know its format %d", name, saved.Format)
	}
	return saved, nil
}
