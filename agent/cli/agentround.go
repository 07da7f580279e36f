package cli

import (
	"context"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/loop"
)

// round lets the engine look and act once, by the settings of now.
func (a *agent) round(ctx context.Context) (engine.RoundResult, error) {
	defer a.tellNotes()
	settings := a.current()
	if a.watcher != nil {
		a.watcher.Follow(watchedOf(settings))
	}
	s, err := a.openWith(ctx, settings)
	if err != nil {
		return engine.RoundResult{}, err
	}
	defer s.Close()
	s.Reread = func() (config.Settings, error) { return a.current(), nil }
	r, err := s.Round(ctx)
	if r.Overlooked {
		r.Seen = 0 // the journal's watcher finds more, and wakes the loop
	}
	a.seen.Rise(r.Seen)
	a.logged(s, r)
	r.Traffic = a.tenants.traffic()
	return r, err
}

// watchedOf is what the agent watches by its settings.
func watchedOf(s config.Settings) loop.Watched {
	all := loop.Watched{Settings: s.File, Journal: filepath.Join(s.Data, "journal.db"), Folders: []string{filepath.Dir(s.File)}, Every: s.Agent.Every}
	if s.Library.Folder != "" {
		all.Folders = append(all.Folders, s.Library.Folder)
	}
	return all
}

// logged writes what became of changes, tied to the history by tx and step.
func (a *agent) logged(s *session, round engine.RoundResult) {
	if a.log == nil {
		return
	}
	for _, r := range round.Made {
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
