package store

import (
	"context"
	"time"

	"github.com/orgstore/orgstore/packages/visual"
)

// As returns what of a store can do T, one of the abilities below: the store
// itself, or one that it wraps. It returns false if none can. Ask by As and
// never by a type assertion, which a wrapper would answer with no.
func As[T any](s Store) (T, bool) {
	for s != nil {
		if able, ok := s.(T); ok {
			return able, true
		}
		wrapper, ok := s.(Wrapper)
		if !ok {
			break
		}
		s = wrapper.Unwrap()
	}
	var none T
	return none, false
}

// A Wrapper is a store around another one. What it cannot do itself, As looks
// for in the store within; a wrapper that must see every call of an ability has
// the ability itself.
type Wrapper interface {
	Unwrap() Store
}

// The abilities: what only some stores can do. The suite checks that those of a
// store agree with its Traits.

// Traits is what a driver can do by itself, fixed for its lifetime. Each trait
// stands alone: a list of now tells which visuals are there, also where it tells
// no version of any. What a person's list tells is no trait.
type Traits struct {
	// TellsPresence says that the store is read when it is asked: a visual that it
	// does not list is not there. No other trait but Unattended is without it.
	TellsPresence bool
	TellsAccess   bool // Listing.Enabled is told
	TellsVersion  bool // Listing.Release has a version
	TellsDigest   bool // Listing.Release has a digest
	TellsChanged  bool // Listing.Changed is told
	TellsAuthor   bool // Listing.Author is told
	Unattended    bool // a change needs no person
}

// CanTellRelease says whether the store tells something of which package is
// there: its digest or its version.
func (t Traits) CanTellRelease() bool { return t.TellsDigest || t.TellsVersion }

// A Sweeper is a store in which an interrupted run may leave things half made.
type Sweeper interface {
	// Sweep clears them away. Its caller holds the lock: to anybody else they may
	// be the work of a run that goes on. What the store holds stays as it is.
	Sweep() error
}

// A PackageReader is a store from which packages can be read back. Its listings
// have digests.
type PackageReader interface {
	// Package returns the bytes of one visual's package; false where the store
	// holds none that can be read.
	Package(ctx context.Context, g visual.GUID) ([]byte, bool, error)
}

// A TaskKeeper is a store that lays each change out as a task for a person.
// Laying one out changes nothing, so that may be done again. A store has this
// ability if and only if it is not unattended.
type TaskKeeper interface {
	// FindTask returns the receipt of a change whose task lies there whole.
	FindTask(ctx context.Context, id StepID) (Receipt, bool, error)
	// FinishTask puts the task of a change away that a person made.
	FinishTask(ctx context.Context, id StepID) error
	// Instructions returns what a task asks a person to do; empty where there is
	// no such task.
	Instructions(id StepID) (string, error)
}

// An AbsenceReader is a store that sees nothing by itself, but has a list that a
// person took: one without TellsPresence.
type AbsenceReader interface {
	// AbsentSince returns when the list was taken, if it does not have a visual;
	// false where it does, where there is no list, or where it tells nothing of
	// the visual any more.
	AbsentSince(g visual.GUID) (time.Time, bool)
}
