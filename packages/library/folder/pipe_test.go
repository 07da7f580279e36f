//go:build linux

package folder

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/orgstore/orgstore/packages/verdict"
)

// Opening a pipe that nobody writes to hangs for ever.
func TestAPipeDoesNotHang(t *testing.T) {
	f, dir := openInbox(t)
	if err := syscall.Mkfifo(filepath.Join(dir, "x.pbiviz"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := fetchText(f, onlyItem(t, f), 100)
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) {
		t.Errorf("got %v", err)
	}
}
