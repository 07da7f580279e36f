package engine

import (
	"errors"
	"io/fs"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
)

// ReadBounded reads a file of at most most bytes.
func (p Ports) ReadBounded(name string, most int64) ([]byte, error) {
	text, err := disk.ReadFile(p.Disk, name, most)
	if err != nil {
		return nil, UnreadableFile(name, err)
	}
	return text, nil
}

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
