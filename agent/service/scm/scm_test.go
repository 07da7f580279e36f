package scm

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/service"
)

// A fake is a service manager that keeps what it is told.
type fake struct {
	administrator bool
	have          *config
	events        bool
	how           string
	rights        map[string]access
	broken        error
}

func (f *fake) elevated() bool { return f.administrator }

func (f *fake) config() (config, bool, error) {
	if f.have == nil {
		return config{}, false, f.broken
	}
	return *f.have, true, f.broken
}

func (f *fake) create(program string, args []string, c config) error {
	words := []string{word(program)}
	for _, a := range args {
		words = append(words, word(a))
	}
	c.Command = strings.Join(words, " ") // as Windows puts it together
	f.have, f.how = &c, stopped
	return nil
}

func (f *fake) update(c config) error       { f.have = &c; return nil }
func (f *fake) remove() error               { f.have = nil; return nil }
func (f *fake) state() (string, error)      { return f.how, nil }
func (f *fake) start(context.Context) error { f.how = running; return nil }
func (f *fake) stop(context.Context) error  { f.how = stopped; return nil }
func (f *fake) source() (bool, error)       { return f.events, nil }
func (f *fake) addSource() error            { f.events = true; return nil }
func (f *fake) removeSource() error         { f.events = false; return nil }

func (f *fake) grant(folder string, a access) error {
	if f.have == nil {
		return errors.New("the account is there once the service is")
	}
	f.rights[folder] = a
	return nil
}

func manager() (*Manager, *fake) {
	f := &fake{administrator: true, rights: map[string]access{}}
	return &Manager{`C:\Program Files\orgstore\orgstore.exe`, f}, f
}

func usual() service.Definition {
	return service.Definition{
		Settings: `C:\ProgramData\orgstore\orgstore.yaml`, Data: `C:\ProgramData\orgstore\data`,
		Reads: []string{`C:\ProgramData\orgstore`, `\\files\inbox`}, Writes: []string{`D:\store`},
	}
}

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

// The life of a service: each command does what is left to do, and nothing that
// changes anything when it is repeated.
func TestLife(t *testing.T) {
	m, f := manager()
	ctx := t.Context()
	if _, err := m.Start(ctx); code(err) != "service.missing" {
		t.Errorf("started what is not installed: %v", err)
	}
	acts, err := m.Install(ctx, usual())
	if f.have != nil {
		t.Error("listing changed the machine")
	}
	do(t, acts, err)
	want := config{
		Command: `"C:\Program Files\orgstore\orgstore.exe" agent run --config C:\ProgramData\orgstore\orgstore.yaml`,
		Account: `NT SERVICE\orgstore`, DisplayName: "orgstore", Description: f.have.Description, Automatic: true, Recovers: true,
	}
	if *f.have != want || !f.events {
		t.Errorf("installed %+v", *f.have)
	}
	if want := map[string]access{`C:\ProgramData\orgstore\data`: alone, `C:\ProgramData\orgstore`: reads, `D:\store`: writes}; !maps.Equal(f.rights, want) {
		t.Errorf("granted %v", f.rights)
	}
	acts, err = m.Install(ctx, usual())
	for _, again := range do(t, acts, err) {
		if !strings.HasPrefix(again, `let NT SERVICE\orgstore `) {
			t.Errorf("again: %s", again)
		}
	}
	acts, err = m.Start(ctx)
	do(t, acts, err)
	s, err := m.Status(ctx)
	if want := (service.Status{Installed: true, Running: true, Automatic: true, State: running, Settings: `C:\ProgramData\orgstore\orgstore.yaml`}); s != want || err != nil {
		t.Errorf("status %+v, %v", s, err)
	}
	if acts, err := m.Start(ctx); len(acts) != 0 || err != nil {
		t.Errorf("started twice: %v %v", acts, err)
	}
	acts, err = m.Uninstall(ctx)
	got := do(t, acts, err)
	if want := []string{"stop the service orgstore", "remove the service orgstore", "remove the source orgstore of the event log Application"}; !slices.Equal(got, want) {
		t.Errorf("uninstalled by %q", got)
	}
	if acts, err := m.Uninstall(ctx); len(acts) != 0 || err != nil {
		t.Errorf("uninstalled twice: %v %v", acts, err)
	}
}

// A service that somebody set up otherwise is put right.
func TestInstallPutsRight(t *testing.T) {
	for name, spoil := range map[string]func(*config){
		"the program was elsewhere":  func(c *config) { c.Command = `D:\old.exe agent run --config C:\a.yaml` },
		"it had all rights":          func(c *config) { c.Account = "LocalSystem" },
		"it started by hand":         func(c *config) { c.Automatic = false },
		"it was never started again": func(c *config) { c.Recovers = false },
	} {
		m, f := manager()
		acts, err := m.Install(t.Context(), usual())
		do(t, acts, err)
		want := *f.have
		spoil(f.have)
		acts, err = m.Install(t.Context(), usual())
		if got := do(t, acts, err); *f.have != want || !strings.HasPrefix(got[0], "change the service orgstore") {
			t.Errorf("%s: %q left %+v", name, got, *f.have)
		}
	}
}

func TestRefusals(t *testing.T) {
	m, f := manager()
	f.administrator = false
	if code(m.Rights()) != "service.rights" {
		t.Error("anybody may change services")
	}
	d := usual()
	d.Credentials = []service.Credential{{Name: "a", File: `C:\a`}}
	if _, err := m.Install(t.Context(), d); code(err) != "service.credential" {
		t.Errorf("a credential: %v", err)
	}
	f.broken = errors.New("the service manager does not answer")
	for name, ask := range map[string]func(context.Context) ([]service.Act, error){"start": m.Start, "stop": m.Stop, "uninstall": m.Uninstall} {
		if _, err := ask(t.Context()); !errors.Is(err, f.broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSettingsOf(t *testing.T) {
	for _, file := range []string{`C:\a.yaml`, `C:\Program Data\a b.yaml`} {
		m, _ := manager()
		if got := settingsOf(m.wanted(service.Definition{Settings: file}).Command); got != file {
			t.Errorf("%s became %s", file, got)
		}
	}
	if got := settingsOf(`C:\other.exe -k`); got != "" {
		t.Error(got)
	}
}
