package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/loop"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
)

const (
	// agentFile in the data folder says how the agent is.
	agentFile = "agent.json"
	// agentFormat is the number of its form.
	agentFormat = 1
	// maxAgentFile bounds it, in bytes: some hundred for each of ten thousand visuals.
	maxAgentFile = 4 << 20
	// grace is how late a round may be until the agent is taken for dead, and how
	// long one may take.
	grace = 10 * time.Minute
)

// The states of an agent, as its file and agent status say them.
const (
	stateRunning = "running"
	stateStopped = "stopped"
	stateFailing = "failing" // it runs, and its newest round failed
	stateSilent  = "silent"  // it should have said something by now
	stateNone    = "none"    // there never was one
)

// agentRecord is what the agent says of itself after each round. Its members are
// never renamed.
type agentRecord struct {
	Format   int            `json:"format"`
	State    string         `json:"state"`
	Version  string         `json:"version"`
	Host     string         `json:"host"`
	PID      int            `json:"pid"`
	Started  time.Time      `json:"started"`
	Began    time.Time      `json:"round_began"`
	Ended    time.Time      `json:"round_ended"`
	Good     time.Time      `json:"last_good"`
	Next     time.Time      `json:"next_round"`
	Stopped  time.Time      `json:"stopped"`
	Why      string         `json:"woken_by"`
	Rounds   int            `json:"rounds"`
	Failures int            `json:"failures"` // in a row
	Error    string         `json:"error"`
	Code     string         `json:"error_code"`
	Hint     string         `json:"hint"`
	Settings string         `json:"settings_broken"` // what is wrong with the file; empty if nothing is
	Notes    []string       `json:"notes"`
	Gates    map[string]int `json:"gates"`
	Visuals  []loop.Visual  `json:"visuals"`
}

// record writes how the agent is. It is a help: what keeps it from being written
// is logged, and stops nothing.
func (a *agent) record(state string) {
	s := a.state
	r := agentRecord{
		Format: agentFormat, State: state, Version: a.Build.Version, Host: hostname(), PID: os.Getpid(),
		Started: s.Started.UTC(), Began: s.Began.UTC(), Ended: s.Ended.UTC(), Good: s.Good.UTC(), Next: s.Next.UTC(),
		Why: s.Why, Rounds: s.Rounds, Failures: s.Failures, Settings: a.broken,
		Notes: s.Report.Notes, Gates: s.Report.Gates, Visuals: s.Report.Visuals,
	}
	if state == stateStopped {
		r.Stopped, r.Next = a.Now().UTC(), time.Time{}
	}
	if a.failed != nil {
		r.Error, r.Code, r.Hint = a.failed.Error(), a.failed.Code, a.failed.Hint
	}
	text, err := json.Marshal(r, jsontext.WithIndent("  "))
	if err == nil {
		err = a.Write(filepath.Join(a.settings.Data, agentFile), 0o600, append(text, '\n'))
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
		RunE:    g.answering(func(context.Context, []string) (answer, error) { return runAgentStatus(g) }),
	}
}

func runAgentStatus(g *globals) (answer, error) {
	settings, err := g.settings()
	if err != nil {
		return answer{}, err
	}
	text, err := disk.ReadFile(g.Disk, filepath.Join(settings.Data, agentFile), maxAgentFile)
	if errors.Is(err, fs.ErrNotExist) {
		return answer{}, fault.New("agent."+stateNone, "start one: orgstore agent run, or as a service: orgstore service install", "no agent has ever run on the data in %s", settings.Data)
	}
	if err != nil {
		return answer{}, err
	}
	var r agentRecord
	if err := json.Unmarshal(text, &r); err != nil || r.Format != agentFormat {
		return answer{}, fault.New("agent.unreadable", "it is written anew after the agent's next look; if an agent of a newer orgstore runs, use that program", "cannot read how the agent is: %s", agentFile)
	}
	r.State = r.now(g.Now())
	a := answer{data: r, view: r.view(g.Now())}
	return a, r.fault()
}

// now is how the agent is at a moment, as far as its record says.
func (r agentRecord) now(at time.Time) string {
	due := cmp.Or(r.Next, r.Began)
	switch {
	case r.State == stateStopped:
		return stateStopped
	case at.After(due.Add(grace)):
		return stateSilent
	case r.Failures > 0:
		return stateFailing
	}
	return stateRunning
}

func (r agentRecord) fault() error {
	switch r.State {
	case stateStopped:
		return fault.New("agent."+stateStopped, "start it: orgstore agent run, or orgstore service start", "the agent was stopped at %s", engine.FormatTime(r.Stopped))
	case stateSilent:
		return fault.New("agent."+stateSilent, "see whether process "+strconv.Itoa(r.PID)+" still runs on "+safetext.Line(r.Host)+", and what its log says", "the agent should have looked again at %s and has said nothing since", engine.FormatTime(r.Next))
	case stateFailing:
		return fault.New(cmp.Or(r.Code, "agent."+stateFailing), r.Hint, "the agent's last look failed, %s in a row: %s", engine.Count(r.Failures, "time"), r.Error).DueTo(fault.CodeUnknown)
	}
	return nil
}

func (r agentRecord) view(now time.Time) output.View {
	v := output.View{Columns: []string{"WHAT", "HOW"}}
	add := func(what, how string) {
		if how != "" {
			v.Rows = append(v.Rows, []string{what, how})
		}
	}
	add("state", r.State)
	add("process", fmt.Sprintf("%d on %s, version %s", r.PID, r.Host, r.Version))
	add("running since", engine.FormatTime(r.Started))
	if !r.Stopped.IsZero() {
		add("stopped", engine.FormatTime(r.Stopped))
	}
	add("last look", fmt.Sprintf("%s, woken by %s", engine.FormatTime(r.Ended), r.Why))
	if !r.Good.IsZero() {
		add("last good look", engine.FormatTime(r.Good))
	}
	if r.State != stateStopped && r.Next.After(now) {
		add("next look", engine.FormatTime(r.Next)+" at the latest")
	}
	add("looks", strconv.Itoa(r.Rounds))
	for _, kind := range slices.Sorted(maps.Keys(r.Gates)) {
		add("held back by "+kind, engine.Count(r.Gates[kind], "change"))
	}
	states := map[string]int{}
	for _, x := range r.Visuals {
		states[x.State]++
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		add("visuals "+state, strconv.Itoa(states[state]))
	}
	add("error", r.Error)
	if r.Settings != "" {
		add("settings", "broken, those of before are in force: "+r.Settings)
	}
	for _, n := range r.Notes {
		add("note", n)
	}
	return v
}
