package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/check"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// scripted is a check that answers as it is told.
type scripted struct {
	unready error
	answers []journal.Answer // the last one stays
	// during is called while it is asked, if not nil.
	during func()
	asked  []check.Change
}

func (c *scripted) Ready() error { return c.unready }

func (c *scripted) Check(_ context.Context, about check.Change) journal.Checked {
	c.asked = append(c.asked, about)
	if c.during != nil {
		c.during()
	}
	answer := c.answers[min(len(c.asked), len(c.answers))-1]
	return journal.Checked{By: check.ByCommand, Answer: answer, Message: "it ended with 7", Output: "the gauge is empty"}
}

// check makes a bench ask a check after changes.
func (b *bench) check(answers ...journal.Answer) *scripted {
	c := &scripted{answers: answers}
	b.policy.checker = c
	b.policy.blockFor = func(back plan.Step) *plan.Block {
		return &plan.Block{Key: back.Key, Digest: back.From.Release.Digest, Version: back.From.Release.Version, Reason: back.Reason.Message}
	}
	return c
}

// bothHeld fails unless what failed is blocked, and all but renewals held.
func (b *bench) bothHeld(bad string) {
	b.Helper()
	book := b.applier.Journal.Book()
	blocks, holds := book.Blocks(), book.Holds()
	if len(blocks) != 1 || blocks[0].Digest != b.pkgs[bad].Digest() || !strings.Contains(blocks[0].Reason, "its check failed") {
		b.Errorf("blocked: %+v", blocks)
	}
	if len(holds) != 1 || !slices.Equal(holds[0].Except, []change.Kind{change.Renew}) || !holds[0].Until.IsZero() ||
		holds[0].Failed == nil || holds[0].Failed.Digest != b.pkgs[bad].Digest() {
		b.Errorf("held: %+v", holds)
	}
}

func TestACheckThatPasses(t *testing.T) {
	for tells, traits := range stores() {
		t.Run("the store tells "+tells, func(t *testing.T) {
			b := newBench(t, traits)
			c := b.check(journal.Passed)
			s := upgrade(b)
			first := b.seq()
			r := b.do(s)
			if !r.OK() || !strings.Contains(r.Message, "check passed") {
				t.Errorf("%s: %s", r.Outcome, r.Message)
			}
			b.holds("new")
			b.recorded(first, "begun", "accepted", "checking", "checked", "done")
			about := c.asked[0]
			if about.GUID != b.key.GUID.String() || about.Version != "1.1.0.0" || about.From != "1.0.0.0" || about.Kind != "upgrade" ||
				about.Claim != string(r.Outcome) || about.Digest != b.pkgs["new"].Digest().String() || about.ID == "" {
				t.Errorf("it was told %+v", about)
			}
			if book := b.applier.Journal.Book(); len(book.Holds())+len(book.Blocks()) > 0 {
				t.Errorf("held %v, blocked %v", book.Holds(), book.Blocks())
			}
		})
	}
}

func TestACheckThatFails(t *testing.T) {
	for tells, traits := range stores() {
		t.Run("the store tells "+tells, func(t *testing.T) {
			b := newBench(t, traits)
			b.check(journal.Refused)
			s := upgrade(b)
			first := b.seq()
			b.want(b.do(s), apply.Undone, "check.failed")
			b.holds("old")
			b.recorded(first, "begun", "accepted", "checking", "checked", "failed", "blocked", "held", "begun", "accepted", "done")
			b.bothHeld("new")
			book := b.applier.Journal.Book()
			revisions := book.Revisions(b.key)
			bad, back := revisions[len(revisions)-2], revisions[len(revisions)-1]
			if bad.Status != journal.StatusUndone || bad.Left != journal.Changed || len(bad.Checks) != 1 || bad.Checks[0].Output != "the gauge is empty" {
				t.Errorf("the history says %+v", bad)
			}
			if back.Status != journal.StatusDone || back.Kind != change.Restore || !strings.Contains(back.Reason, "check failed") {
				t.Errorf("the history says %+v", back)
			}
			if got := book.Belief(b.key); got.Release.Digest != b.pkgs["old"].Digest() {
				t.Errorf("believed to hold %s", got.Release)
			}
			if again := b.recover(); len(again) > 0 {
				t.Errorf("the next start did something: %+v", again)
			}
		})
	}
}

// Renewals of what is there again go on: a hold that a failed check left does not
// keep them back, and everything else.
func TestRenewalsFlowAfterAFailedCheck(t *testing.T) {
	b := telling(t)
	c := b.check(journal.Refused, journal.Passed)
	b.do(upgrade(b))
	gates := func(s plan.Step) []plan.Gate {
		return plan.Gates(s, plan.Conditions{At: b.Moment(), Holds: b.applier.Journal.Book().Holds()})
	}
	renewal := b.step(change.Renew, b.state("old", true), b.state("renewed", true))
	if g := gates(renewal); len(g) > 0 {
		t.Errorf("the renewal is held back: %+v", g)
	}
	if g := gates(upgrade(b)); len(g) != 1 || g[0].Kind != plan.GateHold || !strings.Contains(g[0].Message, "but for renew") {
		t.Errorf("the upgrade is held back by %+v", g)
	}
	b.want(b.do(renewal), apply.Verified, "")
	b.holds("renewed")
	if len(c.asked) != 2 {
		t.Errorf("asked %d times", len(c.asked))
	}
}

// A version that is newer than the one that failed is tried. Where it is good, the
// visual is held no more; where it is not, until one comes that is newer still.
func TestAMendedVersionLiftsTheHold(t *testing.T) {
	for answer, want := range map[journal.Answer]string{journal.Passed: "", journal.Refused: "1.2.0.0"} {
		b := telling(t)
		b.pkgs["newer"] = licensetest.Package(pbiviztest.Package{Version: "1.2.0.0", Script: "var mended;\n"})
		b.take("newer", b.pkgs["newer"].File())
		b.take("newer", licensetest.Aurora().Statement(b.pkgs["newer"]))
		b.check(journal.Refused, answer)
		b.do(upgrade(b))
		mended := b.step(change.Upgrade, b.state("old", true), b.state("newer", true))
		book := b.applier.Journal.Book()
		if g := plan.Gates(mended, plan.Conditions{At: b.Moment(), Holds: book.Holds()}); len(g) > 0 {
			t.Errorf("the mended version is held back: %+v", g)
		}
		first := b.seq()
		b.do(mended)
		holds := b.applier.Journal.Book().Holds()
		switch {
		case want == "":
			b.recorded(first, "begun", "accepted", "checking", "checked", "done", "unheld")
			if len(holds) > 0 {
				t.Errorf("held: %+v", holds)
			}
		case len(holds) != 1 || holds[0].Failed.Version.String() != want:
			t.Errorf("held: %+v", holds)
		}
	}
}

func TestACheckOfAnInstallThatFails(t *testing.T) {
	b := telling(t)
	b.check(journal.Refused)
	b.start(absent())
	r := b.do(b.step(change.Install, absent(), b.state("new", true)))
	b.want(r, apply.Undone, "check.failed")
	if !strings.Contains(r.Message, "its access is off") {
		t.Errorf("the message is %q", r.Message)
	}
	b.holds("new, off")
	b.bothHeld("new")
}

func TestACheckThatCannotBeAskedChangesNothing(t *testing.T) {
	b := telling(t)
	b.check(journal.Passed).unready = errors.New("check.ps1 is not there")
	s := upgrade(b)
	first := b.seq()
	b.want(b.do(s), apply.Failed, "check.not_ready")
	b.holds("old")
	b.recorded(first)
}

// What goes back to what stood, what a person asked for beyond the pins, and what
// puts no other bytes is not asked about.
func TestWhatIsNotChecked(t *testing.T) {
	for _, name := range []string{"renew, same", "enable", "disable"} {
		b := telling(t)
		c := b.check(journal.Refused)
		s := steps(b)[name]
		b.start(s.From)
		if r := b.do(s); !r.OK() || len(c.asked) > 0 {
			t.Errorf("%s: %s, asked about %v", name, r.Outcome, c.asked)
		}
	}
	b := telling(t)
	c := b.check(journal.Refused)
	s := steps(b)["downgrade"]
	s.Asked = true
	b.start(s.From)
	if r := b.do(s.Identified()); !r.OK() || len(c.asked) > 0 {
		t.Errorf("a rollback: %s, asked about %v", r.Outcome, c.asked)
	}
}

func TestAPersonsHoldIsNotReplaced(t *testing.T) {
	for ends, want := range map[time.Duration]string{time.Hour: "audit", -time.Hour: "its check failed"} {
		b := telling(t)
		b.check(journal.Refused)
		s := upgrade(b)
		err := b.applier.Journal.Append(context.Background(), b.tx, journal.Held{Key: b.key, Until: b.now.Add(ends), Reason: "audit"})
		if err != nil {
			t.Fatal(err)
		}
		b.do(s)
		if h := b.applier.Journal.Book().Holds(); len(h) != 1 || !strings.Contains(h[0].Reason, want) {
			t.Errorf("held: %+v", h)
		}
	}
}

// A check that is stopped in good order is asked again, under the same id, and
// that does not count as a try.
func TestAStoppedCheckIsAskedAgain(t *testing.T) {
	b := telling(t)
	c := b.check(journal.Stopped)
	r := b.do(upgrade(b))
	b.want(r, apply.Checking, "check.stopped")
	if b.applier.Journal.Book().Open(b.key) == nil {
		t.Fatal("the step is closed")
	}
	for range plan.MaxTries + 1 {
		b.want(b.recover()[0], apply.Checking, "check.stopped")
	}
	c.answers = []journal.Answer{journal.Passed}
	b.want(b.recover()[0], apply.Verified, "")
	for _, about := range c.asked {
		if about.ID != c.asked[0].ID {
			t.Errorf("asked under %s and %s", c.asked[0].ID, about.ID)
		}
	}
}

// A check during which the program dies again and again counts as failed.
func TestACheckThatNeverAnswersEnds(t *testing.T) {
	b := telling(t)
	c := b.check(journal.Passed)
	c.during = func() { panic("the program dies") }
	s := upgrade(b)
	died := func(do func()) (dead bool) {
		defer func() { dead = recover() != nil }()
		do()
		return
	}
	if !died(func() { b.do(s) }) {
		t.Fatal("it lived")
	}
	starts := 1
	for died(func() { b.recover() }) && starts < 10 {
		starts++
	}
	if starts != plan.MaxTries {
		t.Errorf("it died %d times", starts)
	}
	b.holds("old")
	b.bothHeld("new")
}

func TestAStoreThatIsChangedDuringTheCheckIsLeftAlone(t *testing.T) {
	b := telling(t)
	b.check(journal.Refused).during = func() { b.wire.holds[b.key.GUID] = held{b.pkgs["other"], true} }
	b.want(b.do(upgrade(b)), apply.Failed, "check.failed")
	b.holds("other")
	if p := b.applier.Journal.Book().Belief(b.key).Presence; p != store.Unknown {
		t.Errorf("believed to be %s", p)
	}
}

// The license of what was there before ends during the check: there is no way
// back, and everybody is told so.
func TestACheckThatFailsWithoutAWayBack(t *testing.T) {
	b := telling(t)
	b.check(journal.Refused).during = func() { b.now = licensetest.Time(licensetest.Ends) }
	b.take("new", licensetest.Aurora().Statement(b.pkgs["new"], func(r *issuer.Request) {
		r.Sequence, r.Ends = 9, licensetest.Time("2027-12-05")
	}))
	b.want(b.do(upgrade(b)), apply.Failed, "op.restore_failed")
	b.holds("new")
	b.bothHeld("new")
	if got := b.applier.Journal.Book().Belief(b.key); got.Release == nil || got.Release.Digest != b.pkgs["new"].Digest() {
		t.Errorf("believed to hold %v", got.Release)
	}
}

// The program dies after every number of appends to the journal, with a check
// that passes and with one that fails. Started again it gets to the same end, and
// asks under the same id.
func TestDiesAroundACheck(t *testing.T) {
	for _, c := range []struct {
		answer journal.Answer
		holds  string
	}{{journal.Passed, "new"}, {journal.Refused, "old"}} {
		for left := range 12 {
			t.Run(fmt.Sprintf("%s, after %d appends", c.answer, left), func(t *testing.T) {
				b := telling(t)
				asked := b.check(c.answer)
				s := upgrade(b)
				b.open(&failingLog{Log: b.log, left: left})
				_, err := b.applier.Do(context.Background(), b.tx, s, nil)
				if err == nil && left < 4 {
					t.Fatal("it did not die")
				}
				b.recover()
				believed(b, false, "old")
				if len(asked.asked) == 0 { // it died before the store was changed
					b.do(s)
				}
				b.holds(c.holds)
				if c.answer == journal.Refused {
					b.bothHeld("new")
				}
				if again := b.recover(); len(again) > 0 {
					t.Errorf("a second recovery did something: %+v", again)
				}
			})
		}
	}
}
