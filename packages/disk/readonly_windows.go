package disk

import (
	"errors"

	"golang.org/x/sys/windows"
)

func isWriteProtected(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }
