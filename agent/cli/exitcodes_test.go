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

	"github.com/orgstore/orgstore/packages/verdict"
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

// The codes are stable, and so is what the program leaves with for each.
func TestWhichExitCodeFollowsFromACode(t *testing.T) {
	for code, want := range map[verdict.Code]int{
		"usage": 2, "confirm.no_terminal": 2, "passphrase.no_terminal": 2, "rollback.revision": 2,
		"canceled": 130, "locked": 15, "log.inconsistent": 17,
		"approval.stale": 14, "plan.stale": 14, "plan.step_gone": 14, "settings.moved": 14, "op.stale": 14,
		"rollback.waiting": 18, "op.unknown_outcome": 18, "step.waiting": 18,
		"time.clock_back": 19, "time.expired": 10, "time.clock_ahead": 10,
		"blocked.license": 10, "lic.signature": 10, "ent.tenant": 10, "life.revoked": 10, "trust.expired": 10,
		"blocked.pin": 16, "blocked.no_package": 16, "pin.form": 16, "pin.unknown": 1,
		"present.no_baseline": 12, "blocked.rolled_back": 12, "gate.review": 12, "gate.four_eyes": 12, "gate.check_missing": 12,
		"gate.hold": 11, "gate.window": 11, "gate.ring": 11,
		"op.undone": 13, "check.failed": 13, "signin.failed": 4,
		"trust.ambiguous": 1, "trust.key_use": 1, "trust.scope": 1, "trust.threshold": 1, "trust.unknown": 1,
		"error": 1, "op.failed": 1, "pkg.guid": 1, "": 1,
	} {
		if got := exitOf(code); got != want {
			t.Errorf("%s leads to %d, want %d", code, got, want)
		}
	}
}

// A code or family that stood in two rows would lead to whichever comes first.
func TestEachCodeLeadsToOneExitCode(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range exitCodes() {
		for _, c := range e.codes {
			e.families = append(e.families, "code "+string(c))
		}
		for _, name := range e.families {
			if seen[name] {
				t.Errorf("%s stands in two rows", name)
			}
			seen[name] = true
		}
	}
}
