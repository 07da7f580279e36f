package cli

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
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
	written, err := o.FactsIn(settings, tenant.FileName, "mend the file, or take it away")
	if err != nil {
		return answer{}, err
	}
	remote, err := o.Connect(settings, nil)
	if err != nil {
		return answer{}, err
	}
	defer remote.Close()
	told, found, err := remote.Facts(ctx, written.GroupIDs())
	if err != nil {
		return answer{data: engine.RequirementsOf(found), view: requirementsView(found)}, err
	}
	if told.AsOf.IsZero() {
		told.AsOf = o.Now().UTC().Truncate(time.Second)
	}
	text, err := tenant.Format(told)
	if err != nil {
		return answer{}, err
	}
	joined, differ := written.Joined(told)
	r := o.FactsResultOf(joined, differ)
	r.Requirements = engine.RequirementsOf(found)
	r.Message = strings.TrimPrefix(lacking(found)+"; "+unused(settings, joined), "; ")
	r.Message = strings.TrimSuffix(r.Message, "; ")
	if o.dryRun {
		r.Message = strings.TrimPrefix(r.Message+"; nothing was kept: this was a dry run", "; ")
		return factsAnswer(r), nil
	}
	return factsAnswer(r), o.Write(filepath.Join(settings.Data, tenant.ToldName), 0o600, text)
}

// unused says of which visuals nobody wrote how they are used: with other facts
// at hand, a license that counts it is not covered without.
func unused(s config.Settings, f tenant.Facts) string {
	var names []string
	for _, v := range s.Visuals {
		if !slices.ContainsFunc(f.Uses, func(u tenant.Use) bool { return u.GUID == v.GUID }) {
			names = append(names, cmp.Or(v.Name, v.GUID.String()))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("write under uses in %s how %s is used: where a license counts that, changes wait for a review until then (orgstore facts --help shows how)",
		filepath.Join(s.Data, tenant.FileName), strings.Join(names, ", "))
}

// lacking says what could not be asked, and what to do.
func lacking(found []tenant.Requirement) string {
	var lacks []string
	for _, r := range found {
		if r.State == tenant.Missing || r.State == tenant.Unknown {
			text := r.What + ": " + r.Detail
			if r.Fix != "" {
				text += " (" + r.Fix + ")"
			}
			lacks = append(lacks, text)
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	return "not everything could be asked: " + strings.Join(lacks, "; ")
}

func requirementsView(found []tenant.Requirement) output.View {
	view := output.View{Columns: []string{"NAME", "STATE", "WHAT", "DETAIL", "FIX"}}
	narrow := output.View{Columns: []string{"NAME", "STATE", "WHAT WAS SEEN"}}
	for _, r := range found {
		view.Rows = append(view.Rows, []string{r.Name, string(r.State), r.What, orDash(r.Detail), orDash(r.Fix)})
		seen := r.What
		if r.Detail != "" {
			seen += ": " + r.Detail
		}
		narrow.Rows = append(narrow.Rows, []string{r.Name, string(r.State), seen})
		if r.Fix != "" {
			narrow.Rows = append(narrow.Rows, []string{"", "", "to mend it: " + r.Fix})
		}
	}
	view.Narrow = &narrow
	return view
}
