// Package config reads the settings file, orgstore.yaml: what a tenant wants
// and whom it trusts. It knows the file's form, finds every fault in it at once
// and edits it without touching what people wrote around the edit. It does not
// know how any of it is carried out, and it reads and writes no files.
package config

import (
	"reflect"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/pin"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/rule"
	"github.com/orgstore/orgstore/policies/window"
)

// FileName is what the settings file is called where nobody says otherwise.
const FileName = "orgstore.yaml"

// MaxSize bounds the settings file, in bytes. A thousand pinned visuals take
// about a tenth of it.
const MaxSize = 1 << 20

// Settings is a settings file without faults. Its paths are resolved from the
// file's own folder; they are absolute if the file's name was.
type Settings struct {
	File     string // the name Parse was given
	Tenant   string // the tenant's id, lower case
	Data     string // the folder of archive and journal
	Library  Library
	Stores   []Store  // in the order of Rings, then by name; no name twice
	Rings    []string // the stores' names, in the order in which releases go through them
	Trust    Trust
	Packages Packages
	// Checkpoint is a second file that says how far the audit log went; empty for
	// none but that of the data folder.
	Checkpoint string
	Windows    []window.Window // by name
	Freezes    []window.Freeze // by name
	Rules      rule.Set        // the tenant's own
	Examples   []Example       // what they are tried on
	Visuals    []Visual        // in the file's order; no GUID twice

	Cloud     string // a cloud's name; empty for the public one
	Endpoints Endpoints
	SignIn    SignIn
	Network   Network
	Agent     Agent
	Check     Check     // asked after changes
	Notify    []Channel // in the file's order; no name twice

	digest string
}

// A Library says where packages arrive: a folder, or a document library.
type Library struct {
	Folder     string
	SharePoint SharePoint
}

// The kinds of libraries, by the keys under which their settings are.
const (
	FolderLibrary     = "folder"
	SharePointLibrary = "sharepoint"
)

// Kind is the kind of the library.
func (l Library) Kind() string {
	if l.SharePoint.Named() {
		return SharePointLibrary
	}
	return FolderLibrary
}

// Trust says whom the tenant believes.
type Trust struct {
	Least license.Grade
	// LongestTerm is how long a license may last, from begin to end, without a person
	// looking at it.
	LongestTerm time.Duration
	Vendors     []Vendor   // no name twice, no GUID with two vendors
	Attesters   []Attester // no key twice, neither by its name nor by itself
}

// A Vendor says which visuals a vendor's trust bundle may speak for.
type Vendor struct {
	Name        string
	Bundle      string // path of the trust bundle
	Fingerprint string // of the bundle's root, sha256: and 64 lower-case hex digits
	GUIDs       []visual.GUID
	Enforced    license.Enforced
}

// An Attester is a person of the tenant who may attest. One person may have
// several keys, each in an Attester of its own.
type Attester struct {
	Name string      // as attestations say it
	Key  license.Key // the public half
	// Account is the person's own, by its name or its ID, as orgstore sees who
	// runs it; empty where nobody said.
	Account string
}

// Packages says which packages are let in.
type Packages struct {
	// Tolerant lets packages be deployed that another tool than Microsoft's
	// packager zipped.
	Tolerant bool
}

// A Visual is one visual that the tenant wants, and in which versions.
type Visual struct {
	GUID visual.GUID
	Pin  pin.Pin
	// Least is the grade that this visual's license must reach; empty where it
	// is that of Trust.
	Least license.Grade
	// Renew says when its license alone is changed; empty is at once.
	Renew plan.RenewMode
	// Drift says what follows where somebody else changed it; empty is report.
	Drift plan.DriftMode
	// Hybrid says that its vendor licenses it and AppSource installs and updates it.
	Hybrid bool
	// Window is the name of the one in which its code may be changed; empty
	// where it may at any time.
	Window string
	// Soak is how long a release must have been here before it replaces other code.
	Soak time.Duration
	// Approvals say how many people must approve what of it, and who.
	Approvals approval.Policy
	// Promote is how long a release must have run in one ring before it goes on
	// to the next.
	Promote time.Duration
	Rings   []string // the stores it goes through; nil where they are those of the settings
	// Check is what is asked after a change of it; zero where that is Settings.Check.
	Check Check
	Name  string // for readers of the file; decides nothing
}

// Parse reads a settings file. The name says where it lies: relative paths in
// it are taken from its folder, and messages name it. An error is of type
// Faults and tells everything that is wrong, unless the YAML itself is broken,
// which hides what comes after.
func Parse(name string, b []byte) (Settings, error) {
	_, s, err := parse(name, b)
	return s, err
}

// parse returns a settings file without faults as it is written, and what it means.
func parse(name string, b []byte) (file, Settings, error) {
	r := &reader{source: newSource(name, b), sections: map[reflect.Type]*yaml.Node{}, around: map[*yaml.Node]*yaml.Node{}, secret: map[int]int{}}
	root := r.document()
	if root == nil {
		return file{}, Settings{}, r.faults()
	}
	var f file
	r.read(root, &f)
	s := r.check(f)
	if err := r.faults(); err != nil {
		return file{}, Settings{}, err
	}
	return f, s, nil
}

// Visual returns what the settings want of a visual.
func (s Settings) Visual(g visual.GUID) (Visual, bool) {
	i := slices.IndexFunc(s.Visuals, func(v Visual) bool { return v.GUID == g })
	if i < 0 {
		return Visual{}, false
	}
	return s.Visuals[i], true
}

// Digest returns sha256: and the digest of what the file says: see digestOf.
func (s Settings) Digest() string { return s.digest }
