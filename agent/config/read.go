package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A reader reads one settings file and collects what is wrong with it.
//
// It walks YAML's nodes itself instead of having them decoded: the decoder
// keeps quiet about empty values, stops reading a mapping at a key given twice,
// and tells no place for what is wrong with a value's meaning.
type reader struct {
	source
	found Faults
	// sections says where the file's sections begin, for what is wrong with one
	// as a whole.
	sections map[reflect.Type]*yaml.Node
	// around says in which section a value stands.
	around map[*yaml.Node]*yaml.Node
	// secret says from which column on a line is not repeated: somebody wrote
	// there what does not belong into a settings file.
	secret map[int]int
}

func (r *reader) add(line, column int, message, hint string) {
	r.found = append(r.found, r.fault(line, column, message, hint))
}

func (r *reader) addAt(n *yaml.Node, message, hint string) {
	r.add(n.Line, n.Column, message, hint)
}

// faults returns what was found as an error, or nil.
func (r *reader) faults() error {
	if len(r.found) == 0 {
		return nil
	}
	r.found.sort()
	for i, f := range r.found {
		if column := r.secret[f.Line]; column > 0 {
			shown := []rune(r.line(f.Line))
			shown = append(shown[:min(column-1, len(shown))], '…')
			r.found[i].Excerpt = excerpt(string(shown), f.Line, min(f.Column, len(shown)))
		}
	}
	return r.found
}

// hide keeps what stands on a line from a column on out of every message.
func (r *reader) hide(line, column int) {
	if before := r.secret[line]; before == 0 || column < before {
		r.secret[line] = column
	}
}

// document returns the root of the one document in the file, or nil and faults.
func (r *reader) document() *yaml.Node {
	if len(r.text) > MaxSize {
		r.add(0, 0, fmt.Sprintf("the settings file has %d bytes; at most %d are allowed", len(r.text), MaxSize), "")
		return nil
	}
	if !r.readable() {
		return nil
	}
	var documents []yaml.Node
	if err := yaml.Load(r.text, &documents, yaml.WithAllDocuments()); err != nil {
		r.syntax(err)
		return nil
	}
	switch {
	case len(documents) == 0 || len(documents[0].Content) == 0:
		r.add(0, 0, "the settings file says nothing", "orgstore init writes one that works")
		return nil
	case len(documents) > 1:
		second := documents[1]
		r.addAt(&second, "a second document begins here; a settings file is one document", "remove the line --- or what follows it")
		return nil
	}
	return documents[0].Content[0]
}

// readable refuses text that shows people something else than it tells the
// program, or that counts lines in another way.
func (r *reader) readable() bool {
	if b := r.text; len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		r.add(0, 0, "the settings file is UTF-16", "save it as UTF-8; in PowerShell, with -Encoding utf8")
		return false
	}
	for at := r.lines[0]; at < len(r.text); {
		c, n := utf8.DecodeRune(r.text[at:])
		var what string
		switch {
		case c == utf8.RuneError && n == 1:
			what = "a byte that is not UTF-8"
		case c == '\r' && (at+1 == len(r.text) || r.text[at+1] != '\n'), c == 0x85, c == 0x2028, c == 0x2029:
			what = "a line break other than LF or CRLF"
		case unicode.IsControl(c) && !strings.ContainsRune("\t\r\n", c), c == 0xfeff:
			what = fmt.Sprintf("the control character U+%04X", c)
		case c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
			what = fmt.Sprintf("U+%04X, which makes text read in another order than it is stored,", c)
		}
		if what != "" {
			line, column := r.place(at)
			r.add(line, column, what+" is in the settings file", "remove it")
		}
		at += n
	}
	return len(r.found) == 0
}

// syntax tells what the YAML parser says, which stops at the first fault.
func (r *reader) syntax(err error) {
	var all *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &all):
		for _, e := range all.Errors {
			r.add(e.Mark.Line, e.Mark.Column, "this is not YAML: "+e.Message, "")
		}
	case errors.As(err, &one):
		line, message := one.Mark.Line, one.Message
		if one.ContextMsg != "" {
			message = one.ContextMsg + ", " + message
		}
		r.add(line, one.Mark.Column, "this is not YAML: "+message, r.syntaxHint(line))
	default:
		r.add(0, 0, fmt.Sprintf("this is not YAML: %v", err), "")
	}
}

func (r *reader) syntaxHint(line int) string {
	if line < 1 || line > len(r.lines) {
		return ""
	}
	l := r.line(line)
	_, value, isPin := strings.Cut(l, "pin:")
	switch value = strings.TrimSpace(value); {
	case isPin && value != "" && strings.ContainsAny(value[:1], `>!=<*@%&|`+"`"):
		return "put the pin in quotes: pin: \"" + strings.Trim(value, `"'`) + "\""
	case strings.HasPrefix(l, "\t") || strings.Contains(l[:len(l)-len(strings.TrimLeft(l, " \t"))], "\t"):
		return "indent with spaces, never with tabs"
	}
	return ""
}

var (
	textType = reflect.TypeFor[text]()
	treeType = reflect.TypeFor[factsTree]()
)

// read fills what into points at from a node, by the yaml tags.
func (r *reader) read(n *yaml.Node, into any) {
	r.value(n, reflect.ValueOf(into).Elem(), "the settings file")
}

// value reads one node. Whoever writes anchors, aliases or tags gets a fault:
// a value then stands in two places, and no program could change one of them.
func (r *reader) value(n *yaml.Node, into reflect.Value, what string) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.addAt(n, "anchors and aliases are not read here", "write the value out at each place")
	case n.Style&yaml.TaggedStyle != 0:
		r.addAt(n, "YAML tags are not read here", "remove "+n.Tag)
	case into.Type() == treeType:
		into.Set(reflect.ValueOf(factsTree{n}))
	case into.Type().ConvertibleTo(textType):
		r.scalar(n, into, what)
	case into.Kind() == reflect.Slice:
		r.list(n, into, what)
	case into.Kind() == reflect.Map:
		r.named(n, into, what)
	default:
		r.mapping(n, into, what)
	}
}

func (r *reader) scalar(n *yaml.Node, into reflect.Value, what string) {
	switch {
	case n.Kind != yaml.ScalarNode:
		r.addAt(n, what+" is one value, not "+kindName(n), "")
	case isNull(n) || n.Value == "":
		r.addAt(n, what+" is empty", "give it a value or remove the key")
	default:
		into.Set(reflect.ValueOf(text{n.Value, n}).Convert(into.Type()))
	}
}

func (r *reader) list(n *yaml.Node, into reflect.Value, what string) {
	if isNull(n) {
		return // all items are commented out
	}
	if n.Kind != yaml.SequenceNode {
		r.addAt(n, what+" is a list, not "+kindName(n), "begin each item with a dash")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		if isNull(item) {
			r.addAt(item, "an item of "+what+" is empty", "remove the dash")
			continue
		}
		r.value(item, into.Index(i), "an item of "+what)
	}
}

// named reads things by the names that the file gives them.
func (r *reader) named(n *yaml.Node, into reflect.Value, what string) {
	if isNull(n) {
		return // all are commented out
	}
	if n.Kind != yaml.MappingNode {
		r.addAt(n, what+" has names and what they stand for, and this is "+kindName(n), "")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !r.word(key, seen) {
			continue
		}
		seen[key.Value] = key
		r.label(text{key.Value, key})
		one := reflect.New(into.Type().Elem()).Elem()
		if isNull(value) {
			r.addAt(key, quote(key.Value)+" is empty", "say what it stands for, or remove it")
			continue
		}
		r.value(value, one, quote(key.Value))
		into.SetMapIndex(reflect.ValueOf(key.Value), one)
	}
}

func (r *reader) mapping(n *yaml.Node, into reflect.Value, what string) {
	if isNull(n) {
		n = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column} // all keys are commented out
	}
	if n.Kind != yaml.MappingNode {
		r.addAt(n, what+" has keys and values, and this is "+kindName(n), "")
		return
	}
	r.sections[into.Type()] = n
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if r.misplaced(key, value, into.Type()) {
			continue
		}
		if r.key(key, seen, into.Type()) {
			r.around[value] = n
			r.value(value, into.Field(fieldOf(into.Type(), key.Value)), quote(key.Value))
		}
	}
	for f := range fieldsOf(into.Type()) {
		if name := f.Tag.Get("yaml"); seen[name] == nil && f.Tag.Get("jsonschema") == "required" {
			r.addAt(n, fmt.Sprintf("%s lacks the key %q", what, name), "")
		}
	}
}

// key says whether a key's value is to be read, and marks the key as seen.
func (r *reader) key(key *yaml.Node, seen map[string]*yaml.Node, t reflect.Type) bool {
	if !r.word(key, seen) {
		return false
	}
	name := key.Value
	seen[name] = key
	if fieldOf(t, name) >= 0 {
		return true
	}
	known := keys(t)
	hint := "known here: " + strings.Join(known, ", ")
	if near := nearest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	r.addAt(key, "unknown key "+quote(name), hint)
	return false
}

// word says whether a key can be read, whatever it means.
func (r *reader) word(key *yaml.Node, seen map[string]*yaml.Node) bool {
	switch first := seen[key.Value]; {
	case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
		r.addAt(key, "a key is one plain word", "")
		return false
	case key.Value == "<<":
		r.addAt(key, "merge keys are not read here", "write the keys out")
		return false
	case first != nil:
		r.addAt(key, fmt.Sprintf("the key %q is given twice; first at line %d", key.Value, first.Line), "keep one of them")
		return false
	}
	return true
}

func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func keys(t reflect.Type) []string {
	var names []string
	for f := range fieldsOf(t) {
		names = append(names, f.Tag.Get("yaml"))
	}
	return names
}

// fieldOf returns the index of the field with a key, or -1.
func fieldOf(t reflect.Type, key string) int { return slices.Index(keys(t), key) }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	default:
		return "one value"
	}
}
