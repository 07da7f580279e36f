// Package files reads and writes the files that people name, and says in a fault what
// is wrong with one. It does not know what is in them.
package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
)

// CodeMissing is the code of the fault that there is no such file.
const CodeMissing = "file.missing"

// Read reads a file that a person names, of at most so many bytes.
func Read(d disk.Disk, name string, most int64) ([]byte, error) {
	if info, err := d.Stat(name); err == nil && !info.Mode().IsRegular() {
		what := "not a file"
		if info.IsDir() {
			what = "a folder"
		}
		return nil, fault.New("file.unreadable", "name a file; a pattern such as *.pbiviz names several",
			"cannot read %s: it is %s", name, what)
	}
	return ReadBounded(d, name, most)
}

// ReadBounded reads a file, or what else bears the name, of at most so many bytes.
func ReadBounded(d disk.Disk, name string, most int64) ([]byte, error) {
	text, err := disk.ReadFile(d, name, most)
	if err != nil {
		return nil, Unreadable(name, err)
	}
	return text, nil
}

// Unreadable returns the fault that a file cannot be read, and why.
func Unreadable(name string, err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(CodeMissing, "check the name", "cannot read %s: there is no such file", name)
	case errors.Is(err, disk.ErrTooLarge):
		return fault.New("file.too_large", "check that this is the file you meant", "%w", err)
	case errors.As(err, &path):
		err = path.Err
	}
	return fault.New("file.unreadable", "", "cannot read %s: %w", name, err)
}

// A File is one to be written.
type File struct {
	Name string
	Perm fs.FileMode
	Text []byte
}

// CheckNew refuses where one of the files exists already.
func CheckNew(d disk.Disk, all ...File) error {
	for _, f := range all {
		_, err := d.Stat(f.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Unwritable(f.Name, err)
		}
		return fault.New("file.exists", "choose another name or folder, or move it away", "%s exists already; nothing was written", f.Name)
	}
	return nil
}

// Create writes files in their order, none of which may exist yet, in folders that
// need not.
func Create(d disk.Disk, all ...File) error {
	if err := CheckNew(d, all...); err != nil {
		return err
	}
	return Write(d, all...)
}

// Write writes files in their order, in place of those that exist, in folders that
// need not. Each file is durable before the next is written, and so is the name of its
// folder: a private key must not be lost once its public half was told.
func Write(d disk.Disk, all ...File) error {
	for _, f := range all {
		if err := disk.MakeDir(d, filepath.Dir(f.Name), 0o755); err != nil {
			return Unwritable(f.Name, err)
		}
		if err := Replace(d, f); err != nil {
			return Unwritable(f.Name, err)
		}
	}
	return nil
}

// Replace replaces one file, or leaves it as it was.
func Replace(d disk.Disk, f File) error {
	return disk.Replace(d, f.Name, f.Perm, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(f.Text))
		return err
	})
}

// Unwritable returns the fault that a file cannot be written, and why.
func Unwritable(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fault.New("file.unwritable", "choose another folder, or ask for the right to write there", "cannot write %s: %w", name, err)
}
