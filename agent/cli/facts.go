package cli

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/packages/tenant"
)

func newFacts(g *globals) *cobra.Command {
	return group("facts", "What is known of the tenant, which licenses are held against", `What is known of the tenant, which licenses are held against.

People write facts.yaml in the data folder: how each visual is used. What the
tenant tells itself (users by plan, sizes of groups, capacities, settings) is
kept beside it in facts.tenant.yaml, and asked for by refresh alone. A facts.yaml:

  version: 1
  tenant: 8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11
  as_of: 2026-11-20
  source: counted by hand
  groups:
    - { id: 6f1d0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11, name: BI designers }
  uses:
    - guid: auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E
      designers: [6f1d0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11]  # groups, or a number
      viewers: 180
      capacities: [0f084df7-c13d-451b-af5f-ed0c466403b2]
      hosts: [reports.contoso.com]  # of sites that embed it`, newFactsShow(g), newFactsRefresh(g))
}

func newFactsShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "show",
		Short:   "Show what is known, from whom and of when",
		Example: "  orgstore facts show\n  orgstore facts show -o json --query users",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) {
			out, err := carryOut(ctx, g, operation.Facts, engine.FactsRequest{})
			if err != nil {
				return answer{}, err
			}
			return factsAnswer(out.Result), nil
		}),
	}
}

func number(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return strconv.FormatInt(*n, 10)
}

// factsAnswer shows facts with their source, and what differs in them.
func factsAnswer(r engine.FactsResult) answer {
	a := answer{data: r, message: r.Message}
	if r.IsKnown {
		a.view = facts(factsRows(r)...)
	}
	return a
}

// factsRows are what people read of facts, the number of things rather than each.
func factsRows(r engine.FactsResult) [][2]string {
	rows := [][2]string{
		{"source", r.Source}, {"as of", orDash(dayOf(r.AsOf))}, {"domains", strings.Join(r.Domains, ", ")},
		{"users with Free", number(r.Users.Free)}, {"users with Pro", number(r.Users.Pro)}, {"users with PPU", number(r.Users.PPU)},
	}
	for _, x := range r.Groups {
		rows = append(rows, [2]string{"group " + cmp.Or(x.Name, x.ID), number(x.Members)})
	}
	if r.Capacities == nil {
		rows = append(rows, [2]string{"capacities", "unknown"})
	}
	for _, c := range listed(r.Capacities) {
		rows = append(rows, [2]string{"capacity " + cmp.Or(c.Name, c.ID), cmp.Or(c.SKU, "unknown") + " " + c.State})
	}
	for _, s := range listed(r.Settings) {
		rows = append(rows, [2]string{"setting " + s.Name, settingWords(s)})
	}
	for _, d := range r.Differences {
		rows = append(rows, [2]string{"difference", d.Message})
	}
	return rows
}

// listed is a list that may be unknown.
func listed[T any](all *[]T) []T {
	if all == nil {
		return nil
	}
	return *all
}

func settingWords(s engine.FactsSetting) string {
	words := "off"
	if s.Enabled {
		words = "on"
	}
	if s.Grouped {
		words += ", for some groups"
	}
	switch tenant.Reach(s.Reach) {
	case tenant.ReachAppSource:
		words += " (does not concern visuals of the store that come from files)"
	case tenant.ReachElsewhere:
		words += " (does not concern the store)"
	}
	return words
}

type refreshOptions struct {
	*globals
	dryRun bool
}

func newFactsRefresh(g *globals) *cobra.Command {
	o := refreshOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Ask the tenant what it tells itself, and keep that",
		Long: `Ask the tenant what it tells itself, and keep that.

Signs in as the settings say and reads, changing nothing: users by plan, members
of the groups that facts.yaml names, capacities, settings that concern visuals.
What may not be read stays unknown, with the permission that is missing.`,
		Example: "  orgstore facts refresh\n  orgstore facts refresh --dry-run",
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(ctx context.Context, _ []string) (answer, error) { return o.run(ctx) }),
	}
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o refreshOptions) run(ctx context.Context) (answer, error) {
	settings, err := o.settings()
	if err != nil {
		return answer{}, err
	}
	r, err := o.RefreshFacts(ctx, settings, engine.RefreshFactsRequest{DryRun: o.dryRun})
	switch {
	case err == nil || r.IsKnown:
		return factsAnswer(r), err
	case r.Requirements != nil:
		return answer{data: r.Requirements, view: requirementsView(r.Requirements)}, err
	}
	return answer{}, err
}

func requirementsView(found []engine.Requirement) output.View {
	view := output.View{Columns: []string{"NAME", "STATE", "WHAT", "DETAIL", "FIX"}}
	narrow := output.View{Columns: []string{"NAME", "STATE", "WHAT WAS SEEN"}}
	for _, r := range found {
		view.Rows = append(view.Rows, []string{r.Name, r.State, r.What, orDash(r.Detail), orDash(r.Fix)})
		seen := r.What
		if r.Detail != "" {
			seen += ": " + r.Detail
		}
		narrow.Rows = append(narrow.Rows, []string{r.Name, r.State, seen})
		if r.Fix != "" {
			narrow.Rows = append(narrow.Rows, []string{"", "", "to mend it: " + r.Fix})
		}
	}
	view.Narrow = &narrow
	return view
}
