package folder

import (
	"io/fs"
	"os"
	"time"
)

// A sight is what was seen of a file at one moment.
type sight struct {
	fs.FileInfo
	changed time.Time // when anything about it was last changed, if only its name
}

// see looks at a name itself, also where it is a link.
func see(name string) (sight, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return sight{}, err
	}
	changed, err := changedAt(name, info)
	return sight{info, changed}, err
}

// seeOpen looks at an open file.
func seeOpen(f *os.File) (sight, error) {
	info, err := f.Stat()
	if err != nil {
		return sight{}, err
	}
	changed, err := changedIn(f, info)
	return sight{info, changed}, err
}
