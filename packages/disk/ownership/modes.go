package ownership

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A node is what is known of one name.
type node struct {
	owner, group string
	mode         fs.FileMode
	target       string // of a link
}

// A modeView is a file system whose files have an owner, a group and a mode.
type modeView struct {
	caller string
	// lstat tells about a name itself.
	lstat func(name string) (node, error)
	// isReadOnly says whether a name lies on a mount to which nobody writes.
	isReadOnly func(name string) bool
	// isPrivate says whether a group is an account's own, with no other member.
	isPrivate func(owner, group string) bool
	// isHidden says whether an owner stands for all whom this user namespace does not
	// know. Whoever made the namespace chose what is in it.
	isHidden func(owner string) bool
}

const (
	rootAccount             = "0"
	everybody   fs.FileMode = 0o002
	groupWrite  fs.FileMode = 0o020
	othersRead  fs.FileMode = 0o077
)

// check walks an absolute path from the root down.
func (v modeView) check(full string, use Use) error {
	left := parts(full)
	at, links := "/", 0
	for {
		n, err := v.lstat(at)
		if isUnseen(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if why := v.checkOwner(at, n, use); why != nil {
			return why
		}
		switch {
		case n.mode&fs.ModeSymlink != 0:
			if links++; links > maxLinks {
				return errors.New("too many links lead to it")
			}
			if strings.HasPrefix(n.target, "/") {
				at = "/"
			} else {
				at = path.Dir(at)
			}
			left = append(parts(n.target), left...)
		case len(left) == 0:
			return v.checkLast(at, n, use)
		default:
			if why := v.checkFolder(at, n); why != nil {
				return why
			}
		}
		// A step up goes by what was looked at already.
		for len(left) > 0 && left[0] == ".." {
			at, left = path.Dir(at), left[1:]
		}
		if len(left) > 0 {
			at, left = path.Join(at, left[0]), left[1:]
		}
	}
}

// parts are the names of a path, without what leads nowhere.
func parts(name string) []string {
	return slices.DeleteFunc(strings.Split(name, "/"), func(s string) bool { return s == "" || s == "." })
}

func (v modeView) checkOwner(at string, n node, use Use) error {
	if n.owner == rootAccount || n.owner == v.caller || slices.Contains(use.Owners, n.owner) || v.isHidden(n.owner) {
		return nil
	}
	return exposed(at, fmt.Sprintf("run orgstore as the account %s; or, if you trust what is there, chown %s %s", n.owner, v.caller, at), "%s belongs to the account %s, which is neither root nor the one that runs orgstore", at, n.owner)
}

// checkFolder says why what lies in a folder could be replaced by others.
func (v modeView) checkFolder(at string, n node) error {
	switch {
	case n.mode&fs.ModeSticky != 0 || v.isReadOnly(at):
	case n.mode&everybody != 0:
		return exposed(at, "chmod o-w "+at, "everybody on this machine may replace it: everybody may write to the folder %s", at)
	case n.mode&groupWrite != 0 && !v.isPrivate(n.owner, n.group):
		return exposed(at, "chmod g-w "+at, "others may replace it: the group %s may write to the folder %s", n.group, at)
	}
	return nil
}

// checkLast looks at what a path leads to.
func (v modeView) checkLast(at string, n node, use Use) error {
	switch {
	case v.isReadOnly(at):
	case n.mode&everybody != 0:
		return exposed(at, "chmod o-w "+at, "everybody on this machine may write to it")
	case n.mode&groupWrite != 0 && !use.GroupMayWrite && !v.isPrivate(n.owner, n.group):
		return exposed(at, "chmod g-w "+at, "the group %s may write to it", n.group)
	case use.IsSecret && n.mode&othersRead != 0 && !(n.owner == rootAccount && n.mode&othersRead == 0o040):
		return exposed(at, "chmod 600 "+at, "others on this machine may read it, and it holds a secret")
	}
	return nil
}
