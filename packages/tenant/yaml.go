package tenant

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

const (
	// maxItems bounds one list in a facts file. Tenants have thousands of
	// groups, of which the file needs a few.
	maxItems = 10_000
	// maxText bounds one value, in bytes.
	maxText = 300
	// maxShown bounds how much of a value a message repeats, in bytes.
	maxShown = 80
)

// A reader walks the YAML of one facts file and collects what is wrong with it.
// It walks nodes instead of having them decoded: the decoder stops early, and
// tells no place for what is wrong with a value's meaning.
type reader struct {
	name   string
	faults Faults
}

func (r *reader) addFault(line, column int, hint, format string, args ...any) {
	r.faults = append(r.faults, Fault{r.name, line, column, fmt.Sprintf(format, args...), hint})
}

func (r *reader) addFaultAt(n *yaml.Node, hint, format string, args ...any) {
	r.addFault(n.Line, n.Column, hint, format, args...)
}

// parseDocument returns the root of the file's one document, or nil and a fault.
func (r *reader) parseDocument(b []byte) *yaml.Node {
	if len(b) > MaxSize {
		r.addFault(0, 0, "", "the facts file has %d bytes; at most %d are allowed", len(b), MaxSize)
		return nil
	}
	if at := notUTF8(b); at >= 0 {
		line := bytes.Count(b[:at], []byte("\n")) + 1
		column := utf8.RuneCount(b[bytes.LastIndexByte(b[:at], '\n')+1:at]) + 1
		r.addFault(line, column, "save the file as UTF-8; in PowerShell, with -Encoding utf8", "a byte that is not UTF-8 is in the facts file")
		return nil
	}
	var documents []yaml.Node
	err := yaml.Load(b, &documents, yaml.WithAllDocuments())
	var one *yaml.LoadError
	var all *yaml.LoadErrors
	switch {
	case errors.As(err, &all) && len(all.Errors) > 0:
		r.addFault(all.Errors[0].Mark.Line, all.Errors[0].Mark.Column, "", "this is not YAML: %s", all.Errors[0].Message)
	case errors.As(err, &one):
		r.addFault(one.Mark.Line, one.Mark.Column, "", "this is not YAML: %s", one.Message)
	case err != nil:
		r.addFault(0, 0, "", "this is not YAML: %v", err)
	case len(documents) == 0 || len(documents[0].Content) == 0:
		r.addFault(0, 0, "", "the facts file says nothing")
	case len(documents) > 1:
		r.addFaultAt(&documents[1], "remove the line --- or what follows it", "a second document begins here; a facts file is one document")
	default:
		return documents[0].Content[0]
	}
	return nil
}

// notUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func notUTF8(b []byte) int {
	for at := 0; at < len(b); {
		c, n := utf8.DecodeRune(b[at:])
		if c == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
	return -1
}

// isPlain says whether a node is one that is read here. With anchors, aliases
// and tags a file says less, or more, than people see.
func (r *reader) isPlain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.addFaultAt(n, "write the value out at each place", "anchors and aliases are not read here")
	case n.Style&yaml.TaggedStyle != 0:
		r.addFaultAt(n, "remove the tag", "YAML tags are not read here")
	default:
		return true
	}
	return false
}

// A section is one mapping; its values by their keys.
type section struct {
	node   *yaml.Node
	what   string
	values map[string]*yaml.Node
}

// readSection reads a mapping of known keys, some of which must be there.
func (r *reader) readSection(n *yaml.Node, what string, required, optional []string) section {
	s := section{n, what, map[string]*yaml.Node{}}
	if !r.isPlain(n) {
		return s
	}
	if n.Kind != yaml.MappingNode {
		r.addFaultAt(n, "", "%s has keys and values, and this is %s", what, kindName(n))
		return s
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		first := s.values[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
			r.addFaultAt(key, "", "a key is one plain word")
		case !slices.Contains(required, key.Value) && !slices.Contains(optional, key.Value):
			r.addFaultAt(key, "known here: "+strings.Join(slices.Concat(required, optional), ", "), "unknown key %s", quoteShort(key.Value))
		case first != nil:
			r.addFaultAt(key, "keep one of them", "the key %q is given twice; first at line %d", key.Value, first.Line)
		default:
			s.values[key.Value] = n.Content[i+1]
		}
	}
	for _, key := range required {
		if s.values[key] == nil {
			r.addFaultAt(n, "", "%s lacks the key %q", what, key)
		}
	}
	return s
}

// readList returns the items under a key, and whether the key is there. An empty
// list says that there are none; a key without a list says nothing, and is a
// fault.
func (r *reader) readList(s section, key string) ([]*yaml.Node, bool) {
	n := s.values[key]
	switch {
	case n == nil || !r.isPlain(n):
	case n.Kind != yaml.SequenceNode:
		r.addFaultAt(n, "begin each item with a dash; [] says that there are none", "%q is a list, not %s", key, kindName(n))
	case len(n.Content) > maxItems:
		r.addFaultAt(n, "", "%q has %d items; at most %d are allowed", key, len(n.Content), maxItems)
	default:
		return n.Content, true
	}
	return nil, false
}

// readText returns the value under a key exactly as it is spelled.
func (r *reader) readText(s section, key string) (string, bool) {
	n := s.values[key]
	if n == nil {
		return "", false
	}
	return r.readScalar(n, fmt.Sprintf("%q", key))
}

func (r *reader) readScalar(n *yaml.Node, what string) (string, bool) {
	switch {
	case !r.isPlain(n):
	case n.Kind != yaml.ScalarNode:
		r.addFaultAt(n, "", "%s is one value, not %s", what, kindName(n))
	case n.Tag == "!!null" || n.Value == "":
		r.addFaultAt(n, "give it a value or remove the key: what is not there is unknown", "%s is empty", what)
	case len(n.Value) > maxText:
		r.addFaultAt(n, "", "%s has %d bytes; at most %d are allowed", what, len(n.Value), maxText)
	case strings.ContainsFunc(n.Value, func(c rune) bool { return !unicode.IsPrint(c) }):
		r.addFaultAt(n, "remove it", "%s holds a character that cannot be seen: %s", what, quoteShort(n.Value))
	default:
		return n.Value, true
	}
	return "", false
}

// quoteShort repeats a value in a message.
func quoteShort(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	return "one value"
}
