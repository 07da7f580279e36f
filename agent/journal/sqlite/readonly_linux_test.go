package sqlite_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
)

// unprivileged runs f as a user whom permissions stop, even where the test runs
// as root. The kernel knows that user for this thread's files only, so f must
// stay on it.
func unprivileged(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	f()
}

// locked lets everyone read a file and its folder, and nobody write to them.
func locked(t *testing.T, path string) {
	t.Helper()
	for name, mode := range map[string]os.FileMode{path: 0o444, filepath.Dir(path): 0o555, filepath.Dir(filepath.Dir(path)): 0o755} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o755) })
}

func TestReadOnlyDisk(t *testing.T) {
	path := made(t, 3)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	locked(t, path)
	unprivileged(t, func() {
		l, err := sqlite.Open(context.Background(), path)
		if err == nil {
			_, err = journal.Replay(context.Background(), l)
			_ = l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "may not be") || !strings.Contains(err.Error(), path) {
			t.Errorf("opening it: %v", err)
		}
	})
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestCreatingOnAReadOnlyDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	if err := os.WriteFile(filepath.Join(dir, "other"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	locked(t, filepath.Join(dir, "other"))
	unprivileged(t, func() {
		if _, err := sqlite.Open(context.Background(), path); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("creating it: %v", err)
		}
	})
	if left := listed(t, dir); left != "other" {
		t.Errorf("it leaves %s", left)
	}
}

// A disk that becomes read-only while the log is open: the append fails as a
// whole, and what was there is read as before.
func TestDiskBecomesReadOnly(t *testing.T) {
	path := made(t, 2)
	l := opened(t, path)
	j := journaltest.Open(t, l)
	if err := l.Refuse(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := j.Append(t.Context(), "tx_1", journal.SettingsSeen{Policy: "p"})
	if err == nil || !strings.Contains(err.Error(), "may not be written to") || j.Book().Seq() != 2 {
		t.Errorf("appending: %v; the book ends at %d", err, j.Book().Seq())
	}
	if err := j.Refresh(t.Context()); err != nil || j.Book().Seq() != 2 {
		t.Errorf("reading: %v; the book ends at %d", err, j.Book().Seq())
	}
}
