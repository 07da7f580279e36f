package localapi

import (
	"strings"
	"testing"
)

// Whoever is told to join root's group, or one that leads to it, would be given the
// machine where a socket was meant.
func TestNobodyIsToldToJoinAPowerfulGroup(t *testing.T) {
	for group, isTold := range map[string]bool{
		"orgstore": true, "bi-people": true, "7100": true, "1000": true,
		"root": false, "Root": false, "0": false, "00": false, "wheel": false, "sudo": false, "admin": false, "adm": false,
		"Administrators": false, `BUILTIN\Administrators`: false, `CONTOSO\Domain Admins`: false,
		"docker": false, "lxd": false, "disk": false, "shadow": false, "staff": false, "nogroup": false, "4": false, "27": false, "": false,
	} {
		hint := JoinHint(group)
		if told := strings.Contains(hint, "--groups "+group+" ACCOUNT"); told != isTold && group != "" {
			t.Errorf("%q: it is told to join: %v: %s", group, told, hint)
		}
		if !isTold && !strings.Contains(hint, "a group of its own") {
			t.Errorf("%q: %s", group, hint)
		}
	}
}
