package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

func telling(t *testing.T) *bench { return newBench(t, stores()["bytes"]) }

// upgrade starts with old and makes the step to new.
func upgrade(b *bench) plan.Step {
	b.start(b.state("old", true))
	return b.step(change.Upgrade, b.state("old", true), b.state("new", true))
}

func TestALicenseThatEnds(t *testing.T) {
	end := licensetest.Time(licensetest.Ends)
	for _, c := range []struct {
		name string
		// tick is called at each reading of the clock, which is read once to
		// judge and once to put.
		tick func(*bench, int)
	}{
		{"before it is judged", func(b *bench, _ int) { b.now = end }},
		{"between judging and putting", func(b *bench, n int) {
			b.now = end.Add(-time.Second)
			if n == 2 {
				b.now = end
			}
		}},
	} {
		for tells, traits := range stores() {
			t.Run(c.name+", the store tells "+tells, func(t *testing.T) {
				b := newBench(t, traits)
				s := upgrade(b)
				first, n := b.seq(), 0
				b.tick = func(b *bench) { n++; c.tick(b, n) }
				r := b.do(s)
				b.want(r, apply.Failed, "time.expired")
				b.holds("old")
				b.recorded(first, "begun", "failed")
				if len(b.wire.changes) != 0 {
					t.Errorf("the store was asked to %v", b.wire.changes)
				}
				if got := b.applier.Journal.Book().Belief(b.key); got.Release.Digest != s.From.Release.Digest {
					t.Errorf("believed to hold %s", got.Release)
				}
			})
		}
	}
}

// A judgment that waited too long for the store is none any more.
func TestAnAgedJudgmentIsNotActedUpon(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	first := b.seq()
	b.tick = func(b *bench) { b.now = b.now.Add(license.MaxAge + time.Minute) }
	r := b.do(s)
	b.want(r, apply.Failed, "op.failed")
	if !strings.Contains(r.Message, "judge it again") {
		t.Errorf("the message is %q", r.Message)
	}
	b.holds("old")
	b.recorded(first, "begun", "failed")
}

func TestWhatIsMissingOrDamagedIsNotPut(t *testing.T) {
	vendor := licensetest.Aurora()
	for _, c := range []struct {
		name string
		harm func(*bench)
		code string
	}{
		{"the archived package's bytes changed", func(b *bench) {
			b.damage("packages", ".pbiviz", b.pkgs["new"].Digest(), append(b.pkgs["new"].File(), 0))
		}, "op.archive"},
		{"another good package under its name", func(b *bench) {
			b.damage("packages", ".pbiviz", b.pkgs["new"].Digest(), b.pkgs["other"].File())
		}, "op.archive"},
		{"the archived package is gone", func(b *bench) {
			b.damage("packages", ".pbiviz", b.pkgs["new"].Digest(), nil)
		}, "op.archive"},
		{"the archived statement is gone", func(b *bench) { b.damage("statements", ".license", b.statement("new"), nil) }, "op.archive"},
		{"the archived statement's bytes changed", func(b *bench) {
			b.damage("statements", ".license", b.statement("new"), []byte("x"))
		}, "op.archive"},
		{"the statement is not bound any more", func(b *bench) {
			err := b.applier.Journal.Append(context.Background(), b.tx, journal.StatementRefused{Statement: b.statement("new"), Package: b.pkgs["new"].Digest(), Trust: "another"})
			if err != nil {
				b.Fatal(err)
			}
		}, "op.stale"},
		{"the vendor is trusted no more", func(b *bench) { b.applier.Trust = licensetest.Borealis().Trust() }, "lic.kid"},
		{"the store is not in the settings any more", func(b *bench) { delete(b.applier.Stores, b.key.Store) }, "op.store"},
		{"a binding made up in the journal", func(b *bench) {
			made := journal.Bound{}
			for _, bound := range b.applier.Journal.Book().BoundsOf(b.pkgs["new"].Digest()) {
				made.Bound = bound
			}
			made.Bound.Statement = b.statement("old")
			err := b.applier.Journal.Append(context.Background(), b.tx,
				journal.StatementRefused{Statement: b.statement("new"), Package: b.pkgs["new"].Digest(), Trust: "another"}, made)
			if err != nil {
				b.Fatal(err)
			}
		}, "pkg.version"},
		{"a newer one of the subscription was put", func(b *bench) {
			b.licensing.facts = func(journal.Book) license.Facts {
				return license.Facts{Tenant: licensetest.Tenant, Marks: map[string]int64{license.MarkKey(b.terms["new"]): 99}}
			}
		}, "life.superseded"},
		{"it needs a review that nobody gave", func(b *bench) {
			b.take("long", vendor.Statement(b.pkgs["new"], func(r *issuer.Request) {
				r.Sequence, r.Ends = 8, licensetest.Time("2029-01-01")
			}))
			b.terms["new"] = b.terms["long"]
		}, "lic.lifetime"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := telling(t)
			b.start(b.state("old", true))
			c.harm(b)
			r := b.do(b.step(change.Upgrade, b.state("old", true), b.state("new", true)))
			b.want(r, apply.Failed, c.code)
			b.holds("old")
			if len(b.wire.changes) != 0 {
				t.Errorf("the store was asked to %v", b.wire.changes)
			}
			if open := b.applier.Journal.Book().Open(b.key); open != nil {
				t.Error("the step stays open")
			}
		})
	}
}

// statement is the digest of the statement bound to a package.
func (b *bench) statement(name string) (d [32]byte) {
	b.Helper()
	for _, bound := range b.applier.Journal.Book().BoundsOf(b.pkgs[name].Digest()) {
		if bound.Terms.ID == b.terms[name].ID {
			return bound.Statement
		}
	}
	b.Fatalf("nothing is bound to %s", name)
	return d
}

// The archive's file is swapped after it was judged and before it is put.
func TestAFileSwappedWhileItIsPut(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	n := 0
	b.tick = func(b *bench) {
		if n++; n == 2 {
			b.damage("packages", ".pbiviz", b.pkgs["new"].Digest(), b.pkgs["other"].File())
		}
	}
	b.want(b.do(s), apply.Verified, "")
	b.holds("new")
}

func TestAReviewedStepIsPut(t *testing.T) {
	b := telling(t)
	b.take("long", licensetest.Aurora().Statement(b.pkgs["new"], func(r *issuer.Request) {
		r.Sequence, r.Ends = 8, licensetest.Time("2029-01-01")
	}))
	b.terms["new"] = b.terms["long"]
	s := upgrade(b)
	override := func(gate string) {
		err := b.applier.Journal.Append(context.Background(), b.tx, journal.Overridden{Step: s.ID, Gate: gate, About: s.Review, Reason: "the vendor confirmed it"})
		if err != nil {
			t.Fatal(err)
		}
	}
	override(plan.GateHold)
	r := b.do(s)
	b.want(r, apply.Failed, "lic.lifetime")
	s.Review = "something else was to be decided"
	override(plan.GateReview)
	b.want(b.do(s), apply.Failed, "lic.lifetime")
	s.Review = r.Message
	override(plan.GateReview)
	b.want(b.do(s), apply.Verified, "")
	b.holds("new")
}

// Of two statements with one id, the one is judged that the plan chose.
func TestAnIDUsedTwice(t *testing.T) {
	b := telling(t)
	vendor := licensetest.Aurora()
	claims := vendor.Claims(b.pkgs["new"]).Set("jti", `"`+b.terms["new"].ID+`"`)
	b.take("again", vendor.Forge(vendor.Header().String(), claims.Set("exp", "1826755200").Set("next_payment", `"2027-11-21"`).Set("seq", "8").String()))
	b.terms["new"] = b.terms["again"]
	s := upgrade(b)
	b.damage("statements", ".license", b.statement("new"), nil)
	if b.statement("new") == [32]byte{} || b.terms["again"].ID == "" {
		t.Fatal("the statement of the test was not bound")
	}
	b.now = licensetest.Time("2027-11-20") // where the other has ended
	b.want(b.do(s), apply.Verified, "")
}

func TestAStepWhoseStartIsGone(t *testing.T) {
	for _, c := range []struct {
		name, tells string
		from, now   func(*bench) store.State
		kind        change.Kind
		code        string
	}{
		{"other bytes", "bytes", state("old", true), state("renewed", true), change.Upgrade, "op.stale"},
		{"access was taken", "bytes", state("old", true), state("old", false), change.Upgrade, "op.stale"},
		{"the visual is gone", "bytes", state("old", true), nothing, change.Upgrade, "op.stale"},
		{"the visual is there already", "bytes", nothing, state("new", true), change.Install, "op.stale"},
		{"another version", "version", state("old", true), state("new", true), change.Upgrade, "op.stale"},
		{"the visual is gone", "version", state("old", true), nothing, change.Upgrade, "op.stale"},
		{"other bytes of the same version", "version", state("old", true), state("renewed", true), change.Upgrade, ""},
		{"nobody can tell", "nothing", state("old", true), state("renewed", true), change.Upgrade, ""},
	} {
		t.Run(c.name+", the store tells "+c.tells, func(t *testing.T) {
			b := newBench(t, stores()[c.tells])
			b.start(c.now(b))
			first, before := b.seq(), b.content()
			r := b.do(b.step(c.kind, c.from(b), b.state("new", true)))
			if c.code == "" {
				b.want(r, apply.Acknowledged, "")
				return
			}
			b.want(r, apply.Failed, c.code)
			b.holds(before)
			b.recorded(first)
			if len(b.wire.changes) != 0 {
				t.Errorf("the store was asked to %v", b.wire.changes)
			}
		})
	}
}

func state(name string, enabled bool) func(*bench) store.State {
	return func(b *bench) store.State { return b.state(name, enabled) }
}

func nothing(*bench) store.State { return absent() }

func TestAStoreThatCannotBeSeenBeforeAStep(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	first := b.seq()
	b.wire.blind = 1
	b.want(b.do(s), apply.Failed, "op.store")
	b.recorded(first)
	b.holds("old")
}

func TestNoWayBack(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(*bench)
		want string
	}{
		{"the old license ended", func(b *bench) { b.wire.during = func() { b.now = licensetest.Time("2027-12-10") } }, "ended on"},
		{"the old package is gone", func(b *bench) { b.damage("packages", ".pbiviz", b.pkgs["old"].Digest(), nil) }, "no package"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := telling(t)
			s := upgrade(b)
			b.wire.faults = []fault{holdsOther}
			c.harm(b)
			r := b.do(s)
			b.want(r, apply.Failed, "op.restore_failed")
			if !strings.Contains(r.Message, c.want) {
				t.Errorf("the message is %q", r.Message)
			}
			if got := b.applier.Journal.Book().Belief(b.key); got.Presence != store.Unknown {
				t.Errorf("believed to be %s after a way back that failed", got.Presence)
			}
		})
	}
}

// Steps of one visual build on each other: after the first failed, the second
// does not start from what is there.
func TestTheSecondStepAfterAFailedFirst(t *testing.T) {
	for _, f := range []fault{failsBefore, keepsOld, holdsOther, loses, goesBlind} {
		b := telling(t)
		b.start(b.state("old", false))
		put := b.step(change.Upgrade, b.state("old", false), b.state("new", false))
		enable := b.step(change.Enable, b.state("new", false), b.state("new", true))
		b.wire.faults = []fault{f}
		if r := b.do(put); r.OK() {
			t.Fatalf("%s: %+v", f, r)
		}
		r, err := b.applier.Do(context.Background(), b.tx, enable, nil)
		if err == nil && r.OK() {
			t.Errorf("%s: the second step was made: %s", f, r.Message)
		}
		if err == nil && r.Code != "op.stale" {
			t.Errorf("%s: %s", f, r.Code)
		}
	}
}

// Going back is exempt from the mark of the highest sequence ever put.
func TestAWayBackToWhatIsSuperseded(t *testing.T) {
	b := telling(t)
	b.licensing.facts = func(journal.Book) license.Facts {
		return license.Facts{Tenant: licensetest.Tenant, Marks: map[string]int64{license.MarkKey(b.terms["old"]): 8}}
	}
	b.start(b.state("old", true))
	b.wire.faults = []fault{holdsOther}
	b.want(b.do(b.step(change.Renew, b.state("old", true), b.state("renewed", true))), apply.Undone, "op.undone")
	b.holds("old")
}

// Access alone is given back without the package, whose license may have ended.
func TestAWayBackOfAccessAlone(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	b.wire.faults = []fault{onlyFlips}
	b.wire.during = func() { b.now = licensetest.Time("2028-01-01") }
	b.want(b.do(s), apply.Undone, "op.undone")
	b.holds("old")
	if want := []string{"put 1.1.0.0", "access true"}; !slices.Equal(b.wire.changes, want) {
		t.Errorf("the store was asked to %v, want %v", b.wire.changes, want)
	}
}

// A refusal of the second half of a way back does not say that nothing changed.
func TestAWayBackWhoseAccessIsRefused(t *testing.T) {
	b := telling(t)
	b.start(b.state("old", false))
	b.applier.Stores[b.key.Store] = refusing{b.wire}
	b.wire.faults = []fault{loses}
	r := b.do(b.step(change.Upgrade, b.state("old", false), b.state("new", false)))
	b.want(r, apply.Failed, "op.restore_failed")
	b.holds("old")
	if !strings.Contains(r.Message, "instead of 1.0.0.0 ("+b.pkgs["old"].Digest().Short()+"), access off") {
		t.Errorf("what was seen is not said: %s", r.Message)
	}
}

type refusing struct{ *wire }

func (refusing) SetAccess(context.Context, store.StepID, visual.GUID, bool) (store.Receipt, error) {
	return store.Receipt{}, verdict.Refuse("store.access", "somebody else may change access", "ask them")
}

func TestCanceled(t *testing.T) {
	t.Run("before the step, nothing is begun", func(t *testing.T) {
		b := telling(t)
		s := upgrade(b)
		first := b.seq()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := b.applier.Do(ctx, b.tx, s, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		b.recorded(first)
		b.holds("old")
	})
	for _, f := range []fault{behaves, holdsOther} {
		t.Run("while the store works, the step ends; the store "+string(f), func(t *testing.T) {
			b := telling(t)
			s := upgrade(b)
			ctx, cancel := context.WithCancel(context.Background())
			b.wire.during, b.wire.faults = cancel, []fault{f}
			r, err := b.applier.Do(ctx, b.tx, s, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := map[fault]string{behaves: "new", holdsOther: "old"}[f]
			b.holds(want)
			if open := b.applier.Journal.Book().Open(b.key); open != nil || r.Message == "" {
				t.Errorf("left open, %+v", r)
			}
		})
	}
	t.Run("before recovery, nothing is looked at", func(t *testing.T) {
		b := telling(t)
		s := upgrade(b)
		b.wire.faults = []fault{goesBlind}
		b.do(s)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := b.applier.Recover(ctx, b.tx); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		if b.applier.Journal.Book().Open(b.key) == nil {
			t.Error("closed nevertheless")
		}
	})
}

// A store that never answers holds a step for two minutes and not for ever.
func TestAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := telling(t)
		s := upgrade(b)
		b.applier.Stores[b.key.Store] = hanging{b.wire}
		start := time.Now()
		b.want(b.do(s), apply.Failed, "op.unknown_outcome")
		if took := time.Since(start); took > 5*time.Minute {
			t.Errorf("it took %s", took)
		}
		if b.applier.Journal.Book().Open(b.key) == nil {
			t.Error("closed, though nobody can tell what became of it")
		}
		b.applier.Stores[b.key.Store] = b.wire
		for _, r := range b.recover() {
			b.want(r, apply.Failed, "op.interrupted")
		}
		b.holds("old")
	})
}

type hanging struct{ *wire }

func (hanging) Put(ctx context.Context, _ store.StepID, _ license.Licensed, _ moment.Moment) (store.Receipt, error) {
	<-ctx.Done()
	return store.Receipt{}, ctx.Err()
}

// One visual waits for a person; another is not kept waiting by it, and after a
// restart the first still waits and is not asked for again.
func TestWaitingIsRememberedAndKeepsNobodyElse(t *testing.T) {
	b := newBench(t, stores()["nothing"])
	s := upgrade(b)
	b.wire.faults = []fault{waits}
	b.want(b.do(s), apply.Waiting, "")

	second := s
	second.Key.Store = "pilot"
	second = second.Identified()
	pilot := &wire{traits: stores()["bytes"], holds: map[visual.GUID]held{b.key.GUID: {b.pkgs["old"], true}}}
	b.applier.Stores["pilot"] = pilot
	b.want(b.do(second), apply.Verified, "")

	for range 2 {
		if got := b.recover(); len(got) != 0 {
			t.Errorf("recovery answered %+v for a step that waits", got)
		}
		open := b.applier.Journal.Book().Open(b.key)
		if open == nil || !open.Waiting || open.Step.ID != s.ID {
			t.Fatalf("after a restart: %+v", open)
		}
	}
	if len(b.wire.changes) != 1 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

// A step is never repeated by itself where nobody can tell what became of it.
func TestAnUnknownOutcomeIsNeverRepeated(t *testing.T) {
	b := newBench(t, stores()["nothing"])
	s := upgrade(b)
	b.wire.faults = []fault{failsAfter}
	b.want(b.do(s), apply.Failed, "op.unknown_outcome")
	for range 3 {
		for _, r := range b.recover() {
			b.want(r, apply.Waiting, "op.unknown_outcome")
		}
	}
	if _, err := b.applier.Do(context.Background(), b.tx, s, nil); err == nil {
		t.Error("begun again while it is open")
	}
	if len(b.wire.changes) != 1 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

// The way back may wait for a person too, in a store that needs one.
func TestAWayBackThatWaits(t *testing.T) {
	traits := stores()["bytes"]
	traits.Unattended = false
	b := newBench(t, traits)
	s := upgrade(b)
	b.wire.faults = []fault{holdsOther, waits}
	r := b.do(s)
	b.want(r, apply.Failed, "op.failed")
	if !strings.Contains(r.Message, "waits for a person") {
		t.Errorf("the message is %q", r.Message)
	}
	if open := b.applier.Journal.Book().Open(b.key); open == nil || !open.Waiting || open.Undoes != s.ID {
		t.Errorf("open is %+v", open)
	}
}

// Failing the undo of a first install must not lead to putting back whatever was
// there in between.
func TestTheUndoOfAnInstallIsNotUndone(t *testing.T) {
	b := telling(t)
	b.start(absent())
	b.take("other", licensetest.Aurora().Statement(b.pkgs["other"]))
	b.take("other", b.pkgs["other"].File())
	b.wire.faults = []fault{holdsOther, loses, behaves}
	r := b.do(b.step(change.Install, absent(), b.state("new", true)))
	b.want(r, apply.Failed, "op.restore_failed")
	b.holds("nothing")
	if len(b.wire.changes) != 2 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

func TestTheBlockOfARollbackComesWithItsDone(t *testing.T) {
	for f, blocks := range map[fault]int{behaves: 1, failsAfter: 1, failsBefore: 0, holdsOther: 0} {
		b := telling(t)
		b.start(b.state("new", true))
		s := b.step(change.Downgrade, b.state("new", true), b.state("old", true))
		s.Asked = true
		b.wire.faults = []fault{f}
		leaves := plan.Block{Key: b.key, Version: b.pkgs["new"].Release().Version, Pin: "~> 1.0", Reason: "totals are wrong"}
		if _, err := b.applier.Do(context.Background(), b.tx, s, &leaves); err != nil {
			t.Fatal(err)
		}
		if got := b.applier.Journal.Book().Blocks(); len(got) != blocks {
			t.Errorf("%s: %d blocks, want %d", f, len(got), blocks)
		}
	}
}

// A journal that cannot be written stops everything; nothing was done that it
// does not know of.
func TestAJournalThatCannotBeWritten(t *testing.T) {
	for n := range 3 {
		b := telling(t)
		s := upgrade(b)
		b.open(&failingLog{Log: b.log, left: n})
		if _, err := b.applier.Do(context.Background(), b.tx, s, nil); err == nil {
			t.Errorf("after %d appends: no error", n)
		}
		if n == 0 && len(b.wire.changes) > 0 {
			t.Error("the store was changed, and the journal does not know")
		}
		b.recover()
		if open := b.applier.Journal.Book().Open(b.key); open != nil {
			t.Errorf("after %d appends: open after recovery", n)
		}
		b.holds(map[bool]string{true: "old", false: "new"}[n == 0])
	}
}

type failingLog struct {
	journal.Log
	left int
}

func (l *failingLog) Append(ctx context.Context, records []journal.Record) error {
	if l.left--; l.left < 0 {
		return errors.New("the disk is full")
	}
	return l.Log.Append(ctx, records)
}

// The license of a statement that extends the same bytes is judged too, though
// nothing goes into the store.
func TestARenewalOfTheSameBytesIsJudged(t *testing.T) {
	b := telling(t)
	b.start(b.state("old", true))
	s := b.step(change.Renew, b.state("old", true), b.state("old again", true))
	b.now = licensetest.Time("2027-12-05") // it ended
	b.want(b.do(s), apply.Failed, "time.expired")
	b.now = licensetest.Time(today)
	b.want(b.do(s), apply.Verified, "")
	if got := b.applier.Journal.Book().Belief(b.key).License; got.ID != b.terms["old again"].ID {
		t.Errorf("the license is %s", got.ID)
	}
	if len(b.wire.changes) != 0 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

// The store looks the same before and after such a renewal, so it cannot say
// that the license was verified before the program died.
func TestAnInterruptedRenewalOfTheSameBytesIsNotTakenForDone(t *testing.T) {
	b := telling(t)
	b.start(b.state("old", true))
	s := b.step(change.Renew, b.state("old", true), b.state("old again", true))
	begun := journal.Begun{Step: s, Attempt: 1}
	if err := b.applier.Journal.Append(context.Background(), b.tx, begun); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.recover() {
		b.want(r, apply.Failed, "op.interrupted")
	}
	if got := b.applier.Journal.Book().Belief(b.key).License; got.ID != b.terms["old"].ID {
		t.Errorf("the license is %s, and nobody verified it", got.ID)
	}
	b.want(b.do(s), apply.Verified, "")
}

// A failed step counts, for the gate that bounds tries.
func TestFailuresAreCounted(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	for want := 1; want <= 4; want++ {
		b.wire.faults = []fault{[]fault{failsBefore, keepsOld, holdsOther, loses}[want-1]}
		b.do(s)
		if got := b.applier.Journal.Book().Tries()[s.ID]; got != want {
			t.Errorf("%d tries are counted after %d", got, want)
		}
	}
	b.want(b.do(s), apply.Verified, "")
	if got := b.applier.Journal.Book().Tries()[s.ID]; got != 0 {
		t.Errorf("%d tries are counted after success", got)
	}
}

func TestAKindOfALaterProgramIsNotCarriedOut(t *testing.T) {
	b := telling(t)
	b.start(b.state("old", true))
	s := b.step("polish", b.state("old", true), b.state("old", true))
	if r, err := b.applier.Do(context.Background(), b.tx, s, nil); err == nil && r.OK() {
		t.Errorf("carried out: %+v", r)
	}
	if len(b.wire.changes) != 0 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

// A store that answers as it never did is left alone: nothing is looked up,
// repeated or put back, whatever it holds, until a person says what is there.
func TestAStrangeAnswerWaitsForAPerson(t *testing.T) {
	for tells, traits := range stores() {
		for _, f := range []fault{answersOddly, goesBlindOddly} {
			t.Run(string(f)+", the store tells "+tells, func(t *testing.T) {
				b := newBench(t, traits)
				s := upgrade(b)
				b.wire.faults = []fault{f}
				r := b.do(s)
				b.want(r, apply.Waiting, "recorded.shape")
				if !r.Halt || !strings.Contains(r.Hint, "store baseline") {
					t.Errorf("it says %+v", r)
				}
				first := b.seq()
				b.wire.odd = false
				for range 2 {
					for _, r := range b.recover() {
						b.want(r, apply.Waiting, "op.unknown_outcome")
					}
				}
				b.recorded(first)
				if len(b.wire.changes) != 1 {
					t.Errorf("the store was asked to %v", b.wire.changes)
				}
				book := b.applier.Journal.Book()
				if rev := book.Revisions(b.key); rev[len(rev)-1].Status != journal.StatusWaiting || len(book.Unclear()) != 1 {
					t.Errorf("the history says %+v", rev)
				}
			})
		}
	}
}

func TestAStrangeAnswerBeforeAnythingIsSent(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	b.wire.faults = []fault{refusesOddly}
	r := b.do(s)
	b.want(r, apply.Failed, "recorded.shape")
	if !r.Halt || b.applier.Journal.Book().Open(b.key) != nil {
		t.Errorf("it says %+v", r)
	}
	b.wire.odd = true
	if r := b.do(s); !r.Halt || r.Outcome != apply.Failed || len(b.wire.changes) != 1 {
		t.Errorf("of a list that looks otherwise it says %+v", r)
	}
	b.holds("old")
}

// A way back whose answer is strange is left to a person as well.
func TestAStrangeAnswerOnTheWayBack(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	b.wire.faults = []fault{holdsOther, answersOddly}
	r := b.do(s)
	b.want(r, apply.Waiting, "recorded.shape")
	if open := b.applier.Journal.Book().Open(b.key); !r.Halt || open == nil || open.Undoes != s.ID {
		t.Errorf("it says %+v, and %+v is open", r, open)
	}
}
