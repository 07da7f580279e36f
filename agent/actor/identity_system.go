//go:build windows || darwin

package actor

import "os/user"

// identity asks the system through os/user, which reads the process's token on
// Windows and the directory service on macOS.
func identity() (id, name string, err error) {
	u, err := user.Current()
	if err != nil {
		return "", "", err
	}
	return u.Uid, u.Username, nil
}
