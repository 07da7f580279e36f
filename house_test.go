package orgstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/orgstore/orgstore/"

// mayImport says which rooms each room imports from.
var mayImport = map[string][]string{
	"packages": {"packages"},
	"policies": {"packages", "policies"},
	"graph":    {"packages", "graph"},
	"agent":    {"packages", "policies", "agent"},
	"install":  {"install"},
	"main":     {"packages", "policies", "graph", "agent", "install"},
}

// edges touch the world outside; graph is one as a whole.
var edges = []string{"graph", "packages/store/folder", "packages/library/folder", "agent/journal/sqlite", "agent/service/systemd", "agent/service/scm"}

// pure packages and what lies in them turn values into values.
var pure = []string{
	"packages/visual", "packages/moment", "packages/verdict", "packages/pbiviz", "packages/license",
	"packages/diff", "packages/store/galleryexport", "packages/report", "packages/tenant", "policies",
}

// impure is what pure packages never import. The older JSON reader is among it:
// it takes keys in any case and the last of several, and what these packages
// read is signed or comes from strangers.
var impure = regexp.MustCompile(`^(os|os/.*|net|net/(http|mail|rpc|smtp|textproto)(/.*)?|syscall|io/ioutil|plugin|encoding/json|golang\.org/x/sys/.*)$`)

// belowEngine is what the command line leaves to the engine. It names no store, no
// library, and no archive, records nothing, and takes no lock: what it must know of
// them, such as a visual's key, it gets in the engine's results, whose types need no
// import.
var belowEngine = []string{"packages/archive", "packages/library", "packages/store", "agent/apply", "agent/journal", "agent/lock", "agent/intake", "agent/observe"}

// frontEnds are the command line, the console, and what they are built of: the engine
// knows none of it.
var frontEnds = []string{"agent/cli", "agent/console", "github.com/spf13"}

// signers hold private keys, on the machines of vendors and attesters: what the agent
// runs on never does.
var signers = []string{"agent/attester", "agent/vendor"}

// The sizes of agent/cli, without tests, may fall and never rise.
const (
	maxCommandLineFile = 300  // lines
	maxCommandLine     = 6486 // lines in all
)

// unwanted is never imported directly: the one reads the version 1.10 as 1.1,
// the other does not build under this path.
var unwanted = []string{"github.com/goccy/go-yaml", "github.com/google/cel-go"}

// clock is what reads the wall clock, or waits for it.
var clock = []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}

// A pkg is what go list tells of a package, without the module's name in front.
type pkg struct {
	ImportPath                         string
	Dir                                string
	Imports, TestImports, XTestImports []string
}

func within(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return path == r || strings.HasPrefix(path, r+"/") })
}

func room(path string) string {
	if within(path, "agent/cmd") {
		return "main"
	}
	r, _, _ := strings.Cut(path, "/")
	return r
}

// isHelper says whether a package exists for tests, as licensetest does.
func isHelper(path string) bool { return strings.HasSuffix(path, "test") }

func isPure(path string) bool { return within(path, pure...) && !isHelper(path) }

// breaches says what of a package's imports the house forbids.
func breaches(p pkg) []string {
	if p.ImportPath == "." {
		return nil
	}
	var found []string
	say := func(format string, args ...any) {
		found = append(found, p.ImportPath+" "+fmt.Sprintf(format, args...))
	}
	allowed, known := mayImport[room(p.ImportPath)]
	if !known {
		say("is in no room")
		return found
	}
	for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
		inner, ours := strings.CutPrefix(i, module)
		// Scripts try the commands with every store: graph is an edge like others.
		tried := within(inner, edges...) && !slices.Contains(p.Imports, i) && room(p.ImportPath) == "agent"
		if ours && !slices.Contains(allowed, room(inner)) && !tried {
			say("imports %s, which its room must not know", inner)
		}
		if slices.ContainsFunc(unwanted, func(u string) bool { return within(i, u) }) {
			say("imports %s", i)
		}
	}
	for _, i := range p.Imports {
		inner, ours := strings.CutPrefix(i, module)
		switch {
		case ours && within(p.ImportPath, "agent/cli") && within(inner, belowEngine...):
			say("imports %s, which it is to reach through the engine", inner)
		case within(p.ImportPath, "agent/engine") && within(inner, frontEnds...):
			say("imports %s, which is for the command line and the console", inner)
		case ours && within(inner, signers...) && !within(p.ImportPath, "agent/cli", "agent/cmd"):
			say("imports %s, which signs: only the command line may", inner)
		case ours && within(inner, edges...) && room(p.ImportPath) != "main" && !within(p.ImportPath, edges...):
			say("imports %s, an edge: only main and tests may", inner)
		case ours && isHelper(inner) && !isHelper(p.ImportPath):
			say("imports %s, which is for tests", inner)
		case !ours && isPure(p.ImportPath) && impure.MatchString(i):
			say("is pure and imports %s", i)
		}
	}
	return found
}

// scan says what of a file's code the house forbids.
func scan(path, file string, code []byte) []string {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, code, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	say := func(at token.Pos, what string) {
		found = append(found, fmt.Sprintf("%s: %s", set.Position(at), what))
	}
	clockName := ""
	for _, i := range tree.Imports {
		if i.Path.Value == `"time"` {
			clockName = "time"
			if i.Name != nil {
				clockName = i.Name.Name
			}
		}
	}
	if isPure(path) && clockName == "." {
		say(tree.Pos(), "imports time without its name")
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				say(n.Pos(), "has a func init")
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && isPure(path) && clockName != "" && x.Name == clockName && slices.Contains(clock, n.Sel.Name) {
				say(n.Pos(), "is pure and asks the clock by time."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

// The command line is flags, questions, and views: what grows there belongs in the
// engine.
func TestCommandLineStaysSmall(t *testing.T) {
	files, err := filepath.Glob("agent/cli/*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	total := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(code, []byte("\n"))
		total += lines
		if lines > maxCommandLineFile {
			t.Errorf("%s has %d lines, more than %d", name, lines, maxCommandLineFile)
		}
	}
	if total > maxCommandLine {
		t.Errorf("agent/cli has %d lines, more than %d", total, maxCommandLine)
	}
}

// list asks go list about every package, for an operating system.
func list(t *testing.T, goos string) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Imports,TestImports,XTestImports", "./...")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var pkgs []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		if p.ImportPath+"/" == module {
			p.ImportPath = "."
		}
		pkgs = append(pkgs, p)
	}
}

func TestRoomsImportWhatTheyMay(t *testing.T) {
	for _, goos := range []string{"linux", "windows", "darwin"} {
		pkgs := list(t, goos)
		if len(pkgs) < 20 {
			t.Fatalf("%s: go list names only %d packages", goos, len(pkgs))
		}
		for _, p := range pkgs {
			for _, b := range breaches(p) {
				t.Errorf("%s: %s", goos, b)
			}
		}
	}
}

func TestCodeKeepsTheHouseRules(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		code, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		for _, b := range scan(filepath.ToSlash(filepath.Dir(name)), name, code) {
			t.Error(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were found", files)
	}
}

func TestBreachesAreNoticed(t *testing.T) {
	for _, c := range []struct {
		p    pkg
		says string // empty: nothing
	}{
		{pkg{ImportPath: "packages/diff", Imports: []string{module + "packages/pbiviz", "fmt", "io"}}, ""},
		{pkg{ImportPath: "packages/archive", Imports: []string{"os"}}, ""},
		{pkg{ImportPath: "packages/diff", Imports: []string{module + "policies/pin"}}, "must not know"},
		{pkg{ImportPath: "packages/diff", XTestImports: []string{module + "agent/journal"}}, "must not know"},
		{pkg{ImportPath: "policies/plan", Imports: []string{module + "agent/journal"}}, "must not know"},
		{pkg{ImportPath: "policies/plan", Imports: []string{module + "packages/store", module + "policies/pin"}}, ""},
		{pkg{ImportPath: "agent/loop", Imports: []string{module + "graph/sharepoint"}}, "must not know"},
		{pkg{ImportPath: "agent/cli", XTestImports: []string{module + "graph/orgstore/handoff"}}, ""},
		{pkg{ImportPath: "agent/cli", Imports: []string{module + "graph/x"}, XTestImports: []string{module + "graph/x"}}, "must not know"},
		{pkg{ImportPath: "graph/powerbi", Imports: []string{module + "policies/plan"}}, "must not know"},
		{pkg{ImportPath: "graph/powerbi", Imports: []string{module + "graph", module + "packages/store", "net/http"}}, ""},
		{pkg{ImportPath: "agent/cmd/orgstore", Imports: []string{module + "graph/sharepoint", module + "agent/journal/sqlite"}}, ""},
		{pkg{ImportPath: "agent/board", Imports: []string{module + "packages/store/folder"}}, "an edge"},
		{pkg{ImportPath: "agent/cli", Imports: []string{module + "packages/store"}}, "through the engine"},
		{pkg{ImportPath: "agent/cli", Imports: []string{module + "agent/lock"}}, "through the engine"},
		{pkg{ImportPath: "agent/cli", Imports: []string{module + "agent/journal"}}, "through the engine"},
		{pkg{ImportPath: "agent/cli", XTestImports: []string{module + "packages/archive"}}, ""},
		{pkg{ImportPath: "agent/cli", Imports: []string{module + "agent/engine"}}, ""},
		{pkg{ImportPath: "agent/engine", Imports: []string{module + "agent/cli/output"}}, "is for the command line and the console"},
		{pkg{ImportPath: "agent/engine", Imports: []string{module + "agent/console"}}, "is for the command line and the console"},
		{pkg{ImportPath: "agent/engine", Imports: []string{"github.com/spf13/cobra"}}, "is for the command line and the console"},
		{pkg{ImportPath: "agent/engine", Imports: []string{module + "packages/store"}}, ""},
		{pkg{ImportPath: "agent/engine", Imports: []string{module + "agent/vendor"}}, "which signs"},
		{pkg{ImportPath: "agent/loop", Imports: []string{module + "agent/attester"}}, "which signs"},
		{pkg{ImportPath: "agent/cli", Imports: []string{module + "agent/vendor", module + "agent/attester"}}, ""},
		{pkg{ImportPath: "agent/apply", Imports: []string{module + "agent/journal/sqlite"}}, "an edge"},
		{pkg{ImportPath: "agent/apply", TestImports: []string{module + "agent/journal/sqlite"}}, ""},
		{pkg{ImportPath: "agent/apply", Imports: []string{module + "packages/license/licensetest"}}, "is for tests"},
		{pkg{ImportPath: "packages/license", Imports: []string{"os"}}, "is pure and imports os"},
		{pkg{ImportPath: "packages/license", TestImports: []string{"os"}}, ""},
		{pkg{ImportPath: "packages/license/issuer", Imports: []string{"os/exec"}}, "is pure"},
		{pkg{ImportPath: "packages/pbiviz/pbiviztest", Imports: []string{"os"}}, ""},
		{pkg{ImportPath: "policies/window", Imports: []string{"net"}}, "is pure"},
		{pkg{ImportPath: "policies/window", Imports: []string{"net/url"}}, ""},
		{pkg{ImportPath: "packages/pbiviz", Imports: []string{"encoding/json"}}, "is pure"},
		{pkg{ImportPath: "packages/visuals", Imports: []string{"os"}}, ""},
		{pkg{ImportPath: "agent/config", Imports: []string{"github.com/goccy/go-yaml/ast"}}, "imports github.com/goccy"},
		{pkg{ImportPath: "util/strings"}, "is in no room"},
		{pkg{ImportPath: "."}, ""},
	} {
		got := strings.Join(breaches(c.p), "\n")
		if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%+v: got %q, want %q", c.p, got, c.says)
		}
	}
}

func TestForbiddenCodeIsNoticed(t *testing.T) {
	for _, c := range []struct{ path, code, says string }{
		{"policies/plan", "import \"time\"\nvar f = time.Now", "time.Now"},
		{"policies/plan", "import clock \"time\"\nfunc f() { _ = clock.Since(clock.Time{}) }", "time.Since"},
		{"policies/plan", "import . \"time\"\nvar f = Now", "without its name"},
		{"policies/plan", "import \"time\"\n// time.Now would not do\nvar s = \"time.Now()\"\nvar d = time.Second", ""},
		{"policies/plan", "type moment struct{ Now int }\nvar time moment\nvar n = time.Now", ""},
		{"agent/loop", "import \"time\"\nvar f = time.Now", ""},
		{"agent/loop", "func init() {}", "func init"},
		{"agent/loop", "type t int\nfunc (t) init() {}\nfunc initialize() {}", ""},
		{"agent/loop", "func {", "expected"},
	} {
		got := strings.Join(scan(c.path, "x.go", []byte("package x\n"+c.code)), "\n")
		if (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
			t.Errorf("%q in %s: got %q, want %q", c.code, c.path, got, c.says)
		}
	}
}

// Whoever passes the program on passes on what is linked into it.
func TestNoticeNamesWhatIsLinked(t *testing.T) {
	notice, err := os.ReadFile("NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]bool{}
	for _, goos := range []string{"linux", "windows", "darwin"} {
		cmd := exec.Command("go", "list", "-e", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./agent/cmd/orgstore")
		cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for _, m := range strings.Fields(string(out)) {
			linked[m] = true
		}
	}
	if len(linked) < 5 {
		t.Fatalf("only %d modules are linked", len(linked))
	}
	for _, m := range slices.Sorted(maps.Keys(linked)) {
		if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(m) + ` `).Match(notice) {
			t.Errorf("NOTICE does not name %s", m)
		}
	}
}

// Every decision has a number of its own, its title begins with it, and the
// index lists it under its title with a sentence.
func TestDecisionsAreNumbered(t *testing.T) {
	const folder, indexName = "agent/doc/decisions", "README.md"
	pages, err := filepath.Glob(folder + "/*.md")
	if err != nil || len(pages) < 2 {
		t.Fatal(pages, err)
	}
	index, err := os.ReadFile(filepath.Join(folder, indexName))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, page := range pages {
		name := filepath.Base(page)
		if name == indexName {
			continue
		}
		number, _, _ := strings.Cut(name, "-")
		if other, twice := seen[number]; twice {
			t.Errorf("%s and %s have one number", other, page)
		}
		seen[number] = page
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		title, numbered := strings.CutPrefix(first, "# "+number+". ")
		if !numbered {
			t.Errorf("the title of %s does not begin with its number", page)
		}
		row := fmt.Sprintf("| %s | [%s](%s) | ", number, title, name)
		if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(row) + `\S.*\. \|$`).Match(index) {
			t.Errorf("%s/%s has no row that begins with %q and ends with a sentence", folder, indexName, row)
		}
	}
	if rows := bytes.Count(index, []byte("](")); rows != len(seen) {
		t.Errorf("%s/%s has %d links for %d pages", folder, indexName, rows, len(seen))
	}
}
