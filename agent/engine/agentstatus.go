package engine

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/loop"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
)

const (
	// AgentFile in the data folder says how the agent is.
	AgentFile = "agent.json"
	// AgentFormat is the number of its form.
	AgentFormat = 1
	// maxAgentFile bounds it, in bytes: some hundred for each of ten thousand visuals.
	maxAgentFile = 4 << 20
	// grace is how late a round may be until the agent is taken for dead, and how
	// long one may take.
	grace = 10 * time.Minute
)

// The states of an agent, as its file and agent status say them.
const (
	AgentRunning = "running"
	AgentStopped = "stopped"
	AgentFailing = "failing" // it runs, and its newest round failed
	AgentSilent  = "silent"  // it should have said something by now
	agentNone    = "none"    // there never was one
)

// AgentStatus is what the agent says of itself after each round. Its members are
// never renamed.
type AgentStatus struct {
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
	Stores   []loop.Store   `json:"stores,omitempty"`
	Visuals  []loop.Visual  `json:"visuals"`
}

// An AgentStatusRequest asks how the agent is.
type AgentStatusRequest struct{}

// AgentStatus reads how the agent is. An error beside a result is that it does not
// work as it should.
func (p Ports) AgentStatus(_ context.Context, settings config.Settings, _ AgentStatusRequest) (AgentStatus, error) {
	text, err := disk.ReadFile(p.Disk, filepath.Join(settings.Data, AgentFile), maxAgentFile)
	if errors.Is(err, fs.ErrNotExist) {
		return AgentStatus{}, fault.New("agent."+agentNone, "start one: orgstore agent run, or as a service: orgstore service install", "no agent has ever run on the data in %s", settings.Data)
	}
	if err != nil {
		return AgentStatus{}, err
	}
	var s AgentStatus
	if err := json.Unmarshal(text, &s); err != nil || s.Format != AgentFormat {
		return AgentStatus{}, fault.New("agent.unreadable", "it is written anew after the agent's next look; if an agent of a newer orgstore runs, use that program", "cannot read how the agent is: %s", AgentFile)
	}
	s.State = s.stateAt(p.Now())
	return s, s.fault()
}

// stateAt is how the agent is at a moment, as far as its record says.
func (s AgentStatus) stateAt(at time.Time) string {
	due := cmp.Or(s.Next, s.Began)
	switch {
	case s.State == AgentStopped:
		return AgentStopped
	case at.After(due.Add(grace)):
		return AgentSilent
	case s.Failures > 0:
		return AgentFailing
	}
	return AgentRunning
}

func (s AgentStatus) fault() error {
	switch s.State {
	case AgentStopped:
		return fault.New("agent."+AgentStopped, "start it: orgstore agent run, or orgstore service start", "the agent was stopped at %s", FormatTime(s.Stopped))
	case AgentSilent:
		return fault.New("agent."+AgentSilent, "see whether process "+strconv.Itoa(s.PID)+" still runs on "+safetext.Line(s.Host)+", and what its log says", "the agent should have looked again at %s and has said nothing since", FormatTime(s.Next))
	case AgentFailing:
		return fault.New(cmp.Or(s.Code, "agent."+AgentFailing), s.Hint, "the agent's last look failed, %s in a row: %s", Count(s.Failures, "time"), s.Error).DueTo(fault.CodeUnknown)
	}
	return nil
}
