// Package systemdtest is a machine with systemd for tests: files under a folder,
// and the few commands that setting up a service takes.
package systemdtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Machine keeps all it knows in files under its folder, so that several
// processes see the same one.
type Machine struct{ Root string }

// Boot makes a machine that systemd runs.
func Boot(root string) (Machine, error) {
	return Machine{root}, os.MkdirAll(filepath.Join(root, "run/systemd/system"), 0o755)
}

var errExit = errors.New("exit status 1")

// Run does what the command would do to the machine, and writes it down. What it
// does not know fails.
func (m Machine) Run(_ context.Context, name string, args ...string) (string, error) {
	line := strings.Join(append([]string{name}, args...), " ")
	last := args[len(args)-1]
	switch name {
	case "getent":
		return "", m.is("account")
	case "find":
		if m.is("account") != nil || m.is("owned") != nil {
			return last, nil
		}
		return "", nil
	case "systemctl":
		if args[0] == "show" {
			return m.show(), nil
		}
	}
	if err := m.log(line); err != nil {
		return "", err
	}
	switch {
	case m.is("refuse "+line) == nil:
		return "it was refused", errExit
	case name == "useradd":
		return "", m.set("account")
	case name == "chown":
		return "", m.set("owned")
	case name == "install":
		return "", errors.Join(m.set("owned"), os.MkdirAll(last, 0o700))
	case line == "systemctl daemon-reload":
		return "", nil
	case name == "systemctl" && slices.Contains([]string{"enable", "start"}, args[0]):
		return "", m.set(args[0])
	case name == "systemctl" && args[0] == "disable":
		return "", m.unset("enable")
	case name == "systemctl" && args[0] == "stop":
		return "", m.unset("start")
	}
	return "", fmt.Errorf("this machine knows no command %s", line)
}

func (m Machine) show() string {
	load, active, enabled := "not-found", "inactive\nSubState=dead", ""
	if _, err := os.Stat(filepath.Join(m.Root, "etc/systemd/system/orgstore.service")); err == nil {
		load, enabled = "loaded", "disabled"
	}
	if m.is("start") == nil {
		active = "active\nSubState=running"
	}
	if m.is("enable") == nil {
		enabled = "enabled"
	}
	return fmt.Sprintf("LoadState=%s\nActiveState=%s\nUnitFileState=%s\nResult=success", load, active, enabled)
}

func (m Machine) file(name string) string {
	return filepath.Join(m.Root, "machine", strings.ReplaceAll(name, "/", "_"))
}

func (m Machine) is(what string) error {
	_, err := os.Stat(m.file(what))
	return err
}

func (m Machine) set(what string) error {
	if err := os.MkdirAll(filepath.Join(m.Root, "machine"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(m.file(what), nil, 0o600)
}

func (m Machine) unset(what string) error { return os.Remove(m.file(what)) }

// Refuse makes a command fail.
func (m Machine) Refuse(line string) error { return m.set("refuse " + line) }

func (m Machine) log(line string) error {
	f, err := os.OpenFile(filepath.Join(m.Root, "commands"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}

// Commands are those that changed something, in order.
func (m Machine) Commands() []string {
	text, err := os.ReadFile(filepath.Join(m.Root, "commands"))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}
