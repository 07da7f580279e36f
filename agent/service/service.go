// Package service runs work as what supervises it expects: under systemd it
// tells that it is ready, alive and stopping; under the service manager of
// Windows it answers to start and stop; on a terminal it ends with Ctrl-C. It
// does not know what the work is.
package service

import (
	"context"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Name is what the service is called wherever it is installed.
const Name = "orgstore"

// A State is what is told to the supervisor. The words are systemd's.
type State string

// The states.
const (
	Ready    = State(daemon.SdNotifyReady)
	Stopping = State(daemon.SdNotifyStopping)
	alive    = State(daemon.SdNotifyWatchdog)
)

// Notify tells the supervisor a state. Without one that listens it does nothing.
func Notify(s State) error {
	_, err := daemon.SdNotify(false, string(s))
	return err
}

// Watch tells the supervisor that the work is alive, at half the interval the
// unit sets, as long as healthy says so, and until ctx ends. It returns at once
// where nobody asked for it. An unhealthy work falls silent, and is restarted.
func Watch(ctx context.Context, healthy func() bool) error {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil || interval == 0 {
		return err
	}
	tick := time.NewTicker(interval / 2)
	defer tick.Stop()
	for {
		if healthy() {
			if err := Notify(alive); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Run does the work until it ends or is asked to stop: by ctx, by SIGINT or
// SIGTERM, or by the service manager of Windows. The context of the work is
// canceled then, and Run waits until the work returns: what it has begun it may
// finish. The work itself tells Ready, since it alone knows when it is.
func Run(ctx context.Context, work func(context.Context) error) error {
	return host(ctx, work)
}

// signaled does work that signals stop.
func signaled(ctx context.Context, work func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// Told as soon as a stop is asked for, not when the work has ended: systemd
	// then knows that what still runs is on its way out.
	untell := context.AfterFunc(ctx, func() { _ = Notify(Stopping) })
	defer untell()
	return work(ctx)
}
