package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/localapi"
	"github.com/orgstore/orgstore/agent/loop"
	"github.com/orgstore/orgstore/agent/monitor"
	"github.com/orgstore/orgstore/agent/service"
)

func newAgent(g *globals) *cobra.Command {
	return group("agent", "Work by itself: look, decide, act, report", `Work by itself: look, decide, act, report.

The agent does what plan and apply do, again and again, within windows, freezes
and gates: whatever it does, the command line can show and do as well.`, newAgentRun(g), newAgentStatus(g))
}

type agentOptions struct {
	*globals
	once bool
}

func newAgentRun(g *globals) *cobra.Command {
	o := &agentOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Look again and again, and make the changes that nothing holds back",
		Long: `Look again and again, and make the changes that nothing holds back.

It takes in what arrives in the library, renews licenses, makes changes when
their windows open, lays out tasks for people and reminds of them. It looks when
a file arrives, when the settings change, when somebody decides something
(a hold, an approval), when a window opens, and every few minutes in any case
(agent: {every: 5m} in the settings).

Changed settings are in force from the next look on; while they are broken, those
of before stay in force, and the log and agent status say so. Ctrl-C, or the
service manager, stops it between two changes. Several agents may run on the same
data: one at a time changes things. It does not begin with broken settings, and
leaves with 20 then: starting it again would mend nothing.

Its log goes to standard error; tx and step in it are those of orgstore history.
As a service: orgstore service install. Where another program starts it at times,
such as cron or the Task Scheduler, use --once.`,
		Example: `  orgstore agent run
  orgstore agent run --once -o json`,
		Args: arguments(cobra.NoArgs),
		RunE: g.answering(o.run),
	}
	cmd.Flags().BoolVar(&o.once, "once", false, "look once, make what can be made, and end")
	return cmd
}

func (o *agentOptions) run(ctx context.Context, _ []string) (answer, error) {
	if !o.once {
		return answer{}, service.Run(ctx, o.forever)
	}
	a, err := o.newAgent()
	if err != nil {
		return answer{}, err
	}
	defer a.tenants.close()
	return a.once(ctx)
}

// forever is what a service manager waits for: it also hears of broken settings.
func (o *agentOptions) forever(ctx context.Context) error {
	a, err := o.newAgent()
	if err != nil {
		return &exitWith{exitSettings, err}
	}
	defer a.tenants.close()
	return a.forever(ctx)
}

// An agent is the program working by itself.
type agent struct {
	*globals
	log      *slog.Logger
	tenants  *keptTenant
	settings config.Settings // in force: the newest that were without faults
	broken   string          // what is wrong with the file now; empty if nothing is
	own      Adapters        // without what rounds keep for the next one
	seen     loop.Watermark
	watcher  *loop.Watcher // nil where it looks once
	state    loop.State
	failed   *fault.Fault // of the newest round; nil if it went well
}

// newAgent reads the settings: an agent does not begin with broken ones.
func (o *agentOptions) newAgent() (*agent, error) {
	a := &agent{own: o.Adapters}
	g := *o.globals
	a.globals = &g
	g.wire()
	a.tenants = &keptTenant{open: o.OpenTenant}
	g.OpenTenant = a.tenants.connect
	var err error
	if a.settings, err = a.globals.settings(); err != nil {
		return nil, err
	}
	if a.settings.Agent.Socket != "" {
		if err := localapi.Supported(); err != nil {
			return nil, err
		}
	}
	if !o.once {
		a.log = slog.New(logHandler(o.Err, a.settings.Agent.Log))
		g.Err, g.InTerminal = &lineLog{log: a.log}, false
	}
	return a, nil
}

func logHandler(w io.Writer, form string) slog.Handler {
	if form == config.LogJSON {
		return slog.NewJSONHandler(w, nil)
	}
	return slog.NewTextHandler(w, nil)
}

// once makes one round and says what it did, as apply does.
func (a *agent) once(ctx context.Context) (answer, error) {
	r, err := a.round(ctx)
	a.state = loop.State{Started: a.Now(), Began: a.Now(), Ended: a.Now(), Rounds: 1, Report: r.Report}
	if err == nil {
		a.beat(ctx)
	}
	return appliedAnswer(r.Applied), cmp.Or(err, r.Outcome)
}

// forever makes rounds until it is told to stop.
func (a *agent) forever(ctx context.Context) error {
	a.log.Info("started", "version", a.Build.Version, "settings", a.settings.File, "every", a.settings.Agent.Every.String())
	m := monitor.New(a.Build.Version, a.Now)
	if err := m.Listen(ctx, a.settings.Agent.Listen); err != nil {
		return fault.New("agent.listen", "set agent: {listen: ...} to an address that is free, or leave it out", "cannot serve metrics and health checks: %w", err)
	}
	defer m.Close()
	wake := make(chan string)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var watchers sync.WaitGroup
	if err := a.receive(watching, &watchers, a.own); err != nil {
		return err
	}
	a.watcher = &loop.Watcher{
		Files: a.Watch, HasGrown: a.HasJournalGrown, Seen: &a.seen, Context: watching, Running: &watchers, Wake: wake,
		OnBlind: func(every time.Duration, err error) {
			a.note("files are not watched, and what arrives is seen every %s: %v", every, err)
		},
	}
	a.supervised(watching, &watchers, m)
	defer watchers.Wait()
	defer stop()
	l := &loop.Loop{
		Every: func() time.Duration { return a.settings.Agent.Every },
		Clock: a.Now, Wake: wake,
		Round: func(ctx context.Context) (loop.Report, error) {
			r, err := a.round(ctx)
			a.failed = nil
			if err != nil {
				a.failed = fault.Of(err)
				return r.Report, err
			}
			a.beat(ctx)
			return r.Report, nil
		},
		Told: func(s loop.State) { a.tell(s, m) },
	}
	l.Run(ctx)
	a.log.Info("stopped", "rounds", a.state.Rounds)
	a.record(engine.AgentStopped)
	return nil
}

// supervised tells whatever started the agent as a service that it works.
func (a *agent) supervised(ctx context.Context, running *sync.WaitGroup, m *monitor.Monitor) {
	running.Go(func() {
		err := service.Notify(service.Ready)
		if err == nil {
			err = service.Watch(ctx, func() bool { return m.Alive() == nil })
		}
		if err != nil {
			a.note("the service manager cannot be told that the agent works: %v", err)
		}
	})
}

// tell passes on what is known of the loop.
func (a *agent) tell(s loop.State, m *monitor.Monitor) {
	a.state = s
	m.Set(s, a.broken != "")
	switch {
	case s.Next.IsZero(): // a round has begun
		return
	case a.failed != nil && s.Err != nil && !errors.Is(s.Err, context.Canceled):
		a.log.Error("round failed", "why", s.Why, "error", a.failed.Error(), "code", a.failed.Code, "hint", a.failed.Hint, "failures", s.Failures, "next", s.Next.UTC().Format(time.RFC3339))
	default:
		a.log.Debug("round made", "why", s.Why, "took", s.Ended.Sub(s.Began).String(), "next", s.Next.UTC().Format(time.RFC3339))
	}
	a.record(engine.AgentRunning)
}

// current reads the settings anew. Broken ones leave those of before in force.
func (a *agent) current() config.Settings {
	fresh, err := a.globals.settings()
	switch {
	case err != nil && a.broken != err.Error():
		a.note("the settings are broken, and those of before stay in force: %v", err)
		a.broken = err.Error()
	case err == nil && a.broken != "":
		a.note("the settings are whole again")
		fallthrough
	case err == nil:
		if a.broken == "" && fresh.Digest() != a.settings.Digest() {
			a.note("the settings have changed")
		}
		a.broken, a.settings = "", fresh
	}
	return a.settings
}

// beat tells wherever the settings say that the agent is alive.
func (a *agent) beat(ctx context.Context) {
	at := a.settings.Agent.Heartbeat
	if !at.Named() || a.Ping == nil {
		return
	}
	if err := a.Ping(ctx, a.settings, at); err != nil {
		a.note("the heartbeat could not be sent: %v", err)
	}
}

// lineLog turns what commands tell people into lines of the log. Rounds and
// watchers write to it at the same time.
type lineLog struct {
	log  *slog.Logger
	mu   sync.Mutex
	rest []byte
}

// maxLine bounds what one line of the log takes, in bytes.
const maxLine = 64 << 10

func (l *lineLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole && len(l.rest) < maxLine {
			return len(p), nil
		}
		l.rest = bytes.Clone(rest)
		if len(line) > 0 {
			l.log.Info(string(line))
		}
		if !whole {
			l.rest = nil
		}
	}
}

// hostname is for people who read which machine an agent runs on.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
