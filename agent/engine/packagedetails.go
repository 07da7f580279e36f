package engine

import (
	"strings"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// PackageDetails is what a package says of itself, what it can do, and what it holds.
type PackageDetails struct {
	Manifest      pbiviz.Manifest    `json:"manifest"`
	Digest        string             `json:"digest"`
	ContentDigest string             `json:"content_digest"`
	Size          int                `json:"size"`
	HasStatement  bool               `json:"has_statement"`
	DataRoles     []string           `json:"data_roles"`
	Properties    []string           `json:"properties"`
	Privileges    []PackagePrivilege `json:"privileges"`
	Entries       []PackageEntry     `json:"entries"`
	Reasons       []Reason           `json:"reasons"`
}

// A PackageEntry is one file in a package.
type PackageEntry struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// A PackagePrivilege is one right that a visual asks for.
type PackagePrivilege struct {
	Name string `json:"name"`
	// Essential says that the visual does not work without it.
	Essential  bool     `json:"essential"`
	Parameters []string `json:"parameters"` // URLs, mostly
}

// Text is the privilege in one line.
func (p PackagePrivilege) Text() string {
	text := p.Name + ", optional"
	if p.Essential {
		text = p.Name + ", essential"
	}
	if len(p.Parameters) > 0 {
		text += ": " + strings.Join(p.Parameters, ", ")
	}
	return text
}

// DetailsOf lists what a package says of itself, what it can do, and what it holds.
func DetailsOf(p *pbiviz.Package) PackageDetails {
	_, inside := p.Statement()
	d := PackageDetails{
		Manifest: p.Manifest(), Digest: p.Digest().String(), ContentDigest: string(p.Content()), Size: len(p.File()),
		HasStatement: inside, DataRoles: []string{}, Properties: []string{}, Privileges: []PackagePrivilege{}, Reasons: ReasonsOf(p.Reservations()),
	}
	can := p.Capabilities()
	for _, r := range can.Roles {
		d.DataRoles = append(d.DataRoles, r.Name)
	}
	for _, o := range can.Objects {
		for _, prop := range o.Properties {
			d.Properties = append(d.Properties, o.Name+"."+prop.Name)
		}
	}
	for _, priv := range can.Privileges {
		d.Privileges = append(d.Privileges, PackagePrivilege{priv.Name, priv.Essential, OrEmpty(priv.Parameters)})
	}
	for _, e := range p.Entries() {
		d.Entries = append(d.Entries, PackageEntry{e.Name, e.Size})
	}
	return d
}
