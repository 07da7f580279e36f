package license

import (
	"bytes"
	"crypto/sha256"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// Bind verifies a statement and holds it against a package. A nil statement
// means the one inside the package; where both are there they must be the same.
// The statement may be an attestation of the tenant's own. The order is: form, header, key, scope, algorithm, signature, claims, visual
// and version, content. It says nothing of time, tenant or whether the key is
// still good: that is Evaluate's, at each moment anew. A refusal is a
// *verdict.Refusal with everything found wrong, up to where looking further
// would mean nothing.
func (t Trust) Bind(p *pbiviz.Package, statement []byte) (Bound, error) {
	m := p.Manifest()
	name, vendor := nameOf(m), t.vendorOf(m.GUID)
	file, embedded, f := chooseStatement(p, statement)
	if len(f) > 0 {
		return Bound{}, f.about(name, "ask "+vendor+" for NAME.pbiviz.license and put it beside the package")
	}
	subject, hint := "the license statement of "+name, "ask "+vendor+" to issue the statement again"
	tok, f := parseToken(file)
	if len(f) > 0 {
		return Bound{}, f.about(subject, hint)
	}
	if tok.typ == AttestationType {
		return t.bindAttestation(p, file, tok)
	}
	by, ok := t.findSigner(tok.kid)
	if a, is := t.Attester(tok.kid); is {
		return Bound{}, fault(codeKeyUse, "is signed with the key %s of %+q, which is for %s, not for %s",
			tok.kid, a.Name, UseAttestation, UseLicense).about(subject, hint)
	}
	if why, unavailable := t.unavailableFor(m.GUID); !ok && unavailable {
		f.addWithHint(why.Code, why.Hint, "cannot be checked: %s", why.Message)
		return Bound{}, f.about(subject, hint)
	}
	if !ok {
		f.addWithHint(CodeUnknownKey, "if the key is the vendor's, add the vendor's trust bundle to the settings",
			"is signed with the key %s, which no vendor in the settings has", tok.kid)
		return Bound{}, f.about(subject, hint)
	}
	f = by.checkScope(m.GUID)
	s, wrong := tok.openStatement(by.issuer.Name, by.key)
	f = append(f, wrong...)
	if len(wrong) == 0 {
		f = append(f, s.checkPackage(p)...)
	}
	if len(f) > 0 {
		return Bound{}, f.about(subject, hint)
	}
	s.Terms.Vendor = by.vendor.Name
	return Bound{
		GUID: m.GUID, Version: m.Version, Package: p.Digest(), Content: p.Content(),
		Statement: sha256.Sum256(file), Embedded: embedded, Key: by.key.Fingerprint(), Terms: s.Terms,
	}, nil
}

// chooseStatement finds the one statement about a package. Where the same is beside the
// package and inside, the one inside is taken, since it cannot get lost.
func chooseStatement(p *pbiviz.Package, beside []byte) (file []byte, embedded bool, f faults) {
	inside, has := p.Statement()
	switch {
	case beside == nil && !has:
		return nil, false, fault(CodeUnlicensed, "has no license statement, neither inside nor beside it")
	case beside == nil:
		return inside, true, nil
	case !has:
		return beside, false, nil
	case !bytes.Equal(trimLineFeed(inside), trimLineFeed(beside)):
		f.addWithHint(codeAmbiguous, "remove the one beside the package, or get a package without a statement inside",
			"has a license statement inside and another one beside it")
		return nil, false, f
	}
	return inside, true, nil
}

// MarkKey returns the key of Facts.Marks for a license: issuers count their
// subscriptions each on their own.
func MarkKey(t Terms) string { return t.Issuer + " " + t.Subscription }

// EarliestEnds computes Facts.EarliestEnd from everything that is bound: per
// package, of the terms of the best grade those that end first. A vendor knows
// better than the tenant when a license ends: an attestation never shortens what
// the vendor signed, but the vendor's word shortens an attestation.
func EarliestEnds(all []Bound) map[visual.Digest]Terms {
	earliest := map[visual.Digest]Terms{}
	for _, b := range all {
		e, ok := earliest[b.Package]
		better := b.Terms.Grade != e.Grade && b.Terms.Grade.AtLeast(e.Grade)
		if !ok || better || b.Terms.Grade == e.Grade && b.Terms.Ends.Before(e.Ends) {
			earliest[b.Package] = b.Terms
		}
	}
	return earliest
}

// Effective returns the terms of a license with the end that counts: the
// earliest known of all statements about the same bytes, since the script inside
// still carries its own date; unless the vendor's visuals obey the statement.
func (t Trust) Effective(b Bound, f Facts) Terms {
	terms := b.Terms
	first, ok := f.EarliestEnd[b.Package]
	by, known := t.findSigner(b.Terms.KeyID)
	if !known {
		by.vendor, known = t.vendorNamed(b.Terms.Vendor) // whose keys may be unknown today
	}
	if known && by.vendor.enforcedOrDefault() == ByStatement {
		return terms
	}
	if ok && first.Ends.Before(terms.Ends) {
		terms.Ends = first.Ends
	}
	return terms
}

// unlicensedBound is what is bound where the policy asks for no license.
func unlicensedBound(p *pbiviz.Package) Bound {
	m := p.Manifest()
	return Bound{
		GUID: m.GUID, Version: m.Version, Package: p.Digest(), Content: p.Content(),
		Terms: Terms{Grade: Opaque},
	}
}

// isMissingStatement says whether a refusal means just that there is no statement.
func isMissingStatement(r *verdict.Refusal) bool {
	return len(r.Findings) == 1 && r.Code() == CodeUnlicensed
}
