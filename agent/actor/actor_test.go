package actor

import (
	"os"
	"testing"
)

func TestCurrentIsNobodysWord(t *testing.T) {
	before, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"USER", "LOGNAME", "USERNAME", "SUDO_USER", "SUDO_UID", "HOSTNAME", "COMPUTERNAME"} {
		t.Setenv(name, "mallory")
	}
	after, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	if after != before {
		t.Errorf("variables turned %+v into %+v", before, after)
	}
	if host, _ := os.Hostname(); after.Host != host || after.Name != Unknown && (after.ID == "" || after.Source != "os") {
		t.Errorf("the actor is %+v", after)
	}
}
