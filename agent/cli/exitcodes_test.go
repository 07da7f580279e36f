package cli

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the program can leave with, what it lists and what README lists is one.
func TestEveryExitCodeIsListed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var known []int
	ast.Inspect(file, func(n ast.Node) bool {
		v, is := n.(*ast.ValueSpec)
		if is && strings.HasPrefix(v.Names[0].Name, "exit") {
			code, err := strconv.Atoi(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			known = append(known, code)
		}
		return true
	})
	slices.Sort(known)
	known = slices.Compact(known) // 2 has two names
	var listed []int
	for _, e := range exitCodes() {
		listed = append(listed, e.Code)
	}
	if !slices.Equal(listed, known) {
		t.Errorf("the program lists %v and leaves with %v", listed, known)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range exitCodes() {
		if row := fmt.Sprintf("| %d | %s |", e.Code, e.Meaning); !strings.Contains(strings.ReplaceAll(string(readme), "`", ""), row) {
			t.Errorf("README lacks %q", row)
		}
	}
	_, table, _ := strings.Cut(string(readme), "| exit | meaning |")
	table, _, _ = strings.Cut(table, "\n\n")
	if n := len(regexp.MustCompile(`\| [0-9]+ \|`).FindAllString(table, -1)); n != len(known) {
		t.Errorf("README lists %d codes, not %d", n, len(known))
	}
}
