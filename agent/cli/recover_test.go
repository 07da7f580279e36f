package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/folder"
)

// A tenant is a folder with settings, and the program that is run there.
type tenant struct {
	*testing.T
	cli.Adapters
}

// newTenant sets orgstore up for Aurora Gauge "~> 1.4", with 1.4.0.0 installed.
func newTenant(t *testing.T) *tenant {
	t.Chdir(t.TempDir())
	t.Setenv(envNow, now)
	x := &tenant{t, adapters()}
	vendor := licensetest.Aurora()
	x.file("aurora.trust", vendor.BundleFile())
	x.run(0, "init", ".", "--tenant", licensetest.Tenant)
	x.run(0, "trust", "add", "aurora.trust", "--name", "Aurora Visuals", "--guid", example.GaugeGUID, "--force")
	x.run(0, "pin", "set", example.GaugeGUID, "~> 1.4")
	x.add(example.Gauge1400)
	x.run(0, "apply", "--force")
	return x
}

// add takes in a version of the gauge with a license inside.
func (x *tenant) add(version string) {
	x.Helper()
	name := "gauge-" + version + ".pbiviz"
	x.file(name, gauge(x, version))
	x.run(0, "package", "add", name)
}

func gauge(t testing.TB, version string) []byte {
	t.Helper()
	p, err := pbiviz.Read(example.Gauge(version), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return licensetest.Aurora().Embedded(p, func(r *issuer.Request) {
		if version != example.Gauge1400 {
			r.Sequence++ // two statements of one number are a fork
		}
	}).File()
}

func (x *tenant) file(name string, text []byte) {
	x.Helper()
	if err := os.WriteFile(name, text, 0o644); err != nil {
		x.Fatal(err)
	}
}

// run runs the program, which must leave with a code, and returns what it wrote.
func (x *tenant) run(want int, args ...string) (stdout, stderr string) {
	x.Helper()
	var out, errs bytes.Buffer
	streams := cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	code := cli.Run(x.Context(), args, streams, x.Adapters)
	if testing.Verbose() {
		x.Logf("%v said:\n%s%s", args, &out, &errs) // ./check looks for secrets in it
	}
	if code != want {
		x.Fatalf("%v left with %d instead of %d:\n%s%s", args, code, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// outcomes runs a changing command and returns what became of each step.
func (x *tenant) outcomes(want int, args ...string) string {
	x.Helper()
	out, _ := x.run(want, append(args, "-o", "json")...)
	var envelope struct {
		Result struct {
			Data struct {
				Steps []struct{ Kind, Outcome, Message string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &envelope); err != nil {
		x.Fatal(err)
	}
	var all []string
	for _, s := range envelope.Result.Data.Steps {
		all = append(all, s.Kind+" "+s.Outcome+" ("+s.Message+")")
	}
	return strings.Join(all, "; ")
}

func (x *tenant) expect(got string, parts ...string) {
	x.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			x.Errorf("%q is not in\n%s", part, got)
		}
	}
}

// installed checks which version the store holds.
func (x *tenant) installed(version string) {
	x.Helper()
	got, err := os.ReadFile("store/" + example.GaugeGUID + ".pbiviz")
	if err != nil || !bytes.Equal(got, gauge(x, version)) {
		x.Errorf("the store does not hold %s: %v", version, err)
	}
}

// A full log takes some more records, and then none: the disk is full.
type full struct {
	journal.Log
	left int
}

func (l *full) Append(ctx context.Context, records []journal.Record) error {
	if l.left--; l.left < 0 {
		return errors.New("the disk is full")
	}
	return l.Log.Append(ctx, records)
}

// filling lets the journal take so many more appends.
func (x *tenant) filling(left int) {
	x.OpenJournal = func(ctx context.Context, path string) (journal.Log, error) {
		l, err := sqlite.Open(ctx, path)
		return &full{l, left}, err
	}
}

// A changedStore does something else than it is asked, once.
type changedStore struct {
	store.Store
	put func() error
}

func (s *changedStore) Put(ctx context.Context, id store.StepID, l license.Licensed, at moment.Moment) (store.Receipt, error) {
	if put := s.put; put != nil {
		s.put = nil
		return store.Receipt{}, put()
	}
	return s.Store.Put(ctx, id, l, at)
}

func (x *tenant) putting(put func() error) {
	x.Drivers = engine.StoreDrivers{config.FolderDriver: func(r engine.StoreRequest) (store.Store, error) {
		return &changedStore{folder.Open(r.Disk, r.Settings.Path), put}, nil
	}}
}

// The store was changed and the journal could not say so: the next command that
// changes anything finds out, says it, and goes on from there.
func TestInterruptedAfterTheChange(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	x.filling(2) // begun and accepted
	_, errs := x.run(1, "apply", "--force")
	x.expect(errs, "cannot append to the audit log: the disk is full")
	x.installed(example.Gauge1500)

	x.Adapters = adapters()
	out, _ := x.run(0, "plan")
	x.expect(out, "a step begun on 2026-11-23 (upgrade) was never closed (run orgstore apply to recover)")
	out, _ = x.run(0, "history")
	x.expect(out, "open")
	_, errs = x.run(1, "rollback", example.GaugeGUID, "--reason", "wrong", "--dry-run")
	x.expect(errs, "was never closed")
	x.expect(x.outcomes(0, "rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force"),
		"upgrade verified (made before an interruption; read back from the store); downgrade verified")
	x.installed(example.Gauge1400)
	out, _ = x.run(0, "history", "-o", "json", "--query", "[].[kind,status]")
	x.expect(strings.Join(strings.Fields(out), ""), `[["install","done"],["upgrade","done"],["downgrade","done"]]`)
}

// Neither was the store changed: the change is made now, which is no error; and
// where a person says no to going on, what was recovered is told all the same.
func TestInterruptedBeforeTheChange(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	x.filling(1) // begun
	x.putting(func() error { return errors.New("the share is gone") })
	x.run(1, "apply", "--force")
	x.installed(example.Gauge1400)

	x.Adapters = adapters()
	x.expect(x.outcomes(2, "apply"), "upgrade failed (interrupted before the store was changed)")
	x.expect(x.outcomes(0, "apply", "--force"), "upgrade verified")
	x.installed(example.Gauge1500)
	out, _ := x.run(0, "history")
	x.expect(out, "failed: interrupted before the store was changed")

	x.run(0, "pin", "set", example.GaugeGUID, "1.4.0.0")
	x.filling(1)
	x.putting(func() error { return errors.New("the share is gone") })
	x.run(1, "apply", "--force")
	x.Adapters = adapters()
	x.expect(x.outcomes(0, "apply", "--force"), "downgrade failed (interrupted", "downgrade verified")
	x.installed(example.Gauge1400)
}

// A store that answers "done" and holds something else: what was there before is
// put back, the command fails with the code for that, and the history tells it.
func TestUndone(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	x.putting(func() error {
		return os.WriteFile("store/"+example.GaugeGUID+".pbiviz", gauge(t, example.Gauge1410), 0o644)
	})
	x.expect(x.outcomes(13, "apply", "--force"), "upgrade undone (", "is back)")
	x.installed(example.Gauge1400)
	out, _ := x.run(0, "history")
	x.expect(out, "undone", "undone: the store holds 1.4.1.0", "restore")
	x.Adapters = adapters()
	x.run(0, "apply", "--force")
	x.installed(example.Gauge1500)
}

// What somebody else is changing right now is not touched, and the holder is named.
func TestLocked(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	held, err := lock.Acquire(t.Context(), disk.OS(), ".orgstore", lock.Holder{Command: "apply", Since: time.Now()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"apply", "--force"}, {"rollback", example.GaugeGUID, "--reason", "why", "--force"},
		{"store", "baseline", example.GaugeGUID, "--package", "gauge-1.4.0.0.pbiviz", "--evidence", "look"},
	} {
		_, errs := x.run(15, args...)
		x.expect(errs, "apply", "hint: ")
	}
	x.installed(example.Gauge1400)
	x.run(0, "hold", example.GaugeGUID, "--reason", "wait") // needs no lock
	x.run(0, "plan")
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	x.run(0, "unhold", example.GaugeGUID)
	x.run(0, "apply", "--force")
	x.installed(example.Gauge1500)
}

// Ctrl-C before the first step changes nothing and says that nothing is lost.
func TestCanceled(t *testing.T) {
	x := newTenant(t)
	x.add(example.Gauge1500)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"apply", "--force"}, {"plan"}, {"rollback", example.GaugeGUID, "--reason", "why", "--force"}} {
		var out, errs bytes.Buffer
		if code := cli.Run(ctx, args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, x.Adapters); code != 130 {
			t.Errorf("%v left with %d: %s", args, code, errs.String())
		}
		x.expect(errs.String(), "stopped before the end", "nothing is lost")
	}
	x.installed(example.Gauge1400)
}
