package files_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
)

// code returns an error's code; empty for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	if err := files.Write(disk.OS(), files.File{Name: name, Perm: 0o600, Text: []byte("text")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		most int64
		code string
	}{
		{name, 4, ""},
		{name, 3, "file.too_large"},
		{filepath.Join(dir, "none"), 4, files.CodeMissing},
		{dir, 4, "file.unreadable"},
	} {
		text, err := files.Read(disk.OS(), c.name, c.most)
		if code(err) != c.code || (err == nil && string(text) != "text") {
			t.Errorf("%s, at most %d bytes: %q, %v, want %q", c.name, c.most, text, err, c.code)
		}
	}
}

func TestCreateWritesAllOrNothingOverAnother(t *testing.T) {
	d := disktest.NewLossy()
	two := []files.File{{Name: "/new/a", Perm: 0o600, Text: []byte("a")}, {Name: "/new/b", Perm: 0o600, Text: []byte("b")}}
	if err := files.Write(d, files.File{Name: "/new/b", Perm: 0o600, Text: []byte("old")}); err != nil {
		t.Fatal(err)
	}
	err := files.Create(d, two...)
	if code(err) != "file.exists" || !strings.Contains(err.Error(), "b exists already; nothing was written") {
		t.Errorf("got %v", err)
	}
	if _, err := d.Stat("/new/a"); err == nil {
		t.Error("the first file was written")
	}
	if text, _ := files.Read(d, "/new/b", 10); string(text) != "old" {
		t.Errorf("the other file holds %q", text)
	}
}

func TestWhatCannotBeWrittenIsNamed(t *testing.T) {
	d := disktest.Watch(disktest.NewLossy(), disktest.Hook{Before: func(o disktest.Op) error {
		if o.Kind == "create" {
			return errors.New("no right")
		}
		return nil
	}})
	err := files.Create(d, files.File{Name: "/folder/a.key", Perm: 0o600})
	if code(err) != "file.unwritable" || !strings.Contains(err.Error(), "a.key: no right") {
		t.Errorf("got %v", err)
	}
}

// A key whose public half others have already must be there after a loss of power.
func TestWhatWasWrittenIsThereAfterALossOfPower(t *testing.T) {
	for seed := range uint64(16) {
		d := disktest.NewLossy()
		if err := files.Create(d, files.File{Name: "/new/keys/a.key", Perm: 0o600, Text: []byte("secret")}); err != nil {
			t.Fatal(err)
		}
		if text, err := files.Read(d.PowerLoss(seed), "/new/keys/a.key", 10); string(text) != "secret" {
			t.Fatalf("seed %d: %q, %v", seed, text, err)
		}
	}
}
