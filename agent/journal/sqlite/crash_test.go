package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	driver "modernc.org/sqlite"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
)

const (
	// childPath names the log to a copy of this test program that only appends.
	childPath = "ORGSTORE_TEST_APPEND_TO"
	// childDies says at which moment that copy kills itself; see dieAt.
	childDies = "ORGSTORE_TEST_DIE_AT"
)

// together is how many facts the child appends at once.
const together = 3

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if moment, err := strconv.ParseInt(os.Getenv(childDies), 10, 64); err == nil {
			dieAt(moment)
		}
		if err := appendForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// appendForEver appends, and says after each time up to where it knows that the
// log is on the disk.
func appendForEver(path string) error {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	j, err := journal.Open(ctx, l, journaltest.Stamp())
	if err != nil {
		return err
	}
	for {
		facts := make([]journal.Fact, together)
		for i := range facts {
			facts[i] = journal.SettingsSeen{Policy: fmt.Sprint(os.Getpid(), i)}
		}
		if err := j.Append(ctx, "tx_1", facts...); err != nil {
			return err
		}
		fmt.Println(j.Book().Seq())
	}
}

// dieAt makes the process kill itself at a moment. They are counted from 1, and
// there is one whenever SQLite has opened a connection or is about to commit.
func dieAt(moment int64) {
	var moments atomic.Int64
	pass := func() {
		if moments.Add(1) != moment {
			return
		}
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {} // until it is dead
	}
	driver.RegisterConnectionHook(func(c driver.ExecQuerierContext, _ string) error {
		pass()
		c.(driver.HookRegisterer).RegisterCommitHook(func() int32 {
			pass()
			return 0
		})
		return nil
	})
}

// start runs a child and returns what it says, line by line.
func start(t *testing.T, path string, environment ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(append(os.Environ(), childPath+"="+path), environment...)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child, bufio.NewScanner(out)
}

// stop kills a child and returns the highest number it said.
func stop(t *testing.T, child *exec.Cmd, says *bufio.Scanner, said int) int {
	t.Helper()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for says.Scan() {
		if n, err := strconv.Atoi(says.Text()); err == nil {
			said = n
		}
	}
	_ = child.Wait() // it was killed: that is its error
	return said
}

// A process is killed while it appends, again and again: what it knew to be
// appended is there, what was appended at once is there as a whole or not at
// all, and the chain is whole.
func TestKilledWhileAppending(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	for round := range 8 {
		child, says := start(t, path)
		said := 0
		for range 3 + 5*round {
			if !says.Scan() {
				t.Fatal("the child stopped by itself")
			}
			said, _ = strconv.Atoi(says.Text())
		}
		time.Sleep(time.Duration(round) * 700 * time.Microsecond)
		said = stop(t, child, says, said)
		l := opened(t, path)
		seq := int(journaltest.Open(t, l).Book().Seq())
		if seq < said || seq > said+together || seq%together != 0 {
			t.Errorf("round %d: the log ends at %d; the child had appended %d, %d at once", round, seq, said, together)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A process is killed at every moment of making a log at which SQLite opens a
// connection or is about to commit. Afterwards there is a whole log, or none and
// one can be made.
func TestKilledWhileCreating(t *testing.T) {
	unnamed, named := 0, 0
	for moment := 1; ; moment++ {
		path := filepath.Join(t.TempDir(), "journal.db")
		child, says := start(t, path, fmt.Sprint(childDies, "=", moment))
		if says.Scan() { // it made the log and appended to it
			stop(t, child, says, 0)
			break
		}
		if err := child.Wait(); err == nil {
			t.Fatalf("moment %d: the child ended by itself", moment)
		}
		aside, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".journal-*", "new"))
		if err != nil {
			t.Fatal(err)
		}
		switch _, err := os.Stat(path); {
		case err == nil:
			named++
		case len(aside) == 1:
			unnamed++
		default:
			t.Errorf("moment %d: nothing was begun", moment)
		}
		canBeUsed(t, path, moment)
	}
	// A log is two migrations, each with a commit of its own, before it has a name.
	if unnamed < 3 || named < 1 {
		t.Errorf("killed %d times before the log had its name, and %d times after", unnamed, named)
	}
}

// canBeUsed opens what a killed child left, and appends to it.
func canBeUsed(t *testing.T, path string, moment int) {
	t.Helper()
	l := opened(t, path)
	j := journaltest.Open(t, l)
	if seq := j.Book().Seq(); seq != 0 {
		t.Errorf("moment %d: the log ends at %d, and the child had appended nothing", moment, seq)
	}
	if err := j.Append(t.Context(), "tx_2", journal.SettingsSeen{Policy: "after"}); err != nil {
		t.Errorf("moment %d: %v", moment, err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("moment %d: %v", moment, err)
	}
}

// Several real processes make one log and append to it at once.
func TestProcessesTogether(t *testing.T) {
	const processes, lines = 3, 10
	path := filepath.Join(t.TempDir(), "journal.db")
	var wg sync.WaitGroup
	for range processes {
		child, says := start(t, path)
		wg.Go(func() {
			for range lines {
				if !says.Scan() {
					t.Error("a child stopped by itself")
					break
				}
			}
			stop(t, child, says, 0)
		})
	}
	wg.Wait()
	b := journaltest.Open(t, opened(t, path)).Book()
	if b.Seq() < processes*lines*together || b.Seq()%together != 0 {
		t.Errorf("the log ends at %d", b.Seq())
	}
}
