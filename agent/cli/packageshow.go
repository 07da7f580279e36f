package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
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
			d := engine.DetailsOf(p)
			return answer{data: d, view: packageDetailsView(d)}, nil
		}),
	}
}

// packageDetailsView shows what a package says of itself.
func packageDetailsView(d engine.PackageDetails) output.View {
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
	}
	for _, p := range d.Privileges {
		rows = append(rows, [2]string{"privilege", p.Text()})
	}
	for _, e := range d.Entries {
		rows = append(rows, [2]string{"entry", fmt.Sprintf("%s (%d bytes)", e.Name, e.Size)})
	}
	for _, r := range d.Reasons {
		rows = append(rows, [2]string{"beware", r.Message})
	}
	return facts(rows...)
}
