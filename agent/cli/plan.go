package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/disk"
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
	if o.out != "" { // a saved plan is for who can apply it
		settings, err := o.settings()
		if err != nil {
			return answer{}, err
		}
		if err := checkAccess(settings); err != nil {
			return answer{}, &closedError{settings: settings, isServed: true, without: "--out"}
		}
	}
	out, err := carryOut(ctx, o.globals, operation.Plan, engine.PlanRequest{Store: o.inStore.name})
	p := out.Result
	if err != nil && p.Steps == nil {
		return answer{}, err
	}
	a := planAnswer(p)
	a.message = o.withIncomplete(a.message, out.Incomplete)
	if o.out != "" {
		if err := o.savePlan(o.out, p.Saved()); err != nil {
			return answer{}, err
		}
		a.message = o.withIncomplete(fmt.Sprintf("saved to %s; apply it with `orgstore apply %s`", o.out, o.out), out.Incomplete)
	}
	if o.detailed && p.NeedsSomebody {
		a.exit = exitChanges
	}
	return a, err
}

func planAnswer(p engine.PlanResult) answer {
	view := output.View{Columns: []string{"VISUAL", "CHANGE", "FROM", "TO", "CLASS", "BREAKING", "LICENSE UNTIL", "WHY"}}
	for _, step := range p.Steps {
		breaking := output.Nothing
		if step.DiffClass != "" {
			breaking = strconv.Itoa(step.Breaking)
		}
		view.Rows = append(view.Rows, []string{
			titleOf(step.Visual), step.Kind, step.FromText, step.ToText, orDash(string(step.DiffClass)), breaking, step.LicenseUntil, step.Why,
		})
	}
	return answer{data: p, view: view, message: p.Message}
}

// maxPlan bounds a saved plan, in bytes: some hundred for each of ten thousand steps.
const maxPlan = 4 << 20

func (g *globals) savePlan(name string, saved engine.SavedPlan) error {
	if err := g.mayOverwrite(name); err != nil {
		return err
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
		return saved, files.Unreadable(name, err)
	}
	hint := "make it again with `orgstore plan --out FILE`"
	if err := json.Unmarshal(text, &saved, json.RejectUnknownMembers(true)); err != nil {
		return saved, fault.New("plan.unreadable", hint, "cannot read the plan %s: %w", name, err)
	}
	if saved.Format != engine.SavedPlanFormat {
		return saved, fault.New("plan.unreadable", hint, "cannot read the plan %s: this orgstore does not know its format %d", name, saved.Format)
	}
	return saved, nil
}
