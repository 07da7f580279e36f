//go:build !windows

package folder

import (
	"io/fs"
	"os"
	"time"
)

func changedAt(_ string, info fs.FileInfo) (time.Time, error) { return changed(info), nil }

func changedIn(_ *os.File, info fs.FileInfo) (time.Time, error) { return changed(info), nil }
