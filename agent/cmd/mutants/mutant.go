package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// A mutant is one change of one condition.
type mutant struct {
	id          int    // its number in the package, from 1
	file        string // relative to the module, with slashes
	first, last int    // the lines of what is changed
	in          string // the function, as Calendar.Ask
	before      string // the source as it is
	after       string // what it does instead
	nth         int    // its number among equal ones of the function, from 1
}

// name identifies a mutant as long as its function says the same, wherever in
// the file that is.
func (m mutant) name() string { return m.file + " " + m.change() }

// change says what is changed, and in which function.
func (m mutant) change() string {
	change := fmt.Sprintf("%s: %s -> %s", m.in, m.before, m.after)
	if m.nth > 1 {
		change += fmt.Sprintf(" (%d)", m.nth)
	}
	return change
}

// A finder finds the mutants of one file, and what to write into it so that each
// can be chosen while the program runs.
type finder struct {
	file    string
	set     *token.FileSet
	code    []byte
	in      string
	first   int // the ID of the first mutant
	omitted map[int]bool
	mutants []mutant
	edits   edits
}

// find finds the mutants of a file, which get IDs from first on, and returns the
// file with all of them in it but those that are omitted.
func find(file string, code []byte, first int, omitted map[int]bool) ([]mutant, []byte, error) {
	f := &finder{file: file, set: token.NewFileSet(), code: code, first: first, omitted: omitted}
	tree, err := parser.ParseFile(f.set, file, code, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range tree.Decls {
		f.in = declared(d)
		ast.Inspect(d, f.visit)
	}
	return f.mutants, f.edits.apply(code), nil
}

// declared is the name of a function, with its receiver's type in front.
func declared(d ast.Decl) string {
	fn, ok := d.(*ast.FuncDecl)
	if !ok {
		return "(outside functions)"
	}
	if fn.Recv == nil {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + fn.Name.Name
		default:
			return fn.Name.Name
		}
	}
}

// visit adds the mutants of one node. What the compiler must know beforehand is
// left alone: constants and types.
func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.ArrayType:
		return n.Len == nil
	case *ast.IfStmt:
		f.negate(n.Cond)
	case *ast.SwitchStmt:
		if n.Tag == nil {
			f.negateCases(n)
		}
	case *ast.ReturnStmt:
		f.flip(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.toggle(n, f.text(n.X))
		}
	case *ast.BinaryExpr:
		f.binary(n)
	}
	return true
}

func (f *finder) negateCases(n *ast.SwitchStmt) {
	for _, c := range n.Body.List {
		for _, cond := range c.(*ast.CaseClause).List {
			f.negate(cond)
		}
	}
}

// negate negates a condition, unless that is what another mutant of it does.
func (f *finder) negate(cond ast.Expr) {
	switch c := ast.Unparen(cond).(type) {
	case *ast.UnaryExpr:
		if c.Op == token.NOT {
			return
		}
	case *ast.BinaryExpr:
		if c.Op == token.EQL || c.Op == token.NEQ {
			return
		}
	}
	f.toggle(cond, "!("+f.text(cond)+")")
}

// flip changes a constant answer.
func (f *finder) flip(n *ast.ReturnStmt) {
	for _, r := range n.Results {
		switch id, _ := r.(*ast.Ident); {
		case id != nil && id.Name == "true":
			f.toggle(r, "false")
		case id != nil && id.Name == "false":
			f.toggle(r, "true")
		}
	}
}

var swapped = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LAND: token.LOR, token.LOR: token.LAND,
}

// ordering names the function that compares, or does so with the swapped operator.
var ordering = map[token.Token]string{
	token.LSS: "mutantLess", token.LEQ: "mutantLessOrEqual", token.GTR: "mutantGreater", token.GEQ: "mutantGreaterOrEqual",
}

func (f *finder) binary(n *ast.BinaryExpr) {
	other, ok := swapped[n.Op]
	if !ok {
		return
	}
	after := f.operand(n.X, other) + " " + other.String() + " " + f.operand(n.Y, other)
	switch n.Op {
	case token.EQL, token.NEQ:
		f.toggle(n, after)
	case token.LAND, token.LOR:
		f.logic(n, after)
	default:
		f.order(n, after)
	}
}

// toggle makes a mutant of an expression that is true where it was false.
func (f *finder) toggle(e ast.Expr, after string) {
	if on, ok := f.add(e, after); ok {
		f.edits.open(f.at(e.Pos()), "((")
		f.edits.close(f.at(e.End()), ") != "+on+")")
	}
}

// logic swaps && and || by De Morgan's rule, so that the second operand is still
// asked only where it counts: a || b is !(!a && !b).
func (f *finder) logic(n *ast.BinaryExpr, after string) {
	if on, ok := f.add(n, after); ok {
		f.edits.open(f.at(n.X.Pos()), "((((")
		f.edits.close(f.at(n.X.End()), ") != "+on+")")
		f.edits.open(f.at(n.Y.Pos()), "((")
		f.edits.close(f.at(n.Y.End()), ") != "+on+")) != "+on+")")
	}
}

// order swaps < and <=, and so on.
func (f *finder) order(n *ast.BinaryExpr, after string) {
	if _, ok := f.add(n, after); ok {
		f.edits.open(f.at(n.X.Pos()), fmt.Sprintf("%s(%d, ", ordering[n.Op], f.mutants[len(f.mutants)-1].id))
		f.edits.replace(f.at(n.OpPos), len(n.Op.String()), ",")
		f.edits.close(f.at(n.Y.End()), ")")
	}
}

// add adds a mutant and returns the expression that says whether it is the one to
// run; false if the mutant is omitted from the code.
func (f *finder) add(e ast.Expr, after string) (string, bool) {
	m := mutant{
		id: f.first + len(f.mutants), file: f.file, first: f.set.Position(e.Pos()).Line, last: f.set.Position(e.End()).Line,
		in: f.in, before: f.text(e), after: brief(after), nth: 1,
	}
	for _, other := range f.mutants {
		if other.in == m.in && other.before == m.before && other.after == m.after {
			m.nth++
		}
	}
	f.mutants = append(f.mutants, m)
	return fmt.Sprintf("mutantOn(%d)", m.id), !f.omitted[m.id]
}

// operand is the source of an operand, in parentheses where the new operator
// would bind more tightly than the one within.
func (f *finder) operand(e ast.Expr, operator token.Token) string {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op.Precedence() < operator.Precedence() {
		return "(" + f.text(e) + ")"
	}
	return f.text(e)
}

func (f *finder) at(p token.Pos) int { return f.set.Position(p).Offset }

// text is the source of a node on one line.
func (f *finder) text(n ast.Node) string {
	return brief(string(f.code[f.at(n.Pos()):f.at(n.End())]))
}

// mostText bounds what is shown of a condition, in bytes.
const mostText = 160

func brief(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > mostText {
		return strings.ToValidUTF8(s[:mostText], "") + "..."
	}
	return s
}

// An edit replaces some bytes of a file.
type edit struct {
	at, length int
	text       string
	order      int // at one place: what closes, inner first; then a replacement; then what opens, outer first
}

// edits come from outer expressions before those within them.
type edits []edit

func (e *edits) open(at int, text string)  { *e = append(*e, edit{at, 0, text, len(*e) + 1}) }
func (e *edits) close(at int, text string) { *e = append(*e, edit{at, 0, text, -len(*e) - 1}) }
func (e *edits) replace(at, length int, text string) {
	*e = append(*e, edit{at, length, text, 0})
}

// apply returns the code as edited. It has the same lines.
func (e edits) apply(code []byte) []byte {
	slices.SortStableFunc(e, func(a, b edit) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return a.order - b.order
	})
	var out []byte
	done := 0
	for _, edit := range e {
		out = append(append(out, code[done:edit.at]...), edit.text...)
		done = edit.at + edit.length
	}
	return append(out, code[done:]...)
}
