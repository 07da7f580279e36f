package apply_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// interruptedRollback makes a bench with a rollback from new to old that was recorded
// and then interrupted.
func interruptedRollback(t *testing.T, traits store.Traits) (*bench, plan.Step) {
	t.Helper()
	b := newBench(t, traits)
	b.start(b.state("new", true))
	s := b.step(change.Downgrade, b.state("new", true), b.state("old", true))
	s.Asked, s.Reason.Code = true, plan.CodeAsked
	b.begin(s)
	return b, s
}

// begin records that a rollback is about to be made.
func (b *bench) begin(s plan.Step) {
	b.Helper()
	leaves := plan.Block{Key: b.key, Version: s.From.Release.Version, Pin: "~> 1.0", Reason: "totals are wrong"}
	if err := b.applier.Journal.Append(context.Background(), b.tx, journal.Begun{Step: s, Attempt: 1, Leaves: &leaves}); err != nil {
		b.Fatal(err)
	}
}

// recoverOne recovers, which must have one result.
func (b *bench) recoverOne() apply.Result {
	b.Helper()
	all := b.recover()
	if len(all) != 1 {
		b.Fatalf("recovered %+v", all)
	}
	return all[0]
}

// blocked fails unless the version that was rolled back from is blocked, once.
func (b *bench) blocked() {
	b.Helper()
	blocks := b.applier.Journal.Book().Blocks()
	if len(blocks) != 1 || !blocks[0].Version.Equal(b.pkgs["new"].Release().Version) || blocks[0].Pin != "~> 1.0" || blocks[0].Reason != "totals are wrong" {
		b.Errorf("the blocks are %+v", blocks)
	}
}

// told fails unless a result says how the rollback is asked for again.
func (b *bench) told(r apply.Result, parts ...string) {
	b.Helper()
	for _, part := range append(parts, `orgstore rollback `+b.key.GUID.String()+` --to 1.0.0.0 --reason "..."`, "1.1.0.0 stays blocked", "orgstore unblock "+b.key.GUID.String()) {
		if !strings.Contains(r.Message+"\n"+r.Hint, part) {
			b.Errorf("%q is not in %q, hint %q", part, r.Message, r.Hint)
		}
	}
}

func TestAnInterruptedRollbackIsFinished(t *testing.T) {
	b, s := interruptedRollback(t, stores()["bytes"])
	before := b.seq()
	r := b.recoverOne()
	b.want(r, apply.Verified, "")
	if want := "interrupted, and finished now: read back from the store"; r.Message != want || r.Hint != "" {
		t.Errorf("it says %q, hint %q", r.Message, r.Hint)
	}
	b.holds("old")
	b.recorded(before, "blocked", "begun", "accepted", "done")
	b.blocked()
	book := b.applier.Journal.Book()
	revisions := book.Revisions(b.key)
	first, last := revisions[len(revisions)-2], revisions[len(revisions)-1]
	if !first.WasTriedAgain() || last.WasTriedAgain() || last.Status != journal.StatusDone || last.Attempt != 2 || last.Step != s.ID {
		t.Errorf("the history ends with %+v, %+v", first, last)
	}
	if again := b.recover(); len(again) != 0 || len(b.wire.changes) != 1 {
		t.Errorf("recovered again: %+v, the store was asked to %v", again, b.wire.changes)
	}
}

// A rollback that turns a first install off is finished too.
func TestAnInterruptedRollbackBeforeTheFirstInstallIsFinished(t *testing.T) {
	b := telling(t)
	b.start(b.state("new", true))
	s := b.step(change.Disable, b.state("new", true), b.state("new", false))
	s.Asked = true
	b.begin(s)
	b.wire.faults = []fault{failsBefore}
	r := b.recoverOne()
	b.want(r, apply.Failed, "op.failed")
	if !strings.Contains(r.Hint, "orgstore rollback "+b.key.GUID.String()+" --to 0 --reason") {
		t.Errorf("the hint is %q", r.Hint)
	}
	b.blocked()
	b.begin(s)
	b.want(b.recoverOne(), apply.Verified, "")
	b.holds("new, off")
	b.blocked()
}

// Whoever put the package back meanwhile did what was to be done.
func TestAnInterruptedRollbackThatSomebodyMade(t *testing.T) {
	b, _ := interruptedRollback(t, stores()["bytes"])
	b.wire.holds[b.key.GUID] = held{b.pkgs["old"], true}
	b.want(b.recoverOne(), apply.Verified, "")
	b.blocked()
	if len(b.wire.changes) != 0 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

// A store that is away keeps the rollback open; it is finished once the store is back.
func TestAnInterruptedRollbackWaitsForTheStore(t *testing.T) {
	b, _ := interruptedRollback(t, stores()["bytes"])
	for range 2 * plan.MaxTries { // nothing was tried
		b.wire.blind = 1
		b.want(b.recoverOne(), apply.Failed, "op.unknown_outcome")
	}
	b.holds("new")
	b.want(b.recoverOne(), apply.Verified, "")
	b.holds("old")
	b.blocked()
}

// What cannot be finished is told, with what to do, and the block stays.
func TestAnInterruptedRollbackThatCannotBeFinished(t *testing.T) {
	refusal := verdict.Refuse("gate.approval", "bob rejected it", "orgstore approve st_1")
	for name, c := range map[string]struct {
		prepare func(*bench)
		code    string
		says    []string
		holds   string
	}{
		"its package is gone": {func(b *bench) { b.damage("packages", ".pbiviz", b.pkgs["old"].Digest(), nil) }, "op.archive",
			[]string{"interrupted, and it cannot be finished: ", "add the package again with `orgstore package add`; then ask for it again: "}, "new"},
		"its license has ended": {func(b *bench) { b.now = licensetest.Time("2027-12-06") }, "time.expired", []string{"interrupted, and it cannot be finished: "}, "new"},
		"a consent has ended": {func(b *bench) {
			b.policy.forbids = func(journal.Book, plan.Step) *verdict.Refusal { return refusal }
		}, "gate.approval", []string{"bob rejected it", "orgstore approve st_1; then ask for it again: "}, "new"},
		"the store refuses": {func(b *bench) { b.wire.faults = []fault{failsBefore} }, "op.failed", []string{"the connection was refused"}, "new"},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := interruptedRollback(t, stores()["bytes"])
			c.prepare(b)
			r := b.recoverOne()
			b.want(r, apply.Failed, c.code)
			b.told(r, c.says...)
			b.holds(c.holds)
			b.blocked()
			if open := b.applier.Journal.Book().Open(b.key); open != nil {
				t.Errorf("open: %+v", open)
			}
		})
	}
}

// What holds neither is somebody's work: it is not overwritten, and what was rolled
// back from stays blocked.
func TestAnInterruptedRollbackAfterSomebodysChange(t *testing.T) {
	b, _ := interruptedRollback(t, stores()["bytes"])
	b.wire.holds[b.key.GUID] = held{b.pkgs["other"], true}
	r := b.recoverOne()
	b.want(r, apply.Failed, "op.interrupted")
	b.holds("other")
	b.blocked()
	if !strings.Contains(r.Hint, "store baseline") {
		t.Errorf("the hint is %q", r.Hint)
	}
}

// No crash loops for ever: a rollback during which the program dies again and again is
// given up, and the block stays.
func TestAnInterruptedRollbackThatIsInterruptedTooOften(t *testing.T) {
	b, _ := interruptedRollback(t, stores()["bytes"])
	b.wire.during = func() { panic("the program dies") }
	starts := 0
	for dies(func() { b.recover() }) && starts <= plan.MaxTries {
		starts++
	}
	if starts != plan.MaxTries {
		t.Errorf("it was tried %d times, want %d", starts, plan.MaxTries)
	}
	b.restart()
	revisions := b.applier.Journal.Book().Revisions(b.key)
	last := revisions[len(revisions)-1]
	if last.Status != journal.StatusFailed || last.Left != journal.Unchanged || !strings.Contains(last.Message, "too often") {
		t.Errorf("the history ends with %+v", last)
	}
	b.blocked()
}

// With several stores the command that asks again names the store.
func TestAskingAgainNamesTheStore(t *testing.T) {
	b, _ := interruptedRollback(t, stores()["bytes"])
	b.applier.Stores["pilot"] = b.wire
	b.wire.faults = []fault{failsBefore}
	if r := b.recoverOne(); !strings.Contains(r.Hint, "--to 1.0.0.0 --store tenant --reason") {
		t.Errorf("the hint is %q", r.Hint)
	}
}

// Where a person makes the changes, the task is laid out again, with its block.
func TestAnInterruptedRollbackOfATaskIsLaidOut(t *testing.T) {
	b, _ := interruptedRollback(t, stores()["nothing"])
	b.applier.Stores[b.key.Store] = tasks{b.wire}
	b.wire.faults = []fault{waits}
	b.want(b.recoverOne(), apply.Waiting, "")
	open := b.applier.Journal.Book().Open(b.key)
	if leaves := b.applier.Journal.Book().Leaves(b.key); open == nil || !open.Waiting || leaves == nil {
		t.Errorf("open: %+v, leaves %+v", open, leaves)
	}
	b.blocked()
}

// tasks is a store whose changes a person makes.
type tasks struct{ *wire }

func (tasks) FindTask(context.Context, store.StepID) (store.Receipt, bool, error) {
	return store.Receipt{}, false, nil
}

func (tasks) FinishTask(context.Context, store.StepID) error { return errors.New("no task") }

func (tasks) Instructions(store.StepID) (string, error) { return "", nil }

// A store that tells nothing is asked nothing twice: a person looks.
func TestAnInterruptedRollbackInAStoreThatTellsNothing(t *testing.T) {
	b, _ := interruptedRollback(t, stores()["nothing"])
	b.want(b.recoverOne(), apply.Waiting, "op.unknown_outcome")
	if b.applier.Journal.Book().Open(b.key) == nil || len(b.wire.changes) != 0 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}
