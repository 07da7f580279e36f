package disk

import (
	"errors"
	"io/fs"
)

// IsReadOnly says whether an error means that the caller may only read there: the file
// system is mounted read-only, the disk is write-protected, or the account has no
// permission to write.
func IsReadOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || isWriteProtected(err)
}
