package recorded

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A tree is a JSON value, with its members in order and its numbers as written.
type tree struct {
	kind  jsontext.Kind // n, t (and f as t), ", 0, {, [
	text  string        // of a string; of a number, true, false and null as written
	names []string      // of an object's members
	items []*tree       // of an object or array
}

const maxDepth = 64

// parseTree reads JSON text; nil where it is none, or one too deep.
func parseTree(b []byte) *tree {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	d := jsontext.NewDecoder(bytes.NewReader(b), jsontext.AllowInvalidUTF8(true))
	t := readTree(d, 0)
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

func readTree(d *jsontext.Decoder, depth int) *tree {
	token, err := d.ReadToken()
	if err != nil || depth > maxDepth {
		return nil
	}
	switch k := token.Kind(); k {
	case '"':
		return &tree{kind: k, text: token.String()}
	case '0', 't', 'n':
		return &tree{kind: k, text: token.String()}
	case 'f':
		return &tree{kind: 't', text: token.String()}
	case '{', '[':
		return readItems(d, &tree{kind: k}, depth)
	}
	return nil
}

func readItems(d *jsontext.Decoder, t *tree, depth int) *tree {
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		if t.kind == '{' {
			name, err := d.ReadToken()
			if err != nil {
				return nil
			}
			t.names = append(t.names, name.String())
		}
		item := readTree(d, depth+1)
		if item == nil {
			return nil
		}
		t.items = append(t.items, item)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	return t
}

// leaf says whether a tree is a string, number, boolean or null.
func (t *tree) leaf() bool { return t.kind != '{' && t.kind != '[' }

// member returns an object's member or an array's item.
func (t *tree) member(name string) *tree {
	switch t.kind {
	case '{':
		for i, n := range t.names {
			if n == name {
				return t.items[i]
			}
		}
	case '[':
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(t.items) && strconv.Itoa(i) == name {
			return t.items[i]
		}
	}
	return nil
}

// at follows a JSON pointer (RFC 6901); nil where it leads nowhere.
func (t *tree) at(pointer string) *tree {
	if pointer == "" {
		return t
	}
	if !strings.HasPrefix(pointer, "/") {
		return nil
	}
	for name := range strings.SplitSeq(pointer[1:], "/") {
		if t = t.member(unescapePointer(name)); t == nil {
			return nil
		}
	}
	return t
}

// walk calls f for a tree and all that is in it, each with its pointer. Items
// of an object come in order.
func (t *tree) walk(pointer string, f func(pointer, name string, t *tree)) {
	t.walkNamed(pointer, "", f)
}

func (t *tree) walkNamed(pointer, name string, f func(pointer, name string, t *tree)) {
	f(pointer, name, t)
	for i, item := range t.items {
		inner := strconv.Itoa(i)
		if t.kind == '{' {
			inner = t.names[i]
		}
		item.walkNamed(pointer+"/"+escapePointer(inner), inner, f)
	}
}

// json writes a tree as compact JSON. Leaf may write a leaf otherwise.
func (t *tree) json(b *strings.Builder, leaf func(pointer, name string, t *tree) string) {
	t.write(b, "", "", leaf)
}

func (t *tree) write(b *strings.Builder, pointer, name string, leaf func(pointer, name string, t *tree) string) {
	if t.leaf() {
		b.WriteString(leaf(pointer, name, t))
		return
	}
	b.WriteByte(byte(t.kind))
	for i, item := range t.items {
		if i > 0 {
			b.WriteByte(',')
		}
		inner := strconv.Itoa(i)
		if t.kind == '{' {
			inner = t.names[i]
			b.WriteString(quoteJSON(inner))
			b.WriteByte(':')
		}
		item.write(b, pointer+"/"+escapePointer(inner), inner, leaf)
	}
	b.WriteByte(byte(t.kind) + 2) // } and ] stand two after { and [
}

// raw writes a leaf as JSON.
func (t *tree) raw() string {
	if t.kind == '"' {
		return quoteJSON(t.text)
	}
	return t.text
}

func quoteJSON(s string) string {
	b, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	return string(b)
}

func escapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}

func unescapePointer(s string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
}

// last returns the last name of a pointer.
func last(pointer string) string {
	return unescapePointer(pointer[strings.LastIndexByte(pointer, '/')+1:])
}

// plainName reduces a name to what two spellings of it share: package_id and
// packageId are alike.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}
