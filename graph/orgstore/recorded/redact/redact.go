// Package redact says which texts of a recording look like data or secrets, and
// makes those that people are shown harmless. It knows no recording.
package redact

import (
	"cmp"
	"strings"
	"unicode"
)

// RedactHost is the host in an address, for a message.
func Host(s string) string {
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		rest = s
	}
	host, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = "…@" + host[i+1:]
	}
	return Printable(host)
}

// MaxPlain is how many characters a value of unknown origin may have that look
// drawn by lot. What is longer may be a key to something.
const MaxPlain = 15

// LooksRandom says whether a text looks like an id, a key or a token rather than
// like words.
func LooksRandom(s string) bool {
	mixed := 0
	for token := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		digit := strings.ContainsFunc(token, unicode.IsDigit)
		switch {
		case digit:
			mixed += len(token)
		case len(token) > MaxPlain && countCaseChanges(token) > len(token)/4:
			return true
		}
	}
	return mixed > MaxPlain
}

// countCaseChanges counts how often letters turn from small to capital.
func countCaseChanges(s string) int {
	n, small := 0, false
	for _, r := range s {
		upper := unicode.IsUpper(r)
		if upper && small {
			n++
		}
		small = !upper
	}
	return n
}

// LooksPersonal says whether a text holds something like an e-mail address.
func LooksPersonal(s string) bool {
	i := strings.IndexByte(s, '@')
	return i > 0 && strings.Contains(s[i:], ".")
}

// IsSecretName says whether a member, field or header of this name holds what
// must not be written down, however short.
func IsSecretName(name string) bool {
	p := FoldName(name)
	for _, w := range []string{"csrf", "xsrf", "token", "secret", "password", "signature", "authorization", "cookie", "credential", "antiforgery"} {
		if strings.Contains(p, w) {
			return true
		}
	}
	return p == "sig" || p == "code" || p == "session" || p == "sessionid" || p == "apikey"
}

// RedactPath is a path for people, without what looks like data.
func Path(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if LooksRandom(p) || LooksPersonal(p) || len(p) > 60 || strings.ContainsFunc(p, unicode.IsDigit) && len(p) > 12 {
			parts[i] = "…"
		}
	}
	return Printable(strings.Join(parts, "/"))
}

// MakePrintable makes a text fit for messages: names that a portal gave may be anything.
func Printable(path string) string {
	const most = 80
	path = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, path)
	if len(path) > most {
		path = path[:most] + "…"
	}
	return cmp.Or(path, "/")
}

// FoldName reduces a name to what two spellings of it share: package_id and
// packageId are alike.
func FoldName(s string) string {
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
