package lease_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/lease"
	"github.com/orgstore/orgstore/agent/lock"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

// A process is one that asks for the lease.
type process struct {
	lease.Options
	log   *journaltest.Handle
	notes []string
}

// newProcess opens a log as one more process does.
func newProcess(t *testing.T, folder string, log *journaltest.Log) *process {
	t.Helper()
	p := &process{log: log.Handle()}
	stamp := journaltest.Stamp()
	stamp.Clock = time.Now
	j, err := journal.Open(context.Background(), p.log, stamp)
	if err != nil {
		t.Fatal(err)
	}
	p.Options = lease.Options{Disk: disk.OS(), Folder: folder, Journal: j, Command: "orgstore apply", Now: time.Now, Note: func(format string, args ...any) {
		p.notes = append(p.notes, fmt.Sprintf(format, args...))
	}}
	return p
}

func (p *process) acquire(t *testing.T) *lease.Lease {
	t.Helper()
	held, err := lease.Acquire(t.Context(), p.Options)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func (p *process) wantBusy(t *testing.T) {
	t.Helper()
	held, err := lease.Acquire(t.Context(), p.Options)
	if !errors.As(err, new(*lock.Held)) {
		t.Errorf("a second process got %v, %v", held, err)
	}
}

// append records something, which only the holder of the lease can.
func (p *process) append(t *testing.T) error {
	t.Helper()
	if err := p.Journal.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p.Journal.Append(context.Background(), journaltest.Tx(t), journal.SettingsSeen{Policy: "sha256:0"})
}

func release(t *testing.T, l *lease.Lease) {
	t.Helper()
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &journaltest.Log{}
		a, b := newProcess(t, folder, log), newProcess(t, folder, log)
		held := a.acquire(t)
		b.wantBusy(t)
		release(t, held)
		release(t, b.acquire(t))
	})
}

func TestReleaseOfNone(t *testing.T) {
	release(t, nil)
}

// A run that goes on for long keeps its lease: it is extended.
func TestALongRunKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &journaltest.Log{}
		a, b := newProcess(t, folder, log), newProcess(t, folder, log)
		held := a.acquire(t)
		for range 10 {
			time.Sleep(lease.Term)
			b.wantBusy(t)
		}
		if err := a.append(t); err != nil || len(b.notes) != 0 {
			t.Errorf("it cannot append: %v; noted %q", err, b.notes)
		}
		release(t, held)
	})
}

// hang takes the lock as a process does that stopped answering right after it took
// the lease for one term.
func hang(t *testing.T, p *process) *lock.Lock {
	t.Helper()
	held, err := lock.Acquire(t.Context(), p.Disk, p.Folder, lock.Holder{Command: p.Command, Since: p.Now()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Journal.AcquireLease(t.Context(), lease.Term, true); err != nil {
		t.Fatal(err)
	}
	return held
}

// Whoever hangs keeps others out for one term. Then another takes over, and what the
// first one would record is refused.
func TestAProcessThatHangsLosesTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &journaltest.Log{}
		a, b := newProcess(t, folder, log), newProcess(t, folder, log)
		held := hang(t, a)
		time.Sleep(lease.Term - 2*time.Second)
		b.wantBusy(t)
		time.Sleep(3 * time.Second)
		taken := b.acquire(t)
		if len(b.notes) != 1 || !strings.HasPrefix(b.notes[0], fmt.Sprintf("process %d on ", os.Getpid())) || !strings.HasSuffix(b.notes[0], "has not answered for 1m0s: this run takes over from it") {
			t.Errorf("noted %q", b.notes)
		}
		if err := a.append(t); !errors.Is(err, journal.ErrLost) {
			t.Errorf("the first one appends: %v", err)
		}
		if err := b.append(t); err != nil {
			t.Errorf("the second one cannot append: %v", err)
		}
		release(t, taken)
		if err := held.Release(); err != nil { // its lock was left to it
			t.Error(err)
		}
	})
}

// The lock of one that has just begun is enough: it may not have taken the lease yet.
func TestOneThatHasJustBegunIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &journaltest.Log{}
		a, b := newProcess(t, folder, log), newProcess(t, folder, log)
		held, err := lock.Acquire(t.Context(), a.Disk, folder, lock.Holder{Command: a.Command, Since: a.Now()}, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.wantBusy(t)
		if err := os.Remove(filepath.Join(folder, "lock.holder")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * lease.Term)
		b.wantBusy(t) // nobody knows since when
		_ = held.Release()
	})
}

// What a crash leaves is a lease without a lock: nobody waits for it.
func TestTheLeaseOfADeadProcessIsSeized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &journaltest.Log{}
		a, b := newProcess(t, folder, log), newProcess(t, folder, log)
		if err := hang(t, a).Release(); err != nil {
			t.Fatal(err)
		}
		held := b.acquire(t)
		if err := a.append(t); !errors.Is(err, journal.ErrLost) {
			t.Errorf("the dead one appends: %v", err)
		}
		release(t, held)
	})
}

// A heartbeat ends once the lease is lost: it takes nothing back.
func TestALostLeaseIsNotTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &journaltest.Log{}
		a, b := newProcess(t, folder, log), newProcess(t, folder, log)
		held := a.acquire(t)
		if err := b.Journal.AcquireLease(t.Context(), lease.Term, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lease.Term / 2) // two beats
		if err := b.append(t); err != nil {
			t.Errorf("the second one cannot append: %v", err)
		}
		if err := a.append(t); !errors.Is(err, journal.ErrLost) {
			t.Errorf("the first one appends: %v", err)
		}
		release(t, held)
	})
}

// A canceled command ends its run by itself: until then it keeps its lease.
func TestCancelingDoesNotLoseTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &journaltest.Log{}
		a, b := newProcess(t, folder, log), newProcess(t, folder, log)
		ctx, cancel := context.WithCancel(t.Context())
		held, err := lease.Acquire(ctx, a.Options)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(3 * lease.Term)
		b.wantBusy(t)
		release(t, held)
	})
}

// A refusing log grants no lease.
type refusing struct{ *journaltest.Handle }

var errRefused = errors.New("the journal's disk is full")

func (refusing) Lease(context.Context, journal.Claim) (journal.Lease, error) {
	return journal.Lease{}, errRefused
}

// A lease that the journal refuses leaves no lock behind.
func TestNoLockWithoutALease(t *testing.T) {
	folder, log := t.TempDir(), &journaltest.Log{}
	a, b := newProcess(t, folder, log), newProcess(t, folder, log)
	var err error
	if a.Journal, err = journal.Open(t.Context(), refusing{a.log}, journaltest.Stamp()); err != nil {
		t.Fatal(err)
	}
	if _, err := lease.Acquire(t.Context(), a.Options); !errors.Is(err, errRefused) {
		t.Errorf("got %v", err)
	}
	release(t, b.acquire(t))
}

func TestAFullDiskHoldsNoLease(t *testing.T) {
	folder, log := t.TempDir(), &journaltest.Log{}
	a, b := newProcess(t, folder, log), newProcess(t, folder, log)
	a.Disk = disktest.Watch(a.Disk, disktest.Hook{Before: func(disktest.Op) error { return syscall.ENOSPC }})
	if _, err := lease.Acquire(t.Context(), a.Options); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	release(t, b.acquire(t))
}
