package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func TestComputationsAreKeptAndReplaced(t *testing.T) {
	dir := t.TempDir()
	a := open(t, disk.OS(), dir)
	key, other := visual.DigestOf([]byte("a pair")), visual.DigestOf([]byte("another"))
	if _, err := a.Computation(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before anything is kept: %v", err)
	}
	for _, text := range []string{"first", "second\nline", ""} {
		if err := a.KeepComputation(key, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if b, err := open(t, disk.OS(), dir).Computation(key); err != nil || string(b) != text {
			t.Errorf("kept %q, read %q, %v", text, b, err)
		}
	}
	if _, err := a.Computation(other); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another key: %v", err)
	}
	if err := a.KeepComputation(key, make([]byte, archive.MaxComputation+1)); err == nil {
		t.Error("more than can be read again was kept")
	}
	most := bytes.Repeat([]byte("x"), archive.MaxComputation)
	if err := a.KeepComputation(key, most); err != nil {
		t.Fatal(err)
	}
	if b, err := a.Computation(key); err != nil || !bytes.Equal(b, most) {
		t.Errorf("as much as may be kept: %d bytes, %v", len(b), err)
	}
	if all, err := a.Packages(); err != nil || len(all) != 0 {
		t.Errorf("packages %v, %v", all, err)
	}
}

func TestADamagedComputationIsRefused(t *testing.T) {
	dir := t.TempDir()
	a := open(t, disk.OS(), dir)
	key, other := visual.DigestOf([]byte("a pair")), visual.DigestOf([]byte("another"))
	if err := a.KeepComputation(key, []byte("what differs")); err != nil {
		t.Fatal(err)
	}
	file := func(key visual.Digest) string { return filepath.Join(dir, "computations", key.Hex()+".computed") }
	good, err := os.ReadFile(file(key))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(good)-1] ^= 1
	for name, bad := range map[string][]byte{
		"flipped": flipped, "cut short": good[:len(good)-1], "emptied": nil, "zeros": make([]byte, len(good)), "one byte more": append(bytes.Clone(good), 'x'),
	} {
		if err := os.WriteFile(file(key), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := a.Computation(key)
		if r := (*verdict.Refusal)(nil); !errors.As(err, &r) || r.Code() != archive.Damaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(file(other), good, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := a.Computation(other); err == nil {
		t.Errorf("the file of one key was read as %q under another", b)
	}
}

// Whoever keeps one too many loses the oldest, and never what was just kept.
func TestTheOldestComputationsGo(t *testing.T) {
	d := disktest.NewLossy()
	a := open(t, d, "/archive")
	if err := d.MkdirAll("/archive/computations", 0o700); err != nil {
		t.Fatal(err)
	}
	for n := range 10_000 {
		f, err := d.Create(fmt.Sprintf("/archive/computations/%064x.computed", n), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	key := visual.DigestOf([]byte("a pair"))
	for range 2 {
		if err := a.KeepComputation(key, []byte("what differs")); err != nil {
			t.Fatal(err)
		}
		if entries, err := d.ReadDir("/archive/computations"); err != nil || len(entries) != 9001 {
			t.Errorf("%d are kept, %v", len(entries), err)
		}
	}
	if _, err := a.Computation(key); err != nil {
		t.Error(err)
	}
}

// Whatever moment the power is lost at, the old text is there, or the new one, or
// what is there is known to be damaged.
func TestPowerLossWhileAComputationIsKept(t *testing.T) {
	lossy := disktest.NewLossy()
	key := visual.DigestOf([]byte("a pair"))
	if err := open(t, lossy, "/archive").KeepComputation(key, []byte("old")); err != nil {
		t.Fatal(err)
	}
	losses := 0
	check := func() {
		for seed := range uint64(10) {
			losses++
			left := open(t, lossy.PowerLoss(seed), "/archive")
			if b, err := left.Computation(key); err != nil || string(b) != "old" && string(b) != "new" {
				t.Fatalf("%q, %v", b, err)
			}
			if err := errors.Join(left.Sweep(), left.KeepComputation(key, []byte("next"))); err != nil {
				t.Fatal(err)
			}
		}
	}
	watched := disktest.Watch(lossy, disktest.Hook{
		Before: func(disktest.Op) error { check(); return nil },
		After:  func(disktest.Op, error) { check() },
	})
	if err := open(t, watched, "/archive").KeepComputation(key, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if losses == 0 {
		t.Error("no loss was tried")
	}
}
