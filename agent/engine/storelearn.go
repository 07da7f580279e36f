package engine

import (
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
