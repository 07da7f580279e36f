package disk

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"time"
)

// temporary is what Replace calls a file until it is complete. It starts with
// a dot, so that listings of packages leave it out.
const temporary = ".orgstore-tmp-"

var temporaryForm = regexp.MustCompile(`^\.orgstore-tmp-[0-9a-f]{16}$`)

// ErrTooLarge says that a file has more bytes than its reader admits.
var ErrTooLarge = errors.New("the file is too large")

// Replace puts a file in place of another, or where none is: a reader sees what
// was there before or all of what write wrote, at any moment and after a loss
// of power. Once it has returned nil, the new file is there to stay. After an
// error the old one is, unless only syncing the directory failed: then either
// may be found after a loss of power. Perm is as in Disk.Create.
func Replace(d Disk, name string, perm fs.FileMode, write func(io.Writer) error) error {
	dir := filepath.Dir(name)
	temp := filepath.Join(dir, temporary+Unique())
	if err := WriteSynced(d, temp, perm, write); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	if err := Publish(d, temp, name); err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}

// WriteSynced makes a new file whose bytes are durable; its name is not yet.
// After an error the file is gone again, as far as it can be.
func WriteSynced(d Disk, name string, perm fs.FileMode, write func(io.Writer) error) error {
	f, err := d.Create(name, perm)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		// Before the rename: a name may become durable earlier than the bytes
		// it leads to, and then leads to an empty file.
		err = f.Sync()
	}
	// After the sync, and its error counts: network shares report here what
	// they could not write.
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		// The error that matters is the first; Sweep finds what is left.
		_ = d.Remove(name)
	}
	return err
}

// Publish gives a synced file its final name, in the same directory, and makes
// that durable. After an error the temporary file is gone, as far as it can be.
func Publish(d Disk, temp, name string) error {
	if err := d.Rename(temp, name); err != nil {
		_ = d.Remove(temp)
		return err
	}
	// Without this a loss of power may bring the old file back, even though the
	// caller has gone on to record that the new one is there.
	return d.SyncDir(filepath.Dir(name))
}

// Unique returns sixteen hex digits for the name of a temporary file.
func Unique() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}

// Sweep removes the temporary files that Replace left in a directory when it
// was stopped, as far as they were last written before a time. A caller that
// holds the lock may pass the present; others leave an hour to whoever is
// writing at this moment. Files with other names are never touched.
func Sweep(d Disk, dir string, before time.Time) error {
	return SweepForm(d, dir, temporaryForm, before)
}

// SweepForm is Sweep for temporary files of a caller's own form of name.
func SweepForm(d Disk, dir string, form *regexp.Regexp, before time.Time) error {
	entries, err := d.ReadDir(dir)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range entries {
		if !e.Type().IsRegular() || !form.MatchString(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err == nil && !info.ModTime().Before(before) {
			continue
		}
		if err == nil {
			err = d.Remove(filepath.Join(dir, e.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // its writer is done with it
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// ReadFile reads a file of at most max bytes; a larger one is ErrTooLarge, and
// at most max bytes and one are read of it.
func ReadFile(d Disk, name string, max int64) ([]byte, error) {
	// Opening a pipe would wait for whoever writes to it, for ever.
	if info, err := d.Stat(name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, fmt.Errorf("cannot read %s: it is not a file", name)
	}
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	size := int64(0)
	if info, err := d.Stat(name); err == nil {
		size = info.Size() // only a hint: the file may change
	}
	if size <= max {
		b.Grow(int(size) + bytes.MinRead)
		if _, err := b.ReadFrom(io.LimitReader(f, max+1)); err != nil {
			return nil, err
		}
		size = int64(b.Len())
	}
	if size > max {
		return nil, fmt.Errorf("cannot read %s: %w: at most %d bytes are allowed", name, ErrTooLarge, max)
	}
	return b.Bytes(), nil
}

// MakeDir makes a directory with those above it, and makes their names durable.
// Those of directories that are there already are made durable too, since
// whoever made them may have been stopped before that; where they cannot be
// (another's directory, not readable), that is no error.
func MakeDir(d Disk, dir string, perm fs.FileMode) error {
	if err := d.MkdirAll(dir, perm); err != nil {
		return err
	}
	for above := filepath.Dir(dir); ; above = filepath.Dir(above) {
		if err := d.SyncDir(above); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		if above == filepath.Dir(above) {
			return nil
		}
	}
}
