// Package handoff is a store that a person changes: the Organizational Store,
// for which Microsoft documents no API. Each change is laid out as a task, a
// folder with the verified package, its digest and the portal's exact steps; an
// administrator does what it says. The package knows files and the portal's
// words; it never sees into the store, so all it tells of what is installed comes
// from an export that a person took.
//
// A task is one folder in the folder of tasks. What was withdrawn or done lies
// in the folders Withdrawn and Done beside them, without its package: nobody is
// to upload that any more. Folders without a task.json are somebody else's and
// are never touched.
package handoff

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// The codes of what this store refuses. A refusal means that nothing was
// changed: to lay a task out changes nothing in the store.
const (
	codeFolder   verdict.Code = "op.store_folder"     // the folder of tasks cannot be used
	codeConflict verdict.Code = "op.store_conflict"   // another task of the visual waits
	codeMismatch verdict.Code = "op.store_mismatch"   // the package is not the one of the change
	codeUnknown  verdict.Code = "op.store_unknown"    // no such visual
	codeForeign  verdict.Code = "op.store_app_source" // the entry came from AppSource
)

// Options says where tasks are laid out and what a task may tell.
type Options struct {
	// Folder is the folder of tasks. It must exist when a task is laid out: a
	// share that is not mounted must not take tasks that nobody ever sees.
	Folder  string
	Context store.DriverContext
}

// A Store lays out tasks. One process at a time changes one.
type Store struct {
	d       disk.Disk
	folder  string
	context store.DriverContext
	mu      sync.Mutex
}

var (
	_ store.Store         = (*Store)(nil)
	_ store.TaskKeeper    = (*Store)(nil)
	_ store.AbsenceReader = (*Store)(nil)
	_ store.Sweeper       = (*Store)(nil)
)

// Open returns the store whose tasks lie in a folder.
func Open(d disk.Disk, o Options) *Store {
	if o.Context.Now == nil {
		o.Context.Now = time.Now
	}
	return &Store{d: d, folder: o.Folder, context: o.Context}
}

// Traits says that the store tells nothing by itself and needs a person.
func (s *Store) Traits() store.Traits { return store.Traits{} }

// Installed tells what the newest export lists, without what changed since. An
// export never tells a version. Without an export it tells nothing. Where the folder
// of tasks is not there, no change can be asked for: that is an error, as with a
// store that cannot be reached.
func (s *Store) Installed(ctx context.Context) (map[visual.GUID]store.Listing, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := s.d.Stat(s.folder); err != nil {
		return nil, s.folderError(err)
	}
	all := map[visual.GUID]store.Listing{}
	if e := s.export(); e != nil {
		maps.Copy(all, e.Listed)
		maps.DeleteFunc(all, func(g visual.GUID, l store.Listing) bool {
			return e.Outdated[g] && l.Source != store.FromAppSource // which no change of ours touches
		})
	}
	return all, nil
}

// Look tells of one visual what Installed does.
func (s *Store) Look(ctx context.Context, g visual.GUID) (store.Listing, bool, error) {
	all, err := s.Installed(ctx)
	l, held := all[g]
	return l, held, err
}

// AbsentSince says when the export was taken, if it does not list a visual; false where
// it does, where there is none, or where the visual was changed since.
func (s *Store) AbsentSince(g visual.GUID) (time.Time, bool) {
	e := s.export()
	if e == nil || e.Outdated[g] {
		return time.Time{}, false
	}
	if _, listed := e.Listed[g]; listed {
		return time.Time{}, false
	}
	return e.Taken, true
}

func (s *Store) export() *store.Export {
	if s.context.Export == nil {
		return nil
	}
	return s.context.Export()
}

// Put lays out the task to add a visual, or to replace its package in place. A
// task that lies there already is left as it is.
func (s *Store) Put(ctx context.Context, id store.StepID, l license.Licensed, at moment.Moment) (store.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	r, err := l.Open(at)
	if err != nil {
		return store.Receipt{}, err
	}
	pkg, err := io.ReadAll(r)
	if err != nil {
		return store.Receipt{}, err
	}
	release := l.Release()
	b := s.brief(id, l.GUID(), l.Name())
	if want := b.To.Release; b.Key.GUID != l.GUID() || want != nil && want.Digest != release.Digest {
		return store.Receipt{}, verdict.Refuse(codeMismatch,
			fmt.Sprintf("cannot lay out a task for %s: the package given is %s of %s", b.Key.GUID, release, l.GUID()), "run the command again")
	}
	b.To.Release = &release
	if b.To.License.IsZero() {
		b.To.License = l.Bound().Terms
	}
	return s.lay(id, s.task(id, b, s.action(b)), pkg)
}

// SetAccess lays out the task to turn the access of a visual on or off.
func (s *Store) SetAccess(ctx context.Context, id store.StepID, g visual.GUID, enabled bool) (store.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, err
	}
	b := s.brief(id, g, "")
	if b.Key.GUID != g {
		return store.Receipt{}, verdict.Refuse(codeMismatch, fmt.Sprintf("cannot lay out a task for %s: it is about %s", b.Key.GUID, g), "run the command again")
	}
	if since, lacks := s.AbsentSince(g); lacks && b.From.Presence != store.Present {
		return store.Receipt{}, verdict.Refuse(codeUnknown,
			fmt.Sprintf("cannot change the access of %s: the store's list of %s does not have it", g, stamp(since)), "install it first")
	}
	action := actionOff
	if enabled {
		action = actionOn
	}
	return s.lay(id, s.task(id, b, action), nil)
}

// task is what a person is to do, and where.
func (s *Store) task(id store.StepID, b store.Brief, action string) task {
	t := newTask(id, b, action, s.context.Now())
	t.Store, t.Tenant = s.context.Store, s.context.Tenant
	t.Listed, t.Others = s.namesOf(b.Key.GUID, t.Name)
	return t
}

// namesOf returns what the newest list calls a visual, and the IDs of other entries
// that have that name or the package's.
func (s *Store) namesOf(g visual.GUID, name string) (listed string, others []string) {
	e := s.export()
	if e == nil {
		return "", nil
	}
	listed = printable(e.Listed[g].Name)
	for other, l := range e.Listed {
		called := printable(l.Name)
		if other == g || called == "" || !strings.EqualFold(called, name) && !strings.EqualFold(called, listed) {
			continue
		}
		id := other.OrgStore()
		if l.Source == store.FromAppSource {
			id = other.String()
		}
		others = append(others, id)
	}
	slices.Sort(others)
	return listed, others
}

// brief is what is told of a change; where nobody tells, the little that its
// arguments say.
func (s *Store) brief(id store.StepID, g visual.GUID, name string) store.Brief {
	if s.context.Brief != nil {
		if b, ok := s.context.Brief(id); ok {
			if b.Name == "" {
				b.Name = name
			}
			return b
		}
	}
	return store.Brief{Key: store.Key{GUID: g}, Name: name}
}

// action says how the portal takes a package: an entry that is there is
// replaced in place, never deleted and added again.
func (s *Store) action(b store.Brief) string {
	_, listed := s.entry(b.Key.GUID)
	switch {
	case b.From.Presence == store.Present || listed:
		return actionUpdate
	case b.From.Presence == store.Absent:
		return actionAdd
	}
	if _, lacks := s.AbsentSince(b.Key.GUID); lacks {
		return actionAdd
	}
	return actionEither
}

// entry is what the export lists of a visual, outdated or not.
func (s *Store) entry(g visual.GUID) (store.Listing, bool) {
	e := s.export()
	if e == nil {
		return store.Listing{}, false
	}
	l, ok := e.Listed[g]
	return l, ok
}

// lay lays a task out, if it may be and does not lie there already.
func (s *Store) lay(id store.StepID, t task, pkg []byte) (store.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.entry(t.guid()); ok && l.Source == store.FromAppSource {
		return store.Receipt{}, verdict.Refuse(codeForeign,
			fmt.Sprintf("cannot change %s: its entry in the store came from AppSource, which updates it by itself", t.guid()),
			"an entry from AppSource is never touched; to pin the visual, reports must use one that was added from a file")
	}
	all, err := s.scan()
	if err != nil {
		return store.Receipt{}, refused(err)
	}
	for _, laid := range all {
		switch {
		case laid.of(id) && laid.whole:
			return s.receipt(laid.name, laid.task), nil
		case laid.of(id): // somebody took something out of it
			if err := s.retire(laid, withdrawn); err != nil {
				return store.Receipt{}, refused(err)
			}
		case laid.task.GUID == t.GUID:
			return store.Receipt{}, verdict.Refuse(codeConflict,
				fmt.Sprintf("cannot lay out a task for %s: %q still waits", t.guid(), laid.name), "run `orgstore apply` again: it withdraws the older task first")
		}
	}
	name := t.folderName()
	if err := s.write(name, t, pkg); err != nil {
		return store.Receipt{}, refused(err)
	}
	return s.receipt(name, t), nil
}

// folderError says that the folder of tasks cannot be used.
func (s *Store) folderError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder of tasks %s does not exist; if it is new, make it, and if it is a share, it may not be mounted: %w", s.folder, fs.ErrNotExist)
	}
	return fmt.Errorf("cannot use the folder of tasks: %w", err)
}

// refused says that nothing was changed in the store, whatever went wrong with
// the task.
func refused(err error) *verdict.Refusal {
	hint := "see to the folder of tasks, then run the command again"
	if errors.Is(err, fs.ErrNotExist) {
		hint = "make the folder, or mount the share it is on, then run the command again"
	}
	return verdict.Refuse(codeFolder, fmt.Sprintf("cannot lay out the task: %v", err), hint)
}

func (s *Store) receipt(name string, t task) store.Receipt {
	return store.Receipt{Waiting: true, Reference: name, Note: t.title() + ": do what README.txt says in the folder " + filepath.Base(s.folder) + "/" + name}
}

// FindTask returns the receipt of a change whose task lies there whole.
func (s *Store) FindTask(ctx context.Context, id store.StepID) (store.Receipt, bool, error) {
	if err := ctx.Err(); err != nil {
		return store.Receipt{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.scan()
	for _, laid := range all {
		if laid.of(id) && laid.whole {
			return s.receipt(laid.name, laid.task), true, err
		}
	}
	return store.Receipt{}, false, err
}

// Instructions returns what a task asks a person to do, and where it lies; empty
// where there is none.
func (s *Store) Instructions(id store.StepID) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.scan()
	for _, laid := range all {
		if laid.of(id) && laid.task.Step != "" {
			return "The files are in " + filepath.Join(s.folder, laid.name) + "\n\n" + strings.ReplaceAll(string(laid.task.readme()), "\r\n", "\n"), err
		}
	}
	return "", err
}

// Withdraw takes a task away, so that nobody uploads yesterday's package.
func (s *Store) Withdraw(ctx context.Context, id store.StepID) error {
	return s.end(ctx, id, withdrawn)
}

// FinishTask puts away the task of a change that was confirmed.
func (s *Store) FinishTask(ctx context.Context, id store.StepID) error { return s.end(ctx, id, done) }

func (s *Store) end(ctx context.Context, id store.StepID, how ending) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.scan()
	if err != nil {
		return err
	}
	for _, laid := range all {
		if laid.of(id) {
			if err := s.retire(laid, how); err != nil {
				return fmt.Errorf("cannot take the task %q away: %w", laid.name, err)
			}
		}
	}
	return nil
}

// Sweep clears away what was half written, and withdraws tasks whose change is
// not open any more. Its caller holds the lock.
func (s *Store) Sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.scan()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // said where a task is to be laid out
	}
	if err == nil {
		err = s.sweepHalf()
	}
	for _, laid := range all {
		if s.context.Brief == nil || laid.task.Step == "" {
			continue
		}
		if _, open := s.context.Brief(store.StepID(laid.task.Step)); !open {
			err = errors.Join(err, s.retire(laid, withdrawn))
		}
	}
	for _, how := range []ending{withdrawn, done} {
		err = errors.Join(err, s.sweepEnded(filepath.Join(s.folder, how.folder), how))
	}
	if err != nil {
		return fmt.Errorf("cannot tidy the folder of tasks: %w", err)
	}
	return nil
}
