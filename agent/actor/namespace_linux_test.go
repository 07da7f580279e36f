package actor

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/policies/approval"
)

func TestIsWholeMap(t *testing.T) {
	for text, want := range map[string]bool{
		"         0          0 4294967295\n":                                   true,
		"         2          0          1\n":                                   false, // unshare --map-user=2, by root
		"         2       1000          1\n":                                   false,
		"         0       1000          1\n":                                   false, // unshare --map-root-user
		"         0     100000      65536\n":                                   false, // a container without root
		"         0          0          1\n       999        999          1\n": false, // PrivateUsers= of systemd
		"         0          0 4294967294\n":                                   false,
		"":                                                                     false, // a new namespace without a map
	} {
		if got := isWholeMap(text); got != want {
			t.Errorf("the map %q is whole: %v", text, got)
		}
	}
}

const envWho = "ORGSTORE_TEST_WHO"

// TestWhoInAUserNamespace: whoever makes a user namespace chooses the account that the
// process shows there, and so is nobody.
func TestWhoInAUserNamespace(t *testing.T) {
	if os.Getenv(envWho) != "" { // in there
		a, err := Current()
		fmt.Printf("who: %q %q %q %v\n", a.Source, a.ID, a.Name, err)
		return
	}
	for _, args := range [][]string{
		{"--map-user=2", "--map-group=2"},
		{"--map-root-user"},
		{"--map-root-user", "--mount", "sh", "-c", `mount -t tmpfs none /proc && mkdir /proc/self && echo "0 0 4294967295" >/proc/self/uid_map && exec "$0" "$@"`},
	} {
		t.Run(strings.Join(args[:min(2, len(args))], " "), func(t *testing.T) {
			args := append(append([]string{"--user"}, args...), os.Args[0], "-test.run", "^TestWhoInAUserNamespace$", "-test.v")
			cmd := exec.Command("unshare", args...)
			cmd.Env = append(os.Environ(), envWho+"=1")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Skipf("no user namespace can be made here: %v: %s", err, out)
			}
			if want := fmt.Sprintf("who: %q %q %q <nil>", approval.SourceUnknown, "", Unknown); !strings.Contains(string(out), want) {
				t.Errorf("it is %s", out)
			}
		})
	}
}
