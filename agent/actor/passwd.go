//go:build !windows && !darwin

package actor

import (
	"bufio"
	"io"
	"strings"
)

// nameIn finds the name of a uid in a file of the form of passwd(5): name,
// password, uid and more, divided by colons. It returns the first, as the
// system does, or "" if there is none.
func nameIn(uid string, passwd io.Reader) (string, error) {
	lines := bufio.NewScanner(passwd)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) >= 4 && fields[2] == uid && fields[0] != "" {
			return fields[0], nil
		}
	}
	return "", lines.Err()
}
