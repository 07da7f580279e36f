package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	library "github.com/orgstore/orgstore/packages/library/folder"
)

// The variables through which a test speaks to the program it runs. Only this
// file reads them.
const (
	envProgram = "ORGSTORE_TEST_PROGRAM" // 1: be the program, not its tests
	envStop    = "ORGSTORE_TEST_STOP"    // the point to stop at, from 1; 0 for none
	envHow     = "ORGSTORE_TEST_HOW"     // kill, or pause until standard input ends
	envTrace   = "ORGSTORE_TEST_TRACE"   // the file that takes the points passed, one on each line
)

// TestMain runs the tests, or the program itself where a test calls it. Many tests
// wait for an agent to look again: more of them run at a time than there are processors.
func TestMain(m *testing.M) {
	if os.Getenv(envProgram) == "" {
		if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	s := newStops()
	os.Exit(run(s.watch(adaptersAt(today()))))
}

// today is what the clock says in these tests.
func today() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// adaptersAt are those of the program, with a clock that stands still and no
// variables of whoever runs the tests. What lies in a folder was left alone for long.
func adaptersAt(now time.Time) cli.Adapters {
	a := adapters()
	a.Now = func() time.Time { return now }
	a.Env = func(string) string { return "" }
	a.OpenFolder = func(c config.Library) (intake.Library, error) {
		return library.OpenWithClock(c.Folder, func() time.Time { return time.Now().Add(time.Hour) })
	}
	return a
}

// A stage is the one place that everything passes which the program writes:
// before and after each change of the disk and each append to the journal. An
// error makes what it stands before fail without being made, and an append that
// it stands after seem to have failed.
type stage struct {
	mu   sync.Mutex
	n    int
	pass func(n int, point string) error
}

func (s *stage) point(when, what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return s.pass(s.n, when+" "+what)
}

// watch puts the stage under the program.
func (s *stage) watch(a cli.Adapters) cli.Adapters {
	a.Disk = disktest.Watch(a.Disk, disktest.Hook{
		Before: func(op disktest.Op) error { return s.point("before", describe(op)) },
		After:  func(op disktest.Op, _ error) { _ = s.point("after", describe(op)) },
	})
	open := a.OpenJournal
	a.OpenJournal = func(ctx context.Context, path string) (journal.Log, error) {
		if err := s.point("before", "opening the journal"); err != nil {
			return nil, err
		}
		log, err := open(ctx, path)
		_ = s.point("after", "opening the journal")
		return stagedLog{log, s}, err
	}
	return a
}

func describe(op disktest.Op) string { return strings.TrimSpace(op.Kind + " " + op.Name + " " + op.To) }

type stagedLog struct {
	journal.Log
	s *stage
}

func (l stagedLog) Append(ctx context.Context, records []journal.Record) error {
	what := "recording " + facts(records)
	if err := l.s.point("before", what); err != nil {
		return err
	}
	err := l.Log.Append(ctx, records)
	return errors.Join(err, l.s.point("after", what))
}

// facts names the kinds of facts in records.
func facts(records []journal.Record) string {
	var kinds []string
	for _, r := range records {
		var body struct {
			Fact struct {
				Kind string `json:"kind"`
			} `json:"fact"`
		}
		if err := json.Unmarshal(r.Body, &body); err != nil {
			panic(err) // the journal wrote it a moment ago
		}
		kinds = append(kinds, body.Fact.Kind)
	}
	return strings.Join(kinds, ", ")
}

// newStops makes the stage that the variables ask for.
func newStops() *stage {
	at, err := strconv.Atoi(os.Getenv(envStop))
	if err != nil {
		panic(err)
	}
	trace, err := os.OpenFile(os.Getenv(envTrace), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	return &stage{pass: func(n int, point string) error {
		if n == at {
			defer stop(os.Getenv(envHow))
		}
		_, err := fmt.Fprintln(trace, point)
		return err
	}}
}

// stop ends this process as a loss of power would end it, but for the disk; or
// waits.
func stop(how string) {
	if how == "pause" {
		fmt.Println("paused")
		_, _ = io.Copy(io.Discard, os.Stdin)
		time.Sleep(10 * time.Millisecond) // a signal that was sent meanwhile comes through
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill() // SIGKILL: nothing is deferred, nothing is flushed
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// A process is one run of the program that has ended.
type process struct {
	code   int // -1 where it was killed
	out    []byte
	err    string
	points []string
}

// killed says whether the process ended by stop. Windows knows no signals: there the
// code is what package os gives whom it kills.
func (p process) killed() bool {
	return p.code == -1 || runtime.GOOS == "windows" && p.code == 1
}

// prepared makes the process that runs a command line, to be stopped at a point.
func prepared(t testing.TB, at int, how string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := os.CreateTemp(t.TempDir(), "trace")
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), envProgram+"=1", envStop+"="+strconv.Itoa(at), envHow+"="+how, envTrace+"="+trace.Name())
	return cmd, trace.Name()
}

// start runs the program as a process of its own, killed at a point; 0 for none.
func start(t testing.TB, at int, args ...string) process {
	t.Helper()
	cmd, trace := prepared(t, at, "kill", args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	tell(out.String(), stderr.String())
	return process{cmd.ProcessState.ExitCode(), out.Bytes(), stderr.String(), passed(t, trace)}
}

// tell prints what the program said, under -v: ./check looks for secrets in it.
func tell(said ...string) {
	if testing.Verbose() {
		fmt.Println(strings.Join(said, "\n"))
	}
}

// passed reads the points that a process passed.
func passed(t testing.TB, trace string) []string {
	t.Helper()
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// here runs the program in this process.
func here(a cli.Adapters, args ...string) process {
	var out, stderr bytes.Buffer
	code := cli.Run(context.Background(), args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &stderr}, a)
	tell(out.String(), stderr.String())
	return process{code: code, out: out.Bytes(), err: stderr.String()}
}
