//go:build !windows

package ownership

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func newSystem() modeView {
	return modeView{caller: strconv.Itoa(os.Geteuid()), lstat: lstat, isReadOnly: isReadOnly, isPrivate: isPrivate, isHidden: isHidden}
}

func lstat(name string) (node, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return node{}, err
	}
	s := info.Sys().(*syscall.Stat_t)
	n := node{owner: strconv.FormatUint(uint64(s.Uid), 10), group: strconv.FormatUint(uint64(s.Gid), 10), mode: info.Mode()}
	if n.mode&os.ModeSymlink != 0 {
		n.target, err = os.Readlink(name)
	}
	return n, err
}

func isReadOnly(name string) bool {
	var s unix.Statfs_t
	return unix.Statfs(name, &s) == nil && uint64(s.Flags)&readOnlyFlag != 0
}

// isPrivate looks a group up in the machine's own files: it has the account's number, no
// members, and no other account has it as its own. Root's group is root's in the same way.
func isPrivate(owner, group string) bool {
	if owner != group {
		return false
	}
	return !anyLine("/etc/group", func(f []string) bool { return len(f) >= 4 && f[2] == group && f[3] != "" && !isOnly(f[3], owner) }) &&
		!anyLine("/etc/passwd", func(f []string) bool { return len(f) >= 4 && f[3] == group && f[2] != owner })
}

// isOnly says whether a list of members names nobody but an account.
func isOnly(members, owner string) bool {
	return !strings.Contains(members, ",") &&
		anyLine("/etc/passwd", func(f []string) bool { return len(f) >= 3 && f[0] == members && f[2] == owner })
}

// anyLine says whether a line of a file of fields with colons is as asked. A file that
// is not there has none.
func anyLine(file string, is func(fields []string) bool) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if is(strings.Split(lines.Text(), ":")) {
			return true
		}
	}
	return false
}
