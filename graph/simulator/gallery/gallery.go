// Package gallery is the Organizational Store of a simulated tenant: its
// content, the page on which a person changes it, and the private requests of
// that page.
//
// What the store does is documented (fabric-docs, Organizational visuals): one
// entry for each GUID, updates in place, access, the visualization pane,
// permanent deletion, and entries from AppSource that update themselves. What
// its page sends is not documented, so it is invented from a seed. A client
// that knows the requests of one seed knows nothing about another's.
package gallery

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// Options configure a gallery.
type Options struct {
	Seed uint64 // of the private requests, ids, and delays
	Now  func() time.Time
	// AcceptsOtherGUID lets an update bring a package with another GUID.
	// Whether the portal does is unknown.
	AcceptsOtherGUID bool
	// User returns who sends a request; false refuses it. If it is nil, any
	// bearer token is enough.
	User func(r *http.Request) (string, bool)
	// Token returns the token for the page of a person.
	Token func(r *http.Request) string
	// Storage is the base URL of another host that serves this handler, too.
	// Some seeds upload to it. If it is empty, none does.
	Storage string
	// Shape, if not nil, replaces the seed's shape.
	Shape *Shape
}

// An Entry is one visual of the store.
type Entry struct {
	ID          string
	GUID        visual.GUID
	Name        string
	Description string
	Access      bool // reports may load it
	Pane        bool // everybody has it in the visualization pane
	AppSource   bool // it updates itself
	Version     string
	Changed     time.Time
	Owner       string
	Package     []byte // empty for AppSource
	serial      int    // another number after it was deleted and added again
}

// A Gallery is the store. It is safe for concurrent use.
type Gallery struct {
	options    Options
	shape      Shape
	mu         sync.Mutex
	entries    []*Entry
	uploads    map[string][]byte
	guardToken string
	serial     int
	events     []Event
	rand       *rand.Rand
	deleted    map[visual.GUID]bool
}

// New returns an empty gallery.
func New(o Options) *Gallery {
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &Gallery{options: o, uploads: map[string][]byte{}, deleted: map[visual.GUID]bool{}, rand: rand.New(rand.NewPCG(o.Seed, 1))}
	if o.Shape != nil {
		g.shape = *o.Shape
	} else {
		g.shape = NewShape(o.Seed, o.Storage)
	}
	g.guardToken = g.newSecret()
	return g
}

// Shape returns the shape of the private requests.
func (g *Gallery) Shape() Shape { return g.shape }

// SetShape changes the page and its requests from now on.
func (g *Gallery) SetShape(s Shape) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shape = s
}

const secretAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// newSecret returns a value of 32 characters that nobody can guess.
func (g *Gallery) newSecret() string {
	b := make([]byte, 32)
	for i := range b {
		b[i] = secretAlphabet[g.rand.IntN(len(secretAlphabet))]
	}
	b[7] = '7' // always a digit, as in any such value
	return string(b)
}

func (g *Gallery) newID() string {
	g.serial++
	switch g.shape.IDs {
	case "number":
		return strconv.Itoa(4100 + 17*g.serial)
	case "uuid":
		return newUUID(g.rand)
	}
	return fmt.Sprintf("ov%04d", 700+13*g.serial)
}

func newUUID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// A Problem is why the store refuses a request, in the words of its page.
type Problem struct {
	Status  int
	Message string
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }

func newProblem(status int, format string, args ...any) *Problem {
	return &Problem{status, fmt.Sprintf(format, args...)}
}

// Add adds a visual from a file. A second visual with the same GUID is refused,
// as documented.
func (g *Gallery) Add(user, name, description string, file []byte, access bool) (Entry, error) {
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		return Entry{}, newProblem(http.StatusBadRequest, "There was a problem adding this custom visual. The file is not a visual.")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	guid := p.Manifest().GUID
	if g.findEntry(func(e *Entry) bool { return e.GUID == guid && !e.AppSource }) != nil {
		return Entry{}, newProblem(http.StatusConflict, "There was a problem adding this custom visual. It already exists")
	}
	e := &Entry{
		ID: g.newID(), GUID: guid, Name: name, Description: description, Access: access, Version: p.Manifest().Version.String(),
		Changed: g.options.Now().UTC(), Owner: user, Package: file, serial: g.serial,
	}
	g.entries = append(g.entries, e)
	g.recordEvent("InsertOrganizationalGalleryItem", user, e)
	return *e, nil
}

// AddFromAppSource adds a visual that updates itself.
func (g *Gallery) AddFromAppSource(user string, guid visual.GUID, name, version string) Entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := &Entry{ID: g.newID(), GUID: guid, Name: name, Access: true, AppSource: true, Version: version, Changed: g.options.Now().UTC(), Owner: user, serial: g.serial}
	g.entries = append(g.entries, e)
	g.recordEvent("InsertOrganizationalGalleryItem", user, e)
	return *e
}

// Update replaces a visual's package in place. Reports load it at once.
func (g *Gallery) Update(user, id string, file []byte) (Entry, error) {
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		return Entry{}, newProblem(http.StatusBadRequest, "There was a problem updating this custom visual. The file is not a visual.")
	}
	return g.changeEntry(user, id, "UpdateOrganizationalGalleryItem", func(e *Entry) error {
		if e.AppSource {
			return newProblem(http.StatusBadRequest, "This visual is updated by AppSource.")
		}
		if p.Manifest().GUID != e.GUID && !g.options.AcceptsOtherGUID {
			return newProblem(http.StatusBadRequest, "There was a problem updating this custom visual. It is another visual.")
		}
		e.GUID, e.Package, e.Version = p.Manifest().GUID, file, p.Manifest().Version.String()
		return nil
	})
}

// SetAccess says whether reports may load a visual.
func (g *Gallery) SetAccess(user, id string, on bool) (Entry, error) {
	return g.changeEntry(user, id, "UpdateOrganizationalGalleryItem", func(e *Entry) error { e.Access = on; return nil })
}

// SetPane says whether everybody has a visual in the visualization pane.
func (g *Gallery) SetPane(user, id string, on bool) (Entry, error) {
	return g.changeEntry(user, id, "UpdateOrganizationalGalleryItem", func(e *Entry) error { e.Pane = on; return nil })
}

// Delete deletes a visual permanently. Reports that use it never find it again,
// even if it is added again.
func (g *Gallery) Delete(user, id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.findEntry(func(e *Entry) bool { return e.ID == id })
	if e == nil {
		return newProblem(http.StatusNotFound, "There is no such visual.")
	}
	g.entries = slices.DeleteFunc(g.entries, func(o *Entry) bool { return o == e })
	g.deleted[e.GUID] = true
	g.recordEvent("DeleteOrganizationalGalleryItem", user, e)
	return nil
}

func (g *Gallery) changeEntry(user, id, operation string, f func(*Entry) error) (Entry, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.findEntry(func(e *Entry) bool { return e.ID == id })
	if e == nil {
		return Entry{}, newProblem(http.StatusNotFound, "There is no such visual.")
	}
	if err := f(e); err != nil {
		return Entry{}, err
	}
	e.Changed, e.Owner = g.options.Now().UTC(), user
	g.recordEvent(operation, user, e)
	return *e, nil
}

func (g *Gallery) findEntry(is func(*Entry) bool) *Entry {
	if i := slices.IndexFunc(g.entries, is); i >= 0 {
		return g.entries[i]
	}
	return nil
}

// Entries returns the content of the store.
func (g *Gallery) Entries() []Entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]Entry, len(g.entries))
	for i, e := range g.entries {
		all[i] = *e
	}
	return all
}

// Entry returns the entry of a visual that was added from a file.
func (g *Gallery) Entry(guid visual.GUID) (Entry, bool) {
	for _, e := range g.Entries() {
		if e.GUID == guid && !e.AppSource {
			return e, true
		}
	}
	return Entry{}, false
}

// UpdateFromAppSource updates every visual from AppSource, as happens without
// anybody's action.
func (g *Gallery) UpdateFromAppSource(version string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.entries {
		if e.AppSource {
			e.Version, e.Changed = version, g.options.Now().UTC()
		}
	}
}

// PackageForReports returns the package that a report with this visual loads
// now, or false if the report shows that the visual is not available.
func (g *Gallery) PackageForReports(guid visual.GUID) ([]byte, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.findEntry(func(e *Entry) bool { return e.GUID == guid && !e.AppSource })
	if e == nil || !e.Access || g.deleted[guid] {
		return nil, false
	}
	return e.Package, true
}
