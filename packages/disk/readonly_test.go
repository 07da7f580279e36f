package disk_test

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/orgstore/orgstore/packages/disk"
)

// checkReadOnly wants an error to mean that one may only read, however it is wrapped.
func checkReadOnly(t *testing.T, cause error) {
	t.Helper()
	for _, err := range []error{cause, &fs.PathError{Op: "open", Path: "data", Err: cause}, errors.Join(errors.New("cannot keep it"), fmt.Errorf("because: %w", cause))} {
		if !disk.IsReadOnly(err) {
			t.Errorf("%v is not read-only", err)
		}
	}
}

func TestWithoutPermissionItIsReadOnly(t *testing.T) {
	checkReadOnly(t, fs.ErrPermission)
	checkReadOnly(t, syscall.EACCES)
}

func TestOtherTroubleIsNotReadOnly(t *testing.T) {
	for _, err := range []error{nil, syscall.ENOSPC, fs.ErrNotExist, errors.New("read-only file system")} {
		if disk.IsReadOnly(err) {
			t.Errorf("%v is read-only", err)
		}
	}
}
