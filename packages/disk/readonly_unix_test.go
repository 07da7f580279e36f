//go:build !windows

package disk_test

import (
	"syscall"
	"testing"
)

func TestAReadOnlyFileSystemIsReadOnly(t *testing.T) { checkReadOnly(t, syscall.EROFS) }
