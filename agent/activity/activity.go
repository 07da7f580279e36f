// Package activity reads what the tenant's activity log tells of the stores, and
// records it. It knows how far it read, and nothing of what follows from an event.
package activity

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/statefile"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	// readEvery is how often the log is read by commands that do not need it at
	// once: 200 calls an hour are allowed (documented: activity events, Power BI
	// REST API), a reading takes at least two, and events come up to an hour late.
	readEvery = 15 * time.Minute
	// readTime bounds a reading by commands that do not need it at once. What was
	// read of whole days is kept.
	readTime = 20 * time.Second
	// maxCursor bounds the file that says how far the log was read, in bytes: some
	// hundred for each change of a day.
	maxCursor    = 1 << 20
	cursorFormat = 1
)

// A Source is a tenant whose activity log can be read.
type Source interface {
	// Changes tells each change of the Organizational Store since a mark, which
	// is its own to read; an empty one begins as far back as the activity log
	// reaches. It returns the next mark and up to where that one is, also where an
	// error kept it from reading on.
	Changes(ctx context.Context, mark []byte, now time.Time) (told []tenant.Event, next []byte, until time.Time, err error)
}

// A Cursor says how far the activity log was read. Its members are never renamed.
type Cursor struct {
	Format int             `json:"orgstore_activity"`
	Asked  time.Time       `json:"asked"` // the last try, good or not
	Until  time.Time       `json:"until"`
	Mark   json.RawMessage `json:"mark,omitempty"`
}

// IsDue reports whether it is time to read on.
func (c Cursor) IsDue(now time.Time) bool {
	since := now.Sub(c.Asked)
	return since < 0 || since >= readEvery
}

// A Reader reads the activity log into a journal.
type Reader struct {
	Disk    disk.Disk
	Folder  string // the data folder, in which the cursor is
	Journal *journal.Journal
	Tx      journal.TxID
	Now     func() time.Time
	// Note is told what people should know.
	Note func(format string, args ...any)
}

func (r Reader) stateFile() statefile.File {
	return statefile.File{
		Disk: r.Disk, Name: filepath.Join(r.Folder, "activity.cursor"), Member: "orgstore_activity", Format: cursorFormat, MaxSize: maxCursor,
	}
}

// LastCursor returns how far the log was read. A file that cannot be understood is as
// good as none: the log is read again from its beginning. That of a newer program is
// an error: that program would miss what is read here.
func (r Reader) LastCursor() (Cursor, error) {
	file := r.stateFile()
	c, err := statefile.ReadJSON[Cursor](file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Cursor{}, nil
	case errors.Is(err, statefile.ErrDamaged):
		r.Note("%s cannot be understood, so the activity log is read again from its beginning", file.Name)
		return Cursor{}, nil
	}
	return c, err
}

// Read reads on from a cursor and returns the next one. The facts are recorded first,
// the cursor is saved last: an event told twice counts once, one missed is lost.
func (r Reader) Read(ctx context.Context, from Source, c Cursor, atOnce bool) (Cursor, error) {
	if !atOnce {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, readTime)
		defer cancel()
	}
	told, next, until, failure := from.Changes(ctx, c.Mark, r.Now())
	if err := r.record(context.WithoutCancel(ctx), told); err != nil {
		return c, err
	}
	c = Cursor{cursorFormat, r.Now().UTC(), until.UTC(), next}
	return c, errors.Join(failure, statefile.WriteJSON(r.stateFile(), c))
}

func (r Reader) record(ctx context.Context, told []tenant.Event) error {
	var facts []journal.Fact
	book := r.Journal.Book()
	for _, event := range told {
		if book.HasEvent(event.Key()) {
			continue
		}
		facts = append(facts, journal.StoreChanged{
			Event: event.Key(), Time: event.At, Operation: event.Operation, User: event.User, Item: event.Item, Object: event.Object, Failed: event.Failed,
		})
	}
	return r.Journal.Append(ctx, r.Tx, facts...)
}
