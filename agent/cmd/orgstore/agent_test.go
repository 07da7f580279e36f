package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/example"
)

// A running is an agent in a process of its own.
type running struct {
	w     world
	cmd   *exec.Cmd
	trace string // the file of the points that it passed
	mu    sync.Mutex
	log   bytes.Buffer
}

// Write takes what the agent logs.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

func (r *running) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// agent starts one. It is killed at the test's end if it still runs.
func (w world) agent(t *testing.T) *running {
	t.Helper()
	r := &running{w: w}
	r.cmd, r.trace = prepared(t, 0, "kill", "--config", w.settings(), "agent", "run")
	r.cmd.Stderr = r
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill() // it may have ended: then there is nothing to kill
		_ = r.cmd.Wait()
		tell(r.logged())
	})
	return r
}

// until waits until something is so, at most a minute.
func until(t *testing.T, r *running, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain it was waited until %s; the log says:\n%s", what, r.logged())
		}
	}
}

// rounds is how many rounds the agent has made.
func (w world) rounds(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(w.path(".orgstore", "agent.json"))
	if err != nil {
		return 0
	}
	var said struct {
		Rounds int `json:"rounds"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	return said.Rounds
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func fetched(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	tell(string(b))
	return resp.StatusCode, string(b)
}

// An agent runs by itself: it installs what is pinned, sees what arrives, what
// people decide and what they change in the settings, tells how it is, and ends
// well when it is told to.
func TestAgent(t *testing.T) {
	t.Parallel()
	w := pair(t)
	address := free(t)
	w.edit(t, "version: 1\n", "version: 1\nagent: {listen: "+address+", log: json}\n")
	r := w.agent(t)
	until(t, r, "both visuals are installed", func() bool { return len(w.read(t, w.live(t)).Store) == 2 && w.rounds(t) > 0 })
	if code, body := fetched(t, "http://"+address+"/readyz"); code != 200 {
		t.Errorf("it is not ready: %d %s", code, body)
	}
	if _, body := fetched(t, "http://"+address+"/metrics"); !strings.Contains(body, `orgstore_changes_total{kind="install",outcome="verified"} 2`) {
		t.Errorf("the metrics say:\n%s", body)
	}
	if p := start(t, 0, "--config", w.settings(), "rollback", example.TimelineGUID, "--to", "0", "--reason", "too early", "--force"); p.code != 0 {
		t.Errorf("a person cannot roll back while an agent runs: %d: %s", p.code, p.err)
	}
	before := w.rounds(t)
	until(t, r, "it looked because of the journal", func() bool { return w.rounds(t) > before })
	w.edit(t, "version: 1\n", "version: 1\nvisual: oops\n")
	until(t, r, "it says that the settings are broken", func() bool { return strings.Contains(r.logged(), "settings are broken") })
	w.edit(t, "visual: oops\n", "")
	until(t, r, "it says that they are whole", func() bool { return strings.Contains(r.logged(), "whole again") })
	w.ended(t, r)
}

// A folder that changed settings name is watched from then on, and the one of
// before no more; one that could not be watched is tried again at each look.
func TestAgentWatchesWhereTheSettingsSay(t *testing.T) {
	t.Parallel()
	w := pair(t)
	w.edit(t, "version: 1\n", "version: 1\nagent: {every: 1h, log: json}\n")
	r := w.agent(t)
	until(t, r, "both visuals are installed", func() bool { return len(w.read(t, w.live(t)).Store) == 2 && w.rounds(t) > 0 })
	moved := w.path("moved")
	if err := os.Mkdir(moved, 0o755); err != nil {
		t.Fatal(err)
	}
	w.edit(t, "folder: inbox", "folder: moved")
	until(t, r, "it reads the settings anew", func() bool { return strings.Contains(r.logged(), "the settings have changed") })
	before := w.rounds(t)
	until(t, r, "the round has ended", func() bool { return w.rounds(t) >= before && strings.Contains(r.logged(), "the settings have changed") })
	n, at := 0, time.Time{}
	until(t, r, "it looked because of a file in the new folder", func() bool {
		// Another file each time, since the folder may not be watched yet; but not
		// soon, since the agent waits until files stop coming.
		if time.Since(at) > 4*time.Second {
			n, at = n+1, time.Now()
			if err := os.WriteFile(filepath.Join(moved, fmt.Sprintf("note-%d.txt", n)), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return w.rounds(t) > before+1
	})
	w.edit(t, "folder: moved", "folder: later")
	until(t, r, "it says that the folder cannot be watched", func() bool { return strings.Contains(r.logged(), "files are not watched") })
	w.ended(t, r)
}

// ended stops an agent as a service manager does.
func (w world) ended(t *testing.T, r *running) {
	t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("it ended with %v; the log says:\n%s", err, r.logged())
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("it did not end; the log says:\n%s", r.logged())
	}
	for line := range strings.Lines(r.logged()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("this line of the log is no JSON: %s", line)
		}
	}
	if p := w.tried("agent", "status"); p.code != 1 || !strings.Contains(p.err, "was stopped") {
		t.Errorf("afterwards agent status leaves with %d: %s", p.code, p.err)
	}
}

func (w world) tried(args ...string) process {
	return here(adaptersAt(today()), append([]string{"--config", w.settings()}, args...)...)
}

// edit changes the settings file as an editor does: by a new one in its place.
func (w world) edit(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(w.settings())
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), from, to, 1)
	if edited == string(text) {
		t.Fatalf("the settings have no %q", from)
	}
	made := filepath.Join(filepath.Dir(w.settings()), "orgstore.yaml.new")
	if err := os.WriteFile(made, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(made, w.settings()); err != nil {
		t.Fatal(err)
	}
}

// Two agents on the same data make each change once, also where one of them is
// killed and started again in between.
func TestAgentsTogether(t *testing.T) {
	t.Parallel()
	w := pair(t)
	first, second := w.agent(t), w.agent(t)
	until(t, first, "both visuals are installed", func() bool { return len(w.read(t, w.live(t)).Store) == 2 })
	for n := range 4 {
		guid := []string{example.GaugeGUID, example.TimelineGUID}[n%2]
		if err := first.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = first.cmd.Wait()
		first = w.agent(t)
		if p := w.tried("hold", guid, "--reason", fmt.Sprint("round ", n)); p.code != 0 {
			t.Fatal(p.err)
		}
		if p := w.tried("unhold", guid); p.code != 0 {
			t.Fatal(p.err)
		}
	}
	seen := w.rounds(t)
	until(t, second, "both went on", func() bool { return w.rounds(t) != seen })
	got := w.read(t, w.live(t))
	if len(got.Done) != 2 || len(got.Store) != 2 {
		t.Errorf("the history says %q, the store holds %v", got.Done, got.Store)
	}
}
