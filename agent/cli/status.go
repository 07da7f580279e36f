package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// warnDays is how many days before its end a license is shown as ending, where
// nobody says otherwise.
const warnDays = 30

func newStatus(g *globals) *cobra.Command {
	in := inStore{}
	cmd := &cobra.Command{
		Use:   "status [VISUAL...]",
		Short: "Show every visual: what is pinned, what is installed, until when it is licensed",
		Long: `Show every visual: what is pinned, what is installed, until when it is licensed.

STATE is ok, drifted (somebody else changed the store), held, blocked, waiting (a
person is to make the change), checking (it was made, and its check has not
answered), license-ending (within 30 days), license-ended,
license-revoked, vendor-untrusted (the vendor's keys are lost or changed), missing
or change-planned.`,
		Example: "  orgstore status\n  orgstore status -o json --query \"[?state!='ok'].guid\"",
		RunE:    g.answering(func(ctx context.Context, args []string) (answer, error) { return runStatus(ctx, g, args, in) }),
	}
	in.flag(cmd, "only what is in this store")
	return cmd
}

type statusData struct {
	GUID             string     `json:"guid"`
	Name             string     `json:"name"`
	Store            string     `json:"store"`
	Pin              string     `json:"pin"`
	InstalledVersion string     `json:"installed_version"`
	InstalledDigest  string     `json:"installed_digest"`
	LicenseEnds      string     `json:"license_ends"`
	DaysLeft         *int       `json:"days_left"`
	LastChance       string     `json:"last_chance"` // to renew its license; empty where none is known or left
	NewestAvailable  string     `json:"newest_available"`
	State            string     `json:"state"`
	Message          string     `json:"message"`
	Gates            []gateData `json:"gates"` // of the change that is planned, or of what a check found bad
}

func runStatus(ctx context.Context, g *globals, args []string, where inStore) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if err := where.known(s); err != nil {
		return answer{}, err
	}
	p, in, err := s.compute(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	if err := s.mustKnowOrSee(only, p); err != nil {
		return answer{}, err
	}
	if err := s.watch(ctx, false); err != nil {
		return answer{}, err
	}
	drifted := s.drift(p, in)
	data := []statusData{}
	view := output.View{Columns: []string{"VISUAL", "PIN", "INSTALLED", "LICENSE UNTIL", "DAYS LEFT", "NEWEST HERE", "STATE", "WHAT"}}
	for _, l := range s.lines(p) {
		if len(only) > 0 && !slices.Contains(only, l.key.GUID) || !where.has(l.key) {
			continue
		}
		d := s.statusOf(l, in)
		data = append(data, d)
		left := output.Nothing
		if d.DaysLeft != nil {
			left = strconv.Itoa(*d.DaysLeft)
		}
		view.Rows = append(view.Rows, []string{
			title(d.Name, l.key), orDash(d.Pin), versionOf(l.state), day(l.state.License.Ends), left,
			orDash(d.NewestAvailable), d.State, d.Message,
		})
	}
	a := answer{data: data, view: view}
	switch {
	case len(data) == 0 && len(only) > 0:
		a.message = "it is neither pinned nor in the store"
	case len(data) == 0:
		a.message = "no visuals: pin one with `orgstore pin set VISUAL PIN`"
	}
	a.message = s.said(phrases(a.message, inOneLine(drifted), s.untold(), s.requested()))
	return a, nil
}

// mustKnowOrSee is mustKnow, where a visual may also just lie in the store.
func (s *session) mustKnowOrSee(visuals []visual.GUID, p plan.Plan) error {
	return s.mustKnow(slices.DeleteFunc(slices.Clone(visuals), func(g visual.GUID) bool {
		return slices.ContainsFunc(lines(p), func(l line) bool { return l.key.GUID == g })
	}))
}

// A line is what the plan says of one visual: a step or the reason for none.
type line struct {
	key    store.Key
	name   string
	state  store.State
	step   *plan.Step
	reason plan.Reason
	stuck  bool
	gates  []plan.Gate // where there is no step
	drift  string
}

// lines joins steps and idles, one line for each visual.
func lines(p plan.Plan) []line {
	var out []line
	for i, step := range p.Steps {
		if len(out) > 0 && out[len(out)-1].key == step.Key {
			continue // a second step of the same visual
		}
		out = append(out, line{key: step.Key, name: step.Name, state: step.From, step: &p.Steps[i], reason: step.Reason, drift: p.Drifts[step.Key].Message})
	}
	for _, idle := range p.Idle {
		out = append(out, line{key: idle.Key, name: idle.Name, state: idle.State, reason: idle.Reason, stuck: idle.Blocked, gates: idle.Gates, drift: p.Drifts[idle.Key].Message})
	}
	slices.SortStableFunc(out, func(a, b line) int { return a.key.Compare(b.key) })
	return slices.CompactFunc(out, func(a, b line) bool { return a.key == b.key })
}

func (s *session) statusOf(l line, in plan.Input) statusData {
	at := s.clock()
	d := statusData{
		GUID: l.key.GUID.String(), Name: l.name, Store: l.key.Store, Gates: gatesOf(l.gates), InstalledDigest: digestOf(l.state.Release),
		LicenseEnds: timestamp(l.state.License.Ends), NewestAvailable: newest(in, l.key.GUID),
	}
	if l.step != nil {
		d.Gates = gatesOf(s.gates(*l.step))
	}
	if l.state.Release != nil {
		d.InstalledVersion = l.state.Release.Version.String()
	}
	if v, ok := s.settings.Visual(l.key.GUID); ok {
		d.Pin, d.Name = v.Pin.String(), cmp.Or(d.Name, v.Name)
	}
	if !l.state.License.Ends.IsZero() && l.state.Presence == store.Present {
		left := l.state.License.DaysLeft(at)
		d.DaysLeft = &left
	}
	d.State, d.Message = s.condition(l, at)
	if r, ok := s.runway(l, in); ok {
		d.LastChance = timestamp(r.By)
		if d.State == "license-ending" {
			d.Message = fmt.Sprintf("the license ends on %s; %s", day(r.Ends), hinted(plan.Reason{Message: r.Message, Hint: r.Hint}))
		}
	}
	switch installed := installedOffer(l, in.Candidates); {
	case d.State == "license-ended" || l.state.Presence != store.Present:
	case installed.Judgment.Has(codeRevoked):
		d.State, d.Message = "license-revoked", hinted(l.reason)
	case d.State == "ok":
		if why, lost := untrusted(s.trust, l.state.License); lost {
			d.State, d.Message = "vendor-untrusted", why
		}
	}
	return d
}

// condition picks the one word for a visual: what needs a person first.
func (s *session) condition(l line, at moment.Moment) (state, message string) {
	ends := l.state.License.Ends
	present := l.state.Presence == store.Present
	hold := s.held(l, at)
	switch {
	case present && !ends.IsZero() && !at.Before(ends):
		return "license-ended", fmt.Sprintf("the license ended on %s; %s", day(ends), hinted(l.reason))
	case l.drift != "" && !present:
		return "missing", l.drift
	case l.drift != "":
		return "drifted", l.drift
	case l.reason.Code == plan.CodeWaiting:
		return "waiting", s.waitingFor(l)
	case l.reason.Code == plan.CodeUnclear:
		return "waiting", hinted(l.reason)
	case s.checking(l.key):
		return "checking", hinted(l.reason)
	case l.stuck:
		return "blocked", hinted(l.reason)
	case hold != "":
		return "held", hold
	case l.step != nil && !present && l.step.Kind != change.Install:
		return "missing", l.reason.Message
	case l.step != nil:
		return "change-planned", string(l.step.Kind) + ": " + why(l.reason.Message, s.gates(*l.step))
	case present && !ends.IsZero() && l.state.License.DaysLeft(at) <= warnDays:
		return "license-ending", "" // its runway says more
	}
	return "ok", phrases(l.reason.Message, lookYourself(l.state, l.key.GUID.String()))
}

// checking says whether a change was made and its check has not answered.
func (s *session) checking(k store.Key) bool {
	open := s.journal.Book().Open(k)
	return open != nil && open.Checking
}

// waitingFor says which task waits, since when, and how it ends.
func (s *session) waitingFor(l line) string {
	open, receipt, ok := task(s.journal.Book(), l.key)
	if !ok || receipt.Note == "" {
		return hinted(l.reason)
	}
	return phrases(fmt.Sprintf("since %s: %s (%s)", clock(open.Since), receipt.Note, l.reason.Hint), s.corroborated(open), s.overdue(open))
}

// held says who holds a visual and why; empty if nobody does, or what is planned is
// let through.
func (s *session) held(l line, at moment.Moment) string {
	if l.step != nil && !waitsFor(s.gates(*l.step), plan.GateHold) {
		return ""
	}
	for _, h := range s.journal.Book().Holds() {
		if h.Key.GUID != l.key.GUID || h.Key.Store != "" && h.Key.Store != l.key.Store || !h.Until.IsZero() && !at.Before(h.Until) {
			continue
		}
		if h.Failed != nil {
			return fmt.Sprintf("held %s: %s", h.While(), h.Reason)
		}
		until := "until it is lifted"
		if !h.Until.IsZero() {
			until = "until " + day(h.Until)
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
