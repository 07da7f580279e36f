package service

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// heard listens where systemd would, and gives each word it hears.
func heard(t *testing.T) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	words := make(chan string, 64)
	go func() {
		for buf := make([]byte, 512); ; {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			words <- string(buf[:n])
		}
	}()
	return words
}

func expect(t *testing.T, words <-chan string, want string) {
	t.Helper()
	select {
	case got := <-words:
		if got != want {
			t.Fatalf("told %q, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("told nothing, want %q", want)
	}
}

func TestTellsReadyAndStopping(t *testing.T) {
	words := heard(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := Run(ctx, func(ctx context.Context) error {
		if err := Notify(Ready); err != nil {
			return err
		}
		expect(t, words, "READY=1")
		cancel()
		expect(t, words, "STOPPING=1") // while the work still ends
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestWatchFallsSilentWhenUnhealthy(t *testing.T) {
	words := heard(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := 0
	healthy := func() bool { // twice well, then not, then the end
		if calls++; calls == 5 {
			cancel()
		}
		return calls <= 2
	}
	if err := Watch(ctx, healthy); err != nil {
		t.Fatal(err)
	}
	expect(t, words, "WATCHDOG=1")
	expect(t, words, "WATCHDOG=1")
	select {
	case w := <-words:
		t.Fatalf("told %q of unhealthy work", w)
	case <-time.After(50 * time.Millisecond):
	}
}

func TestWithoutSupervisorNothingIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	if err := Notify(Ready); err != nil {
		t.Error(err)
	}
	if err := Watch(t.Context(), func() bool { t.Error("asked"); return true }); err != nil {
		t.Error(err)
	}
}

func TestManagedStopWaitsForTheStep(t *testing.T) {
	asked, step := make(chan request), make(chan struct{})
	var told []bool
	go func() {
		asked <- interrogate
		asked <- stop
		asked <- interrogate // the manager asks again while the step ends
		close(step)
	}()
	err := managed(t.Context(), func(ctx context.Context) error {
		<-ctx.Done()
		<-step
		return nil
	}, asked, func(stopping bool) { told = append(told, stopping) })
	if err != nil {
		t.Fatal(err)
	}
	if want := []bool{false, false, true, true}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestManagedEndsWithTheWork(t *testing.T) {
	broken := errors.New("the state store is gone")
	err := managed(t.Context(), func(context.Context) error { return broken }, make(chan request), func(bool) {})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}
