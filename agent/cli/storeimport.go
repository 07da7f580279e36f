package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/packages/visual"
)

type importOptions struct {
	*globals
	dryRun, allowEmpty bool
	inStore
}

func newStoreImport(g *globals) *cobra.Command {
	o := &importOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "import-csv FILE",
		Short: "Take in the list of organizational visuals that the admin portal exports",
		Long: `Take in the list of organizational visuals that the admin portal exports.

The list proves which visuals the store holds, whether each came from a file or
from AppSource, and whether its access is on, at the time the file was made. It
has no column for the version, so it never confirms one: it only speaks for or
against a change that waits. What is pinned, was never recorded and is not in the
list can be installed. An entry from AppSource updates by itself and is never
touched. A file called OrganizationalVisuals*.csv in the library is taken in, too.
A list without rows says that all was deleted: it needs --allow-empty.`,
		Example: `  orgstore store import-csv OrganizationalVisuals.csv`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(o.run),
	}
	o.inStore.flag(cmd, "the store that the list is of, where it is not the tenant's own")
	dryRunFlags(cmd, &o.dryRun)
	cmd.Flags().BoolVar(&o.allowEmpty, "allow-empty", false, "take a list without rows: the store holds no visual")
	return cmd
}

func (o *importOptions) run(ctx context.Context, args []string) (answer, error) {
	out, err := carryOut(ctx, o.globals, operation.Import, engine.ImportRequest{File: args[0], Store: o.inStore.name, AllowEmpty: o.allowEmpty, DryRun: o.dryRun})
	if err != nil {
		return answer{}, err
	}
	r, view := out.Result, output.View{Columns: []string{"NAME", "ID", "SOURCE", "ACCESS", "CHANGED", "WHAT IT MEANS"}}
	for _, e := range r.Entries {
		view.Rows = append(view.Rows, []string{orDash(e.Name), e.PortalID(), e.Source, engine.OnOff(e.Enabled), orDash(e.Changed), e.Message})
	}
	for _, v := range r.Missing {
		view.Rows = append(view.Rows, []string{orDash(v.Name), v.GUID + visual.OrgStoreSuffix, output.Nothing, output.Nothing, output.Nothing, "pinned, and not in the list"})
	}
	return answer{data: r, view: view, message: r.Message}, nil
}
