package folder

import (
	"io/fs"
	"os"
	"time"
)

// A fileState is what was seen of a file at one moment.
type fileState struct {
	fs.FileInfo
	changeTime time.Time // when anything about it was last changed, if only its name
}

// readState looks at a name itself, also where it is a link.
func readState(name string) (fileState, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return fileState{}, err
	}
	changed, err := changeTimeOf(name, info)
	return fileState{info, changed}, err
}

// readOpenState looks at an open file.
func readOpenState(f *os.File) (fileState, error) {
	info, err := f.Stat()
	if err != nil {
		return fileState{}, err
	}
	changed, err := changeTimeOfOpen(f, info)
	return fileState{info, changed}, err
}
