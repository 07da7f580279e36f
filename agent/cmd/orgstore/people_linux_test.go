package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/example"
)

// The accounts of these tests: the service's, three people, and the group that two
// of them are in. No file names them.
const (
	daemon, alice, bob, mallory = 7000, 7001, 7002, 7003
	people                      = 7100
)

// An office is a world whose data are the service's alone, with an agent that
// serves people. The program lies where all of them may run it.
type office struct {
	world
	program string
}

// newOffice makes one. Two visuals are pinned, by root, and each install needs an
// approval. RUN in further settings is the folder of the socket.
func newOffice(t *testing.T, settings string) office {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can be several people")
	}
	o := office{world: pair(t)}
	o.program = o.path("orgstore")
	if err := os.Link(os.Args[0], o.program); err != nil {
		copied(t, os.Args[0], o.program)
	}
	for d := o.dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		permit(t, os.Chmod(d, 0o755))
	}
	o.edit(t, "approvals: {}\n", "approvals: {install: 1}\n"+strings.ReplaceAll(settings, "RUN", o.path("run")))
	o.edit(t, "version: 1\n", "version: 1\nagent: {socket: run/orgstore.sock, log: json}\n")
	permit(t, os.Mkdir(o.path("run"), 0o755))
	permit(t, filepath.WalkDir(o.dir, func(name string, _ fs.DirEntry, err error) error {
		// The settings are root's, and so is the folder they are in, and the trust bundle.
		if err == nil && name != o.program && name != o.settings() && name != o.dir && !strings.HasPrefix(name, o.path("mail")) {
			err = os.Lchown(name, daemon, people)
		}
		return err
	}))
	permit(t, os.Chmod(o.dir, 0o755))
	permit(t, os.Chmod(o.path(".orgstore"), 0o700))
	permit(t, os.Chmod(o.settings(), 0o644))
	return o
}

func permit(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	permit(t, err)
	permit(t, os.WriteFile(to, text, 0o755))
}

// as prepares the program to run under an account.
func (o office) as(uid uint32, args ...string) *exec.Cmd {
	groups := []uint32{people}
	if uid == mallory {
		groups = nil
	}
	cmd := exec.Command(o.program, append([]string{"--config", o.settings()}, args...)...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, Groups: groups}}
	// Whatever variables say, nobody is another by them.
	cmd.Env = []string{"USER=bob", "LOGNAME=bob", "SUDO_USER=bob", "SUDO_UID=7002", "HOME=/nowhere", "PATH=/usr/bin:/bin",
		envProgram + "=1", envStop + "=0", envHow + "=kill", envTrace + "=" + os.DevNull}
	return cmd
}

// does runs the program under an account, to its end.
func (o office) does(t *testing.T, uid uint32, args ...string) process {
	t.Helper()
	cmd := o.as(uid, args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	tell(out.String(), stderr.String())
	return process{code: cmd.ProcessState.ExitCode(), out: out.Bytes(), err: stderr.String()}
}

// refused says that a command leaves with a code and words.
func (o office) refused(t *testing.T, uid uint32, code int, words string, args ...string) {
	t.Helper()
	if p := o.does(t, uid, args...); p.code != code || !strings.Contains(p.err, words) {
		t.Errorf("%d: %v left with %d: %s%s; want %d and %q", uid, args, p.code, p.out, p.err, code, words)
	}
}

// opens starts the agent and waits until it serves.
func (o office) opens(t *testing.T) *running {
	t.Helper()
	r := &running{w: o.world, cmd: o.as(daemon, "agent", "run")}
	r.cmd.SysProcAttr.Credential.Gid = people
	r.cmd.Stderr = r
	permit(t, r.cmd.Start())
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill() // it may have ended: then there is nothing to kill
		_ = r.cmd.Wait()
		tell(r.logged())
	})
	until(t, r, "it serves and has looked", func() bool {
		return strings.Contains(r.logged(), `"msg":"serving"`) && o.rounds(t) > 0
	})
	return r
}

// installed waits for visuals in the store.
func (o office) installed(t *testing.T, r *running, n int) {
	t.Helper()
	until(t, r, fmt.Sprintf("%d are installed", n), func() bool { return len(o.read(t, o.live(t)).Store) == n })
}

// Two people approve under accounts of their own what a third account makes; nobody
// is another, and nobody approves what they asked for.
func TestPeopleApproveUnderTheirOwnAccounts(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	o.refused(t, alice, 1, "no agent serves callers", "approve")
	r := o.opens(t)

	// Root pinned both, which is nobody. Alice says that it was she.
	if p := o.does(t, alice, "pin", "set", example.GaugeGUID, ">= 1"); p.code != 0 {
		t.Fatal(p.err)
	}
	o.refused(t, alice, 12, "7001@", "approve", example.GaugeGUID, "--reason", "mine is good", "--force")
	o.refused(t, alice, 1, "does not edit the settings", "pin", "set", example.GaugeGUID, ">= 2")
	o.refused(t, mallory, 1, "you are not one", "approve", example.GaugeGUID, "--reason", "me too", "--force")
	if p := o.tried("approve", example.GaugeGUID, "--reason", "I am root", "--force"); p.code != 12 || !strings.Contains(p.err, "nobody's word") {
		t.Errorf("root left with %d: %s", p.code, p.err)
	}
	o.refused(t, daemon, 12, "nobody's word", "approve", example.GaugeGUID, "--reason", "sudo -u", "--force")
	o.refused(t, bob, 1, "sudo -u #7000 orgstore apply", "apply", "--force")
	o.refused(t, bob, 1, "sudo -u #7000 orgstore plan", "plan", "--out", "/tmp/plan")
	o.refused(t, bob, 2, "there is no terminal", "approve", example.GaugeGUID, "--reason", "tried")

	if p := o.does(t, bob, "approve", example.GaugeGUID, "--reason", "tried it", "--force", "-o", "json"); p.code != 0 || !json.Valid(p.out) {
		t.Fatalf("bob left with %d: %s%s", p.code, p.out, p.err)
	}
	o.installed(t, r, 1)
	if history := o.live(t).History(); len(history) != 1 || len(history[0].Approvals) != 1 || history[0].Approvals[0].By.ID != "7002" || history[0].Approvals[0].By.Name != "" {
		t.Errorf("the history is %+v", history)
	}

	// Of the other nobody is on record: it takes two, and one is not two.
	for range 2 {
		if p := o.does(t, alice, "approve", example.TimelineGUID, "--reason", "tried", "--force"); p.code != 0 || !strings.Contains(p.err, "more are needed") {
			t.Errorf("alice left with %d: %s", p.code, p.err)
		}
	}
	if p := o.does(t, bob, "approve", example.TimelineGUID, "--reason", "tried too", "--force"); p.code != 0 {
		t.Error(p.err)
	}
	o.installed(t, r, 2)
	o.everything(t)
	o.ended(t, r)
	o.refused(t, bob, 1, "no agent serves callers", "status")
}

// everything that the agent serves is asked once, as bob.
func (o office) everything(t *testing.T) {
	t.Helper()
	for _, c := range []string{
		"agent status", "approve", "drift", "facts show", "history --all", "license runway", "license status --warn 5", "notice list",
		"package list", "plan", "status", "trust list", "window next", "window list", "pin list", "policy list",
		"hold " + example.GaugeGUID + " --reason closing --until 2027-01-01", "unhold " + example.GaugeGUID,
	} {
		for _, form := range []string{"table", "json"} {
			if strings.HasPrefix(c, "unhold") && form == "table" {
				continue // once
			}
			p := o.does(t, bob, append(strings.Fields(c), "-o", form)...)
			if p.code != 0 || form == "json" && !json.Valid(p.out) {
				t.Errorf("%s left with %d: %s%s", c, p.code, p.out, p.err)
			}
		}
	}
	if p := o.does(t, bob, "plan", "--query", "{only: changes}", "-o", "json"); !bytes.Contains(p.out, []byte(`"only": 0`)) || bytes.Contains(p.out, []byte("basis")) {
		t.Errorf("a query answers %s%s", p.out, p.err)
	}
	if p := o.does(t, bob, "plan", "--query", "changes"); strings.TrimSpace(string(p.out)) != "0" {
		t.Errorf("a query answers people %q: %s", p.out, p.err)
	}
	if p := o.does(t, bob, "license", "status", "--warn", "2000", "--detailed-exitcode"); p.code != 2 {
		t.Errorf("the exit code is %d: %s", p.code, p.err)
	}
}

// An agent that is killed leaves a socket behind; the next one serves there. A
// second agent leaves the socket to the first, and takes it when that is gone.
func TestTheSocketOutlivesItsAgents(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	r := o.opens(t)
	permit(t, r.cmd.Process.Kill())
	_ = r.cmd.Wait()
	if _, err := os.Lstat(o.path("run", "orgstore.sock")); err != nil {
		t.Errorf("nothing is left behind: %v", err)
	}
	o.refused(t, bob, 1, "no agent serves callers", "status")
	r = o.opens(t)
	if p := o.does(t, bob, "status"); p.code != 0 {
		t.Error(p.err)
	}
	second := o.as(daemon, "agent", "run")
	second.SysProcAttr.Credential.Gid = people
	said, err := second.StderrPipe()
	permit(t, err)
	permit(t, second.Start())
	heard := heardIn(said, "another agent serves callers")
	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Error("the second agent says nothing")
	}
	if p := o.does(t, bob, "status"); p.code != 0 {
		t.Error(p.err)
	}
	permit(t, second.Process.Kill())
	_ = second.Wait()
	o.ended(t, r)
}

// heardIn is closed when words come.
func heardIn(r io.Reader, words string) <-chan struct{} {
	heard := make(chan struct{})
	go func() {
		var all []byte
		for b := make([]byte, 4096); ; {
			n, err := r.Read(b)
			if all = append(all, b[:n]...); bytes.Contains(all, []byte(words)) {
				close(heard)
				_, _ = io.Copy(io.Discard, r)
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return heard
}

// A word counts at once while the agent is in the middle of a change and holds its
// lease, and many people may come then.
func TestApproveInTheMiddleOfAChange(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "check: { command: [sh, -c, 'touch RUN/begun; until [ -e RUN/go ]; do sleep 0.05; done'] }\n")
	r := o.opens(t)
	both := func(guid string) {
		t.Helper()
		for _, uid := range []uint32{alice, bob} {
			if p := o.does(t, uid, "approve", guid, "--reason", "tried "+strconv.Itoa(int(uid)), "--force"); p.code != 0 {
				t.Fatal(p.err)
			}
		}
	}
	both(example.GaugeGUID)
	until(t, r, "a change is in its middle", func() bool {
		_, err := os.Stat(o.path("run", "begun"))
		return err == nil
	})
	both(example.TimelineGUID)
	var crowd sync.WaitGroup
	for n := range 20 {
		crowd.Go(func() {
			if p := o.does(t, []uint32{alice, bob}[n%2], "history"); p.code != 0 {
				t.Error(p.err)
			}
		})
	}
	crowd.Wait()
	if got := o.read(t, o.live(t)); len(got.Done) != 0 {
		t.Errorf("the change is over: %v", got.Done)
	}
	permit(t, os.WriteFile(o.path("run", "go"), nil, 0o644))
	o.installed(t, r, 2)
	until(t, r, "both are done", func() bool { return len(o.read(t, o.live(t)).Done) == 2 })
	for _, rev := range o.live(t).History() {
		if len(rev.Approvals) != 2 {
			t.Errorf("the approvals are %+v", rev.Approvals)
		}
	}
	o.ended(t, r)
}

// A person is asked by the own program, about what the agent shows; what is
// agreed to is what is done. Who says no did nothing.
func TestAPersonIsAskedAtHome(t *testing.T) {
	t.Parallel()
	terminal, err := exec.LookPath("script")
	if err != nil {
		t.Skip("there is no program script, which makes a terminal")
	}
	o := newOffice(t, "")
	r := o.opens(t)
	asked := func(answer string) (int, string) {
		t.Helper()
		inner := o.as(bob, "approve", example.GaugeGUID, "--reason", "tried")
		cmd := exec.Command(terminal, "-qec", "'"+strings.Join(inner.Args, "' '")+"'", os.DevNull)
		cmd.Dir, cmd.Env, cmd.SysProcAttr = inner.Dir, append(inner.Env, "SHELL=/bin/sh"), inner.SysProcAttr
		cmd.Stdin = strings.NewReader(answer + "\n")
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		tell(string(out))
		return cmd.ProcessState.ExitCode(), string(out)
	}
	if code, said := asked("n"); code != 1 || !strings.Contains(said, "Approve install of Aurora Gauge") || !strings.Contains(said, "nothing was done") {
		t.Errorf("a no left with %d: %s", code, said)
	}
	if said := o.words(t); said != 0 {
		t.Errorf("there are %d approvals", said)
	}
	if code, said := asked("y"); code != 0 || strings.Count(said, "LICENSE UNTIL") != 1 {
		t.Errorf("a yes left with %d: %s", code, said)
	}
	if said := o.words(t); said != 1 {
		t.Errorf("there are %d approvals", said)
	}
	o.ended(t, r)
}

// words counts the approvals that were given.
func (o office) words(t *testing.T) int {
	t.Helper()
	p := o.does(t, alice, "approve", "-o", "json")
	return strings.Count(string(p.out), "approved by")
}
