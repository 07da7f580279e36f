package journal

import (
	"slices"
	"sync"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/plan"
)

// totals is what entries add up to. Once a Book holds it, it never changes; a
// writer works on a copy that shares what it does not touch.
type totals struct {
	seq  uint64
	head Hash

	// Lists in tables are replaced, never changed.
	packages     table[visual.Digest, Package]
	packagesOf   table[visual.GUID, []visual.Digest] // in the order they came
	arrived      series[visual.Digest]               // all packages, likewise
	statements   table[visual.Digest, Statement]
	statementsOf table[visual.GUID, []visual.Digest]   // by the visual they claim to be about, likewise
	stated       series[visual.Digest]                 // all statements, likewise
	bounds       table[visual.Digest, []license.Bound] // by package
	refusals     table[about, StatementRefusal]        // statements that could not be bound
	refused      table[visual.Digest, ItemRefusal]     // files that are neither
	profiled     table[visual.Digest, []Profiled]      // by package, one of each profile's name
	lists        table[visual.Digest, StatusReceived]  // status lists
	listed       series[visual.Digest]                 // all of them, in the order they came
	statuses     table[string, StatusVerified]         // the newest of each key, by its mark
	revoked      table[string, Revoked]                // what the newest of each key revoked, by its mark
	settled      table[visual.Digest, bool]            // status lists that were verified
	listRefusals table[visual.Digest, StatusRefused]   // status lists that are not believed
	updates      table[string, TrustChanged]           // by the new bundle's fingerprint
	bundles      table[string, BundleSeen]             // the newest, by root keys
	bundleOf     table[string, BundleSeen]             // the latest of each vendor
	attested     table[visual.Digest, []Attested]      // by package
	states       table[store.Key, *visualState]        // one per visual and store
	open         table[store.StepID, store.Key]        // where each open step is
	holds        table[store.Key, plan.Hold]
	overrides    table[store.StepID, []plan.Override] // in force
	overriders   table[passing, Actor]                // who gave the latest of each
	pinned       table[visual.GUID, Pinning]
	requests     table[store.StepID, Request]
	said         table[store.StepID, []approval.Word] // one of each person
	keyOf        table[store.StepID, store.Key]       // of steps that were begun, or that people spoke of
	tries        table[store.StepID, int]             // failed or interrupted
	exports      table[string, Exported]              // the newest of each store
	shifts       table[store.Key, Shift]              // between two lists
	events       table[string, StoreEvent]            // of the activity log, by key
	observed     table[store.StepID, []Observation]   // of changes that wait for a person
	// What people settled, and when.
	settledEvents table[string, time.Time]
	settledKeys   table[store.Key, time.Time]
	notices       table[telling, time.Time] // when each was told
	channels      table[string, Told]       // of notices, by name

	marks  table[mark, int64] // highest sequence put
	time   moment.Mark
	policy string
	// ends is computed from bounds when it is first asked for; nil in a writer
	// that changed them.
	ends func() map[visual.Digest]license.Terms
}

// about names a statement tried on a package.
type about struct{ statement, pkg visual.Digest }

// passing names a step that was let through a gate.
type passing struct {
	step store.StepID
	gate string
}

// A visualState is what became of one visual in one store.
type visualState struct {
	belief    store.State
	revisions []Revision
	open      *plan.Open
	leaves    *plan.Block // of the open step; in force once it is done
	reminded  []Event     // of the open step
	made      *Made       // by the open step, where its check has not answered
	blocks    []plan.Block
}

// A writer adds entries to totals. It copies each part once, at the first entry
// that changes it, so that replaying n entries takes time in proportion to n.
type writer struct {
	totals
	mine map[store.Key]bool // states that were copied
}

// newWriter starts from the book, which stays as it is.
func (b Book) newWriter() *writer {
	w := &writer{mine: map[store.Key]bool{}}
	if b.s == nil {
		return w
	}
	w.totals = *b.s
	for _, t := range w.allTables() {
		t.share()
	}
	return w
}

// finish hands the totals over. The writer must not be used afterwards.
func (w *writer) finish() Book {
	for _, t := range w.allTables() {
		t.settle()
	}
	b := Book{&w.totals}
	if w.ends == nil {
		w.ends = sync.OnceValue(func() map[visual.Digest]license.Terms { return license.EarliestEnds(b.Bounds()) })
	}
	return b
}

// allTables lists every table.
func (s *totals) allTables() []layered {
	return []layered{
		&s.packages, &s.packagesOf, &s.arrived, &s.statements, &s.statementsOf, &s.stated, &s.bounds, &s.refusals, &s.refused,
		&s.profiled, &s.lists, &s.listed, &s.statuses, &s.revoked, &s.settled, &s.listRefusals, &s.updates, &s.bundles, &s.bundleOf, &s.attested, &s.states, &s.open, &s.holds, &s.overrides, &s.overriders, &s.tries, &s.exports, &s.marks,
		&s.pinned, &s.requests, &s.said, &s.keyOf,
		&s.shifts, &s.events, &s.observed, &s.settledEvents, &s.settledKeys,
		&s.notices, &s.channels,
	}
}

// applyEntry adds one entry, which must be the next one. After an error the writer
// is of no further use.
func (w *writer) applyEntry(e Entry) error {
	if err := e.Fact.applyTo(w, e); err != nil {
		return &ImpossibleError{KindOf(e.Fact), err.Error()}
	}
	w.seq, w.head = e.Seq, e.Hash
	return nil
}

// stateOf returns the state of a key for writing.
func (w *writer) stateOf(k store.Key) *visualState {
	old, ok := w.states.get(k)
	switch {
	case ok && w.mine[k]:
		return old
	case !ok:
		old = &visualState{belief: store.State{Presence: store.Unknown}}
	}
	own := *old
	own.revisions, own.blocks = slices.Clone(old.revisions), slices.Clone(old.blocks)
	if old.open != nil {
		o := *old.open
		own.open = &o
	}
	w.mine[k] = true
	w.states.set(k, &own)
	return &own
}

// A Package is a package that arrived.
type Package struct {
	Received
	FirstSeen time.Time
}

// A Statement is a statement that arrived.
type Statement struct {
	StatementReceived
	FirstSeen time.Time
}

// A StatementRefusal is the latest reason why a statement is not bound to a package.
type StatementRefusal struct {
	StatementRefused
	At time.Time
}

// An ItemRefusal is the latest reason why a file was refused.
type ItemRefusal struct {
	ItemRefused
	At time.Time
}
