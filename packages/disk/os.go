package disk

import (
	"io"
	"io/fs"
	"os"
)

// ownerOnly is the mode of a file for which no other is asked.
const ownerOnly fs.FileMode = 0o600

// OS returns the disk of the machine. Long paths on Windows need no care here:
// package os turns them into the form that has no limit.
func OS() Disk { return machine{} }

type machine struct{}

func (machine) Create(name string, perm fs.FileMode) (File, error) {
	if perm == 0 {
		perm = ownerOnly
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

// Open waits out whoever replaces the file at this very moment, since Windows
// refuses to open it until that is done.
func (machine) Open(name string) (io.ReadCloser, error) {
	var f *os.File
	err := retryWhileInUse(func() (err error) {
		f, err = os.Open(name)
		return err
	})
	if err != nil {
		return nil, asNotExist(err) // a nil *os.File must not become a non-nil ReadCloser
	}
	return f, nil
}

// Rename waits out whoever reads the file to be replaced, since Windows refuses
// to replace it until that is done.
func (machine) Rename(oldname, newname string) error {
	return retryWhileInUse(func() error { return os.Rename(oldname, newname) })
}

func (machine) Remove(name string) error {
	return retryWhileInUse(func() error { return os.Remove(name) })
}

func (machine) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

func (machine) SyncDir(name string) error { return syncDir(name) }

func (machine) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

func (machine) Stat(name string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	return info, asNotExist(err)
}

type file struct{ f *os.File }

func (f file) Write(b []byte) (int, error) { return f.f.Write(b) }

func (f file) Close() error { return f.f.Close() }

// Sync tolerates file systems that cannot sync at all, such as some network
// shares: there is nothing better to be had from them.
func (f file) Sync() error {
	if err := f.f.Sync(); err != nil && !isSyncUnsupported(err) {
		return err
	}
	return nil
}
