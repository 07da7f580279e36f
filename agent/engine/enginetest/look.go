package enginetest

import (
	"cmp"
	"context"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/packages/disk"
)

// Look opens the installation that a settings file names, makes one round as the
// agent does, and closes it. The error is that of the round, or the worst of what
// waits or is broken.
func Look(ctx context.Context, p engine.Ports, file string) (engine.RoundResult, error) {
	reread := func() (config.Settings, error) {
		text, err := disk.ReadFile(p.Disk, file, config.MaxSize)
		if err != nil {
			return config.Settings{}, err
		}
		return config.Parse(file, text)
	}
	settings, err := reread()
	if err != nil {
		return engine.RoundResult{}, err
	}
	e, err := engine.Open(ctx, settings, p, reread)
	if err != nil {
		return engine.RoundResult{}, err
	}
	defer func() { _ = e.Close() }() // what it leaves is the next one's to clear, as with the agent
	r, err := e.Round(ctx)
	return r, cmp.Or(err, r.Outcome)
}
