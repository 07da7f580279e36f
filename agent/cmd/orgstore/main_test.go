package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/enginetest"
	"github.com/orgstore/orgstore/agent/intake"
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
	os.Exit(run(staged(adaptersAt(today()), newStops())))
}

// today is what the clock says in these tests.
func today() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// adaptersAt are those of the program, with a clock that stands still and no
// variables of whoever runs the tests. What lies in a folder was left alone for long.
func adaptersAt(now time.Time) cli.Adapters {
	a := adapters()
	a.Now = func() time.Time { return now }
	a.Env = func(string) string { return "" }
	a.Libraries[config.FolderLibrary] = func(_ context.Context, r engine.LibraryRequest) (intake.Library, error) {
		return library.OpenWithClock(r.Settings.Folder, func() time.Time { return time.Now().Add(time.Hour) })
	}
	return a
}

// staged puts a stage under the program.
func staged(a cli.Adapters, s *enginetest.Stage) cli.Adapters {
	a.Ports = s.Watch(a.Ports)
	return a
}

// newStops makes the stage that the variables ask for.
func newStops() *enginetest.Stage {
	at, err := strconv.Atoi(os.Getenv(envStop))
	if err != nil {
		panic(err)
	}
	trace, err := os.OpenFile(os.Getenv(envTrace), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	return &enginetest.Stage{Pass: func(n int, point string) error {
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
