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

// respond decides what follows from the drift of a visual, whose belief is what
// the journal knew before.
func (v *visualPlan) respond(r Response, belief store.State, telling bool) {
	v.review = v.now.driftText
	if v.now.drift == "" || v.twice || v.now.stuck != nil {
		return
	}
	switch r.Mode {
	case DriftRestore:
		why := v.restoreObjection(r, belief, telling)
		v.restores = why == ""
		v.review = ""
		if why != "" {
			v.review = sentences(v.now.driftText, "it is not restored by itself: "+why)
		}
	case DriftAdopt:
		why := v.adoptObjection()
		if why == "" {
			why = v.consentObjection(belief)
		}
		if why == "" {
			v.adopt(belief)
			return
		}
		v.now.driftText = sentences(v.now.driftText, "it is not adopted: "+why)
		v.review = v.now.driftText
	}
}

// restoreObjection says why restoring would be a fight with somebody; empty where it is
// not.
func (v *visualPlan) restoreObjection(r Response, belief store.State, telling bool) string {
	left := visual.Digest{}
	if is := v.now.state.Release; is != nil {
		left = is.Digest
	}
	off := v.now.state.Enabled != nil && !*v.now.state.Enabled
	switch {
	case v.now.drift == DriftAccess, off && (belief.Enabled == nil || *belief.Enabled):
		return "a person turned its access" // put back, it would be turned again by the next plan
	case v.now.drift == DriftRemoved && !telling:
		return "a person deleted it"
	case v.wentBack(belief):
		return fmt.Sprintf("somebody went back from %s to %s by hand", releaseName(*belief.Release), releaseName(*v.now.state.Release))
	case slices.Contains(r.Restored, left):
		return "it was restored from this before, and somebody did it again"
	}
	return ""
}

// wentBack says whether somebody put an older release than the one the journal
// knew: a lower version, or a license of the same version that ends sooner.
func (v *visualPlan) wentBack(belief store.State) bool {
	was, is := belief.Release, v.now.state.Release
	if was == nil || is == nil || was.Version.IsZero() || is.Version.IsZero() {
		return false
	}
	if c := is.Version.Compare(was.Version); c != 0 {
		return c < 0
	}
	return !v.now.state.License.IsZero() && endsBefore(v.now.state.License, belief.License)
}

// adoptObjection says why what somebody put cannot be taken for what there is;
// empty where it can.
func (v *visualPlan) adoptObjection() string {
	s := v.now.state
	switch {
	case v.now.drift == DriftRemoved:
		return "there is nothing to adopt"
	case s.Enabled != nil && !*s.Enabled:
		return "its access is off, and a pinned visual is wanted enabled"
	case s.Release == nil || s.Release.Digest.IsZero():
		return "nobody can tell its bytes"
	case v.want == nil:
		return "it is not pinned"
	case !v.pinAllows(*s.Release):
		return fmt.Sprintf("the pin %s does not allow %s", v.want.Pin.Short(), s.Release.Version)
	}
	c := v.installedCandidate()
	switch {
	case c == nil:
		return "its package is not in the archive"
	case v.blockOf(c) != nil:
		return "a rollback left it"
	case !passesAsked(c):
		return hardestFinding(c.Judgment).Message
	}
	return ""
}

// consentObjection says which rule, or who, does not let what somebody made by hand
// become what there is: by hand is no way around either. Empty where all do.
func (v *visualPlan) consentObjection(belief store.State) string {
	s := v.stepMadeByHand(belief)
	for _, g := range v.gates.consentGates(s) {
		if g.State != GateClosed {
			continue
		}
		v.unadopted = &s
		if g.Kind == GateApproval {
			return fmt.Sprintf("%s (%s)", g.Message, g.Hint)
		}
		return g.Message
	}
	return ""
}

// stepMadeByHand is what somebody made by hand, as the change that it is. Going back is one
// that a person asked for.
func (v *visualPlan) stepMadeByHand(belief store.State) Step {
	to := v.now.state
	to.License = earliestEnd(to.Release.Digest, v.candidates)
	s := Step{Key: v.key, Name: v.displayName(nil), Kind: change.Install, From: belief, To: to,
		Reason: Reason{CodeAdopt, v.now.driftText, ""}, Asked: v.wentBack(belief)}
	if was := belief.Release; was != nil {
		s.Kind = v.kindMadeByHand(*was, *to.Release)
	}
	return s.Identified()
}

func (v *visualPlan) kindMadeByHand(was, is visual.Release) change.Kind {
	switch c := is.Version.Compare(was.Version); {
	case c > 0:
		return change.Upgrade
	case c < 0:
		return change.Downgrade
	case is.Digest == was.Digest:
		return change.Enable
	case v.provenSame(v.installedCandidate(), func(o *ranked) bool { return o.Release.Digest == was.Digest }):
		return change.Renew
	}
	return change.Replace
}

// adopt makes the adoption, and the block of what was gone back from.
func (v *visualPlan) adopt(belief store.State) {
	a := &Adoption{Key: v.key, Name: v.displayName(nil), State: v.now.state,
		Reason: sentences("adopted, as the settings say (drift: adopt)", v.now.driftText)}
	if c := v.installedCandidate(); c != nil {
		a.State.License = earliestEnd(c.Release.Digest, v.candidates)
	}
	if v.now.drift == DriftChanged && v.wentBack(belief) {
		a.Leaves = v.wayBackByHand(*belief.Release, a.Reason).Block()
	}
	v.adoption = a
}

// wayBackByHand is what somebody went back from and to by hand.
func (v *visualPlan) wayBackByHand(was visual.Release, reason string) WayBack {
	w := WayBack{
		Key: v.key, From: store.State{Presence: store.Present, Release: &was}, To: v.now.state,
		Pin: v.want.Pin.String(), Reason: reason,
	}
	for i := range v.candidates {
		if c := &v.candidates[i]; c.Release.Digest == was.Digest {
			w.Content, w.KeepsCode = c.Content, v.sameContent(c)
		}
	}
	return w
}
