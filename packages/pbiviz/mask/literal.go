// Package mask takes regions out of a package before it is digested, so that
// two packages can be shown to differ in those regions only, and finds the
// string literals of a script, whose interiors are the regions that may differ
// without the code being other code. It knows packages and the lexical grammar
// of JavaScript; it must not know what the regions mean.
package mask

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// A Literal is one string literal of a script: of either quote, or a template
// without substitutions. Start and End bound its interior, in bytes.
type Literal struct {
	Start, End int
	// Plain says that no backslash is in it: what it says is what it is.
	Plain bool
}

// An Unproven error says why a script could not be taken apart: it is no
// JavaScript, or it has a place where only a full parser could tell a division
// from a regular expression.
type Unproven struct {
	Offset int // in bytes of the script
	Reason string
}

func (e *Unproven) Error() string {
	return fmt.Sprintf("the script cannot be taken apart at byte %d: %s", e.Offset, e.Reason)
}

// maxNesting bounds how deep brackets may be nested.
const maxNesting = 10_000

// Literals lists the string literals of a script that end before the offset
// until, in order. What comes after it cannot change what they are: JavaScript
// is taken apart from left to right.
//
// A region is a literal's interior only if the program that runs agrees. So
// wherever this reader and a browser could disagree, it gives up: at a slash
// that may be a division or a regular expression, at an HTML-like comment
// (which scripts have and modules do not), at a character that no token begins
// with. An error is an *Unproven.
func Literals(script []byte, until int) ([]Literal, error) {
	if !utf8.Valid(script) {
		return nil, &Unproven{0, "it is not UTF-8"}
	}
	l := &lexer{text: script, until: min(until, len(script)), frames: []frame{{open: '{', kind: block}}, last: token{slash: regular}}
	for l.offset < l.until && l.fault == nil {
		l.readToken()
	}
	if l.fault != nil {
		return nil, l.fault
	}
	return l.literals, nil
}

// A slashMeaning says what a slash at this point begins.
type slashMeaning int

const (
	regular slashMeaning = iota // a regular expression
	divides                     // a division: an expression ends here
	unclear                     // only a parser of the whole grammar could tell
)

// A braceKind is what a { opened.
type braceKind int

const (
	block  braceKind = iota // statements
	object                  // an object literal or a pattern
	class                   // the members of a class
	vague                   // a block or an object
)

// A frame is an open bracket.
type frame struct {
	open       byte // ( [ { or ` for a substitution of a template
	kind       braceKind
	slashAfter slashMeaning // at the bracket's end
	// function says, of a bracket around parameters, where the function stands;
	// nil where it is not one.
	function *place
	// classes holds where the classes stand whose bodies have not begun.
	classes []place
}

// A place is where a function, a class or a { stands.
type place int

const (
	statement place = iota
	expression
	eitherPlace
)

// slashAfter returns what a slash begins behind a body that stands at a place.
func (p place) slashAfter() slashMeaning { return []slashMeaning{regular, divides, unclear}[p] }

// A token is what was read last.
type token struct {
	kind  byte   // the character itself, w for a word, s for any literal, > for =>, + for ++ and --; 0 at the start
	word  string // of a word that may be a keyword
	slash slashMeaning
	// function is, of a ) that ends parameters, where the function stands.
	function *place
}

type lexer struct {
	text       []byte
	offset     int
	until      int
	frames     []frame
	last       token
	beforeLast token // the token before last
	// newline says that a line ended since the last token.
	newline bool
	// function is where a function stands whose parameters have not begun.
	function *place
	// async is where a function stands whose async was the last word.
	async    place
	literals []Literal
	fault    *Unproven
}

func (l *lexer) fail(at int, reason string) {
	if l.fault == nil {
		l.fault = &Unproven{at, reason}
	}
}

// peek returns the character n behind the current one, or 0.
func (l *lexer) peek(n int) byte {
	if l.offset+n < len(l.text) {
		return l.text[l.offset+n]
	}
	return 0
}

func (l *lexer) hasPrefix(s string) bool {
	return l.offset+len(s) <= len(l.text) && string(l.text[l.offset:l.offset+len(s)]) == s
}

func (l *lexer) currentFrame() *frame { return &l.frames[len(l.frames)-1] }

// endToken ends a token of n bytes.
func (l *lexer) endToken(n int, t token) {
	l.offset += n
	if t.kind != 'w' && t.kind != '*' && t.kind != '(' {
		l.function = nil // a member of that name, not a function
	}
	if l.last.kind == 'w' && l.last.word == "class" && bytes.IndexByte([]byte("w{)]}"), t.kind) < 0 {
		f := l.currentFrame()
		f.classes = f.classes[:len(f.classes)-1] // likewise
	}
	l.beforeLast, l.last, l.newline = l.last, t, false
}

// readToken reads one token, or white space or a comment before it.
func (l *lexer) readToken() {
	c := l.text[l.offset]
	switch {
	case c == ' ' || c == '\t' || c == '\v' || c == '\f':
		l.offset++
	case c == '\n' || c == '\r':
		l.newline = true
		l.offset++
	case c == '/' && l.peek(1) == '/':
		l.skipLineComment()
	case c == '/' && l.peek(1) == '*':
		l.skipBlockComment()
	case c == '/':
		l.readSlash()
	case c == '"' || c == '\'':
		l.readString(c)
	case c == '`':
		l.offset++
		l.readTemplate(l.offset, true)
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		l.readNumber()
	case isWordStart(c) || c >= utf8.RuneSelf || c == '\\' || c == '#':
		l.readWord()
	default:
		l.readPunctuator(c)
	}
}

// readString reads a string with a quote on either side.
func (l *lexer) readString(quote byte) {
	start, plain := l.offset+1, true
	for i := start; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == quote:
			if i >= l.until {
				l.offset = i
				return
			}
			l.literals = append(l.literals, Literal{start, i, plain})
			l.endToken(i+1-l.offset, token{kind: 's', slash: divides})
			return
		case c == '\\':
			plain = false
			if i++; i+1 < len(l.text) && l.text[i] == '\r' && l.text[i+1] == '\n' {
				i++
			}
		case c == '\n' || c == '\r':
			l.fail(start, "a line ends inside a string")
			return
		}
	}
	l.fail(start, "a string does not end")
}

// readTemplate reads on in a template: to its end, or to where a substitution
// begins. The interior of a template is a literal if nothing is substituted.
func (l *lexer) readTemplate(start int, whole bool) {
	plain := true
	for i := l.offset; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '`':
			if i >= l.until {
				l.offset = i
				return
			}
			if whole {
				l.literals = append(l.literals, Literal{start, i, plain})
			}
			l.endToken(i+1-l.offset, token{kind: 's', slash: divides})
			return
		case c == '\\':
			plain = false
			i++
		case c == '$' && i+1 < len(l.text) && l.text[i+1] == '{':
			l.openFrame('`', frame{open: '`'}, i+2-l.offset)
			return
		}
	}
	l.fail(start, "a template does not end")
}

func (l *lexer) skipLineComment() {
	for l.offset < len(l.text) {
		r, n := utf8.DecodeRune(l.text[l.offset:])
		if isLineEnd(r) {
			return
		}
		l.offset += n
	}
}

func (l *lexer) skipBlockComment() {
	start := l.offset
	for l.offset += 2; l.offset < len(l.text); {
		if l.hasPrefix("*/") {
			l.offset += 2
			return
		}
		r, n := utf8.DecodeRune(l.text[l.offset:])
		l.newline = l.newline || isLineEnd(r)
		l.offset += n
	}
	l.fail(start, "a comment does not end")
}

// readSlash reads a division or a regular expression.
func (l *lexer) readSlash() {
	switch l.last.slash {
	case divides:
		l.endToken(1, token{kind: '/', slash: regular})
		return
	case unclear:
		l.fail(l.offset, "a slash may be a division or begin a regular expression")
		return
	}
	inClass := false
	for i := l.offset + 1; i < len(l.text); i++ {
		c := l.text[i]
		if c == '\\' {
			i++
		}
		if i >= len(l.text) {
			break
		}
		if r, _ := utf8.DecodeRune(l.text[i:]); isLineEnd(r) {
			l.fail(l.offset, "a line ends inside a regular expression")
			return
		}
		switch {
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case c == '/' && !inClass:
			for i++; i < len(l.text) && isWordPart(l.text[i]); i++ {
			}
			l.endToken(i-l.offset, token{kind: 's', slash: divides})
			return
		}
	}
	l.fail(l.offset, "a regular expression does not end")
}
