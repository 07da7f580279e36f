package recipe

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/orgstore/orgstore/packages/verdict"
)

// The bounds of a recipe.
const (
	MaxRecipe = 1 << 20 // bytes of the file
	maxText   = 64 << 10
	maxList   = 5_000
	maxFaults = 50
)

// A document is a recipe's file being read. It collects every fault with its
// place.
type document struct {
	name   string
	faults []verdict.Finding
}

func (d *document) add(n *yaml.Node, hint, format string, args ...any) {
	at := d.name
	if n != nil && n.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", d.name, n.Line, n.Column)
	}
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, verdict.Finding{
			Code: CodeRecipe, Verdict: verdict.Reject, Message: at + ": " + fmt.Sprintf(format, args...), Hint: hint,
		})
	}
}

func (d *document) refusal() error {
	if len(d.faults) == 0 {
		return nil
	}
	return &verdict.Refusal{Findings: d.faults}
}

// root reads the file's one document.
func (d *document) root(text []byte) *yaml.Node {
	switch {
	case len(text) > MaxRecipe:
		d.add(nil, "", "the recipe has %d bytes; at most %d are allowed", len(text), MaxRecipe)
		return nil
	case !readable(text):
		d.add(nil, "save the file as UTF-8 without control characters", "the recipe has characters that show people something else than they tell a program")
		return nil
	}
	var documents []yaml.Node
	if err := yaml.Load(text, &documents, yaml.WithAllDocuments()); err != nil {
		at, message := 0, "this is not YAML"
		if one := (*yaml.LoadError)(nil); errors.As(err, &one) {
			at, message = one.Mark.Line, message+": "+one.Message
		}
		d.add(&yaml.Node{Line: at, Column: 1}, "", "%s", message)
		return nil
	}
	if len(documents) != 1 || len(documents[0].Content) == 0 {
		d.add(nil, "", "a recipe is one document; this file has %d", len(documents))
		return nil
	}
	return documents[0].Content[0]
}

func readable(text []byte) bool {
	return utf8.Valid(text) && !slices.ContainsFunc([]rune(string(text)), func(c rune) bool {
		return c == 0xfeff || c == 0x2028 || c == 0x2029 || unicode.Is(unicode.Bidi_Control, c) ||
			unicode.IsControl(c) && c != '\t' && c != '\n' && c != '\r'
	})
}

func (d *document) plain(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		d.add(n, "write the value out", "anchors, aliases and tags are not read here")
		return false
	}
	return true
}

// mapping reads keys and their values; those with a * in front must be there.
func (d *document) mapping(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	if n == nil || !d.plain(n) {
		return values
	}
	if n.Kind != yaml.MappingNode {
		d.add(n, "", "%s has keys and values", what)
		return values
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !d.plain(key):
		case key.Kind != yaml.ScalarNode || !slices.Contains(known, key.Value) && !slices.Contains(known, "*"+key.Value):
			d.add(key, "known here: "+strings.ReplaceAll(strings.Join(known, ", "), "*", ""), "unknown key %.40q", key.Value)
		case values[key.Value] != nil:
			d.add(key, "keep one of them", "the key %q is given twice", key.Value)
		default:
			values[key.Value] = value
		}
	}
	for _, k := range known {
		if name, must := strings.CutPrefix(k, "*"); must && values[name] == nil {
			d.add(n, "", "%s lacks the key %q", what, name)
		}
	}
	return values
}

// text reads one value as it is written. Absent is empty; so is "" in quotes,
// where that is a value.
func (d *document) text(n *yaml.Node, what string) string {
	switch {
	case n == nil || !d.plain(n):
		return ""
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
		d.add(n, "give it a value or remove the key", "%s is one value", what)
		return ""
	case len(n.Value) > maxText:
		d.add(n, "", "%s has %d bytes; at most %d are allowed", what, len(n.Value), maxText)
		return ""
	}
	return n.Value
}

func (d *document) flag(n *yaml.Node, what string) bool {
	s := d.text(n, what)
	if n != nil && s != "true" && s != "false" {
		d.add(n, "", "%s is true or false", what)
	}
	return s == "true"
}

func (d *document) list(n *yaml.Node, what string) []*yaml.Node {
	switch {
	case n == nil || !d.plain(n):
		return nil
	case n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxList:
		d.add(n, "", "%s is a list of 1 to %d items", what, maxList)
		return nil
	}
	return n.Content
}
