package cli

import (
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/visual"
)

func newHistory(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "history [VISUAL]",
		Short: "Show what was changed, by whom and why",
		Long: `Show what was changed, by whom and why, oldest first.

Revisions count for each visual. The list is replayed from the audit log, whose
entries are chained by hashes: an entry that was edited is noticed (exit 17).`,
		Example: `  orgstore history
  orgstore history auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E -o json`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return runHistory(ctx, g, args) }),
	}
}

type revisionData struct {
	Revision    int        `json:"revision"`
	Time        string     `json:"time"`
	Status      string     `json:"status"`
	Visual      visualData `json:"visual"`
	Kind        string     `json:"kind"`
	Version     string     `json:"version"`
	Digest      string     `json:"digest"`
	LicenseEnds string     `json:"license_ends"`
	Claim       string     `json:"claim,omitempty"`
	Actor       string     `json:"actor"`
	Reason      string     `json:"reason"`
	Message     string     `json:"message,omitempty"`
	Tx          string     `json:"tx"`
}

func runHistory(ctx context.Context, g *globals, args []string) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	data := []revisionData{}
	view := output.View{Columns: []string{"VISUAL", "REVISION", "TIME", "STATUS", "CHANGE", "VERSION", "LICENSE UNTIL", "ACTOR", "REASON"}}
	for _, r := range s.journal.Book().History() {
		if len(only) > 0 && !slices.Contains(only, r.Key.GUID) {
			continue
		}
		data = append(data, revisionOf(r))
		view.Rows = append(view.Rows, []string{
			title(r.Name, r.Key), strconv.Itoa(r.Revision), clock(r.Time), string(r.Status), orDash(string(r.Kind)),
			versionOf(r.After), day(r.After.License.Ends), r.Actor.String(), r.Reason,
		})
	}
	message := ""
	if len(data) == 0 {
		message = "nothing was changed yet"
	}
	return answer{data: data, view: view, message: message}, nil
}

func revisionOf(r journal.Revision) revisionData {
	d := revisionData{
		Revision: r.Revision, Time: timestamp(r.Time), Status: string(r.Status),
		Visual: visualData{r.Key.GUID.String(), r.Name}, Kind: string(r.Kind),
		Digest: digestOf(r.After.Release), LicenseEnds: timestamp(r.After.License.Ends),
		Claim: string(r.Claim), Actor: r.Actor.String(), Reason: r.Reason, Message: r.Message, Tx: string(r.Tx),
	}
	if r.After.Release != nil {
		d.Version = r.After.Release.Version.String()
	}
	return d
}

// named reads the visuals that a command was given.
func named(args []string) ([]visual.GUID, error) {
	var out []visual.GUID
	for _, a := range args {
		g, err := visual.ParseName(a)
		if err != nil {
			return nil, usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		out = append(out, g)
	}
	return out, nil
}
