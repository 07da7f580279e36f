package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What an edit adds to a file: scalars, lists in brackets, lists of mappings
// and mappings, written as blocks or in brackets.
type value interface {
	// block writes whole lines, indented by so many spaces.
	block(indent, step int, eol string) string
	flow(quoteKeys bool) string
}

type (
	scalar   string // as it is written
	flowList []scalar
	items    []fields
	fields   []field
	field    struct {
		key   string
		value value
	}
)

func (s scalar) block(indent, _ int, eol string) string { return spaces(indent) + string(s) + eol }
func (s scalar) flow(bool) string                       { return string(s) }

func (l flowList) block(indent, _ int, eol string) string {
	return spaces(indent) + l.flow(false) + eol
}

func (l flowList) flow(bool) string {
	parts := make([]string, len(l))
	for i, s := range l {
		parts[i] = string(s)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (is items) block(indent, step int, eol string) string {
	var b strings.Builder
	for _, item := range is {
		text := item.block(indent+2, step, eol)
		b.WriteString(spaces(indent) + "- " + text[indent+2:])
	}
	return b.String()
}

func (is items) flow(quoteKeys bool) string {
	parts := make([]string, len(is))
	for i, item := range is {
		parts[i] = item.flow(quoteKeys)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (fs fields) block(indent, step int, eol string) string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString(spaces(indent) + f.key + ":")
		switch v := f.value.(type) {
		case scalar, flowList:
			b.WriteString(" " + v.flow(false) + eol)
		default:
			b.WriteString(eol + v.block(indent+step, step, eol))
		}
	}
	return b.String()
}

func (fs fields) flow(quoteKeys bool) string { return "{" + fs.flowInside(quoteKeys) + "}" }

// flowInside writes the keys and values without the braces around them.
func (fs fields) flowInside(quoteKeys bool) string {
	parts := make([]string, len(fs))
	for i, f := range fs {
		key, value := f.key, f.value.flow(quoteKeys)
		if quoteKeys {
			key = strconv.Quote(key)
		}
		if s, is := f.value.(scalar); is && quoteKeys && !strings.HasPrefix(string(s), `"`) {
			value = strconv.Quote(string(s))
		}
		parts[i] = key + ": " + value
	}
	return strings.Join(parts, ", ")
}

// quoted writes a text in double quotes. Go's escapes are all YAML's too.
func quoted(s string) scalar { return scalar(strconv.Quote(s)) }

// plainForm is text that means itself without quotes, in brackets too.
var plainForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)

// plainOrQuoted leaves the quotes away where nothing could be misread.
func plainOrQuoted(s string) scalar {
	words := []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
	if plainForm.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) {
		return scalar(s)
	}
	return quoted(s)
}

func spaces(n int) string { return strings.Repeat(" ", n) }
