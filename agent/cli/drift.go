package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/drift"
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

type driftData struct {
	Drifted  int                   `json:"drifted"` // findings of severity drift
	Findings []engine.DriftFinding `json:"findings"`
	Events   []eventData           `json:"events"`
	Activity engine.ActivityLog    `json:"activity_log"`
}

type eventData struct {
	Event     string        `json:"event"`
	At        string        `json:"at"`
	Operation string        `json:"operation"`
	User      string        `json:"user"`
	Item      string        `json:"item"`
	Object    string        `json:"object"`
	Visual    engine.Visual `json:"visual"` // empty where it names none that is known here
	// Means is drift, task (it falls into the time of one), withdrawn-task, past
	// (what is there was made or looked at since) or failed.
	Means string `json:"means"`
	Task  string `json:"task"` // the step into whose time it falls
}

func (o *driftOptions) run(ctx context.Context, args []string) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if err := o.known(s); err != nil {
		return answer{}, err
	}
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	if err := s.MustKnowOrSee(only, p); err != nil {
		return answer{}, err
	}
	if err := s.ReadActivityLog(ctx, true); err != nil {
		return answer{}, err
	}
	r := s.CompareDrift(p, in)
	r.Findings = slices.DeleteFunc(r.Findings, func(f drift.Finding) bool { return !o.has(f.Key) })
	if len(only) > 0 {
		r.Findings = slices.DeleteFunc(r.Findings, func(f drift.Finding) bool { return !slices.Contains(only, f.Key.GUID) })
		r.Sightings = slices.DeleteFunc(r.Sightings, func(e drift.Sighting) bool { return !slices.Contains(only, e.GUID) })
	}
	a := s.drifted(r)
	if o.detailed && r.Count() > 0 {
		a.exit = exitChanges
	}
	return a, s.SignInError()
}

// drifted shows a report.
func (s *session) drifted(r drift.Report) answer {
	data := driftData{Drifted: r.Count(), Findings: []engine.DriftFinding{}, Events: []eventData{}, Activity: s.ActivityLog()}
	view := output.View{Columns: []string{"VISUAL", "CLASS", "KNOWN", "FOUND", "BY", "AT", "WHAT"}}
	for _, f := range r.Findings {
		d := s.DriftFindingOf(f)
		data.Findings = append(data.Findings, d)
		name, at := "(the store)", output.Nothing
		if !f.Key.GUID.IsZero() {
			name = engine.Title(f.Name, f.Key)
		}
		if !f.At.IsZero() {
			at = engine.FormatTime(f.At)
		}
		view.Rows = append(view.Rows, []string{name, d.Class, known(d.Believed), known(d.Found), orDash(d.By), at, engine.JoinPhrases(d.Message, d.Hint)})
	}
	for _, e := range r.Sightings {
		data.Events = append(data.Events, eventOf(e))
	}
	message := "nothing drifted"
	if n := r.Count(); n > 0 {
		message = engine.Count(n, "finding") + " for somebody to look at"
	}
	return answer{data: data, view: view, message: s.said(message)}
}

func known(s *engine.State) string {
	if s == nil {
		return output.Nothing
	}
	return s.Version
}

func eventOf(e drift.Sighting) eventData {
	d := eventData{
		Event: e.ID, At: engine.Timestamp(e.At), Operation: string(e.Operation), User: e.User, Item: e.Item, Object: e.Object,
		Visual: engine.Visual{GUID: e.GUID.String(), Name: e.Name}, Means: "drift", Task: string(e.Step),
	}
	switch {
	case e.Failed:
		d.Means = "failed"
	case e.Over:
		d.Means = "past"
	case e.Doubt:
		d.Means = "withdrawn-task"
	case e.Step != "":
		d.Means = "task"
	}
	return d
}

// inOneLine tells status that something drifted; empty where nothing did.
func inOneLine(r drift.Report) string {
	n := r.Count()
	if n == 0 {
		return ""
	}
	text := "drift: " + engine.Count(n, "finding")
	for _, f := range slices.Backward(r.Findings) {
		if f.Counts && f.By != "" {
			text += fmt.Sprintf(", the last by %s at %s", safetext.Line(f.By), engine.FormatTime(f.At))
			break
		}
	}
	return text + "; see `orgstore drift`"
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

type settledData struct {
	Event  string        `json:"event"`
	Visual engine.Visual `json:"visual"`
	Reason string        `json:"reason"`
	Tx     string        `json:"tx"`
}

func (o *settleOptions) run(ctx context.Context, args []string) (answer, error) {
	if blank(o.reason) {
		return answer{}, fault.Usage("say why with --reason; it stays in the history", "settling needs a reason")
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	fact := journal.DriftSettled{Event: args[0], Reason: o.reason}
	data := settledData{Event: args[0], Reason: o.reason, Tx: string(s.Tx)}
	if !s.Journal.Book().HasEvent(args[0]) {
		g, err := visual.ParseName(args[0])
		if err != nil {
			return answer{}, fault.Usage("`orgstore drift -o json` lists both", "%q is neither a visual nor an event that was recorded", args[0])
		}
		p, _, err := s.PlanNow(ctx, nil)
		if err != nil {
			return answer{}, err
		}
		if err := s.MustKnowOrSee([]visual.GUID{g}, p); err != nil {
			return answer{}, err
		}
		k, err := o.key(s, g, nil)
		if err != nil {
			return answer{}, err
		}
		l, _ := ofVisual(p, k)
		fact, data.Event, data.Visual = journal.DriftSettled{Key: k, Reason: o.reason}, "", engine.VisualOf(k, l.Name)
	}
	a := answer{data: data, view: output.View{Text: cmp.Or(data.Event, engine.Title(data.Visual.Name, fact.Key)) + " is settled: " + o.reason}}
	if o.dryRun {
		a.message = "nothing was done"
		return a, nil
	}
	return a, s.Journal.Append(ctx, s.Tx, fact)
}
