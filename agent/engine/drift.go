package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/drift"
	"github.com/orgstore/orgstore/policies/plan"
)

// A DriftFinding is one difference between what is known and what was found.
type DriftFinding struct {
	Class    string `json:"class"`
	Code     string `json:"code"`
	Severity string `json:"severity"` // drift, or note where nobody need do anything
	Store    string `json:"store"`
	Visual   Visual `json:"visual"` // empty where it is about the store as a whole
	Pin      string `json:"pin"`
	Policy   string `json:"policy"` // report, adopt or restore; empty for what is not pinned
	Believed *State `json:"believed"`
	Found    *State `json:"found"`
	By       string `json:"by"`
	At       string `json:"at"`
	Event    string `json:"event"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

// An ActivityLog says how the tenant's activity log was read.
type ActivityLog struct {
	State   string `json:"state"` // read, unread, off or none
	Until   string `json:"until"`
	Message string `json:"message"`
}

// driftFindingOf turns a finding into what programs read.
func (e *Engine) driftFindingOf(f drift.Finding) DriftFinding {
	d := DriftFinding{
		Class: string(f.Class), Code: string(f.Code), Severity: "note", Store: f.Key.Store,
		Visual: visualOf(f.Key, f.Name), Believed: stateOf(f.Believed), Found: stateOf(f.Found),
		By: f.By, At: Timestamp(f.At), Event: f.Event, Message: f.Message, Hint: f.Hint,
	}
	if f.Counts {
		d.Severity = "drift"
	}
	if v, ok := e.Settings.Visual(f.Key.GUID); ok {
		d.Pin, d.Policy = v.Pin.String(), string(cmp.Or(v.Drift, plan.DriftReport))
	}
	return d
}

// ActivityLog says how the activity log was read.
func (e *Engine) ActivityLog() ActivityLog {
	d := ActivityLog{State: "read", Until: Timestamp(e.activityLog.Until)}
	switch {
	case len(e.tenantStores()) == 0:
		d.State, d.Message = "none", "the store is no Organizational Store, so the activity log tells nothing of it"
	case e.activityLog.Off != "":
		d.State, d.Message = "off", e.activityLog.Off
	case e.activityLog.Problem != "":
		d.State, d.Message = "unread", e.activityLog.Problem
	}
	return d
}

// A DriftResult is what others changed in the stores.
type DriftResult struct {
	Drifted  int            `json:"drifted"` // findings of severity drift
	Findings []DriftFinding `json:"findings"`
	Events   []DriftEvent   `json:"events"`
	Activity ActivityLog    `json:"activity_log"`
	Message  string         `json:"message"` // one sentence for people
}

// A DriftEvent is what the activity log told of the store.
type DriftEvent struct {
	Event     string `json:"event"`
	At        string `json:"at"`
	Operation string `json:"operation"`
	User      string `json:"user"`
	Item      string `json:"item"`
	Object    string `json:"object"`
	Visual    Visual `json:"visual"` // empty where it names none that is known here
	// Means is drift, task (it falls into the time of one), withdrawn-task, past
	// (what is there was made or looked at since) or failed.
	Means string `json:"means"`
	Task  string `json:"task"` // the step into whose time it falls
}

// Drift compares what is wanted, what is known, and what is found. It reads the
// activity log at once. An error beside a result is that nobody could sign in.
func (e *Engine) Drift(ctx context.Context, r StatusRequest) (DriftResult, error) {
	p, in, err := e.lookFor(ctx, r, true)
	if err != nil {
		return DriftResult{}, err
	}
	report := e.compareDrift(p, in)
	report.Findings = slices.DeleteFunc(report.Findings, func(f drift.Finding) bool { return !r.hasKey(f.Key) })
	if len(r.Visuals) > 0 {
		report.Sightings = slices.DeleteFunc(report.Sightings, func(s drift.Sighting) bool { return !slices.Contains(r.Visuals, s.GUID) })
	}
	out := DriftResult{Drifted: report.Count(), Findings: []DriftFinding{}, Events: []DriftEvent{}, Activity: e.ActivityLog(), Message: "nothing drifted"}
	for _, f := range report.Findings {
		out.Findings = append(out.Findings, e.driftFindingOf(f))
	}
	for _, s := range report.Sightings {
		out.Events = append(out.Events, driftEventOf(s))
	}
	if out.Drifted > 0 {
		out.Message = Count(out.Drifted, "finding") + " for somebody to look at"
	}
	return out, cmp.Or(e.signInError(), e.unreadStoreError(r.Store))
}

func driftEventOf(e drift.Sighting) DriftEvent {
	d := DriftEvent{
		Event: e.ID, At: Timestamp(e.At), Operation: string(e.Operation), User: e.User, Item: e.Item, Object: e.Object,
		Visual: Visual{GUID: e.GUID.String(), Name: e.Name}, Means: "drift", Task: string(e.Step),
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

// driftInOneLine tells status that something drifted; empty where nothing did.
func driftInOneLine(r drift.Report) string {
	n := r.Count()
	if n == 0 {
		return ""
	}
	text := "drift: " + Count(n, "finding")
	for _, f := range slices.Backward(r.Findings) {
		if f.Counts && f.By != "" {
			text += fmt.Sprintf(", the last by %s at %s", safetext.Line(f.By), FormatTime(f.At))
			break
		}
	}
	return text + "; see `orgstore drift`"
}

// A SettleRequest says that what somebody changed is as it should be.
type SettleRequest struct {
	// Subject is a visual, or the key of one event of the activity log.
	Subject string `json:"subject"`
	// Store is where the visual is; it may be empty if the visual goes through one.
	Store  string `json:"store,omitempty"`
	Reason string `json:"reason"`
	DryRun bool   `json:"dry_run,omitempty"`
}

// A SettleResult is what was settled.
type SettleResult struct {
	Event  string `json:"event"`
	Visual Visual `json:"visual"`
	Reason string `json:"reason"`
	Tx     string `json:"tx"`
}

// Settle records that what somebody changed is as it should be. It changes neither
// the store nor what is known of its versions.
func (e *Engine) Settle(ctx context.Context, r SettleRequest) (SettleResult, error) {
	if err := e.requireKnownActor("settle what drifted"); err != nil {
		return SettleResult{}, err
	}
	if isBlank(r.Reason) {
		return SettleResult{}, fault.Usage("say why with --reason; it stays in the history", "settling needs a reason")
	}
	fact := journal.DriftSettled{Event: r.Subject, Reason: r.Reason}
	out := SettleResult{Event: r.Subject, Reason: r.Reason, Tx: string(e.Tx)}
	if !e.Journal.Book().HasEvent(r.Subject) {
		g, err := visual.ParseName(r.Subject)
		if err != nil {
			return SettleResult{}, fault.Usage("`orgstore drift -o json` lists both", "%q is neither a visual nor an event that was recorded", r.Subject)
		}
		p, _, err := e.planNow(ctx, nil)
		if err != nil {
			return SettleResult{}, err
		}
		if err := e.mustKnowOrSee([]visual.GUID{g}, p); err != nil {
			return SettleResult{}, err
		}
		k, err := e.storeKey(r.Store, g, nil)
		if err != nil {
			return SettleResult{}, err
		}
		l, _ := lineOf(p, k)
		fact, out.Event, out.Visual = journal.DriftSettled{Key: k, Reason: r.Reason}, "", visualOf(k, l.Name)
	}
	if r.DryRun {
		return out, nil
	}
	return out, e.Journal.Append(ctx, e.Tx, fact)
}
