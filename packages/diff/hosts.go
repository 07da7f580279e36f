package diff

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// compareHosts compares whom the code names by URL. It is a hint, not a proof: a script
// can put a URL together from pieces.
func (c *comparison) compareHosts() {
	x, y := hostsOf(c.from.Code()), hostsOf(c.to.Code())
	c.diff.Hosts.Added, c.diff.Hosts.Removed = keysOnlyIn(y, x), keysOnlyIn(x, y)
	for _, h := range c.diff.Hosts.Added {
		c.addFinding(Security, "diff.new_url", "the code names a URL of a host it did not name before: %s", quote(h))
	}
}

// namespaceHost is the host in the names of SVG and XHTML, which nobody fetches.
// Reporting the first use of SVG would train people to ignore the finding.
const namespaceHost = "www.w3.org"

func hostsOf(code pbiviz.Code) map[string]bool {
	found := map[string]bool{}
	addHosts(found, code.Script)
	addHosts(found, code.Style)
	for _, e := range code.External {
		addHosts(found, []byte(e))
	}
	delete(found, namespaceHost)
	return found
}

// addHosts adds the host of every URL in text: scheme://host, also with the
// slashes escaped as JavaScript allows, and //host just after a quote.
func addHosts(found map[string]bool, text []byte) {
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '/')
		if n < 0 {
			return
		}
		start := i + n
		i = start + 1
		end, ok := slashesAt(text, start)
		if !ok {
			continue
		}
		scheme, ok := schemeBefore(text, start)
		if !ok {
			continue
		}
		kind := kindOfScheme(scheme)
		if kind == libraryScheme {
			continue
		}
		// After no scheme, "//" may as well begin a comment.
		host := parseHost(text[end:])
		if host != "" && (kind == webScheme || strings.Contains(host, ".")) {
			found[host] = true
		}
		i = end
	}
}

// slashesAt says whether two slashes begin at the one at i, and where they end.
func slashesAt(text []byte, i int) (end int, ok bool) {
	rest := text[i+1:]
	if bytes.HasPrefix(rest, []byte(`/`)) {
		return i + 2, true
	}
	if i > 0 && text[i-1] == '\\' && bytes.HasPrefix(rest, []byte(`\/`)) {
		return i + 3, true
	}
	return 0, false
}

// schemeBefore returns the scheme before the slashes at i. It is empty after a quote,
// and not ok after anything else.
func schemeBefore(text []byte, i int) (scheme string, ok bool) {
	if i > 0 && text[i-1] == '\\' {
		i--
	}
	if i == 0 {
		return "", false
	}
	switch text[i-1] {
	case '"', '\'', '`', '(':
		return "", true
	case ':':
		start := i - 1
		for start > 0 && i-start <= maxScheme && isAlphanumeric(text[start-1]) {
			start--
		}
		return string(text[start : i-1]), start < i-1
	}
	return "", false
}

// maxScheme bounds what is taken for a scheme, in bytes.
const maxScheme = 16

// A schemeKind says what follows the slashes after a scheme.
type schemeKind int

const (
	webScheme     schemeKind = iota // a browser goes out to the host that follows
	unsureScheme                    // none, or one that may be a web scheme behind other text
	libraryScheme                   // a name that only a library understands, as in mapbox://styles.v8
)

// kindOfScheme says what a scheme is. The text before it may run into it: the n of an
// escaped line break does.
func kindOfScheme(scheme string) schemeKind {
	scheme = strings.ToLower(scheme)
	kind := libraryScheme
	for _, web := range []string{"http", "https", "ws", "wss", "ftp"} {
		switch {
		case scheme == web:
			return webScheme
		case strings.HasSuffix(scheme, web):
			kind = unsureScheme
		}
	}
	if scheme == "" {
		return unsureScheme
	}
	return kind
}

// maxHost bounds what is taken for a host, in bytes; DNS allows 253.
const maxHost = 255

// parseHost reads the host that text begins with, in lower case, without user and
// port. What a template puts in at run time becomes *. Empty if there is none.
func parseHost(text []byte) string {
	text = text[:min(len(text), 2*maxHost)]
	authority := maskSubstitutions(text)
	if i := strings.IndexAny(authority, "/\\?#\"'`<>() \t\r\n,;|^{}"); i >= 0 {
		authority = authority[:i]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	if address, ok := strings.CutPrefix(authority, "["); ok {
		address, _, _ = strings.Cut(address, "]")
		return parseIPv6(address)
	}
	authority, _, _ = strings.Cut(authority, ":")
	authority = strings.ToLower(strings.Trim(authority, "."))
	if len(authority) > maxHost || strings.ContainsFunc(authority, isNotHostChar) {
		return ""
	}
	return authority
}

func parseIPv6(address string) string {
	address = strings.ToLower(address)
	if address == "" || strings.Trim(address, "0123456789abcdef:.") != "" {
		return ""
	}
	return "[" + address + "]"
}

// maskSubstitutions replaces each ${…} by *: no part of the script is repeated.
func maskSubstitutions(text []byte) string {
	s := string(text)
	for {
		before, rest, ok := strings.Cut(s, "${")
		if !ok {
			return s
		}
		_, after, ok := strings.Cut(rest, "}")
		if !ok {
			return before + "*"
		}
		s = before + "*" + after
	}
}

func isNotHostChar(r rune) bool {
	return !(r < 0x80 && isAlphanumeric(byte(r)) || strings.ContainsRune("-._*", r) ||
		r >= 0x80 && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)))
}

func isAlphanumeric(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
