package disktest_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

func TestEveryChangeIsCounted(t *testing.T) {
	l := disktest.NewLossy()
	var before, after []string
	w := disktest.Watch(l, disktest.Hook{
		Before: func(op disktest.Op) error { before = append(before, op.String()); return nil },
		After:  func(op disktest.Op, _ error) { after = append(after, op.String()) },
	})
	err := errors.Join(w.MkdirAll("/d", 0o755), write(w, "/d/a"), w.Rename("/d/a", "/d/b"), w.SyncDir("/d"), w.Remove("/d/b"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1 mkdir /d", "2 create /d/a", "3 write /d/a", "4 sync /d/a", "5 close /d/a",
		"6 rename /d/a /d/b", "7 syncdir /d", "8 remove /d/b"}
	if !slices.Equal(before, want) || !slices.Equal(after, want) || w.Count() != len(want) {
		t.Errorf("before %q\nafter %q\ncount %d", before, after, w.Count())
	}
}

func write(d disk.Disk, name string) error {
	return disk.WriteSynced(d, name, 0, func(w io.Writer) error {
		_, err := io.WriteString(w, "x")
		return err
	})
}

func TestAHookMakesAChangeFail(t *testing.T) {
	l := disktest.NewLossy()
	full := errors.New("no space left")
	w := disktest.Watch(l, disktest.Hook{Before: func(op disktest.Op) error {
		if op.Kind == "create" {
			return full
		}
		return nil
	}})
	if err := write(w, "/a"); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if _, err := l.Stat("/a"); err == nil {
		t.Error("the change was made all the same")
	}
}

// What is left of a file that was never synced takes every form that the
// package promises, and what was synced is always there.
func TestWhatALossLeaves(t *testing.T) {
	l := disktest.NewLossy()
	f, err := l.Create("/f", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte("safe"))
	_ = f.Sync()
	_, _ = f.Write([]byte("loose"))
	seen := map[string]int{}
	for seed := range uint64(500) {
		after := l.PowerLoss(seed)
		b, err := disk.ReadFile(after, "/f", 100)
		switch {
		case err != nil:
			seen["no name"]++
		case !bytes.HasPrefix(b, []byte("safe")):
			t.Fatalf("synced bytes are gone: %q", b)
		case string(b) == "safeloose":
			seen["all"]++
		case bytes.ContainsRune(b, 0):
			seen["zeros"]++
		default:
			seen["cut"]++
		}
		again, err2 := disk.ReadFile(l.PowerLoss(seed), "/f", 100)
		if !bytes.Equal(b, again) || (err == nil) != (err2 == nil) {
			t.Fatalf("seed %d leaves %q and %q", seed, b, again)
		}
		if c, _ := disk.ReadFile(after.PowerLoss(seed+1), "/f", 100); !bytes.Equal(b, c) {
			t.Fatalf("what was found after one loss changed by the next: %q, %q", b, c)
		}
	}
	for _, what := range []string{"no name", "all", "zeros", "cut"} {
		if seen[what] == 0 {
			t.Errorf("never seen: %s (%v)", what, seen)
		}
	}
}

// Names are lost in any combination until their directory is synced.
func TestNamesAreLostInAnyCombination(t *testing.T) {
	l := disktest.NewLossy()
	_ = write(l, "/old")
	_ = l.SyncDir("/")
	_ = write(l, "/a")
	_ = write(l, "/b")
	_ = l.Remove("/old")
	seen := map[string]bool{}
	for seed := range uint64(500) {
		entries, err := l.PowerLoss(seed).ReadDir("/")
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, e := range entries {
			all += e.Name() + " "
		}
		seen[all] = true
	}
	if len(seen) != 8 {
		t.Errorf("only %d combinations of 8: %v", len(seen), seen)
	}
	_ = l.SyncDir("/")
	for seed := range uint64(50) {
		if entries, _ := l.PowerLoss(seed).ReadDir("/"); len(entries) != 2 {
			t.Fatalf("a synced directory holds %v", entries)
		}
	}
}
