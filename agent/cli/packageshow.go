package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

func newPackageShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show PACKAGE",
		Short: "Show what a package says of itself, what it can do, and what it holds",
		Long: `Show what a package says of itself, what it can do, and what it holds.

PACKAGE is a file, or a package of the archive by the start of its digest or as
VISUAL@VERSION.`,
		Example: "  orgstore package show gauge-1.5.pbiviz",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			p, err := g.find(ctx, args[0])
			if err != nil {
				return answer{}, err
			}
			d := shown(p)
			return answer{data: d, view: d.view()}, nil
		}),
	}
}

type shownData struct {
	Manifest      pbiviz.Manifest `json:"manifest"`
	Digest        string          `json:"digest"`
	ContentDigest string          `json:"content_digest"`
	Size          int             `json:"size"`
	HasStatement  bool            `json:"has_statement"`
	DataRoles     []string        `json:"data_roles"`
	Properties    []string        `json:"properties"`
	Privileges    []string        `json:"privileges"`
	Entries       []entryData     `json:"entries"`
	Reasons       []engine.Reason `json:"reasons"`
}

type entryData struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

func shown(p *pbiviz.Package) shownData {
	_, inside := p.Statement()
	d := shownData{
		Manifest: p.Manifest(), Digest: p.Digest().String(), ContentDigest: string(p.Content()), Size: len(p.File()),
		HasStatement: inside, DataRoles: []string{}, Properties: []string{}, Privileges: []string{}, Reasons: engine.ReasonsOf(p.Reservations()),
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
		d.Entries = append(d.Entries, entryData{e.Name, e.Size})
	}
	return d
}

func (d shownData) view() output.View {
	m := d.Manifest
	inside := "none inside"
	if d.HasStatement {
		inside = "a statement inside; see orgstore license show"
	}
	rows := [][2]string{
		{"visual", m.DisplayName + " " + m.Version.String()}, {"guid", m.GUID.String()},
		{"in reports", m.GUID.OrgStore()}, {"author", strings.TrimSpace(m.AuthorName + " " + m.AuthorEmail)},
		{"support", m.SupportURL}, {"api", m.APIVersion}, {"generation", string(m.Generation) + ", " + string(m.Tier) + " ZIP"},
		{"digest", d.Digest}, {"content", d.ContentDigest}, {"license", inside},
		{"data roles", strings.Join(d.DataRoles, ", ")}, {"properties", strings.Join(d.Properties, ", ")},
		{"privileges", strings.Join(d.Privileges, ", ")},
	}
	for _, e := range d.Entries {
		rows = append(rows, [2]string{"entry", fmt.Sprintf("%s (%d bytes)", e.Name, e.Size)})
	}
	for _, r := range d.Reasons {
		rows = append(rows, [2]string{"beware", r.Message})
	}
	return facts(rows...)
}
