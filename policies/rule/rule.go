// Package rule judges a change by the tenant's own rules: expressions in CEL over
// the packages, what differs, the license, the time and the tenant. It does not
// know where any of that comes from, nor what follows from what a rule says.
package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
)

// An Otherwise says what follows where a change is not as a rule requires.
type Otherwise string

// What may follow.
const (
	Deny     Otherwise = "deny"     // it is not made
	Approval Otherwise = "approval" // somebody must approve it
)

// Bounds of one expression: how long it may be, how deeply nested, and how much
// work each answer may take, in CEL's own units. A look at every finding of a
// large difference costs some thousand.
const (
	maxText  = 4096
	maxDepth = 64
	maxCost  = 100_000
)

// A Source is a rule as people write it.
type Source struct {
	Name    string
	When    string // to which changes it applies; empty is to all
	Require string // what must be true of them
	// Otherwise is what follows if it is not; empty is Deny.
	Otherwise Otherwise
	Message   string // what people then read; empty is Require
}

// A Part names an expression of a rule.
type Part string

// The parts.
const (
	When    Part = "when"
	Require Part = "require"
)

// A Fault is what is wrong with an expression.
type Fault struct {
	Rule int // its place among the sources
	Part Part
	// Line and Column say where in the expression, from 1, columns in characters;
	// both are 0 where it is the expression as a whole.
	Line, Column int
	Message      string
}

// A Set is rules that can be asked. The zero Set allows everything.
type Set struct{ rules []compiled }

type compiled struct {
	Source
	when, require cel.Program
}

// Sources lists the rules as they were written.
func (s Set) Sources() []Source {
	var all []Source
	for _, r := range s.rules {
		all = append(all, r.Source)
	}
	return all
}

// Compile checks rules: that each expression can be read, that it knows what it
// speaks of, and that it answers yes or no. Where there are faults there is no set.
func Compile(sources []Source) (Set, []Fault) {
	if len(sources) == 0 {
		return Set{}, nil
	}
	env, err := environment()
	if err != nil {
		return Set{}, []Fault{{Message: err.Error()}}
	}
	var s Set
	var faults []Fault
	for i, source := range sources {
		if source.Otherwise == "" {
			source.Otherwise = Deny
		}
		r := compiled{Source: source}
		var wrong []Fault
		if source.When != "" {
			r.when, wrong = compile(env, i, When, source.When)
			faults = append(faults, wrong...)
		}
		r.require, wrong = compile(env, i, Require, source.Require)
		faults = append(faults, wrong...)
		s.rules = append(s.rules, r)
	}
	if len(faults) > 0 {
		return Set{}, faults
	}
	return s, nil
}

func environment() (*cel.Env, error) {
	return cel.NewEnv(append(variables(), functions(),
		cel.ParserExpressionSizeLimit(maxText), cel.ParserRecursionLimit(maxDepth),
		cel.DefaultUTCTimeZone(true))...)
}

func compile(env *cel.Env, i int, part Part, text string) (cel.Program, []Fault) {
	fault := func(format string, args ...any) []Fault {
		return []Fault{{Rule: i, Part: part, Message: fmt.Sprintf(format, args...)}}
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		var all []Fault
		for _, e := range issues.Errors() {
			f := Fault{Rule: i, Part: part, Message: said(e.Message)}
			if l := e.Location; l.Line() > 0 {
				f.Line, f.Column = l.Line(), l.Column()+1
			}
			all = append(all, f)
		}
		return nil, all
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, fault("it answers with %s, not with true or false", ast.OutputType())
	}
	p, err := env.Program(ast, cel.CostLimit(maxCost))
	if err != nil {
		return nil, fault("it cannot be asked: %s", said(err.Error()))
	}
	return p, nil
}

// said makes one line of what CEL says, without its drawing.
func said(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	line = strings.TrimPrefix(line, "ERROR: ")
	return strings.TrimSpace(line)
}

// A Finding is what a rule has against a change.
type Finding struct {
	Rule    string
	Message string
	// Asks says that an approval settles it; otherwise the change is not made.
	Asks bool
}

// Judge asks every rule about a change. A rule that cannot be answered is against
// it: what nobody could check is not let through.
func (s Set) Judge(f Facts) []Finding {
	var found []Finding
	given := f.given()
	for _, r := range s.rules {
		applies, err := r.ask(r.when, given)
		if err == nil && applies {
			applies, err = r.ask(r.require, given)
			applies = !applies
		}
		switch {
		case err != nil:
			found = append(found, Finding{Rule: r.Name, Message: "it cannot be answered: " + err.Error()})
		case applies:
			found = append(found, Finding{r.Name, r.message(), r.Otherwise == Approval})
		}
	}
	return found
}

func (r compiled) message() string {
	if r.Message == "" {
		return "it is not so that " + r.Require
	}
	return r.Message
}

// ask evaluates an expression; none at all is true.
func (r compiled) ask(p cel.Program, given map[string]any) (bool, error) {
	if p == nil {
		return true, nil
	}
	out, _, err := p.Eval(given)
	switch {
	case err != nil && strings.Contains(err.Error(), "cost limit exceeded"):
		return false, errors.New("it takes too much work")
	case err != nil:
		return false, errors.New(said(err.Error()))
	}
	yes, ok := out.Value().(bool)
	if !ok {
		return false, errors.New("it answers neither yes nor no")
	}
	return yes, nil
}

// An Outcome is what all rules together say.
type Outcome string

// The outcomes, the mildest first.
const (
	Allowed       Outcome = "allow"
	NeedsApproval Outcome = "approval"
	Denied        Outcome = "deny"
)

// Outcomes lists the outcomes, in the order of the constants.
func Outcomes() []string { return []string{string(Allowed), string(NeedsApproval), string(Denied)} }

// Sum adds up what rules found.
func Sum(found []Finding) Outcome {
	switch {
	case slices.ContainsFunc(found, func(f Finding) bool { return !f.Asks }):
		return Denied
	case len(found) > 0:
		return NeedsApproval
	}
	return Allowed
}
