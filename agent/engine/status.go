package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// WarnDays is how many days before its end a license is shown as ending, where
// nobody says otherwise.
const WarnDays = 30

// A VisualStatus is what is pinned, what is installed, and until when it is licensed,
// of one visual in one store.
type VisualStatus struct {
	GUID             string `json:"guid"`
	Name             string `json:"name"`
	Store            string `json:"store"`
	Pin              string `json:"pin"`
	InstalledVersion string `json:"installed_version"`
	InstalledText    string `json:"installed_text"` // the version as people read it
	InstalledDigest  string `json:"installed_digest"`
	LicenseEnds      string `json:"license_ends"`
	DaysLeft         *int   `json:"days_left"`
	LastChance       string `json:"last_chance"` // to renew its license; empty where none is known or left
	NewestAvailable  string `json:"newest_available"`
	State            string `json:"state"`
	Message          string `json:"message"`
	Gates            []Gate `json:"gates"` // of the change that is planned, or of what a check found bad
}

// mustKnowOrSee is mustKnow, where a visual may also just lie in the store.
func (e *Engine) mustKnowOrSee(visuals []visual.GUID, p plan.Plan) error {
	return e.mustKnow(slices.DeleteFunc(slices.Clone(visuals), func(g visual.GUID) bool {
		return slices.ContainsFunc(visualLines(p), func(l VisualLine) bool { return l.Key.GUID == g })
	}))
}

// A VisualLine is what the plan says of one visual: a step or the reason for none.
type VisualLine struct {
	Key       store.Key
	Name      string
	State     store.State
	Step      *plan.Step
	Reason    plan.Reason
	IsBlocked bool
	Gates     []plan.Gate // where there is no step
	Drift     string
}

// visualLines joins steps and idles, one line for each visual.
func visualLines(p plan.Plan) []VisualLine {
	var out []VisualLine
	for i, step := range p.Steps {
		if len(out) > 0 && out[len(out)-1].Key == step.Key {
			continue // a second step of the same visual
		}
		out = append(out, VisualLine{Key: step.Key, Name: step.Name, State: step.From, Step: &p.Steps[i], Reason: step.Reason, Drift: p.Drifts[step.Key].Message})
	}
	for _, idle := range p.Idle {
		out = append(out, VisualLine{Key: idle.Key, Name: idle.Name, State: idle.State, Reason: idle.Reason, IsBlocked: idle.Blocked, Gates: idle.Gates, Drift: p.Drifts[idle.Key].Message})
	}
	slices.SortStableFunc(out, func(a, b VisualLine) int { return a.Key.Compare(b.Key) })
	return slices.CompactFunc(out, func(a, b VisualLine) bool { return a.Key == b.Key })
}

func (e *Engine) statusOf(l VisualLine, in plan.Input) VisualStatus {
	at := e.Moment()
	d := VisualStatus{
		GUID: l.Key.GUID.String(), Name: l.Name, Store: l.Key.Store, Gates: gatesOf(l.Gates), InstalledDigest: digestText(l.State.Release),
		LicenseEnds: Timestamp(l.State.License.Ends), InstalledText: VersionText(l.State), NewestAvailable: newest(in, l.Key.GUID),
	}
	if l.Step != nil {
		d.Gates = gatesOf(e.Gates(*l.Step))
	}
	if l.State.Release != nil {
		d.InstalledVersion = l.State.Release.Version.String()
	}
	if v, ok := e.Settings.Visual(l.Key.GUID); ok {
		d.Pin, d.Name = v.Pin.String(), cmp.Or(d.Name, v.Name)
	}
	if !l.State.License.Ends.IsZero() && l.State.Presence == store.Present {
		left := l.State.License.DaysLeft(at)
		d.DaysLeft = &left
	}
	d.State, d.Message = e.condition(l, at)
	if r, ok := e.runwayOf(l, in); ok {
		d.LastChance = Timestamp(r.By)
		if d.State == "license-ending" {
			d.Message = fmt.Sprintf("the license ends on %s; %s", FormatDay(r.Ends), withHint(plan.Reason{Message: r.Message, Hint: r.Hint}))
		}
	}
	switch installed := installedCandidate(l, in.Candidates); {
	case d.State == "license-ended" || l.State.Presence != store.Present:
	case installed.Judgment.Has(license.CodeRevoked):
		d.State, d.Message = "license-revoked", withHint(l.Reason)
	case d.State == "ok":
		if why, lost := untrustedVendor(e.Trust, l.State.License); lost {
			d.State, d.Message = "vendor-untrusted", why
		}
	}
	return d
}

// condition picks the one word for a visual: what needs a person first.
func (e *Engine) condition(l VisualLine, at moment.Moment) (state, message string) {
	ends := l.State.License.Ends
	present := l.State.Presence == store.Present
	hold := e.heldText(l, at)
	switch {
	case present && !ends.IsZero() && !at.Before(ends):
		return "license-ended", fmt.Sprintf("the license ended on %s; %s", FormatDay(ends), withHint(l.Reason))
	case l.Reason.Code == plan.CodeUnreadable:
		return "unreachable", withHint(l.Reason)
	case l.Drift != "" && !present:
		return "missing", l.Drift
	case l.Drift != "":
		return "drifted", l.Drift
	case l.Reason.Code == plan.CodeWaiting:
		return "waiting", e.waitingText(l)
	case l.Reason.Code == plan.CodeUnclear:
		return "waiting", withHint(l.Reason)
	case e.isChecking(l.Key):
		return "checking", withHint(l.Reason)
	case l.IsBlocked:
		return "blocked", withHint(l.Reason)
	case hold != "":
		return "held", hold
	case l.Step != nil && !present && l.Step.Kind != change.Install:
		return "missing", l.Reason.Message
	case l.Step != nil:
		return "change-planned", string(l.Step.Kind) + ": " + whyText(l.Reason.Message, e.Gates(*l.Step))
	case present && !ends.IsZero() && l.State.License.DaysLeft(at) <= WarnDays:
		return "license-ending", "" // its runway says more
	}
	return "ok", JoinPhrases(l.Reason.Message, lookYourself(l.State, l.Key.GUID.String()))
}

// isChecking says whether a change was made and its check has not answered.
func (e *Engine) isChecking(k store.Key) bool {
	open := e.Journal.Book().Open(k)
	return open != nil && open.Checking
}

// waitingText says which task waits, since when, and how it ends.
func (e *Engine) waitingText(l VisualLine) string {
	open, receipt, ok := waitingTask(e.Journal.Book(), l.Key)
	if !ok || receipt.Note == "" {
		return withHint(l.Reason)
	}
	return JoinPhrases(fmt.Sprintf("since %s: %s (%s)", FormatTime(open.Since), receipt.Note, l.Reason.Hint), e.corroboratedText(open), e.overdueText(open))
}

// heldText says who holds a visual and why; empty if nobody does, or what is planned is
// let through.
func (e *Engine) heldText(l VisualLine, at moment.Moment) string {
	if l.Step != nil && !isClosed(e.Gates(*l.Step), plan.GateHold) {
		return ""
	}
	for _, h := range e.Journal.Book().Holds() {
		if h.Key.GUID != l.Key.GUID || h.Key.Store != "" && h.Key.Store != l.Key.Store || !h.Until.IsZero() && !at.Before(h.Until) {
			continue
		}
		if h.Failed != nil {
			return fmt.Sprintf("held %s: %s", h.While(), h.Reason)
		}
		until := "until it is lifted"
		if !h.Until.IsZero() {
			until = "until " + FormatDay(h.Until)
		}
		return fmt.Sprintf("held%s %s by %s: %s", h.But(), until, h.By, h.Reason)
	}
	return ""
}

// newest is the highest version of a visual in the archive, whatever is thought of it.
func newest(in plan.Input, g visual.GUID) string {
	var best visual.Version
	for _, c := range in.Candidates {
		if c.GUID == g && (best.IsZero() || c.Release.Version.Compare(best) > 0) {
			best = c.Release.Version
		}
	}
	return best.String()
}

// A StatusRequest asks for the status of visuals.
type StatusRequest struct {
	// Visuals narrows the answer to these; empty means all.
	Visuals []visual.GUID `json:"visuals,omitempty"`
	// Store narrows the answer to one store, by its name in the settings.
	Store string `json:"store,omitempty"`
}

// hasKey reports whether the request is about a visual in a store.
func (r StatusRequest) hasKey(k store.Key) bool {
	return (r.Store == "" || k.Store == r.Store || k.Store == "") && (len(r.Visuals) == 0 || slices.Contains(r.Visuals, k.GUID))
}

// A StatusResult is the status of visuals, in the order of the rings.
type StatusResult struct {
	Visuals []VisualStatus `json:"visuals"`
	Message string         `json:"message"` // one sentence for people
}

// Status looks at everything and says how each visual stands.
func (e *Engine) Status(ctx context.Context, r StatusRequest) (StatusResult, error) {
	p, in, err := e.lookFor(ctx, r, false)
	if err != nil {
		return StatusResult{}, err
	}
	found := e.compareDrift(p, in)
	out := StatusResult{Visuals: []VisualStatus{}}
	for _, l := range e.Lines(p) {
		if r.hasKey(l.Key) {
			out.Visuals = append(out.Visuals, e.statusOf(l, in))
		}
	}
	switch {
	case len(out.Visuals) == 0 && len(r.Visuals) > 0:
		out.Message = "it is neither pinned nor in the store"
	case len(out.Visuals) == 0:
		out.Message = "no visuals: pin one with `orgstore pin set VISUAL PIN`"
	}
	out.Message = JoinPhrases(out.Message, driftInOneLine(found), e.FailingChannels(), e.openRequests())
	return out, e.unreadStoreError(r.Store)
}

// lookFor looks at everything for a request about some visuals, which orgstore must
// know, and reads the activity log, at once if the request is about nothing else.
func (e *Engine) lookFor(ctx context.Context, r StatusRequest, atOnce bool) (plan.Plan, plan.Input, error) {
	if err := e.checkStore(r.Store); err != nil {
		return plan.Plan{}, plan.Input{}, err
	}
	p, in, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return p, in, err
	}
	if err := e.mustKnowOrSee(r.Visuals, p); err != nil {
		return p, in, err
	}
	return p, in, e.readActivityLog(ctx, atOnce)
}
