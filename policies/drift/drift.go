// Package drift says where a store is not as orgstore left it, and who changed
// it, as far as anybody can tell. It compares what is wanted, what the journal
// believes, what the store tells and what the tenant's activity log told. What
// cannot be known it says, too. It reads no clock, no file and no store.
//
// How far each witness reaches:
//
//	the store's bytes or digest   which package is there
//	a list                        presence, source and access; never a version
//	a list's time of change       that something was changed; its form is unknown
//	an event of the log           that something was changed, by whom and when;
//	                              whether it names the visual is unknown
package drift

import (
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// A Class says in which way a store is not as it should be. Other programs read
// the words: they are never renamed.
type Class string

// The classes.
const (
	Version       Class = "version"        // another version is there
	License       Class = "license"        // the same code under another license
	Access        Class = "access"         // somebody turned it
	UnknownVisual Class = "unknown-visual" // in the store, not in the settings
	Missing       Class = "missing"        // it was there, and is not any more
	Changed       Class = "changed"        // somebody changed something; what cannot be told
	Unknown       Class = "unknown"        // what cannot be known
)

// Classes lists every class, in the order of the constants.
func Classes() []Class {
	return []Class{Version, License, Access, UnknownVisual, Missing, Changed, Unknown}
}

// A Finding is one thing that is not as it should be, or cannot be known.
type Finding struct {
	Class Class
	Code  verdict.Code
	// Key names the visual; without one it is about the store as a whole.
	Key  store.Key
	Name string
	// Counts says that somebody should do something. Otherwise it is only told:
	// a store that never tells versions is no news.
	Counts bool
	// Believed is what the journal's entries add up to, Found what is taken to be
	// there. Both are zero where that means nothing.
	Believed, Found store.State
	// By and At are who changed it and when, where the activity log tells that of
	// this visual. Event is that event's key.
	By    string
	At    time.Time
	Event string

	Message, Hint string
}

// An Own is a change of orgstore's own, or what a person said is there.
type Own struct {
	Step   store.StepID // empty for a baseline
	What   string       // in few words, such as "upgrade to 1.5.0.0"
	Begun  time.Time
	Closed time.Time // zero while it is not
	// Adds says that it may add the visual; others only change what is there.
	Adds bool
	// Changes is how many changes of the store it takes, such as an update and a
	// switch of access; zero means one. It explains no more events than that.
	Changes int
	Fate    Fate
}

// A Fate is what became of a change.
type Fate string

// The fates.
const (
	Open      Fate = "open"      // it was laid out or begun, and nobody said how it went
	Made      Fate = "made"      // it was made, or a person said what is there
	Withdrawn Fate = "withdrawn" // taken back; who had read the task may have made it
	Uncertain Fate = "uncertain" // failed, and nobody can tell whether it was made
	Unmade    Fate = "unmade"    // failed before the store was changed
)

// An Event is one of the tenant's activity log. Its ID is never empty.
type Event struct {
	tenant.Event
	// Settled is when a person said that it is as it should be; zero: nobody did.
	Settled time.Time
}

// A Shift says that a store's list wrote two times of change for an entry, one
// in each of two lists.
type Shift struct {
	Was, Is    string
	From, Till time.Time // when the lists were taken
}

// A Note is what a store's newest list writes about when an entry was changed.
type Note struct {
	Text string
	// Times are what the text may mean: its form is nobody's promise.
	Times []time.Time
}

// A Log says how the activity log was read.
type Log struct {
	// Off says why it is not asked at all; empty where it is.
	Off string
	// Until is up to where it was read; zero where it never was.
	Until time.Time
	// Problem says why it could not be read now; empty where it could.
	Problem string
}

// Input is all that is compared. The order of its lists means nothing, but that
// of a visual's own changes: the oldest comes first.
type Input struct {
	Wanted     []plan.Wanted
	Present    []plan.Present
	Drifts     map[store.Key]plan.Drift // what a plan found, from the same look
	Candidates []plan.Candidate
	Hybrid     map[store.Key]bool // see plan.Input
	Traits     map[string]store.Traits
	// Tenant lists the stores that are the tenant's Organizational Store: events
	// are about these.
	Tenant []string
	// Names are what a visual may be called, in the portal too.
	Names   map[store.Key][]string
	Own     map[store.Key][]Own
	Events  []Event
	Shifts  map[store.Key]Shift
	Notes   map[store.Key]Note
	Lists   map[string]time.Time // when the newest list of a store was taken
	Settled map[store.Key]time.Time
	Log     Log
	Unread  map[string]plan.Unread // stores that could not be looked into
	// App is the application that orgstore signs in as; empty where it signs in as a
	// person, or not at all. A store that needs no person is changed by it, and by
	// nobody else.
	App string
}

// A Report is what was found.
type Report struct {
	Findings  []Finding  // by visual; about a store as a whole last
	Sightings []Sighting // by time
}

// A Sighting is an event and what it is about.
type Sighting struct {
	Event
	// GUID is the visual that the event names; zero where it names none that is
	// known here.
	GUID visual.GUID
	Name string
	// Step is the change of orgstore's own in whose time it falls: it speaks for
	// that one, and confirms nothing. Empty where there is none.
	Step store.StepID
	What string // that change, in few words
	// Beyond is the change in whose time it falls, and that other events explain
	// already: somebody changed the store once more. Then Step is empty. InTime is
	// how many events fall into that time.
	Beyond store.StepID
	InTime int
	// Doubt says that the change was taken back or nobody can tell how it went.
	Doubt bool
	// Over says that it tells nothing about the present any more: a person settled
	// it, or what is there was made or looked at since.
	Over bool
}

// Count says how many of the findings count.
func (r Report) Count() int {
	n := 0
	for _, f := range r.Findings {
		if f.Counts {
			n++
		}
	}
	return n
}

// Speaks returns the newest event that falls into the time of a change; false
// where there is none. It speaks for that change and confirms nothing.
func (r Report) Speaks(id store.StepID) (Sighting, bool) {
	for _, s := range slices.Backward(r.Sightings) {
		if s.Step == id && !s.Failed {
			return s, true
		}
	}
	return Sighting{}, false
}
