package disk

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// How long a file that others hold open is waited for. Readers of a store hold
// a package for milliseconds, virus scanners for a second or so.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 25 * time.Millisecond // readers that come and go leave gaps as short
	maxWait    = 2 * time.Second
)

// invalidName is what Windows answers for a name that no file can have.
const invalidName = syscall.Errno(123)

// What Windows answers while another process has a file open, or has deleted it
// and not let go of it. See "System Error Codes (0-499)".
const (
	sharingViolation = syscall.Errno(32)
	lockViolation    = syscall.Errno(33)
)

// retryWhileInUse calls f until it succeeds, fails for another reason than that the
// file is in use, or patience ends.
func retryWhileInUse(f func() error) error {
	deadline := time.Now().Add(maxWait)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := f()
		if err == nil || !isInUse(err) || time.Now().Add(pause).After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

// isInUse says whether an error may go away by itself. Access denied is among
// them: that is what renaming over a file that is open for reading gives.
func isInUse(err error) bool {
	return errors.Is(err, sharingViolation) || errors.Is(err, lockViolation) ||
		errors.Is(err, syscall.ERROR_ACCESS_DENIED)
}

// asNotExist says of a name that no file can have, such as a pattern that matched none,
// that there is no such file.
func asNotExist(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) && path.Err == invalidName {
		return &fs.PathError{Op: path.Op, Path: path.Path, Err: syscall.ERROR_FILE_NOT_FOUND}
	}
	return err
}

// syncDir does nothing: a directory cannot be opened for syncing, and NTFS
// journals its names.
func syncDir(string) error { return nil }

func isSyncUnsupported(error) bool { return false }
