package actor

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// inOwnUserNamespace says whether this process is in another user namespace than the
// machine's first one. In there, whoever made it chose which accounts it shows: anybody
// may be bin, or root. It is true also where the kernel cannot be asked.
func inOwnUserNamespace() (bool, error) {
	f, err := os.Open("/proc/self/uid_map")
	if errors.Is(err, fs.ErrNotExist) {
		return !isProc("/proc"), nil // a kernel without user namespaces has no such file
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMap))
	if err != nil {
		return false, err
	}
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &s); err != nil {
		return false, err
	}
	return s.Type != unix.PROC_SUPER_MAGIC || !isWholeMap(string(text)), nil
}

// maxMap bounds a map of accounts, in bytes: the kernel allows 340 lines of 33.
const maxMap = 16 << 10

// isWholeMap says whether a map shows every account of the machine as itself, which only
// the first namespace's does.
func isWholeMap(text string) bool {
	return slices.Equal(strings.Fields(text), []string{"0", "0", "4294967295"})
}

// isProc says whether a folder is the kernel's own view of processes, and not one that
// somebody laid over it.
func isProc(folder string) bool {
	var s unix.Statfs_t
	return unix.Statfs(folder, &s) == nil && s.Type == unix.PROC_SUPER_MAGIC
}
