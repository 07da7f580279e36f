package folder

import (
	"io/fs"
	"syscall"
	"time"
)

// changed is when a file was put here: copying keeps the time of modification
// and gives a new time of creation.
func changed(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Win32FileAttributeData); ok {
		return time.Unix(0, s.CreationTime.Nanoseconds())
	}
	return info.ModTime()
}
