// Package archive keeps packages and license statements on disk under the
// digest of their bytes, so that a way back never depends on anyone else. All
// is hashed again whenever it is read. It does not know policies, plans, trust
// or the network: what is kept here is well formed, not believed.
//
// Beside them it keeps what others computed from packages. That can be computed
// again, so damage to it is no loss.
package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// What is kept has at most so many bytes. The limits only keep a reader's
// memory bounded; what a package or a statement may be is decided before.
const (
	MaxPackage   = 256 << 20
	MaxStatement = 1 << 20
)

// leftoverAge is how old an unverified file must be for Open to take it for one
// whose writer was stopped.
const leftoverAge = time.Hour

// maxTries is how often keeping a file is begun when its unverified file was swept
// away meanwhile.
const maxTries = 3

// A kind is what is kept in one directory.
type kind struct {
	noun    string
	dir     string
	suffix  string
	maxSize int64
}

func packageKind() kind   { return kind{"package", "packages", ".pbiviz", MaxPackage} }
func statementKind() kind { return kind{"statement", "statements", ".license", MaxStatement} }

// Damaged is the code of the refusal to give back a file whose bytes are not
// those it was kept for.
const Damaged verdict.Code = "op.archive"

// unverifiedForm is the name of a file until all its bytes are there.
var unverifiedForm = regexp.MustCompile(`^[0-9a-f]{64}-[0-9a-f]{16}\.unverified$`)

// An Archive holds packages and statements below one directory. Its methods
// may be called at the same time, and by several processes.
type Archive struct {
	disk disk.Disk
	dir  string

	mu           sync.Mutex
	durable      map[string]bool // directories whose own names are durable
	computations int             // how many are kept, at most; 0 before they are counted
}

// Open opens the archive in a directory, and makes it there if need be. Files
// that were left unverified more than an hour ago are removed.
func Open(d disk.Disk, dir string) (*Archive, error) {
	a := &Archive{disk: d, dir: dir, durable: map[string]bool{}}
	for _, k := range []kind{packageKind(), statementKind()} {
		info, err := d.Stat(a.kindDir(k))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = d.MkdirAll(a.kindDir(k), 0o700) // keep makes it durable
		case err == nil && !info.IsDir():
			err = fmt.Errorf("%s is not a directory", a.kindDir(k))
		}
		if err != nil {
			return nil, fmt.Errorf("cannot open the archive: %w", err)
		}
	}
	// Only tidying: whoever may read the archive but not change it can go on.
	_ = a.sweepBefore(time.Now().Add(-leftoverAge))
	return a, nil
}

// Sweep removes whatever was left unverified, however new. Its caller holds the
// lock; whoever is keeping something at this moment without it begins again.
func (a *Archive) Sweep() error { return a.sweepBefore(time.Now().Add(leftoverAge)) }

func (a *Archive) sweepBefore(before time.Time) error {
	computations := disk.Sweep(a.disk, a.kindDir(computationKind()), before)
	if errors.Is(computations, fs.ErrNotExist) {
		computations = nil // none was kept yet
	}
	return errors.Join(
		disk.SweepForm(a.disk, a.kindDir(packageKind()), unverifiedForm, before),
		disk.SweepForm(a.disk, a.kindDir(statementKind()), unverifiedForm, before),
		computations)
}

// KeepPackage keeps a package file. When it returns without an error, the file
// outlives a loss of power. Keeping what is kept changes nothing, except that a
// damaged file is mended.
func (a *Archive) KeepPackage(file []byte) (visual.Digest, error) { return a.keep(packageKind(), file) }

// KeepStatement keeps a statement, as KeepPackage keeps a package.
func (a *Archive) KeepStatement(b []byte) (visual.Digest, error) { return a.keep(statementKind(), b) }

// Package returns a package file, after hashing it. The error is a
// *verdict.Refusal with the code Damaged where the bytes are others, and wraps
// fs.ErrNotExist where there is no such package.
func (a *Archive) Package(digest visual.Digest) ([]byte, error) { return a.read(packageKind(), digest) }

// Statement returns a statement, as Package returns a package.
func (a *Archive) Statement(digest visual.Digest) ([]byte, error) {
	return a.read(statementKind(), digest)
}

// Packages lists the packages kept, in the order of their digests. It reads
// names only: see Package for whether one is sound.
func (a *Archive) Packages() ([]visual.Digest, error) { return a.list(packageKind()) }

// Statements lists the statements kept, as Packages lists packages.
func (a *Archive) Statements() ([]visual.Digest, error) { return a.list(statementKind()) }

func (a *Archive) kindDir(k kind) string { return filepath.Join(a.dir, k.dir) }

func (a *Archive) fileName(k kind, digest visual.Digest) string {
	return filepath.Join(a.kindDir(k), digest.Hex()+k.suffix)
}

func (a *Archive) keep(k kind, b []byte) (visual.Digest, error) {
	digest := visual.DigestOf(b)
	if err := a.keepAs(k, digest, b); err != nil {
		return visual.Digest{}, fmt.Errorf("cannot keep the %s %s: %w", k.noun, digest.Short(), err)
	}
	return digest, nil
}

func (a *Archive) keepAs(k kind, digest visual.Digest, b []byte) error {
	if int64(len(b)) > k.maxSize {
		return fmt.Errorf("it has %d bytes; at most %d are kept", len(b), k.maxSize)
	}
	if err := a.makeDurable(k); err != nil {
		return err
	}
	if _, err := a.read(k, digest); err == nil {
		// Whoever wrote the file may have been stopped before its name was durable.
		return a.disk.SyncDir(a.kindDir(k))
	}
	for try := 1; ; try++ {
		// A new name each time: several may be keeping the same at once.
		unverified := filepath.Join(a.kindDir(k), digest.Hex()+"-"+disk.Unique()+".unverified")
		err := disk.WriteSynced(a.disk, unverified, 0, func(w io.Writer) error {
			_, err := w.Write(b)
			return err
		})
		if err == nil {
			err = a.moveFolderAside(k, digest)
		}
		if err == nil {
			err = disk.Publish(a.disk, unverified, a.fileName(k, digest))
		}
		if !errors.Is(err, fs.ErrNotExist) || try == maxTries {
			return err
		}
	}
}

// moveFolderAside makes room where somebody put a folder in the place of a file. It may
// hold what is somebody's, so it is kept under another name.
func (a *Archive) moveFolderAside(k kind, digest visual.Digest) error {
	name := a.fileName(k, digest)
	if !a.isFolder(name) {
		return nil
	}
	return a.disk.Rename(name, filepath.Join(a.kindDir(k), digest.Hex()+"-"+disk.Unique()+".aside"))
}

// makeDurable makes the names of a kind's directory and of those above it durable,
// once: a file's name is worth nothing while that of its directory is not.
func (a *Archive) makeDurable(k kind) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.durable[k.dir] {
		return nil
	}
	if err := disk.MakeDir(a.disk, a.kindDir(k), 0o700); err != nil {
		return err
	}
	a.durable[k.dir] = true
	return nil
}

func (a *Archive) read(k kind, digest visual.Digest) ([]byte, error) {
	name := a.fileName(k, digest)
	b, err := disk.ReadFile(a.disk, name, k.maxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the archive holds no %s %s: %w", k.noun, digest.Short(), err)
	case err != nil && a.isFolder(name):
		return nil, verdict.Refuse(Damaged,
			fmt.Sprintf("the archived %s %s is damaged: in its place is a folder", k.noun, name),
			fmt.Sprintf("take the same %s in again: the folder is moved aside, to a name that ends with .aside", k.noun))
	case err != nil:
		return nil, fmt.Errorf("cannot read the archived %s %s: %w", k.noun, digest.Short(), err)
	}
	if got := visual.DigestOf(b); got != digest {
		return nil, verdict.Refuse(Damaged,
			fmt.Sprintf("the archived %s %s is damaged: its bytes have the digest %s, not %s", k.noun, name, got.Short(), digest.Short()),
			fmt.Sprintf("take the same %s in again, or put %s back from a backup, and check the disk", k.noun, name))
	}
	return b, nil
}

func (a *Archive) isFolder(name string) bool {
	info, err := a.disk.Stat(name)
	return err == nil && info.IsDir()
}

// list leaves out what is not named as the archive names files.
func (a *Archive) list(k kind) ([]visual.Digest, error) {
	entries, err := a.disk.ReadDir(a.kindDir(k))
	if err != nil {
		return nil, fmt.Errorf("cannot list the archive: %w", err)
	}
	all := []visual.Digest{}
	for _, e := range entries {
		hex, ok := strings.CutSuffix(e.Name(), k.suffix)
		if !ok || !e.Type().IsRegular() {
			continue
		}
		if digest, err := visual.ParseDigest("sha256:" + hex); err == nil {
			all = append(all, digest)
		}
	}
	slices.SortFunc(all, visual.Digest.Compare)
	return all, nil
}
