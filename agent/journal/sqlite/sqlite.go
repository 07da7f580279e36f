// Package sqlite keeps a journal's records in one SQLite file, without cgo. It
// knows tables, transactions and files, and nothing of what is in a record.
//
// The file may be opened by several processes of one machine at once. It must
// not lie on a network share: there, SQLite's locks and its shared memory do
// not hold. A backup copies it with SQLite's own means or while nobody has it
// open, since the newest records may be in the file beside it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/orgstore/orgstore/agent/journal"
)

const (
	// busyTimeout is how long a writer waits for another, in milliseconds. An
	// append takes milliseconds; who waits longer waits for something stuck.
	busyTimeout = "5000"
	// maxConns bounds the pool: one that appends and some that read.
	maxConns = 4
)

// A Log is a journal.Log in a file.
type Log struct {
	db     *sql.DB
	path   string
	update *journal.Update // nil where the file was of this schema
	term   atomic.Int64    // of the lease that was granted last
}

// Open opens the log in a file, and makes it, readable by its owner only, where
// there is none; its folder must exist. It never overwrites a file: one that is
// damaged, empty or no database is a *journal.BrokenError, one of a newer
// orgstore a *journal.NewerError. One of an older orgstore is updated, after a copy
// was kept: see Update.
func Open(ctx context.Context, path string) (*Log, error) {
	l, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("cannot open the audit log %s: %w", path, explain(err))
	}
	return l, nil
}

func open(ctx context.Context, path string) (*Log, error) {
	if err := ensure(ctx, path); err != nil {
		return nil, err
	}
	db, err := connect(path)
	if err != nil {
		return nil, err
	}
	done, err := update(ctx, db, path)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Log{db: db, path: path, update: done}, nil
}

// Update implements journal.Updater.
func (l *Log) Update() (journal.Update, bool) {
	if l.update == nil {
		return journal.Update{}, false
	}
	return *l.update, true
}

// connect prepares a pool for a file that exists. Full synchronization makes an
// append durable when it returns: what is about to happen to a store must be on
// the disk before it happens.
func connect(path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := filepath.ToSlash(abs)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/data becomes /C:/data, as SQLite's names of files want
	}
	options := url.Values{
		"mode":          {"rw"}, // never create: see ensure
		"_txlock":       {"immediate"},
		"_busy_timeout": {busyTimeout},
		"_defensive":    {"1"},
		"_pragma":       {"synchronous(FULL)", "trusted_schema(OFF)"},
	}
	u := url.URL{Scheme: "file", Path: name, RawQuery: options.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConns)
	return db, nil
}

// Append implements journal.Log. Once begun it is finished even if the context
// ends, within the busy timeout: a caller that gives up in the middle of a
// commit could not know whether it happened.
func (l *Log) Append(ctx context.Context, records []journal.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := l.append(context.WithoutCancel(ctx), records); err != nil {
		return fmt.Errorf("%s: %w", l.path, explain(err))
	}
	return nil
}

func (l *Log) append(ctx context.Context, records []journal.Record) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // an error after Commit, which is as it should be
	if err := l.fence(ctx, tx); err != nil {
		return err
	}
	if err := expect(ctx, tx, records[0]); err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO entries (seq, body, prev, hash) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, r := range records {
		if _, err := insert.ExecContext(ctx, int64(r.Seq), r.Body, r.Prev[:], r.Hash[:]); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// expect checks that the newest record is the one before next.
func expect(ctx context.Context, tx *sql.Tx, next journal.Record) error {
	var seq uint64
	hash := make([]byte, len(journal.Hash{}))
	err := tx.QueryRowContext(ctx, `SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1`).Scan(&seq, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if seq != next.Seq-1 || string(hash) != string(next.Prev[:]) {
		return journal.ErrMoved
	}
	return nil
}

// Read implements journal.Log. All that it yields was there at one moment.
func (l *Log) Read(ctx context.Context, after uint64, yield func(journal.Record) error) error {
	rows, err := l.db.QueryContext(ctx, `SELECT seq, body, prev, hash FROM entries WHERE seq > ? ORDER BY seq`, int64(after))
	if err != nil {
		return l.unreadable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r journal.Record
		var prev, hash sql.RawBytes
		if err := rows.Scan(&r.Seq, &r.Body, &prev, &hash); err != nil {
			return l.unreadable(err)
		}
		if copy(r.Prev[:], prev) != len(r.Prev) || copy(r.Hash[:], hash) != len(r.Hash) {
			return &journal.BrokenError{Seq: r.Seq, Why: "its hashes are cut off"}
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return l.unreadable(err)
	}
	return nil
}

func (l *Log) unreadable(err error) error {
	return fmt.Errorf("cannot read the audit log %s: %w", l.path, explain(err))
}

// Close implements journal.Log.
func (l *Log) Close() error { return l.db.Close() }

// explain turns SQLite's codes into sentences for people.
func explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff { // the rest says which kind of it
	case lib.SQLITE_NOTADB:
		return &journal.BrokenError{Why: "the file is not a database"}
	case lib.SQLITE_CORRUPT:
		return &journal.BrokenError{Why: "the database is damaged"}
	case lib.SQLITE_READONLY:
		return fmt.Errorf("the file or its folder may not be written to (%w)", err)
	case lib.SQLITE_CANTOPEN:
		return fmt.Errorf("the file or its folder may not be opened (%w)", err)
	case lib.SQLITE_FULL:
		return fmt.Errorf("the disk is full (%w)", err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("another process has kept it locked for %s ms (%w)", busyTimeout, err)
	}
	return err
}
