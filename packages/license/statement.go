package license

import (
	"slices"
	"strings"
	"unicode"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// StatementSuffix ends the names of files that hold a license statement.
const StatementSuffix = ".license"

// IsStatementName reports whether a file's name is that of a license statement.
func IsStatementName(name string) bool {
	return strings.HasSuffix(strings.ToLower(name), StatementSuffix)
}

// A Statement is an authentic statement, not yet held against a package.
type Statement struct {
	Terms    Terms
	GUID     visual.GUID
	Packages []Listed
	versions constraint
}

// ReadStatement reads a statement and verifies it with one issuer's key. It is
// for who issues statements and wants to see what a reader will see; whom to
// believe about a package is Trust's to say. A refusal is a *verdict.Refusal.
func ReadStatement(file []byte, issuer string, k Key) (Statement, error) {
	const subject, hint = "the statement", "issue it again"
	t, f := parseCompact(file, MaxStatement, StatementType)
	if len(f) > 0 {
		return Statement{}, f.about(subject, hint)
	}
	if t.kid != k.ID {
		return Statement{}, fault(CodeUnknownKey, "names the key %s, not %s", t.kid, k.ID).about(subject, hint)
	}
	s, f := t.openStatement(issuer, k)
	return s, f.about(subject, hint)
}

// openStatement verifies a token with the key it names and reads its claims. Nothing of
// the payload is read before the signature is known to be good.
func (t token) openStatement(issuer string, k Key) (Statement, faults) {
	if f := t.checkSignature(k, UseLicense); len(f) > 0 {
		return Statement{}, f
	}
	c, f := parseClaims(t.payload)
	if c.terms.Issuer != "" && c.terms.Issuer != issuer {
		f.add(codeIssuer, "says it was issued by %s, but the key %s belongs to %s", c.terms.Issuer, k.ID, issuer)
	}
	c.terms.Grade, c.terms.KeyID = Signed, k.ID
	return Statement{c.terms, c.guid, c.packages, c.versions}, f
}

// checkSignature says why a token is not signed with a key as a document of one use:
// the key is for another use, for another algorithm, or did not sign this.
func (t token) checkSignature(k Key, use Use) faults {
	switch {
	case k.Use != use:
		return fault(codeKeyUse, "is signed with the key %s, which is for %s, not for %s", k.ID, k.Use, use)
	case !k.allowsAlgorithm(t.alg):
		return fault(codeAlgKey, "says it is signed by %s, but the key %s signs by %s", t.alg, k.ID, k.Algorithm)
	case !k.verify(t.signed, t.sig):
		return fault(codeSignature, "is not what was signed with the key %s: it was changed, cut or signed by somebody else", k.ID)
	}
	return nil
}

// checkPackage holds a statement against a package: the visual, then version and
// content, which must match one listed package together.
func (s Statement) checkPackage(p *pbiviz.Package) faults {
	m := p.Manifest()
	if s.GUID != m.GUID {
		return fault(codeGUID, "is about the visual %s, not about %s", s.GUID, m.GUID)
	}
	var f faults
	var listed []string
	var sameVersion, sameContent, both bool
	for _, l := range s.Packages {
		v, c := l.Version.Equal(m.Version), l.Content == p.Content()
		sameVersion, sameContent, both = sameVersion || v, sameContent || c, both || v && c
		if !slices.Contains(listed, l.Version.String()) {
			listed = append(listed, l.Version.String())
		}
	}
	switch {
	case both:
	case sameVersion:
		f.addWithHint(codeDigest, "get the package from the vendor again; if it is right, ask for a statement about it",
			"lists %s with other content: this package was changed, or the statement was made for another build of it", m.Version)
	case sameContent:
		f.add(codeVersion, "lists this content as another version than %s: it lists %s", m.Version, strings.Join(listed, ", "))
	default:
		f.add(codeVersion, "is not about the version %s: it lists %s", m.Version, strings.Join(listed, ", "))
	}
	if !s.versions.allows(m.Version) {
		f.add(codeVersion, "is for other versions than %s", m.Version)
	}
	return f
}

// Covers says why the statement is not about a package; nil if it is.
func (s Statement) Covers(p *pbiviz.Package) error {
	return s.checkPackage(p).about("the statement", "issue it for this package")
}

// CoversBytes says why an attestation is not about a package; nil if it is.
func (s Statement) CoversBytes(p *pbiviz.Package) error {
	return s.checkBytes(p).about("the attestation", "attest this package")
}

// A Claimed is what a statement says that nobody verified: enough to find the
// package it belongs to, never enough to believe it.
type Claimed struct {
	KeyID    string
	ID       string
	GUID     visual.GUID
	Packages []Listed
	Terms    Terms
}

// Peek reads what a statement or an attestation claims, without any trust and
// without looking at its signature.
func Peek(file []byte) (Claimed, error) {
	t, f := parseToken(file)
	if len(f) > 0 {
		return Claimed{}, f.about("the statement", "")
	}
	read := parseClaims
	if t.typ == AttestationType {
		read = parseAttestation
	}
	c, f := read(t.payload)
	if len(f) > 0 {
		return Claimed{}, f.about("the statement", "")
	}
	return Claimed{t.kid, c.terms.ID, c.guid, c.packages, c.terms}, nil
}

// nameOf names a package for people: its visual and version.
func nameOf(m pbiviz.Manifest) string { return displayName(m) + " " + m.Version.String() }

// displayName returns what people call the visual, without characters that
// cannot be seen: a package's own name must not be able to rewrite a message.
func displayName(m pbiviz.Manifest) string {
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, m.DisplayName)
	if name == "" {
		return m.GUID.String()
	}
	return name
}
