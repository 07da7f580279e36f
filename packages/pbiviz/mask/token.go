package mask

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Words after which an expression begins, so that a slash begins a regular
// expression; after all others but the vague ones it divides.
var beforeExpression = []string{
	"return", "typeof", "case", "in", "instanceof", "new", "delete", "void", "throw", "do", "else",
	"default", "extends", "break", "continue", "debugger",
}

// Words that are keywords in some places and names in others.
var vagueWords = []string{"yield", "await", "of"}

// Words before a { that opens statements, and before ( … ) with a statement
// behind.
var (
	beforeBlock     = []string{"else", "do", "try", "finally", "catch"}
	beforeCondition = []string{"if", "while", "for", "with"}
)

// word reads a name, a keyword or a white space beyond ASCII.
func (l *lexer) word() {
	start, escaped := l.at, false
	if l.text[l.at] == '#' { // a private member
		escaped = true
		l.at++
	}
	end := l.at
	for end < len(l.text) {
		r, n := utf8.DecodeRune(l.text[end:])
		switch {
		case r == '\\':
			if n = unicodeEscape(l.text[end:]); n == 0 {
				l.fail(end, "a backslash stands outside of a string")
				return
			}
			escaped = true
		case r < utf8.RuneSelf && !wordPart(byte(r)), space(r):
			n = 0
		}
		if n == 0 {
			break
		}
		end += n
	}
	if end == l.at {
		l.blank(start)
		return
	}
	word := string(l.text[start:end])
	l.at = start
	if escaped || l.last.kind == '.' {
		word = "" // a name, whatever it spells
	}
	l.named(word, end-start)
}

// blank passes over white space beyond ASCII.
func (l *lexer) blank(start int) {
	r, n := utf8.DecodeRune(l.text[l.at:])
	if !space(r) || l.at != start {
		l.fail(start, "no token begins like this")
		return
	}
	l.newline = l.newline || lineEnd(r)
	l.at += n
}

// named ends a token that is a word.
func (l *lexer) named(word string, n int) {
	t := token{kind: 'w', word: word, slash: divides}
	switch {
	case slices.Contains(beforeExpression, word):
		t.slash = regular
	case slices.Contains(vagueWords, word):
		t.slash = unclear
	}
	here := l.place()
	switch word {
	case "function":
		if l.last.kind == 'w' && l.last.word == "async" && !l.newline {
			here = l.async
		}
		l.function = &here
	case "async":
		l.async = here
	case "class":
		l.frame().class = append(l.frame().class, here)
	}
	l.push(n, t)
}

func (l *lexer) number() {
	end := l.at
	for end < len(l.text) && (wordPart(l.text[end]) || l.text[end] == '.') {
		end++
	}
	l.push(end-l.at, token{kind: 's', slash: divides})
}

func (l *lexer) punctuator(c byte) {
	switch {
	case l.has("<!--"):
		l.fail(l.at, "an HTML-like comment, which scripts have and modules do not")
	case l.has("-->") && (l.newline || l.last.kind == 0):
		l.fail(l.at, "an HTML-like comment, which scripts have and modules do not")
	case c == '(' || c == '[' || c == '{':
		l.bracket(c)
	case c == ')' || c == ']' || c == '}':
		l.close(c)
	case l.has("=>"):
		l.push(2, token{kind: '>', slash: regular})
	case l.has("++") || l.has("--"):
		l.push(2, token{kind: '+', slash: l.step()})
	case l.has("..."):
		l.push(3, token{kind: ',', slash: regular})
	case bytes.IndexByte([]byte(".,;:?=<>+-*%&|^!~"), c) >= 0:
		if c == '>' {
			c = '<' // > stands for =>
		}
		if c == '+' || c == '-' {
			c = '%' // + stands for ++
		}
		l.push(1, token{kind: c, slash: regular})
	default:
		l.fail(l.at, "no token begins like this")
	}
}

// step says what a slash begins behind ++ or --: a division, if they belong to
// the expression before them.
func (l *lexer) step() slash {
	if l.newline && l.last.slash == divides {
		return regular
	}
	return l.last.slash
}

func (l *lexer) open(kind byte, f frame, n int) {
	if len(l.frames) >= maxNesting {
		l.fail(l.at, "brackets are nested too deep")
		return
	}
	l.push(n, token{kind: kind, slash: regular})
	l.frames = append(l.frames, f)
}

func (l *lexer) bracket(c byte) {
	f := frame{open: c, after: divides}
	switch c {
	case '(':
		f.function, l.function = l.function, nil
		if l.condition() {
			f.after = regular
		}
	case '{':
		f.kind, f.after = l.brace()
	}
	l.open(c, f, 1)
}

// condition says whether the ( that comes next is a statement's: if (…).
func (l *lexer) condition() bool {
	if l.last.kind != 'w' {
		return false
	}
	return slices.Contains(beforeCondition, l.last.word) || l.last.word == "await" && l.before.kind == 'w' && l.before.word == "for"
}

func (l *lexer) close(c byte) {
	f := *l.frame()
	want := map[byte]byte{'(': ')', '[': ']', '{': '}', '`': '}'}[f.open]
	if c != want || len(l.frames) == 1 {
		l.fail(l.at, "a bracket is closed that is not open")
		return
	}
	l.frames = l.frames[:len(l.frames)-1]
	if f.open == '`' {
		l.at++
		l.template(l.at, false)
		return
	}
	l.push(1, token{kind: c, slash: f.after, function: f.function})
}

// brace says what the { that comes next opens.
func (l *lexer) brace() (brace, slash) {
	f := l.frame()
	switch {
	case l.last.kind == ')' && l.last.function != nil:
		return block, l.last.function.after()
	case len(f.class) > 0 && !(l.last.kind == 'w' && l.last.word == "extends"):
		n := len(f.class) - 1
		stands := f.class[n]
		f.class = f.class[:n]
		return class, stands.after()
	case l.last.kind == ')':
		return block, regular // statements, or a method's body, which no slash follows
	case l.last.kind == '>':
		return block, unclear // an arrow function: readers differ when the line ends
	case l.last.kind == 'w' && l.last.word == "default":
		return object, divides
	case l.last.kind == 'w' && slices.Contains(beforeBlock, l.last.word):
		return block, regular
	}
	switch l.place() {
	case statement:
		return block, regular
	case expression:
		return object, divides
	}
	return vague, unclear
}

// place says where a function, a class or a { stands that comes next.
func (l *lexer) place() place {
	if f := l.frame(); f.open != '{' {
		return expression
	} else if l.last.kind == ':' {
		if f.kind == object {
			return expression
		}
		return eitherPlace // a label or a case before a statement, or a condition
	}
	switch l.last.kind {
	case 0, ';', '{', '}', ')', ']', 's', '+':
		return statement // else the line before would have to go on
	case 'w':
		return l.placeAfter(l.last.word)
	}
	return expression
}

func (l *lexer) placeAfter(word string) place {
	switch {
	case word == "else" || word == "do" || word == "default":
		return statement
	case slices.Contains(vagueWords, word), word == "async":
		return eitherPlace
	case slices.Contains(beforeExpression, word):
		if l.newline { // a return may have ended with its line
			return eitherPlace
		}
		return expression
	}
	return statement
}

// unicodeEscape returns the length of \uXXXX or \u{X…} that text begins with, or 0.
func unicodeEscape(text []byte) int {
	if len(text) < 6 || text[1] != 'u' {
		return 0
	}
	if text[2] != '{' {
		for _, c := range text[2:6] {
			if !hexDigit(c) {
				return 0
			}
		}
		return 6
	}
	n := 3
	for n < len(text) && hexDigit(text[n]) {
		n++
	}
	if n == 3 || n >= len(text) || text[n] != '}' {
		return 0
	}
	return n + 1
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func hexDigit(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func wordStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$'
}

func wordPart(c byte) bool { return wordStart(c) || digit(c) }

// lineEnd says whether a character ends a line, and with it a comment.
func lineEnd(r rune) bool { return r == '\n' || r == '\r' || r == 0x2028 || r == 0x2029 }

// space says whether a character beyond ASCII is white space.
func space(r rune) bool {
	return r >= utf8.RuneSelf && (lineEnd(r) || r == 0xfeff || unicode.Is(unicode.Zs, r))
}
