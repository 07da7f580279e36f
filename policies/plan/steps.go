package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// put makes the step that puts the chosen package.
func (m *matter) put(c choice) Step {
	from, release := m.now.state, c.offer.Release
	to := store.State{Presence: store.Present, Release: &release, License: c.offer.Terms, Enabled: from.Enabled}
	if c.kind == change.Install {
		enabled := true
		to.Enabled = &enabled
	}
	s := Step{
		Key: m.key, Name: m.name(c.offer), Kind: c.kind, From: from, To: to,
		Reason: m.why(c), Back: m.back(),
	}
	s.Review = sentences(c.review, m.review, m.noReturn(s))
	if m.restores {
		since := m.now.since
		if m.now.drift == DriftRemoved {
			since = "somebody removed it"
		}
		s.Reason = Reason{CodeRestore, sentences(since, "it is restored, as the settings say (drift: restore)", s.Reason.Message), s.Reason.Hint}
	}
	return s
}

// bridged makes the step that puts the chosen package. Where gates keep other code
// back, the license of what is installed is renewed meanwhile: reports do not go
// dark because an upgrade waits for Saturday.
func (m *matter) bridged(c choice) []Step {
	s := m.put(c)
	if !changesCode(c.kind) || m.release() == nil {
		return []Step{s}
	}
	renewal, is := m.renewal(m.passes)
	if !is || !m.meanwhile(s, renewal) {
		return []Step{s}
	}
	after := *m
	after.now.state = renewal.To
	return []Step{renewal, after.put(c)}
}

// renewal makes the step that renews what is installed by something that fits;
// false where nothing does. It changes no code, so it does not matter whether the
// pin still allows what is there: that stays until something else may come.
func (m *matter) renewal(fits func(*offer) bool) (Step, bool) {
	o := m.best(func(o *offer) bool {
		return o.deployable && m.blockOf(o) == nil && m.sameVersion(o) && m.kind(o) == change.Renew && fits(o)
	})
	switch {
	case o == nil:
		return Step{}, false
	case m.passes(o):
		return m.put(choice{offer: o, kind: change.Renew}), true
	}
	return m.put(choice{o, change.Renew, reviewText(o.Judgment)}), true
}

// stays makes the steps that renew what the pin does not allow any more, and
// nothing here can replace.
func (m *matter) stays() []Step {
	if m.release() == nil || m.holdsPinned() {
		return nil
	}
	s, is := m.renewal(m.passes)
	if !is {
		s, is = m.renewal(needsReview)
	}
	if !is {
		return nil
	}
	why := m.explainBlocked()
	s.Reason.Message, s.Reason.Hint = sentences(s.Reason.Message, why.Message), why.Hint
	return []Step{s}
}

// meanwhile says whether a renewal comes before other code: where gates keep that
// back now. The task for other code stays in a person's hands when its window
// closes.
func (m *matter) meanwhile(s, renewal Step) bool {
	if m.open != nil && !renewal.same(m.open.Step) {
		return false
	}
	s.ID = stepID(s)
	return m.held != nil && m.held(s)
}

func (m *matter) sameVersion(o *offer) bool {
	r := m.release()
	return r != nil && r.Version.Equal(o.Release.Version)
}

// enable makes the step that lets reports load what is installed, from the
// state the store has by then.
func (m *matter) enable(from store.State) Step {
	return Step{
		Key: m.key, Name: m.name(nil), Kind: change.Enable, From: from, To: withAccess(from, true),
		Reason: Reason{CodeAccess, "a pinned visual is wanted enabled, and it is disabled", ""},
		Back:   Back{Possible: true},
		Review: m.review,
	}
}

func withAccess(s store.State, enabled bool) store.State {
	s.Enabled, s.Claim = &enabled, ""
	return s
}

// why says why a chosen package is put.
func (m *matter) why(c choice) Reason {
	o, code := c.offer, "pin."+string(c.kind)
	text := fmt.Sprintf("%s is the newest that the pin %s allows, %s", o.Release.Version, m.want.Pin, until(o.Terms.Ends))
	switch c.kind {
	case change.Install:
		if m.now.drift == DriftRemoved {
			return Reason{CodeMissing, "it is pinned and no longer in the store; " + text, ""}
		}
	case change.Downgrade:
		text = fmt.Sprintf("the pin %s does not allow %s; %s", m.want.Pin, m.release().Version, text)
	case change.Renew:
		code = string(CodeRenewal)
		text = fmt.Sprintf("%s is renewed, %s, %s before", o.Release.Version, until(o.Terms.Ends), until(m.now.state.License.Ends))
		if !m.allows(o) {
			text += fmt.Sprintf("; it stays until something that the pin %s allows may come", m.want.Pin)
		}
	case change.Replace:
		code = string(CodeReplace)
		text = fmt.Sprintf("%s comes with other code, %s instead of %s", o.Release.Version, until(o.Terms.Ends), until(m.now.state.License.Ends))
	}
	return Reason{Code: Code(code), Message: text}
}

// back says whether what is present now could be put again now.
func (m *matter) back() Back {
	if m.now.state.Presence == store.Absent {
		return Back{Possible: true} // by disabling: a store forgets nothing
	}
	r := m.release()
	if r == nil || r.Digest.IsZero() {
		return Back{Message: "nobody can tell which package is installed"}
	}
	var refused *offer
	for i := range m.offers {
		o := &m.offers[i]
		if o.Release.Digest != r.Digest {
			continue
		}
		if passesAsked(o) {
			return Back{Possible: true}
		}
		refused = o
	}
	if refused == nil {
		return Back{Message: fmt.Sprintf("the installed package %s is not in the archive", releaseName(*r))}
	}
	return Back{Message: fmt.Sprintf("the installed package %s could not be put again: %s", releaseName(*r), first(refused.Judgment).Message)}
}

// noReturn is what a person must decide where a step cannot be taken back. A
// renewal changes no code; who asked for a rollback, or for what somebody else put
// to be replaced, wants to leave what is there.
func (m *matter) noReturn(s Step) string {
	if s.Back.Possible || s.Asked || m.restores || !changesCode(s.Kind) {
		return ""
	}
	return "there is no way back: " + s.Back.Message
}

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

// until says how long a license lasts: it is valid before that day, UTC.
func until(ends time.Time) string {
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
