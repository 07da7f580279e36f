package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"

	"github.com/orgstore/orgstore/agent/journal"
)

const (
	// application is the application_id of a journal: "orgs" in ASCII.
	application = 0x6f726773
	// newest is the number of the newest migration. Every migration sets the
	// file's user_version to its own number, so that opening an up-to-date file
	// asks for that number alone; a test holds the two together.
	newest = 2
)

//go:embed migrations/*.sql
var migrations embed.FS

// ensure makes a new log where there is no file. It is made aside and gets its
// name when it is whole, so an empty file under that name is always the remains
// of something lost, never a log that someone was about to make.
func ensure(ctx context.Context, path string) error {
	// Looked for first: whoever makes it made the log before it.
	_, orphan := os.Stat(path + "-wal")
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && orphan == nil:
		// SQLite would take what is in it for the newest of a new file.
		return &journal.BrokenError{Why: fmt.Sprintf("the file is gone, and %s-wal, which belonged to it, is there", filepath.Base(path))}
	case errors.Is(err, fs.ErrNotExist):
		return create(ctx, path)
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a folder")
	case info.Size() == 0:
		return &journal.BrokenError{Why: "the file is empty"}
	}
	return nil
}

func create(ctx context.Context, path string) error {
	dir := filepath.Dir(path)
	aside, err := os.MkdirTemp(dir, ".journal-*") // its owner's only
	if err != nil {
		return err
	}
	defer tidy(aside)
	made := filepath.Join(aside, "new")
	if err := makeEmpty(made); err != nil {
		return err
	}
	if err := initialize(ctx, made); err != nil {
		return err
	}
	if err := name(made, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// tidy takes away where a log was made. It is no error where that cannot be: on
// Windows whoever has opened the log by its name meanwhile, or scans it, holds its
// other name too, and what is left there is nobody's log.
func tidy(aside string) {
	made, _ := os.ReadDir(aside)
	for _, e := range made {
		_ = os.Remove(filepath.Join(aside, e.Name()))
	}
	_ = os.Remove(aside)
}

// name gives a file its name unless someone else has it. A link, unlike a
// rename, never replaces: who comes second finds the file of who came first.
// Where the disk has no links (exFAT), looking and renaming must do.
func name(made, path string) error {
	err := os.Link(made, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return os.Rename(made, path)
}

// initialize brings an empty file to the newest schema. Closing it moves all of
// it into the file itself.
func initialize(ctx context.Context, path string) error {
	db, err := connect(path)
	if err != nil {
		return err
	}
	// Write-ahead logging is a lasting property of the file.
	if _, err := db.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(migrate(ctx, db), db.Close())
}

// update brings a file of an older orgstore to the newest schema, and refuses
// one that is not ours to touch. Programs of the older schema cannot open it after
// that, so a copy of it as it was is kept beside it.
func update(ctx context.Context, db *sql.DB, path string) (*journal.Update, error) {
	app, version, err := identity(ctx, db)
	switch {
	case err != nil:
		return nil, err
	case app != application:
		return nil, errors.New("it is the database of another program")
	case version > newest:
		return nil, &journal.NewerError{What: fmt.Sprintf("schema %d, and this program knows %d", version, newest)}
	case version == newest:
		return nil, nil
	}
	kept, failure := keepCopy(ctx, db, path, version)
	if failure == nil {
		failure = migrate(ctx, db)
	}
	if failure == nil {
		return &journal.Update{From: version, To: newest, Copy: kept}, nil
	}
	// Another process may have done it at the same time.
	if _, version, err := identity(ctx, db); err == nil && version == newest {
		return nil, nil
	}
	return nil, fmt.Errorf("cannot bring it from schema %d to schema %d: %w", version, newest, failure)
}

// keepCopy copies a file of an older schema to a name of its own beside it. A copy
// that an interrupted update left is replaced: the older program may have gone on.
func keepCopy(ctx context.Context, db *sql.DB, path string, version int64) (string, error) {
	dir := filepath.Dir(path)
	aside, err := os.MkdirTemp(dir, ".journal-*") // its owner's only
	if err != nil {
		return "", err
	}
	defer tidy(aside)
	made := filepath.Join(aside, "copy")
	if err := makeEmpty(made); err != nil {
		return "", err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, made); err != nil {
		return "", err
	}
	if err := finishCopy(ctx, made, version); err != nil {
		return "", err
	}
	to := fmt.Sprintf("%s.schema-%d", path, version)
	if err := os.Rename(made, to); err != nil {
		return "", err
	}
	return to, syncDir(dir)
}

// finishCopy makes a copy a log that can be opened as the file could, and durable.
// Another process may have updated the file before it was copied.
func finishCopy(ctx context.Context, made string, version int64) error {
	db, err := connect(made)
	if err != nil {
		return err
	}
	_, copied, err := identity(ctx, db)
	if err == nil && copied != version {
		err = fmt.Errorf("it has schema %d by now", copied)
	}
	if err == nil {
		_, err = db.ExecContext(ctx, `PRAGMA journal_mode = WAL`)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	f, err := os.OpenFile(made, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// makeEmpty makes an empty file that its owner alone may read.
func makeEmpty(name string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func identity(ctx context.Context, db *sql.DB) (app, version int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT a.application_id, v.user_version FROM pragma_application_id a, pragma_user_version v`).Scan(&app, &version)
	return app, version, err
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// syncDir makes a new name in a folder durable where the system can be asked to.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync() // Windows refuses it, and needs none
	return nil
}
