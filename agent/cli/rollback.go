package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

type rollbackOptions struct {
	*globals
	to       string
	override string
	reason   string
	confirmation
	inStore
}

func newRollback(g *globals) *cobra.Command {
	o := &rollbackOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "rollback VISUAL",
		Short: "Go back to an earlier version, and stay there",
		Long: `Go back to an earlier version, and stay there.

Without --to it goes back to what was installed before the last change of code;
renewals do not count, and it never goes up. Of the version it goes back to, it
takes the kept package whose license lasts longest; if none is valid any more, it
says which package to request from the vendor. The version that was left is
blocked with all its renewals until you edit the visual's pin or run orgstore
unblock. Going back before the first install (--to 0) turns the visual's access
off: nothing is ever deleted from a store. A second rollback goes further back
still.`,
		Example: `  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --reason "totals are wrong since 1.5"
  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --to 1.4.0.0 --reason "..."
  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --to 2 --reason "..."   # revision 2 of orgstore history`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.to, "to", "", "a `VERSION` (with a dot) or a REVISION (a whole number) of orgstore history; 0 turns access off")
	cmd.Flags().StringVar(&o.override, "override", "", "go through this `GATE` (review, approval or tries), for the reason given")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; stays in the history (required)")
	o.inStore.flag(cmd, "the store to go back in, where the visual goes through several")
	o.confirmation.flags(cmd, "go back without asking")
	return cmd
}

func (o *rollbackOptions) run(ctx context.Context, args []string) (answer, error) {
	g, err := visual.ParseName(args[0])
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	if blank(o.reason) {
		return answer{}, fault.Usage("say why with --reason; it stays in the history", "a rollback needs a reason")
	}
	if o.override != "" && !slices.Contains(plan.GateKinds(), o.override) {
		return answer{}, fault.Usage(fmt.Sprintf("gates are %v", plan.GateKinds()), "there is no gate %q", o.override)
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if err := s.MustKnow([]visual.GUID{g}); err != nil {
		return answer{}, err
	}
	var recovered []apply.Result
	if !o.dryRun {
		if recovered, err = s.BeginChanging(ctx, "rollback"); err != nil {
			return answer{}, err
		}
	}
	key, err := o.key(s, g, nil)
	if err != nil {
		return answer{}, err
	}
	if r := finished(recovered, key); r != nil && o.meant(s.Journal.Book(), key, r.Step.To) {
		return s.applied(recovered, nil), worst(recovered, true)
	}
	results, a, err := o.goBack(ctx, s, key)
	if o.dryRun {
		return a, err
	}
	results = append(recovered, results...)
	s.DeliverNoticesAfterChange(ctx)
	if err == nil {
		err = worst(results, true)
	}
	return s.applied(results, nil), err
}

// finished says whether recovering made what a person had asked for of a visual:
// a rollback that was interrupted and is given again must not go back twice.
func finished(recovered []apply.Result, k store.Key) *apply.Result {
	i := slices.IndexFunc(recovered, func(r apply.Result) bool {
		return r.Step.Key == k && r.Step.Asked && r.OK() && r.Outcome != apply.Waiting
	})
	if i < 0 {
		return nil
	}
	return &recovered[i]
}

// meant says whether a state is where --to asks to go; without it any is.
func (o *rollbackOptions) meant(book journal.Book, key store.Key, to store.State) bool {
	if o.to == "" {
		return true
	}
	if n, err := strconv.Atoi(o.to); err == nil {
		r, err := revision(book, key, n)
		return err == nil && (r == nil) == (to.Enabled != nil && !*to.Enabled) && (r == nil || to.Release != nil && r.Digest == to.Release.Digest)
	}
	v, err := visual.ParseVersion(o.to)
	return err == nil && to.Release != nil && to.Release.Version.Equal(v)
}

// goBack plans the rollback, asks the person and carries it out.
func (o *rollbackOptions) goBack(ctx context.Context, s *session, key store.Key) ([]apply.Result, answer, error) {
	ask, err := o.ask(ctx, s, key)
	if err != nil {
		return nil, answer{}, err
	}
	full, _, err := s.PlanNow(ctx, []plan.Ask{ask})
	if err != nil {
		return nil, answer{}, err
	}
	p := ofKey(full, key)
	withdrawals := s.WantedWithdrawals(full, func(open plan.Open) bool { return open.Step.Key == key })
	if len(p.Steps) == 0 && len(withdrawals) > 0 && !o.dryRun {
		return s.WithdrawTasks(ctx, withdrawals), answer{}, nil
	}
	if len(p.Steps) == 0 {
		return nil, answer{}, nowhere(p, key)
	}
	a := s.planAnswer(p)
	if o.dryRun {
		a.message = s.said("nothing was done")
		return nil, a, nil
	}
	if s.PassesWithOverride(p.Steps[0], o.override) {
		if err := o.confirm(o.globals, func() error { return s.show(a) }, question(p.Steps[0])); err != nil {
			return nil, answer{}, err
		}
		if step := p.Steps[0]; step.Kind == change.Disable {
			if err := o.again(o.globals, s.AccessOffText(step), "turn it off all the same"); err != nil {
				return nil, answer{}, err
			}
		}
	}
	if err := s.RecordOverride(ctx, p.Steps, o.override, o.reason); err != nil {
		return nil, answer{}, err
	}
	if err := s.Journal.Append(ctx, s.Tx, s.RequestFacts(p.Steps[0], ask)...); err != nil {
		return nil, answer{}, err
	}
	leaves := map[store.StepID]*plan.Block{p.Steps[0].ID: s.BlockFor(p.Steps[0])}
	withdrawn := s.WithdrawTasks(ctx, withdrawals)
	results, err := s.CarryOut(ctx, engine.WithoutFailedWithdrawals(p.Steps, withdrawn), leaves)
	s.PostToLibrary(ctx)
	return append(withdrawn, results...), answer{}, err
}

// question asks whether a rollback is meant.
func question(step plan.Step) string {
	name := engine.Title(step.Name, step.Key)
	if step.Kind == change.Disable {
		return fmt.Sprintf("turn the access of %s off, as before its first install, and block %s", name, engine.VersionText(step.From))
	}
	return fmt.Sprintf("go back from %s to %s of %s, and block what is left", engine.VersionText(step.From), engine.VersionText(step.To), name)
}

// ofKey narrows a plan to one visual.
func ofKey(p plan.Plan, k store.Key) plan.Plan {
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

// nowhere says why a rollback is not possible.
func nowhere(p plan.Plan, k store.Key) error {
	for _, idle := range p.Idle {
		r := idle.Reason
		return fault.New(string(r.Code), r.Hint, "%s stays as it is: %s", engine.Title(idle.Name, k), r.Message)
	}
	return nothingToLeave(k)
}

// stillWaits refuses to guess what is meant by going back from a change that is
// not known to be made.
func stillWaits(open plan.Open) error {
	g := open.Step.Key.GUID
	return fault.New("rollback.waiting",
		fmt.Sprintf("if it was made, confirm it first: orgstore store confirm %s; if it is not to be made: orgstore hold %s; to go further back than what is installed, say where with --to", g, g),
		"cannot roll back %s: %s waits for a person since %s, and nobody said that it was made", engine.Title(open.Step.Name, open.Step.Key), open.Step.Kind, engine.FormatDay(open.Since))
}

func nothingToLeave(k store.Key) error {
	return fault.New("rollback.nothing", "look at `orgstore status`", "cannot roll back %s: it is not installed", k.GUID)
}

// ask turns what the person said into what the plan is asked for. It goes back
// from what is there, whoever put it.
func (o *rollbackOptions) ask(ctx context.Context, s *session, key store.Key) (plan.Ask, error) {
	p, _, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return plan.Ask{}, err
	}
	now, _ := ofVisual(p, key)
	open, _, waits := engine.WaitingTask(s.Journal.Book(), key)
	switch {
	case waits && !open.Step.Asked && o.to == "":
		return plan.Ask{}, stillWaits(open)
	case now.IsBlocked && now.State.Presence != store.Absent && now.State.Release == nil:
		return plan.Ask{}, nowhere(ofKey(p, key), key)
	case now.State.Presence != store.Present || now.State.Release == nil:
		return plan.Ask{}, nothingToLeave(key)
	}
	ask := plan.Ask{Key: key, Not: now.State.Release.Digest, Reason: o.reason}
	target, err := o.target(s, key, *now.State.Release)
	if err != nil || target == nil {
		return ask, err // nil: before the first install, which turns access off
	}
	ask.Version, ask.Content = target.Version, engine.ContentOf(s.Journal.Book(), target.Digest)
	return ask, nil
}

// target finds the release to go back to; nil for "not installed".
func (o *rollbackOptions) target(s *session, key store.Key, now visual.Release) (*visual.Release, error) {
	book := s.Journal.Book()
	if o.to == "" {
		return s.PreviousRelease(key, now)
	}
	if n, err := strconv.Atoi(o.to); err == nil {
		return revision(book, key, n)
	}
	v, err := visual.ParseVersion(o.to)
	if err != nil || !v.Deployable() {
		return nil, fault.Usage("give a version such as 1.4.0.0, or the number of a revision", "--to: %q is neither", o.to)
	}
	stood := func(r journal.Revision) bool { return r.After.Release != nil && r.After.Release.Version.Equal(v) }
	if v.Compare(now.Version) > 0 && !slices.ContainsFunc(book.Stood(key), stood) {
		return nil, fault.Usage("pin it instead: `orgstore pin set`, then `orgstore apply`",
			"--to: %s is newer than %s, which is installed, and was never installed before", v, now.Version)
	}
	return &visual.Release{Version: v}, nil
}

// revision finds what a revision of the history led to; before the first was
// nothing.
func revision(book journal.Book, key store.Key, n int) (*visual.Release, error) {
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
