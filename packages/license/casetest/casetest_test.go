package casetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/verdict"
)

// root is the module's folder.
var root = filepath.Join("..", "..", "..")

// TestListIsComplete: every case from A1 to H8 has one line, in order.
func TestListIsComplete(t *testing.T) {
	var want []string
	for _, section := range []struct {
		letter string
		cases  int
	}{{"A", 19}, {"B", 14}, {"C", 10}, {"D", 29}, {"E", 11}, {"F", 14}, {"G", 12}, {"H", 8}} {
		for n := range section.cases {
			want = append(want, section.letter+strconv.Itoa(n+1))
		}
	}
	var got []string
	for _, c := range Cases() {
		got = append(got, c.Number)
		if (c.Pending == "") != (len(c.Wants) > 0) {
			t.Errorf("%s has %d outcomes, and is pending for %q", c.Number, len(c.Wants), c.Pending)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the list has %v, want %v", got, want)
	}
}

// TestEveryCaseHasItsHomes: each package that holds a case calls Run with the
// number of that case, and no other package does.
func TestEveryCaseHasItsHomes(t *testing.T) {
	want := map[string][]string{}
	for _, c := range Cases() {
		for _, home := range c.Homes {
			want[home] = append(want[home], c.Number)
		}
	}
	got := callsOfRun(t)
	for home := range got {
		if _, ok := want[home]; !ok {
			want[home] = nil
		}
	}
	for home, numbers := range want {
		for _, n := range numbers {
			if !slices.Contains(got[home], n) {
				t.Errorf("no test of %s calls casetest.Run(t, %q, …)", home, n)
			}
		}
		for _, n := range got[home] {
			if !slices.Contains(numbers, n) {
				t.Errorf("%s tries %s, and the list does not say so", home, n)
			}
		}
	}
}

// TestPendingCasesArePending: a case waits only for a package that is not there.
func TestPendingCasesArePending(t *testing.T) {
	for _, c := range Cases() {
		if c.Pending == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(c.Pending))); err == nil {
			t.Errorf("%s can be held now: %s is there", c.Number, c.Pending)
		}
	}
}

// callsOfRun returns the numbers of the cases that each package tries, by the
// package's path in the module.
func callsOfRun(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(source), "casetest.Run(") {
			return err
		}
		home, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		home = filepath.ToSlash(home)
		found[home] = append(found[home], numbersIn(t, name, source)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(found, "packages/license/casetest") // this file
	return found
}

// numbersIn returns the numbers with which the tests of a file call Run.
func numbersIn(t *testing.T, name string, source []byte) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || !isRun(call.Fun) {
				return true
			}
			if number, ok := call.Args[1].(*ast.BasicLit); ok && number.Kind == token.STRING {
				numbers = append(numbers, strings.Trim(number.Value, `"`))
			}
			return true
		})
	}
	return numbers
}

// isRun says whether an expression is casetest.Run.
func isRun(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "casetest" && s.Sel.Name == "Run"
}

func TestNumbersAreFoundInTestsAlone(t *testing.T) {
	source := `package x
func TestLicenseCases(t *testing.T) { casetest.Run(t, "D4", nil); for range 2 { casetest.Run(t, "D5", nil) } }
func helper(t *testing.T) { casetest.Run(t, "D6", nil) }
func (x x) TestMethod(t *testing.T) { casetest.Run(t, "D7", nil) }
func TestOthers(t *testing.T) { n := "D8"; casetest.Run(t, n, nil); other.Run(t, "D9", nil); t.Run("D10", nil) }
// casetest.Run(t, "D11", nil)
`
	if got := numbersIn(t, "x_test.go", []byte(source)); !slices.Equal(got, []string{"D4", "D5"}) {
		t.Errorf("found %v", got)
	}
}

func TestCompare(t *testing.T) {
	c := Case{Number: "Z1", Wants: both(warn("a.b"), reject("a.b"))}
	warned, rejected, other := Outcome{verdict.Warn, "a.b"}, Outcome{verdict.Reject, "a.b"}, Outcome{verdict.Reject, "a.c"}
	for _, test := range []struct {
		reached []Outcome
		faults  int
	}{
		{[]Outcome{warned, rejected}, 0},
		{[]Outcome{warned}, 1},
		{nil, 2},
		{[]Outcome{warned, rejected, other}, 1},
		{[]Outcome{other}, 3},
		{[]Outcome{warned, rejected, {Verdict: verdict.Accept}}, 1},
	} {
		reached := map[Outcome]bool{}
		for _, o := range test.reached {
			reached[o] = true
		}
		if got := c.Compare(reached); len(got) != test.faults {
			t.Errorf("%v: %v, want %d faults", test.reached, got, test.faults)
		}
	}
}

func TestRunReports(t *testing.T) {
	Run(t, "D5", func(t *testing.T, report Report) {
		report.Refusal(t, verdict.Refuse("zip.duplicate", "two entries", "pack it again"))
	})
	Run(t, "A14", func(t *testing.T, report Report) {
		report.Findings(verdict.Finding{Verdict: verdict.Accept}, verdict.Finding{Verdict: verdict.Reject, Code: "lic.form"})
	})
}
