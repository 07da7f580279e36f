//go:build !windows

package systemd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/service"
	"github.com/orgstore/orgstore/agent/service/systemdtest"
)

func template(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../install/systemd/orgstore.service")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func onMachine(t *testing.T) (*Manager, systemdtest.Machine) {
	t.Helper()
	machine, err := systemdtest.Boot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &Manager{Template: template(t), Program: "/usr/local/bin/orgstore", Root: machine.Root, Run: machine.Run}, machine
}

func usual() service.Definition {
	return service.Definition{Settings: "/etc/orgstore/orgstore.yaml", Data: stateDir, Reads: []string{"/srv/inbox"}, Writes: []string{"/srv/store"}}
}

// do does what is listed, and returns it.
func do(t *testing.T, acts []service.Act, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	for _, a := range acts {
		if err := a.Do(t.Context()); err != nil {
			t.Fatalf("%s: %v", a.What, err)
		}
		done = append(done, a.What)
	}
	return done
}

func code(err error) string {
	var r *service.Refusal
	if !errors.As(err, &r) || r.Hint() == "" {
		return ""
	}
	return r.Code()
}

// The life of a service: each command does what is left to do, and nothing when
// it is repeated.
func TestLife(t *testing.T) {
	m, machine := onMachine(t)
	ctx := t.Context()
	if _, err := m.Start(ctx); code(err) != "service.missing" {
		t.Errorf("started what is not installed: %v", err)
	}
	acts, err := m.Install(ctx, usual())
	if len(machine.Commands()) != 0 || m.there(unitFile) {
		t.Error("listing changed the machine")
	}
	data, store := m.at(stateDir), m.at("/srv/store")
	want := []string{
		"useradd --system --user-group --no-create-home --home-dir /var/lib/orgstore --shell /usr/sbin/nologin orgstore",
		"install --directory --mode=0700 --owner=orgstore --group=orgstore " + data,
		"install --directory --mode=0755 --owner=orgstore --group=orgstore " + store,
		"write " + unitFile, "systemctl daemon-reload", "systemctl enable orgstore.service",
	}
	if got := do(t, acts, err); !slices.Equal(got, want) {
		t.Errorf("installed by\n%s", strings.Join(got, "\n"))
	}
	for _, again := range []func() ([]service.Act, error){
		func() ([]service.Act, error) { return m.Install(ctx, usual()) }, func() ([]service.Act, error) { return m.Stop(ctx) },
	} {
		if acts, err := again(); len(acts) != 0 || err != nil {
			t.Errorf("again: %v %v", acts, err)
		}
	}
	acts, err = m.Start(ctx)
	do(t, acts, err)
	s, err := m.Status(ctx)
	if want := (service.Status{Installed: true, Running: true, Automatic: true, State: "active (running)", Settings: "/etc/orgstore/orgstore.yaml"}); s != want || err != nil {
		t.Errorf("status %+v, %v", s, err)
	}
	if acts, err := m.Start(ctx); len(acts) != 0 || err != nil {
		t.Errorf("started twice: %v %v", acts, err)
	}
	acts, err = m.Uninstall(ctx)
	got := do(t, acts, err)
	if want := []string{"systemctl stop orgstore.service", "systemctl disable orgstore.service", "remove " + unitFile, "systemctl daemon-reload"}; !slices.Equal(got, want) {
		t.Errorf("uninstalled by %q", got)
	}
	if _, err := os.Stat(data); err != nil {
		t.Errorf("the data are gone: %v", err)
	}
	if acts, err := m.Uninstall(ctx); len(acts) != 0 || err != nil {
		t.Errorf("uninstalled twice: %v %v", acts, err)
	}
}

func TestDataOfATrialBecomesTheServices(t *testing.T) {
	m, machine := onMachine(t)
	if err := os.MkdirAll(m.at(stateDir), 0o755); err != nil {
		t.Fatal(err)
	}
	acts, err := m.Install(t.Context(), usual())
	do(t, acts, err)
	if want := "chown --recursive --no-dereference orgstore:orgstore " + m.at(stateDir); !slices.Contains(machine.Commands(), want) {
		t.Errorf("%q", machine.Commands())
	}
}

func TestWhatFailsIsToldInSystemdsWords(t *testing.T) {
	m, machine := onMachine(t)
	acts, err := m.Install(t.Context(), usual())
	do(t, acts, err)
	if err := machine.Refuse("systemctl start orgstore.service"); err != nil {
		t.Fatal(err)
	}
	acts, err = m.Start(t.Context())
	if err != nil || len(acts) != 1 {
		t.Fatal(acts, err)
	}
	if err := acts[0].Do(t.Context()); code(err) != "service.command" || !strings.Contains(err.Error(), "it was refused") {
		t.Errorf("got %v", err)
	}
}

// A service that failed and waits for its next try can be started at once.
func TestStartDoesNotWaitForTheNextTry(t *testing.T) {
	m, _ := onMachine(t)
	m.Run = func(context.Context, string, ...string) (string, error) {
		return "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nUnitFileState=enabled\nResult=exit-code", nil
	}
	if acts, err := m.Start(t.Context()); err != nil || len(acts) != 1 {
		t.Errorf("%v %v", acts, err)
	}
	if s, err := m.Status(t.Context()); err != nil || s.Running || s.State != "activating (auto-restart), result exit-code" {
		t.Errorf("%+v %v", s, err)
	}
}

func TestElsewhereIsRefused(t *testing.T) {
	m, _ := onMachine(t)
	m.Root = t.TempDir()
	for name, ask := range map[string]func() ([]service.Act, error){
		"install":   func() ([]service.Act, error) { return m.Install(t.Context(), usual()) },
		"uninstall": func() ([]service.Act, error) { return m.Uninstall(t.Context()) },
		"start":     func() ([]service.Act, error) { return m.Start(t.Context()) },
	} {
		if _, err := ask(); code(err) != "service.unsupported" {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.UID = 1000
	if code(m.Rights()) != "service.rights" {
		t.Error("anybody may change services")
	}
}

func TestUnit(t *testing.T) {
	d := usual()
	d.Settings, d.Data = "/etc/org store/a$b%c\".yaml", "/srv/data"
	d.Credentials = []service.Credential{{Name: "orgstore.pem", File: "/etc/orgstore/my key.pem"}}
	unit, err := render(template(t), "/opt/orgstore", d)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`ExecStart=/opt/orgstore agent run --config "/etc/org store/a$$b%%c\".yaml"`,
		"StateDirectory=orgstore", "ReadWritePaths=/srv/data", "ReadWritePaths=/srv/store",
		`LoadCredential=orgstore.pem:"/etc/orgstore/my key.pem"`, "RestartPreventExitStatus=20", "Type=notify",
	} {
		if strings.Count(unit, "\n"+line+"\n") != 1 {
			t.Errorf("the unit lacks %s:\n%s", line, unit)
		}
	}
	if got := settingsOf(unit); got != d.Settings {
		t.Errorf("it runs with %s", got)
	}
	if asIs, err := render(template(t), "/usr/local/bin/orgstore", service.Definition{Settings: "/etc/orgstore/orgstore.yaml", Data: stateDir}); err != nil || asIs != template(t) {
		t.Errorf("the usual paths make another unit than the one in install: %v", err)
	}
}

// Where people are served, the service sees their accounts.
func TestUnitOfAServiceForPeople(t *testing.T) {
	d := usual()
	d.Socket = "/run/orgstore/orgstore.sock"
	unit, err := render(template(t), "/usr/local/bin/orgstore", d)
	if err != nil || !strings.Contains(unit, "\nPrivateUsers=no\n") || strings.Contains(unit, "ReadWritePaths=/run") {
		t.Errorf("%v:\n%s", err, unit)
	}
	d.Socket = "/srv/agent/orgstore.sock"
	unit, err = render(template(t), "/usr/local/bin/orgstore", d)
	if err != nil || !strings.Contains(unit, "\nReadWritePaths=/srv/agent\n") {
		t.Errorf("%v:\n%s", err, unit)
	}
	m, machine := onMachine(t)
	acts, err := m.Install(t.Context(), d)
	do(t, acts, err)
	if want := "install --directory --mode=0755 --owner=orgstore --group=orgstore " + m.at("/srv/agent"); !slices.Contains(machine.Commands(), want) {
		t.Errorf("%q", machine.Commands())
	}
	d.Socket = "/home/orgstore.sock"
	if _, err := render(template(t), "/usr/local/bin/orgstore", d); code(err) != "service.path" {
		t.Errorf("a socket that nobody sees: %v", err)
	}
}

func TestWhatAUnitCannotDoIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		program string
		change  func(*service.Definition)
		code    string
	}{
		"program at home":         {"/home/orgstore", func(*service.Definition) {}, "service.path"},
		"program of go run":       {"/tmp/go-build1/orgstore", func(*service.Definition) {}, "service.path"},
		"settings of root":        {"/opt/orgstore", func(d *service.Definition) { d.Settings = "/root/orgstore.yaml" }, "service.path"},
		"data at home":            {"/opt/orgstore", func(d *service.Definition) { d.Data = "/home/data" }, "service.path"},
		"a line more":             {"/opt/orgstore", func(d *service.Definition) { d.Writes = []string{"/srv/a\nUser=root"} }, "service.path"},
		"credential climbs":       {"/opt/orgstore", func(d *service.Definition) { d.Credentials = []service.Credential{{Name: "..", File: "/a"}} }, "service.credential"},
		"credential says more":    {"/opt/orgstore", func(d *service.Definition) { d.Credentials = []service.Credential{{Name: "a:b", File: "/a"}} }, "service.credential"},
		"credential from nowhere": {"/opt/orgstore", func(d *service.Definition) { d.Credentials = []service.Credential{{Name: "a", File: "a"}} }, "service.credential"},
		"credential with a line":  {"/opt/orgstore", func(d *service.Definition) { d.Credentials = []service.Credential{{Name: "a", File: "/a\nUser=root"}} }, "service.credential"},
	} {
		d := usual()
		c.change(&d)
		if _, err := render(template(t), c.program, d); code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, _ := onMachine(t)
	d := usual()
	d.Credentials = []service.Credential{{Name: "a", File: "/etc/nothing"}}
	if _, err := m.Install(t.Context(), d); code(err) != "service.credential" {
		t.Errorf("a credential that is not there: %v", err)
	}
}

// The commands' words are bounded, and what fails is told with them.
func TestRun(t *testing.T) {
	if said, err := run(t.Context(), "sh", "-c", "echo so; echo it is >&2; exit 3"); err == nil || said != "so\nit is" {
		t.Errorf("%q %v", said, err)
	}
	if said, err := run(t.Context(), "sh", "-c", "yes | head -c 1000000"); err != nil || len(said) > maxOutput {
		t.Errorf("%d bytes, %v", len(said), err)
	}
	if _, err := run(context.Background(), filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("ran nothing")
	}
}
