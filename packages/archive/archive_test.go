package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func open(t *testing.T, d disk.Disk, dir string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKeepAndReadAgain(t *testing.T) {
	dir := t.TempDir()
	a := open(t, disk.OS(), filepath.Join(dir, "data", "archive"))
	file, token := []byte("a package"), []byte("a statement")
	for range 2 {
		pd, err := a.KeepPackage(file)
		if err != nil || pd != visual.DigestOf(file) {
			t.Fatalf("%v, %v", pd, err)
		}
		sd, err := a.KeepStatement(token)
		if err != nil || sd != visual.DigestOf(token) {
			t.Fatalf("%v, %v", sd, err)
		}
	}
	a = open(t, disk.OS(), filepath.Join(dir, "data", "archive"))
	if b, err := a.Package(visual.DigestOf(file)); err != nil || !bytes.Equal(b, file) {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := a.Statement(visual.DigestOf(token)); err != nil || !bytes.Equal(b, token) {
		t.Errorf("%q, %v", b, err)
	}
	if all, err := a.Packages(); err != nil || !slices.Equal(all, []visual.Digest{visual.DigestOf(file)}) {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := a.Statements(); err != nil || !slices.Equal(all, []visual.Digest{visual.DigestOf(token)}) {
		t.Errorf("%v, %v", all, err)
	}
	name := filepath.Join(dir, "data", "archive", "packages", visual.DigestOf(file).Hex()+".pbiviz")
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}

func TestAMissingPackageIsSaidSo(t *testing.T) {
	a := open(t, disktest.NewLossy(), "/archive")
	digest, err := a.KeepStatement([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	// A statement is no package, though the digest is known.
	if _, err := a.Package(digest); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), digest.Short()) {
		t.Errorf("got %v", err)
	}
}

func TestDamageIsFoundAtEveryReadAndMended(t *testing.T) {
	good := bytes.Repeat([]byte("good"), 1000)
	flipped := bytes.Clone(good)
	flipped[1234] ^= 1
	for name, bad := range map[string][]byte{
		"one bit flipped": flipped, "cut short": good[:999], "emptied": nil, "one byte more": append(bytes.Clone(good), 'x'),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			a := open(t, disk.OS(), dir)
			digest, err := a.KeepPackage(good)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "packages", digest.Hex()+".pbiviz")
			if _, err := a.Package(digest); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = a.Package(digest)
			var damaged *verdict.Refusal
			if !errors.As(err, &damaged) || damaged.Code() != archive.Damaged ||
				!strings.Contains(err.Error(), file) || !strings.Contains(damaged.Findings[0].Hint, file) {
				t.Fatalf("got %v", err)
			}
			if _, err := a.KeepPackage(good); err != nil {
				t.Fatal(err)
			}
			if b, err := a.Package(digest); err != nil || !bytes.Equal(b, good) {
				t.Errorf("taking it in again did not mend it: %v", err)
			}
		})
	}
}

func TestAFolderInPlaceOfAPackageIsMovedAside(t *testing.T) {
	dir := t.TempDir()
	a := open(t, disk.OS(), dir)
	file := []byte("a package")
	digest := visual.DigestOf(file)
	name := filepath.Join(dir, "packages", digest.Hex()+".pbiviz")
	if err := os.MkdirAll(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(name, "somebody's"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := a.Package(digest)
	if r := (*verdict.Refusal)(nil); !errors.As(err, &r) || r.Code() != archive.Damaged || !strings.Contains(err.Error(), name) {
		t.Errorf("got %v", err)
	}
	for range 2 {
		if _, err := a.KeepPackage(file); err != nil {
			t.Fatal(err)
		}
		if b, err := a.Package(digest); err != nil || !bytes.Equal(b, file) {
			t.Errorf("%q, %v", b, err)
		}
	}
	aside, err := filepath.Glob(filepath.Join(dir, "packages", "*.aside", "somebody's"))
	if err != nil || len(aside) != 1 {
		t.Errorf("what was in the folder is in %v, %v", aside, err)
	}
	if all, err := a.Packages(); err != nil || !slices.Equal(all, []visual.Digest{digest}) {
		t.Errorf("listed %v, %v", all, err)
	}
}

func TestReadingIsBounded(t *testing.T) {
	dir := t.TempDir()
	a := open(t, disk.OS(), dir)
	digest, err := a.KeepStatement([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "statements", digest.Hex()+".license"), archive.MaxStatement+1); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Statement(digest); !errors.Is(err, disk.ErrTooLarge) {
		t.Errorf("a file beyond the limit: %v", err)
	}
	if _, err := a.KeepStatement(make([]byte, archive.MaxStatement+1)); err == nil {
		t.Error("more than can be read again was kept")
	}
	if _, err := a.KeepStatement(make([]byte, archive.MaxStatement)); err != nil {
		t.Errorf("exactly the limit: %v", err)
	}
}

func TestForeignFilesAreNeitherListedNorTouched(t *testing.T) {
	dir := t.TempDir()
	a := open(t, disk.OS(), dir)
	hex := visual.DigestOf([]byte("x")).Hex()
	foreign := []string{"readme.txt", hex, hex + ".PBIVIZ", strings.ToUpper(hex) + ".pbiviz", hex[1:] + ".pbiviz",
		hex + ".pbiviz.bak", hex + ".unverified", "x.unverified", hex + ".license"}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(dir, "packages", name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := visual.DigestOf([]byte("y"))
	if err := os.Mkdir(filepath.Join(dir, "packages", other.Hex()+".pbiviz"), 0o700); err != nil {
		t.Fatal(err)
	}
	if all, err := a.Packages(); err != nil || len(all) != 0 {
		t.Errorf("listed %v, %v", all, err)
	}
	if err := a.Sweep(); err != nil {
		t.Fatal(err)
	}
	for _, name := range foreign {
		if _, err := os.Stat(filepath.Join(dir, "packages", name)); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRemovesOldLeftoversOnly(t *testing.T) {
	dir := t.TempDir()
	open(t, disk.OS(), dir)
	hex := visual.DigestOf([]byte("x")).Hex()
	old := filepath.Join(dir, "packages", hex+"-0123456789abcdef.unverified")
	young := filepath.Join(dir, "statements", hex+"-0123456789abcdef.unverified")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ago := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, ago, ago); err != nil {
		t.Fatal(err)
	}
	a := open(t, disk.OS(), dir)
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an old leftover stays: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a file was taken from its writer: %v", err)
	}
	if err := a.Sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(young); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a sweep under the lock leaves %v", err)
	}
}

func TestASweepInTheMidstOfKeepingLosesNothing(t *testing.T) {
	dir := t.TempDir()
	sweeper := open(t, disk.OS(), dir)
	swept := false
	watched := disktest.Watch(disk.OS(), disktest.Hook{Before: func(op disktest.Op) error {
		if op.Kind == "rename" && !swept {
			swept = true
			return sweeper.Sweep()
		}
		return nil
	}})
	a := open(t, watched, dir)
	digest, err := a.KeepPackage([]byte("x"))
	if err != nil || !swept {
		t.Fatalf("swept: %v, %v", swept, err)
	}
	if _, err := a.Package(digest); err != nil {
		t.Error(err)
	}
}

func TestManyKeepTheSameAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 16 {
		a := open(t, disk.OS(), dir)
		all.Go(func() {
			for j := range 5 {
				file := fmt.Appendf(nil, "package %d", (i+j)%5)
				digest, err := a.KeepPackage(file)
				if err != nil {
					t.Error(err)
					return
				}
				if b, err := a.Package(digest); err != nil || !bytes.Equal(b, file) {
					t.Errorf("%q, %v", b, err)
				}
			}
		})
	}
	all.Wait()
	entries, err := os.ReadDir(filepath.Join(dir, "packages"))
	if err != nil || len(entries) != 5 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// After a loss of power at any moment the archive opens, lists nothing that it
// cannot give back, and holds all that it said it keeps.
func TestKeepSurvivesPowerLoss(t *testing.T) {
	lossy := disktest.NewLossy()
	files := [][]byte{bytes.Repeat([]byte("one"), 500), bytes.Repeat([]byte("two"), 700), []byte("three")}
	kept := 0
	torn, losses := 0, 0
	check := func(when string) {
		for seed := range uint64(40) {
			losses++
			found := lossy.PowerLoss(seed)
			a := open(t, found, "/data/archive")
			all, err := a.Packages()
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			for _, digest := range all {
				if _, err := a.Package(digest); err != nil {
					torn++
					t.Errorf("%s: %v", when, err)
				}
			}
			for _, file := range files[:kept] {
				if _, err := a.Package(visual.DigestOf(file)); err != nil {
					t.Errorf("%s: a kept package is gone: %v", when, err)
				}
			}
			if torn > 5 || t.Failed() {
				t.Fatalf("gave up after %d losses", losses)
			}
		}
	}
	watched := disktest.Watch(lossy, disktest.Hook{
		Before: func(op disktest.Op) error { check("before " + op.String()); return nil },
		After:  func(op disktest.Op, _ error) { check("after " + op.String()) },
	})
	a := open(t, watched, "/data/archive")
	for _, file := range files {
		if _, err := a.KeepPackage(file); err != nil {
			t.Fatal(err)
		}
		kept++
		check("when kept")
	}
	// Kept by one that is stopped before the last sync, and kept again: then it
	// must be safe.
	last := []byte("four")
	stopped := errors.New("stopped")
	failing := disktest.Watch(lossy, disktest.Hook{Before: func(op disktest.Op) error {
		if op.Kind == "syncdir" && strings.HasSuffix(op.Name, "packages") {
			return stopped
		}
		return nil
	}})
	if _, err := open(t, failing, "/data/archive").KeepPackage(last); !errors.Is(err, stopped) {
		t.Fatalf("got %v", err)
	}
	if _, err := open(t, lossy, "/data/archive").KeepPackage(last); err != nil {
		t.Fatal(err)
	}
	files, kept = append(files, last), kept+1
	check("when kept again")
}
