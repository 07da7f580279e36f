package cli

import (
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/policies/runway"
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

type runwayData struct {
	Visual      engine.Visual   `json:"visual"`
	Store       string          `json:"store"`
	LicenseEnds string          `json:"license_ends"`
	DaysLeft    int             `json:"days_left"`
	Renewal     string          `json:"renewal"`
	RenewedTo   string          `json:"renewed_to"`  // when the license that is here ends; empty where none is
	LastChance  string          `json:"last_chance"` // empty where it has passed
	LastWindow  *windowSpan     `json:"last_window"` // null where it waits for no window
	Message     string          `json:"message"`
	Hint        string          `json:"hint"`
	Findings    []engine.Reason `json:"findings"`
}

type windowSpan struct {
	Name  string `json:"name"`
	From  string `json:"from"`
	Until string `json:"until"`
}

func runRunway(ctx context.Context, g *globals, args []string) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	if err := s.MustKnowOrSee(only, p); err != nil {
		return answer{}, err
	}
	data := []runwayData{}
	view := output.View{Columns: []string{"VISUAL", "LICENSE UNTIL", "DAYS LEFT", "RENEWAL", "LAST CHANCE", "WHAT"}}
	for _, r := range s.Runways(p, in) {
		if len(only) > 0 && !slices.Contains(only, r.Key.GUID) {
			continue
		}
		data = append(data, runwayOf(r))
		chance := "passed"
		if !r.By.IsZero() {
			chance = r.By.UTC().Format("2006-01-02 15:04 UTC")
		}
		view.Rows = append(view.Rows, []string{engine.Title(r.Name, r.Key), engine.FormatDay(r.Ends), strconv.Itoa(r.DaysLeft), string(r.State), chance, r.Message})
	}
	a := answer{data: data, view: view, message: s.said("")}
	if len(data) == 0 {
		a.message = s.said("no license with a known end is installed")
	}
	return a, nil
}

func runwayOf(r runway.Runway) runwayData {
	d := runwayData{
		Visual: engine.VisualOf(r.Key, r.Name), Store: r.Key.Store, LicenseEnds: engine.Timestamp(r.Ends), DaysLeft: r.DaysLeft,
		Renewal: string(r.State), RenewedTo: engine.Timestamp(r.Until), LastChance: engine.Timestamp(r.By), Message: r.Message, Hint: r.Hint,
		Findings: engine.ReasonsOf(r.Findings),
	}
	if r.Last.Name != "" {
		d.LastWindow = &windowSpan{r.Last.Name, engine.Timestamp(r.Last.From), engine.Timestamp(r.Last.Until)}
	}
	return d
}
