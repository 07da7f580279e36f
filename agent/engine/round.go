package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/agent/loop"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// A RoundResult is what one look of the agent came to.
type RoundResult struct {
	loop.Report
	Applied Applied
	// Made is what became of the steps, in the order in which they were made.
	Made []apply.Result
	// Outcome is the worst of what waits or is broken; nil where all is well.
	Outcome error
	// Overlooked says that something may be made now that was held back when the
	// round began: another round is to come at once.
	Overlooked bool
	// Seen is the newest entry of the journal that the round has seen.
	Seen uint64
}

// Round looks, makes what nothing holds back, and says what is left. Its error says
// that it could not look, or could not go on.
func (e *Engine) Round(ctx context.Context) (r RoundResult, err error) {
	defer func() { r.Seen = e.Journal.Book().Seq() }()
	p, in, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return r, err
	}
	var results []apply.Result
	var busy error // another process is changing the stores
	if e.hasWork(p) {
		before := e.readySteps(p.Steps)
		_, results, err = e.run(ctx, "agent run", e.chooseReady)
		if errors.As(err, new(*lock.Held)) {
			busy, err = err, nil
		}
		if err != nil {
			return e.reportRound(p, in, results, err), err
		}
		if p, in, err = e.planNow(ctx, nil); err != nil {
			return e.reportRound(plan.Plan{}, in, results, err), err
		}
		r.Overlooked = e.becameReady(p, before, results)
	} else {
		if err := e.followUp(ctx, p, in); err != nil {
			return r, err
		}
		e.annotateLibrary(ctx)
	}
	e.deliverNotices(ctx, p, in)
	overlooked := r.Overlooked
	r = e.reportRound(p, in, results, busy)
	r.Overlooked = overlooked
	return r, e.signInError()
}

// hasWork reports whether there is something to change, or to finish: only then are
// others kept from changing things.
func (e *Engine) hasWork(p plan.Plan) bool {
	book := e.Journal.Book()
	for _, k := range book.Keys() {
		if book.Open(k) != nil {
			return true
		}
	}
	return len(p.Adoptions) > 0 || len(e.readySteps(p.Steps)) > 0 || len(e.wantedWithdrawals(p, anyTask)) > 0
}

// becameReady reports whether something may be made now that was held back when
// the round began, and was not tried: somebody approved it while others were made.
func (e *Engine) becameReady(p plan.Plan, before []plan.Step, results []apply.Result) bool {
	return slices.ContainsFunc(e.readySteps(p.Steps), func(step plan.Step) bool {
		return !slices.ContainsFunc(before, func(b plan.Step) bool { return b.ID == step.ID }) && !hasStep(results, step.ID)
	})
}

// chooseReady chooses what nothing holds back, after adopting what the settings let
// it adopt.
func (e *Engine) chooseReady(ctx context.Context, _ []apply.Result) (choice, error) {
	p, in, err := e.planNow(ctx, nil)
	if err != nil {
		return choice{}, err
	}
	if err := e.adopt(ctx, p, anyKey); err != nil {
		return choice{}, err
	}
	if len(e.Adopted) > 0 {
		if p, in, err = e.planNow(ctx, nil); err != nil {
			return choice{}, err
		}
	}
	return choice{plan: p, input: in, steps: e.readySteps(p.Steps), isChosen: anyTask}, nil
}

// reportRound says what a round found and did.
func (e *Engine) reportRound(p plan.Plan, in plan.Input, results []apply.Result, failure error) RoundResult {
	r := RoundResult{Made: results, Applied: e.applied(results, nil)}
	r.Again = errors.As(failure, new(*lock.Held)) || e.isLibraryWriting
	r.Gates = map[string]int{}
	for _, step := range p.Steps {
		gates := e.Gates(step)
		r.Next = sooner(r.Next, openTime(gates))
		for _, g := range gates {
			if g.State == plan.GateClosed {
				r.Gates[g.Kind]++
			}
		}
	}
	for _, t := range e.Settings.Stores {
		r.Stores = append(r.Stores, loop.Store{Name: t.Name, UnreachableSince: e.unread[t.Name].Since.UTC()})
	}
	r.Visuals = []loop.Visual{}
	for _, l := range e.Lines(p) {
		d := e.statusOf(l, in)
		r.Visuals = append(r.Visuals, loop.Visual{GUID: d.GUID, Name: d.Name, Store: l.Key.Store, Version: d.InstalledVersion, State: d.State, DaysLeft: d.DaysLeft})
	}
	for _, result := range results {
		if e.IsNew(result) {
			r.Results = append(r.Results, loop.Result{Kind: string(result.Step.Kind), Outcome: string(result.Outcome), Code: string(result.Code)})
		}
	}
	r.Drift = map[string]int{}
	for _, f := range e.driftReport.Findings {
		if f.Counts {
			r.Drift[string(f.Class)]++
		}
	}
	for _, note := range []string{e.unreadStoreTexts(), e.UnreadLibrary, e.UnpostedLibrary, e.FailingChannels()} {
		if note != "" {
			r.Notes = append(r.Notes, note)
		}
	}
	r.Outcome = cmp.Or(failure, worstResult(results, false), worstUnmet(unmetOf(p), false), e.worstHeld(p.Steps), e.worstTrust(), e.unreadStoreError(""))
	return r
}

// unmetOf picks the visuals that are pinned and cannot be had as pinned.
func unmetOf(p plan.Plan) []plan.Idle {
	return slices.DeleteFunc(slices.Clone(p.Idle), func(i plan.Idle) bool { return !i.Blocked })
}

// IsNew reports whether a result is this run's: a task that waited before was told
// of then.
func (e *Engine) IsNew(r apply.Result) bool {
	if r.Outcome != apply.Waiting || r.Code != "" {
		return true
	}
	revisions := e.Journal.Book().Revisions(r.Step.Key)
	return len(revisions) > 0 && revisions[len(revisions)-1].Tx == e.Tx
}

// openTime is when gates will all be open by time alone; zero where one needs
// somebody, or none is closed.
func openTime(gates []plan.Gate) time.Time {
	var at time.Time
	for _, g := range gates {
		switch {
		case g.State != plan.GateClosed:
		case g.Until.IsZero():
			return time.Time{}
		case g.Until.After(at):
			at = g.Until
		}
	}
	return at
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// lineOf finds what a plan says of one visual; false if it says nothing.
func lineOf(p plan.Plan, k store.Key) (VisualLine, bool) {
	for _, l := range visualLines(p) {
		if l.Key == k {
			return l, true
		}
	}
	return VisualLine{}, false
}
