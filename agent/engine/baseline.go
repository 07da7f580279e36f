package engine

import (
	"context"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// RecordBaseline records a baseline. It closes a step of which nobody could tell whether
// it was made, and takes back one that waits: the baseline says what is there.
func (e *Engine) RecordBaseline(ctx context.Context, fact journal.Baselined) error {
	open := e.Journal.Book().Open(fact.Key)
	switch {
	case open == nil:
		return e.Journal.Append(ctx, e.Tx, fact)
	case open.Waiting:
		w := plan.Withdrawal{Key: fact.Key, Open: *open, Reason: "a person said what is installed: " + fact.Evidence}
		if err := e.Applier().Withdraw(ctx, e.Tx, w); err != nil {
			return err
		}
		return e.Journal.Append(ctx, e.Tx, fact)
	}
	return e.Journal.Append(ctx, e.Tx, journal.Failed{
		Step: open.Step.ID, Code: "op.unknown_outcome", StoreState: journal.Uncertain,
		Message: "nobody could tell whether it was made; a person looked: " + fact.Evidence,
	}, fact)
}

// Baseline compares what a person says with what the store tells.
func (e *Engine) Baseline(ctx context.Context, k store.Key, p *pbiviz.Package) (store.State, error) {
	release := p.Release()
	state := store.State{Presence: store.Present, Release: &release, Claim: store.Confirmed}
	target := e.Stores[k.Store]
	listed, err := target.Installed(ctx)
	if err != nil {
		return state, err
	}
	told, there := listed[k.GUID]
	switch {
	case told.Problem != "":
		return state, fault.New("baseline.unreadable", "put right what the store holds, then say what it is",
			"the store cannot tell what it holds of %s: %s", k.GUID, told.Problem)
	case !there && (target.Traits().TellsDigest || target.Traits().TellsVersion):
		return state, fault.New("baseline.absent", "pin it instead: `orgstore pin set`", "the store holds no %s", k.GUID)
	case there && target.Traits().TellsDigest && told.Release != nil:
		if told.Release.Digest != p.Digest() {
			return state, fault.New("baseline.differs", "find the package that is installed; `orgstore status` shows its digest",
				"the store holds %s, and the package given is %s", told.Release, release)
		}
		state.Claim = store.Verified
	}
	state.Enabled = told.Enabled
	return state, nil
}

// LicenseTermsOf is what is known of an archived package's license: of several
// statements the one that ends first.
func (e *Engine) LicenseTermsOf(p *pbiviz.Package) license.Terms {
	return e.Observer().Facts(e.Journal.Book()).EarliestEnd[p.Digest()]
}
