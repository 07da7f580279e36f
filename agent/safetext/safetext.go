// Package safetext makes text that strangers wrote fit for people to read: a name
// in a package or a library can do nothing to a terminal.
package safetext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns text that strangers wrote fit for one line of a terminal: control
// characters, line ends, and characters that are invisible or turn the reading
// direction around are written as escapes.
func Line(s string) string { return escaped(s, "") }

// Lines is Line for text of several lines: line ends stay.
func Lines(s string) string { return escaped(strings.ReplaceAll(s, "\r\n", "\n"), "\n") }

func escaped(s, keep string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || r == utf8.RuneError }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case unicode.IsGraphic(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		s = s[n:]
	}
	return b.String()
}
