package license

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// limits bounds a JSON text whose length is bounded already.
type limits struct {
	depth int // nesting
	array int // elements of one array
	text  int // bytes of one string, unescaped
}

const (
	maxText  = 512 // bytes of a string in anything signed
	maxShown = 60  // bytes of a value in a message
	// maxInteger is the largest integer that every JSON reader keeps exactly.
	maxInteger = 1 << 53
)

// integerForm leaves out signs, fractions, exponents and leading zeros.
var integerForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,15})$`)

// An object is a JSON object with its members unread. Its values are complete
// and well formed, without duplicate members at any depth.
type object struct {
	names  []string // in the order of the text
	values map[string]jsontext.Value
}

var errLimit = errors.New("over a limit")

// parseObject reads exactly one JSON object: UTF-8, no duplicate members, within
// limits, nothing after it. The package encoding/json is not
// used for signed claims: it takes EXP for exp and the last of two.
func parseObject(text []byte, max limits) (object, error) {
	if err := checkJSON(text, max); err != nil {
		return object{}, err
	}
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if d.PeekKind() != '{' {
		return object{}, errors.New("it is not an object")
	}
	o := object{values: map[string]jsontext.Value{}}
	if _, err := d.ReadToken(); err != nil {
		return object{}, err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return object{}, err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return object{}, err
		}
		o.names = append(o.names, key)
		o.values[key] = value.Clone()
	}
	return o, nil
}

// parseInner reads an object out of a text that was checked as a whole.
func parseInner(v jsontext.Value) (object, error) {
	return parseObject(v, limits{math.MaxInt, math.MaxInt, math.MaxInt})
}

// checkJSON reads all tokens of a text and holds them against the limits.
func checkJSON(text []byte, max limits) error {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		tok, err := d.ReadToken()
		if errors.Is(err, io.EOF) && d.StackDepth() == 0 && d.InputOffset() > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		kind, length := d.StackIndex(d.StackDepth())
		switch {
		case d.StackDepth() > max.depth:
			return fmt.Errorf("%w: it is nested deeper than %d", errLimit, max.depth)
		case kind == '[' && length > int64(max.array):
			return fmt.Errorf("%w: an array has more than %d elements", errLimit, max.array)
		case tok.Kind() == '"' && len(tok.String()) > max.text:
			return fmt.Errorf("%w: a string has more than %d bytes", errLimit, max.text)
		case d.StackDepth() == 0 && len(bytes.TrimLeft(text[d.InputOffset():], " \t\r\n")) > 0:
			return errors.New("something follows its end")
		}
	}
}

func (o object) has(name string) bool { _, ok := o.values[name]; return ok }

// isAbsent says whether a member is missing or null.
func (o object) isAbsent(name string) bool {
	v, ok := o.values[name]
	return !ok || v.Kind() == 'n'
}

// text returns a member that is a string.
func (o object) text(name string) (string, bool) {
	v, ok := o.values[name]
	if !ok || v.Kind() != '"' {
		return "", false
	}
	return unquoteText(v), true
}

// integer returns a member that is a whole number from 0 to 2^53, written
// without sign, fraction, exponent or leading zeros.
func (o object) integer(name string) (int64, bool) {
	v, ok := o.values[name]
	if !ok || !integerForm.Match(v) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil && n <= maxInteger
}

// innerObject returns a member that is an object.
func (o object) innerObject(name string) (object, bool) {
	v, ok := o.values[name]
	if !ok || v.Kind() != '{' {
		return object{}, false
	}
	inner, err := parseInner(v)
	return inner, err == nil
}

// list returns the elements of a member that is an array.
func (o object) list(name string) ([]jsontext.Value, bool) {
	v, ok := o.values[name]
	if !ok || v.Kind() != '[' {
		return nil, false
	}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	var all []jsontext.Value
	for d.PeekKind() != ']' {
		e, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		all = append(all, e.Clone())
	}
	return all, true
}

// texts returns a member that is an array of strings.
func (o object) texts(name string) ([]string, bool) {
	list, ok := o.list(name)
	if !ok {
		return nil, false
	}
	all := make([]string, 0, len(list))
	for _, v := range list {
		if v.Kind() != '"' {
			return nil, false
		}
		all = append(all, unquoteText(v))
	}
	return all, true
}

// shown prints a member for a message: shortened, in ASCII, never raw.
func (o object) shown(name string) string {
	v, ok := o.values[name]
	if !ok {
		return "(none)"
	}
	s := string(v)
	if v.Kind() == '"' {
		s = unquoteText(v)
	}
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	if v.Kind() == '"' {
		return strconv.QuoteToASCII(s)
	}
	return escapeASCII(s)
}

// escapeError gives an error's text in ASCII, since it may quote what a stranger wrote.
func escapeError(err error) string { return escapeASCII(err.Error()) }

// escapeASCII escapes all that is not printable ASCII.
func escapeASCII(s string) string {
	q := strconv.QuoteToASCII(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// unquoteText reads a JSON string that is known to be well formed.
func unquoteText(v jsontext.Value) string {
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return ""
	}
	return string(b)
}

// isPrintableASCII says whether s is ASCII without control characters: nothing that a
// terminal, a table or a right-to-left override could turn into something else.
func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
