// Package storetest is the suite that every store passes. It knows what a store
// promises, and nothing of how one keeps it.
package storetest

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Fixture is an empty store under test.
type Fixture struct {
	Store store.Store
	// Person does what a person does about a change that waits; nil where the
	// store is unattended.
	Person func(t *testing.T, id store.StepID)
}

// The visuals of the suite.
const (
	Gauge = pbiviztest.GUID
	Tiles = "auroraTiles3F9A1C7E5B2D4860A1B2C3D4E5F60718"
)

// Now is the moment of the suite.
func Now() moment.Moment { return licensetest.At("2026-11-23") }

// Licensed returns a package that was judged at Now.
func Licensed(t *testing.T, p pbiviztest.Package) license.Licensed {
	t.Helper()
	vendor := licensetest.Aurora()
	pkg := licensetest.Package(p)
	guid := pkg.Manifest().GUID.String()
	l, judged := vendor.Trust(guid).Judge(pkg, vendor.Statement(pkg), licensetest.Need(), licensetest.Facts(), Now())
	if l.IsZero() {
		t.Fatalf("the package of the test is not good: %+v", judged.Findings)
	}
	return l
}

// Run runs the suite. Open is called for each test and returns an empty store.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	for _, c := range []struct {
		name string
		test func(*harness)
	}{
		{"a store that tells presence lists what is there", presenceTold},
		{"put adds a visual enabled", putAdds},
		{"put again changes nothing", putAgain},
		{"put replaces in place", putReplaces},
		{"put goes back to an older version", putGoesBack},
		{"a renewal has the same version and other bytes", putRenews},
		{"put keeps access", putKeepsAccess},
		{"access can be changed and changed again", setAccess},
		{"access of an unknown visual is refused", setAccessUnknown},
		{"an old judgment is refused", oldJudgment},
		{"what was not judged is refused", unjudgedPackage},
		{"a canceled change is not made", canceledChange},
		{"visuals do not touch each other", separateVisuals},
		{"GUIDs that differ only in case are never mixed up", caseSensitiveGUIDs},
		{"withdrawing what is made or unknown does nothing", withdrawMade},
		{"a list shows the old or the new", concurrentLists},
		{"traits do not change", constantTraits},
		{"abilities agree with the traits", abilities},
		{"packages are read back as they were put", packagesReadBack},
		{"tasks are found until they end", tasksFound},
		{"sweeping leaves what the store holds", sweeping},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(&harness{t, open(t), context.Background()}) })
	}
}

// A harness is a store with the suite's ways to use it.
type harness struct {
	*testing.T
	Fixture
	ctx context.Context
}

func (b *harness) put(id store.StepID, l license.Licensed) {
	b.Helper()
	r, err := b.Store.Put(b.ctx, id, l, Now())
	b.finishStep(id, r, err)
}

func (b *harness) setAccess(id store.StepID, g visual.GUID, enabled bool) {
	b.Helper()
	r, err := b.Store.SetAccess(b.ctx, id, g, enabled)
	b.finishStep(id, r, err)
}

// finishStep lets a person make a change that waits.
func (b *harness) finishStep(id store.StepID, r store.Receipt, err error) {
	b.Helper()
	switch {
	case err != nil:
		b.Fatalf("step %s: %v", id, err)
	case r.Waiting && b.Store.Traits().Unattended:
		b.Fatalf("step %s waits in a store that needs no person", id)
	case r.Waiting:
		b.Person(b.T, id)
	}
}

func (b *harness) listInstalled() map[visual.GUID]store.Listing {
	b.Helper()
	all, err := b.Store.Installed(b.ctx)
	if err != nil {
		b.Fatal(err)
	}
	for g, want := range all {
		b.checkLook(g, want, true)
	}
	for _, g := range []string{Gauge, Tiles, Gauge + "_2", strings.ToUpper(Gauge)} {
		if guid, err := visual.ParseGUID(g); err != nil {
			b.Fatal(err)
		} else if _, ok := all[guid]; !ok {
			b.checkLook(guid, store.Listing{}, false)
		}
	}
	return all
}

// checkLook fails unless a look at one visual tells what the whole list does.
func (b *harness) checkLook(g visual.GUID, want store.Listing, held bool) {
	b.Helper()
	got, ok, err := b.Store.Look(b.ctx, g)
	if err != nil || ok != held || held && !reflect.DeepEqual(got, want) {
		b.Errorf("a look at %s tells %+v (held: %v), %v; the list tells %+v (held: %v)", g, got, ok, err, want, held)
	}
}

// checkHolds fails unless the store holds exactly these packages, all with this access.
func (b *harness) checkHolds(enabled bool, want ...license.Licensed) {
	b.Helper()
	all := b.listInstalled()
	if len(all) != len(want) {
		b.Errorf("the store holds %d visuals, not %d: %v", len(all), len(want), all)
	}
	for _, l := range want {
		b.checkListing(all, l, enabled)
	}
}

// checkListing fails unless a listing tells of a package as much as the traits say.
func (b *harness) checkListing(all map[visual.GUID]store.Listing, l license.Licensed, enabled bool) {
	b.Helper()
	got, ok := all[l.GUID()]
	traits := b.Store.Traits()
	switch {
	case !ok:
		b.Errorf("the store does not hold %s", l.GUID())
		return
	case got.GUID != l.GUID() || got.Problem != "":
		b.Errorf("%s is listed as %s with the problem %q", l.GUID(), got.GUID, got.Problem)
	case got.Enabled == nil && traits.TellsAccess:
		b.Errorf("%s: no access is told, against the traits", l.GUID())
	case got.Changed == "" && traits.TellsChanged:
		b.Errorf("%s: no time of change is told, against the traits", l.GUID())
	case got.Author == "" && traits.TellsAuthor:
		b.Errorf("%s: no author is told, against the traits", l.GUID())
	case got.Enabled != nil && *got.Enabled != enabled:
		b.Errorf("%s is enabled: %v", l.GUID(), *got.Enabled)
	}
	if !traits.CanTellRelease() {
		if got.Release != nil {
			b.Errorf("%s: told %s, against its traits", l.GUID(), got.Release)
		}
		return
	}
	if got.Release == nil {
		b.Errorf("%s: no release is told, against the traits", l.GUID())
		return
	}
	if traits.TellsDigest && got.Release.Digest != l.Release().Digest {
		b.Errorf("%s holds %s, not %s", l.GUID(), got.Release, l.Release())
	}
	if traits.TellsVersion && !got.Release.Version.Equal(l.Release().Version) {
		b.Errorf("%s holds %s, not %s", l.GUID(), got.Release, l.Release())
	}
}

func (b *harness) licensedGauge(version string) license.Licensed {
	b.Helper()
	return Licensed(b.T, pbiviztest.Package{GUID: Gauge, Version: version})
}

func (b *harness) licensedTiles(version string) license.Licensed {
	b.Helper()
	return Licensed(b.T, pbiviztest.Package{GUID: Tiles, Version: version, DisplayName: "Aurora Tiles"})
}

// What was put is listed, and nothing else, also where the list tells no more.
func presenceTold(b *harness) {
	if !b.Store.Traits().TellsPresence {
		return
	}
	l := b.licensedGauge("1.0.0.0")
	for i, want := range []bool{false, true} {
		if i > 0 {
			b.put("s1", l)
		}
		if _, held, err := b.Store.Look(b.ctx, l.GUID()); err != nil || held != want {
			b.Errorf("put %d times: held %v, %v", i, held, err)
		}
	}
}

func putAdds(b *harness) {
	b.checkHolds(true)
	l := b.licensedGauge("1.0.0.0")
	b.put("s1", l)
	b.checkHolds(true, l)
}

func putAgain(b *harness) {
	l := b.licensedGauge("1.0.0.0")
	b.put("s1", l)
	b.put("s1", l)
	b.put("s2", l)
	b.checkHolds(true, l)
}

func putReplaces(b *harness) {
	b.put("s1", b.licensedGauge("1.0.0.0"))
	l := b.licensedGauge("1.1.0.0")
	b.put("s2", l)
	b.checkHolds(true, l)
}

func putGoesBack(b *harness) {
	l := b.licensedGauge("1.0.0.0")
	b.put("s1", l)
	b.put("s2", b.licensedGauge("1.1.0.0"))
	b.put("s3", l)
	b.checkHolds(true, l)
}

func putRenews(b *harness) {
	b.put("s1", b.licensedGauge("1.0.0.0"))
	l := Licensed(b.T, pbiviztest.Package{GUID: Gauge, Version: "1.0.0.0", Script: "var key = 'renewed';\n"})
	b.put("s2", l)
	b.checkHolds(true, l)
}

func putKeepsAccess(b *harness) {
	l, m := b.licensedGauge("1.0.0.0"), b.licensedGauge("1.1.0.0")
	b.put("s1", l)
	b.setAccess("s2", l.GUID(), false)
	b.put("s3", m)
	b.checkHolds(false, m)
	b.put("s3", m)
	b.checkHolds(false, m)
	b.setAccess("s4", l.GUID(), true)
	b.checkHolds(true, m)
}

func setAccess(b *harness) {
	l := b.licensedGauge("1.0.0.0")
	b.put("s1", l)
	for i, enabled := range []bool{true, false, false, true, true, false} {
		b.setAccess(store.StepID(rune('a'+i)), l.GUID(), enabled)
		b.checkHolds(enabled, l)
	}
}

func setAccessUnknown(b *harness) {
	l, other := b.licensedGauge("1.0.0.0"), b.licensedTiles("1.0.0.0")
	b.put("s1", l)
	for _, enabled := range []bool{true, false} {
		_, err := b.Store.SetAccess(b.ctx, "s2", other.GUID(), enabled)
		if err == nil || !strings.Contains(err.Error(), other.GUID().String()) {
			b.Errorf("the access of a visual that is not there: %v", err)
		}
	}
	b.checkHolds(true, l)
}

func oldJudgment(b *harness) {
	l := b.licensedGauge("1.0.0.0")
	b.put("s1", l)
	later := moment.Settle(Now().Time().Add(2*license.MaxAge), moment.Mark{}, -1)
	if _, err := b.Store.Put(b.ctx, "s2", b.licensedGauge("1.1.0.0"), later); err == nil {
		b.Error("a package was put long after it was judged")
	}
	b.checkHolds(true, l)
}

func unjudgedPackage(b *harness) {
	if _, err := b.Store.Put(b.ctx, "s1", license.Licensed{}, Now()); err == nil {
		b.Error("nothing was put, and no error")
	}
	b.checkHolds(true)
}

func canceledChange(b *harness) {
	l := b.licensedGauge("1.0.0.0")
	b.put("s1", l)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	_, err := b.Store.Put(ctx, "s2", b.licensedGauge("1.1.0.0"), Now())
	_, err2 := b.Store.SetAccess(ctx, "s3", l.GUID(), false)
	_, err3 := b.Store.Installed(ctx)
	_, _, err4 := b.Store.Look(ctx, l.GUID())
	for _, err := range []error{err, err2, err3, err4} {
		if !errors.Is(err, context.Canceled) {
			b.Errorf("canceled: %v", err)
		}
	}
	b.checkHolds(true, l)
}

func separateVisuals(b *harness) {
	l, m := b.licensedGauge("1.0.0.0"), b.licensedTiles("1.0.0.0")
	longer := Licensed(b.T, pbiviztest.Package{GUID: Gauge + "_1", Version: "7.0.0.0"})
	b.put("s1", l)
	b.put("s2", m)
	b.put("s3", longer)
	b.checkHolds(true, l, m, longer)
	m = b.licensedTiles("2.0.0.0")
	b.put("s4", m)
	b.setAccess("s5", l.GUID(), false)
	all := b.listInstalled()
	if len(all) != 3 {
		b.Errorf("the store holds %v", all)
	}
	b.checkListing(all, l, false)
	b.checkListing(all, m, true)
	b.checkListing(all, longer, true)
}

// A store that cannot hold both refuses the second and keeps the first.
func caseSensitiveGUIDs(b *harness) {
	l := b.licensedGauge("1.0.0.0")
	other := Licensed(b.T, pbiviztest.Package{GUID: strings.ToUpper(Gauge), Version: "9.0.0.0"})
	b.put("s1", l)
	if _, err := b.Store.SetAccess(b.ctx, "s2", other.GUID(), false); err == nil {
		b.Error("the access of a visual that is not there was changed")
	}
	r, err := b.Store.Put(b.ctx, "s3", other, Now())
	if err != nil {
		b.checkHolds(true, l)
		return
	}
	b.finishStep("s3", r, err)
	b.checkHolds(true, l, other)
}

func withdrawMade(b *harness) {
	l := b.licensedGauge("1.0.0.0")
	b.put("s1", l)
	for _, id := range []store.StepID{"s1", "s1", "never asked for", ""} {
		if err := b.Store.Withdraw(b.ctx, id); err != nil {
			b.Errorf("withdrawing %q: %v", id, err)
		}
	}
	b.checkHolds(true, l)
}

func concurrentLists(b *harness) {
	if !b.Store.Traits().Unattended {
		return // persons do one thing at a time
	}
	old, fresh, m := b.licensedGauge("1.0.0.0"), b.licensedGauge("1.1.0.0"), b.licensedTiles("1.0.0.0")
	b.put("s1", old)
	b.put("s2", m)
	done := make(chan struct{})
	var lists sync.WaitGroup
	for range 2 {
		lists.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				all, err := b.Store.Installed(b.ctx)
				if err != nil || len(all) != 2 {
					b.Errorf("listed %v, %v", all, err)
					return
				}
				one, held, err := b.Store.Look(b.ctx, old.GUID())
				if err != nil || !held {
					b.Errorf("looked at %v, %v", one, err)
					return
				}
				for _, got := range []store.Listing{all[old.GUID()], one} {
					if got.GUID != old.GUID() || got.Problem != "" {
						b.Errorf("listed %v", got)
						return
					}
					if r := got.Release; r != nil && !b.isListedAs(*r, old) && !b.isListedAs(*r, fresh) {
						b.Errorf("listed the release %s", r)
						return
					}
				}
			}
		})
	}
	for i := range 20 {
		if i%4 == 3 {
			b.setAccess("s4", m.GUID(), i%8 == 3)
		}
		b.put("s3", []license.Licensed{fresh, old}[i%2])
	}
	close(done)
	lists.Wait()
}

// isListedAs says whether what a store told of a release is true of a package.
func (b *harness) isListedAs(r visual.Release, l license.Licensed) bool {
	if b.Store.Traits().TellsDigest {
		return r == l.Release()
	}
	return r.Version.Equal(l.Release().Version)
}

func constantTraits(b *harness) {
	before := b.Store.Traits()
	b.put("s1", b.licensedGauge("1.0.0.0"))
	if after := b.Store.Traits(); after != before {
		b.Errorf("%+v became %+v", before, after)
	}
	if !before.Unattended && b.Person == nil {
		b.Error("a store that needs a person is tested without one")
	}
}

// abilities fails where what a store can do contradicts its traits.
func abilities(b *harness) {
	for _, complaint := range Contradictions(b.Store) {
		b.Error(complaint)
	}
}

// Contradictions are the abilities of a store against which its traits speak.
func Contradictions(s store.Store) []string {
	t := s.Traits()
	_, keepsTasks := store.As[store.TaskKeeper](s)
	_, readsPackages := store.As[store.PackageReader](s)
	_, readsAbsence := store.As[store.AbsenceReader](s)
	var all []string
	for _, c := range []struct {
		is  bool
		why string
	}{
		{t.Unattended && keepsTasks, "a store that needs no person keeps tasks for one"},
		{!t.Unattended && !keepsTasks, "a store that needs a person keeps no tasks"},
		{readsPackages && !t.TellsDigest, "a store reads packages back and tells no digest"},
		{readsAbsence && t.TellsPresence, "a store is read now and needs a person's list"},
		{!t.TellsPresence && (t.TellsAccess || t.TellsVersion || t.TellsDigest || t.TellsChanged || t.TellsAuthor),
			"a store tells something of a visual, and not whether it is there"},
	} {
		if c.is {
			all = append(all, c.why)
		}
	}
	return all
}

func packagesReadBack(b *harness) {
	reader, ok := store.As[store.PackageReader](b.Store)
	if !ok {
		return
	}
	l, other := b.licensedGauge("1.0.0.0"), b.licensedTiles("1.0.0.0")
	b.put("s1", l)
	file, held, err := reader.Package(b.ctx, l.GUID())
	if err != nil || !held || visual.DigestOf(file) != l.Release().Digest {
		b.Errorf("%d bytes were read back (held: %v), %v", len(file), held, err)
	}
	if file, held, err := reader.Package(b.ctx, other.GUID()); err != nil || held {
		b.Errorf("%d bytes of a visual that is not there (held: %v), %v", len(file), held, err)
	}
}

func tasksFound(b *harness) {
	keeper, ok := store.As[store.TaskKeeper](b.Store)
	if !ok {
		return
	}
	for _, c := range []struct {
		id  store.StepID
		end func(context.Context, store.StepID) error
	}{{"s1", keeper.FinishTask}, {"s2", b.Store.Withdraw}} {
		b.hasTask(keeper, c.id, false)
		if r, err := b.Store.Put(b.ctx, c.id, b.licensedGauge("1.0.0.0"), Now()); err != nil || !r.Waiting {
			b.Fatalf("step %s: %+v, %v", c.id, r, err)
		}
		b.hasTask(keeper, c.id, true)
		for range 2 {
			if err := c.end(b.ctx, c.id); err != nil {
				b.Errorf("step %s: %v", c.id, err)
			}
		}
		b.hasTask(keeper, c.id, false)
	}
}

// hasTask fails unless a task is there, or is not.
func (b *harness) hasTask(k store.TaskKeeper, id store.StepID, want bool) {
	b.Helper()
	r, found, err := k.FindTask(b.ctx, id)
	text, err2 := k.Instructions(id)
	if err := errors.Join(err, err2); err != nil || found != want || r.Waiting != want || (text != "") != want {
		b.Errorf("the task of %s was found: %v, %+v, with %d bytes of instructions; %v", id, found, r, len(text), err)
	}
}

func sweeping(b *harness) {
	sweeper, ok := store.As[store.Sweeper](b.Store)
	if !ok {
		return
	}
	l, m := b.licensedGauge("1.0.0.0"), b.licensedTiles("1.0.0.0")
	b.put("s1", l)
	b.put("s2", m)
	for range 2 {
		if err := sweeper.Sweep(); err != nil {
			b.Error(err)
		}
	}
	b.checkHolds(true, l, m)
}
