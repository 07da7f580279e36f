package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// A RecordedSession is what the administrator knows of a recording.
type RecordedSession struct {
	GUID       visual.GUID
	Name       string // as the portal shows it; empty where it is the package's
	Update     *pbiviz.Package
	UpdateFile string          // the name it was uploaded by
	Added      *pbiviz.Package // nil where no visual was added
	AddedFile  string
	Access     bool // access was switched off and on again
}

// A LearnedRecipe is what a recording taught.
type LearnedRecipe struct {
	Recipe   []byte // YAML
	Digest   string
	Requests []RecipeRequest // what will be sent, in order
	Notes    []string
}

// A RecipeRequest is one that a recipe sends.
type RecipeRequest struct {
	For    string `json:"for"` // list, update, add, enable or disable
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Sends  string `json:"sends"`
	Token  bool   `json:"token"`
}

// A Recorder learns from a browser's recording how a store is changed. Nothing
// goes over the network.
type Recorder func(s config.Settings, recording []byte, known RecordedSession) (LearnedRecipe, error)

// A LearnRequest asks to learn a recipe from a recording.
type LearnRequest struct {
	Recording string // the HAR file
	Package   string // the file that was uploaded to update the visual
	Visual    string
	Name      string // the visual's in the portal, where it is not the package's
	Added     string // the file of another visual that was added; may be empty
	Access    bool   // access was switched off and on again
	Out       string // the file to write the recipe to
	Force     bool   // write over it
}

// A LearnResult is what was learned.
type LearnResult struct {
	Recipe   string          `json:"recipe"`
	Digest   string          `json:"digest"`
	Requests []RecipeRequest `json:"requests"`
	Notes    []string        `json:"notes"`
}

// LearnRecipe reads a recording and writes the recipe. It changes nothing else, and
// sends nothing. Beside an error the result has notes.
func LearnRecipe(settings config.Settings, ports Ports, r LearnRequest) (LearnResult, error) {
	if ports.Learn == nil {
		return LearnResult{}, fault.New("tenant.unsupported", "use the driver handoff", "this program was built without what learns from recordings")
	}
	known, err := ports.recordedSession(r)
	if err != nil {
		return LearnResult{}, err
	}
	if err := ports.checkRecipeIsNew(r); err != nil {
		return LearnResult{}, err
	}
	har, err := ports.ReadBounded(r.Recording, MaxRecording)
	if err != nil {
		return LearnResult{}, err
	}
	learned, err := ports.Learn(settings, har, known)
	out := LearnResult{r.Out, learned.Digest, learned.Requests, slices.Concat([]string{}, learned.Notes)}
	if err != nil {
		return out, err
	}
	if err := ports.Write(r.Out, 0o644, learned.Recipe); err != nil {
		return out, fmt.Errorf("cannot write the recipe: %w", err)
	}
	return out, nil
}

// recordedSession is what the person says was done.
func (p Ports) recordedSession(r LearnRequest) (RecordedSession, error) {
	g, err := visual.ParseName(r.Visual)
	if err != nil {
		return RecordedSession{}, fault.Usage("orgstore package list shows the GUIDs of packages", "--visual: %w", err)
	}
	known := RecordedSession{GUID: g, Name: r.Name, Access: r.Access, UpdateFile: filepath.Base(r.Package)}
	if known.Update, err = p.readPackage(r.Package); err != nil || r.Added == "" {
		return known, err
	}
	known.AddedFile = filepath.Base(r.Added)
	known.Added, err = p.readPackage(r.Added)
	return known, err
}

func (p Ports) readPackage(name string) (*pbiviz.Package, error) {
	text, err := p.ReadBounded(name, pbiviz.DefaultLimits().FileSize)
	if err != nil {
		return nil, err
	}
	pkg, err := pbiviz.Read(text, pbiviz.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	return pkg, nil
}

// checkRecipeIsNew refuses to write over a recipe: another may be approved.
func (p Ports) checkRecipeIsNew(r LearnRequest) error {
	_, err := p.Disk.Stat(r.Out)
	switch {
	case r.Force || errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return fault.New("recipe.exists", "name another file with --out, or write over it with --force", "%s is there already", r.Out)
}
