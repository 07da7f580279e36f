//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/example"
)

// A process that stops answering in the middle of a change loses the right to
// go on: another takes over after a minute and finishes the change; when the
// first wakes up, it changes nothing more and says why.
func TestStoppedHolderLosesTheLease(t *testing.T) {
	t.Parallel()
	w := pair(t)
	first := pause(t, w.begun(t), "--config", w.settings(), "apply", "--force")
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	soon := adaptersAt(today().Add(59 * time.Second))
	if p := here(soon, "--config", w.settings(), "apply", "--force"); p.code != 15 {
		t.Errorf("before the minute is over another left with %d: %s", p.code, p.err)
	}
	later := adaptersAt(today().Add(2 * time.Minute))
	second := here(later, "--config", w.settings(), "apply", "--force")
	if second.code != 0 || !strings.Contains(second.err, "has not answered") {
		t.Errorf("another left with %d: %s", second.code, second.err)
	}
	between := w.read(t, w.book(t))
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if p := first.end(t); p.code != 15 || !strings.Contains(p.err, "taken over") || w.installs(p.points) != 0 {
		t.Errorf("the first left with %d and put %d packages: %s", p.code, w.installs(p.points), p.err)
	}
	after := w.read(t, w.book(t))
	if len(after.Done) != 2 || len(after.Store) != 2 || strings.Join(after.Done, " ") != strings.Join(between.Done, " ") {
		t.Errorf("the history says %q, the store holds %v", after.Done, after.Store)
	}
	if p := here(later, "--config", w.settings(), "rollback", example.TimelineGUID, "--to", "0", "--reason", "seen", "--force"); p.code != 0 {
		t.Errorf("nobody can go on: %d: %s", p.code, p.err)
	}
}
