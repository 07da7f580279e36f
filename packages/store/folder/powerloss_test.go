package folder_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store/folder"
	"github.com/orgstore/orgstore/packages/store/storetest"
	"github.com/orgstore/orgstore/packages/visual"
)

// The power goes before and after every change of the disk. The store then
// holds one visual with the old package or the new, or none where there was
// none, and exactly the new once Put has returned; likewise for access.
func TestPowerLoss(t *testing.T) {
	old, fresh := licensedGauge(t, "1.0.0.0"), licensedGauge(t, "1.1.0.0")
	lossy := disktest.NewLossy()
	if err := disk.MakeDir(lossy, "/store", 0o755); err != nil {
		t.Fatal(err)
	}
	var allowed []string
	losses, points := 0, 0
	check := func(when string) {
		points++
		for seed := range uint64(25) {
			losses++
			s := folder.Open(lossy.PowerLoss(seed), "/store")
			got := stateOf(t, s, old.GUID())
			found := false
			for _, a := range allowed {
				found = found || a == got
			}
			if !found {
				t.Fatalf("%s, seed %d: found %s; allowed: %s", when, seed, got, strings.Join(allowed, " or "))
			}
			put(t, s, fresh) // and the store can be used again
		}
	}
	s := folder.Open(disktest.Watch(lossy, disktest.Hook{
		Before: func(op disktest.Op) error { check("before " + op.String()); return nil },
		After:  func(op disktest.Op, _ error) { check("after " + op.String()) },
	}), "/store")
	step := func(from, to string, change func() error) {
		t.Helper()
		allowed = []string{from, to}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		allowed = []string{to}
		check("when " + to + " was done")
	}
	putting := func(l license.Licensed) func() error {
		return func() error { _, err := s.Put(ctx, "step", l, storetest.Now()); return err }
	}
	access := func(enabled bool) func() error {
		return func() error { _, err := s.SetAccess(ctx, "step", old.GUID(), enabled); return err }
	}
	step("absent", "1.0.0.0 true", putting(old))
	step("1.0.0.0 true", "1.1.0.0 true", putting(fresh))
	step("1.1.0.0 true", "1.1.0.0 false", access(false))
	step("1.1.0.0 false", "1.0.0.0 false", putting(old))
	step("1.0.0.0 false", "1.0.0.0 true", access(true))
	if losses < 1000 || points < 40 {
		t.Errorf("only %d losses at %d points", losses, points)
	}
}

// stateOf tells what a store holds of a visual.
func stateOf(t *testing.T, s *folder.Store, g visual.GUID) string {
	t.Helper()
	all := listInstalled(t, s)
	l, ok := all[g]
	switch {
	case !ok && len(all) == 0:
		return "absent"
	case l.Problem != "" || l.Release == nil || len(all) != 1:
		return "torn: " + l.Problem
	case *l.Enabled:
		return l.Release.Version.String() + " true"
	}
	return l.Release.Version.String() + " false"
}

// A change that was stopped before its last sync is safe once it is repeated.
func TestRepeatingMakesDurable(t *testing.T) {
	l := licensedGauge(t, "1.0.0.0")
	lossy := disktest.NewLossy()
	if err := disk.MakeDir(lossy, "/store", 0o755); err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	failing := folder.Open(disktest.Watch(lossy, disktest.Hook{Before: func(op disktest.Op) error {
		if op.Kind == "syncdir" {
			return stopped
		}
		return nil
	}}), "/store")
	steady := folder.Open(lossy, "/store")
	if _, err := failing.Put(ctx, "step", l, storetest.Now()); !errors.Is(err, stopped) {
		t.Fatalf("got %v", err)
	}
	put(t, steady, l)
	expect := func(want string) {
		t.Helper()
		for seed := range uint64(40) {
			if got := stateOf(t, folder.Open(lossy.PowerLoss(seed), "/store"), l.GUID()); got != want {
				t.Fatalf("found %s", got)
			}
		}
	}
	expect("1.0.0.0 true")
	if _, err := failing.SetAccess(ctx, "step", l.GUID(), false); !errors.Is(err, stopped) {
		t.Fatalf("got %v", err)
	}
	if _, err := steady.SetAccess(ctx, "step", l.GUID(), false); err != nil {
		t.Fatal(err)
	}
	expect("1.0.0.0 false")
}
