// Package pin knows pins as people write them: one version, or constraints that
// a version must satisfy. It does not know what is installed or available.
//
// Versions are numbers of up to four parts, a missing part being 0, so the pin
// 1.4 allows 1.4.0.0 and nothing else. Where several packages have one version, the
// pin 1.4@sha256:… names one of them, by its digest. The license is never pinned: it
// floats to the one that lasts longest.
package pin

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	// maxText bounds a pin's length, in bytes.
	maxText = 256
	// maxTerms bounds how many constraints one pin joins.
	maxTerms = 16
)

// The codes of a pin that cannot be read, or that no version satisfies. All are
// refusals.
const (
	CodeEmpty       verdict.Code = "pin.empty"
	CodeTooLong     verdict.Code = "pin.too_long"
	CodeForm        verdict.Code = "pin.form"
	CodeVersion     verdict.Code = "pin.version"
	CodePessimistic verdict.Code = "pin.pessimistic"
	CodeImpossible  verdict.Code = "pin.impossible"
	CodeDigest      verdict.Code = "pin.digest"
)

// example ends every hint: the grammar is learned fastest from it.
const example = `examples: "1.4.0.0", "~> 1.4", ">= 1.4, < 2"`

// term is one constraint: an operator, which only a pin's sole term may lack,
// then a version, which visual.Version checks.
var term = regexp.MustCompile(`^(|=|!=|>|>=|<|<=|~>) *([^ =!<>~,]+)$`)

// A Pin is what a tenant wants of a visual's version. The zero Pin allows
// nothing. Pins are compared with Equal.
type Pin struct {
	written     string
	exact       visual.Version // zero if constraints decide
	digest      visual.Digest  // of the package that is meant; zero if any of its version is
	constraints []constraint   // all must hold
}

// A constraint is an operator and the version to its right. The operator ~> is
// kept as two constraints, >= and <.
type constraint struct {
	op      string
	version visual.Version
}

// allows says whether a version satisfies the constraint.
func (c constraint) allows(v visual.Version) bool {
	compared := v.Compare(c.version)
	switch c.op {
	case "=":
		return compared == 0
	case "!=":
		return compared != 0
	case ">":
		return compared > 0
	case ">=":
		return compared >= 0
	case "<":
		return compared < 0
	case "<=":
		return compared <= 0
	}
	return false
}

// Parse reads a pin: a version such as 1.4.0.0, or constraints joined by
// commas, all of which must hold, each one of = != > >= < <= ~> and a version.
// "~> 1.4" allows from 1.4 up to below 2; "~> 1.4.2" from 1.4.2 up to below 1.5.
// One version may be followed by @ and the digest of a package, as in
// 1.4.0.0@sha256:… Space around the pin is dropped. A pin that no version satisfies is refused, too.
// The error is a *verdict.Refusal.
func Parse(s string) (Pin, error) {
	p, err := read(s)
	switch {
	case err != nil:
		return Pin{}, err
	case !p.isSatisfiable():
		return Pin{}, refuse(CodeImpossible, fmt.Sprintf("no version satisfies the pin %q", p),
			"a version must satisfy all constraints of a pin: change one or leave it out")
	}
	return p, nil
}

// read reads a pin, whether or not a version satisfies it.
func read(s string) (Pin, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return Pin{}, refuse(CodeEmpty, "a pin is empty", "write a version or a constraint")
	case len(s) > maxText:
		return Pin{}, refuse(CodeTooLong, fmt.Sprintf("a pin has %d characters; at most %d are allowed", len(s), maxText), "write fewer constraints")
	}
	versions, digest, named := strings.Cut(s, "@")
	p, err := readVersions(s, versions)
	if err != nil || !named {
		return p, err
	}
	p.digest, err = visual.ParseDigest(digest)
	switch {
	case err != nil:
		return Pin{}, refuse(CodeDigest, fmt.Sprintf("cannot read the pin %q: %v", s, err), "write VERSION@sha256: and 64 hex digits, as orgstore package list -o json shows them")
	case p.digest.IsZero():
		return Pin{}, refuse(CodeDigest, fmt.Sprintf("cannot read the pin %q: no package has that digest", s), "write the digest of a package, as orgstore package list -o json shows it")
	case p.exact.IsZero():
		return Pin{}, refuse(CodeDigest, fmt.Sprintf("cannot read the pin %q: a digest names one package, so one version must stand before it", s), "write VERSION@sha256: and 64 hex digits, or leave the digest out")
	}
	return p, nil
}

// readVersions reads what the pin written says of versions.
func readVersions(written, versions string) (Pin, error) {
	texts := strings.Split(versions, ",")
	if len(texts) > maxTerms {
		return Pin{}, refuse(CodeTooLong, fmt.Sprintf("a pin has %d constraints; at most %d are allowed", len(texts), maxTerms), "write fewer constraints")
	}
	p := Pin{written: written}
	for _, text := range texts {
		op, v, err := parseTerm(written, strings.Trim(text, " "), len(texts) == 1)
		if err != nil {
			return Pin{}, err
		}
		if len(texts) == 1 && (op == "" || op == "=") {
			p.exact = v
			return p, nil
		}
		if op != "~>" {
			p.constraints = append(p.constraints, constraint{op, v})
			continue
		}
		next, _ := v.NextSeries() // parseTerm has refused a version that has none
		p.constraints = append(p.constraints, constraint{">=", v}, constraint{"<", next})
	}
	return p, nil
}

// parseTerm reads one constraint of the pin written.
func parseTerm(written, text string, sole bool) (op string, v visual.Version, err error) {
	m := term.FindStringSubmatch(text)
	if m == nil || m[1] == "" && !sole {
		return "", v, refuse(CodeForm,
			fmt.Sprintf("cannot read the pin %q: %q is not an operator and a version", written, text),
			"join constraints with commas; the operators are = != > >= < <= and ~>")
	}
	op = m[1]
	v, err = visual.ParseVersion(m[2])
	if fault := v.FormFault(); err != nil || fault != "" {
		if err != nil {
			fault = "it is no version"
		}
		return "", v, refuse(CodeVersion,
			fmt.Sprintf("cannot read the pin %q: %q is not a version of one to four numbers: %s", written, m[2], fault),
			"write numbers joined by dots, without v, leading zeros, * or a suffix such as -beta")
	}
	if _, ok := v.NextSeries(); op == "~>" && !ok {
		return "", v, refuse(CodePessimistic,
			fmt.Sprintf("cannot read the pin %q: ~> %s leaves open which number may rise", written, v),
			fmt.Sprintf("write ~> %s.0 for any %s.x, or >= %s for anything from %s on", v, v, v, v))
	}
	return op, v, nil
}

func refuse(code verdict.Code, message, hint string) error {
	return verdict.Refuse(code, message, hint+"; "+example)
}

// Allows says whether a version satisfies the pin, whatever package has it. A version
// that is not Deployable never does.
func (p Pin) Allows(v visual.Version) bool {
	switch {
	case p.IsZero() || !v.Deployable():
		return false
	case !p.exact.IsZero():
		return p.exact.Equal(v)
	}
	return !slices.ContainsFunc(p.constraints, func(c constraint) bool { return !c.allows(v) })
}

// isSatisfiable says whether the pin allows any version at all. Of the versions that a
// pin allows, the lowest is 0, or the version before it breaks a constraint that it
// holds itself: then it is the version of that constraint, or the next one.
func (p Pin) isSatisfiable() bool {
	if !p.exact.IsZero() {
		return true
	}
	first, _ := visual.ParseVersion("0")
	if p.Allows(first) {
		return true
	}
	for _, c := range p.constraints {
		if p.Allows(c.version) {
			return true
		}
		if next, ok := c.version.Successor(); ok && p.Allows(next) {
			return true
		}
	}
	return false
}

// String returns the pin as it was written.
func (p Pin) String() string { return p.written }

// Short returns the pin for people: a digest is cut, as Digest.Short does.
func (p Pin) Short() string {
	versions, _, named := strings.Cut(p.written, "@")
	if !named {
		return p.written
	}
	return versions + "@" + p.digest.Short()
}

// Digest returns the digest of the package that the pin names, if it names one.
func (p Pin) Digest() (visual.Digest, bool) { return p.digest, !p.digest.IsZero() }

// Exact returns the one version the pin allows, as it was written, where the
// pin is a version or = and a version.
func (p Pin) Exact() (visual.Version, bool) { return p.exact, !p.exact.IsZero() }

// IsZero says whether nothing is pinned.
func (p Pin) IsZero() bool { return p.written == "" }

// Equal says whether two pins are written alike. Pins that allow the same
// versions in other words are not equal: editing a pin lifts a block.
func (p Pin) Equal(q Pin) bool { return p.written == q.written }

// MarshalText writes the pin as it was written.
func (p Pin) MarshalText() ([]byte, error) { return []byte(p.written), nil }

// UnmarshalText reads a pin like Parse; an empty one is refused.
func (p *Pin) UnmarshalText(b []byte) error {
	q, err := Parse(string(b))
	if err != nil {
		return err
	}
	*p = q
	return nil
}
