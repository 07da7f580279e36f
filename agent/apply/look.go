package apply

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// A readback is what a store tells of one visual right now.
type readback struct {
	traits  store.Traits
	present bool
	listing store.Listing
}

func (a *Applier) readBack(ctx context.Context, k store.Key) (readback, error) {
	target, ok := a.Stores[k.Store]
	if !ok {
		return readback{}, fmt.Errorf("the settings name no store %q", k.Store)
	}
	l, present, err := target.Look(ctx, k.GUID)
	if err != nil {
		return readback{}, fmt.Errorf("cannot look into the store %s: %w", k.Store, err)
	}
	return readback{traits: target.Traits(), present: present, listing: l}, nil
}

// tells says whether the store can tell what became of a step: by bytes always,
// otherwise where what it tells of before and after differs: presence, version,
// or access.
func (v readback) tells(s plan.Step) bool {
	return v.traits.TellsDigest || !v.matches(s.From) || !v.matches(s.To)
}

// claim is how much may be said of what was seen. A version that was read back
// does not say which bytes have it.
func (v readback) claim() store.Claim {
	if v.traits.TellsDigest {
		return store.Verified
	}
	return store.Acknowledged
}

// matches says whether nothing that the store tells speaks against this state.
func (v readback) matches(s store.State) bool {
	switch {
	case s.Presence == store.Unknown, !v.traits.TellsPresence:
		return true
	case !v.present:
		return s.Presence == store.Absent
	case s.Presence == store.Absent:
		return false
	case v.listing.Release == nil && v.traits.TellsDigest: // nobody can read it
		return false
	case s.Release != nil && v.listing.Release != nil && !v.shows(*s.Release):
		return false
	case s.Enabled != nil && v.listing.Enabled != nil && *s.Enabled != *v.listing.Enabled:
		return false
	}
	return true
}

// shows says whether the release that the store tells is this one.
func (v readback) shows(r visual.Release) bool {
	if v.traits.TellsDigest {
		return v.listing.Release.Digest == r.Digest
	}
	return v.listing.Release.Version.Equal(r.Version)
}

// String tells people what was seen.
func (v readback) String() string {
	switch {
	case !v.present:
		return "no such visual"
	case v.listing.Problem != "":
		return "something that cannot be read: " + v.listing.Problem
	case v.listing.Release == nil:
		return "a release it cannot tell"
	case v.listing.Enabled != nil && !*v.listing.Enabled:
		return v.listing.Release.String() + ", access off"
	}
	return v.listing.Release.String()
}

func describe(s store.State) string {
	switch {
	case s.Presence == store.Absent:
		return "no such visual"
	case s.Release == nil:
		return "an unknown release"
	case s.Enabled != nil && !*s.Enabled:
		return s.Release.String() + ", access off"
	}
	return s.Release.String()
}
