package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
)

// record writes how the agent is. It is a help: what keeps it from being written
// is logged, and stops nothing.
func (a *agent) record(state string) {
	s := a.state
	r := engine.AgentStatus{
		Format: engine.AgentFormat, State: state, Version: a.Build.Version, Host: hostname(), PID: os.Getpid(),
		Started: s.Started.UTC(), Began: s.Began.UTC(), Ended: s.Ended.UTC(), Good: s.Good.UTC(), Next: s.Next.UTC(),
		Why: s.Why, Rounds: s.Rounds, Failures: s.Failures, Settings: a.broken,
		Notes: s.Report.Notes, Gates: s.Report.Gates, Stores: s.Report.Stores, Visuals: s.Report.Visuals,
	}
	if state == engine.AgentStopped {
		r.Stopped, r.Next = a.Now().UTC(), time.Time{}
	}
	if a.failed != nil {
		r.Error, r.Code, r.Hint = a.failed.Error(), a.failed.Code, a.failed.Hint
	}
	text, err := json.Marshal(r, jsontext.WithIndent("  "))
	if err == nil {
		err = a.Write(filepath.Join(a.settings.Data, engine.AgentFile), 0o600, append(text, '\n'))
	}
	if err != nil {
		a.note("how the agent is cannot be written down: %v", err)
	}
}

func newAgentStatus(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show whether an agent runs here, what it did last and when it looks next",
		Long: `Show whether an agent runs here, what it did last and when it looks next.

It leaves with 0 while an agent runs and its last look went well, and with 1
otherwise: health checks of containers and monitors can call it.`,
		Example: "  orgstore agent status\n  orgstore agent status -o json --query next_round",
		Args:    arguments(cobra.NoArgs),
		RunE:    g.answering(func(ctx context.Context, _ []string) (answer, error) { return runAgentStatus(ctx, g) }),
	}
}

func runAgentStatus(ctx context.Context, g *globals) (answer, error) {
	out, err := carryOut(ctx, g, operation.AgentStatus, engine.AgentStatusRequest{})
	s := out.Result
	if s.Format == 0 {
		return answer{}, err
	}
	return answer{data: s, view: agentView(s, g.Now())}, err
}

func agentView(s engine.AgentStatus, now time.Time) output.View {
	v := output.View{Columns: []string{"WHAT", "HOW"}}
	add := func(what, how string) {
		if how != "" {
			v.Rows = append(v.Rows, []string{what, how})
		}
	}
	add("state", s.State)
	add("process", fmt.Sprintf("%d on %s, version %s", s.PID, s.Host, s.Version))
	add("running since", engine.FormatTime(s.Started))
	if !s.Stopped.IsZero() {
		add("stopped", engine.FormatTime(s.Stopped))
	}
	add("last look", fmt.Sprintf("%s, woken by %s", engine.FormatTime(s.Ended), s.Why))
	if !s.Good.IsZero() {
		add("last good look", engine.FormatTime(s.Good))
	}
	if s.State != engine.AgentStopped && s.Next.After(now) {
		add("next look", engine.FormatTime(s.Next)+" at the latest")
	}
	add("looks", strconv.Itoa(s.Rounds))
	for _, kind := range slices.Sorted(maps.Keys(s.Gates)) {
		add("held back by "+kind, engine.Count(s.Gates[kind], "change"))
	}
	states := map[string]int{}
	for _, x := range s.Visuals {
		states[x.State]++
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		add("visuals "+state, strconv.Itoa(states[state]))
	}
	add("error", s.Error)
	if s.Settings != "" {
		add("settings", "broken, those of before are in force: "+s.Settings)
	}
	for _, n := range s.Notes {
		add("note", n)
	}
	return v
}
