package engine

import (
	"context"
	"errors"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lock"
)

const (
	// leaseTerm is how long a run that stopped answering keeps others from
	// changing stores: longer than a pause of a busy machine, shorter than a
	// person's patience.
	leaseTerm = time.Minute
	// leaseBeat is how often a run that goes on extends its lease.
	leaseBeat = leaseTerm / 4
)

// A heldLease is the right to change stores. Two things make it: the operating
// system's lock, which ends with the process, so that nobody waits after a
// crash; and the journal's lease, which ends with time, so that a process that
// hangs keeps nobody out for ever.
type heldLease struct {
	lock *lock.Lock // nil where a process that hangs still has it
	stop context.CancelFunc
	done chan struct{}
}

// acquireLease takes the right to change stores. The error is *lock.Held where another
// process has it.
func (e *Engine) acquireLease(ctx context.Context, command string) error {
	held, err := lock.Acquire(ctx, e.Disk, e.Settings.Data, lock.Holder{Command: command, Since: e.Now()}, 0)
	switch busy := (*lock.Held)(nil); {
	case errors.As(err, &busy):
		if err := e.takeOverLease(ctx, busy); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		// Whoever had the lease is gone: its lock is.
		if err := e.Journal.AcquireLease(ctx, leaseTerm, true); err != nil {
			return errors.Join(err, held.Release())
		}
	}
	e.lease = &heldLease{lock: held, done: make(chan struct{})}
	var beating context.Context
	beating, e.lease.stop = context.WithCancel(context.WithoutCancel(ctx))
	go e.keepLease(beating, e.lease.done)
	return nil
}

// takeOverLease takes the lease from a process that lives and has not extended it for
// long. One that has just begun may not have taken it yet.
func (e *Engine) takeOverLease(ctx context.Context, busy *lock.Held) error {
	if busy.By.Since.IsZero() || e.Now().Before(busy.By.Since.Add(leaseTerm)) {
		return busy
	}
	err := e.Journal.AcquireLease(ctx, leaseTerm, false)
	if leased := (*journal.LeasedError)(nil); errors.As(err, &leased) {
		return busy
	}
	if err == nil {
		e.note("process %d on %s has not answered for %s: this run takes over from it", busy.By.PID, busy.By.Host, leaseTerm)
	}
	return err
}

// keepLease extends the lease until it is told to stop. A lease that is lost shows at
// the next append, and before the next change: see apply.Applier.Lead.
func (e *Engine) keepLease(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	tick := time.NewTicker(leaseBeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if errors.Is(e.Journal.AcquireLease(ctx, leaseTerm, false), journal.ErrLost) {
				return
			}
		}
	}
}

// ReleaseLease gives the right back.
func (e *Engine) ReleaseLease() error {
	if e.lease == nil {
		return nil
	}
	e.lease.stop()
	<-e.lease.done
	err := e.Journal.ReleaseLease(context.Background())
	if e.lease.lock != nil {
		err = errors.Join(err, e.lease.lock.Release())
	}
	e.lease = nil
	return err
}
