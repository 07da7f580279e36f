// Package diff says what changed between two packages of a visual, and what of
// it can break reports or asks for more rights. It knows packages only; it must
// not know policies, licenses' worth or which of the two is installed.
//
// Nothing it returns holds a property's value or a script's text: names, counts,
// declared URLs and the hosts of URLs only.
package diff

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Class is the most that changed. What cannot be shown to be less is more: a
// part of a package that nobody knows counts as code.
type Class string

// The classes, from the least.
const (
	// Identical: both hold the same, statement included. Their files may still
	// have been zipped differently; then diff.repacked is among the findings.
	Identical Class = "identical"
	// LicenseOnly: every entry but the license statement's is equal.
	LicenseOnly Class = "license-only"
	// Metadata: names, versions, icons, strings.
	Metadata Class = "metadata"
	// Code: script, style, or an entry or member of unknown meaning.
	Code Class = "code"
	// Capabilities: what reports and people rely on: data roles, objects and
	// properties, privileges, the API version, the GUID.
	Capabilities Class = "capabilities"
)

// rank orders the classes. One that is not known, from a newer program, comes
// last: it must not pass for a small change.
func (c Class) rank() int {
	known := []Class{Identical, LicenseOnly, Metadata, Code, Capabilities}
	if i := slices.Index(known, c); i >= 0 {
		return i
	}
	return len(known)
}

// AtLeast says whether c is as much as floor, or more.
func (c Class) AtLeast(floor Class) bool { return c.rank() >= floor.rank() }

// A Severity says whom a finding concerns.
type Severity string

// The severities, from the hardest.
const (
	// Breaking: reports that use the visual may stop working or lose settings.
	Breaking Severity = "breaking"
	// Security: the visual asks for more, talks to someone new, or comes from
	// someone else.
	Security Severity = "security"
	// Note: worth knowing.
	Note Severity = "note"
)

func (s Severity) rank() int { return slices.Index([]Severity{Breaking, Security, Note}, s) }

// A Finding is one difference.
type Finding struct {
	Severity Severity     `json:"severity"`
	Code     verdict.Code `json:"code"`
	// Message is a sentence for people; names from packages are quoted in it,
	// with control characters escaped.
	Message string `json:"message"`
}

// A Side names one of the two packages.
type Side struct {
	GUID       visual.GUID       `json:"guid"`
	Name       string            `json:"name"`
	Version    visual.Version    `json:"version"`
	Digest     visual.Digest     `json:"digest"`
	Content    pbiviz.Content    `json:"content_digest"`
	Generation pbiviz.Generation `json:"generation"`
}

// A Right is a privilege together with one thing it is for. A privilege that
// grows by a URL adds a Right.
type Right struct {
	Name      string `json:"name"`
	Parameter string `json:"parameter,omitempty"` // a URL of WebAccess, mostly
}

// Rights lists what is asked for anew and what no longer is. What an earlier,
// wider right already covered is not anew.
type Rights struct {
	Added   []Right `json:"added"`
	Removed []Right `json:"removed"`
}

// Names lists things by name, sorted. Properties are named object.property.
type Names struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
}

// Hosts lists hosts of URLs in script and style, sorted.
type Hosts struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

// Versions is a version before and after; empty where a package has none.
type Versions struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A Diff is what changed from one package to another. Its lists are never nil.
type Diff struct {
	From  Side  `json:"from"`
	To    Side  `json:"to"`
	Class Class `json:"class"`
	// Findings come from the hardest severity to the mildest.
	Findings   []Finding `json:"findings"`
	Privileges Rights    `json:"privileges"`
	Roles      Names     `json:"data_roles"`
	Properties Names     `json:"properties"`
	Hosts      Hosts     `json:"hosts"`
	APIVersion Versions  `json:"api_version"`
}

// Has says whether a finding with this code is among those found.
func (d Diff) Has(c verdict.Code) bool {
	return slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Code == c })
}

// Any says whether there is a finding of this severity.
func (d Diff) Any(s Severity) bool {
	return slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Severity == s })
}

// Count says how many findings are of this severity.
func (d Diff) Count(s Severity) int {
	n := 0
	for _, f := range d.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Compare says what changed from one package to another. The packages may be of
// different generations, and even of different visuals.
func Compare(from, to *pbiviz.Package) Diff {
	c := newComparison(from, to)
	switch {
	case from.Digest() == to.Digest():
	case from.Content() == to.Content():
		c.compareStatements()
		if c.diff.Class == Identical {
			c.addNote("diff.repacked", "both hold the same; only the way they were zipped differs")
		}
	default:
		c.raiseClass(Metadata)
		c.compareStatements()
		c.compareIdentity()
		c.compareCapabilities()
		c.compareCode()
		c.compareHosts()
		c.compareVersions() // late: it depends on whether code changed
		c.noteLikelyRenewal()
	}
	slices.SortStableFunc(c.diff.Findings, func(a, b Finding) int {
		return cmp.Compare(a.Severity.rank(), b.Severity.rank())
	})
	return c.diff
}

// A comparison is a Diff in the making.
type comparison struct {
	from, to           *pbiviz.Package
	diff               Diff
	capabilitiesDiffer bool // a difference of capabilities is among the findings
}

func newComparison(from, to *pbiviz.Package) *comparison {
	return &comparison{from: from, to: to, diff: Diff{
		From:       sideOf(from),
		To:         sideOf(to),
		Class:      Identical,
		Findings:   []Finding{},
		Privileges: Rights{Added: []Right{}, Removed: []Right{}},
		Roles:      Names{Added: []string{}, Removed: []string{}, Changed: []string{}},
		Properties: Names{Added: []string{}, Removed: []string{}, Changed: []string{}},
		Hosts:      Hosts{Added: []string{}, Removed: []string{}},
		APIVersion: Versions{From: from.Manifest().APIVersion, To: to.Manifest().APIVersion},
	}}
}

func sideOf(p *pbiviz.Package) Side {
	m := p.Manifest()
	return Side{
		GUID: m.GUID, Name: m.DisplayName, Version: m.Version,
		Digest: p.Digest(), Content: p.Content(), Generation: m.Generation,
	}
}

func (c *comparison) raiseClass(class Class) {
	if class.AtLeast(c.diff.Class) {
		c.diff.Class = class
	}
}

func (c *comparison) addFinding(s Severity, code verdict.Code, format string, args ...any) {
	c.diff.Findings = append(c.diff.Findings, Finding{s, code, fmt.Sprintf(format, args...)})
}

func (c *comparison) addNote(code verdict.Code, format string, args ...any) {
	c.addFinding(Note, code, format, args...)
}

// compareStatements compares the license statements that the packages carry inside.
func (c *comparison) compareStatements() {
	before, had := c.from.Statement()
	after, has := c.to.Statement()
	switch {
	case !had && !has, had && has && string(before) == string(after):
		return
	case !had:
		c.addNote("diff.statement", "a license statement was put into the package")
	case !has:
		c.addNote("diff.statement", "the license statement inside the package is gone")
	default:
		c.addNote("diff.statement", "the license statement inside the package changed")
	}
	c.raiseClass(LicenseOnly)
}

// compareVersions compares the versions, and says so when a version names two codes.
func (c *comparison) compareVersions() {
	before, after := c.diff.From.Version, c.diff.To.Version
	switch n := after.Compare(before); {
	case n < 0:
		c.addNote("diff.version_lower", "the version goes down from %s to %s", before, after)
	case n == 0 && c.diff.Class.AtLeast(Code):
		c.addNote("diff.same_version_other_code", "the version is still %s, but the visual is not the same", after)
	}
}

// maxQuoted bounds how much of a name from a package a message repeats, in runes.
const maxQuoted = 80

// quote makes a name from a package fit for a message.
func quote(s string) string {
	if r := []rune(s); len(r) > maxQuoted {
		s = string(r[:maxQuoted]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
