package disk_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

// onEveryDisk are all that must behave alike: the machine's and the one in memory.
func onEveryDisk(t *testing.T, test func(t *testing.T, d disk.Disk, dir string)) {
	t.Run("machine", func(t *testing.T) { test(t, disk.OS(), t.TempDir()) })
	t.Run("memory", func(t *testing.T) {
		d := disktest.NewLossy()
		if err := d.MkdirAll("/data", 0o755); err != nil {
			t.Fatal(err)
		}
		test(t, d, "/data")
	})
}

func writeText(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func putFile(t *testing.T, d disk.Disk, name, s string) {
	t.Helper()
	if err := disk.Replace(d, name, 0, writeText(s)); err != nil {
		t.Fatal(err)
	}
}

func expectContent(t *testing.T, d disk.Disk, name, want string) {
	t.Helper()
	got, err := disk.ReadFile(d, name, 1<<20)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
	}
}

func listNames(t *testing.T, d disk.Disk, dir string) string {
	t.Helper()
	entries, err := d.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestEveryDisk(t *testing.T) {
	onEveryDisk(t, func(t *testing.T, d disk.Disk, dir string) {
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		putFile(t, d, a, "one")
		if _, err := d.Create(a, 0); !errors.Is(err, fs.ErrExist) {
			t.Errorf("creating what exists: %v", err)
		}
		for what, err := range map[string]error{
			"rename": d.Rename(b, a), "remove": d.Remove(b), "syncdir": d.SyncDir(b),
			"open": errorOf(d.Open(b)), "stat": errorOf(d.Stat(b)), "readdir": errorOf(d.ReadDir(b)),
			"create": errorOf(d.Create(filepath.Join(b, "c"), 0)),
		} {
			if what == "syncdir" && err == nil && runtime.GOOS == "windows" {
				continue // where it does nothing
			}
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of what is missing: %v", what, err)
			}
		}
		putFile(t, d, b, "two")
		if err := d.Rename(b, a); err != nil {
			t.Fatal(err)
		}
		expectContent(t, d, a, "two")
		sub := filepath.Join(dir, "x", "y")
		if err := disk.MakeDir(d, sub, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := disk.MakeDir(d, sub, 0o755); err != nil {
			t.Errorf("making a directory twice: %v", err)
		}
		if info, err := d.Stat(sub); err != nil || !info.IsDir() {
			t.Errorf("the directory made: %v, %v", info, err)
		}
		if got := listNames(t, d, dir); got != "a x" {
			t.Errorf("the directory lists %q", got)
		}
		if err := d.Remove(filepath.Join(dir, "x")); err == nil {
			t.Error("a directory that is not empty was removed")
		}
		if err := d.MkdirAll(filepath.Join(a, "z"), 0o755); err == nil {
			t.Error("a directory was made inside a file")
		}
		if err := d.Rename(a, filepath.Join(dir, "x")); err == nil {
			t.Error("a file replaced a directory")
		}
	})
}

// Shells of Windows hand patterns on as they are, and no file can have such a name.
func TestWhatNoFileCanBeCalledIsNotThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "*.pbiviz")
	for what, err := range map[string]error{"open": errorOf(disk.OS().Open(name)), "stat": errorOf(disk.OS().Stat(name))} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestFilesAreTheirOwnersUnlessAsked(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // which has no such modes
	}
	onEveryDisk(t, func(t *testing.T, d disk.Disk, dir string) {
		for perm, want := range map[fs.FileMode]fs.FileMode{0: 0o600, 0o644: 0o644} {
			name := filepath.Join(dir, "f")
			if err := disk.Replace(d, name, perm, writeText("x")); err != nil {
				t.Fatal(err)
			}
			if info, err := d.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("perm %v gives %v, %v; want %v", perm, info.Mode(), err, want)
			}
		}
	})
}

// Whichever change fails, the old file stays and nothing else is left; only a
// failed syncdir leaves the new one, and says so.
func TestReplaceFailsWhole(t *testing.T) {
	onEveryDisk(t, func(t *testing.T, d disk.Disk, dir string) {
		name := filepath.Join(dir, "f")
		full := errors.New("no space left")
		for _, kind := range []string{"create", "write", "sync", "close", "rename", "syncdir"} {
			putFile(t, d, name, "old")
			failing := disktest.Watch(d, disktest.Hook{Before: func(op disktest.Op) error {
				if op.Kind == kind {
					return full
				}
				return nil
			}})
			err := disk.Replace(failing, name, 0, writeText("new"))
			if !errors.Is(err, full) || !strings.Contains(err.Error(), name) {
				t.Errorf("failing %s: %v", kind, err)
			}
			want := "old"
			if kind == "syncdir" {
				want = "new"
			}
			expectContent(t, d, name, want)
			if got := listNames(t, d, dir); got != "f" {
				t.Errorf("failing %s leaves %q", kind, got)
			}
		}
	})
}

func TestReplacePassesTheWritersErrorOn(t *testing.T) {
	onEveryDisk(t, func(t *testing.T, d disk.Disk, dir string) {
		own := errors.New("the package ended early")
		err := disk.Replace(d, filepath.Join(dir, "f"), 0, func(w io.Writer) error {
			_, _ = w.Write([]byte("half"))
			return own
		})
		if !errors.Is(err, own) || listNames(t, d, dir) != "" {
			t.Errorf("%v, and left %q", err, listNames(t, d, dir))
		}
	})
}

// A way to replace a file, and whether it survives a loss of power. The
// careless ones show that the disk in memory would catch them.
var ways = []struct {
	name    string
	careful bool
	replace func(d disk.Disk, name string, write func(io.Writer) error) error
}{
	{"as Replace does", true, func(d disk.Disk, name string, write func(io.Writer) error) error {
		return disk.Replace(d, name, 0, write)
	}},
	{"without syncing the bytes", false, func(d disk.Disk, name string, write func(io.Writer) error) error {
		f, err := d.Create(name+".new", 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close(), disk.Publish(d, name+".new", name))
	}},
	{"without syncing the directory", false, func(d disk.Disk, name string, write func(io.Writer) error) error {
		return errors.Join(disk.WriteSynced(d, name+".new", 0, write), d.Rename(name+".new", name))
	}},
	{"by removing the old file first", false, func(d disk.Disk, name string, write func(io.Writer) error) error {
		return errors.Join(d.Remove(name), disk.WriteSynced(d, name, 0, write), d.SyncDir("/data"))
	}},
	{"by syncing after the rename", false, func(d disk.Disk, name string, write func(io.Writer) error) error {
		f, err := d.Create(name+".new", 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), disk.Publish(d, name+".new", name), f.Sync(), f.Close())
	}},
}

func TestReplaceSurvivesPowerLoss(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			bad := ""
			losses := 0
			d := disktest.NewLossy()
			if err := disk.MakeDir(d, "/data", 0o755); err != nil {
				t.Fatal(err)
			}
			putFile(t, d, "/data/f", strings.Repeat("old", 100))
			check := func(when, allowed string) {
				for seed := range uint64(60) {
					losses++
					got, err := disk.ReadFile(d.PowerLoss(seed), "/data/f", 1<<20)
					switch {
					case err != nil:
						bad = when + ": " + err.Error()
					case len(got) < 3 || !strings.Contains(allowed, string(got[:3])) ||
						string(got) != strings.Repeat(string(got[:3]), 100):
						bad = when + ": holds " + string(got)
					}
				}
			}
			watched := disktest.Watch(d, disktest.Hook{
				Before: func(op disktest.Op) error { check("before "+op.String(), "old new"); return nil },
				After:  func(op disktest.Op, _ error) { check("after "+op.String(), "old new") },
			})
			err := way.replace(watched, "/data/f", func(w io.Writer) error {
				return errors.Join(writeText(strings.Repeat("new", 40))(w), writeText(strings.Repeat("new", 60))(w))
			})
			if err != nil {
				t.Fatal(err)
			}
			check("when done", "new")
			if way.careful != (bad == "") {
				t.Errorf("careful: %v; after %d losses: %q", way.careful, losses, bad)
			}
		})
	}
}

func TestMakeDirSurvivesPowerLoss(t *testing.T) {
	d := disktest.NewLossy()
	if err := d.MkdirAll("/a/b", 0o755); err != nil { // by someone stopped before syncing
		t.Fatal(err)
	}
	if err := disk.MakeDir(d, "/c/d/e", 0o755); err != nil {
		t.Fatal(err)
	}
	putFile(t, d, "/c/d/e/f", "x")
	lost := false
	for seed := range uint64(50) {
		after := d.PowerLoss(seed)
		expectContent(t, after, "/c/d/e/f", "x")
		if _, err := after.Stat("/a/b"); err != nil {
			lost = true
		}
	}
	if !lost {
		t.Error("the disk in memory never loses a directory")
	}
}

func TestAReaderSeesOldOrNew(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	d := disk.OS()
	contents := [][]byte{bytes.Repeat([]byte("a"), 70_000), bytes.Repeat([]byte("b"), 90_000)}
	write := func(b []byte) {
		err := disk.Replace(d, name, 0, func(w io.Writer) error { _, err := w.Write(b); return err })
		if err != nil {
			t.Error(err)
		}
	}
	write(contents[0])
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			got, err := disk.ReadFile(d, name, 1<<20)
			if err != nil || !bytes.Equal(got, contents[0]) && !bytes.Equal(got, contents[1]) {
				t.Errorf("a reader got %d bytes, %v", len(got), err)
				return
			}
			time.Sleep(5 * time.Millisecond) // on Windows nobody can replace what is open all the time
		}
	})
	for i := range 100 {
		write(contents[i%2])
	}
	close(stop)
	readers.Wait()
}

func TestSweepTakesOnlyItsOwn(t *testing.T) {
	onEveryDisk(t, func(t *testing.T, d disk.Disk, dir string) {
		keep := []string{".orgstore-tmp-", ".orgstore-tmp-0123456789abcdeg", ".orgstore-tmp-0123456789abcdef.pbiviz", "a.pbiviz", "x.tmp"}
		for _, name := range append(keep, ".orgstore-tmp-0123456789abcdef") {
			putFile(t, d, filepath.Join(dir, name), "x")
		}
		if err := d.MkdirAll(filepath.Join(dir, ".orgstore-tmp-aaaaaaaaaaaaaaaa"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := disk.Sweep(d, dir, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Stat(filepath.Join(dir, ".orgstore-tmp-0123456789abcdef")); err != nil {
			t.Error("a young temporary file was taken from its writer")
		}
		if err := disk.Sweep(d, dir, time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		got := listNames(t, d, dir)
		for _, name := range append(keep, ".orgstore-tmp-aaaaaaaaaaaaaaaa") {
			if !strings.Contains(" "+got+" ", " "+name+" ") {
				t.Errorf("%s was swept; left: %s", name, got)
			}
		}
		if len(strings.Fields(got)) != len(keep)+1 {
			t.Errorf("left: %s", got)
		}
	})
}

func TestReadFileIsBounded(t *testing.T) {
	onEveryDisk(t, func(t *testing.T, d disk.Disk, dir string) {
		name := filepath.Join(dir, "f")
		putFile(t, d, name, strings.Repeat("x", 1000))
		if b, err := disk.ReadFile(d, name, 1000); err != nil || len(b) != 1000 {
			t.Errorf("a file of exactly the limit: %d bytes, %v", len(b), err)
		}
		if _, err := disk.ReadFile(d, name, 999); !errors.Is(err, disk.ErrTooLarge) {
			t.Errorf("one byte more than the limit: %v", err)
		}
		if _, err := disk.ReadFile(d, filepath.Join(dir, "g"), 9); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing file: %v", err)
		}
		if _, err := disk.ReadFile(d, dir, 9); err == nil {
			t.Error("a directory was read")
		}
	})
}

func TestReservedName(t *testing.T) {
	for name, want := range map[string]bool{
		"CON.pbiviz": true, "con.pbiviz": true, "Nul": true, "aux.pbiviz.disabled": true, "COM1.pbiviz": true,
		"lpt9.license": true, "COM¹.x": true, "PRN .x": true, "CONIN$": true, "a.": true, "a ": true, "a:b": true,
		"a\x00b": true, "a\nb": true, "": true, `a\b`: true, "a/b": true,
		"CONTOSO.pbiviz": false, "COM.pbiviz": false, "COM10.pbiviz": false, "x.CON": false, ".hidden": false,
		"gauge7C1B.pbiviz": false, "Größe.pbiviz": false,
	} {
		if got := disk.ReservedName(name); got != want {
			t.Errorf("ReservedName(%q) is %v", name, got)
		}
	}
}

func TestLongPathsAreWritten(t *testing.T) {
	dir := t.TempDir()
	for range 6 {
		dir = filepath.Join(dir, strings.Repeat("long", 12))
	}
	if err := disk.MakeDir(disk.OS(), dir, 0o755); err != nil {
		t.Fatal(err)
	}
	putFile(t, disk.OS(), filepath.Join(dir, strings.Repeat("n", 150)), "x")
	expectContent(t, disk.OS(), filepath.Join(dir, strings.Repeat("n", 150)), "x")
}
