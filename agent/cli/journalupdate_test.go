package cli_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A command that only looks updates an older audit log as well. It says so once, and
// where a copy is that the earlier program can open.
func TestStatusTellsOfAnUpdate(t *testing.T) {
	x := newTenant(t)
	path := filepath.Join(".orgstore", "journal.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{`DROP TABLE lease`, `DELETE FROM goose_db_version WHERE version_id = 2`, `PRAGMA user_version = 1`} {
		_, failed := db.Exec(change)
		err = errors.Join(err, failed)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	_, errs := x.run(0, "status")
	x.expect(errs, "the audit log of an earlier orgstore was updated (schema 1 to 2), and that orgstore cannot open it any more",
		"a copy of it as it was is", "journal.db.schema-1")
	if _, err := os.Stat(path + ".schema-1"); err != nil {
		t.Error(err)
	}
	if _, errs = x.run(0, "status"); strings.Contains(errs, "updated") {
		t.Errorf("the second command says it again: %s", errs)
	}
}
