package disk_test

import (
	"testing"

	"golang.org/x/sys/windows"
)

func TestAWriteProtectedDiskIsReadOnly(t *testing.T) { checkReadOnly(t, windows.ERROR_WRITE_PROTECT) }
