package store

import (
	"time"

	"github.com/orgstore/orgstore/packages/visual"
)

// A Source says where a store's entry of a visual came from.
type Source string

// The sources. An entry whose source nobody told has none.
const (
	FromFile      Source = "file"
	FromAppSource Source = "appsource" // it updates by itself and cannot be pinned
)

// A Brief is what a person must know who makes a change that waits for them.
type Brief struct {
	Key      Key
	Name     string // the visual's, as people see it; may be empty
	Kind     string // the word for the change
	Reason   string // why it is made; may be empty
	From, To State
}

// An Export is a list that a person took from a store, for drivers that cannot
// see into it themselves.
type Export struct {
	Taken  time.Time
	Listed map[visual.GUID]Listing
	// Outdated holds the visuals that were changed since: of them the export
	// tells nothing any more.
	Outdated map[visual.GUID]bool
}

// A DriverContext is what a driver is told that sees nothing of its store by itself, by
// whoever keeps the journal. Each member is asked when it is needed; all may be
// nil.
type DriverContext struct {
	// Brief tells of a change that was begun and is not closed; false where no
	// such change is open.
	Brief func(StepID) (Brief, bool)
	// Export returns the newest export; nil if there is none.
	Export func() *Export
	// Now is the wall clock, for dates that people read.
	Now func() time.Time
	// Store is what people call the store; empty where there is no other. Tenant is
	// the ID of the tenant that it belongs to.
	Store, Tenant string
}
