package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
)

type tryOptions struct {
	*globals
	recipe string
}

func newStoreTry(g *globals) *cobra.Command {
	o := &tryOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "try",
		Short: "Try the part of a recipe that only reads",
		Long: `Try the part of a recipe that only reads.

It signs in as the settings say and asks for the list of organizational visuals,
as the recipe was learned, with GET requests alone. Whether the portal's addresses
take the token of an application is not documented: this is how to find out.`,
		Example: `  orgstore store try --recipe portal.yaml`,
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.recipe, "recipe", "", "the `FILE` of the recipe; by default that of the settings")
	return cmd
}

func (o *tryOptions) run(ctx context.Context, _ []string) (answer, error) {
	settings, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	listed, err := engine.TryRecipe(ctx, settings, o.Ports, o.recipe)
	if err != nil {
		return answer{}, err
	}
	view := output.View{Columns: []string{"GUID", "NAME", "VERSION", "ACCESS", "SOURCE", "PROBLEM"}}
	for _, v := range listed {
		view.Rows = append(view.Rows, []string{v.GUID, v.Name, v.Version, v.Access, v.Source, v.Problem})
	}
	return answer{data: listed, view: view, message: engine.Count(len(listed), "visual") + " in the list; only GET requests were sent"}, nil
}
