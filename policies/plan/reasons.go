package plan

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
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

func (m *matter) idle(r Reason) *Idle {
	r.Message = sentences(r.Message, m.now.since)
	if m.now.drift != "" && m.now.drift != DriftRemoved && r.Hint == "" {
		r.Hint = fmt.Sprintf("if that is meant to stay, record it: orgstore store baseline %s --package FILE --evidence TEXT", m.key.GUID)
	}
	return &Idle{Key: m.key, Name: m.name(nil), State: m.now.state, Reason: r}
}

func (m *matter) blocked(r Reason) *Idle {
	i := m.idle(r)
	i.Blocked = true
	return i
}

func (m *matter) openReason() Reason {
	if s := m.open; s.Waiting {
		return Reason{CodeWaiting, fmt.Sprintf("%s waits for a person since %s", s.Step.what(), day(s.Since)),
			fmt.Sprintf("do what the task says, then: orgstore store confirm %s", m.key.GUID)}
	}
	if m.open.Unclear != "" {
		return Reason{CodeUnclear, fmt.Sprintf("%s was begun on %s, and nobody can tell what came of it: %s", m.open.Step.what(), day(m.open.Since), m.open.Unclear),
			m.open.Look()}
	}
	if m.open.Checking {
		return Reason{CodeOpen, fmt.Sprintf("%s was made and its check has not answered yet", m.open.Step.what()),
			"the run that made it waits for the check; if that run was stopped, orgstore apply runs the check again"}
	}
	return Reason{CodeOpen, fmt.Sprintf("a step begun on %s (%s) was never closed", day(m.open.Since), m.open.Step.Kind),
		"run orgstore apply to recover"}
}

// unpinned says that nothing is wanted of a visual; nil where there is nothing
// to say it of.
func (m *matter) unpinned() *Idle {
	if m.now.state.Presence == store.Absent && m.now.drift == "" {
		return nil
	}
	if m.now.stuck != nil && m.now.stuck.Code == CodeAppSource {
		return m.idle(Reason{CodeUnpinned, "it is not pinned; it came from AppSource, which updates it by itself", m.now.stuck.Hint})
	}
	return m.idle(Reason{CodeUnpinned, "it is not pinned, so it is left alone",
		fmt.Sprintf("to have it looked after: orgstore pin set %s VERSION", m.key.GUID)})
}

// explain says why the pin asks for no step.
func (m *matter) explain(c choice) *Idle {
	if c.offer != nil || m.holdsPinned() {
		return m.explainKeep()
	}
	r := m.explainBlocked()
	if installed := m.release(); installed != nil {
		r.Message = fmt.Sprintf("%s stays installed: %s", installed.Version, r.Message)
	}
	return m.blocked(r)
}

// explainBlocked finds the last sieve that something came to: the pin is to
// blame only if there is anything deployable, the license only if the pin and
// the blocks leave something.
func (m *matter) explainBlocked() Reason {
	deployable := m.best(func(o *offer) bool { return o.deployable })
	allowed := m.best(func(o *offer) bool { return o.deployable && m.allows(o) })
	left := m.best(m.eligible)
	switch {
	case len(m.offers) == 0:
		return Reason{CodeNoPackage, fmt.Sprintf("no package of it is here, the pin wants %s", m.want.Pin),
			"add one: orgstore package add FILE"}
	case deployable == nil:
		return Reason{CodeVersionForm,
			fmt.Sprintf("the newest here, %s, has no version that can be put into a store", m.offers[0].Release.Version),
			"ask the vendor for a package whose version has four numbers"}
	case allowed == nil:
		return Reason{CodePin, fmt.Sprintf("newest here is %s, the pin wants %s", deployable.Release.Version, m.want.Pin),
			fmt.Sprintf("add a package that the pin allows, or change the pin: orgstore pin set %s VERSION", m.key.GUID)}
	case left == nil:
		return m.rolledBack(allowed, "it is not put again")
	}
	f := first(left.Judgment)
	hint := f.Hint
	if hint == "" {
		hint = requestHint(m.name(left), m.key.GUID, left)
	}
	return Reason{CodeLicense, fmt.Sprintf("%s may not be put: %s", left.Release.Version, f.Message), hint}
}

// rolledBack says that a block keeps an offer from being chosen.
func (m *matter) rolledBack(o *offer, so string) Reason {
	b, in, why := m.blockOf(o), "", ""
	if b != nil {
		in = m.elsewhere(b.Key)
	}
	if b != nil && b.Reason != "" {
		why = fmt.Sprintf(" (%s)", b.Reason)
	}
	text := fmt.Sprintf("a rollback%s left %s%s, so %s", in, o.Release.Version, why, so)
	if b != nil && b.Cause == CodeCheckFailed {
		text = fmt.Sprintf("%s, so %s", m.checkFailed(o, b), so)
	}
	return Reason{CodeRolledBack, text, m.unblocking()}
}

// unblocking says how what is blocked may come again.
func (m *matter) unblocking() string {
	return fmt.Sprintf("to allow it again: orgstore unblock %s, or edit its pin", m.key.GUID)
}

// explainKeep says why what is installed stays, from the gravest reason down.
func (m *matter) explainKeep() *Idle {
	installed := m.installed()
	if installed != nil && m.blockOf(installed) != nil {
		return m.blocked(m.rolledBack(installed, "it is left as it is"))
	}
	for _, explain := range []func(*offer) *Reason{
		m.keepLicense, m.keepNotBegun, m.keepRefused, m.keepBlocked, m.keepOutside,
	} {
		if r := explain(installed); r != nil {
			return m.idle(*r)
		}
	}
	return m.idle(Reason{CodeCurrent, m.asPinned(), ""})
}

// installed returns the offer that is installed, the one under the recorded
// license if there are several; nil where its package is not in the archive.
func (m *matter) installed() *offer {
	r := m.release()
	var installed *offer
	for i := range m.offers {
		o := &m.offers[i]
		if r == nil || o.Release.Digest != r.Digest {
			continue
		}
		if installed == nil || o.Terms.ID == m.now.state.License.ID {
			installed = o
		}
	}
	return installed
}

// asPinned says what is installed.
func (m *matter) asPinned() string {
	s := m.now.state
	if s.Release == nil {
		return "it is installed as pinned"
	}
	text := fmt.Sprintf("%s is installed as pinned, %s", s.Release.Version, until(s.License.Ends))
	if s.Enabled != nil && !*s.Enabled {
		text += ", and disabled"
	}
	return text
}

func (m *matter) keepLicense(installed *offer) *Reason {
	if installed == nil || installed.Judgment.Verdict != verdict.Reject || m.passes(installed) {
		return nil
	}
	f := first(installed.Judgment)
	ask := requestHint(m.name(installed), m.key.GUID, installed)
	if r := m.refusal(); r.Code == CodeUnattested { // the renewed package is here
		ask = r.Hint
	}
	if installed.Judgment.Has(CodeExpired) {
		ended := fmt.Sprintf("%s stays installed, though its license ended on %s", installed.Release.Version, day(installed.Terms.Ends))
		return &Reason{CodeEnded, sentences(ended, m.notBegun(), m.refusal().Message), ask}
	}
	refused := fmt.Sprintf("%s stays installed, though it would be refused today: %s", installed.Release.Version, f.Message)
	return &Reason{CodeRefusedNow, sentences(refused, m.notBegun(), m.refusal().Message), sentences(f.Hint, ask)}
}

func (m *matter) keepNotBegun(*offer) *Reason {
	if text := m.notBegun(); text != "" {
		return &Reason{CodeNotBegun, sentences(m.asPinned(), text), ""}
	}
	return nil
}

// notBegun says when the license of something better begins; empty where
// nothing better waits for that.
func (m *matter) notBegun() string {
	o := m.best(func(o *offer) bool {
		return o.Judgment.Verdict == verdict.Review && o.Judgment.Has(CodeNotYet) && m.eligible(o) && m.kind(o) != ""
	})
	if o == nil {
		return ""
	}
	if r := m.release(); r != nil && !r.Version.Equal(o.Release.Version) {
		return fmt.Sprintf("the license of %s begins on %s", o.Release.Version, day(o.Terms.Begins))
	}
	return "the renewal begins on " + day(o.Terms.Begins)
}

func (m *matter) keepRefused(*offer) *Reason {
	r := m.refusal()
	if r.Message == "" {
		return nil
	}
	return &Reason{r.Code, sentences(m.asPinned(), r.Message), r.Hint}
}

// refusal says why something newer or longer licensed than what is installed
// is refused; zero where there is no such thing.
func (m *matter) refusal() Reason {
	r := m.release()
	if r == nil {
		return Reason{}
	}
	o := m.best(func(o *offer) bool {
		return o.Judgment.Verdict == verdict.Reject && !m.passes(o) && m.eligible(o) && (m.unattested(o) || m.kind(o) != "" &&
			(!o.Release.Version.Equal(r.Version) || o.Terms.Ends.After(m.now.state.License.Ends)))
	})
	if o == nil {
		return Reason{}
	}
	f := first(o.Judgment)
	code := CodeNewerRefused
	if m.unattested(o) {
		code = CodeUnattested
	}
	return Reason{code, fmt.Sprintf("%s is not taken: %s", releaseName(o.Release), f.Message), f.Hint}
}

// unattested says whether an offer is another package, of the installed version
// or a later one, that has no license yet where the installed one is attested:
// a renewal that needs an attestation of its own, which nobody else will send.
func (m *matter) unattested(o *offer) bool {
	r := m.release()
	return r != nil && m.now.state.License.Grade == license.Attested && o.unlicensed() &&
		o.Release.Digest != r.Digest && o.Release.Version.Compare(r.Version) >= 0
}

func (m *matter) keepBlocked(*offer) *Reason {
	o := m.best(func(o *offer) bool {
		return m.blockOf(o) != nil && o.deployable && m.allows(o) && m.kind(o) != ""
	})
	if o == nil {
		return nil
	}
	r := m.rolledBack(o, "it is not put again")
	return &Reason{CodeNewerBlocked, m.asPinned() + "; " + r.Message, r.Hint}
}

func (m *matter) keepOutside(*offer) *Reason {
	r := m.release()
	o := m.best(func(o *offer) bool { return o.deployable })
	if r == nil || o == nil || m.allows(o) || o.Release.Version.Compare(r.Version) <= 0 {
		return nil
	}
	return &Reason{CodeNewerOutside, fmt.Sprintf("%s; %s is here, outside the pin %s", m.asPinned(), o.Release.Version, m.want.Pin), ""}
}
