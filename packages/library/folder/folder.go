// Package folder is a library that is a folder: whatever package or license is
// put into it has arrived. It reads and never changes anything there. It does
// not know what packages hold, nor what becomes of them.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/verdict"
)

// settleTime is how long a file must have been left alone before it counts as
// arrived: a copy over a slow share writes more often than that.
const settleTime = 2 * time.Second

// A Folder is a library in a directory. Directories below it are not looked
// into. Links, and whatever else is called like a package and is no file, are
// items that Fetch refuses, so that somebody hears of them: a link would lead
// out of the folder, to what whoever may write here need not be able to read.
type Folder struct {
	dir      string
	now      func() time.Time
	deferred int
}

var (
	_ library.Library  = (*Folder)(nil)
	_ library.Deferrer = (*Folder)(nil)
)

// CountDeferred says how many files the last Changes left for a later call, since
// they may still be being written.
func (f *Folder) CountDeferred() int { return f.deferred }

// Open opens a folder, which must exist: a share that is not mounted must not
// look like one that is empty.
func Open(dir string) (*Folder, error) { return OpenWithClock(dir, time.Now) }

// OpenWithClock opens a folder as Open does. The clock says how long a file has been
// left alone: that of the machine which the folder is on, but in tests.
func OpenWithClock(dir string, now func() time.Time) (*Folder, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the library folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("cannot open the library folder: %s is not a folder", dir)
	}
	return &Folder{dir: dir, now: now}, nil
}

// Changes lists, by name, the packages and licenses that are new or changed
// since the cursor, and returns the next one. A file that is empty or was
// changed within the last two seconds is left for a later call: it may still be
// being written. Left out for good are other names, and those of temporary
// files: starting with a dot or a tilde.
func (f *Folder) Changes(ctx context.Context, from library.Cursor) ([]library.Item, library.Cursor, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, from, fmt.Errorf("cannot list the library folder: %w", err)
	}
	before, now := parseCursor(from), f.now()
	next := marks{}
	var items []library.Item
	f.deferred = 0
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, from, err
		}
		if !library.Arrives(e.Name()) {
			continue
		}
		// Not e.Info, which on Windows tells what the folder recorded of the
		// file, and that lags behind.
		info, err := readState(filepath.Join(f.dir, e.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // removed since it was listed
		case err != nil:
			return nil, from, fmt.Errorf("cannot list the library folder: %w", err)
		case !hasSettled(info, now):
			f.deferred++
			continue
		}
		item := itemOf(info)
		m := markOf(item)
		next[m] = true
		if !before[m] {
			items = append(items, item)
		}
	}
	return items, next.encode(), nil
}

// hasSettled says whether a file was left alone for long enough. A time ahead of
// the clock tells nothing, since a share has a clock of its own; what is read
// too early then is refused, and comes again when it is complete.
func hasSettled(info fileState, now time.Time) bool {
	if !info.Mode().IsRegular() {
		return true
	}
	quiet := now.Sub(lastChange(info)).Abs()
	return info.Size() > 0 && quiet >= settleTime
}

// lastChange is when a file was last changed, or put here with an older time.
func lastChange(info fileState) time.Time {
	if info.changeTime.After(info.ModTime()) {
		return info.changeTime
	}
	return info.ModTime()
}

func itemOf(info fileState) library.Item {
	return library.Item{
		ID: info.Name(), Name: library.Legible(info.Name()), Size: info.Size(),
		Modified: info.ModTime().UTC(), Revision: revisionOf(info),
	}
}

// revisionOf tells apart what size and time of change alone do not: a renewed
// package can have the size of the one before it, and unzipping or copying sets
// any time it likes.
func revisionOf(info fileState) string {
	parts := []int64{info.Size(), info.ModTime().UnixNano(), info.changeTime.UnixNano()}
	if !info.Mode().IsRegular() {
		parts = []int64{int64(info.Mode().Type())} // a folder's times change with its files
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(strconv.FormatInt(p, 36))
		b.WriteByte('.')
	}
	return b.String()
}

// Fetch opens an item. Reading it fails once it gives more than max bytes, and
// at its end if the file was changed since it was listed; it then comes again
// with the next call of Changes. What can never be fetched, such as a link, is
// a *verdict.Refusal with code lib.not_a_file.
func (f *Folder) Fetch(ctx context.Context, item library.Item, max int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if item.ID != filepath.Base(item.ID) || !library.Arrives(item.ID) {
		return nil, fmt.Errorf("%q is not an item of this folder", item.ID)
	}
	name := filepath.Join(f.dir, item.ID)
	listed, err := readState(name)
	if err != nil {
		return nil, openError(item, err)
	}
	if !listed.Mode().IsRegular() {
		return nil, notAFile(item, listed)
	}
	// Without waiting: a pipe put here in this very moment must not hang us.
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, openError(item, err)
	}
	// What was opened must be what was looked at, not a link put in its place.
	opened, err := readOpenState(file)
	if err == nil && (!os.SameFile(listed.FileInfo, opened.FileInfo) || revisionOf(opened) != item.Revision) {
		err = fmt.Errorf("%s was changed since it was listed", item.Name)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &stableReader{file: file, item: item, remaining: max}, nil
}

func openError(item library.Item, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not in the library folder any more: %w", item.Name, fs.ErrNotExist)
	}
	return fmt.Errorf("cannot open %s: %w", item.Name, errors.Unwrap(err))
}

func notAFile(item library.Item, info fs.FileInfo) *verdict.Refusal {
	what := "not a file"
	switch {
	case info.IsDir():
		what = "a folder, not a file"
	case info.Mode()&fs.ModeSymlink != 0:
		what = "a link, not a file"
	}
	return verdict.Refuse("lib.not_a_file", fmt.Sprintf("%s is %s", item.Name, what), "put the file itself into the library folder")
}

// stableReader is a file being read that must stay as it was listed.
type stableReader struct {
	file      *os.File
	item      library.Item
	remaining int64
}

func (r *stableReader) Read(b []byte) (int, error) {
	if int64(len(b)) > r.remaining+1 {
		b = b[:r.remaining+1]
	}
	n, err := r.file.Read(b)
	if int64(n) > r.remaining {
		n = int(r.remaining)
		r.remaining = 0
		return n, fmt.Errorf("%s is larger than allowed", r.item.Name)
	}
	r.remaining -= int64(n)
	if err == io.EOF {
		info, serr := readOpenState(r.file)
		if serr != nil {
			return n, serr
		}
		if revisionOf(info) != r.item.Revision {
			return n, fmt.Errorf("%s was changed while it was read", r.item.Name)
		}
	}
	return n, err
}

func (r *stableReader) Close() error { return r.file.Close() }
