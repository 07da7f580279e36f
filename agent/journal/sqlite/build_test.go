package sqlite

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// SQLite is C translated to Go against one exact libc: with another version it
// builds, and crashes. Updating modules one by one breaks them apart.
func TestLibcIsTheOneSQLiteWasMadeWith(t *testing.T) {
	ours, theirs := required(t, "modernc.org/libc"), sqliteRequires(t, "modernc.org/libc")
	if ours == "" || ours != theirs {
		t.Errorf("go.mod has modernc.org/libc %q, and modernc.org/sqlite needs %q", ours, theirs)
	}
}

func required(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func sqliteRequires(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite").Output()
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSpace(string(out))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := modfile.ParseLax(name, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range f.Require {
		if r.Mod.Path == module {
			return r.Mod.Version
		}
	}
	return ""
}

// The number that Open looks at is that of the newest migration, and the newest
// migration sets it.
func TestNewestIsTheNewestMigration(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) != newest {
		t.Fatalf("%d migrations, %v; newest is %d", len(files), err, newest)
	}
	for i, name := range files {
		b, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(filepath.Base(name), fmt.Sprintf("%05d_", i+1)) ||
			!strings.Contains(string(b), fmt.Sprintf("\nPRAGMA user_version = %d;", i+1)) {
			t.Errorf("migration %d is %s, or does not set user_version", i+1, name)
		}
	}
}

// Every connection of the pool is as careful as the first.
func TestConnections(t *testing.T) {
	l, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range maxConns {
		c, err := l.db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "busy_timeout": busyTimeout, "trusted_schema": "0",
		} {
			var got string
			if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
			}
		}
	}
}
