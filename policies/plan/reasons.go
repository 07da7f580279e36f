package plan

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Code names a reason for other programs. Codes are stable.
type Code = verdict.Code

// The reasons of steps. A put is also pin.install, pin.upgrade or pin.downgrade.
const (
	CodeRenewal Code = "life.renewal"
	CodeReplace Code = "life.replace"
	CodeMissing Code = "store.missing"
	CodeAccess  Code = "access.enable"
	CodeAsked   Code = "asked.rollback"
	CodeRestore Code = "drift.restore"
)

// The reasons why nothing happens though something is wanted.
const (
	CodeTwice           Code = "input.twice"
	CodeWaiting         Code = "step.waiting"
	CodeOpen            Code = "step.open"
	CodeUnclear         Code = "op.unknown_outcome"
	CodeProblem         Code = "store.problem"
	CodeAppSource       Code = "store.app_source"
	CodeHybrid          Code = "store.hybrid"
	CodeNoBaseline      Code = "present.no_baseline"
	CodeNoPackage       Code = "blocked.no_package"
	CodeVersionForm     Code = "blocked.version_form"
	CodePin             Code = "blocked.pin"
	CodeRolledBack      Code = "blocked.rolled_back"
	CodeLicense         Code = "blocked.license"
	CodeRollbackExpired Code = "life.rollback_expired"
)

// The reasons why nothing needs to happen.
const (
	CodeAlready      Code = "asked.already"
	CodeCurrent      Code = "keep.current"
	CodeUnpinned     Code = "keep.unpinned"
	CodeEnded        Code = "keep.license_ended"
	CodeRefusedNow   Code = "keep.license_refused"
	CodeNotBegun     Code = "keep.renewal_not_begun"
	CodeNewerRefused Code = "keep.newer_refused"
	CodeUnattested   Code = "keep.needs_attestation"
	CodeNewerBlocked Code = "keep.newer_blocked"
	CodeNewerOutside Code = "keep.newer_outside_pin"
	CodeAdopt        Code = "drift.adopt"
)

func (v *visualPlan) idle(r Reason) *Idle {
	r.Message = sentences(r.Message, v.now.driftText)
	if v.now.drift != "" && v.now.drift != DriftRemoved && r.Hint == "" {
		r.Hint = fmt.Sprintf("if that is meant to stay, record it: orgstore store baseline %s --package FILE --evidence TEXT", v.key.GUID)
	}
	return &Idle{Key: v.key, Name: v.displayName(nil), State: v.now.state, Reason: r}
}

func (v *visualPlan) blocked(r Reason) *Idle {
	i := v.idle(r)
	i.Blocked = true
	return i
}

func (v *visualPlan) openReason() Reason {
	if s := v.open; s.Waiting {
		return Reason{CodeWaiting, fmt.Sprintf("%s waits for a person since %s", s.Step.description(), day(s.Since)),
			fmt.Sprintf("do what the task says, then: orgstore store confirm %s", v.key.GUID)}
	}
	if v.open.Unclear != "" {
		return Reason{CodeUnclear, fmt.Sprintf("%s was begun on %s, and nobody can tell what came of it: %s", v.open.Step.description(), day(v.open.Since), v.open.Unclear),
			v.open.Look()}
	}
	if v.open.Checking {
		return Reason{CodeOpen, fmt.Sprintf("%s was made and its check has not answered yet", v.open.Step.description()),
			"the run that made it waits for the check; if that run was stopped, orgstore apply runs the check again"}
	}
	return Reason{CodeOpen, fmt.Sprintf("a step begun on %s (%s) was never closed", day(v.open.Since), v.open.Step.Kind),
		"run orgstore apply to recover"}
}

// unpinned says that nothing is wanted of a visual; nil where there is nothing
// to say it of.
func (v *visualPlan) unpinned() *Idle {
	if v.now.state.Presence == store.Absent && v.now.drift == "" {
		return nil
	}
	if v.now.stuck != nil && v.now.stuck.Code == CodeAppSource {
		return v.idle(Reason{CodeUnpinned, "it is not pinned; it came from AppSource, which updates it by itself", v.now.stuck.Hint})
	}
	return v.idle(Reason{CodeUnpinned, "it is not pinned, so it is left alone",
		fmt.Sprintf("to have it looked after: orgstore pin set %s VERSION", v.key.GUID)})
}

// explain says why the pin asks for no step.
func (v *visualPlan) explain(c choice) *Idle {
	if c.candidate != nil || v.holdsPinned() {
		return v.explainKeep()
	}
	r := v.explainBlocked()
	if installed := v.release(); installed != nil {
		r.Message = fmt.Sprintf("%s stays installed: %s", installed.Version, r.Message)
	}
	return v.blocked(r)
}

// versionFault says what is wrong with the version of a release that cannot be installed.
func versionFault(r visual.Release) string {
	if fault := r.Version.FormFault(); fault != "" {
		return fmt.Sprintf("of %s, the newest, %s", r.Version, fault)
	}
	return fmt.Sprintf("the newest is %s", r.Version)
}

// explainBlocked finds the last sieve that something came to: the pin is to
// blame only if there is anything deployable, the license only if the pin and
// the blocks leave something.
func (v *visualPlan) explainBlocked() Reason {
	deployable := v.best(func(c *ranked) bool { return c.deployable })
	allowed := v.best(func(c *ranked) bool { return c.deployable && v.allows(c) })
	left := v.best(v.eligible)
	switch {
	case len(v.candidates) == 0:
		return Reason{CodeNoPackage, fmt.Sprintf("no package of it is here, the pin wants %s", v.want.Pin.Short()),
			"add one: orgstore package add FILE"}
	case deployable == nil:
		return Reason{CodeVersionForm,
			"no package here has a version that can be installed: " + versionFault(v.candidates[0].Release),
			"ask the vendor for a package whose version is four numbers, each at most 999999999, such as 1.4.0.0"}
	case allowed == nil:
		return Reason{CodePin, fmt.Sprintf("newest here is %s, the pin wants %s", deployable.Release.Version, v.want.Pin.Short()),
			fmt.Sprintf("add a package that the pin allows, or change the pin: orgstore pin set %s VERSION", v.key.GUID)}
	case left == nil:
		return v.reasonBlocked(allowed, "it is not put again")
	}
	f := hardestFinding(left.Judgment)
	hint := f.Hint
	if hint == "" {
		hint = requestHint(v.displayName(left), v.key.GUID, left)
	}
	return Reason{CodeLicense, fmt.Sprintf("%s may not be put: %s", left.Release.Version, f.Message), hint}
}

// reasonBlocked says that a block keeps a candidate from being chosen.
func (v *visualPlan) reasonBlocked(c *ranked, so string) Reason {
	b, in, why := v.blockOf(c), "", ""
	if b != nil {
		in = v.inOtherStore(b.Key)
	}
	if b != nil && b.Reason != "" {
		why = fmt.Sprintf(" (%s)", b.Reason)
	}
	text := fmt.Sprintf("a rollback%s left %s%s, so %s", in, c.Release.Version, why, so)
	if b != nil && b.Cause == CodeCheckFailed {
		text = fmt.Sprintf("%s, so %s", v.checkFailed(c, b), so)
	}
	return Reason{CodeRolledBack, text, v.unblockHint()}
}

// unblockHint says how what is blocked may come again.
func (v *visualPlan) unblockHint() string {
	return fmt.Sprintf("to allow it again: orgstore unblock %s, or edit its pin", v.key.GUID)
}

// explainKeep says why what is installed stays, from the gravest reason down.
func (v *visualPlan) explainKeep() *Idle {
	installed := v.installedCandidate()
	if installed != nil && v.blockOf(installed) != nil {
		return v.blocked(v.reasonBlocked(installed, "it is left as it is"))
	}
	for _, explain := range []func(*ranked) *Reason{
		v.keepLicense, v.keepNotBegun, v.keepRefused, v.keepBlocked, v.keepOutside,
	} {
		if r := explain(installed); r != nil {
			return v.idle(*r)
		}
	}
	return v.idle(Reason{CodeCurrent, v.installedText(), ""})
}

// installedCandidate returns the candidate that is installed, the one under the recorded
// license if there are several; nil where its package is not in the archive.
func (v *visualPlan) installedCandidate() *ranked {
	r := v.release()
	var installed *ranked
	for i := range v.candidates {
		c := &v.candidates[i]
		if r == nil || c.Release.Digest != r.Digest {
			continue
		}
		if installed == nil || c.Terms.ID == v.now.state.License.ID {
			installed = c
		}
	}
	return installed
}

// installedText says what is installed.
func (v *visualPlan) installedText() string {
	s := v.now.state
	if s.Release == nil {
		return "it is installed as pinned"
	}
	text := fmt.Sprintf("%s is installed as pinned, %s", s.Release.Version, licensedUntil(s.License.Ends))
	if s.Enabled != nil && !*s.Enabled {
		text += ", and disabled"
	}
	return text
}

func (v *visualPlan) keepLicense(installed *ranked) *Reason {
	if installed == nil || installed.Judgment.Verdict != verdict.Reject || v.passes(installed) {
		return nil
	}
	f := hardestFinding(installed.Judgment)
	ask := requestHint(v.displayName(installed), v.key.GUID, installed)
	if r := v.refusal(); r.Code == CodeUnattested { // the renewed package is here
		ask = r.Hint
	}
	if installed.Judgment.Has(CodeExpired) {
		ended := fmt.Sprintf("%s stays installed, though its license ended on %s", installed.Release.Version, day(installed.Terms.Ends))
		return &Reason{CodeEnded, sentences(ended, v.notBegun(), v.refusal().Message), ask}
	}
	refused := fmt.Sprintf("%s stays installed, though it would be refused today: %s", installed.Release.Version, f.Message)
	return &Reason{CodeRefusedNow, sentences(refused, v.notBegun(), v.refusal().Message), sentences(f.Hint, ask)}
}

func (v *visualPlan) keepNotBegun(*ranked) *Reason {
	if text := v.notBegun(); text != "" {
		return &Reason{CodeNotBegun, sentences(v.installedText(), text), ""}
	}
	return nil
}

// notBegun says when the license of something better begins, the first if there are
// several, and what a person must decide then; empty where nothing better waits for that.
func (v *visualPlan) notBegun() string {
	var c *ranked
	for i := range v.candidates {
		o := &v.candidates[i]
		if o.Judgment.Verdict == verdict.Review && o.Judgment.Has(CodeNotYet) && v.eligible(o) && v.kind(o) != "" &&
			(c == nil || o.Terms.Begins.Before(c.Terms.Begins)) {
			c = o
		}
	}
	if c == nil {
		return ""
	}
	text := "the renewal begins on " + day(c.Terms.Begins)
	if r := v.release(); r != nil && !r.Version.Equal(c.Release.Version) {
		text = fmt.Sprintf("the license of %s begins on %s", c.Release.Version, day(c.Terms.Begins))
	}
	for _, f := range c.Judgment.Findings {
		if f.Verdict == verdict.Review && f.Code != CodeNotYet {
			return text + ", and a person must decide then: " + f.Message
		}
	}
	return text
}

func (v *visualPlan) keepRefused(*ranked) *Reason {
	r := v.refusal()
	if r.Message == "" {
		return nil
	}
	return &Reason{r.Code, sentences(v.installedText(), r.Message), r.Hint}
}

// refusal says why something newer or longer licensed than what is installed
// is refused; zero where there is no such thing.
func (v *visualPlan) refusal() Reason {
	r := v.release()
	if r == nil {
		return Reason{}
	}
	c := v.best(func(c *ranked) bool {
		return c.Judgment.Verdict == verdict.Reject && !v.passes(c) && v.eligible(c) && (v.unattested(c) || v.kind(c) != "" &&
			(!c.Release.Version.Equal(r.Version) || c.Terms.Ends.After(v.now.state.License.Ends)))
	})
	if c == nil {
		return Reason{}
	}
	f := hardestFinding(c.Judgment)
	code := CodeNewerRefused
	if v.unattested(c) {
		code = CodeUnattested
	}
	return Reason{code, fmt.Sprintf("%s is not taken: %s", releaseName(c.Release), f.Message), f.Hint}
}

// unattested says whether a candidate is another package, of the installed version
// or a later one, that has no license yet where the installed one is attested:
// a renewal that needs an attestation of its own, which nobody else will send.
func (v *visualPlan) unattested(c *ranked) bool {
	r := v.release()
	return r != nil && v.now.state.License.Grade == license.Attested && c.unlicensed() &&
		c.Release.Digest != r.Digest && c.Release.Version.Compare(r.Version) >= 0
}

func (v *visualPlan) keepBlocked(*ranked) *Reason {
	c := v.best(func(c *ranked) bool {
		return v.blockOf(c) != nil && c.deployable && v.allows(c) && v.kind(c) != ""
	})
	if c == nil {
		return nil
	}
	r := v.reasonBlocked(c, "it is not put again")
	return &Reason{CodeNewerBlocked, v.installedText() + "; " + r.Message, r.Hint}
}

func (v *visualPlan) keepOutside(*ranked) *Reason {
	r := v.release()
	c := v.best(func(c *ranked) bool { return c.deployable })
	if r == nil || c == nil || v.allows(c) || c.Release.Version.Compare(r.Version) <= 0 {
		return nil
	}
	return &Reason{CodeNewerOutside, fmt.Sprintf("%s; %s is here, outside the pin %s", v.installedText(), c.Release.Version, v.want.Pin.Short()), ""}
}
