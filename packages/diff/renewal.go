package diff

import (
	"bytes"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/mask"
)

// CompareMasked is Compare for vendors who build their licenses into the
// package. What masked returns digests a package without the license; where it
// is equal on both sides, nothing but the license differs, and the class is
// LicenseOnly. Where it fails, the packages are compared as they are.
func CompareMasked[M ~string](from, to *pbiviz.Package, masked func(*pbiviz.Package) (M, error)) Diff {
	d := Compare(from, to)
	if !d.Class.AtLeast(Metadata) {
		return d
	}
	before, err := masked(from)
	var after M
	if err == nil {
		after, err = masked(to)
	}
	switch {
	case err != nil:
		d.Findings = append(d.Findings, Finding{Note, "diff.license_unmasked", "the packages could not be compared without the license inside: " + err.Error()})
		return d
	case before == "" || before != after:
		return d
	}
	c := newComparison(from, to)
	c.raiseClass(LicenseOnly)
	c.compareStatements()
	c.addNote("diff.license_masked", "only the vendor's license inside the package changed: without it, both hold the same")
	return c.diff
}

// noteLikelyRenewal says so when a package looks like a renewal and cannot be proven one:
// nothing differs but one string of the script that may well be a license. It
// is a hint for the person who decides, and never lowers the class.
func (c *comparison) noteLikelyRenewal() {
	x, y := c.from.Code().Script, c.to.Code().Script
	before, after, ok := findOneString(x, y)
	if !ok || !isLiteral(x, before) { // then it is one of y too: all before it is equal
		return
	}
	if withoutString(c.from, before) == withoutString(c.to, after) {
		c.addNote("diff.renewal_unproven", "this looks like a renewal, and cannot be proven one: only one string of the script changed (%d characters, then %d)",
			before.End-before.Start, after.End-after.Start)
	}
}

// What may well be a license: a key, a number or a date, and no URL.
const (
	minLicense = 8
	maxLicense = 8 << 10
)

// findOneString finds the string of either script in which alone they differ.
func findOneString(x, y []byte) (before, after mask.Literal, ok bool) {
	start := 0
	for start < min(len(x), len(y)) && x[start] == y[start] {
		start++
	}
	same := 0
	for same < min(len(x), len(y))-start && x[len(x)-1-same] == y[len(y)-1-same] {
		same++
	}
	for start > 0 && isLicenseChar(x[start-1]) {
		start--
	}
	for same > 0 && isLicenseChar(x[len(x)-same]) {
		same--
	}
	before = mask.Literal{Start: start, End: len(x) - same, Plain: true}
	after = mask.Literal{Start: start, End: len(y) - same, Plain: true}
	return before, after, len(x)+len(y) > 0 && !bytes.Equal(x, y) && looksLikeLicense(x[before.Start:before.End]) && looksLikeLicense(y[after.Start:after.End])
}

func looksLikeLicense(text []byte) bool {
	return minLicense <= len(text) && len(text) <= maxLicense && !bytes.Contains(text, []byte("//")) &&
		!slices.ContainsFunc(text, func(c byte) bool { return !isLicenseChar(c) })
}

func isLicenseChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("+/=_-.:~|", c) >= 0
}

func isLiteral(script []byte, l mask.Literal) bool {
	found, err := mask.Literals(script, l.End+1)
	return err == nil && slices.Contains(found, l)
}

// withoutString digests a package without one string of its script. Where that
// cannot be done, the digest is the file's and equals no other.
func withoutString(p *pbiviz.Package, l mask.Literal) string {
	r, err := mask.InScript(p, l.Start, l.End)
	if err != nil {
		return "of " + p.Digest().String()
	}
	digest, err := mask.Digest(p, []mask.Region{r})
	if err != nil {
		return "of " + p.Digest().String()
	}
	return digest
}
