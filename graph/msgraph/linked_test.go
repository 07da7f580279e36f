package msgraph

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Each package of the SDK costs minutes of compiling: nobody imports one by
// accident.
func TestLinkedPackages(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "../...", "../../agent/cmd/orgstore")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var linked []string
	for _, p := range strings.Fields(string(out)) {
		if strings.HasPrefix(p, "github.com/microsoftgraph/") {
			linked = append(linked, p)
		}
	}
	slices.Sort(linked)
	got := strings.Join(slices.Compact(linked), "\n") + "\n"
	if *update {
		if err := os.WriteFile("linked.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("linked.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("linked are\n%s, and linked.txt says\n%s", got, want)
	}
}

var update = flag.Bool("update", false, "write linked.txt anew")
