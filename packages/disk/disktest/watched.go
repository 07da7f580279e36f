// Package disktest has disks for tests: one that tells of every change before
// and after it, so that a test can stop the program there or make it fail, and
// one in memory that loses power. It does not know what is in the files.
package disktest

import (
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/orgstore/orgstore/packages/disk"
)

// An Op is one change of a disk.
type Op struct {
	N    int    // from 1, in the order in which the changes began
	Kind string // create, write, sync, close, rename, remove, mkdir, syncdir
	Name string
	To   string // of a rename
}

// String names the change for people: "3 rename a b".
func (o Op) String() string {
	if o.To != "" {
		return fmt.Sprintf("%d %s %s %s", o.N, o.Kind, o.Name, o.To)
	}
	return fmt.Sprintf("%d %s %s", o.N, o.Kind, o.Name)
}

// A Hook is called around every change, by the goroutine that makes it. Either
// half may be nil.
type Hook struct {
	// Before may stop the program. An error makes the change fail without being
	// made; a file whose close fails so is closed nevertheless.
	Before func(Op) error
	// After is told what came of it.
	After func(Op, error)
}

// Watched is a disk that counts its changes and calls a hook around each.
type Watched struct {
	disk.Disk // reading goes straight through
	hook      Hook
	count     atomic.Int64
}

// Watch wraps a disk. Writing is a change of its own for every call of Write.
func Watch(d disk.Disk, hook Hook) *Watched { return &Watched{Disk: d, hook: hook} }

// Count returns how many changes began so far.
func (w *Watched) Count() int { return int(w.count.Load()) }

func (w *Watched) change(kind, name, to string, change func() error) error {
	op := Op{N: int(w.count.Add(1)), Kind: kind, Name: name, To: to}
	if w.hook.Before != nil {
		if err := w.hook.Before(op); err != nil {
			return err
		}
	}
	err := change()
	if w.hook.After != nil {
		w.hook.After(op, err)
	}
	return err
}

// Create is a change called create.
func (w *Watched) Create(name string, perm fs.FileMode) (f disk.File, err error) {
	err = w.change("create", name, "", func() error {
		f, err = w.Disk.Create(name, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &watchedFile{f, w, name}, nil
}

// Rename is a change called rename.
func (w *Watched) Rename(oldname, newname string) error {
	return w.change("rename", oldname, newname, func() error { return w.Disk.Rename(oldname, newname) })
}

// Remove is a change called remove.
func (w *Watched) Remove(name string) error {
	return w.change("remove", name, "", func() error { return w.Disk.Remove(name) })
}

// MkdirAll is a change called mkdir.
func (w *Watched) MkdirAll(name string, perm fs.FileMode) error {
	return w.change("mkdir", name, "", func() error { return w.Disk.MkdirAll(name, perm) })
}

// SyncDir is a change called syncdir: it changes what a loss of power leaves.
func (w *Watched) SyncDir(name string) error {
	return w.change("syncdir", name, "", func() error { return w.Disk.SyncDir(name) })
}

type watchedFile struct {
	f    disk.File
	w    *Watched
	name string
}

var _ io.Writer = (*watchedFile)(nil)

func (f *watchedFile) Write(b []byte) (n int, err error) {
	err = f.w.change("write", f.name, "", func() error {
		n, err = f.f.Write(b)
		return err
	})
	return n, err
}

func (f *watchedFile) Sync() error { return f.w.change("sync", f.name, "", f.f.Sync) }

func (f *watchedFile) Close() error {
	closed := false
	err := f.w.change("close", f.name, "", func() error {
		closed = true
		return f.f.Close()
	})
	if !closed {
		_ = f.f.Close() // the test's own error is the one to report
	}
	return err
}
