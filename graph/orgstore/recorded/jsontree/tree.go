// Package jsontree reads JSON without knowing its members: their order and the
// spelling of numbers stay as they were written.
package jsontree

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Node is a JSON value, with its members in order and its numbers as written.
type Node struct {
	Kind  jsontext.Kind // n, t (and f as t), ", 0, {, [
	Text  string        // of a string; of a number, true, false and null as written
	Names []string      // of an object's members
	Items []*Node       // of an object or array
}

const maxDepth = 64

// ParseJSON reads JSON text; nil where it is none, or one too deep.
func Parse(b []byte) *Node {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	d := jsontext.NewDecoder(bytes.NewReader(b), jsontext.AllowInvalidUTF8(true))
	t := readNode(d, 0)
	if t == nil {
		return nil
	}
	if _, err := d.ReadToken(); err == nil {
		return nil // something follows
	}
	if int64(len(bytes.TrimSpace(b[min(int64(len(b)), d.InputOffset()):]))) > 0 {
		return nil
	}
	return t
}

func readNode(d *jsontext.Decoder, depth int) *Node {
	token, err := d.ReadToken()
	if err != nil || depth > maxDepth {
		return nil
	}
	switch k := token.Kind(); k {
	case '"':
		return &Node{Kind: k, Text: token.String()}
	case '0', 't', 'n':
		return &Node{Kind: k, Text: token.String()}
	case 'f':
		return &Node{Kind: 't', Text: token.String()}
	case '{', '[':
		return readItems(d, &Node{Kind: k}, depth)
	}
	return nil
}

func readItems(d *jsontext.Decoder, t *Node, depth int) *Node {
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		if t.Kind == '{' {
			name, err := d.ReadToken()
			if err != nil {
				return nil
			}
			t.Names = append(t.Names, name.String())
		}
		item := readNode(d, depth+1)
		if item == nil {
			return nil
		}
		t.Items = append(t.Items, item)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	return t
}

// IsLeaf says whether a node is a string, number, boolean or null.
func (t *Node) IsLeaf() bool { return t.Kind != '{' && t.Kind != '[' }

// Member returns an object's member or an array's item.
func (t *Node) Member(name string) *Node {
	switch t.Kind {
	case '{':
		for i, n := range t.Names {
			if n == name {
				return t.Items[i]
			}
		}
	case '[':
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(t.Items) && strconv.Itoa(i) == name {
			return t.Items[i]
		}
	}
	return nil
}

// At follows a JSON pointer (RFC 6901); nil where it leads nowhere.
func (t *Node) At(pointer string) *Node {
	if pointer == "" {
		return t
	}
	if !strings.HasPrefix(pointer, "/") {
		return nil
	}
	for name := range strings.SplitSeq(pointer[1:], "/") {
		if t = t.Member(unescapePointer(name)); t == nil {
			return nil
		}
	}
	return t
}

// Walk calls f for a node and all that is in it, each with its pointer. Items
// of an object come in order.
func (t *Node) Walk(pointer string, f func(pointer, name string, t *Node)) {
	t.walkNamed(pointer, "", f)
}

func (t *Node) walkNamed(pointer, name string, f func(pointer, name string, t *Node)) {
	f(pointer, name, t)
	for i, item := range t.Items {
		inner := strconv.Itoa(i)
		if t.Kind == '{' {
			inner = t.Names[i]
		}
		item.walkNamed(pointer+"/"+EscapePointer(inner), inner, f)
	}
}

// Write writes a node as compact JSON; leaf says how a leaf is written.
func (t *Node) Write(b *strings.Builder, leaf func(pointer, name string, t *Node) string) {
	t.writeNamed(b, "", "", leaf)
}

func (t *Node) writeNamed(b *strings.Builder, pointer, name string, leaf func(pointer, name string, t *Node) string) {
	if t.IsLeaf() {
		b.WriteString(leaf(pointer, name, t))
		return
	}
	b.WriteByte(byte(t.Kind))
	for i, item := range t.Items {
		if i > 0 {
			b.WriteByte(',')
		}
		inner := strconv.Itoa(i)
		if t.Kind == '{' {
			inner = t.Names[i]
			b.WriteString(Quote(inner))
			b.WriteByte(':')
		}
		item.writeNamed(b, pointer+"/"+EscapePointer(inner), inner, leaf)
	}
	b.WriteByte(byte(t.Kind) + 2) // } and ] stand two after { and [
}

// LeafJSON writes a leaf as JSON.
func (t *Node) LeafJSON() string {
	if t.Kind == '"' {
		return Quote(t.Text)
	}
	return t.Text
}

func Quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	return string(b)
}

func EscapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}

func unescapePointer(s string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
}

// LastName returns the last name of a pointer.
func LastName(pointer string) string {
	return unescapePointer(pointer[strings.LastIndexByte(pointer, '/')+1:])
}
