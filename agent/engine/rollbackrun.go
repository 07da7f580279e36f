package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A RollbackRequest asks to go back to an earlier version of one visual, and to
// stay there.
type RollbackRequest struct {
	Visual visual.GUID `json:"visual"`
	// Store is where to go back, by its name in the settings; it may be empty if
	// the visual goes through one store.
	Store string `json:"store,omitempty"`
	// To is a version with a dot, or the number of a revision; empty means what was
	// installed before the last change of code.
	To string `json:"to,omitempty"`
	// Override names a kind of gate that the rollback ignores. The Reason is needed
	// in any case.
	Override string  `json:"override,omitempty"`
	Reason   string  `json:"reason"`
	DryRun   bool    `json:"dry_run,omitempty"`
	Consent  Consent `json:"consent,omitzero"`
}

// A RollbackResult is what became of a RollbackRequest. Its parts are those of an
// ApplyResult.
type RollbackResult = ApplyResult

// Rollback goes back. It looks and asks before it takes the right to change stores.
func (e *Engine) Rollback(ctx context.Context, r RollbackRequest) (RollbackResult, error) {
	key, err := e.checkRollback(r)
	if err != nil {
		return RollbackResult{}, err
	}
	if err := e.lookAround(ctx); err != nil {
		return RollbackResult{}, err
	}
	if r.DryRun {
		r.Consent.Anything = true
		c, err := e.chooseRollback(ctx, r, key)
		if err == nil && len(c.steps) == 0 {
			err = staysAsItIs(planOf(c.plan, key), key)
		}
		if err != nil {
			return RollbackResult{}, err
		}
		p := e.planResult(planOf(c.plan, key))
		return RollbackResult{Plan: &p}, nil
	}
	if !r.Consent.Anything {
		// What keeps it from choosing may be what recovering mends.
		if c, err := e.chooseRollback(ctx, r, key); err == nil && c.question != nil {
			return RollbackResult{Question: c.question, Applied: e.applied(nil, nil)}, nil
		}
	}
	c, results, err := e.run(ctx, "rollback", func(ctx context.Context, recovered []apply.Result) (choice, error) {
		if e.hasGoneBack(recovered, key, r.To) {
			return choice{isDone: true}, nil
		}
		return e.chooseRollbackForGood(ctx, r, key)
	})
	e.deliverNoticesAfterChange(ctx)
	if err == nil && c.question == nil {
		err = worstResult(results, true)
	}
	return RollbackResult{Applied: e.applied(results, nil), Question: c.question}, err
}

func (e *Engine) checkRollback(r RollbackRequest) (store.Key, error) {
	if isBlank(r.Reason) {
		return store.Key{}, fault.Usage("say why with --reason; it stays in the history", "a rollback needs a reason")
	}
	if r.Override != "" {
		if err := checkOverride(r.Override, r.Reason); err != nil {
			return store.Key{}, err
		}
	}
	if err := e.mustKnow([]visual.GUID{r.Visual}); err != nil {
		return store.Key{}, err
	}
	return e.storeKey(r.Store, r.Visual, nil)
}

// hasGoneBack reports whether recovering made what a person had asked for: a
// rollback that was interrupted and is given again must not go back twice.
func (e *Engine) hasGoneBack(recovered []apply.Result, k store.Key, to string) bool {
	return slices.ContainsFunc(recovered, func(r apply.Result) bool {
		return r.Step.Key == k && r.Step.Asked && r.OK() && r.Outcome != apply.Waiting && isTarget(e.Journal.Book(), k, r.Step.To, to)
	})
}

// isTarget reports whether a state is where a rollback asks to go. Without a target
// any is.
func isTarget(book journal.Book, key store.Key, state store.State, to string) bool {
	if to == "" {
		return true
	}
	if n, err := strconv.Atoi(to); err == nil {
		r, err := releaseOfRevision(book, key, n)
		return err == nil && (r == nil) == (state.Enabled != nil && !*state.Enabled) && (r == nil || state.Release != nil && r.Digest == state.Release.Digest)
	}
	v, err := visual.ParseVersion(to)
	return err == nil && state.Release != nil && state.Release.Version.Equal(v)
}

// chooseRollback plans the rollback and asks the person.
func (e *Engine) chooseRollback(ctx context.Context, r RollbackRequest, key store.Key) (choice, error) {
	ask, err := e.askForRollback(ctx, r, key)
	if err != nil {
		return choice{}, err
	}
	p, in, err := e.planNow(ctx, []plan.Ask{ask})
	if err != nil {
		return choice{}, err
	}
	steps := planOf(p, key).Steps
	c := choice{plan: p, input: in, steps: steps, isChosen: func(open plan.Open) bool { return open.Step.Key == key }}
	if len(steps) == 0 {
		if len(e.wantedWithdrawals(p, c.isChosen)) == 0 {
			err = staysAsItIs(planOf(p, key), key)
		}
		return c, err
	}
	c.facts = e.requestFacts(steps[0], ask)
	c.blocks = map[store.StepID]*plan.Block{steps[0].ID: e.BlockFor(steps[0])}
	c.question = e.askToRollback(steps, r)
	return c, nil
}

// chooseRollbackForGood also says which facts are recorded.
func (e *Engine) chooseRollbackForGood(ctx context.Context, r RollbackRequest, key store.Key) (choice, error) {
	c, err := e.chooseRollback(ctx, r, key)
	if err != nil || c.question != nil {
		return c, err
	}
	overrides, err := e.overrideFacts(c.steps, r.Override, r.Reason)
	c.facts = append(overrides, c.facts...)
	return c, err
}

// askToRollback returns the first question that the person has not agreed to; nil
// if there is none, or if gates hold the rollback back anyway. That reports show
// nothing any more is asked a second time.
func (e *Engine) askToRollback(steps []plan.Step, r RollbackRequest) *Question {
	step := steps[0]
	if !e.passesWithOverride(step, r.Override) {
		return nil
	}
	if q := e.question(rollbackText(step), "", steps); !r.Consent.agrees(q) {
		return &q
	}
	if step.Kind != change.Disable {
		return nil
	}
	if q := e.question("turn it off all the same", e.accessOffText(step), steps); !r.Consent.agrees(q) {
		return &q
	}
	if r.Consent.Anything && !r.DryRun {
		e.note("%s", e.accessOffText(step))
	}
	return nil
}

// rollbackText asks whether a rollback is meant.
func rollbackText(step plan.Step) string {
	name := Title(step.Name, step.Key)
	if step.Kind == change.Disable {
		return fmt.Sprintf("turn the access of %s off, as before its first install, and block %s", name, VersionText(step.From))
	}
	return fmt.Sprintf("go back from %s to %s of %s, and block what is left", VersionText(step.From), VersionText(step.To), name)
}

// planOf narrows a plan to one visual in one store.
func planOf(p plan.Plan, k store.Key) plan.Plan {
	out := plan.Plan{ID: p.ID, Basis: p.Basis}
	for _, step := range p.Steps {
		if step.Key == k {
			out.Steps = append(out.Steps, step)
		}
	}
	for _, idle := range p.Idle {
		if idle.Key == k {
			out.Idle = append(out.Idle, idle)
		}
	}
	return out
}

// staysAsItIs says why a rollback is not possible.
func staysAsItIs(p plan.Plan, k store.Key) error {
	for _, idle := range p.Idle {
		r := idle.Reason
		return fault.New(string(r.Code), r.Hint, "%s stays as it is: %s", Title(idle.Name, k), r.Message)
	}
	return isNotInstalled(k)
}

func isNotInstalled(k store.Key) error {
	return fault.New("rollback.nothing", "look at `orgstore status`", "cannot roll back %s: it is not installed", k.GUID)
}

// taskStillWaits refuses to guess what is meant by going back from a change that is
// not known to be made.
func taskStillWaits(open plan.Open) error {
	g := open.Step.Key.GUID
	return fault.New("rollback.waiting",
		fmt.Sprintf("if it was made, confirm it first: orgstore store confirm %s; if it is not to be made: orgstore hold %s; to go further back than what is installed, say where with --to", g, g),
		"cannot roll back %s: %s waits for a person since %s, and nobody said that it was made", Title(open.Step.Name, open.Step.Key), open.Step.Kind, FormatDay(open.Since))
}

// askForRollback turns the request into what the plan is asked for. It goes back
// from what is there, whoever brought it.
func (e *Engine) askForRollback(ctx context.Context, r RollbackRequest, key store.Key) (plan.Ask, error) {
	p, _, err := e.planNow(ctx, nil)
	if err != nil {
		return plan.Ask{}, err
	}
	now, _ := lineOf(p, key)
	open, _, waits := waitingTask(e.Journal.Book(), key)
	switch {
	case waits && !open.Step.Asked && r.To == "":
		return plan.Ask{}, taskStillWaits(open)
	case now.IsBlocked && now.State.Presence != store.Absent && now.State.Release == nil:
		return plan.Ask{}, staysAsItIs(planOf(p, key), key)
	case now.State.Presence != store.Present || now.State.Release == nil:
		return plan.Ask{}, isNotInstalled(key)
	}
	ask := plan.Ask{Key: key, Not: now.State.Release.Digest, Reason: r.Reason}
	target, err := e.rollbackTarget(key, r.To, *now.State.Release)
	if err != nil || target == nil {
		return ask, err // nil: before the first install, which turns access off
	}
	ask.Version, ask.Content = target.Version, contentOf(e.Journal.Book(), target.Digest)
	return ask, nil
}

// rollbackTarget finds the release to go back to; nil means "not installed".
func (e *Engine) rollbackTarget(key store.Key, to string, now visual.Release) (*visual.Release, error) {
	book := e.Journal.Book()
	if to == "" {
		return e.previousRelease(key, now)
	}
	if n, err := strconv.Atoi(to); err == nil {
		return releaseOfRevision(book, key, n)
	}
	v, err := visual.ParseVersion(to)
	if err != nil || !v.Deployable() {
		return nil, fault.Usage("give a version such as 1.4.0.0, or the number of a revision", "--to: %q is neither", to)
	}
	wasInstalled := func(r journal.Revision) bool { return r.After.Release != nil && r.After.Release.Version.Equal(v) }
	if v.Compare(now.Version) > 0 && !slices.ContainsFunc(book.Stood(key), wasInstalled) {
		return nil, fault.Usage("pin it instead: `orgstore pin set`, then `orgstore apply`",
			"--to: %s is newer than %s, which is installed, and was never installed before", v, now.Version)
	}
	return &visual.Release{Version: v}, nil
}

// releaseOfRevision finds what a revision of the history led to; before the first
// was nothing.
func releaseOfRevision(book journal.Book, key store.Key, n int) (*visual.Release, error) {
	if n == 0 {
		return nil, nil
	}
	for _, r := range book.Revisions(key) {
		if r.Revision != n {
			continue
		}
		if !r.Stood() {
			return nil, fault.New("rollback.revision", "look at `orgstore history`", "revision %d of %s was never completed: it is %s", n, key.GUID, r.Status)
		}
		return r.After.Release, nil
	}
	return nil, fault.New("rollback.revision", "look at `orgstore history`", "%s has no revision %d", key.GUID, n)
}
