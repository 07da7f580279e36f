package localapi

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Supported says whether callers can be served on this system.
func Supported() error { return nil }

// peer asks the kernel who is at the other end: who connected, or who listens.
func peer(c net.Conn) (Caller, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Caller{}, fmt.Errorf("%T is no Unix socket", c)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return Caller{}, err
	}
	var cred *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return Caller{}, err
	}
	if failed != nil {
		return Caller{}, failed
	}
	// A process in a namespace of users of its own sees all whom that does not know
	// as one and the same: several people would be one.
	if cred.Uid == overflow() {
		return Caller{}, errors.New("the kernel does not say who it is: PrivateUsers= in the unit, or a container's user namespace, hides the accounts of the machine")
	}
	return Caller{UID: cred.Uid, PID: cred.Pid}, nil
}

// overflow is the account that stands for those which a namespace does not know.
func overflow() uint32 {
	text, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if err != nil {
		return 65534 // the kernel's default, and ProcSubset=pid hides the file
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return 65534
	}
	return uint32(n)
}

// Closed says whether a data folder is closed to this process: it is there, and
// may not be read and written. That it is not there is another's to find out.
func Closed(folder string) bool {
	return errors.Is(unix.Access(folder, unix.R_OK|unix.W_OK|unix.X_OK), fs.ErrPermission)
}

// Group names the group of those who may call at a socket; its number where it has
// no name, and the name of the service's where that cannot be seen.
func Group(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return "orgstore"
	}
	id := strconv.FormatUint(uint64(info.Sys().(*syscall.Stat_t).Gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}

// Owner is the account that a folder belongs to. Where it cannot be seen, it is the
// account that keeps it from being seen.
func Owner(folder string) (uint32, error) {
	for {
		info, err := os.Stat(folder)
		if err == nil {
			return info.Sys().(*syscall.Stat_t).Uid, nil
		}
		above := filepath.Dir(folder)
		if !errors.Is(err, fs.ErrPermission) || above == folder {
			return 0, err
		}
		folder = above
	}
}
