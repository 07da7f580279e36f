package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
)

func newVersion(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show which orgstore this is",
		Example: "  orgstore version -o json",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			b := g.Build
			return answer{data: b, view: output.View{Text: fmt.Sprintf("orgstore %s (%s, %s/%s)", b.Version, b.Go, b.OS, b.Arch)}}, nil
		}),
	}
}
