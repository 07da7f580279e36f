// Package folder is a store that is a directory or share: for Desktop's import,
// for Report Server, for sites without a network. It knows files and names; it
// does not know why a package is put, nor a tenant.
//
// A visual is one file: <GUID>.pbiviz while it is enabled, and
// <GUID>.pbiviz.disabled while it is not. Both lie in one directory, so that
// its access changes by one rename, as its bytes do. Files with other names are
// somebody else's: they are neither listed nor touched.
package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// The codes of what this store refuses. A refusal means that nothing was changed.
const (
	codeConflict verdict.Code = "op.store_conflict" // something that is not ours is in the way
	codeName     verdict.Code = "op.store_name"     // no file may be called so
	codeUnknown  verdict.Code = "op.store_unknown"  // no such visual
)

// fileMode lets others load what is put, as far as the process's umask allows.
const fileMode fs.FileMode = 0o644

// leftoverAge is how old a temporary file must be for Put to take it for one whose
// writer was stopped.
const leftoverAge = time.Hour

// maxReads is how often a look begins again because visuals came, went or
// changed their access while it read. Pause lets whoever does that finish.
const (
	maxReads  = 5
	readPause = 10 * time.Millisecond
)

// A Store is a folder store. One process at a time changes one; any number may
// list it.
type Store struct {
	disk   disk.Disk
	dir    string
	limits pbiviz.Limits
	mu     sync.RWMutex // held for writing while something changes
}

var (
	_ store.Store         = (*Store)(nil)
	_ store.PackageReader = (*Store)(nil)
	_ store.Sweeper       = (*Store)(nil)
)

// Open returns the store in a directory. It need not exist yet, but must when
// the store is used: a share that is not mounted must not look like a store
// that is empty.
func Open(d disk.Disk, dir string) *Store {
	return &Store{disk: d, dir: dir, limits: pbiviz.DefaultLimits()}
}

// Traits says that a folder tells all and needs no person.
func (s *Store) Traits() store.Traits {
	return store.Traits{TellsPresence: true, TellsAccess: true, TellsVersion: true, TellsDigest: true, Unattended: true}
}

// Installed reads every visual's package. What is not as it should be is listed
// with its problem and without a release.
func (s *Store) Installed(ctx context.Context) (map[visual.GUID]store.Listing, error) {
	return s.list(ctx, func(all slots) slots { return all })
}

// Look reads one visual's package, and of the others no more than their names.
func (s *Store) Look(ctx context.Context, g visual.GUID) (store.Listing, bool, error) {
	listed, err := s.list(ctx, func(all slots) slots { return all.groupOf(g) })
	l, held := listed[g]
	return l, held, err
}

// Package returns the bytes of one visual's package; false where the store holds
// none that can be read.
func (s *Store) Package(ctx context.Context, g visual.GUID) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	slot, held, err := s.findSlot(g)
	if err != nil || !held {
		return nil, false, err
	}
	file, err := disk.ReadFile(s.disk, filepath.Join(s.dir, slot.name), s.limits.FileSize)
	return file, err == nil, err
}

// list lists those of the store's files that are asked for.
func (s *Store) list(ctx context.Context, those func(slots) slots) (map[visual.GUID]store.Listing, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for range maxReads {
		all, steady, err := s.listOnce(ctx, those)
		if err != nil {
			return nil, err
		}
		if steady {
			return all, nil
		}
		time.Sleep(readPause)
	}
	return nil, fmt.Errorf("cannot list the store: %s keeps changing", s.dir)
}

// listOnce lists those files, and says whether they stayed as they were meanwhile.
// A directory read while a file in it is renamed may show it under both names
// or under none, so it is read twice.
func (s *Store) listOnce(ctx context.Context, those func(slots) slots) (all map[visual.GUID]store.Listing, steady bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	before, err := s.scanSlots()
	if err != nil {
		return nil, false, err
	}
	before = those(before)
	all = map[visual.GUID]store.Listing{}
	for _, group := range before {
		problem := group.problem()
		for _, slot := range group {
			if err := ctx.Err(); err != nil {
				return nil, false, err
			}
			l := store.Listing{GUID: slot.guid, Problem: problem}
			if problem == "" {
				if l, err = s.listingOf(slot); err != nil {
					return nil, false, nil // it was renamed: look again
				}
			}
			all[slot.guid] = l
		}
	}
	after, err := s.scanSlots()
	return all, before.equal(those(after)), err
}

// listingOf tells of one visual's file. The error says that it is not there any more.
func (s *Store) listingOf(slot slot) (store.Listing, error) {
	l := store.Listing{GUID: slot.guid, Enabled: &slot.enabled}
	p, err := s.readPackage(slot)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l, err
	case err != nil:
		l.Problem = err.Error()
		return l, nil
	}
	release := p.Release()
	l.Name, l.Release = p.Manifest().DisplayName, &release
	return l, nil
}

// readPackage reads a visual's package, and refuses one of another visual.
func (s *Store) readPackage(slot slot) (*pbiviz.Package, error) {
	file, err := disk.ReadFile(s.disk, filepath.Join(s.dir, slot.name), s.limits.FileSize)
	if err != nil {
		return nil, fmt.Errorf("%s is not readable: %w", slot.name, err)
	}
	p, err := pbiviz.Read(file, s.limits)
	if err != nil {
		return nil, fmt.Errorf("%s is not a package: %w", slot.name, err)
	}
	if g := p.Manifest().GUID; g != slot.guid {
		return nil, fmt.Errorf("%s holds another visual, %s", slot.name, g)
	}
	return p, nil
}

// Put replaces the package of a visual, enabled or not, or adds it enabled.
// Only a package of the same visual is ever replaced. A *verdict.Refusal means
// that nothing was changed.
func (s *Store) Put(ctx context.Context, _ store.StepID, l license.Licensed, at moment.Moment) (store.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	r, err := l.Open(at)
	if err != nil {
		return store.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, held, err := s.findSlot(l.GUID())
	if err != nil {
		return store.Receipt{}, err
	}
	name := filepath.Join(s.dir, slot.name)
	if held {
		p, err := s.readPackage(slot)
		if err != nil {
			return store.Receipt{}, conflictRefusal(err.Error(), l.GUID())
		}
		if p.Digest() == l.Release().Digest {
			// Whoever put it may have been stopped before its name was durable.
			return receiptFor(slot), s.disk.SyncDir(s.dir)
		}
	}
	// Only tidying; what matters is what comes next.
	_ = disk.Sweep(s.disk, s.dir, time.Now().Add(-leftoverAge))
	if err := disk.Replace(s.disk, name, fileMode, func(w io.Writer) error { return write(w, r) }); err != nil {
		return store.Receipt{}, err
	}
	return receiptFor(slot), nil
}

func write(w io.Writer, r *bytes.Reader) error {
	_, err := r.WriteTo(w)
	return err
}

func receiptFor(slot slot) store.Receipt { return store.Receipt{Reference: slot.name} }

// SetAccess renames a visual's file. It leaves the bytes as they are, whatever
// they are.
func (s *Store) SetAccess(ctx context.Context, _ store.StepID, g visual.GUID, enabled bool) (store.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	from, held, err := s.findSlot(g)
	switch {
	case err != nil:
		return store.Receipt{}, err
	case !held:
		return store.Receipt{}, verdict.Refuse(codeUnknown,
			fmt.Sprintf("cannot change the access of %s: the store in %s does not hold it", g, s.dir), "install it first")
	}
	to := slotOf(g, enabled)
	if from.enabled != enabled {
		if err := s.disk.Rename(filepath.Join(s.dir, from.name), filepath.Join(s.dir, to.name)); err != nil {
			return store.Receipt{}, fmt.Errorf("cannot change the access of %s: %w", g, err)
		}
	}
	// Also where nothing was to be done: see Put.
	return receiptFor(to), s.disk.SyncDir(s.dir)
}

// Withdraw has nothing to take back: no change ever waits.
func (s *Store) Withdraw(ctx context.Context, _ store.StepID) error { return ctx.Err() }

// Sweep removes temporary files that a stopped Put left, however new, and makes
// durable what one may have renamed and not synced: recovery is about to take it
// for done. Its caller holds the lock.
func (s *Store) Sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := disk.Sweep(s.disk, s.dir, time.Now().Add(leftoverAge))
	if err == nil {
		err = s.disk.SyncDir(s.dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot tidy the store: %w", err)
	}
	return nil
}
