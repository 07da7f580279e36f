package engine

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
)

// ReadBounded reads a file of at most most bytes.
func (p Ports) ReadBounded(name string, most int64) ([]byte, error) {
	text, err := disk.ReadFile(p.Disk, name, most)
	if err != nil {
		return nil, UnreadableFile(name, err)
	}
	return text, nil
}

// CodeNoFile is the code of the fault that there is no such file.
const CodeNoFile = "file.missing"

func UnreadableFile(file string, err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(CodeNoFile, "check the name", "cannot read %s: there is no such file", file)
	case errors.Is(err, disk.ErrTooLarge):
		return fault.New("file.too_large", "check that this is the file you meant", "%w", err)
	case errors.As(err, &path):
		err = path.Err
	}
	return fault.New("file.unreadable", "", "cannot read %s: %w", file, err)
}

// Read reads a file that a person names, of at most so many bytes.
func (p Ports) Read(file string, max int64) ([]byte, error) {
	if info, err := p.Disk.Stat(file); err == nil && !info.Mode().IsRegular() {
		what := "not a file"
		if info.IsDir() {
			what = "a folder"
		}
		return nil, fault.New("file.unreadable", "name a file; a pattern such as *.pbiviz names several",
			"cannot read %s: it is %s", file, what)
	}
	text, err := disk.ReadFile(p.Disk, file, max)
	if err != nil {
		return nil, UnreadableFile(file, err)
	}
	return text, nil
}

// Matching replaces patterns by the files that they match, since the shells of
// Windows do not. A file of that very name goes first; a pattern that matches
// nothing stays, and is reported as a file that is not there.
func (p Ports) Matching(args []string) []string {
	var out []string
	for _, arg := range args {
		found := []string{arg}
		if _, err := p.Disk.Stat(arg); err != nil && strings.ContainsAny(arg, "*?[") {
			if names, err := filepath.Glob(arg); err == nil && len(names) > 0 {
				found = names
			}
		}
		out = append(out, found...)
	}
	return out
}
