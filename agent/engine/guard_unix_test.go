//go:build !windows

package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
)

// What another account owns is refused for root, too, with real files: whoever owns the
// settings would choose which command runs.
func TestWhatOthersOwnIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	const eve = 7003
	dir := t.TempDir()
	make := func(name string, mode os.FileMode, owner int) string {
		full := filepath.Join(dir, name)
		for _, err := range []error{os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, nil, mode), os.Chmod(full, mode), os.Chown(full, owner, owner)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return full
	}
	eves := make("eve/orgstore.yaml", 0o600, 0)
	link := filepath.Join(dir, "linked.yaml")
	for _, err := range []error{os.Chown(filepath.Dir(eves), eve, eve), os.Symlink(eves, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ports := Ports{}
	for name, c := range map[string]struct {
		err    error
		isSafe bool
	}{
		"of root":                     {ports.Guard("it", make("own.yaml", 0o644, 0)), true},
		"of somebody else":            {ports.Guard("it", make("hers.yaml", 0o644, eve)), false},
		"in the folder of another":    {ports.Guard("it", eves), false},
		"a link into it":              {ports.Guard("it", link), false},
		"a secret":                    {GuardSecret("it", make("secret", 0o600, 0)), true},
		"a secret that all may read":  {GuardSecret("it", make("told", 0o644, 0)), false},
		"a secret that all may write": {GuardSecret("it", make("open", 0o666, 0)), false},
		"data of a service, for root": {guardData(config.Settings{Data: filepath.Dir(eves)}), true},
		"data in it that are another": {guardInData("it", make("data/profile.yaml", 0o600, eve), config.Settings{Data: filepath.Join(dir, "data")}), false},
	} {
		if (c.err == nil) != c.isSafe || c.err != nil && (fault.Of(c.err).Code != CodeFileMode || fault.Of(c.err).Hint == "") {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}
