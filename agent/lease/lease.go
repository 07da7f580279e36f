// Package lease is the right to change stores, which one process has at a time. It
// knows the lock and the journal, and nothing of what is changed.
package lease

import (
	"context"
	"errors"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/packages/disk"
)

const (
	// Term is how long a run that stopped answering keeps others from changing
	// stores: longer than a pause of a busy machine, shorter than a person's
	// patience.
	Term = time.Minute
	// beat is how often a run that goes on extends its lease.
	beat = Term / 4
)

// Options say whose lease it is, and of what.
type Options struct {
	Disk    disk.Disk
	Folder  string // the data folder, in which the lock is
	Journal *journal.Journal
	Command string // who asks for it, such as "orgstore apply"
	Now     func() time.Time
	// Note is told what people should know.
	Note func(format string, args ...any)
}

// A Lease is the right to change stores. Two things make it: the operating
// system's lock, which ends with the process, so that nobody waits after a
// crash; and the journal's lease, which ends with time, so that a process that
// hangs keeps nobody out for ever.
type Lease struct {
	journal *journal.Journal
	lock    *lock.Lock // nil where a process that hangs still has it
	stop    context.CancelFunc
	done    chan struct{}
}

// Acquire takes the right to change stores, and keeps it until Release. The error is
// *lock.Held where another process has it.
func Acquire(ctx context.Context, o Options) (*Lease, error) {
	held, err := lock.Acquire(ctx, o.Disk, o.Folder, lock.Holder{Command: o.Command, Since: o.Now()}, 0)
	switch busy := (*lock.Held)(nil); {
	case errors.As(err, &busy):
		if err := takeOver(ctx, o, busy); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		// Whoever had the lease is gone: its lock is.
		if err := o.Journal.AcquireLease(ctx, Term, true); err != nil {
			return nil, errors.Join(err, held.Release())
		}
	}
	l := &Lease{journal: o.Journal, lock: held, done: make(chan struct{})}
	var beating context.Context
	beating, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.keep(beating)
	return l, nil
}

// takeOver takes the lease from a process that lives and has not extended it for
// long. One that has just begun may not have taken it yet.
func takeOver(ctx context.Context, o Options, busy *lock.Held) error {
	if busy.By.Since.IsZero() || o.Now().Before(busy.By.Since.Add(Term)) {
		return busy
	}
	err := o.Journal.AcquireLease(ctx, Term, false)
	if leased := (*journal.LeasedError)(nil); errors.As(err, &leased) {
		return busy
	}
	if err == nil {
		o.Note("process %d on %s has not answered for %s: this run takes over from it", busy.By.PID, busy.By.Host, Term)
	}
	return err
}

// keep extends the lease until it is told to stop. A lease that is lost shows at
// the next append, and before the next change: see apply.Applier.Lease.
func (l *Lease) keep(ctx context.Context) {
	defer close(l.done)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if errors.Is(l.journal.AcquireLease(ctx, Term, false), journal.ErrLost) {
				return
			}
		}
	}
}

// Release gives the right back. Nil holds none.
func (l *Lease) Release() error {
	if l == nil {
		return nil
	}
	l.stop()
	<-l.done
	err := l.journal.ReleaseLease(context.Background())
	if l.lock != nil {
		err = errors.Join(err, l.lock.Release())
	}
	return err
}
