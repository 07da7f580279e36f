package disktest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgstore/orgstore/packages/disk"
)

// Lossy is a disk in memory that can lose power. It models the worst that the
// file systems in use may do:
//
//   - Bytes of a file are safe once synced. Of those written since, any prefix
//     may be left, and any end of what is left may read as zeros: ext4 and XFS
//     record a size before they write the bytes.
//   - A name made, replaced or removed is safe once its directory is synced.
//     Of the changes since, those of one directory may be lost in any
//     combination: either the last ones, as a journal loses them, or any, as
//     disks without one do. Syncing a file does not make its name safe.
//   - A rename is made or not made, never by half; one between two directories
//     is safe once either is synced.
//   - A directory whose own name is lost is lost with all in it.
//
// It does not model bytes that rot, links, permissions, or a disk that is full.
type Lossy struct {
	mu   sync.Mutex
	root *node
	log  []*change // every change of names, in order
}

// A node is a file or a directory.
type node struct {
	isDir       bool
	mode        fs.FileMode
	modTime     time.Time
	bytes       []byte
	syncedBytes int // so many of bytes are safe
	names       map[string]*node
}

// An edit makes a name of a directory lead to a node, or, if nil, nowhere.
type edit struct {
	dir    *node
	name   string
	target *node
}

// An change is a change of names that happens as a whole.
type change struct {
	edits   []edit
	durable bool
}

// NewLossy returns an empty disk. Paths start at its root, whatever the
// volume; a relative path starts there too.
func NewLossy() *Lossy { return &Lossy{root: newDir(0o755)} }

func newDir(perm fs.FileMode) *node {
	return &node{isDir: true, mode: fs.ModeDir | perm, modTime: time.Now(), names: map[string]*node{}}
}

// PowerLoss returns the disk as it is found when the power comes back; the seed
// chooses among what may be left. What was found is safe. The disk it is called
// on goes on as it was, so that many losses of one moment can be tried.
func (l *Lossy) PowerLoss(seed uint64) *Lossy {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := rand.New(rand.NewPCG(seed, 0x6f7267))
	found := &Lossy{root: newDir(l.root.mode.Perm())}
	copies := map[*node]*node{l.root: found.root}
	for _, e := range l.survivingChanges(r) {
		for _, c := range e.edits {
			in := c.dir.copyTo(copies, r)
			if c.target == nil {
				delete(in.names, c.name)
				continue
			}
			in.names[c.name] = c.target.copyTo(copies, r)
		}
	}
	found.root.logAsDurable(found)
	return found
}

// survivingChanges returns the changes of names that outlive a loss of power.
func (l *Lossy) survivingChanges(r *rand.Rand) []*change {
	journaled := r.IntN(2) == 0
	cut := r.IntN(len(l.log) + 1)
	odds := r.Float64()
	var out []*change
	for i, e := range l.log {
		keep := r.Float64() < odds
		if journaled {
			keep = i < cut
		}
		if e.durable || keep {
			out = append(out, e)
		}
	}
	return out
}

// copyTo returns the copy of a node as it is found after a loss of power.
func (n *node) copyTo(copies map[*node]*node, r *rand.Rand) *node {
	if c, ok := copies[n]; ok {
		return c
	}
	c := &node{isDir: n.isDir, mode: n.mode, modTime: n.modTime}
	if n.isDir {
		c.names = map[string]*node{}
	} else {
		c.bytes = n.bytesAfterLoss(r)
		c.syncedBytes = len(c.bytes)
	}
	copies[n] = c
	return c
}

// bytesAfterLoss returns the bytes of a file after a loss of power.
func (n *node) bytesAfterLoss(r *rand.Rand) []byte {
	loose := len(n.bytes) - n.syncedBytes
	if loose == 0 {
		return slices.Clone(n.bytes)
	}
	left := slices.Clone(n.bytes[:n.syncedBytes+r.IntN(loose+1)])
	if r.IntN(2) == 0 {
		from := n.syncedBytes + r.IntN(len(left)-n.syncedBytes+1)
		clear(left[from:])
	}
	return left
}

// logAsDurable writes the log of a disk anew from what is on it, all of it safe.
func (n *node) logAsDurable(l *Lossy) {
	for name, to := range n.names {
		l.log = append(l.log, &change{edits: []edit{{n, name, to}}, durable: true})
		if to.isDir {
			to.logAsDurable(l)
		}
	}
}

// apply makes a change of names, not safe yet.
func (l *Lossy) apply(edits ...edit) {
	for _, e := range edits {
		if e.target == nil {
			delete(e.dir.names, e.name)
		} else {
			e.dir.names[e.name] = e.target
		}
		e.dir.modTime = time.Now()
	}
	l.log = append(l.log, &change{edits: edits})
}

func splitPath(name string) []string {
	name = filepath.Clean(name)
	name = filepath.ToSlash(strings.TrimPrefix(name, filepath.VolumeName(name)))
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && part != "." {
			parts = append(parts, part)
		}
	}
	return parts
}

// findNode returns the node that a path leads to.
func (l *Lossy) findNode(op, name string) (*node, error) {
	n := l.root
	for _, part := range splitPath(name) {
		if !n.isDir || n.names[part] == nil {
			return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		n = n.names[part]
	}
	return n, nil
}

// findParent returns the directory of a path, and the path's last name.
func (l *Lossy) findParent(op, name string) (*node, string, error) {
	parts := splitPath(name)
	if len(parts) == 0 {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	dir, err := l.findNode(op, filepath.Join(parts[:len(parts)-1]...))
	if err != nil || !dir.isDir {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return dir, parts[len(parts)-1], nil
}

// Create implements disk.Disk.
func (l *Lossy) Create(name string, perm fs.FileMode) (disk.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dir, last, err := l.findParent("create", name)
	if err != nil {
		return nil, err
	}
	if dir.names[last] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if perm == 0 {
		perm = 0o600
	}
	n := &node{mode: perm, modTime: time.Now()}
	l.apply(edit{dir, last, n})
	return &lossyFile{l: l, n: n}, nil
}

// Open implements disk.Disk. The reader keeps the bytes of this moment.
func (l *Lossy) Open(name string) (io.ReadCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.findNode("open", name)
	if err != nil {
		return nil, err
	}
	if n.isDir {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("is a directory")}
	}
	return io.NopCloser(bytes.NewReader(slices.Clone(n.bytes))), nil
}

// Rename implements disk.Disk.
func (l *Lossy) Rename(oldname, newname string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, oldlast, err := l.findParent("rename", oldname)
	if err != nil {
		return err
	}
	to, newlast, err := l.findParent("rename", newname)
	if err != nil {
		return err
	}
	n := from.names[oldlast]
	switch {
	case n == nil:
		return &fs.PathError{Op: "rename", Path: oldname, Err: fs.ErrNotExist}
	case to.names[newlast] == n:
		return nil
	case to.names[newlast] != nil && (n.isDir || to.names[newlast].isDir):
		return &fs.PathError{Op: "rename", Path: newname, Err: fs.ErrExist}
	}
	l.apply(edit{from, oldlast, nil}, edit{to, newlast, n})
	return nil
}

// Remove implements disk.Disk.
func (l *Lossy) Remove(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	dir, last, err := l.findParent("remove", name)
	if err != nil {
		return err
	}
	switch n := dir.names[last]; {
	case n == nil:
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	case len(n.names) > 0:
		return &fs.PathError{Op: "remove", Path: name, Err: errors.New("directory not empty")}
	}
	l.apply(edit{dir, last, nil})
	return nil
}

// MkdirAll implements disk.Disk.
func (l *Lossy) MkdirAll(name string, perm fs.FileMode) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.root
	for _, part := range splitPath(name) {
		if n.names[part] == nil {
			l.apply(edit{n, part, newDir(perm)})
		}
		n = n.names[part]
		if !n.isDir {
			return &fs.PathError{Op: "mkdir", Path: name, Err: errors.New("not a directory")}
		}
	}
	return nil
}

// SyncDir implements disk.Disk.
func (l *Lossy) SyncDir(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	dir, err := l.findNode("sync", name)
	if err != nil {
		return err
	}
	if !dir.isDir {
		return &fs.PathError{Op: "sync", Path: name, Err: errors.New("not a directory")}
	}
	for _, e := range l.log {
		if slices.ContainsFunc(e.edits, func(c edit) bool { return c.dir == dir }) {
			e.durable = true
		}
	}
	return nil
}

// ReadDir implements disk.Disk.
func (l *Lossy) ReadDir(name string) ([]fs.DirEntry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dir, err := l.findNode("readdir", name)
	if err != nil {
		return nil, err
	}
	if !dir.isDir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	var out []fs.DirEntry
	for name, n := range dir.names {
		out = append(out, fs.FileInfoToDirEntry(n.infoFor(name)))
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// Stat implements disk.Disk.
func (l *Lossy) Stat(name string) (fs.FileInfo, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.findNode("stat", name)
	if err != nil {
		return nil, err
	}
	return n.infoFor(filepath.Base(name)), nil
}

type lossyFile struct {
	l      *Lossy
	n      *node
	closed bool
}

func (f *lossyFile) Write(b []byte) (int, error) {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	if f.closed {
		return 0, fs.ErrClosed
	}
	f.n.bytes = append(f.n.bytes, b...)
	f.n.modTime = time.Now()
	return len(b), nil
}

func (f *lossyFile) Sync() error {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.n.syncedBytes = len(f.n.bytes)
	return nil
}

func (f *lossyFile) Close() error {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.closed = true
	return nil
}

// nodeInfo is what Stat and ReadDir tell of a node, as of this moment.
type nodeInfo struct {
	name    string
	size    int64
	mode    fs.FileMode
	modTime time.Time
}

func (n *node) infoFor(name string) nodeInfo {
	return nodeInfo{name, int64(len(n.bytes)), n.mode, n.modTime}
}

func (i nodeInfo) Name() string       { return i.name }
func (i nodeInfo) Size() int64        { return i.size }
func (i nodeInfo) Mode() fs.FileMode  { return i.mode }
func (i nodeInfo) ModTime() time.Time { return i.modTime }
func (i nodeInfo) IsDir() bool        { return i.mode.IsDir() }
func (i nodeInfo) Sys() any           { return nil }
