package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/rule"
)

// An Example says what the rules are to make of a change, so that people see
// whether they mean what they say.
type Example struct {
	Name   string
	Given  rule.Facts
	Expect rule.Outcome
	// Rule is one that is to be against it; empty where it does not matter which.
	Rule string
}

// rules reads and checks the tenant's rules.
func (r *reader) rules(entries []ruleEntry) rule.Set {
	var sources []rule.Source
	names := map[string]*yaml.Node{}
	for _, e := range entries {
		source := r.rule(e)
		at := text(e.Name)
		if text(e.Use).given() {
			at = text(e.Use)
		}
		if first := names[source.Name]; first != nil && at.given() {
			r.addAt(at.node, fmt.Sprintf("the rule %s is given twice; first at line %d", quote(source.Name), first.Line), "give one of them another name")
		} else if at.given() {
			names[source.Name] = at.node
		}
		sources = append(sources, source)
	}
	set, faults := rule.Compile(sources)
	for _, f := range faults {
		t := text(entries[f.Rule].Require)
		if f.Part == rule.When {
			t = text(entries[f.Rule].When)
		}
		if t.given() { // what it lacks was said already
			line, column := r.inside(t, f.Line, f.Column)
			r.add(line, column, "the rule cannot be read: "+shortened(f.Message, 2*maxQuoted), "README.md lists what rules may speak of, under Rules")
		}
	}
	return set
}

// rule reads one rule: one of those that come with orgstore, or one's own.
func (r *reader) rule(e ruleEntry) rule.Source {
	if text(e.Use).given() {
		return r.shipped(e)
	}
	s := rule.Source{
		Name: r.label(text(e.Name)), When: text(e.When).value, Require: text(e.Require).value,
		Otherwise: r.otherwise(text(e.Otherwise)), Message: r.label(text(e.Message)),
	}
	at := r.first(e)
	switch {
	case at == nil:
		r.addAt(r.sections[reflect.TypeFor[ruleEntry]()], "a rule is empty", "write { use: NAME }, or { name: ..., require: ... }")
	case !text(e.Name).given():
		r.addAt(at, "a rule has no name", "give it one: gates and messages show it")
	case !text(e.Require).given():
		r.addAt(at, fmt.Sprintf("the rule %s requires nothing", quote(s.Name)), "say what must be true: require: \"to.size < 1000000\"")
	case text(e.AtMost).given():
		r.addAt(e.AtMost.node, "at_most goes with use", "write the version into require: to.api_version.atMost('5.3')")
	}
	return s
}

// first is a place to point at for what is wrong with a rule as a whole.
func (r *reader) first(e ruleEntry) *yaml.Node {
	for _, t := range []text{text(e.Name), text(e.Require), text(e.When), text(e.Message), text(e.Otherwise), text(e.AtMost)} {
		if t.given() {
			return t.node
		}
	}
	return nil
}

// shipped reads a rule that is switched on by its name.
func (r *reader) shipped(e ruleEntry) rule.Source {
	var names []string
	for _, s := range rule.Ready() {
		names = append(names, s.Name)
	}
	found, ok := rule.Find(r.oneOf(text(e.Use), names...))
	limit := text(e.AtMost)
	v, err := visual.ParseVersion(limit.value)
	switch {
	case !ok: // said already
	case found.Limited && !limit.given():
		r.addAt(e.Use.node, fmt.Sprintf("the rule %s needs a limit", found.Name), "write the highest that is known here: at_most: \"5.3.0\"")
	case !found.Limited && limit.given():
		r.addAt(limit.node, fmt.Sprintf("the rule %s has no limit", found.Name), "remove at_most")
	case limit.given() && (err != nil || !v.Deployable()):
		r.addAt(limit.node, quote(limit.value)+" is no version made of numbers", "write it as 5.3.0")
	}
	for _, t := range []text{text(e.Name), text(e.When), text(e.Require), text(e.Message)} {
		if t.given() {
			r.addAt(t.node, "a rule that comes with orgstore is not written anew", "keep use, at_most and otherwise alone, or write a rule of your own without use")
		}
	}
	if !ok || len(r.found) > 0 {
		return rule.Source{Name: text(e.Use).value, Require: "true"}
	}
	source := found.With(limit.value)
	if t := text(e.Otherwise); t.given() {
		source.Otherwise = r.otherwise(t)
	}
	return source
}

func (r *reader) otherwise(t text) rule.Otherwise {
	return rule.Otherwise(r.oneOf(t, string(rule.Deny), string(rule.Approval)))
}

// inside finds a place of an expression in the file, as far as it can be told from
// how the value is written.
func (r *reader) inside(t text, line, column int) (int, int) {
	n := t.node
	raw := r.line(n.Line)
	switch {
	case line == 0:
	case n.Style&yaml.LiteralStyle != 0 && n.Line+line <= len(r.lines):
		first := r.line(n.Line + 1)
		return n.Line + line, len(first) - len(strings.TrimLeft(first, " ")) + column
	case line == 1 && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 && !strings.ContainsAny(raw, `\`) && !strings.Contains(raw, "''"):
		return n.Line, n.Column + column
	case line == 1 && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.FoldedStyle) == 0:
		return n.Line, n.Column + column - 1
	}
	return n.Line, n.Column
}

// examples reads what rules are tried on.
func (r *reader) examples(entries []exampleEntry, set rule.Set) []Example {
	var all []Example
	var known []string
	for _, s := range set.Sources() {
		known = append(known, s.Name)
	}
	for _, e := range entries {
		x := Example{Name: r.label(text(e.Name)), Expect: rule.Outcome(r.oneOf(text(e.Expect), rule.Outcomes()...))}
		if t := text(e.Rule); t.given() && len(known) > 0 {
			x.Rule = r.oneOf(t, known...)
		}
		if e.Given.node != nil {
			x.Given = r.facts(e.Given.node)
		}
		all = append(all, x)
	}
	return all
}

// facts reads the facts of an example, by the names that rules use.
func (r *reader) facts(n *yaml.Node) rule.Facts {
	f := rule.Facts{Tenant: rule.Tenant{Designers: -1, Viewers: -1}, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	before := len(r.found)
	r.fact(n, reflect.ValueOf(&f).Elem(), "given")
	if k := change.Kind(f.Change.Kind); !k.Valid() && len(r.found) == before {
		r.addAt(n, "the example does not say which change it is of", "write change: { kind: upgrade }; kinds are install, upgrade, downgrade, replace and renew")
	}
	f.To.Present = true
	f.From.Present = f.From.Present || !reflect.ValueOf(f.From).IsZero()
	return f
}

// fact reads one fact or what is in it.
func (r *reader) fact(n *yaml.Node, into reflect.Value, what string) {
	_, isTime := into.Interface().(time.Time)
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		r.addAt(n, "anchors, aliases and tags are not read here", "write the value out")
	case into.Kind() == reflect.Struct && !isTime:
		r.factsOf(n, into, what)
	case into.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		into.Set(reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content)))
		for i, item := range n.Content {
			r.fact(item, into.Index(i), "an item of "+what)
		}
	case into.Kind() == reflect.Slice:
		r.addAt(n, what+" is a list, not "+kindName(n), "")
	case n.Kind != yaml.ScalarNode || isNull(n):
		r.addAt(n, what+" is one value, not "+kindName(n), "")
	case isTime:
		into.Set(reflect.ValueOf(r.instant(text{n.Value, n})))
	default:
		r.single(text{n.Value, n}, into, what)
	}
}

// factsOf reads a mapping by the cel tags.
func (r *reader) factsOf(n *yaml.Node, into reflect.Value, what string) {
	if n.Kind != yaml.MappingNode {
		r.addAt(n, what+" has keys and values, and this is "+kindName(n), "")
		return
	}
	var known []string
	for f := range fieldsOf(into.Type()) {
		known = append(known, f.Tag.Get("cel"))
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !r.word(key, seen) {
			continue
		}
		seen[key.Value] = key
		at := slices.Index(known, r.oneOf(text{key.Value, key}, known...))
		if at >= 0 {
			r.fact(value, into.Field(at), quote(key.Value))
		}
	}
}

func (r *reader) single(t text, into reflect.Value, what string) {
	switch into.Kind() {
	case reflect.Bool:
		into.SetBool(r.truth(t))
	case reflect.Int64:
		i, err := strconv.ParseInt(t.value, 10, 64)
		if err != nil {
			r.addAt(t.node, what+" is a whole number, and this is "+quote(t.value), "")
		}
		into.SetInt(i)
	default:
		into.SetString(t.value)
	}
}

// instant reads a moment, or a day at its first instant in UTC.
func (r *reader) instant(t text) time.Time {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(form, t.value); err == nil {
			return at.UTC()
		}
	}
	r.addAt(t.node, quote(t.value)+" is no moment", "write it as 2026-11-23T09:00:00Z or 2026-11-23")
	return time.Time{}
}
