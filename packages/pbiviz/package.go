// Package pbiviz knows the archive format of Power BI custom visuals: every
// byte of the ZIP accounted for once, both generations of package.json, the
// limits of each part, and what a visual declares it can do. It does not know
// where bytes came from or whom to trust.
package pbiviz

import (
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// StatementEntry is the entry in which a package may carry its own license
// statement. The content digest leaves it out.
const StatementEntry = "resources/license.jws"

// A Tier says how strictly a package's ZIP was made.
type Tier string

// The tiers.
const (
	// Strict: as Microsoft's packager writes it; no two readers can disagree
	// about what it holds.
	Strict Tier = "strict"
	// Tolerant: rezipped by another tool, which left timestamps or data
	// descriptors; readable, deployable only if the policy says so.
	Tolerant Tier = "tolerant"
)

// A Generation is the layout of package.json.
type Generation string

// The generations.
const (
	// Old: 2015 to 2017, separate script and style entries found through "code".
	Old Generation = "old"
	// New: one pbiviz.json found through "metadata".
	New Generation = "new"
)

// A Content is the digest of what a package holds, whatever its compression:
// Go's h1 directory hash over all entries but the statement's.
type Content string

// A Manifest is what a package says of itself. It is plain data.
type Manifest struct {
	GUID        visual.GUID    `json:"guid"`
	Version     visual.Version `json:"version"`
	Name        string         `json:"name"`         // visual.name, an identifier
	DisplayName string         `json:"display_name"` // what people see
	Description string         `json:"description,omitempty"`
	ClassName   string         `json:"class_name,omitempty"`
	AuthorName  string         `json:"author_name,omitempty"`
	AuthorEmail string         `json:"author_email,omitempty"`
	SupportURL  string         `json:"support_url,omitempty"`
	SourceURL   string         `json:"source_url,omitempty"` // gitHubUrl
	APIVersion  string         `json:"api_version,omitempty"`
	Generation  Generation     `json:"generation"`
	Tier        Tier           `json:"tier"`
}

// An Entry is one regular file of the ZIP.
type Entry struct {
	Name   string
	Size   int64 // inflated, in bytes
	SHA256 [32]byte
}

// A Package is a well-formed package in memory. It cannot be changed.
type Package struct {
	file         []byte
	digest       visual.Digest
	content      Content
	manifest     Manifest
	capabilities Capabilities
	code         Code
	script       jsontext.Value // the script as pbiviz.json quotes it; empty in old packages
	unquoteOnce  sync.Once      // makes code.Script of it
	entries      []Entry
	bodies       map[string][]byte
	reservations []verdict.Finding
}

// Code is what a visual runs and shows.
type Code struct {
	Script []byte // the JavaScript
	Style  []byte // the CSS
	Icon   []byte // the icon's data URI, or the icon file's bytes in old packages
	// Strings is the canonical JSON of the localized strings.
	Strings []byte
	// External lists the externalJS entries.
	External []string
}

// Digest returns the SHA-256 of the package file.
func (p *Package) Digest() visual.Digest { return p.digest }

// Content returns the digest of what the package holds.
func (p *Package) Content() Content { return p.content }

// Release returns the package's version and digest.
func (p *Package) Release() visual.Release {
	return visual.Release{Version: p.manifest.Version, Digest: p.digest}
}

// Manifest returns what the package says of itself.
func (p *Package) Manifest() Manifest { return p.manifest }

// Capabilities returns what the visual declares it can do.
func (p *Package) Capabilities() Capabilities { return p.capabilities }

// Code returns what the visual runs. The caller must not change it.
//
// The script, nearly all of a package, is unquoted when it is first asked for:
// judging a package needs its digests, not its text.
func (p *Package) Code() Code {
	p.unquoteOnce.Do(func() {
		if len(p.script) > 0 {
			p.code.Script = unquote(p.script)
		}
	})
	return p.code
}

// File returns the package file, byte for byte. The caller must not change it.
func (p *Package) File() []byte { return p.file }

// Entries lists the regular files of the ZIP, in its order.
func (p *Package) Entries() []Entry { return p.entries }

// Entry returns the inflated bytes of an entry. The caller must not change them.
func (p *Package) Entry(name string) ([]byte, bool) {
	b, ok := p.bodies[name]
	return b, ok
}

// Statement returns the license statement that the package carries in
// StatementEntry, if it carries one.
func (p *Package) Statement() ([]byte, bool) { return p.Entry(StatementEntry) }

// Reservations returns what stands against putting this well-formed package
// into a store: a version of an odd form, a debug build, a ZIP of the tolerant
// tier (Review). They do not keep anyone from listing, showing or comparing it.
func (p *Package) Reservations() []verdict.Finding { return p.reservations }
