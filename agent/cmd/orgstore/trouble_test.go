package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/engine/enginetest"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/longtest"
)

// A laboratory is a world in memory with its journal.
type laboratory struct {
	world
	enginetest.Laboratory
}

// laboratoryAt makes an empty one.
func laboratoryAt(t testing.TB, dir string) laboratory {
	t.Helper()
	return inLaboratory(enginetest.NewLaboratory(t, dir))
}

func inLaboratory(l enginetest.Laboratory) laboratory { return laboratory{world{l.Dir, l.Lossy}, l} }

// found is the laboratory as it is found after a loss of power.
func (l laboratory) found(t testing.TB, seed uint64) laboratory {
	t.Helper()
	return inLaboratory(l.AfterPowerLoss(t, seed))
}

// copied is another laboratory like this one, with all of its disk safe.
func (l laboratory) copied(t testing.TB) laboratory {
	t.Helper()
	return inLaboratory(l.Copy(t))
}

// adapters are the program's in the laboratory.
func (l laboratory) adapters() cli.Adapters {
	a := adaptersAt(today())
	a.Ports = l.Ports(a.Ports)
	return a
}

func (l laboratory) book(t testing.TB) journal.Book {
	t.Helper()
	return l.Book(t)
}

func (l laboratory) state(t testing.TB) state {
	t.Helper()
	return l.read(t, l.book(t))
}

// run runs a command on a stage; the points it passed are in the answer.
func (l laboratory) run(pass func(n int, point string) error, args ...string) process {
	var points []string
	s := &enginetest.Stage{Pass: func(n int, point string) error {
		points = append(points, strings.ReplaceAll(point, l.dir, ""))
		return pass(n, point)
	}}
	p := here(staged(l.adapters(), s), args...)
	p.points = points
	return p
}

func steady(int, string) error { return nil }

// seeds is how many losses of power are tried at each point.
func seeds() uint64 {
	if longtest.IsWanted() {
		return 20
	}
	return 5
}

// The power goes after every change of the disk and every entry of the journal,
// and what was not synced may be lost. What is found is as before the command
// or as after it, and once the command has ended exactly as after it; the
// command, given again, gets where it was going.
func TestPowerLossAtEveryPoint(t *testing.T) {
	t.Parallel()
	l := laboratoryAt(t, t.TempDir())
	losses := 0
	for _, c := range story(t, deliver(t)) {
		if c.before != nil {
			c.before(t, l.world)
		}
		j := juncture{chapter: c, before: l.state(t)}
		type loss struct {
			point string
			found laboratory
		}
		var lost []loss
		cut := func(point string) {
			for seed := range seeds() {
				lost = append(lost, loss{point, l.found(t, seed)})
			}
		}
		whole := l.run(func(_ int, point string) error {
			if strings.HasPrefix(point, "after ") {
				cut(strings.ReplaceAll(point, l.dir, ""))
			}
			return nil
		}, c.command(l.world)...)
		if whole.code != 0 {
			t.Fatalf("%s left with %d: %s", c.name, whole.code, whole.err)
		}
		cut("the end")
		j.after = l.state(t)
		losses += len(lost)
		for _, at := range lost {
			t.Run(c.name+"/"+at.point, func(t *testing.T) { j.resumed(t, at.found, at.point == "the end") })
		}
	}
	t.Logf("%d losses of power", losses)
}

// resumed runs a command again in what was left of a laboratory.
func (j juncture) resumed(t *testing.T, l laboratory, ended bool) {
	left := l.state(t)
	j.between(t, left)
	if diff := cmp.Diff(j.after, left); ended && diff != "" {
		t.Errorf("the command had ended, and what it did is lost (-want +got):\n%s", diff)
	}
	if j.once && cmp.Equal(left, j.after) {
		return
	}
	again := l.run(steady, j.command(l.world)...)
	if again.code != 0 {
		t.Errorf("given again it left with %d: %s%s", again.code, again.err, again.out)
	}
	if diff := cmp.Diff(j.after, l.state(t)); diff != "" {
		t.Errorf("given again it did not get where it was going (-want +got):\n%s", diff)
	}
	l.tidy(t)
	l.complete(t, l.adapters(), j.after.Done)
}

// A spot is a point by what is done there, so that it is found again in another
// run: one run in a process that has made many may write a file in more pieces.
type spot struct {
	what string
	nth  int // of those that do the same, from 1
}

func (s spot) String() string { return fmt.Sprintf("%s %d", s.what, s.nth) }

// spots returns what turns points, in their order, into spots.
func spots(dir string) func(point string) spot {
	times := map[string]int{}
	names := strings.NewReplacer(dir, "", filepath.Dir(dir), "…")
	return func(point string) spot {
		what := passing.ReplaceAllString(names.Replace(point), "…")
		times[what]++
		return spot{what, times[what]}
	}
}

// passing is what names of temporary files differ by.
var passing = regexp.MustCompile(`[0-9a-f]{16}(\.unverified)?\b`)

// experiment plays a story in a laboratory and makes an experiment at every
// spot of each of its commands, each in a laboratory of its own. To try is to
// run the command, every point from the spot on in the hands of fails, which is
// told whether it is the spot itself.
func experiment(t *testing.T, try func(t *testing.T, j juncture, l laboratory, run func(fails func(at bool) error) process)) {
	l := laboratoryAt(t, t.TempDir())
	for _, c := range story(t, deliver(t)) {
		if c.before != nil {
			c.before(t, l.world)
		}
		j := juncture{chapter: c, before: l.state(t)}
		start := l.copied(t)
		whole := l.run(steady, c.command(l.world)...)
		if whole.code != 0 {
			t.Fatalf("%s left with %d: %s", c.name, whole.code, whole.err)
		}
		j.after = l.state(t)
		name := spots(l.dir)
		for _, point := range whole.points {
			at := name(point)
			if strings.HasPrefix(point, "before ") || strings.HasPrefix(point, "after recording") {
				t.Run(c.name+"/"+at.String(), func(t *testing.T) {
					l := start.copied(t)
					try(t, j, l, func(fails func(bool) error) process { return l.failing(at, fails, c.command(l.world)...) })
				})
			}
		}
	}
}

// failing runs a command that fails from a spot on as fails says.
func (l laboratory) failing(at spot, fails func(bool) error, args ...string) process {
	name, reached := spots(l.dir), false
	return l.run(func(_ int, point string) error {
		here := name(point) == at
		if reached = reached || here; !reached {
			return nil
		}
		return fails(here)
	}, args...)
}

// Every write fails once. The command says why and loses nothing; given again,
// it gets where it was going.
func TestEveryWriteFailsOnce(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left on device")
	experiment(t, func(t *testing.T, j juncture, l laboratory, run func(func(bool) error) process) {
		failed := false
		first := run(func(at bool) error {
			if !at {
				return nil
			}
			failed = true
			return full
		})
		done := cmp.Equal(j.after, l.state(t))
		tidying := done && strings.Contains(t.Name(), "/before_remove_")
		if failed && !tidying && !strings.Contains(first.err+string(first.out), full.Error()) {
			t.Errorf("it left with %d and does not say why: %s%s", first.code, first.err, first.out)
		}
		if !done && first.code == 0 && j.name != "poll" { // which goes on without what it cannot take in
			t.Errorf("it left with 0 and did not do what it should: %s", cmp.Diff(j.after, l.state(t)))
		}
		j.resumed(t, l, false)
	})
}

// The program dies, is started again and gets where it was going; then the
// power goes. What the second run took for done is there to stay, though the
// first made it and never synced it.
func TestDiesThenLosesPower(t *testing.T) {
	t.Parallel()
	experiment(t, func(t *testing.T, j juncture, l laboratory, run func(func(bool) error) process) {
		run(func(bool) error { return errors.New("died") })
		if j.once && cmp.Equal(j.after, l.state(t)) {
			return // who looks sees it, but nobody has been told that it is done
		}
		j.resumed(t, l, false)
		for seed := range seeds() {
			if diff := cmp.Diff(j.after, l.found(t, seed).state(t)); diff != "" {
				t.Fatalf("what was done is lost (-want +got):\n%s", diff)
			}
		}
	})
}

// The program dies after it recorded something, and dies again wherever it may
// while it recovers from that. The third run gets where the first was going.
func TestDiesWhileRecovering(t *testing.T) {
	t.Parallel()
	experiment(t, func(t *testing.T, j juncture, l laboratory, run func(func(bool) error) process) {
		if j.puts == 0 || !strings.Contains(t.Name(), "/after_recording_") {
			return
		}
		died := errors.New("died")
		run(func(bool) error { return died })
		if left := l.state(t); j.once && cmp.Equal(j.after, left) {
			return
		}
		interrupted, name := l.copied(t), spots(l.dir)
		for _, point := range l.run(steady, j.command(l.world)...).points {
			again := interrupted.copied(t)
			again.failing(name(point), func(bool) error { return died }, j.command(l.world)...)
			j.resumed(t, again, false)
		}
	})
}
