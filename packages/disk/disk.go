// Package disk is the one place through which files are changed: temporary
// file, sync, close, rename, sync the directory. Tests stop the program at each
// of its operations, or lose what was not synced. It does not know what is in
// the files.
package disk

import (
	"io"
	"io/fs"
)

// A Disk is a file system as far as this program changes one. Names are paths
// of the operating system. Every method that changes something is one point at
// which a test can stop the program. Missing and existing names are told by
// fs.ErrNotExist and fs.ErrExist. All methods may be called at the same time.
type Disk interface {
	// Create makes a file that must not exist yet, readable by its owner only
	// unless perm says otherwise.
	Create(name string, perm fs.FileMode) (File, error)
	// Open opens a file for reading.
	Open(name string) (io.ReadCloser, error)
	// Rename replaces newname by oldname at once, where both are in one
	// directory or at least on one volume.
	Rename(oldname, newname string) error
	Remove(name string) error
	// MkdirAll makes a directory and those above it, where they are missing.
	// MakeDir makes them durable too.
	MkdirAll(name string, perm fs.FileMode) error
	// SyncDir makes the names in a directory durable. On Windows, where that
	// cannot be asked for, it does nothing.
	SyncDir(name string) error
	// ReadDir lists a directory by name. Links are not followed.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Stat tells about what a name leads to. Links are followed.
	Stat(name string) (fs.FileInfo, error)
}

// A File is a file being written.
type File interface {
	io.Writer
	// Sync makes the bytes written so far durable.
	Sync() error
	Close() error
}
