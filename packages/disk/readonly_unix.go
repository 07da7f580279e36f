//go:build !windows

package disk

import (
	"errors"
	"syscall"
)

func isWriteProtected(err error) bool { return errors.Is(err, syscall.EROFS) }
