package license

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	// AttestationType is the typ of an attestation's header.
	AttestationType = "visual-attestation+jwt"
	// TenantIssuer comes before the tenant's id in an attestation's claim iss.
	// No vendor may issue under such a name.
	TenantIssuer = "urn:orgstore:tenant:"
)

// fileForm is how the SHA-256 of a file is written.
var fileForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// OrderLine names the subscription under which attestations about one visual are
// numbered: by the order, if there is one, and the visual. A renewed attestation
// of one visual then never outdates another visual's of the same order.
func OrderLine(order string, g visual.GUID) string {
	if order == "" {
		return g.String()
	}
	return order + "/" + g.String()
}

// OrderOf returns the order of what OrderLine made; false for what it did not make.
func OrderOf(line string, g visual.GUID) (string, bool) {
	if line == g.String() {
		return "", true
	}
	return strings.CutSuffix(line, "/"+g.String())
}

// An Attester is a person of the tenant who may say, of exact bytes, what is
// licensed until when, where the vendor's own license cannot be read. The
// settings hold the public half of the key; the private half never lies on the
// agent's machine.
//
// An attester may speak for every visual, also for those of a vendor who signs:
// that vendor may have signed nothing yet about older packages. The vendor's
// word counts for more: see EarliestEnds; and where the policy needs Signed, an
// attestation is refused.
type Attester struct {
	// Name is the person, as attestations and messages say it. One person may
	// have several keys, each in an Attester of its own.
	Name string
	Key  Key // its Use is UseAttestation
	// Accounts lists the person's accounts, as they appear among those who
	// approve: whoever attests a package must not approve it as well.
	Accounts []string
}

// check says what keeps an attester from being one.
func (a Attester) check() faults {
	var f faults
	if !isPresentable(a.Name) {
		f.add(codeAttester, "names an attester %+q; a name has 1 to %d bytes that can be seen", a.Name, maxText)
	}
	if !kidForm.MatchString(a.Key.ID) {
		f.add(codeKeyForm, "calls the key of the attester %+q %+q; use letters, digits, dots, - and _", a.Name, a.Key.ID)
	}
	if err := a.Key.check(); err != nil {
		f.add(codeKeyForm, "has the key %+q of the attester %+q, which cannot be used: %s", a.Key.ID, a.Name, escapeError(err))
	}
	if a.Key.Use != UseAttestation {
		f.add(codeKeyUse, "has the key %+q of the attester %+q, which is for %+q, not for %s", a.Key.ID, a.Name, string(a.Key.Use), UseAttestation)
	}
	return f
}

// Attester finds who attests with the key of a name.
func (t Trust) Attester(kid string) (Attester, bool) {
	i := slices.IndexFunc(t.attesters, func(a Attester) bool { return a.Key.ID == kid })
	if i < 0 {
		return Attester{}, false
	}
	return t.attesters[i], true
}

// Attesters lists who may attest, by the names of their keys.
func (t Trust) Attesters() []Attester { return slices.Clone(t.attesters) }

// ReadAttestation reads an attestation and verifies it with one attester's key,
// for who makes it. Whom to believe is Trust's to say. A refusal is a
// *verdict.Refusal.
func ReadAttestation(file []byte, tenant string, a Attester) (Statement, error) {
	const subject, hint = "the attestation", "attest the package again"
	t, f := parseCompact(file, MaxStatement, AttestationType)
	if len(f) > 0 {
		return Statement{}, f.about(subject, hint)
	}
	if t.kid != a.Key.ID {
		return Statement{}, fault(CodeUnknownKey, "names the key %s, not %s", t.kid, a.Key.ID).about(subject, hint)
	}
	s, f := t.openAttestation(tenant, a)
	return s, f.about(subject, hint)
}

// bindAttestation verifies an attestation and holds it against the package's
// bytes. An attestation inside a package cannot be, since it names the SHA-256
// of the whole file.
func (t Trust) bindAttestation(p *pbiviz.Package, file []byte, tok token) (Bound, error) {
	m := p.Manifest()
	subject, hint := "the attestation of "+nameOf(m), "attest the package again: orgstore license attest PACKAGE"
	a, ok := t.Attester(tok.kid)
	if !ok {
		return Bound{}, t.unknownAttester(tok).about(subject, hint)
	}
	s, f := tok.openAttestation(t.tenant, a)
	if len(f) == 0 {
		f = s.checkBytes(p)
	}
	if len(f) > 0 {
		return Bound{}, f.about(subject, hint)
	}
	return Bound{
		GUID: m.GUID, Version: m.Version, Package: p.Digest(), Content: p.Content(),
		Statement: sha256.Sum256(file), Key: a.Key.Fingerprint(), Terms: s.Terms,
	}, nil
}

// unknownAttester says what is wrong with a key that is no attester's.
func (t Trust) unknownAttester(tok token) faults {
	if by, ok := t.findSigner(tok.kid); ok {
		return fault(codeKeyUse, "is signed with the key %s of %s, which is for %s, not for %s",
			tok.kid, by.vendor.Name, by.key.Use, UseAttestation)
	}
	var f faults
	f.addWithHint(CodeUnknownKey, "if the key is a colleague's, believe it: orgstore trust attester add NAME KEY",
		"is signed with the key %s, which no attester in the settings has", tok.kid)
	return f
}

// openAttestation verifies a token with an attester's key and reads its claims.
func (t token) openAttestation(tenant string, a Attester) (Statement, faults) {
	if f := t.checkSignature(a.Key, UseAttestation); len(f) > 0 {
		return Statement{}, f
	}
	c, f := parseAttestation(t.payload)
	if c.terms.Issuer != "" && c.terms.Issuer != TenantIssuer+tenant {
		f.add(codeIssuer, "says it was issued by %s, but the tenant here is %s", c.terms.Issuer, tenant)
	}
	if c.terms.Attester != "" && c.terms.Attester != a.Name {
		f.add(codeAttester, "says %+q attests, but the key %s belongs to %+q", c.terms.Attester, a.Key.ID, a.Name)
	}
	c.terms.Grade, c.terms.KeyID = Attested, a.Key.ID
	return Statement{Terms: c.terms, GUID: c.guid, Packages: c.packages}, f
}

// checkBytes holds an attestation against a package: visual, version, content
// and the very bytes, which must match one listed package together.
func (s Statement) checkBytes(p *pbiviz.Package) faults {
	f := s.checkPackage(p)
	if len(f) > 0 || slices.ContainsFunc(s.Packages, func(l Listed) bool { return l.File == p.Digest() && l.Content == p.Content() }) {
		return f
	}
	f.addWithHint(codeDigest, "get the file that was attested, or attest this one",
		"is about a file with the same content but other bytes: this one was packed again")
	return f
}

// attestationNames lists all claims an attestation may have. There is no ext:
// whoever attests uses this program, so nobody else has anything to add.
func attestationNames() []string {
	return []string{
		"v", "iss", "sub", "aud", "jti", "lid", "seq", "prev", "iat", "nbf", "exp", "next_payment",
		"tid", "visual", "pkg", "kind", "user", "capacity", "site", "evidence", "reason",
	}
}

// parseAttestation reads a payload by the rules of attestations, version 1. They
// are those of statements with these differences: iss and tid name the one
// tenant, sub the person, visual no versions, pkg the SHA-256 of each file; the
// kind must be said, how much of it need not, since an opaque license may not
// tell; evidence and reason are required.
func parseAttestation(payload []byte) (claims, faults) {
	r, f := newClaimReader(payload, 64)
	if len(f) > 0 {
		return claims{}, f
	}
	r.refuseUnknownClaims(attestationNames())
	r.refuseUnknownMembers("visual", "guid")
	r.refuseUnknownMembers("evidence", "text", "name", "sha256")
	r.refuseUnknownKindMembers()
	r.integerClaim("v", ClaimsVersion, ClaimsVersion)
	r.readIssuer()
	r.claims.terms.Attester = r.proseClaim("sub")
	r.readIdentity()
	r.readTimes()
	r.readOneTenant()
	r.readVisual(false)
	r.readPackages("version", "digest", "sha256")
	r.readKind(true)
	r.readEvidence()
	r.claims.terms.Reason = r.proseClaim("reason")
	return r.claims, r.faults
}

func (r *claimReader) readOneTenant() {
	r.readTenants()
	t := r.claims.terms
	switch {
	case len(t.Tenants) > 1:
		r.faults.add(codeTenantForm, "has the claim tid with %d tenants; a tenant attests for itself alone", len(t.Tenants))
	case len(t.Tenants) == 1 && strings.HasPrefix(t.Issuer, TenantIssuer) && t.Issuer != TenantIssuer+t.Tenants[0]:
		r.faults.add(codeInconsistent, "is issued by %s for the tenant %s", t.Issuer, r.shown("tid"))
	}
}

// readEvidence reads what an attestation rests on: a text, or a file's name and
// digest.
func (r *claimReader) readEvidence() {
	inner, ok := r.object.innerObject("evidence")
	switch {
	case r.isAbsent("evidence"):
		r.faults.add(codeMissing, "has no claim evidence")
		return
	case !ok:
		r.faults.add(codeType, "has the claim evidence, which is not an object")
		return
	case inner.has("text") == (inner.has("name") || inner.has("sha256")):
		r.faults.add(codeInconsistent, "has the claim evidence, which is neither a text nor a file's name and sha256")
		return
	}
	e := &r.claims.terms.Evidence
	if inner.has("text") {
		e.Text = r.readProse(inner, "text", "evidence.text")
		return
	}
	e.Name = r.readProse(inner, "name", "evidence.name")
	if d := r.readFileDigest(inner, "evidence"); d != (visual.Digest{}) {
		e.SHA256 = d.Hex()
	}
}

// readFileDigest reads the member sha256 of an inner object.
func (r *claimReader) readFileDigest(inner object, where string) visual.Digest {
	var d visual.Digest
	s, ok := inner.text("sha256")
	b, err := hex.DecodeString(s)
	if !ok || err != nil || !fileForm.MatchString(s) {
		r.faults.add(codeType, "has the sha256 %s in %s, which is not 64 digits in lower-case hex", inner.shown("sha256"), where)
		return d
	}
	copy(d[:], b)
	return d
}

// proseClaim reads a required claim that people wrote for people, in any script.
func (r *claimReader) proseClaim(name string) string {
	if r.isAbsent(name) {
		r.faults.add(codeMissing, "has no claim %s", name)
		return ""
	}
	return r.readProse(r.object, name, name)
}

func (r *claimReader) readProse(o object, name, called string) string {
	s, ok := o.text(name)
	switch {
	case !ok || s == "":
		r.faults.add(codeType, "has the claim %s %s, which is not a text", called, o.shown(name))
	case !isPresentable(s):
		r.faults.add(codePayload, "has the claim %s %s with characters that cannot be seen", called, o.shown(name))
	default:
		return s
	}
	return ""
}

// isPresentable says whether s is a text of one line that shows what it holds: no
// control characters, nothing that turns the direction of writing.
func isPresentable(s string) bool {
	return s != "" && len(s) <= maxText && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}
