package engine

import (
	"path/filepath"
	"strings"

	"github.com/orgstore/orgstore/agent/files"
)

// ReadBounded reads a file of at most most bytes.
func (p Ports) ReadBounded(name string, most int64) ([]byte, error) {
	return files.ReadBounded(p.Disk, name, most)
}

// Read reads a file that a person names, of at most so many bytes.
func (p Ports) Read(file string, most int64) ([]byte, error) { return files.Read(p.Disk, file, most) }

// Matching replaces patterns by the files that they match, since the shells of
// Windows do not. A file of that very name goes first; a pattern that matches
// nothing stays, and is reported as a file that is not there.
func (p Ports) Matching(args []string) []string {
	var out []string
	for _, arg := range args {
		found := []string{arg}
		if _, err := p.Disk.Stat(arg); err != nil && strings.ContainsAny(arg, "*?[") {
			if names, err := filepath.Glob(arg); err == nil && len(names) > 0 {
				found = names
			}
		}
		out = append(out, found...)
	}
	return out
}
