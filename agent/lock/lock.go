// Package lock lets one process at a time change things, and says which one
// does. It knows files and processes, and nothing of what is changed.
//
// The lock belongs to the operating system: it ends with the process that holds
// it, however that ends, so nobody ever has to remove one by hand. The file
// beside it names the holder for people and decides nothing.
package lock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofrs/flock"

	"github.com/orgstore/orgstore/packages/disk"
)

// Two files, because Windows lets nobody read one that is locked.
const (
	lockFile   = "lock"
	holderFile = "lock.holder"
)

const (
	// maxHolder bounds the holder file, in bytes.
	maxHolder = 16 << 10
	// pause is how often a lock that is held is tried again.
	pause = 50 * time.Millisecond
)

// A Holder is who holds the lock. Callers say Command and Since; Acquire fills
// in the rest.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	User    string    `json:"user"`
	Command string    `json:"command"` // such as "orgstore apply"; without arguments, which may hold secrets
	Since   time.Time `json:"since"`
}

// filled returns the holder with this process as the operating system knows it,
// where the caller left that out.
func (h Holder) filled() Holder {
	if h.PID == 0 {
		h.PID = os.Getpid()
	}
	if h.Host == "" {
		h.Host, _ = os.Hostname() // for people only: unknown is no reason to stop
	}
	if h.User == "" {
		if u, err := user.Current(); err == nil {
			h.User = u.Username
		}
	}
	h.Since = h.Since.UTC().Truncate(time.Second)
	return h
}

// Held is the error of Acquire while another process holds the lock.
type Held struct {
	// By is zero where the holder has not named itself.
	By Holder
}

// Error names the holder.
func (e *Held) Error() string {
	if e.By == (Holder{}) {
		return "another orgstore is changing things at this moment"
	}
	return fmt.Sprintf("%s is changing things at this moment: process %d on %s, started by %s, since %s",
		legible(e.By.Command), e.By.PID, legible(e.By.Host), legible(e.By.User), e.By.Since.UTC().Format(time.RFC3339))
}

// Hint says what the person who is kept out can do.
func (e *Held) Hint() string {
	return "wait until it is done, or stop that process: the lock ends with it, and no file has to be removed"
}

// A Lock is held until Release, or until the process ends.
type Lock struct {
	file   *flock.Flock
	d      disk.Disk
	holder string
}

// Acquire takes the lock of a data directory, waiting for it as long as said;
// zero tries once. The error is *Held where another process, or another part of
// this one, holds it. The directory is made if need be.
func Acquire(ctx context.Context, d disk.Disk, dir string, h Holder, wait time.Duration) (*Lock, error) {
	if err := d.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot take the lock: %w", err)
	}
	l := &Lock{file: flock.New(filepath.Join(dir, lockFile)), d: d, holder: filepath.Join(dir, holderFile)}
	if err := l.take(ctx, wait); err != nil {
		return nil, err
	}
	if err := l.name(h.filled()); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot name the holder of the lock: %w", err), l.file.Unlock())
	}
	return l, nil
}

func (l *Lock) take(ctx context.Context, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		locked, err := l.file.TryLock()
		switch {
		case err != nil:
			return fmt.Errorf("cannot take the lock: %w", err)
		case locked:
			return nil
		case !time.Now().Before(deadline):
			return &Held{By: l.by()}
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(pause, time.Until(deadline))):
		}
	}
}

// name replaces whatever a holder that was killed left behind.
func (l *Lock) name(h Holder) error {
	return disk.Replace(l.d, l.holder, 0o644, func(w io.Writer) error {
		return json.MarshalWrite(w, h, jsontext.WithIndent("  "))
	})
}

// by reads who holds the lock. Whoever has just taken it may not have named
// itself yet; then the name before it, or none, is read, which misleads for
// milliseconds only.
func (l *Lock) by() Holder {
	b, err := disk.ReadFile(l.d, l.holder, maxHolder)
	if err != nil {
		return Holder{}
	}
	var h Holder
	if err := json.Unmarshal(b, &h); err != nil {
		return Holder{}
	}
	return h
}

// Release gives the lock up. The name goes first: after the lock it could be
// that of the next holder. The lock file stays, since removing it would let two
// processes lock two files of the same name.
func (l *Lock) Release() error {
	err := l.d.Remove(l.holder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err := errors.Join(err, l.file.Unlock()); err != nil {
		return fmt.Errorf("cannot release the lock: %w", err)
	}
	return nil
}

// legible keeps what anyone may have written into the holder file from steering
// a terminal.
func legible(s string) string {
	if s == "" {
		return "unknown"
	}
	out := []rune(s)
	for i, r := range out {
		if !unicode.IsPrint(r) {
			out[i] = unicode.ReplacementChar
		}
	}
	return string(out)
}
