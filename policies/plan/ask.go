package plan

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// answer decides what a person asked for; the pin has no say in it. Access is
// left as it is: the pin's next plan sees to it.
func (m *matter) answer() ([]Step, *Idle) {
	if m.ask.Version.IsZero() {
		return m.answerDisable()
	}
	var version, free []*offer
	for i := range m.offers {
		o := &m.offers[i]
		if !o.deployable || !o.Release.Version.Equal(m.ask.Version) || o.Release.Digest == m.ask.Not {
			continue
		}
		version = append(version, o)
		if m.blockOf(o) == nil {
			free = append(free, o)
		}
	}
	switch {
	case len(version) == 0:
		return nil, m.blocked(m.askNoPackage())
	case len(free) == 0:
		return nil, m.blocked(m.rolledBack(version[0], "cannot go back to it"))
	}
	o, review := m.askBest(free)
	if o == nil {
		return nil, m.blocked(m.askRefused(free[0]))
	}
	if r := m.release(); r != nil && r.Digest == o.Release.Digest {
		return nil, m.idle(Reason{CodeAlready, fmt.Sprintf("%s is installed already", r.Version), ""})
	}
	return []Step{m.answerPut(choice{o, m.askKind(o), review})}, nil
}

// askBest picks what passes, else what a person may decide to put: with the
// code asked for where that has any, and of these the longest license.
func (m *matter) askBest(free []*offer) (o *offer, review string) {
	if o := m.askLongest(free, passesAsked); o != nil {
		return o, ""
	}
	if o := m.askLongest(free, needsReview); o != nil {
		return o, reviewText(o.Judgment)
	}
	return nil, ""
}

func (m *matter) askLongest(free []*offer, fits func(*offer) bool) *offer {
	fit := slices.DeleteFunc(slices.Clone(free), func(o *offer) bool { return !fits(o) })
	if len(fit) == 0 {
		return nil
	}
	if m.ask.Content != "" {
		for _, o := range fit { // from the longest license down
			if m.holds(o, m.ask.Content) {
				return o
			}
		}
	}
	return fit[0]
}

// askKind says what going to an offer is. Going back within one version to a
// license that ends sooner is no renewal: it passes for other code.
func (m *matter) askKind(o *offer) change.Kind {
	r := m.release()
	if r == nil {
		return change.Install
	}
	switch c := o.Release.Version.Compare(r.Version); {
	case c > 0:
		return change.Upgrade
	case c < 0:
		return change.Downgrade
	case m.sameContent(o) && o.Terms.Ends.After(m.now.state.License.Ends):
		return change.Renew
	}
	return change.Replace
}

func (m *matter) answerPut(c choice) Step {
	release := c.offer.Release
	to := store.State{Presence: store.Present, Release: &release, License: c.offer.Terms, Enabled: m.now.state.Enabled}
	if c.kind == change.Install {
		to = withAccess(to, true)
	}
	return Step{
		Key: m.key, Name: m.name(c.offer), Kind: c.kind, From: m.now.state, To: to,
		Reason: Reason{CodeAsked, m.ask.Reason, ""},
		Back:   m.back(), Review: sentences(c.review, m.now.since), Asked: true,
	}
}

// answerDisable undoes a first install: nothing is ever taken out of a store.
func (m *matter) answerDisable() ([]Step, *Idle) {
	s := m.now.state
	if s.Presence == store.Absent {
		return nil, m.idle(Reason{CodeAlready, "it is not installed, so there is nothing to disable", ""})
	}
	if s.Enabled != nil && !*s.Enabled {
		return nil, m.idle(Reason{CodeAlready, "it is disabled already", ""})
	}
	return []Step{{
		Key: m.key, Name: m.name(nil), Kind: change.Disable, From: s, To: withAccess(s, false),
		Reason: Reason{CodeAsked, m.ask.Reason, ""},
		Back:   Back{Possible: true}, Review: m.now.since, Asked: true,
	}}, nil
}

func (m *matter) askNoPackage() Reason {
	text := fmt.Sprintf("cannot go back to %s: no package of it is in the archive", m.ask.Version)
	if r := m.release(); r != nil && r.Digest == m.ask.Not && r.Version.Equal(m.ask.Version) {
		text = fmt.Sprintf("cannot go back within %s: no other package of it is in the archive", m.ask.Version)
	}
	return Reason{CodeNoPackage, text,
		fmt.Sprintf("add one with orgstore package add FILE, or go to another version: orgstore history %s", m.key.GUID)}
}

// askRefused says why the way back is closed and what to ask the vendor for.
func (m *matter) askRefused(o *offer) Reason {
	f := first(o.Judgment)
	code := f.Code
	if o.Judgment.Has(CodeExpired) {
		code = CodeRollbackExpired
	}
	text := fmt.Sprintf("cannot go back to %s: %s", o.Release.Version, f.Message)
	return Reason{code, text, sentences(requestHint(m.name(o), m.key.GUID, o), f.Hint)}
}

// requestHint says what to ask a vendor for, in the words a vendor needs.
func requestHint(name string, g visual.GUID, o *offer) string {
	what := fmt.Sprintf("%s %s (GUID %s", name, o.Release.Version, g)
	if name == "" {
		what = fmt.Sprintf("%s (GUID %s", o.Release.Version, g)
	}
	if id := o.Terms.ID; id != "" {
		what += ", license " + id
		if o.Terms.Subscription != "" {
			what += " of subscription " + o.Terms.Subscription
		}
	}
	return "ask the vendor for a renewed " + what + ")"
}
