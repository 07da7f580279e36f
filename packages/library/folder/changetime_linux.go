package folder

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is when anything about a file was last changed, its name included;
// unlike the time of modification, no program can set it.
func changeTime(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(int64(s.Ctim.Sec), int64(s.Ctim.Nsec))
	}
	return info.ModTime()
}
