// Package ownership says whether anybody but root and the caller decides what a path
// holds. Trust rests on some files: whoever can change them decides what is believed,
// which commands run, and who is told secrets.
//
// It is as strict as OpenSSH's StrictModes where files are concerned, and as sudo is with
// its settings: links are resolved first, and the path of the file and of each link is
// looked at from the root down. Each component belongs to root or to the caller, and
// nobody else may write to it. A folder in which only owners may remove, as /tmp, is as
// good as closed, since what lies in it must belong to root or to the caller, too: sudo
// takes such folders, OpenSSH does not. A group may write if it is its only member's own,
// which many systems give to everybody (Debian's OpenSSH does the same).
//
// Where a mount is read-only, modes say nothing: Kubernetes mounts settings and secrets so,
// in folders that seem open to everybody.
package ownership

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// A Use says what a path is for.
type Use struct {
	// IsSecret: nobody else may read it. The group may, if the file is root's.
	IsSecret bool
	// GroupMayWrite leaves to others what groups may: a data folder may be shared.
	GroupMayWrite bool
	// Owners are accounts beside root and the caller who may own it: a uid, or a SID.
	Owners []string
}

// maxLinks bounds how many links lead to a file, as Linux does.
const maxLinks = 40

// Check says why others than root and the caller decide what a path holds, or may read
// it. It is nil where nothing of that is found, and for what is not there: then only the
// folders above it count. What the caller may not look at is left to whoever reads it.
func Check(name string, use Use) error {
	full, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	return newSystem().check(full, use)
}

// An ExposedError says why a path is not safe.
type ExposedError struct {
	Path   string // that part of the path which is at fault
	Reason string
	// Fix is what mends it, as a command where there is one.
	Fix string
}

func (e *ExposedError) Error() string { return e.Reason }

// isUnseen says whether an error leaves nothing to look at.
func isUnseen(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

func exposed(path, fix, format string, args ...any) error {
	return &ExposedError{Path: path, Reason: fmt.Sprintf(format, args...), Fix: fix}
}
