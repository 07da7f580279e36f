package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A store that a person changes: the program is killed at every point of laying
// a task out, confirming it, replacing it and withdrawing it, and started again.
// Whenever it dies, a person finds at most one task, and that whole; started
// again it gets where it was going.
func TestKilledWhileAPersonIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := world{t.TempDir(), disk.OS()}
	points, killed := 0, 0
	var sample killSample
	for _, c := range waitingStory(t) {
		if c.before != nil {
			c.before(t, w)
		}
		begin := w.copied(t)
		whole := start(t, 0, c.command(w)...)
		if whole.code != c.code {
			t.Fatalf("%s left with %d: %s", c.name, whole.code, whole.err)
		}
		after := w.tasks(t)
		points += len(whole.points)
		t.Run(c.name, func(t *testing.T) {
			name := spots(w.dir)
			for i, point := range whole.points {
				if !sample.picks(name(point).what) {
					continue
				}
				killed++
				t.Run(fmt.Sprintf("%03d", i+1), func(t *testing.T) {
					t.Parallel()
					c.killed(t, begin.copied(t), i+1, after)
				})
			}
		})
	}
	t.Logf("killed at %d of %d points", killed, points)
}

// A waitingChapter is one command, and what it leaves with.
type waitingChapter struct {
	chapter
	code int
	// again is what it leaves with where it was done before it was killed: it may
	// refuse to do it twice, and tidies up all the same.
	again int
}

func waitingStory(t *testing.T) []waitingChapter {
	sent := mail(t)
	run := func(t testing.TB, w world, args ...string) {
		t.Helper()
		if p := here(adaptersAt(today()), append([]string{"--config", w.settings()}, args...)...); p.code != 0 {
			t.Fatalf("%v left with %d: %s", args, p.code, p.err)
		}
	}
	add := func(name string) func(testing.TB, world) {
		return func(t testing.TB, w world) {
			w.write(t, w.path("mail", name), sent[name])
			run(t, w, "package", "add", w.path("mail", name))
		}
	}
	in := func(args ...string) func(world) []string {
		return func(w world) []string { return append([]string{"--config", w.settings()}, args...) }
	}
	setUp := func(t testing.TB, w world) {
		if p := here(adaptersAt(today()), "init", w.dir, "--tenant", licensetest.Tenant); p.code != 0 {
			t.Fatal(p.err)
		}
		text, err := disk.ReadFile(w.d, w.settings(), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		handed := strings.NewReplacer("driver: folder", "driver: handoff", "  path: store", "  path: To upload").Replace(string(text))
		w.write(t, w.settings(), []byte(handed))
		w.write(t, w.path("mail", "aurora.trust"), sent["aurora.trust"])
		if err := disk.MakeDir(w.d, w.path("To upload"), 0o755); err != nil {
			t.Fatal(err)
		}
		run(t, w, "trust", "add", w.path("mail", "aurora.trust"), "--name", "Aurora Visuals", "--guid", example.GaugeGUID, "--force")
		run(t, w, "pin", "set", example.GaugeGUID, "~> 1.4")
		add("gauge.pbiviz")(t, w)
		run(t, w, "store", "baseline", example.GaugeGUID, "--absent", "--evidence", "the portal")
	}
	hold := func(t testing.TB, w world) { run(t, w, "hold", example.GaugeGUID, "--reason", "closing of the books") }
	back := func(t testing.TB, w world) {
		run(t, w, "unhold", example.GaugeGUID)
		run(t, w, "apply", "--force")
		run(t, w, "store", "confirm", example.GaugeGUID, "--version", "1.5.0.0")
	}
	apply := in("apply", "--force")
	return []waitingChapter{
		{chapter{name: "lay out", before: setUp, command: apply}, 0, 0},
		{chapter{name: "confirm", command: in("store", "confirm", example.GaugeGUID, "--version", "1.4.0.0")}, 0, 1},
		{chapter{name: "renew", before: add("renewed.pbiviz"), command: apply}, 0, 0},
		{chapter{name: "replace the task", before: add("upgraded.pbiviz"), command: apply}, 0, 0},
		{chapter{name: "withdraw the task", before: hold, command: apply}, 0, 0},
		{chapter{name: "roll back", before: back, command: in("rollback", example.GaugeGUID, "--reason", "totals are wrong", "--force")}, 18, 18},
	}
}

// killed kills the command at a point, and runs it again.
func (c waitingChapter) killed(t *testing.T, w world, at int, after taskState) {
	first := start(t, at, c.command(w)...)
	if !first.killed() {
		t.Fatalf("it left with %d instead of being killed: %s", first.code, first.err)
	}
	left := w.tasks(t) // which looks whether they are whole
	again := start(t, 0, c.command(w)...)
	want := c.code
	if len(left.Stood) == len(after.Stood) && left.Open == after.Open {
		want = c.again
	}
	if again.code != want {
		t.Errorf("started again it left with %d: %s%s", again.code, again.err, again.out)
	}
	now := w.tasks(t)
	if now.Open == after.Open && strings.HasPrefix(now.Open, "downgrade") {
		// Finishing a rollback that was stopped blocks first what it leaves; otherwise
		// that comes once a person made it.
		now.Block = after.Block
	}
	if diff := cmp.Diff(after, now); diff != "" {
		t.Errorf("started again it did not get where it was going (-want +got):\n%s", diff)
	}
	for _, how := range []string{"Withdrawn", "Done"} {
		for _, name := range w.list(t, "To upload", how) {
			if slices.ContainsFunc(w.list(t, "To upload", how, name), func(f string) bool { return strings.HasSuffix(f, ".pbiviz") }) {
				t.Errorf("%s in %s still has its package", name, how)
			}
		}
	}
}

// A taskState is what a person sees, and what the journal says.
type taskState struct {
	Tasks []string
	Stood []string
	Open  string // the kind of the open step, and whether it waits
	Block int
}

// tasks reads the tasks of a world, each of which must be whole.
func (w world) tasks(t testing.TB) taskState {
	t.Helper()
	var s taskState
	for _, name := range w.list(t, "To upload") {
		if strings.HasPrefix(name, ".") || name == "Withdrawn" || name == "Done" {
			continue
		}
		s.Tasks = append(s.Tasks, name)
		var job struct{ File, Digest string }
		text, err := disk.ReadFile(w.d, w.path("To upload", name, "task.json"), 1<<20)
		if err == nil {
			err = json.Unmarshal(text, &job)
		}
		if err != nil {
			t.Errorf("the task %s: %v", name, err)
			continue
		}
		pkg, err := disk.ReadFile(w.d, w.path("To upload", name, job.File), 1<<20)
		if err != nil || visual.DigestOf(pkg).String() != job.Digest {
			t.Errorf("the task %s holds %v, %v", name, visual.DigestOf(pkg), err)
		}
	}
	if len(s.Tasks) > 1 {
		t.Errorf("a person finds %q", s.Tasks)
	}
	book := w.book(t)
	s.Block = len(book.Blocks())
	for _, r := range book.History() {
		if r.Stood() {
			s.Stood = append(s.Stood, fmt.Sprintf("%s %s", r.Status, r.After.Release))
		}
	}
	g, err := visual.ParseGUID(example.GaugeGUID)
	if err != nil {
		t.Fatal(err)
	}
	if o := book.Open(store.Key{Store: "store", GUID: g}); o != nil {
		s.Open = fmt.Sprintf("%s, waiting: %v", o.Step.Kind, o.Waiting)
	}
	return s
}
