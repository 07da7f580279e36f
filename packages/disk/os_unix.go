//go:build !windows

package disk

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// retryWhileInUse is for Windows: elsewhere a file can be replaced and removed while
// others read it.
func retryWhileInUse(f func() error) error { return f() }

// asNotExist is for Windows: elsewhere every name can be.
func asNotExist(err error) error { return err }

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	// Some file systems sync files but no directories, and say so with EINVAL;
	// a read-only one above ours has nothing to lose.
	if err != nil && (isSyncUnsupported(err) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EROFS)) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

func isSyncUnsupported(err error) bool {
	// macOS says ENOTTY for SMB shares, which do not know F_FULLFSYNC.
	return errors.Is(err, syscall.ENOTSUP) ||
		runtime.GOOS == "darwin" && errors.Is(err, syscall.ENOTTY)
}
