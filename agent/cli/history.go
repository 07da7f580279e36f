package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/visual"
)

func newHistory(g *globals) *cobra.Command {
	all, in := false, inStore{}
	cmd := &cobra.Command{
		Use:   "history [VISUAL]",
		Short: "Show what was changed, by whom and why",
		Long: `Show what was changed, by whom and why, oldest first.

Revisions count for each visual. With --all it also shows who pinned, held,
released, unblocked, approved and rejected what, which attestations arrived, and what
the tenant's activity log told of the store; those have no revision. The list is replayed from the audit log, whose
entries are chained by hashes: an entry that was edited is noticed (exit 17).`,
		Example: `  orgstore history
  orgstore history auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E -o json
  orgstore history --all`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return runHistory(ctx, g, args, all, in) }),
	}
	cmd.Flags().BoolVar(&all, "all", false, "also what people said without changing the store: pins, holds, approvals")
	in.flag(cmd, "only what happened in this store")
	return cmd
}

func runHistory(ctx context.Context, g *globals, args []string, all bool, where inStore) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	out, err := carryOut(ctx, g, operation.History, engine.HistoryRequest{Visuals: only, Store: where.name, All: all})
	if err != nil {
		return answer{}, err
	}
	view := output.View{Columns: []string{"VISUAL", "REVISION", "TIME", "STATUS", "CHANGE", "VERSION", "LICENSE UNTIL", "ACTOR", "REASON"}}
	for _, r := range out.Result.Revisions {
		view.Rows = append(view.Rows, []string{
			engine.TitleOf(r.Visual), orDash(strings.TrimPrefix(strconv.Itoa(r.Revision), "0")), timeOf(r.Time), r.Status, orDash(r.Kind),
			r.VersionText, orDash(dayOf(r.LicenseEnds)), r.Actor, r.Why,
		})
	}
	return answer{data: out.Result.Revisions, view: view, message: out.Result.Message}, nil
}

// named reads the visuals that a command was given.
func named(args []string) ([]visual.GUID, error) {
	var out []visual.GUID
	for _, a := range args {
		g, err := visual.ParseName(a)
		if err != nil {
			return nil, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		out = append(out, g)
	}
	return out, nil
}
