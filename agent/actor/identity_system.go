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

// nameOf asks for the name of an account by its ID.
func nameOf(id string) (string, error) {
	u, err := user.LookupId(id)
	if err != nil {
		return "", err
	}
	return u.Username, nil
}
