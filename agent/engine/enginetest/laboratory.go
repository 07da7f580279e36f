package enginetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

// A Laboratory is an installation in memory: a folder on a disk that can lose power,
// and a journal whose entries are safe once appended. Its lock and its inbox, which
// stays empty, are on the machine's disk under the same names.
type Laboratory struct {
	Dir   string
	Lossy *disktest.Lossy
	Log   *journaltest.Log
	// reader keeps the book that was read last: what came since is little.
	reader *journal.Journal
}

// NewLaboratory returns an empty laboratory in a folder of its own.
func NewLaboratory(t testing.TB, dir string) Laboratory {
	t.Helper()
	for _, name := range []string{".orgstore", "inbox"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return newLaboratory(t, dir, disktest.NewLossy(), new(journaltest.Log))
}

func newLaboratory(t testing.TB, dir string, d *disktest.Lossy, log *journaltest.Log) Laboratory {
	t.Helper()
	reader, err := journal.Open(context.Background(), log.Handle(), journal.Stamp{})
	if err != nil {
		t.Fatal(err)
	}
	return Laboratory{Dir: dir, Lossy: d, Log: log, reader: reader}
}

// AfterPowerLoss returns the laboratory as it is found after a loss of power; the
// seed chooses among what may be left.
func (l Laboratory) AfterPowerLoss(t testing.TB, seed uint64) Laboratory {
	t.Helper()
	log := new(journaltest.Log)
	if records := l.Log.Records(); len(records) > 0 {
		if err := log.Append(context.Background(), records); err != nil {
			t.Fatal(err)
		}
	}
	return newLaboratory(t, l.Dir, l.Lossy.PowerLoss(seed), log)
}

// Copy returns another laboratory like this one, with all of its disk safe.
func (l Laboratory) Copy(t testing.TB) Laboratory {
	t.Helper()
	if err := l.sync("/"); err != nil {
		t.Fatal(err)
	}
	return l.AfterPowerLoss(t, 0)
}

func (l Laboratory) sync(dir string) error {
	err := l.Lossy.SyncDir(dir)
	entries, rerr := l.Lossy.ReadDir(dir)
	err = errors.Join(err, rerr)
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, l.sync(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// Ports returns ports that lead into the laboratory.
func (l Laboratory) Ports(p engine.Ports) engine.Ports {
	p.Disk = l.Lossy
	p.OpenJournal = func(context.Context, string) (journal.Log, error) { return l.Log.Handle(), nil }
	return p
}

// Book reads what the journal says.
func (l Laboratory) Book(t testing.TB) journal.Book {
	t.Helper()
	if err := l.reader.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	return l.reader.Book()
}
