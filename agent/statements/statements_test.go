package statements_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/statements"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/issuer"
)

// inFolder writes a package and returns it as it is read.
func inFolder(t *testing.T, name string) statements.Package {
	t.Helper()
	if err := files.Write(disk.OS(), files.File{Name: name, Perm: 0o600, Text: example.Gauge(example.Gauge1400)}); err != nil {
		t.Fatal(err)
	}
	all, err := statements.ReadPackages(disk.OS(), []string{name})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func TestDeliveryWritesOverNothing(t *testing.T) {
	dir := t.TempDir()
	p := inFolder(t, filepath.Join(dir, "gauge.pbiviz"))
	other := inFolder(t, filepath.Join(dir, "other", "gauge.pbiviz"))
	old := filepath.Join(dir, "old.license")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(dir, "linked.pbiviz")
	if err := os.Link(p.File, linked); err != nil {
		t.Fatal(err)
	}
	to := func(name string) files.File { return files.File{Name: name, Perm: 0o600, Text: []byte("new")} }
	fresh := filepath.Join(dir, "fresh.license")
	for _, c := range []struct {
		name    string
		results []files.File
		force   bool
		says    string
	}{
		{"two into one file", []files.File{to(fresh), to(fresh)}, true, "would be written for both"},
		{"over a file", []files.File{to(fresh), to(old)}, false, "exists already; nothing was written"},
		{"over the package", []files.File{to(fresh), to(p.File)}, true, "is the package itself"},
		{"over the package, by another name", []files.File{to(fresh), to(linked)}, true, "is the package itself"},
	} {
		err := statements.Deliver(disk.OS(), []statements.Package{p, other}, c.results, c.force)
		if err == nil || fault.Of(err).Code != "file.exists" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
		if _, err := os.Stat(fresh); err == nil {
			t.Errorf("%s: the first file was written", c.name)
		}
	}
	if err := statements.Deliver(disk.OS(), []statements.Package{p}, []files.File{to(old)}, true); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(old); string(text) != "new" {
		t.Errorf("forced, the file holds %q", text)
	}
	if text, _ := os.ReadFile(p.File); !bytes.Equal(text, example.Gauge(example.Gauge1400)) {
		t.Error("the package was changed")
	}
}

func TestSetPeriod(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		begins, ends string
		want         time.Time // zero for no day of its own
		code         string
	}{
		{"", "2027-11-20", time.Time{}, ""},
		{"2026-11-23", "2027-11-20", now, ""}, // has begun
		{"2026-12-01", "2027-11-20", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), ""},
		{"", "20.11.2027", time.Time{}, fault.CodeUsage},
		{"soon", "2027-11-20", time.Time{}, fault.CodeUsage},
	} {
		r := issuer.Request{Issued: now}
		err := statements.SetPeriod(&r, c.begins, c.ends)
		if (err == nil) != (c.code == "") || err != nil && fault.Of(err).Code != c.code {
			t.Errorf("%q to %q: %v, want %q", c.begins, c.ends, err, c.code)
		}
		if err == nil && (!r.Begins.Equal(c.want) || r.Ends.Format(time.DateOnly) != c.ends) {
			t.Errorf("%q to %q: from %v to %v", c.begins, c.ends, r.Begins, r.Ends)
		}
	}
}

func TestAFileThatIsNoPackageIsNamed(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(name, []byte("no package"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := statements.ReadPackages(disk.OS(), []string{name}); err == nil || !strings.Contains(err.Error(), "cannot read "+name) {
		t.Errorf("got %v", err)
	}
}
