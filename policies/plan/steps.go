package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// installStep makes the step that puts the chosen package.
func (v *visualPlan) installStep(c choice) Step {
	from, release := v.now.state, c.candidate.Release
	to := store.State{Presence: store.Present, Release: &release, License: c.candidate.Terms, Enabled: from.Enabled}
	if c.kind == change.Install {
		enabled := true
		to.Enabled = &enabled
	}
	s := Step{
		Key: v.key, Name: v.displayName(c.candidate), Kind: c.kind, From: from, To: to,
		Reason: v.reasonFor(c), Back: v.wayBack(),
	}
	s.Review = sentences(c.review, c.severalText(v.key.GUID), v.review, v.noWayBack(s))
	s.Findings = v.findingsOf(s, c, v.review)
	if v.restores {
		since := v.now.driftText
		if v.now.drift == DriftRemoved {
			since = "somebody removed it"
		}
		s.Reason = Reason{CodeRestore, sentences(since, "it is restored, as the settings say (drift: restore)", s.Reason.Message), s.Reason.Hint}
	}
	return s
}

// stepsTo makes the step that puts the chosen package. Where gates keep other code
// back, the license of what is installed is renewed meanwhile: reports do not go
// dark because an upgrade waits for Saturday.
func (v *visualPlan) stepsTo(c choice) []Step {
	s := v.installStep(c)
	if !changesCode(c.kind) || v.release() == nil {
		return []Step{s}
	}
	renewal, is := v.renewal(v.passes)
	if !is || !v.renewsFirst(s, renewal) {
		return []Step{s}
	}
	after := *v
	after.now.state = renewal.To
	return []Step{renewal, after.installStep(c)}
}

// renewal makes the step that renews what is installed by something that fits;
// false where nothing does. It changes no code, so it does not matter whether the
// pin still allows what is there: that stays until something else may come.
func (v *visualPlan) renewal(fits func(*ranked) bool) (Step, bool) {
	c := v.best(func(c *ranked) bool {
		return c.deployable && v.blockOf(c) == nil && v.sameVersion(c) && v.kind(c) == change.Renew && fits(c)
	})
	switch {
	case c == nil:
		return Step{}, false
	case v.passes(c):
		return v.installStep(choice{candidate: c, kind: change.Renew}), true
	}
	return v.installStep(choice{candidate: c, kind: change.Renew, review: reviewText(c.Judgment)}), true
}

// renewDisallowed makes the steps that renew what the pin does not allow any more, and
// nothing here can replace.
func (v *visualPlan) renewDisallowed() []Step {
	if v.release() == nil || v.holdsPinned() {
		return nil
	}
	s, is := v.renewal(v.passes)
	if !is {
		s, is = v.renewal(needsReview)
	}
	if !is {
		return nil
	}
	why := v.explainBlocked()
	s.Reason.Message, s.Reason.Hint = sentences(s.Reason.Message, why.Message), why.Hint
	return []Step{s}
}

// renewsFirst says whether a renewal comes before other code: where gates keep that
// back now. The task for other code stays in a person's hands when its window
// closes.
func (v *visualPlan) renewsFirst(s, renewal Step) bool {
	if v.open != nil && !renewal.sameTask(v.open.Step) {
		return false
	}
	s.ID = stepID(s)
	return v.gates.isHeld(s)
}

func (v *visualPlan) sameVersion(c *ranked) bool {
	r := v.release()
	return r != nil && r.Version.Equal(c.Release.Version)
}

// enableStep makes the step that lets reports load what is installed, from the
// state the store has by then.
func (v *visualPlan) enableStep(from store.State) Step {
	return Step{
		Key: v.key, Name: v.displayName(nil), Kind: change.Enable, From: from, To: withAccess(from, true),
		Reason: Reason{CodeAccess, "a pinned visual is wanted enabled, and it is disabled", ""},
		Back:   Back{Possible: true},
		Review: v.review, Findings: v.driftFindings(v.review),
	}
}

func withAccess(s store.State, enabled bool) store.State {
	s.Enabled, s.Claim = &enabled, ""
	return s
}

// reasonFor says why a chosen package is put.
func (v *visualPlan) reasonFor(c choice) Reason {
	o, code := c.candidate, "pin."+string(c.kind)
	text := fmt.Sprintf("%s is the newest that the pin %s allows, %s", o.Release.Version, v.want.Pin.Short(), licensedUntil(o.Terms.Ends))
	switch c.kind {
	case change.Install:
		if v.now.drift == DriftRemoved {
			return Reason{CodeMissing, "it is pinned and no longer in the store; " + text, ""}
		}
	case change.Downgrade:
		text = fmt.Sprintf("the pin %s does not allow %s; %s", v.want.Pin.Short(), v.release().Version, text)
	case change.Renew:
		code = string(CodeRenewal)
		text = fmt.Sprintf("%s is renewed, %s, %s before", o.Release.Version, licensedUntil(o.Terms.Ends), licensedUntil(v.now.state.License.Ends))
		if !v.allows(o) {
			text += fmt.Sprintf("; it stays until something that the pin %s allows may come", v.want.Pin.Short())
		}
	case change.Replace:
		code = string(CodeReplace)
		text = fmt.Sprintf("%s comes with other code, %s instead of %s", o.Release.Version, licensedUntil(o.Terms.Ends), licensedUntil(v.now.state.License.Ends))
		if v.namesOther(c) {
			text = fmt.Sprintf("the pin %s names another package than is installed, %s", v.want.Pin.Short(), licensedUntil(o.Terms.Ends))
		}
	}
	return Reason{Code: Code(code), Message: text}
}

// wayBack says whether what is present now could be put again now.
func (v *visualPlan) wayBack() Back {
	if v.now.state.Presence == store.Absent {
		return Back{Possible: true} // by disabling: a store forgets nothing
	}
	r := v.release()
	if r == nil || r.Digest.IsZero() {
		return Back{Message: "nobody can tell which package is installed"}
	}
	var refused *ranked
	for i := range v.candidates {
		c := &v.candidates[i]
		if c.Release.Digest != r.Digest {
			continue
		}
		if passesAsked(c) {
			return Back{Possible: true}
		}
		refused = c
	}
	if refused == nil {
		return Back{Message: fmt.Sprintf("the installed package %s is not in the archive", releaseName(*r))}
	}
	return Back{Message: fmt.Sprintf("the installed package %s could not be put again: %s", releaseName(*r), hardestFinding(refused.Judgment).Message)}
}

// noWayBack is what a person must decide where a step cannot be taken back. A
// renewal changes no code; who asked for a rollback, or for what somebody else put
// to be replaced, wants to leave what is there. Where terms adjoin, the way back ends
// as the next license begins, and that is the usual case.
func (v *visualPlan) noWayBack(s Step) string {
	if s.Back.Possible || s.Asked || v.restores || !changesCode(s.Kind) || v.followsInstalledLicense(s) {
		return ""
	}
	return "there is no way back: " + s.Back.Message
}

// followsInstalledLicense says whether a step leads to a license of the same version that began as the
// installed one ended, or within its last hours, and only that end closes the way back.
func (v *visualPlan) followsInstalledLicense(s Step) bool {
	ends, begins := s.From.License.Ends, s.To.License.StartOfTerm()
	installed := v.installedCandidate()
	if s.Kind != change.Replace || installed == nil || begins.Before(s.From.License.Runway()) || begins.After(ends) || !installed.Judgment.Has(CodeExpired) {
		return false
	}
	rest := slices.DeleteFunc(slices.Clone(installed.Judgment.Findings), func(f verdict.Finding) bool { return f.Code == CodeExpired || f.Code == CodeSuperseded })
	return verdict.Judge(rest...).Verdict.Passes()
}

// findingsOf names what a step asks a person to decide, as Step.Review says it.
func (v *visualPlan) findingsOf(s Step, c choice, drift string) []verdict.Code {
	codes := slices.Concat(c.findings(), c.severalFindings(), v.driftFindings(drift))
	if v.noWayBack(s) != "" {
		codes = append(codes, CodeNoWayBack)
	}
	return codes
}

// driftFindings names what somebody else changed, where a person is to decide about
// it: what was done, and what it left.
func (v *visualPlan) driftFindings(text string) []verdict.Code {
	if text == "" {
		return nil
	}
	code := "drift." + string(v.now.drift)
	if r := v.now.state.Release; r != nil {
		code += ":" + canonical(r.Version) + ":" + digestText(r.Digest)
	}
	return []verdict.Code{verdict.Code(code)}
}

// CodeNoWayBack is what a person must decide where a step cannot be taken back.
const CodeNoWayBack verdict.Code = "plan.no_way_back"

// sentences joins what is to be said, leaving out what is empty.
func sentences(parts ...string) string {
	var said []string
	for _, p := range parts {
		if p != "" {
			said = append(said, p)
		}
	}
	return strings.Join(said, "; ")
}

// licensedUntil says how long a license lasts: it is valid before that day, UTC.
func licensedUntil(ends time.Time) string {
	if ends.IsZero() {
		return "its license's end not known"
	}
	return "licensed until " + day(ends)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// releaseName names a release for people, as far as it is known.
func releaseName(r visual.Release) string {
	switch {
	case r.Digest.IsZero():
		return r.Version.String()
	case r.Version.IsZero():
		return "a package " + r.Digest.Short()
	}
	return r.String()
}
