package cli_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A slowLibrary lets another process act before it answers.
type slowLibrary struct {
	intake.Library
	meanwhile func()
}

func (l slowLibrary) Changes(ctx context.Context, from library.Cursor) ([]library.Item, library.Cursor, error) {
	l.meanwhile()
	return l.Library.Changes(ctx, from)
}

// whileLibraryAnswers lets another process act once, while the library answers.
func (x *tenant) whileLibraryAnswers(act func()) {
	libraries, act := x.Libraries, once(act)
	x.Libraries = engine.LibraryDrivers{config.FolderLibrary: func(ctx context.Context, r engine.LibraryRequest) (intake.Library, error) {
		l, err := libraries.Open(ctx, r)
		return slowLibrary{l, act}, err
	}}
}

// A watchedStore lets another process act before the store is looked into or changed.
type watchedStore struct {
	store.Store
	before func()
}

func (s watchedStore) Look(ctx context.Context, g visual.GUID) (store.Listing, bool, error) {
	s.before()
	return s.Store.Look(ctx, g)
}

func once(act func()) func() {
	done := false
	return func() {
		if !done {
			done = true
			act()
		}
	}
}

// another is the same tenant as another process sees it.
func (x *tenant) another() *tenant { return &tenant{x.T, adapters()} }

// The agent reads a slow library. Meanwhile a person upgrades and rolls back. The
// agent must see the block that the rollback left: it never installs that version
// again.
func TestRollbackWhileTheAgentReadsTheLibrary(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	person := x.another()
	x.whileLibraryAnswers(func() {
		person.run(0, "apply", "--force")
		person.run(0, "rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force")
	})
	x.run(0, "agent", "run", "--once")
	x.installed(example.Gauge1400)
	out, _ := x.run(0, "history", "-o", "json", "--query", "[].kind")
	x.expect(out, "downgrade")
	if got := x.outcomes(0, "agent", "run", "--once"); got != "" {
		t.Errorf("the agent changed the store after a rollback: %s", got)
	}
}

// What orgstore itself did meanwhile is nobody's drift, also where drift is adopted.
func TestRollbackIsNotTakenForDrift(t *testing.T) {
	x := newTenant(t)
	text, err := os.ReadFile("orgstore.yaml")
	if err != nil {
		t.Fatal(err)
	}
	x.file("orgstore.yaml", bytes.Replace(text, []byte("pin: "), []byte("drift: adopt\n    pin: "), 1))
	x.add(example.Gauge1500)
	person := x.another()
	x.whileLibraryAnswers(func() {
		person.run(0, "apply", "--force")
		person.run(0, "rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force")
	})
	x.run(0, "agent", "run", "--once")
	x.installed(example.Gauge1400)
	out, _ := x.run(0, "history", "-o", "json", "--query", "[].[kind,status]")
	x.expect(strings.Join(strings.Fields(out), ""), `"data":[["install","done"],["upgrade","done"],["downgrade","done"]]`)
}

// A hold that is set after the step was chosen, right before the store would be
// changed, keeps the store as it is.
func TestHoldRightBeforeTheChange(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	person := x.another()
	looks := 0
	drivers := x.Drivers
	x.Drivers = engine.StoreDrivers{config.FolderDriver: func(r engine.StoreRequest) (store.Store, error) {
		s, err := drivers.Open(r)
		return watchedStore{s, func() {
			if looks++; looks == 1 { // the last look before the step begins
				person.run(0, "hold", example.GaugeGUID, "--reason", "closing of the books")
			}
		}}, err
	}}
	x.expect(x.outcomes(0, "apply", "--force"), "upgrade failed", "closing of the books")
	if looks == 0 {
		t.Fatal("the store was never looked into")
	}
	x.installed(example.Gauge1400)
	x.Adapters = adapters()
	x.run(0, "unhold", example.GaugeGUID)
	x.run(0, "apply", "--force")
	x.installed(example.Gauge1500)
}

// A pin that is changed while the library answers counts for the round that goes on.
func TestPinChangedWhileTheAgentReadsTheLibrary(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	person := x.another()
	x.whileLibraryAnswers(func() { person.run(0, "pin", "set", example.GaugeGUID, "1.4.0.0") })
	x.run(0, "agent", "run", "--once")
	x.installed(example.Gauge1400)
}

// A step whose store is slow: what the journal has is read again under the lease.
func TestApplyAfterAnotherApply(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	person := x.another()
	opens := 0
	x.OpenJournal = func(ctx context.Context, path string) (journal.Log, error) {
		l, err := sqlite.Open(ctx, path)
		return &actingLog{Log: l, after: func() {
			if opens++; opens == 1 {
				person.run(0, "apply", "--force")
				person.run(0, "rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force")
			}
		}}, err
	}
	x.run(0, "apply", "--force")
	x.installed(example.Gauge1400)
}

// An actingLog lets another process act after the log was read for the first time.
type actingLog struct {
	journal.Log
	after func()
}

func (l *actingLog) Read(ctx context.Context, from uint64, yield func(journal.Record) error) error {
	err := l.Log.Read(ctx, from, yield)
	l.after()
	return err
}
