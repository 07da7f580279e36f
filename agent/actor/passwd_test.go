//go:build !windows && !darwin

package actor

import (
	"strings"
	"testing"
)

func TestNameIn(t *testing.T) {
	const passwd = "root:x:0:0:root:/root:/bin/sh\n" +
		"# 1000:x\n" +
		":x:1001:1001::/:/bin/sh\n" +
		"ada:x:1000:1000:1002:/home/ada:/bin/sh\n" +
		"eve:x:1000:1000::/home/eve:/bin/sh\n" +
		"+@admins::::::\n"
	for uid, want := range map[string]string{
		"0":    "root",
		"1000": "ada", // the first of two
		"1001": "",    // a line without a name
		"1002": "",    // a number in another field
		"54":   "",
	} {
		got, err := nameIn(uid, strings.NewReader(passwd))
		if err != nil || got != want {
			t.Errorf("uid %q is %q, %v; want %q", uid, got, err, want)
		}
	}
}
