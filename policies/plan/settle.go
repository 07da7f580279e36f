package plan

import (
	"fmt"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A DriftKind says in which way a store was changed behind the journal's back.
// The words are part of a plan's basis.
type DriftKind string

// The kinds of drift.
const (
	DriftRemoved DriftKind = "removed"
	DriftAdded   DriftKind = "added"
	DriftChanged DriftKind = "changed" // another package
	DriftAccess  DriftKind = "access"
)

// A Drift is what somebody else changed of a visual, as far as the store tells.
type Drift struct {
	Kind DriftKind
	// State is what is taken to be present now.
	State   store.State
	Message string
}

// settled is what is taken to be present: what the store tells wins over what
// the journal believes, as far as the store can tell.
type settled struct {
	state     store.State
	name      string    // as the store says
	drift     DriftKind // empty if journal and store agree
	driftText string    // the drift as a sentence
	// unrecorded says that the visual was there before orgstore came.
	unrecorded bool
	// stuck says why nothing may be changed whatever is wanted; nil if something may.
	stuck *Reason
}

func settle(p Present, t store.Traits, candidates []ranked) settled {
	belief := p.Belief
	if belief.Presence == "" {
		belief.Presence = store.Unknown
	}
	var s settled
	switch {
	case p.Observed == nil && t.TellsPresence:
		s = settleUnlisted(belief)
	case p.Observed == nil:
		s = settleUnreadable(belief, p.AbsentSince)
	default:
		s = settleListed(belief, *p.Observed, t, candidates)
		s.name = p.Observed.Name
	}
	s.state.License.Ends = s.licenseEnds(candidates)
	switch {
	case p.Observed != nil && p.Observed.Source == store.FromAppSource:
		s.stuck = &Reason{CodeAppSource,
			"its entry in the store came from AppSource, which updates it by itself: it cannot be pinned and is never touched",
			"to pin the visual, reports must use one that was added from a file"}
	case p.Observed != nil && p.Observed.Problem != "":
		s.stuck = &Reason{CodeProblem, "the store cannot tell what it holds: " + p.Observed.Problem,
			"put right what the store holds, then plan again"}
	case s.unrecorded, s.state.Presence == store.Unknown, s.state.Presence == store.Present && s.state.Release == nil:
		s.stuck = noBaseline(p.Key, p.Observed == nil)
	}
	return s
}

// licenseEnds is when the license of what is present ends: sooner than was believed
// when it was put, where that has been found out since.
func (s settled) licenseEnds(candidates []ranked) time.Time {
	believed := s.state.License
	if s.state.Release == nil || believed.IsZero() {
		return believed.Ends
	}
	for i := range candidates {
		c := &candidates[i]
		if c.Release.Digest == s.state.Release.Digest && c.Terms.ID == believed.ID && endsBefore(c.Terms, believed) {
			believed.Ends = c.Terms.Ends
		}
	}
	return believed.Ends
}

// noBaseline is the reason to leave alone what was installed before orgstore came.
// Where the store does not list it, there may be none at all.
func noBaseline(k store.Key, unlisted bool) *Reason {
	r := &Reason{CodeNoBaseline,
		"nobody can tell which package is installed, so nothing is changed",
		fmt.Sprintf("say which one it is: orgstore store baseline %s --package FILE --evidence TEXT", k.GUID)}
	if unlisted {
		r.Hint += "; or, where the store has none, --absent in place of --package FILE"
	}
	return r
}

// settleUnreadable settles a visual in a store that tells nothing by itself. The list
// that a person took tells that a visual is not there; what it was when it was
// there only the journal knows.
func settleUnreadable(belief store.State, lacking time.Time) settled {
	if lacking.IsZero() || belief.Presence == store.Absent {
		return settled{state: belief}
	}
	s := settled{state: store.State{Presence: store.Absent, Claim: store.Confirmed}}
	if belief.Presence == store.Present {
		s.drift = DriftRemoved
		s.driftText = fmt.Sprintf("the store's list of %s does not have it any more: somebody deleted it, and reports that use it stay broken even if it is added again", day(lacking))
	}
	return s
}

// settleUnlisted settles a visual that a store does not list now.
func settleUnlisted(belief store.State) settled {
	s := settled{state: store.State{Presence: store.Absent, Claim: store.Verified}}
	if belief.Presence == store.Present {
		s.drift = DriftRemoved
		s.driftText = "somebody removed it; putting it back needs a decision"
	}
	return s
}

// settleListed settles a visual that the store lists.
func settleListed(belief store.State, told store.Listing, t store.Traits, candidates []ranked) settled {
	if belief.Presence != store.Present || belief.Release == nil {
		return settleUnrecorded(belief, told, t, candidates)
	}
	s := settled{state: belief}
	if r := told.Release; r != nil && t.TellsDigest && !r.Digest.IsZero() {
		s.state.Claim = store.Verified
		if r.Digest != belief.Release.Digest {
			s = settleChanged(*belief.Release, completeRelease(*r, candidates), candidates)
		}
	} else if r != nil && t.TellsVersion && !r.Version.Equal(belief.Release.Version) {
		s = settleChanged(*belief.Release, visual.Release{Version: r.Version}, candidates)
	}
	if told.Enabled != nil {
		if s.drift == "" && belief.Enabled != nil && *belief.Enabled != *told.Enabled {
			s.drift, s.driftText = DriftAccess, accessSentence(*told.Enabled)
		}
		s.state.Enabled = told.Enabled
	}
	return s
}

// settleUnrecorded settles a visual that the store lists and the journal does not know
// to be there. Known to be absent, it was added by somebody; never recorded,
// it was there before orgstore came and needs a baseline.
func settleUnrecorded(belief store.State, told store.Listing, t store.Traits, candidates []ranked) settled {
	var s settled
	if r := told.Release; r != nil && t.TellsDigest && !r.Digest.IsZero() {
		s.state = stateHolding(completeRelease(*r, candidates), candidates)
	} else if r != nil && t.TellsVersion {
		s.state = stateHolding(visual.Release{Version: r.Version}, candidates)
	} else {
		s.state = store.State{Presence: store.Present, Claim: store.Unverified}
	}
	s.state.Enabled = told.Enabled
	if belief.Presence != store.Absent {
		s.unrecorded = true
		return s
	}
	s.drift, s.driftText = DriftAdded, "someone installed it since; the journal knows it as absent"
	return s
}

// settleChanged settles a release other than the one the journal believes installed.
func settleChanged(believed, told visual.Release, candidates []ranked) settled {
	return settled{
		state:     stateHolding(told, candidates),
		drift:     DriftChanged,
		driftText: fmt.Sprintf("someone changed it since: the journal knows %s, the store holds %s", releaseName(believed), releaseName(told)),
	}
}

// stateHolding is the state of a store that holds a release which the journal did not
// put there: its license is what the archive knows of that package.
func stateHolding(r visual.Release, candidates []ranked) store.State {
	s := store.State{Presence: store.Present, Release: &r, Claim: store.Verified}
	if r.Version.IsZero() {
		s.Release = nil // a digest that nobody here has a package for
		return s
	}
	if r.Digest.IsZero() {
		s.Claim = store.Unverified
		return s
	}
	s.License = earliestEnd(r.Digest, candidates)
	return s
}

// completeRelease completes a release of which the store tells the digest alone.
func completeRelease(r visual.Release, candidates []ranked) visual.Release {
	for i := range candidates {
		if r.Version.IsZero() && candidates[i].Release.Digest == r.Digest {
			r.Version = candidates[i].Release.Version
		}
	}
	return r
}

// earliestEnd returns the terms under which a package ends first: of several
// statements about the same bytes, none extends another by itself.
func earliestEnd(d visual.Digest, candidates []ranked) license.Terms {
	var earliest license.Terms
	for i := range candidates {
		c := &candidates[i]
		if c.Release.Digest != d || c.Terms.IsZero() {
			continue
		}
		if earliest.IsZero() || endsBefore(c.Terms, earliest) {
			earliest = c.Terms
		}
	}
	return earliest
}

// endsBefore says whether a ends before b; a license whose end is not known
// tells nothing, so any known end comes before it.
func endsBefore(a, b license.Terms) bool {
	return !a.Ends.IsZero() && (b.Ends.IsZero() || a.Ends.Before(b.Ends))
}

func accessSentence(enabled bool) string {
	if enabled {
		return "someone enabled it since"
	}
	return "someone disabled it since"
}
