package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

type rollbackOptions struct {
	*globals
	to     string
	reason string
	confirmation
}

func newRollback(g *globals) *cobra.Command {
	o := &rollbackOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "rollback VISUAL",
		Short: "Go back to an earlier version, and stay there",
		Long: `Go back to an earlier version, and stay there.

Without --to it goes back to what was installed before the last change of code;
renewals do not count. Of the version it goes back to, it takes the kept package
whose license lasts longest; if none is valid any more, it says which package to
request from the vendor. The version that was left is blocked with all its
renewals until you edit the visual's pin or run orgstore unblock. Going back
before the first install turns the visual's access off: nothing is ever deleted
from a store.`,
		Example: `  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --reason "totals are wrong since 1.5"
  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --to 1.4.0.0 --reason "..."
  orgstore rollback auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --to 2 --reason "..."   # revision 2 of orgstore history`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.to, "to", "", "a `VERSION` (with a dot) or a REVISION (a whole number) of orgstore history")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; stays in the history (required)")
	o.confirmation.flags(cmd, "go back without asking")
	return cmd
}

func (o *rollbackOptions) run(ctx context.Context, args []string) (answer, error) {
	g, err := visual.ParseName(args[0])
	if err != nil {
		return answer{}, usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	if o.reason == "" {
		return answer{}, usage("say why with --reason; it stays in the history", "a rollback needs a reason")
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if !o.dryRun {
		if _, err := s.changing(ctx, "rollback"); err != nil {
			return answer{}, err
		}
	}
	key := store.Key{Store: theStore, GUID: g}
	ask, err := o.ask(s.journal.Book(), key)
	if err != nil {
		return answer{}, err
	}
	return o.goBack(ctx, s, ask)
}

// goBack plans the rollback, asks the person and carries it out.
func (o *rollbackOptions) goBack(ctx context.Context, s *session, ask plan.Ask) (answer, error) {
	p, _, err := s.compute(ctx, []plan.Ask{ask})
	if err != nil {
		return answer{}, err
	}
	p = ofKey(p, ask.Key)
	if len(p.Steps) == 0 {
		return answer{}, nowhere(p, ask.Key)
	}
	if o.dryRun {
		return s.planAnswer(p), nil
	}
	step := p.Steps[0]
	question := fmt.Sprintf("go back from %s to %s, and block what is left", versionOf(step.From), versionOf(step.To))
	if err := o.confirm(o.globals, func() error { return s.show(s.planAnswer(p)) }, question); err != nil {
		return answer{}, err
	}
	leaves := map[store.StepID]*plan.Block{step.ID: s.leaving(step)}
	results, err := s.carryOut(ctx, p.Steps, leaves)
	if err == nil {
		err = worst(results, true)
	}
	return applied(s.tx, results), err
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
		return problem(exitOf(r.Code), string(r.Code), r.Hint, "cannot roll back %s: %s", title(idle.Name, k), r.Message)
	}
	return problem(exitError, "rollback.nothing", "look at `orgstore history`", "cannot roll back %s: there is nothing to go back from", k.GUID)
}

// ask turns what the person said into what the plan is asked for.
func (o *rollbackOptions) ask(book journal.Book, key store.Key) (plan.Ask, error) {
	now := book.Belief(key)
	if now.Presence != store.Present || now.Release == nil {
		return plan.Ask{}, problem(exitError, "rollback.nothing", "look at `orgstore status`",
			"cannot roll back %s: orgstore does not know what is installed", key.GUID)
	}
	ask := plan.Ask{Key: key, Not: now.Release.Digest, Reason: o.reason}
	target, err := o.target(book, key, now)
	if err != nil || target == nil {
		return ask, err // nil: before the first install, which turns access off
	}
	ask.Version, ask.Content = target.Version, contentOf(book, target.Digest)
	return ask, nil
}

// target finds the release to go back to; nil for "not installed".
func (o *rollbackOptions) target(book journal.Book, key store.Key, now store.State) (*visual.Release, error) {
	if o.to == "" {
		return previous(book, key, *now.Release), nil
	}
	if n, err := strconv.Atoi(o.to); err == nil {
		return revision(book, key, n)
	}
	v, err := visual.ParseVersion(o.to)
	if err != nil {
		return nil, usage("give a version such as 1.4.0.0, or the number of a revision", "--to: %w", err)
	}
	return &visual.Release{Version: v}, nil
}

func revision(book journal.Book, key store.Key, n int) (*visual.Release, error) {
	for _, r := range book.Revisions(key) {
		if r.Revision != n {
			continue
		}
		if !settled(r) {
			return nil, problem(exitUsage, "rollback.revision", "look at `orgstore history`", "revision %d of %s was never completed: it is %s", n, key.GUID, r.Status)
		}
		return r.After.Release, nil
	}
	return nil, problem(exitUsage, "rollback.revision", "look at `orgstore history`", "%s has no revision %d", key.GUID, n)
}

// settled says whether a revision led to a state that was once installed.
func settled(r journal.Revision) bool {
	return r.Status == journal.StatusDone || r.Status == journal.StatusBaseline
}

// previous is what was installed before the last change of code; where there was
// none, the package before the last renewal; nil where the installed package is
// the first there was.
func previous(book journal.Book, key store.Key, now visual.Release) *visual.Release {
	content := contentOf(book, now.Digest)
	var renewed *visual.Release
	revisions := book.Revisions(key)
	for i := len(revisions) - 1; i >= 0; i-- {
		r := revisions[i]
		if !settled(r) || r.After.Release == nil {
			continue
		}
		was := r.After.Release
		if contentOf(book, was.Digest) != content {
			return was
		}
		if renewed == nil && was.Digest != now.Digest {
			renewed = was
		}
	}
	return renewed
}

func contentOf(book journal.Book, d visual.Digest) pbiviz.Content {
	p, _ := book.Package(d)
	return p.Content
}

// leaving says what a rollback leaves behind: the version with all its renewals
// and whatever is not proven to be different code; within one version, the
// package alone or its code.
func (s *session) leaving(step plan.Step) *plan.Block {
	if step.From.Release == nil {
		return nil
	}
	b := plan.Block{Key: step.Key, Digest: step.From.Release.Digest, Reason: step.Reason.Message}
	if v, ok := s.settings.Visual(step.Key.GUID); ok {
		b.Pin = v.Pin.String()
	}
	book := s.journal.Book()
	from := contentOf(book, step.From.Release.Digest)
	same := step.To.Release != nil && contentOf(book, step.To.Release.Digest) == from
	if !same {
		b.Content = from
	}
	if step.To.Release == nil || !step.To.Release.Version.Equal(step.From.Release.Version) || step.To.Release.Digest == step.From.Release.Digest {
		b.Version = step.From.Release.Version
	}
	return &b
}
