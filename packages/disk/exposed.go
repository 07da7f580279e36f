package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Exposed says why others than its owner decide what a file holds: it is a link,
// or everybody may write to it, or to a folder in which it or a folder above it
// could be replaced. It is nil where nothing of that is found, and for a file
// that is not there. Groups are trusted, since many systems give every person a
// group of its own and let it write. Folders may be links, as /var is on macOS;
// a folder in which only owners may remove, as /tmp, exposes nobody's files.
//
// On Windows, whose rights are lists that this does not read, only links are
// found.
func Exposed(d Disk, name string) error {
	info, err := lstat(d, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0:
		return errors.New("it is a link, and whoever can change where it leads decides what it holds")
	case modesAreReal && info.Mode().Perm()&everybody != 0:
		return errors.New("everybody on this machine may write to it")
	}
	for dir := filepath.Dir(name); modesAreReal; dir = filepath.Dir(dir) {
		info, err := d.Stat(dir)
		if err == nil && info.Mode().Perm()&everybody != 0 && info.Mode()&fs.ModeSticky == 0 {
			return fmt.Errorf("everybody on this machine may replace it: everybody may write to the folder %s", dir)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return nil
}

// everybody is the bit that lets everybody write.
const everybody fs.FileMode = 0o002

// lstat tells about a name without following it. Not every Disk can do that by
// itself; each lists folders without following links.
func lstat(d Disk, name string) (fs.FileInfo, error) {
	if l, ok := d.(interface {
		Lstat(string) (fs.FileInfo, error)
	}); ok {
		return l.Lstat(name)
	}
	entries, err := d.ReadDir(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Name() == filepath.Base(name) {
			return e.Info()
		}
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}
