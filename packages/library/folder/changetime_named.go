//go:build !windows

package folder

import (
	"io/fs"
	"os"
	"time"
)

func changeTimeOf(_ string, info fs.FileInfo) (time.Time, error) { return changeTime(info), nil }

func changeTimeOfOpen(_ *os.File, info fs.FileInfo) (time.Time, error) { return changeTime(info), nil }
