package pbiviz

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A document is one JSON entry, read token by token in a single pass. Its
// decoder refuses duplicate members and invalid UTF-8; the document adds a
// limit on depth and refuses byte-order marks.
type document struct {
	name  string // of the entry, for errors
	body  []byte
	depth int // the deepest nesting allowed
	dec   *jsontext.Decoder
}

func openJSON(name string, body []byte, depth int) (*document, error) {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(body, []byte(mark)) {
			return nil, refuse(pkgJSON, "%s begins with a byte-order mark", quote(name))
		}
	}
	// A bytes.Buffer is parsed where it lies, without a copy.
	return &document{name, body, depth, jsontext.NewDecoder(bytes.NewBuffer(body))}, nil
}

// refusalOf makes the refusal for what the decoder does not take.
func (d *document) refusalOf(err error) error {
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		errors.As(err, &syntactic)
		return refuse(pkgJSON, "%s has the member %s twice, so that readers take different ones", quote(d.name), quote(string(syntactic.JSONPointer)))
	case errors.As(err, &syntactic):
		return refuse(pkgJSON, "%s is not valid JSON at byte %d: %v", quote(d.name), syntactic.ByteOffset, syntactic.Err)
	}
	return refuse(pkgJSON, "%s is empty", quote(d.name)) // io.EOF, the only other error of a buffer
}

// readToken reads one token and minds the depth.
func (d *document) readToken() (jsontext.Token, error) {
	t, err := d.dec.ReadToken()
	if err != nil {
		return t, d.refusalOf(err)
	}
	if k := t.Kind(); (k == '{' || k == '[') && d.dec.StackDepth() > d.depth {
		return t, refuse(pkgJSON, "%s is nested more than %d deep", quote(d.name), d.depth)
	}
	return t, nil
}

// expectEnd makes sure that the document has exactly one value.
func (d *document) expectEnd() error {
	if _, err := d.dec.ReadToken(); err == io.EOF {
		return nil
	}
	return refuse(pkgJSON, "%s goes on after the end of its JSON", quote(d.name))
}

// readMembers reads an object whose members have a meaning here and calls each for
// every one, with the decoder at its value; each must consume it. Names that
// differ in case alone are refused: readers that ignore case would take the
// other one. Anything but an object is skipped: it says nothing.
func (d *document) readMembers(each func(name string) error) error {
	seen := map[string]bool{}
	return d.readPairs(func(name string) error {
		folded := foldName(name)
		if seen[folded] && folded != "githuburl" { // both spellings exist, and it decides nothing
			return refuse(pkgJSON, "%s has the member %s twice, in two spellings", quote(d.name), quote(name))
		}
		seen[folded] = true
		return each(name)
	})
}

// readPairs is members for objects whose names the vendor chose.
func (d *document) readPairs(each func(name string) error) error {
	if d.dec.PeekKind() != '{' {
		return d.skip()
	}
	if _, err := d.readToken(); err != nil {
		return err
	}
	for d.dec.PeekKind() != '}' {
		t, err := d.readToken()
		if err != nil {
			return err
		}
		if err := each(t.String()); err != nil {
			return err
		}
	}
	_, err := d.readToken()
	return err
}

// readElements reads an array and calls each for every element, with the decoder at
// it. Anything but an array is skipped.
func (d *document) readElements(each func() error) error {
	if d.dec.PeekKind() != '[' {
		return d.skip()
	}
	if _, err := d.readToken(); err != nil {
		return err
	}
	for d.dec.PeekKind() != ']' {
		if err := each(); err != nil {
			return err
		}
	}
	_, err := d.readToken()
	return err
}

// readRaw reads a value as it is written. It aliases the document.
func (d *document) readRaw() (jsontext.Value, error) {
	kind := d.dec.PeekKind()
	if kind != '{' && kind != '[' {
		v, err := d.dec.ReadValue()
		if err != nil {
			return nil, d.refusalOf(err)
		}
		return v, nil
	}
	outside := d.dec.StackDepth()
	if _, err := d.readToken(); err != nil {
		return nil, err
	}
	start := d.dec.InputOffset() - 1
	for d.dec.StackDepth() > outside {
		if _, err := d.readToken(); err != nil {
			return nil, err
		}
	}
	return jsontext.Value(d.body[start:d.dec.InputOffset()]), nil
}

func (d *document) skip() error {
	_, err := d.readRaw()
	return err
}

// readText reads a string. Anything else says nothing and is the empty string.
func (d *document) readText(into *string) error {
	if d.dec.PeekKind() != '"' {
		return d.skip()
	}
	t, err := d.readToken()
	if err != nil {
		return err
	}
	*into = t.String()
	return nil
}

// requireText reads a string that decides something: absent or null is empty, any
// other kind is refused.
func (d *document) requireText(into *string) error {
	if k := d.dec.PeekKind(); k != '"' && k != 'n' && k != 0 {
		return refuse(pkgJSON, "in %s, %s is not text", quote(d.name), quote(string(d.dec.StackPointer())))
	}
	return d.readText(into)
}

// readQuoted reads a string as it is written, quotes and escapes included. It
// aliases the document, and unquote cannot fail on it.
func (d *document) readQuoted() (jsontext.Value, error) {
	v, err := d.readRaw()
	if err == nil && v.Kind() != '"' {
		err = refuse(pkgJSON, "in %s, %s is not text", quote(d.name), quote(string(d.dec.StackPointer())))
	}
	return v, err
}

// unquote returns the text of a string that was read by quoted; it aliases the
// document if nothing in it is escaped.
func unquote(v jsontext.Value) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1 : len(v)-1]
	}
	text, err := jsontext.AppendUnquote(make([]byte, 0, len(v)), v)
	if err != nil {
		panic("pbiviz: a string that the decoder took cannot be unquoted: " + err.Error())
	}
	return text
}

// readCanonical reads a value in its one canonical spelling (RFC 8785).
func (d *document) readCanonical() (string, error) {
	v, err := d.readRaw()
	if err != nil {
		return "", err
	}
	return canonicalize(v), nil
}

// canonicalize spells a valid value in one way.
func canonicalize(v jsontext.Value) string {
	c := v.Clone()
	if err := c.Canonicalize(); err != nil {
		return strings.TrimSpace(string(v)) // only a value that was not valid; it stays as it is
	}
	return string(c)
}
