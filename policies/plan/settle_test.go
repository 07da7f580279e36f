package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A license ends sooner than was believed where a statement of the same id about the
// same bytes says so; nothing else shortens it.
func TestWhatShortensALicense(t *testing.T) {
	sooner := func(edit func(*Candidate)) Candidate {
		c := v14
		c.Terms.Ends = date("2027-01-01")
		edit(&c)
		return c
	}
	for _, c := range []struct {
		name  string
		with  Candidate
		state func(*store.State)
		want  string
	}{
		{"the same statement", sooner(func(*Candidate) {}), func(*store.State) {}, "2027-01-01"},
		{"another statement", sooner(func(c *Candidate) { c.Terms.ID = "jti-other" }), func(*store.State) {}, "2027-06-01"},
		{"about other bytes", sooner(func(c *Candidate) { c.Release = v15.Release }), func(*store.State) {}, "2027-06-01"},
		{"of a release that nobody knows", sooner(func(*Candidate) {}), func(s *store.State) { s.Release = nil }, "2027-06-01"},
	} {
		s := settled{state: v14.state()}
		c.state(&s.state)
		if got := s.licenseEnds([]ranked{{Candidate: &c.with}}); !got.Equal(date(c.want)) {
			t.Errorf("%s: it ends on %s, want %s", c.name, got.Format(time.DateOnly), c.want)
		}
	}
	bare := settled{state: v14.state()}
	bare.state.License = license.Terms{}
	with := sooner(func(c *Candidate) { c.Terms.ID = "" })
	if got := bare.licenseEnds([]ranked{{Candidate: &with}}); !got.IsZero() {
		t.Errorf("a license that is not known ends on %s", got)
	}
}

// Without a baseline a person says what is there, or, of what the store does not list,
// that nothing is.
func TestTheHintForABaseline(t *testing.T) {
	for _, isUnlisted := range []bool{true, false} {
		if got := noBaseline(gauge("main"), isUnlisted).Hint; strings.Contains(got, "--absent") != isUnlisted {
			t.Errorf("unlisted %v: %q", isUnlisted, got)
		}
	}
}

// What a store lists and the journal does not know is what the store tells of it.
func TestWhatTheJournalDoesNotKnow(t *testing.T) {
	told := v14.Release
	for _, c := range []struct {
		name    string
		belief  store.State
		release *visual.Release
		traits  store.Traits
		want    *visual.Release
	}{
		{"bytes are told", store.State{Presence: store.Absent}, &told, tellsAll, &told},
		{"versions are told", store.State{Presence: store.Absent}, &told, tellsVersion, &visual.Release{Version: told.Version}},
		{"nothing is told", store.State{Presence: store.Absent}, &told, tellsNothing, nil},
		{"no release is told where bytes are", store.State{Presence: store.Absent}, nil, tellsAll, nil},
		{"no release is told where versions are", store.State{Presence: store.Absent}, nil, tellsVersion, nil},
		{"believed to be there, without a release", store.State{Presence: store.Present}, &told, tellsAll, &told},
		{"believed to be absent, with a release", func() store.State { s := v13.state(); s.Presence = store.Absent; return s }(), &told, tellsAll, &told},
	} {
		s := settleListed(c.belief, store.Listing{GUID: v14.GUID, Release: c.release}, c.traits, nil)
		switch got := s.state.Release; {
		case (got == nil) != (c.want == nil), got != nil && *got != *c.want:
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if s.unrecorded != (c.belief.Presence != store.Absent) {
			t.Errorf("%s: unrecorded %v", c.name, s.unrecorded)
		}
	}
}

func TestWhoChangedTheAccess(t *testing.T) {
	for enabled, want := range map[bool]string{true: "someone enabled it since", false: "someone disabled it since"} {
		if got := accessSentence(enabled); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A store that is read now shows that something is gone, whatever else it tells.
func TestWhatAStoreDoesNotListNowIsGone(t *testing.T) {
	for name, traits := range map[string]store.Traits{"everything": tellsAll, "versions": tellsVersion, "presence alone": tellsPresence} {
		s := settle(Present{Key: gauge("main"), Belief: v14.state()}, traits, nil)
		if s.state.Presence != store.Absent || s.drift != DriftRemoved {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for name, traits := range map[string]store.Traits{"everything": tellsAll, "presence alone": tellsPresence} {
		listed := store.Listing{GUID: v14.GUID}
		if s := settle(Present{Key: gauge("main"), Belief: v14.state(), Observed: &listed}, traits, nil); s.state.Presence != store.Present || s.drift != "" || s.state.Release == nil {
			t.Errorf("listed, %s: %+v", name, s)
		}
		if s := settle(Present{Key: gauge("main")}, traits, nil); s.state.Presence != store.Absent || s.stuck != nil {
			t.Errorf("never recorded and not listed, %s: %+v", name, s)
		}
	}
	if s := settle(Present{Key: gauge("main"), Belief: v14.state()}, tellsNothing, nil); s.state.Presence != store.Present || s.drift != "" {
		t.Errorf("nothing: %+v", s)
	}
}
