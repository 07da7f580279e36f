package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/enginetest"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/folder"
	"github.com/orgstore/orgstore/packages/visual"
)

// A spoiled store keeps another package than the one it is given, where that
// one is the upgrade.
type spoiled struct {
	store.Store
	d       disk.Disk
	dir     string
	instead []byte
}

func (s spoiled) Put(ctx context.Context, id store.StepID, l license.Licensed, at moment.Moment) (store.Receipt, error) {
	r, err := s.Store.Put(ctx, id, l, at)
	if err != nil || !strings.HasPrefix(l.Release().Version.String(), "1.5.") {
		return r, err
	}
	return r, disk.Replace(s.d, filepath.Join(s.dir, l.GUID().String()+".pbiviz"), 0o644, func(w io.Writer) error {
		_, err := w.Write(s.instead)
		return err
	})
}

// spoil makes the store of a laboratory's adapters a spoiled one.
func spoil(a cli.Adapters, instead []byte) cli.Adapters {
	a.Drivers = engine.StoreDrivers{config.FolderDriver: func(r engine.StoreRequest) (store.Store, error) {
		return spoiled{folder.Open(r.Disk, r.Settings.Path), r.Disk, r.Settings.Path, instead}, nil
	}}
	return a
}

// A mishap is an upgrade that goes wrong: the store keeps an older package
// instead.
type mishap struct {
	start   laboratory // just before the upgrade
	instead []byte
	command []string
	gauge   []visual.Digest // what the store may hold on the way, the upgrade last
}

// An upgrade goes wrong and is taken back, and the program dies at any point of
// that. Started again it never takes the wrong package for the right one, and
// gets to the upgrade once the store is sound: by itself where the journal says
// what was there, else once a person has said it.
func TestDiesOnTheWayBack(t *testing.T) {
	t.Parallel()
	m := newMishap(t)
	var points []spot
	name := spots(m.start.dir)
	whole := m.upgrade(m.start.copied(t), func(_ int, point string) error {
		points = append(points, name(point))
		return nil
	})
	if whole.code != 13 {
		t.Fatalf("the way back left with %d: %s%s", whole.code, whole.err, whole.out)
	}
	asked := 0
	for _, at := range points {
		t.Run(at.String(), func(t *testing.T) {
			if m.dies(t, at) {
				asked++
			}
		})
	}
	t.Logf("%d points, at %d of them a person was asked", len(points), asked)
}

// newMishap plays the story as far as the upgrade.
func newMishap(t *testing.T) mishap {
	t.Helper()
	l := laboratoryAt(t, t.TempDir())
	chapters := story(t, deliver(t))
	upgrade := slices.IndexFunc(chapters, func(c chapter) bool { return c.name == "upgrade" })
	for _, c := range chapters[:upgrade] {
		if c.before != nil {
			c.before(t, l.world)
		}
		if p := here(l.adapters(), c.command(l.world)...); p.code != 0 {
			t.Fatalf("%s left with %d: %s", c.name, p.code, p.err)
		}
	}
	sent := mail(t)
	m := mishap{start: l, instead: sent["gauge.pbiviz"], command: chapters[upgrade].command(l.world)}
	for _, name := range []string{"gauge.pbiviz", "renewed.pbiviz", "upgraded.pbiviz"} {
		m.gauge = append(m.gauge, visual.DigestOf(sent[name]))
	}
	return m
}

// upgrade tries the upgrade with the spoiled store.
func (m mishap) upgrade(l laboratory, pass func(int, string) error) process {
	s := &enginetest.Stage{Pass: pass}
	return here(spoil(staged(l.adapters(), s), m.instead), m.command...)
}

// dies dies at a spot and starts again with a sound store. It returns whether a
// person had to say what was there.
func (m mishap) dies(t *testing.T, at spot) (asked bool) {
	l := m.start.copied(t)
	name, dead := spots(l.dir), false
	m.upgrade(l, func(_ int, point string) error {
		if dead = dead || name(point) == at; dead {
			return errors.New("died")
		}
		return nil
	})
	holds := func() visual.Digest { return l.state(t).Store[example.GaugeGUID+".pbiviz"] }
	left := holds()
	if !slices.Contains(m.gauge, left) {
		t.Errorf("the store holds %s", left)
	}
	if again := here(l.adapters(), m.command...); again.code != 0 {
		asked = true
		if !strings.Contains(again.err, "store baseline") || left != visual.DigestOf(m.instead) {
			t.Errorf("started again it left with %d: %s%s", again.code, again.err, again.out)
		}
		baseline := []string{"--config", l.settings(), "store", "baseline", example.GaugeGUID, "--evidence", "looked", "--package", l.path("mail", "gauge.pbiviz")}
		for _, args := range [][]string{baseline, m.command} {
			if p := here(l.adapters(), args...); p.code != 0 {
				t.Errorf("%v left with %d: %s", args, p.code, p.err)
			}
		}
	}
	if got := holds(); got != m.gauge[2] {
		t.Errorf("it never got to the upgrade: the store holds %s", got)
	}
	return asked
}
