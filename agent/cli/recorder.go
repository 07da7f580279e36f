package cli

import (
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/packages/pbiviz"
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
