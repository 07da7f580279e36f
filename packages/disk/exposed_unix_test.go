//go:build !windows

package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExposed: who may decide what a file holds, by the modes of file and
// folders, also through a disk that can only list folders.
func TestExposed(t *testing.T) {
	for _, c := range []struct {
		name         string
		file, folder fs.FileMode
		link         bool
		want         string // part of why; empty where nobody else may
	}{
		{name: "owner alone", file: 0o600, folder: 0o700},
		{name: "everybody reads", file: 0o644, folder: 0o755},
		{name: "the group writes", file: 0o664, folder: 0o775},
		{name: "everybody writes", file: 0o646, folder: 0o755, want: "everybody on this machine may write to it"},
		{name: "everybody may replace it", file: 0o600, folder: 0o777, want: "may replace it"},
		{name: "a folder as /tmp", file: 0o600, folder: 0o777 | fs.ModeSticky},
		{name: "a link", file: 0o600, folder: 0o755, link: true, want: "a link"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "outer")
			name := filepath.Join(dir, "inner", "aurora.trust")
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			at := name
			if c.link {
				at = filepath.Join(dir, "elsewhere")
			}
			for _, err := range []error{os.WriteFile(at, []byte("x"), 0o600), os.Chmod(at, c.file), os.Chmod(dir, c.folder)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if c.link {
				if err := os.Symlink(at, name); err != nil {
					t.Fatal(err)
				}
			}
			for _, d := range []Disk{OS(), struct{ Disk }{OS()}} {
				err := Exposed(d, name)
				if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("it is exposed: %v", err)
				}
				if err := Exposed(d, name+".missing"); err != nil {
					t.Errorf("a file that is not there is exposed: %v", err)
				}
			}
		})
	}
}
