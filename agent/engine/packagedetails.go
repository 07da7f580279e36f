package engine

import (
	"strings"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// PackageDetails is what a package says of itself, what it can do, and what it holds.
type PackageDetails struct {
	Manifest      pbiviz.Manifest `json:"manifest"`
	Digest        string          `json:"digest"`
	ContentDigest string          `json:"content_digest"`
	Size          int             `json:"size"`
	HasStatement  bool            `json:"has_statement"`
	DataRoles     []string        `json:"data_roles"`
	Properties    []string        `json:"properties"`
	Privileges    []string        `json:"privileges"`
	Entries       []PackageEntry  `json:"entries"`
	Reasons       []Reason        `json:"reasons"`
}

// A PackageEntry is one file in a package.
type PackageEntry struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// DetailsOf lists what a package says of itself, what it can do, and what it holds.
func DetailsOf(p *pbiviz.Package) PackageDetails {
	_, inside := p.Statement()
	d := PackageDetails{
		Manifest: p.Manifest(), Digest: p.Digest().String(), ContentDigest: string(p.Content()), Size: len(p.File()),
		HasStatement: inside, DataRoles: []string{}, Properties: []string{}, Privileges: []string{}, Reasons: ReasonsOf(p.Reservations()),
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
		d.Privileges = append(d.Privileges, strings.TrimSpace(priv.Name+" "+strings.Join(priv.Parameters, " ")))
	}
	for _, e := range p.Entries() {
		d.Entries = append(d.Entries, PackageEntry{e.Name, e.Size})
	}
	return d
}
