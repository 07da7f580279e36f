package graph_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
)

var update = flag.Bool("update", false, "write the table of install/permissions.md anew")

// The page that administrators read says what the program asks for, no more and
// no less.
func TestThePermissionPageIsTheTable(t *testing.T) {
	name := filepath.Join("..", "install", "permissions.md")
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "\r\n", "\n")
	before, rest, ok := strings.Cut(text, "<!-- table -->\n")
	_, after, closed := strings.Cut(rest, "<!-- end -->")
	if !ok || !closed {
		t.Fatal("the page has no place for the table")
	}
	want := before + "<!-- table -->\n" + graph.PermissionTable(graph.RequestedPermissions()) + "<!-- end -->" + after
	switch {
	case *update:
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case want != text:
		t.Errorf("%s is not what the program asks for; go test ./graph -run Page -update writes it anew", name)
	}
}
