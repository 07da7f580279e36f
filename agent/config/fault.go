package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFaults bounds how many faults one error tells in full.
const maxFaults = 100

// excerptWidth bounds an excerpt, in characters; long lines are cut around the
// fault.
const excerptWidth = 100

// A Fault is one thing wrong in a settings file.
type Fault struct {
	File string
	// Line and Column count from 1, columns in characters; both are 0 where the
	// fault is the file's as a whole.
	Line, Column int
	// Message is a sentence for the person who can act; lower case, no period.
	Message string
	// Hint says what that person can do; empty where nothing helps.
	Hint string
	// Excerpt is the line at fault, fit for a terminal, and a line with a caret
	// under the column; empty where Line is 0.
	Excerpt string
}

// String returns file:line:column: message, then excerpt and hint on lines of
// their own.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
	}
	b.WriteString(": " + f.Message)
	if f.Excerpt != "" {
		b.WriteString("\n" + f.Excerpt)
	}
	if f.Hint != "" {
		b.WriteString("\n  hint: " + f.Hint)
	}
	return b.String()
}

// Faults is everything wrong in a settings file, in the order of the lines.
type Faults []Fault

// Error tells every fault with its excerpt and hint.
func (fs Faults) Error() string {
	parts := make([]string, 0, len(fs)+1)
	for _, f := range fs[:min(len(fs), maxFaults)] {
		parts = append(parts, f.String())
	}
	if more := len(fs) - maxFaults; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d faults more", more))
	}
	return strings.Join(parts, "\n")
}

// sort puts faults in the order of the lines; those of one place keep theirs.
func (fs Faults) sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// A source is the text of a settings file by lines.
type source struct {
	name  string
	text  []byte
	lines []int // offsets of the lines' first bytes
}

func newSource(name string, b []byte) source {
	s := source{name: name, text: b, lines: []int{0}}
	if strings.HasPrefix(string(b[:min(len(b), 3)]), byteOrderMark) {
		s.lines[0] = len(byteOrderMark)
	}
	for i, c := range b {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// byteOrderMark may open a file; YAML's columns do not count it.
const byteOrderMark = "\ufeff"

// line returns a line without its end; lines count from 1.
func (s source) line(n int) string {
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n]
	}
	return strings.TrimRight(string(s.text[s.lines[n-1]:end]), "\r\n")
}

// offset returns where a place begins in the text.
func (s source) offset(line, column int) int {
	at := s.lines[line-1]
	for range column - 1 {
		_, n := utf8.DecodeRune(s.text[at:])
		at += n
	}
	return at
}

// place returns line and column of an offset.
func (s source) place(offset int) (line, column int) {
	i, found := slices.BinarySearch(s.lines, offset)
	if !found {
		i--
	}
	i = max(i, 0) // inside the byte order mark
	return i + 1, utf8.RuneCount(s.text[min(s.lines[i], offset):offset]) + 1
}

// fault makes a fault at a place; line 0 means the file as a whole.
func (s source) fault(line, column int, message, hint string) Fault {
	f := Fault{File: s.name, Message: message, Hint: hint}
	if line >= 1 && line <= len(s.lines) {
		f.Line, f.Column = line, max(column, 1)
		f.Excerpt = excerpt(s.line(line), f.Line, f.Column)
	}
	return f
}

// excerpt shows a line with a caret under a column. What would move the caret,
// or the reader's eye, is shown as a dot.
func excerpt(line string, number, column int) string {
	runes := []rune(strings.ToValidUTF8(line, "\ufffd"))
	for i, r := range runes {
		switch {
		case r == '\t':
			runes[i] = ' '
		case !unicode.IsPrint(r):
			runes[i] = '·'
		}
	}
	at := min(column-1, len(runes))
	before := ""
	if at > excerptWidth*3/4 {
		cut := at - excerptWidth/2
		runes, at, before = runes[cut:], at-cut, "…"
	}
	after := ""
	if len(runes) > excerptWidth {
		runes, after = runes[:excerptWidth], "…"
	}
	margin := fmt.Sprintf("%5d | ", number)
	caret := strings.Repeat(" ", len(margin)-2) + "| " + strings.Repeat(" ", len([]rune(before))+at) + "^"
	return margin + before + string(runes) + after + "\n" + caret
}
