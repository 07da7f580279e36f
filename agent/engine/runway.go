package engine

import (
	"context"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/runway"
)

// runways are those of all licenses with a known end, the nearest first.
func (e *Engine) runways(p plan.Plan, in plan.Input) []runway.Runway {
	var all []runway.Runway
	for _, l := range e.Lines(p) {
		if r, ok := e.runwayOf(l, in); ok {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b runway.Runway) int { return a.Ends.Compare(b.Ends) })
	return all
}

// runwayOf says how much time is left for what is installed of one visual; false
// where no end of its license is known.
func (e *Engine) runwayOf(l VisualLine, in plan.Input) (runway.Runway, bool) {
	ends := l.State.License.Ends
	if l.State.Presence != store.Present || ends.IsZero() {
		return runway.Runway{}, false
	}
	v, _ := e.Settings.Visual(l.Key.GUID)
	ask := runway.Input{
		Key: l.Key, Name: OrElse(l.Name, v.Name), Ends: ends, Policy: e.Settings.Policy(v), Usual: e.usualDurations()[l.Key.Store],
		Renewal: runway.Missing,
	}
	if !e.Stores[l.Key.Store].Traits().Unattended {
		ask.Hands = e.usualHandTime(l.Key.Store)
	}
	e.addRenewal(l, in, &ask)
	if e.needsApprovalFirst(l, ask) {
		ask.Approval = e.usualApprovalTime()
	}
	return runway.Compute(ask, e.Moment().Time()), true
}

// addRenewal finds how far a license that lasts longer has come.
func (e *Engine) addRenewal(l VisualLine, in plan.Input, ask *runway.Input) {
	if open, _, waits := waitingTask(e.Journal.Book(), l.Key); waits && open.Step.To.License.Ends.After(ask.Ends) {
		ask.Renewal, ask.Kind, ask.Until = runway.Waiting, open.Step.Kind, open.Step.To.License.Ends
		ask.Detail = "a person has had the task since " + FormatDay(open.Since)
		return
	}
	if l.Step != nil && l.Step.To.License.Ends.After(ask.Ends) {
		ask.Renewal, ask.Kind, ask.Until = runway.Here, l.Step.Kind, l.Step.To.License.Ends
		if g, waits := undecided(e.Gates(*l.Step)); waits {
			ask.Renewal, ask.Detail = runway.Waiting, g.Message
		}
		return
	}
	if c, ok := e.successor(l, in.Candidates); ok {
		ask.Renewal, ask.Begins, ask.Until = runway.Here, c.Terms.Begins, c.Terms.Ends
		return
	}
	if why := unattested(l, in.Candidates); why != "" {
		ask.Renewal, ask.Detail = runway.Refused, why
		return
	}
	for _, c := range in.Candidates {
		if c.GUID != l.Key.GUID || !c.Terms.Ends.After(ask.Ends) {
			continue
		}
		why := l.Reason.Message
		if j := c.JudgedIn(l.Key.Store); j.Verdict == verdict.Reject || j.Verdict == verdict.Review {
			why = j.Findings[0].Message
		}
		ask.Renewal, ask.Detail = runway.Refused, why
		return
	}
}

// successor finds the license that the plan waits for until it begins: of several,
// the one that begins first. A license that a person must review as well is none.
func (e *Engine) successor(l VisualLine, candidates []plan.Candidate) (first plan.Candidate, ok bool) {
	if l.Reason.Code != plan.CodeNotBegun {
		return plan.Candidate{}, false
	}
	for _, c := range candidates {
		if c.GUID != l.Key.GUID || !c.Terms.Ends.After(l.State.License.Ends) || !e.Moment().Before(c.Terms.Begins) || !waitsToBegin(c.JudgedIn(l.Key.Store)) {
			continue
		}
		if !ok || c.Terms.Begins.Before(first.Terms.Begins) {
			first, ok = c, true
		}
	}
	return first, ok
}

// waitsToBegin says whether a license is good but for that it has not begun.
func waitsToBegin(j verdict.Judgment) bool {
	rest := slices.DeleteFunc(slices.Clone(j.Findings), func(f verdict.Finding) bool { return f.Code == plan.CodeNotYet })
	return j.Has(plan.CodeNotYet) && verdict.Judge(rest...).Verdict.Passes()
}

// undecided finds a gate that time does not open: somebody must decide.
func undecided(gates []plan.Gate) (plan.Gate, bool) {
	i := slices.IndexFunc(gates, func(g plan.Gate) bool {
		return g.State == plan.GateClosed && g.Until.IsZero() && !g.OpensByItself()
	})
	if i < 0 {
		return plan.Gate{}, false
	}
	return gates[i], true
}

// needsApprovalFirst says whether people must yet say yes to the change that renews.
func (e *Engine) needsApprovalFirst(l VisualLine, ask runway.Input) bool {
	switch {
	case ask.Renewal == runway.Waiting && ask.Kind != "" && l.Step == nil: // with whoever makes it
		return false
	case l.Step != nil && ask.Kind != "":
		return slices.ContainsFunc(e.Gates(*l.Step), func(g plan.Gate) bool { return g.Kind == plan.GateApproval && g.State == plan.GateClosed })
	}
	return ask.Policy.Approvals.Need(change.Renew, false).Count > 0
}

// usualApprovalTime is how long people take to approve what has arrived: what three of
// four took at most.
func (e *Engine) usualApprovalTime() time.Duration {
	var took []time.Duration
	book := e.Journal.Book()
	for _, r := range book.History() {
		if len(r.Approvals) == 0 || r.Release() == nil {
			continue
		}
		if p, ok := book.Package(r.Release().Digest); ok {
			took = append(took, r.Approvals[len(r.Approvals)-1].At.Sub(p.FirstSeen))
		}
	}
	return mostTook(took, usualApproval)
}

// usualApproval is how long approvers are taken to take where too few changes
// were approved to tell.
const usualApproval = 2 * 24 * time.Hour

// mostTook is what three of four took at most; otherwise, where they are too few
// to tell.
func mostTook(took []time.Duration, otherwise time.Duration) time.Duration {
	if len(took) < 3 {
		return otherwise
	}
	slices.Sort(took)
	return max(0, took[(len(took)-1)*3/4])
}

// usualHandTime is how long people take to make a change of a store: what three of four
// took at most, and what the settings expect of them where too few were made to
// tell.
func (e *Engine) usualHandTime(name string) time.Duration {
	var took []time.Duration
	for _, r := range e.Journal.Book().History() {
		if r.Key.Store == name && r.Status == journal.StatusDone && r.Receipt.Waiting {
			took = append(took, r.Closed.Sub(r.Time))
		}
	}
	t, _ := e.Settings.StoreNamed(name)
	return mostTook(took, t.Remind)
}

// A RunwayOfVisual says how much time is left to renew a license.
type RunwayOfVisual struct {
	Visual      Visual      `json:"visual"`
	Store       string      `json:"store"`
	LicenseEnds string      `json:"license_ends"`
	DaysLeft    int         `json:"days_left"`
	Renewal     string      `json:"renewal"`
	RenewedTo   string      `json:"renewed_to"`  // when the license that is here ends; empty where none is
	LastChance  string      `json:"last_chance"` // empty where it has passed
	LastWindow  *WindowSpan `json:"last_window"` // null where it waits for no window
	Message     string      `json:"message"`
	Hint        string      `json:"hint"`
	Findings    []Reason    `json:"findings"`
}

// A WindowSpan is one opening of a window.
type WindowSpan struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	Until string `json:"until"`
}

func runwayResultOf(r runway.Runway) RunwayOfVisual {
	d := RunwayOfVisual{
		Visual: visualOf(r.Key, r.Name), Store: r.Key.Store, LicenseEnds: Timestamp(r.Ends), DaysLeft: r.DaysLeft,
		Renewal: string(r.State), RenewedTo: Timestamp(r.Until), LastChance: Timestamp(r.By), Message: r.Message, Hint: r.Hint,
		Findings: ReasonsOf(r.Findings),
	}
	if r.Last.Name != "" {
		d.LastWindow = &WindowSpan{r.Last.Name, Timestamp(r.Last.From), Timestamp(r.Last.Until)}
	}
	return d
}

// A RunwayResult lists how much time is left for each license with a known end, the
// nearest first.
type RunwayResult struct {
	Licenses []RunwayOfVisual `json:"licenses"`
	Message  string           `json:"message"` // one sentence for people
}

// Runway says how much time is left to renew the licenses of what is installed.
func (e *Engine) Runway(ctx context.Context, r StatusRequest) (RunwayResult, error) {
	p, in, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return RunwayResult{}, err
	}
	if err := e.mustKnowOrSee(r.Visuals, p); err != nil {
		return RunwayResult{}, err
	}
	out := RunwayResult{Licenses: []RunwayOfVisual{}}
	for _, x := range e.runways(p, in) {
		if r.hasKey(x.Key) {
			out.Licenses = append(out.Licenses, runwayResultOf(x))
		}
	}
	if len(out.Licenses) == 0 {
		out.Message = "no license with a known end is installed"
	}
	return out, e.unreadStoreError(r.Store)
}
