package engine

import (
	"context"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/store"
)

// A Replayer is a Tenant that replays a recipe. Approved is the digest under
// which changing was accepted; empty where it was not.
type Replayer interface {
	Recorded(name string, recipe []byte, approved string) (store.Store, error)
}

// The bounds of files, in bytes.
const (
	MaxRecording = 256 << 20
	maxRecipe    = 1 << 20
)

// OpenRecorded opens the store that a recipe drives.
func (e *Engine) OpenRecorded(name, approved string) (store.Store, error) {
	text, err := e.ReadBounded(name, maxRecipe)
	if err != nil {
		return nil, err
	}
	t, err := e.ConnectTenant()
	if err != nil {
		return nil, err
	}
	r, ok := t.(Replayer)
	if !ok {
		return nil, fault.New("tenant.unsupported", "use the driver handoff", "this program was built without what replays a recipe")
	}
	return r.Recorded(name, text, approved)
}

// openStore opens one store of the settings.
func (e *Engine) openStore(_ context.Context, c config.Store) (store.Store, error) {
	if c.Driver == config.RecordedDriver {
		return e.OpenRecorded(c.Recipe, c.Approved)
	}
	return e.OpenStore(e.Disk, c, e.driverContext(c.Name))
}
