package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
)

// older makes a log of schema 1 with entries, as an earlier program did. Its newest
// entry is in the file beside it.
func older(t *testing.T, entries int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	l, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	j := journaltest.Open(t, l)
	for n := range entries {
		if err := j.Append(t.Context(), "tx_1", journal.SettingsSeen{Policy: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []string{`DROP TABLE lease`, `DELETE FROM goose_db_version WHERE version_id = 2`, `PRAGMA user_version = 1`} {
		if _, err := l.db.Exec(change); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func schemaOf(t *testing.T, db *sql.DB) int64 {
	t.Helper()
	_, version, err := identity(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// seqOf opens a log and returns how many entries it has, and what it tells of an update.
func seqOf(t *testing.T, path string) (uint64, *journal.Update) {
	t.Helper()
	l, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	book, err := journal.Replay(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	if v := schemaOf(t, l.db); v != newest {
		t.Errorf("after opening it has schema %d", v)
	}
	if u, done := l.Update(); done {
		return book.Seq(), &u
	}
	return book.Seq(), nil
}

// A log of an older orgstore is updated once, and a copy of it as it was is kept.
func TestOlderFileIsUpdated(t *testing.T) {
	path := older(t, 3)
	want := journal.Update{From: 1, To: newest, Copy: path + ".schema-1"}
	if n, u := seqOf(t, path); n != 3 || u == nil || *u != want {
		t.Errorf("%d entries, updated %+v", n, u)
	}
	if n, u := seqOf(t, path); n != 3 || u != nil {
		t.Errorf("the second time: %d entries, updated %+v", n, u)
	}
	db, err := connect(want.Copy)
	if err != nil {
		t.Fatal(err)
	}
	if v := schemaOf(t, db); v != 1 {
		t.Errorf("the copy has schema %d", v)
	}
	var mode string
	if err := errors.Join(db.QueryRow(`PRAGMA journal_mode`).Scan(&mode), db.Close()); err != nil || mode != "wal" {
		t.Errorf("the copy is kept as %s, %v", mode, err)
	}
	if info, err := os.Stat(want.Copy); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".journal-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	// Whoever goes back to the earlier program goes on with the copy, and may update
	// again: what was copied then takes the place of the first copy.
	if err := os.Rename(want.Copy, path); err != nil {
		t.Fatal(err)
	}
	if n, u := seqOf(t, path); n != 3 || u == nil {
		t.Errorf("the copy: %d entries, updated %+v", n, u)
	}
	if _, err := os.Stat(want.Copy); err != nil {
		t.Error(err)
	}
}

// A log that stopped before its first migration is updated as well.
func TestFileWithoutSchemaIsUpdated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if err := makeEmpty(path); err != nil {
		t.Fatal(err)
	}
	db, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(fmt.Sprintf(`PRAGMA application_id = %d`, application))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if n, u := seqOf(t, path); n != 0 || u == nil || u.Copy != path+".schema-0" {
		t.Errorf("%d entries, updated %+v", n, u)
	}
}

// Where no copy can be kept nothing is updated.
func TestNoUpdateWithoutACopy(t *testing.T) {
	path := older(t, 1)
	if err := os.MkdirAll(filepath.Join(path+".schema-1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(t.Context(), path); err == nil {
		t.Error("it was updated", l.Close())
	}
	db, err := connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if v := schemaOf(t, db); v != 1 {
		t.Errorf("it has schema %d", v)
	}
}

// Several processes may open an older log at one moment. None fails, the log is
// updated once, and the copy is of the older schema.
func TestUpdatedByOneOfMany(t *testing.T) {
	for range 5 {
		path := older(t, 2)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if n, _ := seqOf(t, path); n != 2 {
					t.Errorf("%d entries", n)
				}
			})
		}
		all.Wait()
		db, err := connect(path + ".schema-1")
		if err != nil {
			t.Fatal(err)
		}
		if v := schemaOf(t, db); v != 1 {
			t.Errorf("the copy has schema %d", v)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
