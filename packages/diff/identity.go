package diff

import (
	"strings"
	"unicode"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// identity compares who the visual is and who made it.
func (c *comparison) identity() {
	before, after := c.from.Manifest(), c.to.Manifest()
	if before.GUID != after.GUID {
		c.raise(Capabilities) // reports find a visual by its GUID only
		c.find(Breaking, "diff.guid", "the GUID changed from %s to %s: reports treat it as another visual", before.GUID, after.GUID)
	}
	if why := otherVisual(c.from, c.to); why != "" {
		c.find(Breaking, "diff.identity", "this looks like another visual: %s", why)
	} else if before.DisplayName != after.DisplayName {
		c.note("diff.name", "the name changed from %s to %s", quote(before.DisplayName), quote(after.DisplayName))
	}
	c.author(before, after)
	c.labels(before, after)
}

func (c *comparison) author(before, after pbiviz.Manifest) {
	if before.AuthorName == after.AuthorName {
		if before.AuthorEmail != after.AuthorEmail {
			c.note("diff.author_email", "the author's e-mail address changed")
		}
		return
	}
	severity := Note // packages without an author are common, and prove nothing
	if before.AuthorName != "" && after.AuthorName != "" {
		severity = Security
	}
	c.find(severity, "diff.author", "the author changed from %s to %s", quote(before.AuthorName), quote(after.AuthorName))
}

// labels compares what people read and see, apart from the name.
func (c *comparison) labels(before, after pbiviz.Manifest) {
	if before.Description != after.Description {
		c.note("diff.description", "the description changed")
	}
	if before.SupportURL != after.SupportURL {
		c.note("diff.support_url", "the support page's URL changed")
	}
	if before.SourceURL != after.SourceURL {
		c.note("diff.source_url", "the source code's URL changed")
	}
	if before.Generation != after.Generation {
		c.note("diff.generation", "the package's layout changed from the %s to the %s generation", before.Generation, after.Generation)
	}
	x, y := c.from.Code(), c.to.Code()
	if string(x.Icon) != string(y.Icon) {
		c.note("diff.icon", "the icon changed")
	}
	if someStrings(x) != someStrings(y) {
		c.note("diff.strings", "localized strings changed")
	}
}

// someStrings returns the localized strings; having an empty set of them is
// having none.
func someStrings(code pbiviz.Code) string {
	if s := string(code.Strings); s != "{}" {
		return s
	}
	return ""
}

// otherVisual says why two packages look like different visuals, whatever their
// GUIDs: packages of one GUID have held different visuals. Empty if they do not.
func otherVisual(from, to *pbiviz.Package) string {
	before, after := from.Manifest(), to.Manifest()
	if before.DisplayName != after.DisplayName {
		renamed := !strings.EqualFold(before.Name, after.Name)
		if renamed || !shareWord(before, after) {
			return "its name changed from " + quote(before.DisplayName) + " to " + quote(after.DisplayName)
		}
	}
	x, y := from.Capabilities().Roles, to.Capabilities().Roles
	if len(x) == 0 || len(y) == 0 {
		return ""
	}
	names := make(map[string]bool, len(x))
	for _, r := range x {
		names[r.Name] = true
	}
	for _, r := range y {
		if names[r.Name] {
			return ""
		}
	}
	return "none of its data roles is left"
}

// shareWord says whether two display names have a word in common that is not
// their author's: a vendor puts its own name on all its visuals.
func shareWord(a, b pbiviz.Manifest) bool {
	theirs := words(a.AuthorName + " " + b.AuthorName)
	known := words(a.DisplayName)
	for w := range words(b.DisplayName) {
		if known[w] && !theirs[w] && w != "by" {
			return true
		}
	}
	return false
}

func words(s string) map[string]bool {
	found := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	}) {
		found[w] = true
	}
	return found
}
