package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
)

// A paused process stands still at one point until it is let go.
type paused struct {
	cmd         *exec.Cmd
	in          io.WriteCloser
	out, stderr bytes.Buffer
	trace       string
}

// pause runs the program up to a point.
func pause(t *testing.T, at int, args ...string) *paused {
	t.Helper()
	p := &paused{}
	p.cmd, p.trace = prepared(t, at, "pause", args...)
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sign := make([]byte, len("paused\n"))
	if _, err := io.ReadFull(out, sign); err != nil || string(sign) != "paused\n" {
		_ = p.cmd.Process.Kill()
		t.Fatalf("it did not come to point %d: %q, %v: %s", at, sign, err, p.stderr.String())
	}
	return p
}

// end lets the process go and waits for its end.
func (p *paused) end(t *testing.T) process {
	t.Helper()
	if err := p.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState == nil {
		t.Fatal(err)
	}
	tell(p.out.String(), p.stderr.String())
	return process{p.cmd.ProcessState.ExitCode(), p.out.Bytes(), p.stderr.String(), passed(t, p.trace)}
}

// pair plays the story as far as two visuals are pinned and neither installed.
func pair(t *testing.T) world {
	t.Helper()
	w := world{t.TempDir(), disk.OS()}
	sent := mail(t)
	for _, name := range []string{"aurora.trust", "gauge.pbiviz", "timeline.pbiviz", "timeline.pbiviz.license"} {
		w.write(t, w.path("mail", name), sent[name])
	}
	for _, c := range story(t, "")[:2] {
		w.must(t, c.command(w)...)
	}
	w.must(t, "--config", w.settings(), "package", "add", w.path("mail", "gauge.pbiviz"), w.path("mail", "timeline.pbiviz"))
	for _, guid := range []string{example.GaugeGUID, example.TimelineGUID} {
		w.must(t, "--config", w.settings(), "pin", "set", guid, ">= 1")
	}
	return w
}

// must runs a command that is to succeed.
func (w world) must(t *testing.T, args ...string) process {
	t.Helper()
	p := here(adaptersAt(today()), args...)
	if p.code != 0 {
		t.Fatalf("%v left with %d: %s", args, p.code, p.err)
	}
	return p
}

// begun returns the point at which an apply has begun its first step.
func (w world) begun(t *testing.T) int {
	t.Helper()
	probe := w.copied(t)
	points := start(t, 0, "--config", probe.settings(), "apply", "--force").points
	i := slices.Index(points, "after recording begun")
	if i < 0 {
		t.Fatalf("nothing is begun in %q", points)
	}
	return i + 1
}

// While one process changes the store, another that would is told who does and
// leaves with 15; whoever only looks, holds or pins goes on.
func TestOneProcessChangesTheOthersGoOn(t *testing.T) {
	t.Parallel()
	w := pair(t)
	first := pause(t, w.begun(t), "--config", w.settings(), "apply", "--force")
	for _, args := range [][]string{
		{"apply", "--force"},
		{"rollback", example.TimelineGUID, "--reason", "too early", "--force"},
	} {
		w.keptOut(t, first.cmd.Process.Pid, args...)
	}
	for _, args := range [][]string{
		{"status"}, {"plan"}, {"history"}, {"package", "list"}, {"license", "status"},
		{"hold", example.TimelineGUID, "--reason", "closing of the books"},
		{"pin", "set", example.TimelineGUID, ">= 2"},
		{"package", "add", w.path("mail", "gauge.pbiviz")},
	} {
		if p := start(t, 0, append([]string{"--config", w.settings()}, args...)...); p.code != 0 {
			t.Errorf("%v left with %d: %s", args, p.code, p.err)
		}
	}
	if p := first.end(t); p.code != 0 {
		t.Errorf("the first left with %d: %s", p.code, p.err)
	}
	// It was held while the gauge was put: the second step asks again before it acts.
	got := w.read(t, w.book(t))
	if len(got.Store) != 1 || len(got.Done) != 1 || !strings.HasPrefix(got.Done[0], example.GaugeGUID) {
		t.Errorf("the store holds %v, the history says %q", got.Store, got.Done)
	}
	w.must(t, "--config", w.settings(), "unhold", example.TimelineGUID, "--reason", "closed")
	if p := start(t, 0, "--config", w.settings(), "apply", "--force"); p.code != 0 || w.installs(p.points) != 1 {
		t.Errorf("afterwards apply left with %d and put %d packages: %s", p.code, w.installs(p.points), p.err)
	}
}

// keptOut runs a command that is to be told which process holds the lock.
func (w world) keptOut(t *testing.T, by int, args ...string) {
	t.Helper()
	p := start(t, 0, append([]string{"--config", w.settings(), "-o", "json"}, args...)...)
	var told struct {
		Result struct {
			Code    string `json:"error_code"`
			Message string `json:"message"`
		} `json:"result"`
	}
	if err := json.Unmarshal(p.out, &told); err != nil {
		t.Fatal(err)
	}
	if r := told.Result; p.code != 15 || r.Code != "locked" || !strings.Contains(r.Message, fmt.Sprintf("process %d ", by)) {
		t.Errorf("%v left with %d, %q: %q", args, p.code, r.Code, r.Message)
	}
}

// A lock that a killed process held is nobody's.
func TestKilledHolderLeavesNoLock(t *testing.T) {
	t.Parallel()
	w := pair(t)
	held := pause(t, w.begun(t), "--config", w.settings(), "apply", "--force")
	if p := start(t, 0, "--config", w.settings(), "apply", "--force"); p.code != 15 {
		t.Fatalf("the lock is not held: %d: %s", p.code, p.err)
	}
	if err := held.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	held.end(t)
	if p := start(t, 0, "--config", w.settings(), "apply", "--force"); p.code != 0 {
		t.Errorf("it left with %d: %s", p.code, p.err)
	}
	if done := w.read(t, w.book(t)).Done; len(done) != 2 {
		t.Errorf("the history says %q", done)
	}
}
