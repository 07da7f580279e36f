package apply_test

import (
	"context"
	"testing"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestLicenseCases tries the cases of the list in which a step is carried out. A
// step that was made is an acceptance, one that waits for a person is a review,
// and one that was not made, or was undone, is a rejection.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "H2", judgedByAnother)
	casetest.Run(t, "H3", answerLost)
	casetest.Run(t, "H4", otherBytesInTheStore)
}

func reportResult(report casetest.Report, r apply.Result) {
	switch {
	case r.Outcome == apply.Waiting:
		report(verdict.Review, r.Code)
	case r.OK():
		report(verdict.Accept, r.Code)
	default:
		report(verdict.Reject, r.Code)
	}
}

// judgedByAnother carries out a step that another program planned. What that one
// verified is verified again from the bytes: a journal that says otherwise does
// not help.
func judgedByAnother(t *testing.T, report casetest.Report) {
	good := telling(t)
	reportResult(report, good.do(upgrade(good)))
	good.holds("new")

	b := telling(t)
	s := upgrade(b)
	bounds := b.applier.Journal.Book().BoundsOf(b.pkgs["new"].Digest())
	made := journal.Bound{Bound: bounds[len(bounds)-1]}
	made.Bound.Statement = b.statement("old")
	err := b.applier.Journal.Append(context.Background(), b.tx,
		journal.StatementRefused{Statement: b.statement("new"), Package: b.pkgs["new"].Digest(), Trust: "another"}, made)
	if err != nil {
		t.Fatal(err)
	}
	reportResult(report, b.do(s))
	b.holds("old")
	if len(b.wire.changes) > 0 {
		t.Errorf("the store was asked to %v", b.wire.changes)
	}
}

// answerLost uploads a package into a store that takes it and whose answer is
// lost. A store that can be read back says what it holds; of another, nobody can
// tell, and a person must look. Neither is asked twice.
func answerLost(t *testing.T, report casetest.Report) {
	b := telling(t)
	b.wire.faults = []fault{failsAfter}
	s := upgrade(b)
	reportResult(report, b.do(s))
	b.holds("new")

	blind := newBench(t, stores()["nothing"])
	blind.wire.faults = []fault{failsAfter}
	blind.want(blind.do(upgrade(blind)), apply.Failed, "op.unknown_outcome")
	for range 2 {
		for _, r := range blind.recover() {
			reportResult(report, r)
		}
	}
	for _, w := range []*wire{b.wire, blind.wire} {
		if len(w.changes) != 1 {
			t.Errorf("the store was asked to %v", w.changes)
		}
	}
}

// otherBytesInTheStore uploads a package into a store that says yes and holds
// other bytes. What was there before comes back.
func otherBytesInTheStore(t *testing.T, report casetest.Report) {
	b := telling(t)
	b.wire.faults = []fault{holdsOther}
	reportResult(report, b.do(upgrade(b)))
	b.holds("old")
}
