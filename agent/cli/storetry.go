package cli

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
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
as the recipe was learned. Nothing is changed. Whether the portal's addresses take
the token of an application is not documented: this is how to find out.`,
		Example: `  orgstore store try --recipe portal.yaml`,
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.recipe, "recipe", "", "the `FILE` of the recipe; by default that of the settings")
	return cmd
}

type triedData struct {
	GUID    string `json:"guid"`
	Name    string `json:"name"`
	Version string `json:"version"` // empty where the list does not show it
	Access  string `json:"access"`  // on, off or unknown
	Source  string `json:"source"`  // file, appsource or unknown
	Problem string `json:"problem"`
}

func (o *tryOptions) run(ctx context.Context, _ []string) (answer, error) {
	settings, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	for _, t := range settings.Stores {
		o.recipe = cmp.Or(o.recipe, t.Recipe)
	}
	if o.recipe == "" {
		return answer{}, fault.Usage("learn one from a recording: `orgstore store learn`", "name a recipe with --recipe; the settings have none")
	}
	target, done, err := engine.TryRecorded(settings, o.Ports, o.recipe, "") // with no digest approved nothing can be changed
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = done() }()
	listed, err := target.Installed(ctx)
	if err != nil {
		return answer{}, err
	}
	return tellTried(listed), nil
}

func tellTried(listed map[visual.GUID]store.Listing) answer {
	data := []triedData{}
	view := output.View{Columns: []string{"GUID", "NAME", "VERSION", "ACCESS", "SOURCE", "PROBLEM"}}
	guids := make([]visual.GUID, 0, len(listed))
	for g := range listed {
		guids = append(guids, g)
	}
	slices.SortFunc(guids, visual.GUID.Compare)
	for _, g := range guids {
		l := listed[g]
		d := triedData{GUID: g.String(), Name: l.Name, Access: "unknown", Source: cmp.Or(string(l.Source), "unknown"), Problem: l.Problem}
		if l.Release != nil {
			d.Version = l.Release.Version.String()
		}
		if l.Enabled != nil {
			d.Access = map[bool]string{true: "on", false: "off"}[*l.Enabled]
		}
		data = append(data, d)
		view.Rows = append(view.Rows, []string{d.GUID, d.Name, d.Version, d.Access, d.Source, d.Problem})
	}
	return answer{data: data, view: view, message: engine.Count(len(data), "visual") + " in the list; nothing was changed"}
}
