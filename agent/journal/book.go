package journal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A Book is what the entries of a journal add up to, up to one of them. It
// never changes; the zero Book is that of an empty journal. Lists it returns
// are the caller's to keep and to change.
type Book struct{ s *totals }

// With returns the book with one more entry, which must be the next one. It
// refuses what cannot have happened with an *ImpossibleError. It costs a copy
// of what the entry changes: to add many entries, replay them.
func (b Book) With(e Entry) (Book, error) {
	if e.Seq != b.Seq()+1 || e.Prev != b.Head() {
		return b, &ImpossibleError{KindOf(e.Fact), fmt.Sprintf("entry %d does not follow entry %d", e.Seq, b.Seq())}
	}
	w := b.newWriter()
	if err := w.applyEntry(e); err != nil {
		return b, err
	}
	return w.finish(), nil
}

func (b Book) currentTotals() *totals {
	if b.s == nil {
		return &totals{}
	}
	return b.s
}

// Seq returns the number of the newest entry, 0 if there is none.
func (b Book) Seq() uint64 { return b.currentTotals().seq }

// Head returns the hash of the newest entry. Whoever keeps it elsewhere can tell
// later whether the log lost its tail.
func (b Book) Head() Hash { return b.currentTotals().head }

// Packages lists the packages that arrived, in the order they came.
func (b Book) Packages() []Package {
	s := b.currentTotals()
	all := make([]Package, 0, s.arrived.n)
	for d := range s.arrived.inOrder() {
		p, _ := s.packages.get(d)
		all = append(all, p)
	}
	return all
}

// Package returns the package with a digest, if it arrived.
func (b Book) Package(d visual.Digest) (Package, bool) {
	return b.currentTotals().packages.get(d)
}

// Statements lists the statements that arrived, in the order they came. Those
// that were only ever inside a package are not among them.
func (b Book) Statements() []Statement {
	s := b.currentTotals()
	all := make([]Statement, 0, s.stated.n)
	for d := range s.stated.inOrder() {
		stated, _ := s.statements.get(d)
		all = append(all, stated)
	}
	return all
}

// Bounds lists the statements that are bound to packages, in the order in which
// the packages came.
func (b Book) Bounds() []license.Bound {
	s := b.currentTotals()
	var all []license.Bound
	for d := range s.arrived.inOrder() {
		bounds, _ := s.bounds.get(d)
		all = append(all, bounds...)
	}
	return all
}

// BoundsOf lists the statements bound to one package, the newest last.
func (b Book) BoundsOf(pkg visual.Digest) []license.Bound {
	bounds, _ := b.currentTotals().bounds.get(pkg)
	return slices.Clone(bounds)
}

// ProfiledOf lists what vendor profiles found in one package, the latest of each
// name; some of them may be in force no more.
func (b Book) ProfiledOf(pkg visual.Digest) []Profiled {
	all, _ := b.currentTotals().profiled.get(pkg)
	return slices.Clone(all)
}

// EarliestEnds returns, for each package, the terms of all statements bound to
// it that end first, as license.Facts has them. It is asked for before every
// step, so the map is made once and shared: it must not be changed.
func (b Book) EarliestEnds() map[visual.Digest]license.Terms {
	if b.s == nil {
		return nil
	}
	return b.s.ends()
}

// Unbound lists the statements that are bound to no package, in the order they
// came: they wait for their package, their trust, or for ever.
func (b Book) Unbound() []Statement {
	bound := map[visual.Digest]bool{}
	for _, l := range b.currentTotals().bounds.all() {
		for _, o := range l {
			bound[o.Statement] = true
		}
	}
	return slices.DeleteFunc(b.Statements(), func(s Statement) bool { return bound[s.Statement] })
}

// StatementRefusals lists why statements could not be bound to packages, the
// latest word on each pair, by time.
func (b Book) StatementRefusals() []StatementRefusal {
	all := slices.Collect(b.currentTotals().refusals.values())
	slices.SortFunc(all, func(x, y StatementRefusal) int {
		return cmp.Or(x.At.Compare(y.At), x.Statement.Compare(y.Statement), x.Package.Compare(y.Package))
	})
	return all
}

// ItemRefusals lists the files that are neither packages nor statements, by time.
func (b Book) ItemRefusals() []ItemRefusal {
	all := slices.Collect(b.currentTotals().refused.values())
	slices.SortFunc(all, func(x, y ItemRefusal) int {
		return cmp.Or(x.At.Compare(y.At), x.Digest.Compare(y.Digest))
	})
	return all
}

// Keys lists the visuals of which anything was recorded, in order.
func (b Book) Keys() []store.Key {
	return slices.SortedFunc(b.currentTotals().states.keys(), store.Key.Compare)
}

// Belief returns what is in a store, as far as the entries say.
func (b Book) Belief(k store.Key) store.State {
	if s, ok := b.currentTotals().states.get(k); ok {
		return s.belief
	}
	return store.State{Presence: store.Unknown}
}

// Open returns the step of a visual that was begun and not closed, or nil.
func (b Book) Open(k store.Key) *plan.Open {
	s, ok := b.currentTotals().states.get(k)
	if !ok || s.open == nil {
		return nil
	}
	o := *s.open
	return &o
}

// Leaves returns what is blocked once the open step of a visual is done, or nil.
func (b Book) Leaves(k store.Key) *plan.Block {
	s, ok := b.currentTotals().states.get(k)
	if !ok || s.leaves == nil {
		return nil
	}
	l := *s.leaves
	return &l
}

// Opened returns the step with an ID that was begun and not closed; false where
// there is none.
func (b Book) Opened(id store.StepID) (plan.Open, bool) {
	k, ok := b.currentTotals().open.get(id)
	if !ok {
		return plan.Open{}, false
	}
	return *b.Open(k), true
}

// Holds lists the holds that were not lifted, by key; some may have run out.
func (b Book) Holds() []plan.Hold {
	return slices.SortedFunc(b.currentTotals().holds.values(), func(x, y plan.Hold) int {
		return x.Key.Compare(y.Key)
	})
}

// Blocks lists the blocks that were not lifted, by key.
func (b Book) Blocks() []plan.Block {
	var all []plan.Block
	for _, k := range b.Keys() {
		s, _ := b.currentTotals().states.get(k)
		all = append(all, s.blocks...)
	}
	return all
}

// Overrides lists the overrides in force, by step.
func (b Book) Overrides() []plan.Override {
	overrides := &b.currentTotals().overrides
	var all []plan.Override
	for _, id := range slices.Sorted(overrides.keys()) {
		l, _ := overrides.get(id)
		all = append(all, l...)
	}
	return all
}

// Tries counts, for each step, how often it failed or was interrupted since it
// was last done and since someone last overrode the gate that counts them.
func (b Book) Tries() map[store.StepID]int { return maps.Collect(b.currentTotals().tries.all()) }

// Marks returns the highest sequence ever put into a store, or into any where none
// is named, by subscription, with keys as license.Facts has them.
func (b Book) Marks(in string) map[string]int64 {
	highest := map[string]int64{}
	for m, n := range b.currentTotals().marks.all() {
		if in == "" || m.store == in {
			highest[m.subscription] = max(n, highest[m.subscription])
		}
	}
	return highest
}

// TimeMark returns the newest trusted time that was recorded.
func (b Book) TimeMark() moment.Mark { return b.currentTotals().time }

// Policy returns the digest of the settings seen last; empty if none were.
func (b Book) Policy() string { return b.currentTotals().policy }

// A Status says what became of a revision.
type Status string

// The statuses. Other programs read the words: they are never renamed.
const (
	StatusOpen      Status = "open"     // begun, and neither answered nor closed
	StatusWaiting   Status = "waiting"  // waits for a person
	StatusChecking  Status = "checking" // made, and its check has not answered
	StatusDone      Status = "done"
	StatusFailed    Status = "failed"
	StatusUndone    Status = "undone" // a later revision took it back
	StatusWithdrawn Status = "withdrawn"
	StatusBaseline  Status = "baseline" // it was there before orgstore came
)

// A Revision is one step that was begun, or a baseline.
type Revision struct {
	Revision int    // from 1, for each visual and store
	Seq      uint64 // of the entry that began it
	Time     time.Time
	Closed   time.Time // zero while it is not
	Status   Status
	Key      store.Key
	Name     string      // the visual's, as people see it
	Kind     change.Kind // empty for a baseline
	Actor    Actor
	Reason   string    // why the step was planned; a baseline's evidence
	Cause    plan.Code // the code of that reason; empty for a baseline
	Tx       TxID
	Step     store.StepID // empty for a baseline
	Attempt  int
	Undoes   store.StepID
	Claim    store.Claim
	Receipt  store.Receipt
	Message  string // how it went
	// Left is what a failed one left in the store; empty where it did not fail, or
	// was tried again at once.
	Left Aftermath
	// Checks are what was checked after it, in order.
	Checks []Checked
	// Overrides lists the gates that people had let the step pass when it began.
	Overrides []plan.Override
	// Approvals lists who had approved the step when it began, and what for.
	Approvals []approval.Word
	// Before is the state it started from, After what it led to, or was to lead
	// to where it is not done.
	Before, After store.State
}

// Usual returns how long changes of each store usually take, from begun to done:
// what three of four took at most. What waited for a person says nothing of that;
// stores without another change that was made are not in it.
func (b Book) Usual() map[string]time.Duration {
	took := map[string][]time.Duration{}
	for _, r := range b.History() {
		if r.Status == StatusDone && r.Step != "" && !r.Receipt.Waiting {
			took[r.Key.Store] = append(took[r.Key.Store], r.Closed.Sub(r.Time))
		}
	}
	usual := map[string]time.Duration{}
	for name, all := range took {
		slices.Sort(all)
		usual[name] = max(0, all[(len(all)-1)*3/4])
	}
	return usual
}

// Release returns the release it led or was to lead to; nil where none is known.
func (r Revision) Release() *visual.Release { return r.After.Release }

// LicenseEnds returns when the license of that release ends; zero if unknown.
func (r Revision) LicenseEnds() time.Time { return r.After.License.Ends }

// Stood says whether the revision's After was in the store, and was not taken
// back: a state to which a visual can return.
func (r Revision) Stood() bool { return r.Status == StatusDone || r.Status == StatusBaseline }

// WasTriedAgain says whether it was interrupted, and the revision after it is another
// attempt at the same step.
func (r Revision) WasTriedAgain() bool { return r.Status == StatusFailed && r.Left == "" }

// Revisions lists what became of one visual, the oldest first.
func (b Book) Revisions(k store.Key) []Revision {
	s, ok := b.currentTotals().states.get(k)
	if !ok {
		return nil
	}
	return slices.Clone(s.revisions)
}

// Stood lists the revisions whose outcome was in the store and was not taken
// back, the oldest first: where a rollback can go.
func (b Book) Stood(k store.Key) []Revision {
	return slices.DeleteFunc(b.Revisions(k), func(r Revision) bool { return !r.Stood() })
}

// History lists the revisions of all visuals, the oldest first.
func (b Book) History() []Revision {
	var all []Revision
	for _, s := range b.currentTotals().states.all() {
		all = append(all, s.revisions...)
	}
	slices.SortFunc(all, func(x, y Revision) int { return cmp.Compare(x.Seq, y.Seq) })
	return all
}
