package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/enginetest"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	library "github.com/orgstore/orgstore/packages/library/folder"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/folder"
	"github.com/orgstore/orgstore/packages/visual"
)

// A gaugeTenant is an installation in memory that has Aurora Gauge 1.4.0.0 and then
// 1.5.0.0 installed.
type gaugeTenant struct {
	*testing.T
	enginetest.Laboratory
	who  string
	now  time.Time
	away bool // the store cannot be looked into
	pass func(n int, point string) error
}

var errAway = errors.New("the share is away")

// awayStore is a folder that may be away.
type awayStore struct {
	*folder.Store
	x *gaugeTenant
}

func (s awayStore) Installed(ctx context.Context) (map[visual.GUID]store.Listing, error) {
	if s.x.away {
		return nil, errAway
	}
	return s.Store.Installed(ctx)
}

func (s awayStore) Look(ctx context.Context, g visual.GUID) (store.Listing, bool, error) {
	if s.x.away {
		return store.Listing{}, false, errAway
	}
	return s.Store.Look(ctx, g)
}

func newGaugeTenant(t *testing.T) *gaugeTenant {
	t.Helper()
	x := &gaugeTenant{T: t, Laboratory: enginetest.NewLaboratory(t, t.TempDir()), who: "alice", now: licensetest.Time("2026-11-23T09:00:00Z")}
	if err := disk.MakeDir(x.Lossy, x.path("store"), 0o755); err != nil {
		t.Fatal(err)
	}
	x.write("aurora.trust", licensetest.Aurora().BundleFile())
	x.settle("")
	for _, version := range []string{example.Gauge1400, example.Gauge1500} {
		x.add(version)
		x.must(x.apply())
		x.installed(version)
	}
	return x
}

// settle writes the settings, with more of what is asked of the visual.
func (x *gaugeTenant) settle(more string) {
	x.Helper()
	x.write("orgstore.yaml", fmt.Appendf(nil, `version: 1
tenant: %s
data: .orgstore
library: { folder: inbox }
store: { driver: folder, path: store }
trust:
  least: attested
  vendors:
    - name: Aurora Visuals
      bundle: aurora.trust
      fingerprint: %q
      guids: [%s]
      enforced: package
visuals:
  - guid: %s
    pin: "~> 1.4"
%s`, licensetest.Tenant, licensetest.Aurora().Bundle().Fingerprint(), example.GaugeGUID, example.GaugeGUID, more))
}

func (x *gaugeTenant) path(name string) string { return filepath.Join(x.Dir, name) }

func (x *gaugeTenant) write(name string, text []byte) {
	x.Helper()
	err := disk.Replace(x.Lossy, x.path(name), 0o644, func(w io.Writer) error { _, err := w.Write(text); return err })
	if err != nil {
		x.Fatal(err)
	}
}

// gaugePackage is a version of the gauge with a license inside, until 2027-11-20.
func gaugePackage(t testing.TB, version string) *pbiviz.Package {
	t.Helper()
	p, err := pbiviz.Read(example.Gauge(version), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return licensetest.Aurora().Embedded(p, func(r *issuer.Request) {
		r.Sequence = int64(slices.Index([]string{example.Gauge1400, example.Gauge1410, example.Gauge1500}, version)) + 1
		r.Ends = licensetest.Time("2027-11-20")
	})
}

func (x *gaugeTenant) add(version string) {
	x.Helper()
	x.write("new.pbiviz", gaugePackage(x.T, version).File())
	x.engine(func(e *engine.Engine) error {
		if _, err := e.AddPackages(x.Context(), []string{x.path("new.pbiviz")}); err != nil && !fault.Of(err).IsLicense() {
			return err
		}
		return nil // one whose license was superseded is kept: a person may go back to it
	})
}

// put puts a version into the store, as somebody else does it.
func (x *gaugeTenant) put(version string) {
	x.Helper()
	x.write("store/"+example.GaugeGUID+".pbiviz", gaugePackage(x.T, version).File())
}

// installed fails unless the store holds a version.
func (x *gaugeTenant) installed(version string) {
	x.Helper()
	got, err := disk.ReadFile(x.Lossy, x.path("store/"+example.GaugeGUID+".pbiviz"), 1<<20)
	if err != nil || visual.DigestOf(got) != gaugePackage(x.T, version).Digest() {
		x.Errorf("the store does not hold %s: %v", version, err)
	}
}

func (x *gaugeTenant) ports() engine.Ports {
	p := x.Ports(engine.Ports{
		Drivers: engine.StoreDrivers{config.FolderDriver: func(r engine.StoreRequest) (store.Store, error) {
			return awayStore{folder.Open(r.Disk, r.Settings.Path), x}, nil
		}},
		Libraries: engine.LibraryDrivers{config.FolderLibrary: func(_ context.Context, r engine.LibraryRequest) (intake.Library, error) {
			return library.Open(r.Settings.Folder)
		}},
		Actor: func() (journal.Actor, error) { return journal.Actor{Source: "os", ID: x.who, Name: x.who}, nil },
		Now:   func() time.Time { return x.now },
		Env:   func(string) string { return "" },
	})
	if x.pass != nil {
		p = (&enginetest.Stage{Pass: x.pass}).Watch(p)
	}
	return p
}

// engine opens the installation, does something, and closes it.
func (x *gaugeTenant) engine(do func(*engine.Engine) error) {
	x.Helper()
	x.must(x.try(do))
}

func (x *gaugeTenant) try(do func(*engine.Engine) error) error {
	x.Helper()
	ports := x.ports()
	reread := func() (config.Settings, error) {
		text, err := disk.ReadFile(x.Lossy, x.path("orgstore.yaml"), config.MaxSize)
		if err != nil {
			return config.Settings{}, err
		}
		return config.Parse(x.path("orgstore.yaml"), text)
	}
	settings, err := reread()
	if err != nil {
		return err
	}
	e, err := engine.Open(x.Context(), settings, ports, reread)
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }() // whoever died closes nothing
	return do(e)
}

func (x *gaugeTenant) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

func (x *gaugeTenant) apply() error {
	return x.try(func(e *engine.Engine) error {
		_, err := e.Apply(x.Context(), engine.ApplyRequest{Consent: engine.Consent{Anything: true}})
		return err
	})
}

func (x *gaugeTenant) rollBack() error {
	return x.try(func(e *engine.Engine) error {
		_, err := e.Rollback(x.Context(), engine.RollbackRequest{Visual: x.guid(), Reason: "totals are wrong", Consent: engine.Consent{Anything: true}})
		return err
	})
}

func (x *gaugeTenant) guid() visual.GUID { return gaugePackage(x.T, example.Gauge1400).Manifest().GUID }

func (x *gaugeTenant) key() store.Key { return store.Key{Store: "store", GUID: x.guid()} }

// killedRollback rolls back, and dies once that is recorded.
func (x *gaugeTenant) killedRollback() {
	x.Helper()
	dead := false
	x.pass = func(_ int, point string) error {
		if dead = dead || strings.HasPrefix(point, "after recording") && strings.Contains(point, "begun"); dead {
			return errors.New("died")
		}
		return nil
	}
	if err := x.rollBack(); err == nil || !dead {
		x.Fatalf("the rollback was not killed: %v", err)
	}
	x.pass = nil
	x.installed(example.Gauge1500)
	if x.Book(x.T).Open(x.key()) == nil {
		x.Fatal("no rollback is recorded")
	}
}

// rolledBack fails unless the rollback was finished, once, and stays.
func (x *gaugeTenant) rolledBack() {
	x.Helper()
	x.installed(example.Gauge1400)
	x.blocked()
	for range 2 {
		x.must(x.apply())
	}
	x.installed(example.Gauge1400)
	done := 0
	for _, r := range x.Book(x.T).Revisions(x.key()) {
		if r.Kind == "downgrade" && r.Status == journal.StatusDone {
			done++
		}
	}
	if done != 1 {
		x.Errorf("%d rollbacks are done", done)
	}
}

// blocked fails unless the version that was rolled back from is blocked, once.
func (x *gaugeTenant) blocked() {
	x.Helper()
	blocks := x.Book(x.T).Blocks()
	if len(blocks) != 1 || blocks[0].Version.String() != example.Gauge1500 || blocks[0].Reason != "totals are wrong" {
		x.Errorf("the blocks are %+v", blocks)
	}
}

// told fails unless an error says all of this, its hint included.
func (x *gaugeTenant) told(err error, parts ...string) {
	x.Helper()
	if err == nil {
		x.Fatal("no error")
	}
	f := fault.Of(err)
	for _, part := range parts {
		if text := f.Error() + "\n" + f.Hint; !strings.Contains(text, part) {
			x.Errorf("%q is not in %s", part, text)
		}
	}
}

func (x *gaugeTenant) round() error {
	_, err := enginetest.Look(x.Context(), x.ports(), x.path("orgstore.yaml"))
	return err
}

// A rollback that was recorded and then killed is finished by whatever changes stores
// next: nobody need repeat it, and repeated it is made once.
func TestAKilledRollbackIsFinished(t *testing.T) {
	for name, next := range map[string]func(*gaugeTenant) error{
		"by apply":               (*gaugeTenant).apply,
		"by the agent":           (*gaugeTenant).round,
		"by the same command":    (*gaugeTenant).rollBack,
		"by the agent, as other": func(x *gaugeTenant) error { x.who = "service"; return x.round() },
	} {
		t.Run(name, func(t *testing.T) {
			x := newGaugeTenant(t)
			x.killedRollback()
			x.must(next(x))
			x.rolledBack()
		})
	}
}

// Another process finishes it while this one looks around: it is made once.
func TestAKilledRollbackThatAnotherProcessFinishes(t *testing.T) {
	x := newGaugeTenant(t)
	x.killedRollback()
	other := *x
	acted := false
	x.pass = func(_ int, point string) error {
		if !acted && strings.HasPrefix(point, "after opening the journal") {
			acted = true
			x.must(other.apply())
		}
		return nil
	}
	x.must(x.apply())
	x.pass = nil
	if !acted {
		t.Fatal("nobody acted")
	}
	x.rolledBack()
}

// Somebody puts the earlier package back by hand, in between: that is the rollback.
func TestAKilledRollbackThatSomebodyMadeByHand(t *testing.T) {
	x := newGaugeTenant(t)
	x.killedRollback()
	x.put(example.Gauge1400)
	x.must(x.apply())
	x.rolledBack()
}

// A store that is away at the next start leaves it open, as often as that happens.
func TestAKilledRollbackWaitsForTheStore(t *testing.T) {
	x := newGaugeTenant(t)
	x.killedRollback()
	x.away = true
	for range 4 {
		x.told(x.apply(), "the share is away", "once the store can be reached")
	}
	if x.Book(t).Open(x.key()) == nil {
		t.Fatal("the rollback is not open any more")
	}
	x.away = false
	x.must(x.round())
	x.rolledBack()
}

// Another version in the store is somebody's work: it stays, and a person is told.
func TestAKilledRollbackAfterSomebodysChange(t *testing.T) {
	x := newGaugeTenant(t)
	x.killedRollback()
	x.put(example.Gauge1410)
	x.told(x.apply(), "interrupted, and the store now holds 1.4.1.0", "store baseline")
	x.installed(example.Gauge1410)
	x.blocked()
}

// The package that was to come back is gone: it is told how it can be made all the
// same, which works, and what was rolled back from does not come again meanwhile.
func TestAKilledRollbackWhosePackageIsGone(t *testing.T) {
	x := newGaugeTenant(t)
	x.killedRollback()
	old := gaugePackage(t, example.Gauge1400)
	if err := x.Lossy.Remove(x.path(".orgstore/archive/packages/" + old.Digest().Hex() + ".pbiviz")); err != nil {
		t.Fatal(err)
	}
	x.told(x.apply(), "it cannot be finished", "orgstore package add", "then ask for it again: orgstore rollback "+example.GaugeGUID+" --to 1.4.0.0 --reason", "1.5.0.0 stays blocked")
	x.installed(example.Gauge1500)
	x.blocked()
	x.add(example.Gauge1400)
	x.must(x.rollBack())
	x.rolledBack()
}

// Its license ends in between.
func TestAKilledRollbackWhoseLicenseEnded(t *testing.T) {
	x := newGaugeTenant(t)
	x.killedRollback()
	x.now = licensetest.Time("2027-11-21")
	x.told(x.apply(), "it cannot be finished", "ended", "1.5.0.0 stays blocked")
	x.installed(example.Gauge1500)
	x.blocked()
}

// What people let pass when it was recorded counts on. What they take back, or what the
// settings ask for by then, is asked anew.
func TestConsentsToAKilledRollback(t *testing.T) {
	asks := "    rollback: { approvals: 1 }\napprovals: { from: [bob, alice, carol] }\n"
	approve := func(x *gaugeTenant, who string, yes bool) error {
		defer func(was string) { x.who = was }(x.who)
		x.who = who
		step := x.Book(x.T).Requests()[0].Step
		return x.try(func(e *engine.Engine) error {
			_, err := e.Decide(x.Context(), engine.DecideRequest{Subject: string(step), Approve: yes, Reason: "seen"})
			return err
		})
	}
	approved := func(t *testing.T) *gaugeTenant {
		x := newGaugeTenant(t)
		x.settle(asks)
		x.told(x.rollBack(), "approval")
		x.must(approve(x, "bob", true))
		x.killedRollback()
		return x
	}
	t.Run("an approval counts on", func(t *testing.T) {
		x := approved(t)
		x.who = "service"
		x.must(x.round())
		x.rolledBack()
	})
	t.Run("who approves it now is asked anew", func(t *testing.T) {
		x := approved(t)
		x.settle(strings.ReplaceAll(asks, "bob, alice", "dave"))
		x.who = "service"
		x.told(x.round(), "it cannot be finished", "ask for it again: orgstore rollback", "1.5.0.0 stays blocked")
		x.installed(example.Gauge1500)
		x.blocked()
		x.must(approve(x, "carol", true))
		x.who = "alice"
		x.must(x.rollBack())
		x.rolledBack()
	})
	t.Run("one that is needed only now", func(t *testing.T) {
		x := newGaugeTenant(t)
		x.killedRollback()
		x.settle(asks)
		x.who = "service"
		x.told(x.round(), "it cannot be finished", "1.5.0.0 stays blocked")
		x.installed(example.Gauge1500)
		x.blocked()
	})
}
