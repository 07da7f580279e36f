package folder

import (
	"errors"
	"io/fs"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// changeTimeOf is when anything about a file was last changed, its name included.
// Package os tells when it was made, which says less: a file that is overwritten
// keeps that, and so does one put under the name of another that has just gone
// ("File times" and "file system tunneling" at Microsoft).
func changeTimeOf(name string, _ fs.FileInfo) (time.Time, error) {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return time.Time{}, err
	}
	const everybody = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	const itself = windows.FILE_FLAG_OPEN_REPARSE_POINT | windows.FILE_FLAG_BACKUP_SEMANTICS // a link or folder, too
	h, err := windows.CreateFile(path, windows.FILE_READ_ATTRIBUTES, everybody, nil, windows.OPEN_EXISTING, itself, 0)
	if err != nil {
		return time.Time{}, &fs.PathError{Op: "look at", Path: name, Err: err}
	}
	changed, err := changeTimeOfHandle(h)
	return changed, errors.Join(err, windows.CloseHandle(h))
}

func changeTimeOfOpen(f *os.File, _ fs.FileInfo) (changed time.Time, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return time.Time{}, err
	}
	cerr := raw.Control(func(fd uintptr) { changed, err = changeTimeOfHandle(windows.Handle(fd)) })
	return changed, errors.Join(cerr, err)
}

// changeTimeOfHandle asks the system. File systems that do not keep the time of change, such
// as FAT, say 0; when the file was made must do then.
func changeTimeOfHandle(h windows.Handle) (time.Time, error) {
	var info struct { // FILE_BASIC_INFO
		made, read, written, changed windows.Filetime
		attributes, _                uint32
	}
	err := windows.GetFileInformationByHandleEx(h, windows.FileBasicInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if info.changed == (windows.Filetime{}) {
		info.changed = info.made
	}
	return time.Unix(0, info.changed.Nanoseconds()), err
}
