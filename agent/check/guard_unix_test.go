//go:build !windows

package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/check"
	"github.com/orgstore/orgstore/agent/journal"
)

// A program, or a script that an argument names, which others may change is not run.
func TestWhatOthersMayChangeIsNotRun(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "check.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch ran\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{script}, {"sh", "check.sh"}, {"sh", script}} {
		c := check.Command{Args: args, Dir: dir, Env: []string{"PATH=/usr/bin:/bin"}, Limit: time.Minute, Now: time.Now}
		for _, mode := range []os.FileMode{0o757, 0o755} {
			if err := os.Chmod(script, mode); err != nil {
				t.Fatal(err)
			}
			answer := c.Check(t.Context(), check.Change{})
			_, err := os.Stat(filepath.Join(dir, "ran"))
			isSafe := mode == 0o755
			if (err == nil) != isSafe || (c.Ready() == nil) != isSafe || (answer.Answer == journal.Passed) != isSafe ||
				!isSafe && !strings.Contains(answer.Message, "not safe to run") {
				t.Errorf("%v with the mode %o: %+v; it ran: %v", args, mode, answer, err == nil)
			}
			_ = os.Remove(filepath.Join(dir, "ran"))
		}
	}
}
