package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/longtest"
	"github.com/orgstore/orgstore/packages/store"
)

// The program is killed at every point it passes, in every command of the
// story, and started again. Whenever it dies, store, settings, archive and
// journal are as they were before the command or as they are after it; started
// again it gets where it was going, with a complete history, and installs
// nothing twice.
func TestKilledAtEveryPoint(t *testing.T) {
	t.Parallel()
	w := world{t.TempDir(), disk.OS()}
	points, killed := 0, 0
	var ofStory, ofForgotten killSample
	for _, c := range story(t, deliver(t)) {
		j := w.play(t, c)
		points += len(j.points)
		t.Run(c.name, func(t *testing.T) { killed += j.everywhere(t, &ofStory, j.killed) })
		if c.name == "rollback" {
			t.Run("apply instead of rollback", func(t *testing.T) { j.everywhere(t, &ofForgotten, j.forgotten) })
		}
	}
	t.Logf("killed at %d of %d points", killed, points)
}

// play runs a chapter to its end.
func (w world) play(t *testing.T, c chapter) juncture {
	t.Helper()
	if c.before != nil {
		c.before(t, w)
	}
	j := juncture{chapter: c, start: w.copied(t)}
	j.before = j.start.read(t, j.start.book(t))
	whole := start(t, 0, c.command(w)...)
	if whole.code != 0 {
		t.Fatalf("%s left with %d: %s", c.name, whole.code, whole.err)
	}
	j.after = w.read(t, w.book(t))
	name := spots(w.dir)
	for _, p := range whole.points {
		j.points = append(j.points, name(p).what)
	}
	return j
}

// A juncture is a chapter with the worlds before and after it.
type juncture struct {
	chapter
	start         world
	before, after state
	points        []string // what it does, from its start to its end
}

// A killSample picks the points to kill at: each at which something is recorded, and
// the first of each other kind. ./check long kills at all.
type killSample struct{ longtest.Sample }

// picks reports whether to kill at a point. What is done in the same folder by the
// same kind of change is of one kind.
func (s *killSample) picks(point string) bool {
	if strings.Contains(point, " recording ") {
		return true
	}
	kind := point
	if i := strings.LastIndex(point, " "+string(filepath.Separator)); i >= 0 {
		folder := filepath.Dir(point[i+1:])
		kind = strings.Join(strings.Fields(point)[:2], " ") + " " + folder
	}
	return s.Picks(kind)
}

// everywhere tests what happens at each of the points that a sample picks, and
// returns how many those are.
func (j juncture) everywhere(t *testing.T, s *killSample, test func(t *testing.T, at int)) (picked int) {
	for i, point := range j.points {
		if !s.picks(point) {
			continue
		}
		picked++
		t.Run(fmt.Sprintf("%03d %s", i+1, point), func(t *testing.T) {
			t.Parallel()
			test(t, i+1)
		})
	}
	return picked
}

// killed kills the command at a point, and runs it again.
func (j juncture) killed(t *testing.T, at int) {
	w, left := j.interrupted(t, at)
	finished := cmp.Equal(left, j.after)
	if finished && j.once {
		return // who looks sees that it is done
	}
	again := start(t, 0, j.command(w)...)
	if again.code != 0 {
		t.Errorf("started again it left with %d: %s%s", again.code, again.err, again.out)
	}
	if diff := cmp.Diff(j.after, w.read(t, w.book(t))); diff != "" {
		t.Errorf("started again it did not get where it was going (-want +got):\n%s", diff)
	}
	want := j.puts
	if cmp.Equal(left.Store, j.after.Store) {
		want = 0
	}
	if got := w.installs(again.points); got != want {
		t.Errorf("started again it put %d packages into the store instead of %d", got, want)
	}
	w.tidy(t)
	w.complete(t, adaptersAt(today()), j.after.Done)
}

// forgotten kills a rollback at a point, and nobody repeats it: the next apply
// finishes what was recorded and brings nothing back that was left.
func (j juncture) forgotten(t *testing.T, at int) {
	w, left := j.interrupted(t, at)
	want, puts := j.before, 0
	gauge := store.Key{Store: theStore, GUID: parsed(t, example.Gauge(example.Gauge1400)).Manifest().GUID}
	switch {
	case cmp.Equal(left.Store, j.after.Store):
		want = j.after
	case w.book(t).Open(gauge) != nil:
		want, puts = j.after, j.puts
	}
	for range 2 {
		again := start(t, 0, "--config", w.settings(), "apply", "--force")
		if n := w.installs(again.points); n != puts || again.code != 0 {
			t.Errorf("apply put %d packages into the store instead of %d and left with %d: %s%s", n, puts, again.code, again.err, again.out)
		}
		puts = 0
		if diff := cmp.Diff(want, w.read(t, w.book(t))); diff != "" {
			t.Errorf("apply did not finish what was begun (-want +got):\n%s", diff)
		}
		w.complete(t, adaptersAt(today()), want.Done)
	}
}

// interrupted returns the world that a command leaves when it is killed.
func (j juncture) interrupted(t *testing.T, at int) (world, state) {
	t.Helper()
	w := j.start.copied(t)
	first := start(t, at, j.command(w)...)
	name := spots(w.dir)
	if !first.killed() || len(first.points) != at || name(first.points[at-1]).what != j.points[at-1] {
		t.Fatalf("it left with %d instead of being killed at %q; the last point was %q: %s",
			first.code, j.points[at-1], first.points[len(first.points)-1], first.err)
	}
	left := w.read(t, w.book(t))
	j.between(t, left)
	return w, left
}

// between checks that a world that was left in the middle of a command is as
// before or as after it, part by part.
func (j juncture) between(t testing.TB, left state) {
	t.Helper()
	if !cmp.Equal(left.Store, j.before.Store) && !cmp.Equal(left.Store, j.after.Store) {
		t.Errorf("the store holds neither what it held nor what it should: %s", cmp.Diff(j.after.Store, left.Store))
	}
	if left.Settings != j.before.Settings && left.Settings != j.after.Settings {
		t.Errorf("the settings are neither the old nor the new: %q", left.Settings)
	}
	for _, p := range j.before.Packages {
		if !slices.Contains(left.Packages, p) {
			t.Errorf("package %s is gone", p)
		}
	}
	for _, p := range left.Packages {
		if !slices.Contains(j.after.Packages, p) {
			t.Errorf("package %s came from nowhere", p)
		}
	}
	if !cmp.Equal(left.Done, j.before.Done) && !cmp.Equal(left.Done, j.after.Done) {
		t.Errorf("the history says %q", left.Done)
	}
	if len(left.Done) > len(j.before.Done) && !cmp.Equal(left.Store, j.after.Store) {
		t.Errorf("the history says %q, and the store holds %v", left.Done, left.Store)
	}
}

// installs counts the packages that a run put into the store.
func (w world) installs(points []string) int {
	n := 0
	for _, p := range points {
		in := filepath.Dir(p[strings.LastIndex(p, " ")+1:])
		if strings.HasPrefix(p, "after rename ") && strings.HasSuffix(p, ".pbiviz") && (in == w.path(theStore) || in == w.path(pilot)) {
			n++
		}
	}
	return n
}

// tidy checks that nothing half written is left where packages are.
func (w world) tidy(t testing.TB) {
	t.Helper()
	for _, name := range slices.Concat(w.list(t, theStore), w.list(t, pilot)) {
		if !strings.HasSuffix(name, ".pbiviz") {
			t.Errorf("%s is left in the store", name)
		}
	}
}

// complete checks the history as programs read it: revisions without gaps, none
// open, and exactly those done that should be.
func (w world) complete(t testing.TB, a cli.Adapters, want []string) {
	t.Helper()
	shown := here(a, "--config", w.settings(), "history", "-o", "json")
	var history struct {
		Result struct {
			Data []struct {
				Revision int    `json:"revision"`
				Status   string `json:"status"`
				Visual   struct {
					GUID  string `json:"guid"`
					Store string `json:"store"`
				} `json:"visual"`
			} `json:"data"`
		} `json:"result"`
	}
	if err := json.Unmarshal(shown.out, &history); err != nil || shown.code != 0 {
		t.Fatalf("history left with %d, %v: %s", shown.code, err, shown.err)
	}
	next, done := map[string]int{}, map[string]int{}
	for _, r := range history.Result.Data {
		k := placed(r.Visual.Store, r.Visual.GUID)
		next[k]++
		if r.Revision != next[k] {
			t.Errorf("revision %d of %s has the number %d", next[k], k, r.Revision)
		}
		switch r.Status {
		case "done":
			done[k]++
		case "failed", "baseline":
		default:
			t.Errorf("revision %d of %s is %s", r.Revision, k, r.Status)
		}
	}
	for _, in := range []string{theStore, pilot} {
		k, installs := placed(in, example.GaugeGUID), 0
		for _, d := range want {
			if strings.HasPrefix(d, k+" done ") {
				installs++
			}
		}
		if done[k] != installs {
			t.Errorf("%d changes of %s are done instead of %d", done[k], k, installs)
		}
	}
}
