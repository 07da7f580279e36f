package engine

import (
	"errors"
	"io/fs"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
)

// CodeNoFile is the code of the fault that there is no such file.
const CodeNoFile = "file.missing"

func UnreadableFile(file string, err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(CodeNoFile, "check the name", "cannot read %s: there is no such file", file)
	case errors.Is(err, disk.ErrTooLarge):
		return fault.New("file.too_large", "check that this is the file you meant", "%w", err)
	case errors.As(err, &path):
		err = path.Err
	}
	return fault.New("file.unreadable", "", "cannot read %s: %w", file, err)
}
