// Package config reads the settings file, orgstore.yaml: what a tenant wants
// and whom it trusts. It knows the file's form, finds every fault in it at once
// and edits it without touching what people wrote around the edit. It does not
// know how any of it is carried out, and it reads and writes no files.
package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
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
	Least     license.Grade
	Vendors   []Vendor   // no name twice, no GUID with two vendors
	Attesters []Attester // no key twice, neither by its name nor by itself
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
	r := &reader{source: newSource(name, b), sections: map[reflect.Type]*yaml.Node{}, around: map[*yaml.Node]*yaml.Node{}, secret: map[int]int{}}
	root := r.document()
	if root == nil {
		return Settings{}, r.faults()
	}
	var f file
	r.read(root, &f)
	s := r.check(f)
	if err := r.faults(); err != nil {
		return Settings{}, err
	}
	return s, nil
}

// Visual returns what the settings want of a visual.
func (s Settings) Visual(g visual.GUID) (Visual, bool) {
	i := slices.IndexFunc(s.Visuals, func(v Visual) bool { return v.GUID == g })
	if i < 0 {
		return Visual{}, false
	}
	return s.Visuals[i], true
}

// Digest returns sha256: and the digest of what the file says. Comments, names
// of visuals, order and quotes do not change it, nor does moving the file:
// paths and pins count as they are written.
func (s Settings) Digest() string { return s.digest }

// canonical is what Digest is computed from. Its form never changes; new
// settings are added so that a file without them keeps its digest.
type canonical struct {
	Version  int               `json:"version"`
	Tenant   string            `json:"tenant"`
	Data     string            `json:"data"`
	Library  string            `json:"library"`
	Driver   string            `json:"driver"`
	Store    string            `json:"store"`
	Least    license.Grade     `json:"least"`
	Vendors  []canonicalVendor `json:"vendors"`
	Tolerant bool              `json:"tolerant"`
	Pins     []canonicalPin    `json:"pins"`

	Attesters []canonicalAttester `json:"attesters,omitempty"`

	Checkpoint string              `json:"checkpoint,omitempty"`
	Remind     string              `json:"remind,omitempty"`
	Escalate   string              `json:"escalate,omitempty"`
	Cloud      string              `json:"cloud,omitempty"`
	Endpoints  canonicalEndpoints  `json:"endpoints,omitzero"`
	SignIn     canonicalSignIn     `json:"sign_in,omitzero"`
	Network    canonicalNetwork    `json:"network,omitzero"`
	SharePoint canonicalSharePoint `json:"sharepoint,omitzero"`

	Windows []string `json:"windows,omitempty"`
	Freezes []string `json:"freezes,omitempty"`
	Rules   []string `json:"rules,omitempty"`

	Recipe   string `json:"recipe,omitempty"`
	Approved string `json:"approved,omitempty"`

	Agent canonicalAgent `json:"agent,omitzero"`

	Notify []canonicalChannel `json:"notify,omitempty"`
	Check  *canonicalCheck    `json:"check,omitempty"`

	Stores []canonicalStore `json:"stores,omitempty"`
	Rings  []string         `json:"rings,omitempty"`
}

type canonicalVendor struct {
	Name        string           `json:"name"`
	Bundle      string           `json:"bundle"`
	Fingerprint string           `json:"fingerprint"`
	GUIDs       []string         `json:"guids"`
	Enforced    license.Enforced `json:"enforced"`
}

type canonicalPin struct {
	GUID  string        `json:"guid"`
	Pin   string        `json:"pin"`
	Least license.Grade `json:"least,omitempty"`

	Renew  plan.RenewMode `json:"renew,omitempty"`
	Window string         `json:"window,omitempty"`
	Soak   string         `json:"soak,omitempty"`
	Drift  plan.DriftMode `json:"drift,omitempty"`
	Hybrid bool           `json:"hybrid,omitempty"`

	Approvals canonicalApprovals `json:"approvals,omitzero"`
	Check     *canonicalCheck    `json:"check,omitempty"`

	Promote string   `json:"promote,omitempty"`
	Rings   []string `json:"rings,omitempty"`
}

type canonicalAttester struct {
	Name    string `json:"name"`
	Key     string `json:"key"`
	Account string `json:"account,omitempty"`
}

// digestOf digests settings whose paths are not resolved yet.
func digestOf(s Settings) string {
	c := canonical{
		Version: 1, Tenant: s.Tenant, Data: s.Data,
		Library: s.Library.Folder,
		Least:   s.Trust.Least, Tolerant: s.Packages.Tolerant,
		Vendors: []canonicalVendor{}, Pins: []canonicalPin{},
		Agent:  s.Agent.canonical(),
		Notify: canonicalChannels(s.Notify), Check: s.Check.canonical(),
		Cloud: s.Cloud, Endpoints: canonicalEndpoints(s.Endpoints), SignIn: s.SignIn.canonical(),
		Network: canonicalNetwork(s.Network), SharePoint: canonicalSharePoint(s.Library.SharePoint),
	}
	c.stored(s)
	for _, v := range s.Trust.Vendors {
		w := canonicalVendor{v.Name, v.Bundle, v.Fingerprint, nil, v.Enforced}
		for _, g := range v.GUIDs {
			w.GUIDs = append(w.GUIDs, g.String())
		}
		slices.Sort(w.GUIDs)
		c.Vendors = append(c.Vendors, w)
	}
	slices.SortFunc(c.Vendors, func(a, b canonicalVendor) int { return strings.Compare(a.Name, b.Name) })
	for _, v := range s.Visuals {
		renew := v.Renew
		if renew == plan.RenewAtOnce { // as where the file says nothing
			renew = ""
		}
		drift := v.Drift
		if drift == plan.DriftReport { // likewise
			drift = ""
		}
		c.Pins = append(c.Pins, canonicalPin{
			v.GUID.String(), v.Pin.String(), v.Least, renew, v.Window, canonicalPeriod(v.Soak, 0), drift, v.Hybrid, canonicalOf(v.Approvals), v.Check.canonical(), canonicalPeriod(v.Promote, v.Soak), v.Rings,
		})
	}
	slices.SortFunc(c.Pins, func(a, b canonicalPin) int { return strings.Compare(a.GUID, b.GUID) })
	c.Checkpoint = s.Checkpoint
	for _, a := range s.Trust.Attesters {
		c.Attesters = append(c.Attesters, canonicalAttester{a.Name, a.Key.Text(), a.Account})
	}
	c.Rules = canonicalRules(s.Rules)
	c.Windows, c.Freezes = canonicalWindows(s.Windows), canonicalFreezes(s.Freezes)
	slices.SortFunc(c.Attesters, func(a, b canonicalAttester) int { return strings.Compare(a.Key, b.Key) })
	// Strings, numbers and booleans always encode.
	b, _ := json.Marshal(c)
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
