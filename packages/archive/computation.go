package archive

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// MaxComputation is how many bytes a computation has at most.
const MaxComputation = 1 << 20

// maxComputations is how many are kept: whoever has a thousand visuals of ten
// versions each compares no more. When there are more, the oldest go, down to
// keptComputations.
const (
	maxComputations  = 10_000
	keptComputations = 9_000
)

func computationKind() kind { return kind{"computation", "computations", ".computed", MaxComputation} }

// KeepComputation keeps what was computed from packages, under a key of the caller's
// own. It takes the place of what was kept under the key before. Whoever loses it
// can compute it again, so of very many the oldest are removed.
func (a *Archive) KeepComputation(key visual.Digest, b []byte) error {
	if err := a.keepComputation(key, b); err != nil {
		return fmt.Errorf("cannot keep a computation: %w", err)
	}
	return nil
}

func (a *Archive) keepComputation(key visual.Digest, b []byte) error {
	k := computationKind()
	if len(b) > MaxComputation {
		return fmt.Errorf("it has %d bytes; at most %d are kept", len(b), MaxComputation)
	}
	if err := a.makeDurable(k); err != nil {
		return err
	}
	if err := a.makeRoom(); err != nil {
		return err
	}
	err := disk.Replace(a.disk, a.fileName(k, key), 0, func(w io.Writer) error {
		_, err := io.Copy(w, io.MultiReader(strings.NewReader(checksum(key, b)+"\n"), bytes.NewReader(b)))
		return err
	})
	if err == nil {
		a.mu.Lock()
		a.computations++ // too many where it took another's place: then it is counted again earlier
		a.mu.Unlock()
	}
	return err
}

// Computation returns what was kept under a key. The error is a *verdict.Refusal with
// the code Damaged if the file is not what KeepComputation wrote under this key, and
// wraps fs.ErrNotExist if there is none. The check finds damage, not forgery: unlike
// a package, a computation cannot be told by its key.
func (a *Archive) Computation(key visual.Digest) ([]byte, error) {
	name := a.fileName(computationKind(), key)
	text, err := disk.ReadFile(a.disk, name, MaxComputation+checksumSize+1)
	if err != nil {
		return nil, fmt.Errorf("cannot read a computation: %w", err)
	}
	sum, b, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(sum) != checksum(key, b) {
		return nil, verdict.Refuse(Damaged, fmt.Sprintf("the computation %s is damaged", name), "remove the file: it is computed again")
	}
	return b, nil
}

// checksumSize is the length of a checksum, in bytes.
const checksumSize = 2 * sha256.Size

func checksum(key visual.Digest, b []byte) string {
	h := sha256.New()
	h.Write(key[:])
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil))
}

// makeRoom removes the oldest computations if there are too many. They are counted
// once, and again only when there may be too many by now.
func (a *Archive) makeRoom() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.computations > 0 && a.computations < maxComputations {
		return nil
	}
	entries, err := a.disk.ReadDir(a.kindDir(computationKind()))
	if err != nil {
		return err
	}
	a.computations = len(entries)
	if a.computations < maxComputations {
		return nil
	}
	oldest := []fs.FileInfo{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			oldest = append(oldest, info)
		}
	}
	slices.SortFunc(oldest, func(x, y fs.FileInfo) int {
		return cmp.Or(x.ModTime().Compare(y.ModTime()), strings.Compare(x.Name(), y.Name()))
	})
	for _, info := range oldest[:max(len(oldest)-keptComputations, 0)] {
		err := a.disk.Remove(filepath.Join(a.kindDir(computationKind()), info.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		a.computations--
	}
	return nil
}
