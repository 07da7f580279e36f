package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
)

func newLicenseRunway(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "runway [VISUAL...]",
		Short: "Show the last chance to renew each license, and whether the renewal is here",
		Long: `Show the last chance to renew each license, and whether the renewal is here.

LAST CHANCE is when the renewed package must be here at the latest: windows,
freezes and the time that people take are counted, and a license counts as ended
14 hours before its end, since browsers may use local time. RENEWAL is missing,
refused (something is here, and it does not help), waiting (for a person), here
(verified), late (here, and no time that policy allows is left) or ended.`,
		Example: `  orgstore license runway
  orgstore license runway -o json --query "[?days_left<` + "`30`" + ` && renewal!='here'].visual.name"`,
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return runRunway(ctx, g, args) }),
	}
}

func runRunway(ctx context.Context, g *globals, args []string) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	out, err := carryOut(ctx, g, operation.Runway, engine.StatusRequest{Visuals: only})
	if err != nil && out.Result.Licenses == nil {
		return answer{}, err
	}
	view := output.View{Columns: []string{"VISUAL", "LICENSE UNTIL", "DAYS LEFT", "RENEWAL", "LAST CHANCE", "WHAT"}}
	for _, l := range out.Result.Licenses {
		chance := "passed"
		if at, err := time.Parse(time.RFC3339, l.LastChance); err == nil {
			chance = at.UTC().Format("2006-01-02 15:04 UTC")
		}
		view.Rows = append(view.Rows, []string{engine.TitleOf(l.Visual), dayOf(l.LicenseEnds), strconv.Itoa(l.DaysLeft), l.Renewal, chance, l.Message})
	}
	return answer{data: out.Result.Licenses, view: view, message: g.withIncomplete(out.Result.Message, out.Incomplete)}, err
}
