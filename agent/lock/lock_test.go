package lock_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

// childVariable makes the test program take the lock it names, say so and wait
// to be killed.
const childVariable = "ORGSTORE_TEST_LOCK"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if _, err := lock.Acquire(context.Background(), disk.OS(), dir, lock.Holder{Command: "orgstore apply", Since: time.Now()}, 0); err != nil {
			os.Stdout.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Stdout.WriteString("held\n")
		time.Sleep(time.Minute) // the parent kills us long before
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child starts a process that holds the lock.
func child(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "held\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return c
}

func acquire(dir string, wait time.Duration) (*lock.Lock, error) {
	return lock.Acquire(context.Background(), disk.OS(), dir, lock.Holder{Command: "orgstore pin set", Since: time.Now()}, wait)
}

func TestTheHolderIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	c := child(t, dir)
	_, err := acquire(dir, 0)
	var held *lock.Held
	if !errors.As(err, &held) {
		t.Fatalf("got %v", err)
	}
	host, err2 := os.Hostname()
	me, err3 := user.Current()
	if err2 != nil || err3 != nil {
		t.Fatal(err2, err3)
	}
	if held.By.PID != c.Process.Pid || held.By.Host != host || held.By.User != me.Username || held.By.Command != "orgstore apply" ||
		time.Since(held.By.Since) > time.Minute {
		t.Errorf("named %+v", held.By)
	}
	for _, part := range []string{"orgstore apply", host, me.Username, "since 20"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q says nothing of %q", err, part)
		}
	}
	if held.Hint() == "" {
		t.Error("no hint")
	}
}

func TestAKilledHolderLeavesNoLock(t *testing.T) {
	dir := t.TempDir()
	c := child(t, dir)
	if _, err := acquire(dir, 0); err == nil {
		t.Fatal("two hold the lock")
	}
	if err := c.Process.Kill(); err != nil { // SIGKILL: no chance to tidy up
		t.Fatal(err)
	}
	_ = c.Wait()
	if _, err := os.Stat(filepath.Join(dir, "lock.holder")); err != nil {
		t.Fatalf("the killed holder left no name: %v", err)
	}
	l, err := acquire(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	var held *lock.Held
	if _, err := acquire(dir, 0); !errors.As(err, &held) || held.By.PID != os.Getpid() {
		t.Errorf("the name of the dead is still there: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "lock.holder")); err == nil {
		t.Error("a released lock still names a holder")
	}
}

func TestWaiting(t *testing.T) {
	dir := t.TempDir()
	l, err := acquire(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var held *lock.Held
	if _, err := acquire(dir, 150*time.Millisecond); !errors.As(err, &held) || time.Since(start) < 150*time.Millisecond {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := lock.Acquire(ctx, disk.OS(), dir, lock.Holder{}, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("canceled while waiting: %v", err)
	}
	time.AfterFunc(100*time.Millisecond, func() { _ = l.Release() })
	second, err := acquire(dir, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
}

func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	var inside, turns atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 3 {
				l, err := acquire(dir, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two are inside")
				}
				turns.Add(1)
				inside.Add(-1)
				if err := l.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if turns.Load() != 24 {
		t.Errorf("%d turns", turns.Load())
	}
}

func TestAHolderFileFromAnyoneMisleadsNobody(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "not JSON": "held by me", "torn": `{"pid": 12`, "an array": `[]`,
		"another type": `{"pid":"4"}`, "huge": `{"command":"` + strings.Repeat("x", 1<<20) + `"}`,
		"steering the terminal": `{"pid":1,"command":"\u001b[2J"}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l, err := acquire(dir, 0)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "lock.holder")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = acquire(dir, 0)
			var held *lock.Held
			if !errors.As(err, &held) || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 300 {
				t.Errorf("got %v", err)
			}
			if err := l.Release(); err != nil {
				t.Fatal(err)
			}
			// Without a holder the file alone keeps nobody out.
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if l, err = acquire(dir, 0); err != nil {
				t.Fatal(err)
			}
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Who cannot be named does not hold the lock either.
func TestAFullDiskHoldsNoLock(t *testing.T) {
	dir := t.TempDir()
	full := errors.New("no space left")
	failing := disktest.Watch(disk.OS(), disktest.Hook{Before: func(op disktest.Op) error {
		if op.Kind == "write" {
			return full
		}
		return nil
	}})
	if _, err := lock.Acquire(context.Background(), failing, dir, lock.Holder{}, 0); !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
	l, err := acquire(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}
