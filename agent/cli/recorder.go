package cli

import (
	"context"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Session is what the administrator knows of a recording.
type Session struct {
	GUID       visual.GUID
	Name       string // as the portal shows it; empty where it is the package's
	Update     *pbiviz.Package
	UpdateFile string          // the name it was uploaded by
	Added      *pbiviz.Package // nil where no visual was added
	AddedFile  string
	Access     bool // access was switched off and on again
}

// Learned is what a recording taught.
type Learned struct {
	Recipe   []byte // YAML
	Digest   string
	Requests []Request // what will be sent, in order
	Notes    []string
}

// A Request is one that a recipe sends.
type Request struct {
	For    string `json:"for"` // list, update, add, enable or disable
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Sends  string `json:"sends"`
	Token  bool   `json:"token"`
}

// A Recorder learns from a browser's recording how a store is changed. Nothing
// goes over the network.
type Recorder func(s config.Settings, recording []byte, known Session) (Learned, error)

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
func (s *Engine) OpenRecorded(name, approved string) (store.Store, error) {
	text, err := s.ReadBounded(name, maxRecipe)
	if err != nil {
		return nil, err
	}
	t, err := s.ConnectTenant()
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
func (s *Engine) openStore(_ context.Context, c config.Store) (store.Store, error) {
	if c.Driver == config.RecordedDriver {
		return s.OpenRecorded(c.Recipe, c.Approved)
	}
	return s.OpenStore(s.Disk, c, s.driverContext(c.Name))
}
