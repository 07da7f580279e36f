package apply

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/packages/store"
)

// A sight is what a store tells of one visual right now.
type sight struct {
	tells   bool // whether the store can tell which package it holds
	present bool
	listing store.Listing
}

func (a *Applier) look(ctx context.Context, k store.Key) (sight, error) {
	target, ok := a.Stores[k.Store]
	if !ok {
		return sight{}, fmt.Errorf("the settings name no store %q", k.Store)
	}
	all, err := target.Installed(ctx)
	if err != nil {
		return sight{}, fmt.Errorf("cannot look into the store %s: %w", k.Store, err)
	}
	l, present := all[k.GUID]
	return sight{tells: target.Traits().TellsDigest, present: present, listing: l}, nil
}

// matches says whether the store shows this state, as far as it can tell.
func (v sight) matches(s store.State) bool {
	switch {
	case s.Presence == store.Unknown:
		return true
	case !v.present:
		return s.Presence == store.Absent
	case s.Presence == store.Absent || v.listing.Release == nil:
		return false
	case s.Release != nil && v.listing.Release.Digest != s.Release.Digest:
		return false
	case s.Enabled != nil && v.listing.Enabled != nil && *s.Enabled != *v.listing.Enabled:
		return false
	}
	return true
}

// String tells people what was seen.
func (v sight) String() string {
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
