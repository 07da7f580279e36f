package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
)

var visuals = flag.Int("visuals", 1000, "how many visuals BenchmarkScale makes, with 10 releases each")

// releases is how many packages each visual has: versions 1.0 to 1.8, and a
// renewal of the last, which is the one installed.
const releases = 10

// scaleDay is the day of the benchmark.
func scaleDay() time.Time { return licensetest.Time("2026-11-23") }

// BenchmarkScale takes a tenant's packages in, shows status and plan, and makes
// a renewal of every visual: the whole commands, without the start of the
// program. What takes time in proportion to more than the number of visuals
// shows when -visuals is doubled. Run it once: -benchtime=1x.
func BenchmarkScale(b *testing.B) {
	t := place{TB: b, dir: b.TempDir(), vendor: licensetest.Aurora()}
	b.Run("intake", func(b *testing.B) {
		for b.Loop() {
			t.fill()
		}
	})
	for _, command := range []string{"version", "status", "plan", "license status"} {
		b.Run(strings.ReplaceAll(command, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				t.run(strings.Fields(command)...)
			}
		})
	}
	b.Run("apply", func(b *testing.B) {
		for b.Loop() {
			out := t.run("apply", "--force")
			if n := strings.Count(out, "verified"); n != *visuals {
				b.Fatalf("%d visuals were renewed, not %d:\n%.2000s", n, *visuals, out)
			}
		}
	})
}

// A place is a folder with settings, data and a store.
type place struct {
	testing.TB
	dir    string
	vendor licensetest.Vendor
	guids  []string
}

func (t *place) path(parts ...string) string {
	return filepath.Join(append([]string{t.dir}, parts...)...)
}

// run runs a command and returns what it printed.
func (t *place) run(args ...string) string {
	a := adapters()
	a.Now = scaleDay
	a.Env = func(string) string { return "" }
	var out, errs bytes.Buffer
	args = append(args, "--config", t.path("orgstore.yaml"))
	if code := cli.Run(context.Background(), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, a); code != 0 {
		t.Fatalf("%s left with %d: %.2000s", args, code, errs.String())
	}
	return out.String()
}

// fill makes settings, archive, journal and store, as if all had been taken in
// one by one. It syncs nothing: how fast the disk is does not matter here.
func (t *place) fill() {
	must(t, os.RemoveAll(t.dir))
	for _, dir := range []string{"inbox", "store", "data"} {
		must(t, os.MkdirAll(t.path(dir), 0o755))
	}
	t.guids = nil
	for i := range *visuals {
		t.guids = append(t.guids, fmt.Sprintf("auroraVisual%04d_7C1B2E5D9F0A4B6C", i))
	}
	t.settings()
	kept, err := archive.Open(hasty{disk.OS()}, t.path("data", "archive"))
	must(t, err)
	log := new(journaltest.Log)
	j, err := journal.Open(context.Background(), log, journaltest.Stamp())
	must(t, err)
	desk := intake.Importer{Archive: kept, Journal: j, Trust: t.vendor.Trust(t.guids...), Limits: pbiviz.DefaultLimits(), Now: scaleDay}
	for i := range t.guids {
		t.visual(desk, i)
	}
	saved, err := sqlite.Open(context.Background(), t.path("data", "journal.db"))
	must(t, err)
	must(t, saved.Append(context.Background(), log.Records()))
	must(t, saved.Close())
}

func (t *place) settings() {
	var s strings.Builder
	fmt.Fprintf(&s, "version: 1\ntenant: %s\ndata: data\nlibrary: {folder: inbox}\nstore: {driver: folder, path: store}\n", licensetest.Tenant)
	fmt.Fprintf(&s, "trust:\n  vendors:\n    - name: %s\n      bundle: aurora.trust\n      fingerprint: %q\n      guids: [%s]\n",
		t.vendor.Name, t.vendor.Bundle().Fingerprint(), strings.Join(t.guids, ", "))
	s.WriteString("visuals:\n")
	for i, g := range t.guids {
		fmt.Fprintf(&s, "  - guid: %s\n    pin: %q\n", g, []string{"~> 1.4", ">= 1.2, < 2", "1.8.0.0"}[i%3])
	}
	must(t, os.WriteFile(t.path("orgstore.yaml"), []byte(s.String()), 0o600))
	must(t, os.WriteFile(t.path("aurora.trust"), t.vendor.BundleFile(), 0o600))
}

// visual takes all releases of one visual in, and puts the last but one into
// the store. Every other visual has its statements beside the packages.
func (t *place) visual(desk intake.Importer, i int) {
	var installed *pbiviz.Package
	var terms license.Terms
	for r := range releases {
		version := min(r, releases-2)
		p := licensetest.Package(pbiviztest.Package{
			GUID: t.guids[i], Version: fmt.Sprintf("1.%d.0.0", version), DisplayName: fmt.Sprint("Aurora Visual ", i),
			Script: fmt.Sprintf("var visual = %d, release = %d;\n", i, version),
		})
		change := func(q *issuer.Request) {
			q.Subscription, q.Sequence, q.Ends = fmt.Sprint("sub-", i), int64(r+1), q.Ends.AddDate(0, 0, r-releases)
		}
		statement := t.vendor.Statement(p, change)
		beside := i%2 == 1 && r < releases-1
		if !beside {
			p = t.vendor.Embedded(p, change)
		}
		bound := t.take(desk, "visual.pbiviz", p.File())
		if beside {
			bound = t.take(desk, "visual.pbiviz.license", statement)
		}
		if r == releases-2 {
			installed, terms = p, bound[0].Terms
		}
	}
	must(t, os.WriteFile(t.path("store", t.guids[i]+".pbiviz"), installed.File(), 0o644))
	release, on := installed.Release(), true
	must(t, desk.Journal.Append(context.Background(), "tx_1", journal.Baselined{
		Key: store.Key{Store: "store", GUID: installed.Manifest().GUID}, Evidence: "about box",
		State: store.State{Presence: store.Present, Release: &release, License: terms, Enabled: &on, Claim: store.Confirmed},
	}))
}

func (t *place) take(desk intake.Importer, name string, file []byte) []license.Bound {
	taken, err := desk.Take(context.Background(), "tx_1", name, file)
	must(t, err)
	if taken.Refused != nil {
		t.Fatal(taken.Refused)
	}
	return taken.Bound
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hasty is a disk that syncs nothing.
type hasty struct{ disk.Disk }

func (h hasty) Create(name string, perm fs.FileMode) (disk.File, error) {
	f, err := h.Disk.Create(name, perm)
	return unsynced{f}, err
}

func (hasty) SyncDir(string) error { return nil }

type unsynced struct{ disk.File }

func (unsynced) Sync() error { return nil }
