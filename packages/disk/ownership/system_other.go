//go:build !linux && !windows

package ownership

import "golang.org/x/sys/unix"

const readOnlyFlag = uint64(unix.MNT_RDONLY)

// isHidden is for Linux: elsewhere every owner is shown.
func isHidden(string) bool { return false }
