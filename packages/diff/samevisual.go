package diff

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// whyOtherVisual says why two packages look like different visuals, whatever their
// GUIDs: packages of one GUID have held different visuals. Empty if they do not.
//
// A changed name alone proves nothing: vendors add their own name, spaces, and the
// version at every release. So names are compared without those, and a visual that
// keeps its data roles and properties is the same under any name.
func (c *comparison) whyOtherVisual() string {
	if c.hasSameProgram() {
		return ""
	}
	before, after := c.from.Manifest(), c.to.Manifest()
	kept := keptFeatures(c.from.Capabilities(), c.to.Capabilities())
	changed := "its name changed from " + quote(before.DisplayName) + " to " + quote(after.DisplayName)
	switch relateNames(before, after) {
	case unlikeNames:
		if !kept.isSameVisual() {
			return changed
		}
	case relatedNames:
		identifiers := relateWords(nameWords(before.Name, nil), nameWords(after.Name, nil))
		if identifiers == unlikeNames && !kept.isSameVisual() || identifiers == relatedNames && kept.isOtherVisual() {
			return changed
		}
	}
	if kept.areRolesGone() && !kept.isMostlyKept() {
		return "none of its data roles is left"
	}
	return ""
}

// hasSameProgram says whether both packages run the same script with the same
// capabilities: then it is the same visual, whatever it is called.
func (c *comparison) hasSameProgram() bool {
	return string(c.from.Code().Script) == string(c.to.Code().Script) &&
		reflect.DeepEqual(c.from.Capabilities(), c.to.Capabilities())
}

// features counts what two packages declare that tells visuals apart.
type features struct {
	rolesBefore, rolesAfter, rolesKept int
	// telling are the roles and properties that not every visual has: of the
	// package that declares fewer, and those that both declare.
	tellingFewer, tellingKept int
}

// keptFeatures compares roles and properties by name. The roles are counted all; for
// the rest, what visuals of every kind have is left out.
func keptFeatures(before, after pbiviz.Capabilities) features {
	rolesBefore, rolesAfter := byName(before.Roles, roleName), byName(after.Roles, roleName)
	f := features{
		rolesBefore: len(rolesBefore), rolesAfter: len(rolesAfter),
		rolesKept: len(keysInBoth(rolesBefore, rolesAfter)),
	}
	x, y := tellingFeatures(before), tellingFeatures(after)
	f.tellingFewer, f.tellingKept = min(len(x), len(y)), len(keysInBoth(x, y))
	return f
}

// tellingFeatures names the roles and properties of a visual without those that
// visuals of every kind have in common.
func tellingFeatures(c pbiviz.Capabilities) map[string]bool {
	found := map[string]bool{}
	for _, r := range c.Roles {
		if !isCommonRole(r.Name) {
			found["role "+r.Name] = true
		}
	}
	for _, o := range c.Objects {
		if isCommonObject(o.Name) {
			continue
		}
		for _, p := range o.Properties {
			found["property "+o.Name+"."+p.Name] = true
		}
	}
	return found
}

// isCommonRole says whether visuals of every kind have a role: those that Microsoft's
// packager begins with, and those of Power BI's own charts.
func isCommonRole(name string) bool {
	switch strings.ToLower(name) {
	case "category", "measure", "values", "series", "x", "y", "size", "gradient", "legend", "details", "tooltips":
		return true
	}
	return false
}

// isCommonObject says whether visuals of every kind have a formatting object: those
// that Microsoft's packager begins with, those of Power BI's own charts, and those
// that the host demands by name.
func isCommonObject(name string) bool {
	switch name {
	case "general", "dataPoint", "dataCard", "colorSelector", "rcv_script", "legend", "labels", "categoryAxis", "valueAxis":
		return true
	}
	return false
}

// minTelling is how many kept roles and properties tell that a visual is the same.
// With fewer, two visuals may well have them in common by chance.
const minTelling = 4

// isMostlyKept says whether enough is kept to know the visual by it.
func (f features) isMostlyKept() bool {
	return f.tellingKept >= minTelling && 2*f.tellingKept >= f.tellingFewer
}

// isSameVisual says whether reports that use the one would find in the other, under
// any name, most of what they use.
func (f features) isSameVisual() bool {
	return f.isMostlyKept() && 2*f.rolesKept >= min(f.rolesBefore, f.rolesAfter)
}

// isOtherVisual says whether enough is declared to know the visual by it, and most of
// it is gone.
func (f features) isOtherVisual() bool {
	return f.tellingFewer >= minTelling && 2*f.tellingKept < f.tellingFewer
}

// areRolesGone says whether both declare roles, and none is the same.
func (f features) areRolesGone() bool {
	return f.rolesBefore > 0 && f.rolesAfter > 0 && f.rolesKept == 0
}

// A nameRelation says how much two visuals' names have to do with each other.
type nameRelation int

const (
	unlikeNames  nameRelation = iota
	relatedNames              // they share a word that says something, or one contains the other
	sameNames                 // they differ in vendor, version, spacing, or edition only
)

func relateNames(before, after pbiviz.Manifest) nameRelation {
	vendors := vendorWords(before)
	for w := range vendorWords(after) {
		vendors[w] = true
	}
	return relateWords(nameWords(before.DisplayName, vendors), nameWords(after.DisplayName, vendors))
}

// relateWords relates two names that were split into words.
func relateWords(x, y []string) nameRelation {
	a, b := strings.Join(x, ""), strings.Join(y, "")
	if a == b {
		return sameNames
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) >= minContained && strings.Contains(b, a) {
		return relatedNames
	}
	known := map[string]bool{}
	for _, w := range x {
		known[w] = !isChartWord(w)
	}
	for _, w := range y {
		if known[w] {
			return relatedNames
		}
	}
	return unlikeNames
}

// minContained is the shortest name that means something inside another, in bytes.
const minContained = 4

// isChartWord says whether a word is in the names of visuals of every kind.
func isChartWord(word string) bool {
	switch word {
	case "chart", "charts", "plot", "graph", "diagram":
		return true
	}
	return false
}

// nameWords splits a name into words in lower case, without vendor, version, and
// edition. A name that is made of nothing else keeps all its words.
func nameWords(name string, vendors map[string]bool) []string {
	all := splitWords(name)
	var telling []string
	for i, w := range all {
		if w == "by" && len(telling) > 0 { // what follows is whose it is
			break
		}
		if vendors[w] || isEditionWord(w) || isVersionWord(w) || isVendorPart(all, i, vendors) {
			continue
		}
		telling = append(telling, strings.TrimRight(w, "0123456789"))
	}
	if len(telling) == 0 {
		return all
	}
	return telling
}

// isVendorPart says whether the word at i, with the one before or after it, is the
// vendor's name, which is written apart in one place and together in another.
func isVendorPart(words []string, i int, vendors map[string]bool) bool {
	return i > 0 && vendors[words[i-1]+words[i]] || i+1 < len(words) && vendors[words[i]+words[i+1]]
}

// vendorWords lists the words of a package's author, and all of them as one word.
func vendorWords(m pbiviz.Manifest) map[string]bool {
	words := splitWords(m.AuthorName)
	found := map[string]bool{}
	for _, w := range words {
		if !isChartWord(w) {
			found[w] = true
		}
	}
	if len(words) > 0 {
		found[strings.Join(words, "")] = true
	}
	return found
}

// isEditionWord says whether a word of a name says which edition it is, or nothing.
func isEditionWord(word string) bool {
	switch word {
	case "version", "ver", "beta", "preview", "debug", "test", "trial", "new", "free", "lite", "light", "pro", "premium",
		"standard", "professional", "enterprise", "edition", "certified", "visual", "custom", "power", "bi", "powerbi", "for", "the":
		return true
	}
	return false
}

// isVersionWord says whether a word is a number, or one after a v.
func isVersionWord(word string) bool {
	return strings.Trim(strings.TrimPrefix(word, "v"), "0123456789") == ""
}

// splitWords splits a text at everything but letters and digits, in lower case.
func splitWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}
