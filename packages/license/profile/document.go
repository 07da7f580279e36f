package profile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/verdict"
)

// maxFaults bounds how many faults of one profile are told.
const maxFaults = 50

// A document is a profile's file being read. It collects every fault with its
// place: the YAML decoder itself would keep quiet about empty values and stop
// at the first key given twice.
type document struct {
	name   string
	faults []fault
}

type fault struct {
	line, column  int
	message, hint string
}

func (d *document) addFault(n *yaml.Node, hint, format string, args ...any) {
	f := fault{message: fmt.Sprintf(format, args...), hint: hint}
	if n != nil {
		f.line, f.column = n.Line, n.Column
	}
	d.faults = append(d.faults, f)
}

// refusal returns the faults in the order of the lines, or nil.
func (d *document) refusal() error {
	if len(d.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(d.faults, func(a, b fault) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	r := &verdict.Refusal{}
	for _, f := range d.faults[:min(len(d.faults), maxFaults)] {
		at := d.name
		if f.line > 0 {
			at = fmt.Sprintf("%s:%d:%d", d.name, f.line, f.column)
		}
		r.Findings = append(r.Findings, verdict.Finding{
			Code: codeProfile, Verdict: verdict.Reject, Message: at + ": " + f.message, Hint: f.hint,
		})
	}
	return r
}

// parseRoot reads the file's one document.
func (d *document) parseRoot(text []byte) *yaml.Node {
	switch {
	case len(text) > MaxSize:
		d.addFault(nil, "", "the profile has %d bytes; at most %d are allowed", len(text), MaxSize)
		return nil
	case !d.checkCharacters(text):
		return nil
	}
	var documents []yaml.Node
	if err := yaml.Load(text, &documents, yaml.WithAllDocuments()); err != nil {
		d.addSyntaxFaults(err)
		return nil
	}
	switch {
	case len(documents) == 0 || len(documents[0].Content) == 0:
		d.addFault(nil, "", "the profile says nothing")
		return nil
	case len(documents) > 1:
		d.addFault(&documents[1], "remove the line --- or what follows it", "a second document begins here; a profile is one document")
		return nil
	}
	return documents[0].Content[0]
}

// checkCharacters refuses text that shows people something else than it tells the
// program.
func (d *document) checkCharacters(text []byte) bool {
	line, start := 1, 0
	for at := 0; at < len(text); {
		c, n := utf8.DecodeRune(text[at:])
		bad := c == utf8.RuneError && n == 1 || c == 0xfeff || c == 0x2028 || c == 0x2029 ||
			unicode.IsControl(c) && c != '\t' && c != '\n' && c != '\r' || unicode.Is(unicode.Bidi_Control, c)
		if bad {
			d.faults = append(d.faults, fault{line, utf8.RuneCount(text[start:at]) + 1, fmt.Sprintf("the character %U is not allowed in a profile", c), "save the file as UTF-8 without control characters"})
			return false
		}
		at += n
		if c == '\n' {
			line, start = line+1, at
		}
	}
	return true
}

func (d *document) addSyntaxFaults(err error) {
	var all *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &all):
		for _, e := range all.Errors {
			d.faults = append(d.faults, fault{e.Mark.Line, e.Mark.Column, "this is not YAML: " + e.Message, ""})
		}
	case errors.As(err, &one):
		d.faults = append(d.faults, fault{one.Mark.Line, one.Mark.Column, "this is not YAML: " + one.Message, "put a pattern in single quotes, and write each ' in it twice"})
	default:
		d.addFault(nil, "", "this is not YAML: %v", err)
	}
}

// checkPlain refuses what stands for something elsewhere.
func (d *document) checkPlain(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		d.addFault(n, "write the value out", "anchors, aliases and tags are not read here")
		return false
	}
	return true
}

// readMapping reads keys and their values. Of known keys, those with a * in front
// must be there.
func (d *document) readMapping(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	if n == nil || !d.checkPlain(n) {
		return values
	}
	if n.Kind != yaml.MappingNode {
		d.addFault(n, "", "%s has keys and values", what)
		return values
	}
	var names []string
	for _, k := range known {
		names = append(names, strings.TrimPrefix(k, "*"))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !d.checkPlain(key):
		case key.Kind != yaml.ScalarNode:
			d.addFault(key, "", "a key is one word")
		case len(known) > 0 && !slices.Contains(names, key.Value):
			d.addFault(key, "known here: "+strings.Join(names, ", "), "unknown key %s", quoteShort(key.Value))
		case values[key.Value] != nil:
			d.addFault(key, "keep one of them", "the key %s is given twice; first at line %d", quoteShort(key.Value), values[key.Value].Line)
		default:
			values[key.Value] = value
		}
	}
	for _, k := range known {
		if name, must := strings.CutPrefix(k, "*"); must && values[name] == nil {
			d.addFault(n, "", "%s lacks the key %q", what, name)
		}
	}
	return values
}

// readText reads one value of at most most bytes, as it is written. Absent is empty.
func (d *document) readText(n *yaml.Node, what string, most int) string {
	switch {
	case n == nil || !d.checkPlain(n):
		return ""
	case n.Kind != yaml.ScalarNode:
		d.addFault(n, "", "%s is one value", what)
		return ""
	case n.Value == "" || n.Tag == "!!null":
		d.addFault(n, "give it a value or remove the key", "%s is empty", what)
		return ""
	case len(n.Value) > most:
		d.addFault(n, "", "%s has %d bytes; at most %d are allowed", what, len(n.Value), most)
		return ""
	}
	return n.Value
}

// readList reads a list of one item at least.
func (d *document) readList(n *yaml.Node, what string, most int) []*yaml.Node {
	switch {
	case n == nil || !d.checkPlain(n):
		return nil
	case n.Kind != yaml.SequenceNode || len(n.Content) == 0:
		d.addFault(n, "", "%s is a list", what)
		return nil
	case len(n.Content) > most:
		d.addFault(n, "", "%s has %d items; at most %d are allowed", what, len(n.Content), most)
		return nil
	}
	return n.Content
}

// readOneOf reads a word that must be known.
func (d *document) readOneOf(n *yaml.Node, what string, known ...string) string {
	s := d.readText(n, what, maxWord)
	if s != "" && !slices.Contains(known, s) {
		d.addFault(n, "known here: "+strings.Join(known, ", "), "%s is not known as %s", quoteShort(s), what)
		return ""
	}
	return s
}

// quoteShort shows a value in a message: escaped, and not too long.
func quoteShort(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%+q…", s[:most])
	}
	return fmt.Sprintf("%+q", s)
}
