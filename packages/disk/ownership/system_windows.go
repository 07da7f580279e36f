package ownership

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

func newSystem() aclView {
	v := aclView{resolve: filepath.EvalSymlinks, sddl: sddlOf, folders: foldersAbove}
	if user, err := windows.GetCurrentProcessToken().GetTokenUser(); err == nil {
		v.caller = user.User.Sid.String()
	}
	return v
}

// sddlOf asks Windows for the owner and the list of who may do what.
func sddlOf(name string) (string, error) {
	sd, err := windows.GetNamedSecurityInfo(name, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", &os.PathError{Op: "security", Path: name, Err: err}
	}
	return sd.String(), nil
}

// foldersAbove are the folders above a path, the nearest first. The volume itself is its
// administrators'.
func foldersAbove(name string) []string {
	var all []string
	for dir := filepath.Dir(name); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		all = append(all, dir)
	}
	return all
}
