package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/journal/sqlite"
)

func TestSuite(t *testing.T) {
	journaltest.Suite(t, func(t *testing.T) func() (journal.Log, error) {
		path := filepath.Join(t.TempDir(), "journal.db")
		return func() (journal.Log, error) {
			l, err := sqlite.Open(t.Context(), path)
			if err != nil {
				return nil, err
			}
			return l, nil
		}
	})
}

// made makes a log with entries, closes it and returns where it is.
func made(t testing.TB, entries int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	l := opened(t, path)
	j := journaltest.Open(t, l)
	for n := range entries {
		if err := j.Append(context.Background(), "tx_1", journal.SettingsSeen{Policy: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func opened(t testing.TB, path string) *sqlite.Log {
	t.Helper()
	l, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// direct opens the file without this package's care, as a stranger would.
func direct(t testing.TB, path string, statements ...string) error {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			return err
		}
	}
	return nil
}

func TestEntriesCannotBeChangedInPlace(t *testing.T) {
	path := made(t, 3)
	for name, statement := range map[string]string{
		"update":           `UPDATE entries SET body = 'x' WHERE seq = 2`,
		"delete":           `DELETE FROM entries WHERE seq = 3`,
		"delete all":       `DELETE FROM entries`,
		"replace":          `INSERT OR REPLACE INTO entries SELECT seq, x'00', prev, hash FROM entries WHERE seq = 2`,
		"upsert":           `INSERT INTO entries SELECT 2, x'00', prev, hash FROM entries WHERE seq = 2 ON CONFLICT DO UPDATE SET body = x'00'`,
		"a gap":            `INSERT INTO entries SELECT 7, body, prev, hash FROM entries WHERE seq = 3`,
		"a number below 1": `INSERT INTO entries SELECT 0, body, prev, hash FROM entries WHERE seq = 3`,
		"a short hash":     `INSERT INTO entries SELECT 4, body, prev, x'00' FROM entries WHERE seq = 3`,
		"no body":          `INSERT INTO entries SELECT 4, NULL, prev, hash FROM entries WHERE seq = 3`,
	} {
		if err := direct(t, path, statement); err == nil {
			t.Errorf("%s was let through", name)
		}
	}
	if b := journaltest.Open(t, opened(t, path)).Book(); b.Seq() != 3 {
		t.Errorf("the log ends at %d", b.Seq())
	}
}

// Who takes the triggers away is found out by the chain.
func TestTamperingIsNoticed(t *testing.T) {
	for name, statement := range map[string]string{
		"an edited body":  `UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'agent01', 'agent02') AS BLOB) WHERE seq = 2`,
		"a deleted entry": `DELETE FROM entries WHERE seq = 2`,
		"exchanged":       `UPDATE entries SET body = (SELECT body FROM entries WHERE seq = 3) WHERE seq = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			path := made(t, 4)
			if err := direct(t, path, `DROP TRIGGER entries_stay`, `DROP TRIGGER entries_keep`, statement); err != nil {
				t.Fatal(err)
			}
			_, err := journal.Replay(t.Context(), opened(t, path))
			if broken := (*journal.BrokenError)(nil); !errors.As(err, &broken) || broken.Seq != 2 {
				t.Errorf("replay says %v", err)
			}
		})
	}
}

// Files that are no journal, or not one for this program, are refused and stay
// as they are.
func TestForeignFilesAreRefusedAndKept(t *testing.T) {
	whole, err := os.ReadFile(made(t, 200))
	if err != nil {
		t.Fatal(err)
	}
	broken, newer := new(*journal.BrokenError), new(*journal.NewerError)
	for _, c := range []struct {
		name string
		make func(path string) error
		as   any
		says string
	}{
		{"an empty file", write(nil), broken, "the file is empty"},
		{"a text", write(bytes.Repeat([]byte("not a database\n"), 100)), broken, "not a database"},
		{"a damaged header", write(patched(whole, 0, "SQLite format 9")), broken, "not a database"},
		{"a file cut off in the middle", write(whole[:len(whole)/2]), broken, "damaged"},
		{"a file cut off in its first page", write(whole[:700]), broken, ""},
		{"zeros over the schema", write(patched(whole, 100, string(make([]byte, 3900)))), broken, ""},
		{"another program's database", func(path string) error { return direct(t, path, `CREATE TABLE people (name)`) }, nil, "another program"},
		{"another program's empty database", func(path string) error { return direct(t, path, `PRAGMA user_version = 1`) }, nil, "another program"},
		{"a newer journal", func(path string) error {
			return errors.Join(os.WriteFile(path, whole, 0o600), direct(t, path, `PRAGMA user_version = 99`))
		}, newer, "update orgstore"},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, nil, "folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.db")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			err := use(path)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("opening and reading it: %v; want %q", err, c.says)
			}
			if c.as != nil && !errors.As(err, c.as) {
				t.Errorf("%v is no %T", err, c.as)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// The file beside the log holds its newest records. Where the log is gone, it
// must not become part of a new one.
func TestRestsOfALostLogAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if err := os.WriteFile(path+"-wal", []byte("the newest"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := use(path)
	if broken := (*journal.BrokenError)(nil); !errors.As(err, &broken) || !strings.Contains(err.Error(), "journal.db-wal") {
		t.Errorf("opening it: %v", err)
	}
	if left := listed(t, filepath.Dir(path)); left != "journal.db-wal" {
		t.Errorf("it leaves %s", left)
	}
}

func write(b []byte) func(string) error {
	return func(path string) error { return os.WriteFile(path, b, 0o600) }
}

func patched(b []byte, at int, with string) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

// use opens a log and reads all of it.
func use(path string) error {
	l, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return err
	}
	_, err = journal.Replay(context.Background(), l)
	return errors.Join(err, l.Close())
}

// ending is a context that ends right after it was asked whether it had.
type ending struct {
	context.Context
	asked bool
}

func (e *ending) Err() error {
	if !e.asked {
		e.asked = true
		return nil
	}
	return e.Context.Err()
}

// Whoever gives up in the middle of an append finds it made, never made perhaps.
func TestAnAppendThatBeganIsFinished(t *testing.T) {
	j := journaltest.Open(t, opened(t, made(t, 1)))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Append(&ending{Context: over}, "tx_1", journal.SettingsSeen{Policy: "p"}); err != nil || j.Book().Seq() != 2 {
		t.Errorf("appending: %v; the book ends at %d", err, j.Book().Seq())
	}
}

func TestPathsOfAllSorts(t *testing.T) {
	names := []string{"plain.db", "with space.db", "per%20cent.db", "a#b.db", "naïve.db", "and&amp=.db"}
	if runtime.GOOS != "windows" {
		names = append(names, "what?mode=memory", `back\slash.db`)
	}
	for _, name := range names {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		journaltest.Open(t, opened(t, path))
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	t.Chdir(t.TempDir())
	_ = opened(t, "relative.db").Close()
	if left := listed(t, "."); left != "relative.db" {
		t.Errorf("a closed log leaves %s", left)
	}
}

func listed(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestOnlyItsOwnerReadsIt(t *testing.T) {
	path := made(t, 1)
	l := opened(t, path) // brings the files beside it into being
	journaltest.Open(t, l)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", info.Name(), info.Mode().Perm())
		}
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "journal.db")
	if err := use(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening it: %v", err)
	}
}

func BenchmarkOpen(b *testing.B) {
	path := made(b, 1)
	for b.Loop() {
		l, err := sqlite.Open(context.Background(), path)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	dir, n := b.TempDir(), 0
	for b.Loop() {
		n++
		l, err := sqlite.Open(context.Background(), filepath.Join(dir, fmt.Sprint(n)))
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	j := journaltest.Open(b, opened(b, made(b, 1)))
	for b.Loop() {
		if err := j.Append(context.Background(), "tx_1", journal.SettingsSeen{Policy: "p"}); err != nil {
			b.Fatal(err)
		}
	}
}
