//go:build !windows && !darwin

package actor

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

// identity reads the name of the process's uid from /etc/passwd. It does not
// use os/user: without cgo, that believes $USER where /etc/passwd does not list
// the uid, so anyone could sign with another's name.
func identity() (id, name string, err error) {
	uid := strconv.Itoa(os.Getuid())
	f, err := os.Open("/etc/passwd")
	if errors.Is(err, fs.ErrNotExist) {
		return uid, "", nil
	}
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	name, err = nameOf(uid, f)
	return uid, name, err
}
