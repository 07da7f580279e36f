package folder_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/store/folder"
	"github.com/orgstore/orgstore/packages/store/storetest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func TestSuite(t *testing.T) {
	t.Run("machine", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Fixture {
			return storetest.Fixture{Store: folder.Open(disk.OS(), t.TempDir())}
		})
	})
	t.Run("memory", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Fixture {
			d := disktest.NewLossy()
			if err := disk.MakeDir(d, "/store", 0o755); err != nil {
				t.Fatal(err)
			}
			return storetest.Fixture{Store: folder.Open(d, "/store")}
		})
	})
}

var ctx = context.Background()

func licensedGauge(t *testing.T, version string) license.Licensed {
	t.Helper()
	return storetest.Licensed(t, pbiviztest.Package{Version: version})
}

func put(t *testing.T, s *folder.Store, l license.Licensed) {
	t.Helper()
	if _, err := s.Put(ctx, "step", l, storetest.Now()); err != nil {
		t.Fatal(err)
	}
}

func listInstalled(t *testing.T, s *folder.Store) map[visual.GUID]store.Listing {
	t.Helper()
	all, err := s.Installed(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for g, want := range all {
		if got, held, err := s.Look(ctx, g); err != nil || !held || !reflect.DeepEqual(got, want) {
			t.Errorf("a look at %s tells %+v (held: %v), %v; the list tells %+v", g, got, held, err, want)
		}
	}
	return all
}

func fileOf(t *testing.T, l license.Licensed) []byte {
	t.Helper()
	r, err := l.Open(storetest.Now())
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, r.Len())
	_, _ = r.Read(b)
	return b
}

func listNames(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func expectRefusal(t *testing.T, err error, code verdict.Code) {
	t.Helper()
	var r *verdict.Refusal
	if !errors.As(err, &r) || r.Code() != code || r.Findings[0].Hint == "" {
		t.Errorf("got %v; want a refusal %s with a hint", err, code)
	}
}

func TestLayout(t *testing.T) {
	dir := t.TempDir()
	s := folder.Open(disk.OS(), dir)
	l := licensedGauge(t, "1.0.0.0")
	put(t, s, l)
	b, err := os.ReadFile(filepath.Join(dir, storetest.Gauge+".pbiviz"))
	if err != nil || !bytes.Equal(b, fileOf(t, l)) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if runtime.GOOS != "windows" {
		if info, err := os.Stat(filepath.Join(dir, storetest.Gauge+".pbiviz")); err != nil || info.Mode().Perm()&0o440 != 0o440 {
			t.Errorf("others cannot load it: %v, %v", info.Mode(), err)
		}
	}
	if _, err := s.SetAccess(ctx, "step", l.GUID(), false); err != nil {
		t.Fatal(err)
	}
	if got := listNames(t, dir); got != storetest.Gauge+".pbiviz.disabled" {
		t.Errorf("disabled: %s", got)
	}
	if got := listInstalled(t, s)[l.GUID()]; got.Name != "Aurora Gauge" {
		t.Errorf("listed as %q", got.Name)
	}
}

func TestAMissingFolderIsNotAnEmptyStore(t *testing.T) {
	s := folder.Open(disk.OS(), filepath.Join(t.TempDir(), "share"))
	if all, err := s.Installed(ctx); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "mounted") {
		t.Errorf("listed %v, %v", all, err)
	}
	if l, held, err := s.Look(ctx, licensedGauge(t, "1.0.0.0").GUID()); !errors.Is(err, fs.ErrNotExist) || held {
		t.Errorf("looked at %v, %v", l, err)
	}
	if _, err := s.Put(ctx, "step", licensedGauge(t, "1.0.0.0"), storetest.Now()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("put: %v", err)
	}
	if err := s.Sweep(); err != nil {
		t.Errorf("nothing to tidy: %v", err)
	}
}

// What lies in the folder and is not one visual's one package is told, and
// neither replaced nor renamed.
func TestWhatIsInTheWay(t *testing.T) {
	l := licensedGauge(t, "1.0.0.0")
	good, other := fileOf(t, l), fileOf(t, storetest.Licensed(t, pbiviztest.Package{GUID: storetest.Tiles}))
	const name = storetest.Gauge
	for _, c := range []struct {
		name    string
		files   map[string][]byte
		problem string
		// named: the names themselves are wrong, so that access cannot be
		// changed either.
		named bool
	}{
		{"not a package", map[string][]byte{name + ".pbiviz": []byte("hello")}, "is not a package", false},
		{"empty", map[string][]byte{name + ".pbiviz": nil}, "is not a package", false},
		{"torn", map[string][]byte{name + ".pbiviz": good[:len(good)/2]}, "is not a package", false},
		{"disabled and not a package", map[string][]byte{name + ".pbiviz.disabled": []byte("hello")}, "is not a package", false},
		{"another visual", map[string][]byte{name + ".pbiviz": other}, "holds another visual, " + storetest.Tiles, false},
		{"enabled and disabled", map[string][]byte{name + ".pbiviz": good, name + ".pbiviz.disabled": good}, "more than one file", true},
		{"suffix in upper case", map[string][]byte{name + ".PBIVIZ": good}, "must be called", true},
		{"suffix in two cases", map[string][]byte{name + ".PBIVIZ": good, name + ".pbiviz": good}, "more than one file", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := disktest.NewLossy() // which counts case, wherever the test runs
			if err := disk.MakeDir(d, "/store", 0o755); err != nil {
				t.Fatal(err)
			}
			for name, b := range c.files {
				writeFile(t, d, "/store/"+name, b)
			}
			s := folder.Open(d, "/store")
			got, ok := listInstalled(t, s)[l.GUID()]
			if !ok || !strings.Contains(got.Problem, c.problem) || got.Release != nil {
				t.Errorf("listed %+v", got)
			}
			_, err := s.Put(ctx, "step", licensedGauge(t, "2.0.0.0"), storetest.Now())
			expectRefusal(t, err, "op.store_conflict")
			if c.named {
				_, err := s.SetAccess(ctx, "step", l.GUID(), false)
				expectRefusal(t, err, "op.store_conflict")
			}
			for name, want := range c.files {
				if b, err := disk.ReadFile(d, "/store/"+name, 1<<20); err != nil || !bytes.Equal(b, want) {
					t.Errorf("%s was touched: %v", name, err)
				}
			}
		})
	}
}

func writeFile(t *testing.T, d disk.Disk, name string, b []byte) {
	t.Helper()
	f, err := d.Create(name, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close(), d.SyncDir(filepath.Dir(name))); err != nil {
		t.Fatal(err)
	}
}

func TestLinksAndFoldersAreInTheWay(t *testing.T) {
	l := licensedGauge(t, "1.0.0.0")
	target := filepath.Join(t.TempDir(), "elsewhere.pbiviz")
	if err := os.WriteFile(target, fileOf(t, l), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, place := range map[string]func(string) error{
		"is a folder": func(name string) error { return os.Mkdir(name, 0o755) },
		"is a link":   func(name string) error { return os.Symlink(target, name) },
	} {
		dir := t.TempDir()
		name := filepath.Join(dir, storetest.Gauge+".pbiviz")
		if err := place(name); err != nil {
			continue // Windows allows links to few
		}
		s := folder.Open(disk.OS(), dir)
		if got := listInstalled(t, s)[l.GUID()]; !strings.Contains(got.Problem, what) {
			t.Errorf("%s: listed %+v", what, got)
		}
		_, err := s.Put(ctx, "step", licensedGauge(t, "2.0.0.0"), storetest.Now())
		expectRefusal(t, err, "op.store_conflict")
		_, err = s.SetAccess(ctx, "step", l.GUID(), false)
		expectRefusal(t, err, "op.store_conflict")
		if got := listNames(t, dir); got != storetest.Gauge+".pbiviz" {
			t.Errorf("%s: left %s", what, got)
		}
	}
	if b, err := os.ReadFile(target); err != nil || !bytes.Equal(b, fileOf(t, l)) {
		t.Errorf("what the link leads to was changed: %v", err)
	}
}

func TestForeignFilesAreIgnored(t *testing.T) {
	dir := t.TempDir()
	foreign := []string{"readme.txt", "Aurora Gauge.pbiviz", storetest.Gauge + "_OrgStore.pbiviz", storetest.Gauge + ".pbiviz.bak",
		storetest.Gauge + ".pbiviz.license", ".pbiviz", ".pbiviz.disabled", storetest.Gauge, ".orgstore-tmp-x"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := folder.Open(disk.OS(), dir)
	if all := listInstalled(t, s); len(all) != 0 {
		t.Errorf("listed %v", all)
	}
	put(t, s, licensedGauge(t, "1.0.0.0"))
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	for _, name := range foreign {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "x" {
			t.Errorf("%s was touched: %v", name, err)
		}
	}
}

func TestNamesOfDevicesAreRefused(t *testing.T) {
	for _, guid := range []string{"CON", "nul", "Aux", "COM1", "lpt9"} {
		dir := t.TempDir()
		s := folder.Open(disk.OS(), dir)
		_, err := s.Put(ctx, "step", storetest.Licensed(t, pbiviztest.Package{GUID: guid, Old: true}), storetest.Now())
		expectRefusal(t, err, "op.store_name")
		if got := listNames(t, dir); got != "" {
			t.Errorf("%s: left %s", guid, got)
		}
	}
}

func TestOnlyCaseDiffers(t *testing.T) {
	s := folder.Open(disk.OS(), t.TempDir())
	l := licensedGauge(t, "1.0.0.0")
	put(t, s, l)
	_, err := s.Put(ctx, "step", storetest.Licensed(t, pbiviztest.Package{GUID: strings.ToLower(storetest.Gauge)}), storetest.Now())
	expectRefusal(t, err, "op.store_conflict")
	if !strings.Contains(err.Error(), "upper and lower case") {
		t.Errorf("got %v", err)
	}
	put(t, s, licensedGauge(t, "1.1.0.0"))
}

func TestSetAccessOfAnUnknownVisual(t *testing.T) {
	_, err := folder.Open(disk.OS(), t.TempDir()).SetAccess(ctx, "step", licensedGauge(t, "1.0.0.0").GUID(), true)
	expectRefusal(t, err, "op.store_unknown")
}

func TestAFileBeyondTheLimitIsNotRead(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, storetest.Gauge+".pbiviz")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<40); err != nil {
		return // not every file system has files with holes
	}
	s := folder.Open(disk.OS(), dir)
	if got := listInstalled(t, s)[licensedGauge(t, "1.0.0.0").GUID()]; !strings.Contains(got.Problem, disk.ErrTooLarge.Error()) {
		t.Errorf("listed %+v", got)
	}
}

func TestPuttingWhatIsThereWritesNothing(t *testing.T) {
	var ops []string
	dir := t.TempDir()
	s := folder.Open(disktest.Watch(disk.OS(), disktest.Hook{After: func(op disktest.Op, _ error) { ops = append(ops, op.Kind) }}), dir)
	l := licensedGauge(t, "1.0.0.0")
	put(t, s, l)
	if got := strings.Join(ops, " "); got != "create write sync close rename syncdir" {
		t.Errorf("put: %s", got)
	}
	ops = nil
	put(t, s, l)
	if got := strings.Join(ops, " "); got != "syncdir" {
		t.Errorf("put again: %s", got)
	}
}

func TestLeftoversAreTidiedByTheNextPut(t *testing.T) {
	dir := t.TempDir()
	s := folder.Open(disk.OS(), dir)
	old, young := filepath.Join(dir, ".orgstore-tmp-0123456789abcdef"), filepath.Join(dir, ".orgstore-tmp-fedcba9876543210")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ago := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, ago, ago); err != nil {
		t.Fatal(err)
	}
	put(t, s, licensedGauge(t, "1.0.0.0"))
	if got := listNames(t, dir); got != filepath.Base(young)+" "+storetest.Gauge+".pbiviz" {
		t.Errorf("left: %s", got)
	}
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if got := listNames(t, dir); got != storetest.Gauge+".pbiviz" {
		t.Errorf("left: %s", got)
	}
}

// A report that loads the visual at any moment gets one package or the other.
func TestAReaderSeesOldOrNewNeverNone(t *testing.T) {
	dir := t.TempDir()
	s := folder.Open(disk.OS(), dir)
	old := licensedGauge(t, "1.0.0.0")
	fresh := storetest.Licensed(t, pbiviztest.Package{Version: "1.1.0.0", Stored: true, Script: "var big = '" + strings.Repeat("x", 200_000) + "';\n"})
	put(t, s, old)
	want := [][]byte{fileOf(t, old), fileOf(t, fresh)}
	done := make(chan struct{})
	var readers sync.WaitGroup
	var mu sync.Mutex
	seen := map[int]int{}
	stop := sync.OnceFunc(func() {
		close(done)
		readers.Wait()
	})
	defer stop()
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				b, err := disk.ReadFile(disk.OS(), filepath.Join(dir, storetest.Gauge+".pbiviz"), 1<<20)
				if err != nil || !bytes.Equal(b, want[0]) && !bytes.Equal(b, want[1]) {
					t.Errorf("a reader got %d bytes, %v", len(b), err)
					return
				}
				mu.Lock()
				seen[len(b)]++
				mu.Unlock()
				time.Sleep(5 * time.Millisecond) // on Windows nobody can replace what is open all the time
			}
		})
	}
	for i := range 60 {
		put(t, s, []license.Licensed{fresh, old}[i%2])
	}
	stop()
	if !t.Failed() && len(seen) != 2 {
		t.Errorf("the readers saw %v: the race was not tried", seen)
	}
}

// Another process that lists while this one changes access sees the visual
// once, whatever the directory shows meanwhile.
func TestAListFromOutsideSeesTheVisualOnce(t *testing.T) {
	dir := t.TempDir()
	s, outside := folder.Open(disk.OS(), dir), folder.Open(disk.OS(), dir)
	l := licensedGauge(t, "1.0.0.0")
	put(t, s, l)
	done := make(chan struct{})
	var lists sync.WaitGroup
	lists.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			all, err := outside.Installed(ctx)
			if err != nil && strings.Contains(err.Error(), "keeps changing") {
				continue
			}
			if err != nil || len(all) != 1 || all[l.GUID()].Problem != "" {
				t.Errorf("listed %v, %v", all, err)
				return
			}
		}
	})
	for i := range 60 {
		if _, err := s.SetAccess(ctx, "step", l.GUID(), i%2 == 0); err != nil {
			t.Error(err)
		}
	}
	close(done)
	lists.Wait()
}

// A flickering disk shows a directory once as it was while a file in it was
// being renamed: without it.
type flickering struct {
	disk.Disk
	shown int
}

func (d *flickering) ReadDir(name string) ([]fs.DirEntry, error) {
	if d.shown++; d.shown == 1 {
		return nil, nil
	}
	return d.Disk.ReadDir(name)
}

func TestARenameUnderWayDoesNotHideAVisual(t *testing.T) {
	dir := t.TempDir()
	l := licensedGauge(t, "1.0.0.0")
	put(t, folder.Open(disk.OS(), dir), l)
	all := listInstalled(t, folder.Open(&flickering{Disk: disk.OS()}, dir))
	if len(all) != 1 || all[l.GUID()].Release == nil {
		t.Errorf("listed %v", all)
	}
}
