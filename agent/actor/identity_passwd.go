//go:build !windows && !darwin

package actor

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

// identity is the process's uid and its name.
func identity() (id, name string, err error) {
	uid := strconv.Itoa(os.Getuid())
	name, err = nameOf(uid)
	return uid, name, err
}

// nameOf reads the name of a uid from /etc/passwd; empty if it has none there. It
// does not use os/user: without cgo, that believes $USER where /etc/passwd does not
// list the uid, so anyone could sign with another's name.
func nameOf(uid string) (string, error) {
	f, err := os.Open("/etc/passwd")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	return nameIn(uid, f)
}
