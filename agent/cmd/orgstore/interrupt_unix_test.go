//go:build !windows

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// Ctrl-C at any point of an apply of two visuals: a step that was begun is
// finished, the next is not begun, and the exit code says 130; nothing is half,
// and the same command goes on from there.
func TestCtrlCEndsBetweenSteps(t *testing.T) {
	t.Parallel()
	w := pair(t)
	apply := func(w world) []string { return []string{"--config", w.settings(), "apply", "--force"} }
	probe := w.copied(t)
	whole := start(t, 0, apply(probe)...)
	goal := probe.read(t, probe.book(t))
	var ended [3]atomic.Int32 // how many runs ended after so many steps
	t.Cleanup(func() {
		for steps := range ended {
			if ended[steps].Load() == 0 {
				t.Errorf("no run ended after %d steps", steps)
			}
		}
	})
	var sample killSample
	name := spots(probe.dir)
	for i, point := range whole.points {
		at := name(point)
		if !sample.picks(at.what) {
			continue
		}
		t.Run(fmt.Sprintf("%03d %s", i+1, at.what), func(t *testing.T) {
			t.Parallel()
			w := w.copied(t)
			p := pause(t, i+1, apply(w)...)
			if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			first := p.end(t)
			left := w.read(t, w.book(t))
			steps := len(left.Done)
			ended[steps].Add(1)
			if want := ending(steps); first.code != want {
				t.Errorf("it left with %d after %d steps: %s", first.code, steps, first.err)
			}
			if len(left.Store) != steps || w.installs(first.points) != steps {
				t.Errorf("%d steps are done, the store holds %v, %d packages were put", steps, left.Store, w.installs(first.points))
			}
			w.complete(t, adaptersAt(today()), left.Done)
			again := start(t, 0, apply(w)...)
			if again.code != 0 || w.installs(again.points) != len(goal.Store)-steps {
				t.Errorf("again it left with %d and put %d packages: %s", again.code, w.installs(again.points), again.err)
			}
		})
	}
}

// ending is the exit code of an apply of two visuals that Ctrl-C ended.
func ending(steps int) int {
	if steps == 2 {
		return 0 // it came too late to stop anything
	}
	return 130
}

// A service manager stops the agent while it makes the first of two changes: that
// change is finished, the second is not begun, it says that it stopped and leaves
// with 0, and the next agent makes the rest.
func TestServiceStopEndsBetweenSteps(t *testing.T) {
	t.Parallel()
	w := pair(t)
	probe := w.copied(t)
	run := func(w world) []string { return []string{"--config", w.settings(), "agent", "run"} }
	first := probe.agent(t)
	until(t, first, "both visuals are installed", func() bool { return probe.rounds(t) > 0 })
	points := passed(t, first.trace)
	begun := slices.Index(points, "after recording begun")
	if begun < 0 {
		t.Fatalf("nothing is begun in %q", points)
	}
	p := pause(t, begun+1, run(w)...)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := p.end(t)
	left := w.read(t, w.book(t))
	if ended.code != 0 || len(left.Done) != 1 || len(left.Store) != 1 {
		t.Errorf("it left with %d, %q done and %v in the store: %s", ended.code, left.Done, left.Store, ended.err)
	}
	if s := w.tried("agent", "status"); s.code != 1 || !strings.Contains(s.err, "was stopped") {
		t.Errorf("agent status leaves with %d: %s", s.code, s.err)
	}
	w.must(t, "--config", w.settings(), "agent", "run", "--once")
	if after := w.read(t, w.book(t)); len(after.Done) != 2 || len(after.Store) != 2 {
		t.Errorf("the next run left %q done and %v in the store", after.Done, after.Store)
	}
}
