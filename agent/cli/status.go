package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
)

func newStatus(g *globals) *cobra.Command {
	in := inStore{}
	cmd := &cobra.Command{
		Use:   "status [VISUAL...]",
		Short: "Show every visual: what is pinned, what is installed, until when it is licensed",
		Long: `Show every visual: what is pinned, what is installed, until when it is licensed.

STATE is ok, drifted (somebody else changed the store), unreachable (the store cannot
be read: what is shown is what is known of it), held, blocked, waiting (a
person is to make the change), checking (it was made, and its check has not
answered), license-ending (within 30 days), license-ended,
license-revoked, vendor-untrusted (the vendor's keys are lost or changed), missing
or change-planned.`,
		Example: "  orgstore status\n  orgstore status -o json --query \"[?state!='ok'].guid\"",
		RunE:    g.answering(func(ctx context.Context, args []string) (answer, error) { return runStatus(ctx, g, args, in) }),
	}
	in.flag(cmd, "only what is in this store")
	return cmd
}

func runStatus(ctx context.Context, g *globals, args []string, where inStore) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	out, err := carryOut(ctx, g, operation.Status, engine.StatusRequest{Visuals: only, Store: where.name})
	if err != nil && out.Result.Visuals == nil {
		return answer{}, err
	}
	view := output.View{Columns: []string{"VISUAL", "PIN", "INSTALLED", "LICENSE UNTIL", "DAYS LEFT", "NEWEST HERE", "STATE", "WHAT"}}
	for _, v := range out.Result.Visuals {
		left := output.Nothing
		if v.DaysLeft != nil {
			left = strconv.Itoa(*v.DaysLeft)
		}
		name := engine.TitleOf(engine.Visual{GUID: v.GUID, Name: v.Name, Store: v.Store})
		view.Rows = append(view.Rows, []string{
			name, orDash(v.Pin), v.InstalledText, orDash(dayOf(v.LicenseEnds)), left, orDash(v.NewestAvailable), v.State, v.Message,
		})
	}
	return answer{data: out.Result.Visuals, view: view, message: g.withIncomplete(out.Result.Message, out.Incomplete)}, err
}
