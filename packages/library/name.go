package library

import (
	"strings"
	"unicode"

	"github.com/orgstore/orgstore/packages/store/galleryexport"
)

// Arrives says whether a name is that of a package, a license, or the list of
// visuals that the admin portal exports. Left out are all others, and those of
// temporary files: starting with a dot or a tilde.
func Arrives(name string) bool {
	lower := strings.ToLower(name)
	return (strings.HasSuffix(lower, ".pbiviz") || strings.HasSuffix(lower, ".license") || galleryexport.IsName(name)) &&
		!strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "~")
}

// Legible makes a name safe to print and to store as JSON: what holds files
// allows line feeds, escape sequences and bytes that are no text in names.
func Legible(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
}
