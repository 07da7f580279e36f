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

// readWord reads a name, a keyword or a white space beyond ASCII.
func (l *lexer) readWord() {
	start, escaped := l.offset, false
	if l.text[l.offset] == '#' { // a private member
		escaped = true
		l.offset++
	}
	end := l.offset
	for end < len(l.text) {
		r, n := utf8.DecodeRune(l.text[end:])
		switch {
		case r == '\\':
			if n = unicodeEscapeLength(l.text[end:]); n == 0 {
				l.fail(end, "a backslash stands outside of a string")
				return
			}
			escaped = true
		case r < utf8.RuneSelf && !isWordPart(byte(r)), isSpace(r):
			n = 0
		}
		if n == 0 {
			break
		}
		end += n
	}
	if end == l.offset {
		l.skipBlank(start)
		return
	}
	word := string(l.text[start:end])
	l.offset = start
	if escaped || l.last.kind == '.' {
		word = "" // a name, whatever it spells
	}
	l.endWord(word, end-start)
}

// skipBlank passes over white space beyond ASCII.
func (l *lexer) skipBlank(start int) {
	r, n := utf8.DecodeRune(l.text[l.offset:])
	if !isSpace(r) || l.offset != start {
		l.fail(start, "no token begins like this")
		return
	}
	l.newline = l.newline || isLineEnd(r)
	l.offset += n
}

// endWord ends a token that is a word.
func (l *lexer) endWord(word string, n int) {
	t := token{kind: 'w', word: word, slash: divides}
	switch {
	case slices.Contains(beforeExpression, word):
		t.slash = regular
	case slices.Contains(vagueWords, word):
		t.slash = unclear
	}
	here := l.classifyPlace()
	switch word {
	case "function":
		if l.last.kind == 'w' && l.last.word == "async" && !l.newline {
			here = l.async
		}
		l.function = &here
	case "async":
		l.async = here
	case "class":
		l.currentFrame().classes = append(l.currentFrame().classes, here)
	}
	l.endToken(n, t)
}

func (l *lexer) readNumber() {
	end := l.offset
	for end < len(l.text) && (isWordPart(l.text[end]) || l.text[end] == '.') {
		end++
	}
	l.endToken(end-l.offset, token{kind: 's', slash: divides})
}

func (l *lexer) readPunctuator(c byte) {
	switch {
	case l.hasPrefix("<!--"):
		l.fail(l.offset, "an HTML-like comment, which scripts have and modules do not")
	case l.hasPrefix("-->") && (l.newline || l.last.kind == 0):
		l.fail(l.offset, "an HTML-like comment, which scripts have and modules do not")
	case c == '(' || c == '[' || c == '{':
		l.openBracket(c)
	case c == ')' || c == ']' || c == '}':
		l.closeBracket(c)
	case l.hasPrefix("=>"):
		l.endToken(2, token{kind: '>', slash: regular})
	case l.hasPrefix("++") || l.hasPrefix("--"):
		l.endToken(2, token{kind: '+', slash: l.slashAfterStep()})
	case l.hasPrefix("..."):
		l.endToken(3, token{kind: ',', slash: regular})
	case bytes.IndexByte([]byte(".,;:?=<>+-*%&|^!~"), c) >= 0:
		if c == '>' {
			c = '<' // > stands for =>
		}
		if c == '+' || c == '-' {
			c = '%' // + stands for ++
		}
		l.endToken(1, token{kind: c, slash: regular})
	default:
		l.fail(l.offset, "no token begins like this")
	}
}

// slashAfterStep says what a slash begins behind ++ or --: a division, if they belong to
// the expression before them.
func (l *lexer) slashAfterStep() slashMeaning {
	if l.newline && l.last.slash == divides {
		return regular
	}
	return l.last.slash
}

func (l *lexer) openFrame(kind byte, f frame, n int) {
	if len(l.frames) >= maxNesting {
		l.fail(l.offset, "brackets are nested too deep")
		return
	}
	l.endToken(n, token{kind: kind, slash: regular})
	l.frames = append(l.frames, f)
}

func (l *lexer) openBracket(c byte) {
	f := frame{open: c, slashAfter: divides}
	switch c {
	case '(':
		f.function, l.function = l.function, nil
		if l.isCondition() {
			f.slashAfter = regular
		}
	case '{':
		f.kind, f.slashAfter = l.classifyBrace()
	}
	l.openFrame(c, f, 1)
}

// isCondition says whether the ( that comes next is a statement's: if (…).
func (l *lexer) isCondition() bool {
	if l.last.kind != 'w' {
		return false
	}
	return slices.Contains(beforeCondition, l.last.word) || l.last.word == "await" && l.beforeLast.kind == 'w' && l.beforeLast.word == "for"
}

func (l *lexer) closeBracket(c byte) {
	f := *l.currentFrame()
	want := map[byte]byte{'(': ')', '[': ']', '{': '}', '`': '}'}[f.open]
	if c != want || len(l.frames) == 1 {
		l.fail(l.offset, "a bracket is closed that is not open")
		return
	}
	l.frames = l.frames[:len(l.frames)-1]
	if f.open == '`' {
		l.offset++
		l.readTemplate(l.offset, false)
		return
	}
	l.endToken(1, token{kind: c, slash: f.slashAfter, function: f.function})
}

// classifyBrace says what the { that comes next opens.
func (l *lexer) classifyBrace() (braceKind, slashMeaning) {
	f := l.currentFrame()
	switch {
	case l.last.kind == ')' && l.last.function != nil:
		return block, l.last.function.slashAfter()
	case len(f.classes) > 0 && !(l.last.kind == 'w' && l.last.word == "extends"):
		n := len(f.classes) - 1
		stands := f.classes[n]
		f.classes = f.classes[:n]
		return class, stands.slashAfter()
	case l.last.kind == ')':
		return block, regular // statements, or a method's body, which no slash follows
	case l.last.kind == '>':
		return block, unclear // an arrow function: readers differ when the line ends
	case l.last.kind == 'w' && l.last.word == "default":
		return object, divides
	case l.last.kind == 'w' && slices.Contains(beforeBlock, l.last.word):
		return block, regular
	}
	switch l.classifyPlace() {
	case statement:
		return block, regular
	case expression:
		return object, divides
	}
	return vague, unclear
}

// classifyPlace says where a function, a class or a { stands that comes next.
func (l *lexer) classifyPlace() place {
	if f := l.currentFrame(); f.open != '{' {
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

// unicodeEscapeLength returns the length of \uXXXX or \u{X…} that text begins with, or 0.
func unicodeEscapeLength(text []byte) int {
	if len(text) < 6 || text[1] != 'u' {
		return 0
	}
	if text[2] != '{' {
		for _, c := range text[2:6] {
			if !isHexDigit(c) {
				return 0
			}
		}
		return 6
	}
	n := 3
	for n < len(text) && isHexDigit(text[n]) {
		n++
	}
	if n == 3 || n >= len(text) || text[n] != '}' {
		return 0
	}
	return n + 1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHexDigit(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func isWordStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$'
}

func isWordPart(c byte) bool { return isWordStart(c) || isDigit(c) }

// isLineEnd says whether a character ends a line, and with it a comment.
func isLineEnd(r rune) bool { return r == '\n' || r == '\r' || r == 0x2028 || r == 0x2029 }

// isSpace says whether a character beyond ASCII is white space.
func isSpace(r rune) bool {
	return r >= utf8.RuneSelf && (isLineEnd(r) || r == 0xfeff || unicode.Is(unicode.Zs, r))
}
