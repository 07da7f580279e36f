package plan

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// A DriftMode says what follows where somebody else changed a visual.
type DriftMode string

// The modes.
const (
	DriftReport DriftMode = "report" // the default: it is told, and a person decides
	// DriftAdopt takes what somebody put for what there is, where its bytes are
	// known and its license is good.
	DriftAdopt DriftMode = "adopt"
	// DriftRestore puts back what is wanted, once for each change, and never against
	// a person who went back by hand.
	DriftRestore DriftMode = "restore"
)

// DriftModes lists the modes, in the order of the constants.
func DriftModes() []DriftMode { return []DriftMode{DriftReport, DriftAdopt, DriftRestore} }

// A Response says what follows from drift of one visual. The zero Response
// reports.
type Response struct {
	Mode DriftMode
	// Restored are the packages that were replaced by way of restoring, the zero
	// digest where the visual was missing. What comes again after that is told: two
	// programs must not undo each other for ever.
	Restored []visual.Digest
}

// An Adoption takes what somebody put by hand for what there is.
type Adoption struct {
	Key   store.Key
	Name  string
	State store.State
	// Leaves keeps what somebody went back from by hand from coming back by
	// itself, as a rollback does; nil where they went back from nothing.
	Leaves *Block
	Reason string
}

// respond decides what follows from the drift of a matter, whose belief is what
// the journal knew before.
func (m *matter) respond(r Response, belief store.State, telling bool) {
	m.review = m.now.since
	if m.now.drift == "" || m.twice || m.now.stuck != nil {
		return
	}
	switch r.Mode {
	case DriftRestore:
		why := m.fights(r, belief, telling)
		m.restores = why == ""
		m.review = ""
		if why != "" {
			m.review = sentences(m.now.since, "it is not restored by itself: "+why)
		}
	case DriftAdopt:
		why := m.unadoptable()
		if why == "" {
			why = m.unconsented(belief)
		}
		if why == "" {
			m.adopts(belief)
			return
		}
		m.now.since = sentences(m.now.since, "it is not adopted: "+why)
		m.review = m.now.since
	}
}

// fights says why restoring would be a fight with somebody; empty where it is
// not.
func (m *matter) fights(r Response, belief store.State, telling bool) string {
	left := visual.Digest{}
	if is := m.now.state.Release; is != nil {
		left = is.Digest
	}
	off := m.now.state.Enabled != nil && !*m.now.state.Enabled
	switch {
	case m.now.drift == DriftAccess, off && (belief.Enabled == nil || *belief.Enabled):
		return "a person turned its access" // put back, it would be turned again by the next plan
	case m.now.drift == DriftRemoved && !telling:
		return "a person deleted it"
	case m.wentBack(belief):
		return fmt.Sprintf("somebody went back from %s to %s by hand", releaseName(*belief.Release), releaseName(*m.now.state.Release))
	case slices.Contains(r.Restored, left):
		return "it was restored from this before, and somebody did it again"
	}
	return ""
}

// wentBack says whether somebody put an older release than the one the journal
// knew: a lower version, or a license of the same version that ends sooner.
func (m *matter) wentBack(belief store.State) bool {
	was, is := belief.Release, m.now.state.Release
	if was == nil || is == nil || was.Version.IsZero() || is.Version.IsZero() {
		return false
	}
	if c := is.Version.Compare(was.Version); c != 0 {
		return c < 0
	}
	return !m.now.state.License.IsZero() && endsBefore(m.now.state.License, belief.License)
}

// unadoptable says why what somebody put cannot be taken for what there is;
// empty where it can.
func (m *matter) unadoptable() string {
	s := m.now.state
	switch {
	case m.now.drift == DriftRemoved:
		return "there is nothing to adopt"
	case s.Enabled != nil && !*s.Enabled:
		return "its access is off, and a pinned visual is wanted enabled"
	case s.Release == nil || s.Release.Digest.IsZero():
		return "nobody can tell its bytes"
	case m.want == nil:
		return "it is not pinned"
	case !m.want.Pin.Allows(s.Release.Version):
		return fmt.Sprintf("the pin %s does not allow %s", m.want.Pin, s.Release.Version)
	}
	o := m.installed()
	switch {
	case o == nil:
		return "its package is not in the archive"
	case m.blockOf(o) != nil:
		return "a rollback left it"
	case !passesAsked(o):
		return first(o.Judgment).Message
	}
	return ""
}

// unconsented says which rule, or who, does not let what somebody made by hand
// become what there is: by hand is no way around either. Empty where all do.
func (m *matter) unconsented(belief store.State) string {
	if m.consent == nil {
		return ""
	}
	s := m.made(belief)
	for _, g := range m.consent(s) {
		if g.State != GateClosed {
			continue
		}
		m.unadopted = &s
		if g.Kind == GateApproval {
			return fmt.Sprintf("%s (%s)", g.Message, g.Hint)
		}
		return g.Message
	}
	return ""
}

// made is what somebody made by hand, as the change that it is. Going back is one
// that a person asked for.
func (m *matter) made(belief store.State) Step {
	to := m.now.state
	to.License = earliestEnd(to.Release.Digest, m.offers)
	s := Step{Key: m.key, Name: m.name(nil), Kind: change.Install, From: belief, To: to,
		Reason: Reason{CodeAdopt, m.now.since, ""}, Asked: m.wentBack(belief)}
	if was := belief.Release; was != nil {
		s.Kind = m.madeFrom(*was, *to.Release)
	}
	return s.Identified()
}

func (m *matter) madeFrom(was, is visual.Release) change.Kind {
	switch c := is.Version.Compare(was.Version); {
	case c > 0:
		return change.Upgrade
	case c < 0:
		return change.Downgrade
	case is.Digest == was.Digest:
		return change.Enable
	case m.provenSame(m.installed(), func(o *offer) bool { return o.Release.Digest == was.Digest }):
		return change.Renew
	}
	return change.Replace
}

// adopts makes the adoption, and the block of what was gone back from.
func (m *matter) adopts(belief store.State) {
	a := &Adoption{Key: m.key, Name: m.name(nil), State: m.now.state,
		Reason: sentences("adopted, as the settings say (drift: adopt)", m.now.since)}
	if o := m.installed(); o != nil {
		a.State.License = earliestEnd(o.Release.Digest, m.offers)
	}
	if m.now.drift == DriftChanged && m.wentBack(belief) {
		a.Leaves = m.leaves(*belief.Release, a.Reason)
	}
	m.adoption = a
}

// leaves blocks what somebody went back from by hand: its version, or within one
// version that package, and its code where that is another.
func (m *matter) leaves(was visual.Release, reason string) *Block {
	b := &Block{Key: m.key, Digest: was.Digest, Pin: m.want.Pin.String(), Reason: reason}
	if !was.Version.Equal(m.now.state.Release.Version) {
		b.Version = was.Version
	}
	for i := range m.offers {
		if o := &m.offers[i]; o.Release.Digest == was.Digest && !m.sameContent(o) {
			b.Content = o.Content
		}
	}
	return b
}
