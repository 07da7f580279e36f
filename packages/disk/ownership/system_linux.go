package ownership

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const readOnlyFlag = uint64(unix.ST_RDONLY)

// isHidden says whether an owner is the one that stands for all whom this process's user
// namespace does not know: there, nothing shows whose the file is.
func isHidden(owner string) bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	unknown := "65534"
	if n, err := os.ReadFile("/proc/sys/kernel/overflowuid"); err == nil {
		unknown = strings.TrimSpace(string(n))
	}
	return owner == unknown && !isMapped(string(text), owner)
}

// isMapped says whether a map of accounts has one.
func isMapped(text, account string) bool {
	id, err := strconv.ParseUint(account, 10, 32)
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) != 3 || err != nil {
			continue
		}
		first, err1 := strconv.ParseUint(f[0], 10, 32)
		count, err2 := strconv.ParseUint(f[2], 10, 32)
		if err1 == nil && err2 == nil && id >= first && id < first+count {
			return true
		}
	}
	return false
}
