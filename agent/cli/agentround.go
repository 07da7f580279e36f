package cli

import (
	"context"
	"errors"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/agent/loop"
	"github.com/orgstore/orgstore/policies/plan"
)

type journalRecord = journal.Record

// A round is what one look of the agent came to.
type round struct {
	loop.Report
	answer  answer
	outcome error // how apply would have ended
}

// round looks, makes what nothing holds back, and says what is left. Its error
// says that it could not look, or could not go on.
func (a *agent) round(ctx context.Context) (round, error) {
	settings := a.current()
	if a.lookout != nil {
		a.lookout.follow(settings)
	}
	s, err := a.openWith(ctx, settings)
	if err != nil {
		return round{}, err
	}
	s.Reread = func() (config.Settings, error) { return a.current(), nil }
	overlooked := false
	defer func() {
		seen := s.Journal.Book().Seq()
		if overlooked {
			seen = 0 // the journal's watcher finds more, and wakes the loop
		}
		a.seen.rise(seen)
		s.Close()
	}()
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return round{}, err
	}
	var r round
	var results []apply.Result
	if s.HasWork(p) {
		before := s.ReadySteps(p.Steps)
		results, err = s.ActAlone(ctx)
		r.Again = errors.As(err, new(*lock.Held))
		if err != nil && !r.Again {
			return s.reported(r, p, in, results), err
		}
		a.logged(s, results)
		if p, in, err = s.PlanNow(ctx, nil); err != nil {
			return s.reported(r, plan.Plan{}, in, results), err
		}
		overlooked = s.BecameReady(p, before, results)
	} else {
		if err := s.FollowUp(ctx, p, in); err != nil {
			return r, err
		}
		s.PostToLibrary(ctx)
	}
	s.DeliverNotices(ctx, p, in)
	r = s.reported(r, p, in, results)
	r.Traffic = a.tenants.traffic()
	return r, s.SignInError()
}

// reported says what a round found and did.
func (s *session) reported(r round, p plan.Plan, in plan.Input, results []apply.Result) round {
	r.Again = r.Again || s.IsLibraryWriting
	r.Gates = map[string]int{}
	for _, step := range p.Steps {
		gates := s.Gates(step)
		r.Next = sooner(r.Next, opens(gates))
		for _, g := range gates {
			if g.State == plan.GateClosed {
				r.Gates[g.Kind]++
			}
		}
	}
	r.Visuals = []loop.Visual{}
	for _, l := range s.Lines(p) {
		d := s.StatusOf(l, in)
		r.Visuals = append(r.Visuals, loop.Visual{GUID: d.GUID, Name: d.Name, Store: l.Key.Store, Version: d.InstalledVersion, State: d.State, DaysLeft: d.DaysLeft})
	}
	for _, result := range results {
		if s.IsNew(result) {
			r.Results = append(r.Results, loop.Result{Kind: string(result.Step.Kind), Outcome: string(result.Outcome), Code: string(result.Code)})
		}
	}
	r.Drift = map[string]int{}
	for _, f := range s.DriftReport.Findings {
		if f.Counts {
			r.Drift[string(f.Class)]++
		}
	}
	if s.UnreadLibrary != "" {
		r.Notes = append(r.Notes, s.UnreadLibrary)
	}
	if s.UnpostedLibrary != "" {
		r.Notes = append(r.Notes, s.UnpostedLibrary)
	}
	if untold := s.FailingChannels(); untold != "" {
		r.Notes = append(r.Notes, untold)
	}
	r.answer, r.outcome = s.applied(results, nil), worst(results, false)
	return r
}

// opens is when gates will all be open by time alone; zero where one needs
// somebody, or none is closed.
func opens(gates []plan.Gate) time.Time {
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

// logged writes what became of changes, tied to the history by tx and step.
func (a *agent) logged(s *session, results []apply.Result) {
	if a.log == nil {
		return
	}
	for _, r := range results {
		if !s.IsNew(r) {
			continue
		}
		level := a.log.Info
		if r.Code != "" {
			level = a.log.Error
		}
		level("change", "tx", string(s.Tx), "step", string(r.Step.ID), "visual", r.Step.Key.GUID.String(), "name", r.Step.Name,
			"kind", string(r.Step.Kind), "from", engine.VersionText(r.Step.From), "to", engine.VersionText(r.Step.To),
			"outcome", string(r.Outcome), "code", string(r.Code), "message", r.Message)
	}
}

// keptTenant keeps the way to a tenant from one round to the next: whoever
// signed in once need not for as long as the token lasts.
type keptTenant struct {
	open func(config.Settings, engine.Remote) (engine.Tenant, error)

	kept   engine.Tenant
	digest string
	seen   func(string, time.Time)
}

// connect opens the tenant that settings name, or goes on with the one that is
// open.
func (k *keptTenant) connect(s config.Settings, r engine.Remote) (engine.Tenant, error) {
	k.seen = r.Seen
	if k.kept != nil && k.digest == s.Digest() {
		return k.kept, nil
	}
	k.close()
	r.Seen = func(host string, at time.Time) { k.seen(host, at) }
	t, err := k.open(s, r)
	if err != nil {
		return nil, err
	}
	k.kept, k.digest = t, s.Digest()
	return t, nil
}

// traffic is what was asked of the tenant; nothing where none was reached.
func (k *keptTenant) traffic() loop.Traffic {
	if k.kept == nil {
		return loop.Traffic{}
	}
	return k.kept.Traffic()
}

func (k *keptTenant) close() {
	if k.kept != nil {
		_ = k.kept.Close() // idle connections: nobody could do anything about it
		k.kept = nil
	}
}
