package apply_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// damaged is a store whose file of a visual can be seen and not be read.
type damaged struct{ *wire }

func (d damaged) Look(ctx context.Context, g visual.GUID) (store.Listing, bool, error) {
	l, present, err := d.wire.Look(ctx, g)
	if l.Release != nil {
		l.Release, l.Problem = nil, "the file is cut off"
	}
	return l, present, err
}

// A file that nobody can read is neither what was there before nor what should be
// there.
func TestAnUnreadableFileIsNoMatch(t *testing.T) {
	t.Run("before a step", func(t *testing.T) {
		b := telling(t)
		s := upgrade(b)
		b.applier.Stores[b.key.Store] = damaged{b.wire}
		r := b.do(s)
		b.want(r, apply.Failed, "op.stale")
		if !strings.Contains(r.Message, "the file is cut off") {
			t.Errorf("it says %q", r.Message)
		}
		if len(b.wire.changes) > 0 {
			t.Errorf("the store was asked to %v", b.wire.changes)
		}
	})
	t.Run("after a step", func(t *testing.T) {
		b := telling(t)
		s := upgrade(b)
		b.wire.during = func() { b.applier.Stores[b.key.Store] = damaged{b.wire} }
		b.want(b.do(s), apply.Failed, "op.restore_failed")
		if p := b.applier.Journal.Book().Belief(b.key).Presence; p != store.Unknown {
			t.Errorf("believed to be %s", p)
		}
	})
	t.Run("after an interruption", func(t *testing.T) {
		b := telling(t)
		s := upgrade(b)
		b.wire.faults = []fault{goesBlind}
		b.want(b.do(s), apply.Failed, "op.unknown_outcome")
		b.applier.Stores[b.key.Store] = damaged{b.wire}
		for _, r := range b.recover() {
			b.want(r, apply.Failed, "op.interrupted")
		}
		if p := b.applier.Journal.Book().Belief(b.key).Presence; p != store.Unknown {
			t.Errorf("believed to be %s", p)
		}
	})
}

// A way back during which the program dies again and again is given up.
func TestAWayBackThatIsInterruptedTooOften(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	b.wire.faults = []fault{holdsOther}
	b.wire.during = func() {
		if len(b.wire.changes) > 1 {
			panic("the program dies")
		}
	}
	if !dies(func() { b.do(s) }) {
		t.Fatal("it lived")
	}
	starts := 1
	for dies(func() { b.recover() }) && starts < 10 {
		starts++
	}
	if want := 1 + plan.MaxTries; starts != want { // an interruption counts once it is found
		t.Errorf("the way back was tried %d times, want %d", starts, want)
	}
	b.holds("other")
	book := b.applier.Journal.Book()
	revisions := book.Revisions(b.key)
	if last := revisions[len(revisions)-1]; book.Open(b.key) != nil || last.Status != journal.StatusFailed || last.Left != journal.Uncertain {
		t.Errorf("the history ends with %+v", last)
	}
	if p := book.Belief(b.key).Presence; p != store.Unknown {
		t.Errorf("believed to be %s", p)
	}
}

func dies(do func()) (dead bool) {
	defer func() { dead = recover() != nil }()
	do()
	return
}

// Whether this process may still change a store is asked after everything that
// takes time, and before the change itself.
func TestTheLeaseIsAskedRightBeforeAChange(t *testing.T) {
	for name := range steps(telling(t)) {
		t.Run(name, func(t *testing.T) {
			b := telling(t)
			s := steps(b)[name]
			b.start(s.From)
			var order []string
			b.tick = func(*bench) { order = append(order, "judge") }
			b.wire.during = func() { order = append(order, "change") }
			b.applier.Lease = lease(func(context.Context) error {
				order = append(order, "lease")
				return nil
			})
			if r := b.do(s); !r.OK() {
				t.Fatalf("%+v", r)
			}
			want := []string{"judge", "lease", "judge", "change"} // the moment of Put is a fresh one
			switch {
			case s.SameBytes() && s.Kind.Puts():
				want = []string{"judge"}
			case !s.Kind.Puts():
				want = []string{"lease", "change"}
			}
			if !slices.Equal(order, want) {
				t.Errorf("in this order: %v, want %v", order, want)
			}
		})
	}
}

func TestNothingIsChangedWithoutTheLease(t *testing.T) {
	for name := range steps(telling(t)) {
		b := telling(t)
		s := steps(b)[name]
		if s.SameBytes() && s.Kind.Puts() {
			continue
		}
		b.start(s.From)
		before := b.content()
		b.applier.Lease = lease(func(context.Context) error { return journal.ErrLost })
		r := b.do(s)
		b.want(r, apply.Failed, "op.failed")
		b.holds(before)
		if len(b.wire.changes) > 0 || !strings.Contains(r.Message, journal.ErrLost.Error()) {
			t.Errorf("%s: the store was asked to %v, and it says %q", name, b.wire.changes, r.Message)
		}
	}
}

// A lease that is lost in the middle of a step is noticed on the way back.
func TestTheWayBackAsksForTheLease(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	b.wire.faults = []fault{holdsOther}
	b.applier.Lease = lease(func(context.Context) error {
		if len(b.wire.changes) > 0 {
			return errors.New("another has taken over")
		}
		return nil
	})
	b.want(b.do(s), apply.Failed, "op.restore_failed")
	b.holds("other")
	if len(b.wire.changes) != 1 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

// Where there are several stores, a license is held against the tenant of the
// store that the package goes into, and not against another's.
func TestALicenseIsForTheTenantOfItsStore(t *testing.T) {
	const another = "0a1b2c3d-4e5f-4061-8273-94a5b6c7d8e9"
	of := func(tenant string) apply.Licensing {
		return licensing{facts: func(book journal.Book) license.Facts {
			return license.Facts{Tenant: licensetest.Tenant, StoreTenant: tenant, EarliestEnd: license.EarliestEnds(book.Bounds())}
		}}
	}
	for _, name := range []string{"upgrade", "renew"} { // by a statement beside the package, and inside it
		for _, c := range []struct {
			name, here, there string
			code              string
		}{
			{"of its tenant, beside a store of another", licensetest.Tenant, another, ""},
			{"of another tenant, beside a store of its own", another, licensetest.Tenant, "ent.tenant"},
		} {
			t.Run(name+" in a store "+c.name, func(t *testing.T) {
				b := telling(t)
				s := steps(b)[name]
				b.start(s.From)
				before := b.content()
				b.applier.LicensingIn = map[string]apply.Licensing{b.key.Store: of(c.here), "pilot": of(c.there)}
				r := b.do(s)
				if c.code == "" {
					b.want(r, apply.Verified, "")
					return
				}
				b.want(r, apply.Failed, c.code)
				b.holds(before)
				if len(b.wire.changes) > 0 || !strings.Contains(r.Message, another) {
					t.Errorf("the store was asked to %v, and it says %q", b.wire.changes, r.Message)
				}
			})
		}
	}
}

// tooMany is what speaks against a license with fewer seats than there are users.
func tooMany() []verdict.Finding {
	return []verdict.Finding{{Code: "ent.seats", Verdict: verdict.Reject, Message: "300 users, and seats for 250", Hint: "ask the vendor for more"}}
}

// What one store's usage says against a license counts for that store alone.
func TestWhatSpeaksAgainstALicenseIsOfItsStore(t *testing.T) {
	for st, code := range map[string]string{"tenant": "ent.seats", "pilot": ""} {
		b := telling(t)
		s := b.step(change.Upgrade, b.state("old", true), b.state("new", true))
		b.start(s.From)
		b.applier.LicensingIn = map[string]apply.Licensing{"tenant": b.licensing, "pilot": b.licensing}
		b.applier.LicensingIn[st] = licensing{b.licensing.facts, tooMany()}
		r := b.do(s)
		if code == "" {
			b.want(r, apply.Verified, "")
			continue
		}
		b.want(r, apply.Failed, code)
		b.holds("old")
	}
}

// What somebody else forbids while a package is judged is not made: the journal is read
// again right before the store is changed, and asked with every kind of change.
func TestWhatIsForbiddenMeanwhileIsNotMade(t *testing.T) {
	for name := range steps(telling(t)) {
		t.Run(name, func(t *testing.T) {
			b := telling(t)
			s := steps(b)[name]
			if s.SameBytes() && s.Kind.Puts() {
				return // nothing goes into the store
			}
			b.start(s.From)
			before := b.content()
			other, err := journal.Open(t.Context(), b.log.Handle(), journaltest.Stamp())
			if err != nil {
				t.Fatal(err)
			}
			b.applier.Lease = lease(func(ctx context.Context) error { // the last that is asked before
				return other.Append(ctx, "tx-2", journal.Held{Key: s.Key, Reason: "closing of the books"})
			})
			b.policy.forbids = func(book journal.Book, asked plan.Step) *verdict.Refusal {
				if len(book.Holds()) == 0 || asked.ID != s.ID {
					return nil
				}
				return verdict.Refuse("gate.hold", "bob holds it: closing of the books", "wait until it is over")
			}
			b.want(b.do(s), apply.Failed, "gate.hold")
			b.holds(before)
			if len(b.wire.changes) > 0 {
				t.Errorf("the store was asked to %v", b.wire.changes)
			}
		})
	}
}

// Where nothing is forbidden the step is made.
func TestNothingIsForbidden(t *testing.T) {
	b := telling(t)
	s := upgrade(b)
	asked := 0
	b.policy.forbids = func(journal.Book, plan.Step) *verdict.Refusal { asked++; return nil }
	b.want(b.do(s), apply.Verified, "")
	b.holds("new")
	if asked != 1 {
		t.Errorf("it was asked %d times", asked)
	}
}

// A review counts for the step and the gate that it names: what was overridden for
// another does not let this one pass.
func TestAnotherStepsReviewDoesNotCount(t *testing.T) {
	for _, of := range []struct {
		name, gate string
		step       store.StepID
	}{{"another gate", plan.GateHold, ""}, {"another step", plan.GateReview, "st_other"}} {
		t.Run(of.name, func(t *testing.T) {
			b := telling(t)
			b.take("long", licensetest.Aurora().Statement(b.pkgs["new"], func(r *issuer.Request) {
				r.Sequence, r.Ends = 8, licensetest.Time("2029-01-01")
			}))
			b.terms["new"] = b.terms["long"]
			s := upgrade(b)
			s.Review = b.do(s).Message // as the plan says it
			o := journal.Overridden{Step: cmp.Or(of.step, s.ID), Gate: of.gate, About: s.Review, Reason: "the vendor confirmed it"}
			if err := b.applier.Journal.Append(t.Context(), b.tx, o); err != nil {
				t.Fatal(err)
			}
			b.want(b.do(s), apply.Failed, "lic.lifetime")
			b.holds("old")
		})
	}
}
