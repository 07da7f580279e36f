// Package store is what any store may answer: the place from which reports
// load visuals. Every driver passes the suite of store/storetest. It does not
// know a real tenant, nor why something is put.
//
// There is no delete: in the Organizational Store it cannot be taken back.
package store

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A StepID names one change for good: a digest of what is to change, from
// what, to what. A store uses it to recognize a change it was asked for before.
type StepID string

// A Key names one visual in one store.
type Key struct {
	Store string      `json:"store"`
	GUID  visual.GUID `json:"guid"`
}

// String names the key for people.
func (k Key) String() string { return fmt.Sprintf("%s in %s", k.GUID, k.Store) }

// Compare orders keys by store, then by visual.
func (k Key) Compare(l Key) int {
	switch {
	case k.Store < l.Store:
		return -1
	case k.Store > l.Store:
		return 1
	}
	return k.GUID.Compare(l.GUID)
}

// Presence says whether a store holds a visual.
type Presence string

// The presences.
const (
	Unknown Presence = "unknown" // nobody can tell
	Absent  Presence = "absent"
	Present Presence = "present"
)

// A Claim says how far a state was seen with one's own eyes. Never more than
// was seen.
type Claim string

// The claims.
const (
	Verified     Claim = "verified"     // the store's bytes or digest were read back
	Acknowledged Claim = "acknowledged" // accepted by the store, which cannot be read back
	Confirmed    Claim = "confirmed"    // a person looked
	Unverified   Claim = "unverified"
)

// A State is what one visual is in one store. It is stored in journals: its
// JSON members are never renamed.
type State struct {
	Presence Presence `json:"presence"`
	// Release is nil where the visual is absent, or present in a release that
	// nobody can tell.
	Release *visual.Release `json:"release,omitempty"`
	// License is what was known of the release's license when it was put.
	License license.Terms `json:"license,omitzero"`
	// Enabled is nil where nobody can tell.
	Enabled *bool `json:"enabled,omitempty"`
	Claim   Claim `json:"claim,omitempty"`
}

// A Listing is what a store tells of one visual that it holds. Much may be
// unknown: see Traits.
type Listing struct {
	GUID    visual.GUID
	Name    string          // as people see it; may be empty
	Release *visual.Release // digest zero where only the version is told; nil where neither is
	Enabled *bool
	// Source is empty where nobody can tell.
	Source Source
	// Changed is when the entry was last changed, and Author who did that, both as
	// the store writes them; empty where nobody can tell.
	Changed, Author string
	// Problem says what keeps the store from telling more, such as a file that
	// is not a package. Empty if nothing does.
	Problem string
}

// A Receipt is what a store answered to a change.
type Receipt struct {
	// Waiting says that the change waits for a person and is not made yet.
	Waiting bool `json:"waiting,omitempty"`
	// Reference is the store's own name for the change: a task, a request id.
	Reference string `json:"reference,omitempty"`
	// Note is a sentence for people.
	Note string `json:"note,omitempty"`
}

// Store is a place from which reports load visuals. All methods are safe to
// repeat with the same arguments: a change that was made already is made once.
type Store interface {
	// Installed lists what the store holds, as far as it can tell.
	Installed(ctx context.Context) (map[visual.GUID]Listing, error)
	// Look tells of one visual what Installed would, at a cost that others have
	// little part in; false where the store holds no such visual.
	Look(ctx context.Context, g visual.GUID) (Listing, bool, error)
	// Put replaces a visual in place, or adds it enabled. It leaves the access
	// of a visual that is there as it is. A reader of the store sees the old
	// package or the new one, never a mixture, never none. A *verdict.Refusal,
	// of this method and the next, means that nothing was changed; a *StrangeError,
	// of any method, that the store is to be left alone.
	Put(ctx context.Context, id StepID, l license.Licensed, at moment.Moment) (Receipt, error)
	// SetAccess lets reports load a visual, or keeps them from it.
	SetAccess(ctx context.Context, id StepID, g visual.GUID, enabled bool) (Receipt, error)
	// Withdraw takes back a change that still waits; a change made or unknown
	// is left alone, without an error.
	Withdraw(ctx context.Context, id StepID) error
	// Traits tells what the driver can do.
	Traits() Traits
}

// A StrangeError is the error of a store that answered as it never did before.
// It is asked nothing more until a person has looked.
type StrangeError struct {
	// Sent says that a request that changes something had left: nobody can tell
	// what came of it. Otherwise nothing was changed.
	Sent    bool
	Reason  verdict.Code
	Message string // says what was sent and how the answer looked, and no value of it
	Advice  string
}

// Error tells what happened.
func (e *StrangeError) Error() string { return e.Message }

// Code returns the error's stable code.
func (e *StrangeError) Code() string { return string(e.Reason) }

// Hint says what a person can do.
func (e *StrangeError) Hint() string { return e.Advice }
