package config

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v4"
)

// YAML's nodes say where they begin and not where they end. What follows finds
// the ends in the text; whatever it gets wrong, finish notices.

// end returns the offset after a scalar on one line, or after a list or mapping
// in brackets.
func (e *editor) end(n *yaml.Node) (int, error) {
	at := e.offset(n.Line, n.Column)
	switch {
	case isBlock(n) || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 0, e.refuse(n, "this value takes several lines")
	case n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode:
		return e.bracketEnd(n, at+1)
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return e.quoteEnd(n, at, '"', '\\')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return e.quoteEnd(n, at, '\'', '\'')
	case !bytes.HasPrefix(e.text[at:], []byte(n.Value)):
		return 0, e.refuse(n, "this value takes several lines")
	}
	return at + len(n.Value), nil
}

// quoteEnd returns the offset after a quoted scalar; the escape takes the
// character after it along, where that is not the end.
func (e *editor) quoteEnd(n *yaml.Node, at int, quote, escape byte) (int, error) {
	for at++; at < len(e.text); at++ {
		c := e.text[at]
		switch {
		case c == escape && at+1 < len(e.text) && (escape != quote || e.text[at+1] == quote):
			at++
		case c == quote:
			return at + 1, nil
		}
	}
	return 0, e.refuse(n, "this value has no end")
}

// bracketEnd returns the offset after the bracket that closes n.
func (e *editor) bracketEnd(n *yaml.Node, at int) (int, error) {
	if len(n.Content) > 0 {
		var err error
		if at, err = e.end(n.Content[len(n.Content)-1]); err != nil {
			return 0, err
		}
	}
	for ; at < len(e.text); at++ {
		switch c := e.text[at]; {
		case c == ']' || c == '}':
			return at + 1, nil
		case c == '#':
			line, _ := e.place(at)
			at = e.lineEnd(line) - 1
		case !strings.ContainsRune(" \t\r\n,", rune(c)):
			return 0, e.refuse(n, "these brackets cannot be followed")
		}
	}
	return 0, e.refuse(n, "these brackets have no end")
}

// lineEnd returns the offset after a line's end, which is the text's end where
// the last line has none.
func (e *editor) lineEnd(line int) int {
	if line < len(e.lines) {
		return e.lines[line]
	}
	return len(e.text)
}

// lineAfter returns the offset of the first line after the block that begins in
// a line and goes on while lines are indented by at least so many spaces. Blank
// lines, and comments indented less, belong to the block only where it goes on
// after them.
func (e *editor) lineAfter(line, indent int) (int, error) {
	last := line
	for n := line + 1; n <= len(e.lines); n++ {
		l := e.line(n)
		content := strings.TrimLeft(l, " ")
		blank, comment := strings.TrimSpace(l) == "", strings.HasPrefix(content, "#")
		deep := len(l)-len(content) >= indent
		switch {
		case blank || comment && !deep:
		case deep && !isMarker(l):
			last = n
		default:
			return e.lineEnd(last), nil
		}
	}
	return e.lineEnd(last), nil
}

// isMarker says whether a line ends or begins a document.
func isMarker(line string) bool {
	return strings.HasPrefix(line, "...") || strings.HasPrefix(line, "---")
}

// dashLine returns the line of the dash before an item, which may stand above it.
func (e *editor) dashLine(line, column int) int {
	for ; line > 1; line-- {
		if l := e.line(line); len(l) >= column && l[column-1] == '-' && strings.TrimSpace(l[:column-1]) == "" {
			break
		}
	}
	return line
}

// insertLines puts whole lines at an offset where a line begins, or at the end
// of a text whose last line has no end.
func (e *editor) insertLines(at int, lines string) {
	if at == len(e.text) && at > 0 && e.text[at-1] != '\n' {
		lines = e.eol + strings.TrimSuffix(lines, e.eol)
	}
	e.replace(at, at, lines)
}
