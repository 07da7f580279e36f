package cli

import (
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
)

func newStatus(g *globals) *cobra.Command {
	in := inStore{}
	cmd := &cobra.Command{
		Use:   "status [VISUAL...]",
		Short: "Show every visual: what is pinned, what is installed, until when it is licensed",
		Long: `Show every visual: what is pinned, what is installed, until when it is licensed.

STATE is ok, drifted (somebody else changed the store), held, blocked, waiting (a
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
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if err := where.known(s); err != nil {
		return answer{}, err
	}
	p, in, err := s.LookAndPlan(ctx, nil)
	if err != nil {
		return answer{}, err
	}
	if err := s.MustKnowOrSee(only, p); err != nil {
		return answer{}, err
	}
	if err := s.ReadActivityLog(ctx, false); err != nil {
		return answer{}, err
	}
	drifted := s.CompareDrift(p, in)
	data := []engine.VisualStatus{}
	view := output.View{Columns: []string{"VISUAL", "PIN", "INSTALLED", "LICENSE UNTIL", "DAYS LEFT", "NEWEST HERE", "STATE", "WHAT"}}
	for _, l := range s.Lines(p) {
		if len(only) > 0 && !slices.Contains(only, l.Key.GUID) || !where.has(l.Key) {
			continue
		}
		d := s.StatusOf(l, in)
		data = append(data, d)
		left := output.Nothing
		if d.DaysLeft != nil {
			left = strconv.Itoa(*d.DaysLeft)
		}
		view.Rows = append(view.Rows, []string{
			engine.Title(d.Name, l.Key), orDash(d.Pin), engine.VersionText(l.State), engine.FormatDay(l.State.License.Ends), left,
			orDash(d.NewestAvailable), d.State, d.Message,
		})
	}
	a := answer{data: data, view: view}
	switch {
	case len(data) == 0 && len(only) > 0:
		a.message = "it is neither pinned nor in the store"
	case len(data) == 0:
		a.message = "no visuals: pin one with `orgstore pin set VISUAL PIN`"
	}
	a.message = s.said(engine.JoinPhrases(a.message, inOneLine(drifted), s.FailingChannels(), s.OpenRequests()))
	return a, nil
}
