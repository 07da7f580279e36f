package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
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
	Visual Visual `json:"visual"`
	Step   string `json:"step"`
	Since  string `json:"since"`
	Reason string `json:"reason"`
}

type stepData struct {
	ID        string     `json:"id"` // empty where nothing is to be done
	Visual    Visual     `json:"visual"`
	Kind      string     `json:"kind"`
	From      *State     `json:"from"`
	To        *State     `json:"to"`
	Reason    Reason     `json:"reason"`
	Gates     []Gate     `json:"gates"`
	DiffClass diff.Class `json:"diff_class"` // empty where there is nothing to compare
	WayBack   *plan.Back `json:"way_back,omitempty"`
}

type Gate struct {
	Kind    string `json:"kind"`
	State   string `json:"state"`
	Until   string `json:"until"` // empty where it does not open by itself
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func GatesOf(gates []plan.Gate) []Gate {
	out := []Gate{}
	for _, g := range gates {
		out = append(out, Gate{g.Kind, g.State, Timestamp(g.Until), g.Message, g.Hint})
	}
	return out
}

func (s *session) planAnswer(p plan.Plan) answer {
	data := planData{ID: p.ID, Basis: string(p.Basis), Changes: len(p.Steps), Steps: []stepData{}}
	view := output.View{Columns: []string{"VISUAL", "CHANGE", "FROM", "TO", "LICENSE UNTIL", "WHY"}}
	for _, w := range p.Withdrawals {
		data.Withdrawals = append(data.Withdrawals, withdrawalData{VisualOf(w.Key, w.Name), string(w.Open.Step.ID), Timestamp(w.Open.Since), w.Reason})
	}
	held, unmet, waiting := 0, 0, 0
	for _, step := range p.Steps {
		gates := s.Gates(step)
		if !plan.Ready(gates) {
			held++
		}
		changed, _ := s.DifferenceOf(step)
		if text := UnprovenRenewal(changed); text != "" {
			step.Reason.Message += "; " + text
		}
		data.Steps = append(data.Steps, stepData{
			ID: string(step.ID), Visual: VisualOf(step.Key, step.Name), Kind: string(step.Kind),
			From: StateOf(step.From), To: StateOf(step.To), Reason: reasonOf(step.Reason),
			Gates: GatesOf(gates), DiffClass: changed.Class, WayBack: &step.Back,
		})
		view.Rows = append(view.Rows, []string{
			Title(step.Name, step.Key), string(step.Kind), VersionText(step.From), VersionText(step.To),
			FormatDay(step.To.License.Ends), WhyText(step.Reason.Message, gates),
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
			Visual: VisualOf(idle.Key, idle.Name), Kind: kind,
			From: StateOf(idle.State), To: StateOf(idle.State), Reason: reasonOf(idle.Reason), Gates: GatesOf(idle.Gates),
		})
		view.Rows = append(view.Rows, []string{
			Title(idle.Name, idle.Key), kind, VersionText(idle.State), VersionText(idle.State),
			FormatDay(idle.State.License.Ends), WithHint(idle.Reason),
		})
	}
	return answer{data: data, view: view, message: s.said(JoinPhrases(planMessage(len(p.Steps), held, unmet, waiting, len(p.Idle)), s.OpenRequests()))}
}

func planMessage(changes, held, unmet, waiting, rest int) string {
	switch {
	case changes == 0 && waiting > 0 && unmet == 0:
		return "nothing to do but for a person: " + Count(waiting, "task") + " to be made and confirmed"
	case changes == 0 && rest == 0:
		return "nothing is pinned: pin a visual with `orgstore pin set VISUAL PIN`"
	case changes == 0 && unmet > 0:
		return "nothing can be done, and " + Count(unmet, "visual") + " cannot be had as pinned"
	case changes == 0:
		return "nothing to do"
	case held == changes:
		return Count(changes, "change") + ", held back for now"
	case held > 0:
		return fmt.Sprintf("%d changes, %d of them held back; make the others with `orgstore apply`", changes, held)
	case changes == 1:
		return "1 change; make it with `orgstore apply`"
	}
	return fmt.Sprintf("%d changes; make them with `orgstore apply`", changes)
}

// WhyText joins a reason with what still holds the step back.
func WhyText(reason string, gates []plan.Gate) string {
	parts := []string{reason}
	for _, g := range gates {
		switch {
		case g.State == plan.GateAfter:
			parts = append(parts, g.Message)
		case g.State != plan.GateClosed:
		case g.Kind == plan.GateReview:
			parts = append(parts, "needs review: "+g.Message)
		case g.Kind == plan.GateApproval:
			parts = append(parts, fmt.Sprintf("%s (%s)", g.Message, g.Hint))
		case g.Kind == plan.GateHold || g.Until.IsZero(): // a hold says itself who holds it until when
			parts = append(parts, g.Message)
		default:
			parts = append(parts, fmt.Sprintf("%s (opens %s)", g.Message, g.Until.UTC().Format("2006-01-02 15:04 UTC")))
		}
	}
	return strings.Join(parts, "; ")
}

func WithHint(r plan.Reason) string {
	if r.Hint == "" {
		return r.Message
	}
	return r.Message + " (" + r.Hint + ")"
}

// Title names a visual for people, and the store where it may be in several.
func Title(name string, k store.Key) string {
	if name == "" {
		name = k.GUID.String()
	}
	if k.Store != "" && k.Store != config.OnlyStore {
		name += " in " + k.Store
	}
	return name
}

// DifferenceOf compares the packages of a step; false where one of them is not in
// the archive or the step puts none.
func (s *Engine) DifferenceOf(step plan.Step) (diff.Diff, bool) {
	if !step.Kind.Puts() || step.From.Release == nil || step.To.Release == nil {
		return diff.Diff{}, false
	}
	return s.archivedDifference(step.From.Release.Digest, step.To.Release.Digest)
}

func (s *Engine) archivedDifference(from, to visual.Digest) (diff.Diff, bool) {
	a, errA := s.archivedPackage(from)
	b, errB := s.archivedPackage(to)
	if errA != nil || errB != nil {
		return diff.Diff{}, false
	}
	return Compare(s.Profiles, a, b), true
}

// UnprovenRenewal repeats that a package looks like a renewal and cannot be proven one;
// empty where it does not.
func UnprovenRenewal(d diff.Diff) string {
	for _, f := range d.Findings {
		if f.Code == codeUnproven {
			return f.Message
		}
	}
	return ""
}

// codeUnproven is the code of the finding that something looks like a renewal.
const codeUnproven = "diff.renewal_unproven"

// UnprovenArrival says of the package of the installed version that came last,
// after the installed one and without any license that can be read, that it
// looks like a renewal; empty where it does not.
func (s *Engine) UnprovenArrival(idle plan.Idle) string {
	book, now := s.Journal.Book(), idle.State.Release
	if now == nil {
		return ""
	}
	var last *journal.Package
	seen := false
	for _, p := range book.Packages() {
		switch {
		case p.Package == now.Digest:
			seen = true
		case seen && p.Manifest.GUID == idle.Key.GUID && p.Manifest.Version.Equal(now.Version):
			last = &p
		}
	}
	if last == nil || len(book.BoundsOf(last.Package)) > 0 {
		return ""
	}
	if _, readable := s.Observer().Readable(book, *last); readable {
		return ""
	}
	d, _ := s.archivedDifference(now.Digest, last.Package)
	if text := UnprovenRenewal(d); text != "" {
		return fmt.Sprintf("%s is here: %s", visual.Release{Version: last.Manifest.Version, Digest: last.Package}, text)
	}
	return ""
}

// A SavedPlan is what plan --out writes. It only selects: apply computes again
// and compares, so that an edited file can skip nothing.
type SavedPlan struct {
	Format int         `json:"orgstore_plan"`
	ID     string      `json:"id"`
	Basis  plan.Basis  `json:"basis"`
	Steps  []SavedStep `json:"steps"`
}

// A SavedStep is selected by its ID alone. The rest is for people; the visual
// also finds the reason why a step does not follow any more.
type SavedStep struct {
	ID     store.StepID `json:"id"`
	Visual string       `json:"visual"`
	About  string       `json:"about"`
}

// planFormat numbers the layout of a saved plan.
const planFormat = 1

// maxPlan bounds a saved plan, in bytes: some hundred for each of ten thousand steps.
const maxPlan = 4 << 20

func (g *globals) savePlan(name string, p plan.Plan) error {
	if err := g.mayOverwrite(name); err != nil {
		return err
	}
	saved := SavedPlan{Format: planFormat, ID: p.ID, Basis: p.Basis, Steps: []SavedStep{}}
	for _, step := range p.Steps {
		about := fmt.Sprintf("%s %s: %s -> %s", step.Kind, Title(step.Name, step.Key), VersionText(step.From), VersionText(step.To))
		saved.Steps = append(saved.Steps, SavedStep{step.ID, step.Key.GUID.String(), about})
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

func loadPlan(d disk.Disk, name string) (SavedPlan, error) {
	var saved SavedPlan
	text, err := disk.ReadFile(d, name, maxPlan)
	if err != nil {
		return saved, UnreadableFile(name, err)
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
