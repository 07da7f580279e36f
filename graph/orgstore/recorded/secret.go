package recorded

import (
	"strings"
	"unicode"
)

// maxPlain is how many characters a value of unknown origin may have that look
// drawn by lot. What is longer may be a key to something.
const maxPlain = 15

// opaque says whether a text looks like an id, a key or a token rather than
// like words.
func opaque(s string) bool {
	mixed := 0
	for token := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		digit := strings.ContainsFunc(token, unicode.IsDigit)
		switch {
		case digit:
			mixed += len(token)
		case len(token) > maxPlain && switches(token) > len(token)/4:
			return true
		}
	}
	return mixed > maxPlain
}

// switches counts how often letters turn from small to capital.
func switches(s string) int {
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

// personal says whether a text holds something like an e-mail address.
func personal(s string) bool {
	i := strings.IndexByte(s, '@')
	return i > 0 && strings.Contains(s[i:], ".")
}

// secretName says whether a member, field or header of this name holds what
// must not be written down, however short.
func secretName(name string) bool {
	p := plainName(name)
	for _, w := range []string{"csrf", "xsrf", "token", "secret", "password", "signature", "authorization", "cookie", "credential", "antiforgery"} {
		if strings.Contains(p, w) {
			return true
		}
	}
	return p == "sig" || p == "code" || p == "session" || p == "sessionid" || p == "apikey"
}

// redacted is a path for people, without what looks like data.
func redacted(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if opaque(p) || personal(p) || len(p) > 60 || strings.ContainsFunc(p, unicode.IsDigit) && len(p) > 12 {
			parts[i] = "…"
		}
	}
	return shown(strings.Join(parts, "/"))
}
