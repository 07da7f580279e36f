// Package systemd sets the agent up as a service of systemd: the account, the
// folders, the unit. It is an edge: it changes the machine.
package systemd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/orgstore/orgstore/agent/service"
	"github.com/orgstore/orgstore/packages/disk"
)

const (
	unitName = service.Name + ".service"
	unitFile = "/etc/systemd/system/" + unitName
	booted   = "/run/systemd/system" // there where systemd runs the machine: sd_booted(3)
	maxUnit  = 1 << 20
)

// A Manager is systemd on this machine.
type Manager struct {
	Template string // the unit to fill in
	Program  string // this program's file; absolute
	Root     string // before every path that is looked at or written; empty for the machine itself
	UID      int    // of whoever runs this
	// Run runs a command and returns what it said, also where it failed.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// Here is the machine that this program runs on.
func Here(template string) (*Manager, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot tell where this program is: %w", err)
	}
	return &Manager{Template: template, Program: program, UID: os.Geteuid(), Run: run}, nil
}

// maxOutput bounds what is read of a command's words, in bytes.
const maxOutput = 64 << 10

func run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0")
	var said bytes.Buffer
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return "", err
	}
	_, rerr := io.Copy(&said, io.LimitReader(out, maxOutput))
	_, _ = io.Copy(io.Discard, out) // or a command that says more would wait for ever
	return strings.TrimSpace(said.String()), errors.Join(cmd.Wait(), rerr)
}

// Rights says whether this process may change services.
func (m *Manager) Rights() error {
	if m.UID != 0 {
		return service.Refuse("rights", "changing services takes the rights of root", "run it again with sudo; --dry-run shows what it would do, without")
	}
	return nil
}

func (m *Manager) at(path string) string { return filepath.Join(m.Root, path) }

func (m *Manager) there(path string) bool {
	_, err := os.Stat(m.at(path))
	return err == nil
}

func (m *Manager) supported() error {
	if !m.there(booted) {
		return service.Refuse("unsupported", "systemd does not run this machine", "in a container, let its runtime start `orgstore agent run` (install/container.md); elsewhere let cron call `orgstore agent run --once`")
	}
	return nil
}

// command is an act that runs a command.
func (m *Manager) command(name string, args ...string) service.Act {
	what := strings.Join(append([]string{name}, args...), " ")
	return service.Act{What: what, Do: func(ctx context.Context) error {
		said, err := m.Run(ctx, name, args...)
		if err != nil {
			return service.Refuse("command", fmt.Sprintf("%s failed: %v: %s", what, err, said), "see: journalctl -u "+unitName+" -n 50")
		}
		return nil
	}}
}

// Install lists what is left to do until the service is as defined.
func (m *Manager) Install(ctx context.Context, d service.Definition) ([]service.Act, error) {
	if err := m.supported(); err != nil {
		return nil, err
	}
	unit, err := render(m.Template, m.Program, d)
	if err != nil {
		return nil, err
	}
	for _, c := range d.Credentials {
		if !m.there(c.File) {
			return nil, service.Refuse("credential", fmt.Sprintf("the credential %s is not there: %s", c.Name, c.File), "put the file there, readable by root alone")
		}
	}
	acts := append(m.account(ctx), m.folders(ctx, d)...)
	before, err := disk.ReadFile(disk.OS(), m.at(unitFile), maxUnit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if string(before) != unit {
		acts = append(acts, m.write(unit), m.command("systemctl", "daemon-reload"))
	}
	if s, err := m.Status(ctx); err != nil || !s.Automatic {
		acts = append(acts, m.command("systemctl", "enable", unitName))
	}
	return acts, nil
}

// account makes the account where it is not there yet.
func (m *Manager) account(ctx context.Context) []service.Act {
	if _, err := m.Run(ctx, "getent", "passwd", service.Name); err == nil {
		return nil
	}
	return []service.Act{m.command("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", stateDir, "--shell", "/usr/sbin/nologin", service.Name)}
}

// folders makes the folders that the service writes to. What is in the data
// folder already, a person's trial put there: it becomes the service's.
func (m *Manager) folders(ctx context.Context, d service.Definition) []service.Act {
	var acts []service.Act
	if !m.there(d.Data) {
		acts = append(acts, m.folder(d.Data, "0700"))
	} else if foreign, err := m.Run(ctx, "find", m.at(d.Data), "!", "-user", service.Name, "-print", "-quit"); err != nil || foreign != "" {
		acts = append(acts, m.command("chown", "--recursive", "--no-dereference", service.Name+":"+service.Name, m.at(d.Data)))
	}
	for _, w := range places(d) {
		if !m.there(w) {
			acts = append(acts, m.folder(w, "0755"))
		}
	}
	return acts
}

func (m *Manager) folder(path, mode string) service.Act {
	return m.command("install", "--directory", "--mode="+mode, "--owner="+service.Name, "--group="+service.Name, m.at(path))
}

// write puts the unit in place. It holds no secret: systemd warns of units that
// others cannot read.
func (m *Manager) write(unit string) service.Act {
	return service.Act{What: "write " + unitFile, Do: func(context.Context) error {
		if err := os.MkdirAll(m.at(filepath.Dir(unitFile)), 0o755); err != nil {
			return err
		}
		return disk.Replace(disk.OS(), m.at(unitFile), 0o644, func(w io.Writer) error {
			_, err := io.WriteString(w, unit)
			return err
		})
	}}
}

// Uninstall lists what is to do until systemd knows the service no more.
func (m *Manager) Uninstall(ctx context.Context) ([]service.Act, error) {
	s, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	var acts []service.Act
	if s.Running {
		acts = append(acts, m.command("systemctl", "stop", unitName))
	}
	if s.Automatic {
		acts = append(acts, m.command("systemctl", "disable", unitName))
	}
	if m.there(unitFile) {
		acts = append(acts, service.Act{What: "remove " + unitFile, Do: func(context.Context) error { return os.Remove(m.at(unitFile)) }},
			m.command("systemctl", "daemon-reload"))
	}
	return acts, nil
}

// Start lists what is to do until the service runs.
func (m *Manager) Start(ctx context.Context) ([]service.Act, error) {
	return m.turn(ctx, "start", false)
}

// Stop lists what is to do until it runs no more. The act waits for the step
// that has begun.
func (m *Manager) Stop(ctx context.Context) ([]service.Act, error) { return m.turn(ctx, "stop", true) }

func (m *Manager) turn(ctx context.Context, verb string, running bool) ([]service.Act, error) {
	s, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	return s.Turn(!running, "orgstore service install --config /etc/orgstore/orgstore.yaml", m.command("systemctl", verb, unitName))
}

// Status asks systemd.
func (m *Manager) Status(ctx context.Context) (service.Status, error) {
	if err := m.supported(); err != nil {
		return service.Status{}, err
	}
	said, err := m.Run(ctx, "systemctl", "show", unitName, "--property=LoadState,ActiveState,SubState,UnitFileState,Result")
	if err != nil {
		return service.Status{}, fmt.Errorf("cannot ask systemd: %w: %s", err, said)
	}
	told := map[string]string{}
	for line := range strings.Lines(said) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		told[name] = value
	}
	active := told["ActiveState"]
	s := service.Status{
		Installed: told["LoadState"] == "loaded", Automatic: told["UnitFileState"] == "enabled",
		// One that failed and waits for its next try does not run: start tries now.
		Running: (active == "active" || active == "activating" || active == "reloading") && told["SubState"] != "auto-restart",
		State:   active,
	}
	if told["SubState"] != "" && told["SubState"] != active {
		s.State += " (" + told["SubState"] + ")"
	}
	if r := told["Result"]; r != "" && r != "success" {
		s.State += ", result " + r
	}
	unit, err := disk.ReadFile(disk.OS(), m.at(unitFile), maxUnit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s.Settings = settingsOf(string(unit))
	return s, nil
}
