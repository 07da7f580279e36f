// Package scm sets the agent up with the service manager of Windows: the service
// and how it recovers, its virtual account, what that account may do with which
// folder, and the source of its events. It is an edge: it changes the machine.
package scm

import (
	"context"
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/service"
)

// Account is whom the service runs as: an account that Windows itself keeps for
// this service alone, without a password.
const Account = `NT SERVICE\` + service.Name

const runs = " agent run --config "

// A config is what the service manager keeps of the service.
type config struct {
	Command     string // program and arguments, as Windows divides them
	Account     string
	DisplayName string
	Description string
	Automatic   bool // it starts with the machine, after the services that hurry
	Recovers    bool // it is started again after 1, 5 and then every 15 minutes
}

// An access is what the account may do with a folder and all in it.
type access string

const (
	reads  access = "read"
	writes access = "read and write"
	alone  access = "read and write, besides administrators alone"
)

// A windows is what the manager needs of the system.
type windows interface {
	elevated() bool
	config() (c config, installed bool, err error)
	create(program string, args []string, c config) error
	update(c config) error
	remove() error
	state() (string, error) // in the words of Status
	start(ctx context.Context) error
	stop(ctx context.Context) error
	source() (bool, error) // of events: whether it is there
	addSource() error
	removeSource() error
	grant(folder string, a access) error
}

// A Manager is the service manager of this machine.
type Manager struct {
	program string
	system  windows
}

// Rights says whether this process may change services.
func (m *Manager) Rights() error {
	if !m.system.elevated() {
		return service.Refuse("rights", "changing services takes the rights of an administrator", "open a terminal by \"Run as administrator\", and run it again there; --dry-run shows what it would do, without")
	}
	return nil
}

// word writes one word of a command line.
func word(s string) string {
	if strings.ContainsAny(s, " \t") {
		return `"` + s + `"`
	}
	return s
}

func (m *Manager) wanted(d service.Definition) config {
	return config{
		Command: word(m.program) + runs + word(d.Settings), Account: Account,
		DisplayName: "orgstore", Description: "Keeps Power BI visuals at pinned versions in the Organizational Store.",
		Automatic: true, Recovers: true,
	}
}

// Install lists what is left to do until the service is as defined.
func (m *Manager) Install(_ context.Context, d service.Definition) ([]service.Act, error) {
	if len(d.Credentials) > 0 {
		return nil, service.Refuse("credential", "Windows hands no credentials to services", "keep the file where the account reads it alone: icacls FILE /inheritance:r /grant:r \""+Account+":R\" Administrators:F")
	}
	want := m.wanted(d)
	have, installed, err := m.system.config()
	if err != nil {
		return nil, err
	}
	var acts []service.Act
	switch {
	case !installed:
		acts = append(acts, act("create the service "+service.Name+": "+want.Command, func() error {
			return m.system.create(m.program, []string{"agent", "run", "--config", d.Settings}, want)
		}))
	case have != want:
		acts = append(acts, act("change the service "+service.Name+": "+want.Command, func() error { return m.system.update(want) }))
	}
	there, err := m.system.source()
	if err != nil {
		return nil, err
	}
	if !there {
		acts = append(acts, act("let the service write to the event log Application, as "+service.Name, m.system.addSource))
	}
	// Windows keeps a right that is given twice once.
	acts = append(acts, m.granting(d.Data, alone)...)
	for _, f := range d.Reads {
		acts = append(acts, m.granting(f, reads)...)
	}
	for _, f := range d.Writes {
		acts = append(acts, m.granting(f, writes)...)
	}
	return acts, nil
}

// granting leaves shares out: there the service comes as the machine's account,
// and the server says what that may do.
func (m *Manager) granting(folder string, a access) []service.Act {
	if strings.HasPrefix(folder, `\\`) {
		return nil
	}
	return []service.Act{act(fmt.Sprintf("let %s %s: %s", Account, a, folder), func() error { return m.system.grant(folder, a) })}
}

func act(what string, do func() error) service.Act {
	return service.Act{What: what, Do: func(context.Context) error { return do() }}
}

// Uninstall lists what is to do until Windows knows the service no more.
func (m *Manager) Uninstall(ctx context.Context) ([]service.Act, error) {
	s, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	var acts []service.Act
	if s.Running {
		acts = append(acts, service.Act{What: "stop the service " + service.Name, Do: m.system.stop})
	}
	if s.Installed {
		acts = append(acts, act("remove the service "+service.Name, m.system.remove))
	}
	there, err := m.system.source()
	if err != nil {
		return nil, err
	}
	if there {
		acts = append(acts, act("remove the source "+service.Name+" of the event log Application", m.system.removeSource))
	}
	return acts, nil
}

// Start lists what is to do until the service runs.
func (m *Manager) Start(ctx context.Context) ([]service.Act, error) {
	return m.turn(ctx, false, service.Act{What: "start the service " + service.Name, Do: m.system.start})
}

// Stop lists what is to do until it runs no more. The act waits for the step
// that has begun.
func (m *Manager) Stop(ctx context.Context) ([]service.Act, error) {
	return m.turn(ctx, true, service.Act{What: "stop the service " + service.Name, Do: m.system.stop})
}

func (m *Manager) turn(ctx context.Context, running bool, a service.Act) ([]service.Act, error) {
	s, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	return s.Turn(!running, "orgstore service install --config orgstore.yaml", a)
}

// The states of a service, in words.
const (
	running = "running"
	pending = " pending" // the end of those on the way to another
	stopped = "stopped"
)

// Status asks the service manager.
func (m *Manager) Status(context.Context) (service.Status, error) {
	c, installed, err := m.system.config()
	if err != nil || !installed {
		return service.Status{State: "not installed"}, err
	}
	state, err := m.system.state()
	if err != nil {
		return service.Status{}, err
	}
	return service.Status{
		Installed: true, Automatic: c.Automatic, State: state,
		Running:  state == running || strings.HasSuffix(state, pending),
		Settings: settingsOf(c.Command),
	}, nil
}

// settingsOf reads from a command line which settings the service runs with.
func settingsOf(command string) string {
	_, settings, _ := strings.Cut(command, runs)
	return strings.Trim(settings, `"`)
}
