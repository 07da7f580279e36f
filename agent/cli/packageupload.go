package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
)

func newPackageUpload(g *globals) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "upload FILE...",
		Short: "Put packages and their licenses into the library in SharePoint",
		Long: `Put packages and their licenses into the library in SharePoint.

For whoever has a file on this machine, and wants it where colleagues look. A
statement beside a package (NAME.pbiviz.license) goes along, and before it. What is
no package and no license is refused before anything is sent. Nothing in the
library is replaced; a file that is there already, byte for byte, is left alone.
The next plan or apply takes it in from there.`,
		Example: `  orgstore package upload "Aurora Gauge 1.4.pbiviz"`,
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			s, err := g.open(ctx)
			if err != nil {
				return answer{}, err
			}
			defer s.Close()
			uploads, err := s.Upload(ctx, engine.UploadRequest{Files: g.Matching(args), DryRun: dryRun})
			if uploads == nil {
				return answer{}, err
			}
			a := uploadAnswer(uploads)
			switch {
			case err != nil:
			case dryRun:
				a.message = "nothing was sent: this was a dry run"
			default:
				a.message = "take them in with `orgstore plan`"
			}
			return a, err
		}),
	}
	dryRunFlags(cmd, &dryRun)
	return cmd
}

func uploadAnswer(uploads []engine.Upload) answer {
	view := output.View{Columns: []string{"FILE", "IN THE LIBRARY", "SIZE", "STATE"}}
	for _, d := range uploads {
		state := "not sent"
		if d.Done {
			state = "there"
		}
		view.Rows = append(view.Rows, []string{d.File, d.Name, engine.Count(int(d.Size), "byte"), state})
	}
	return answer{data: uploads, view: view}
}
