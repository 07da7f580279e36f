//go:build unix

package disk_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/orgstore/orgstore/packages/disk"
)

// Opening a pipe waits for whoever writes to it; where a file was named, nobody does.
func TestReadFileDoesNotWaitForAPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "settings.yaml")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := disk.ReadFile(disk.OS(), name, 100); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("got %v", err)
	}
}
