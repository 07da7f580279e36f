package license

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	// MaxStatus bounds a status list, in bytes.
	MaxStatus = 256 << 10
	// StatusType is the typ of a status list's header.
	StatusType = "visual-license-status+jwt"
	// maxRevoked bounds each list of what is revoked.
	maxRevoked = 4096
)

// A StatusList is what a vendor revoked before its end: single statements, and
// whole subscriptions. Only Trust.ReadStatus makes one that WithStatus takes. It can only take
// something away, so that where it is missing or old nothing stops that worked.
type StatusList struct {
	issuer        string
	kid           string
	fingerprint   string // fingerprint of the key
	sequence      int64
	issued, next  time.Time
	statements    map[string]bool // jti
	subscriptions map[string]bool // lid
	digest        visual.Digest   // of the claims, since one signature has several spellings
}

// Issuer returns whose statements the list is about.
func (s StatusList) Issuer() string { return s.issuer }

// Sequence returns the list's number, which rises with each issue.
func (s StatusList) Sequence() int64 { return s.sequence }

// Issued returns when the vendor made the list.
func (s StatusList) Issued() time.Time { return s.issued }

// Next returns when the vendor should have sent a newer list.
func (s StatusList) Next() time.Time { return s.next }

// KeyID returns the name of the key that signed the list.
func (s StatusList) KeyID() string { return s.kid }

// Digest returns the SHA-256 of the list's claims.
func (s StatusList) Digest() visual.Digest { return s.digest }

// Statements returns the IDs (jti) of the statements that are revoked, sorted.
func (s StatusList) Statements() []string { return slices.Sorted(maps.Keys(s.statements)) }

// Subscriptions returns the subscriptions (lid) that are revoked, sorted.
func (s StatusList) Subscriptions() []string { return slices.Sorted(maps.Keys(s.subscriptions)) }

// MarkKey returns the key of Facts.StatusMarks: each key counts on its own, so
// that a vendor whose key was stolen, and drove the number to its end, starts
// again with another key.
func (s StatusList) MarkKey() string { return s.issuer + " " + s.kid }

// A Revoked is what one status list revoked, as it is kept apart from the list: that
// the list is lost gives nothing back.
type Revoked struct {
	Issuer, KeyID string
	Sequence      int64
	Issued        time.Time
	Statements    []string // jti
	Subscriptions []string // lid
}

// Revoked returns what the list revokes.
func (s StatusList) Revoked() Revoked {
	return Revoked{s.issuer, s.kid, s.sequence, s.issued, s.Statements(), s.Subscriptions()}
}

func (r Revoked) markKey() string { return StatusList{issuer: r.Issuer, kid: r.KeyID}.MarkKey() }

func (r Revoked) revokes(t Terms) bool {
	return r.Issuer == t.Issuer && (slices.Contains(r.Statements, t.ID) || slices.Contains(r.Subscriptions, t.Subscription))
}

func (s StatusList) revokes(t Terms) bool {
	return s.issuer == t.Issuer && (s.statements[t.ID] || s.subscriptions[t.Subscription])
}

// IsStatus says whether a file says of itself that it is a status list: only the
// type in its header tells it from a license statement. Nothing is verified.
func IsStatus(file []byte) bool {
	header, _, cut := bytes.Cut(file, []byte("."))
	if !cut || len(header) > 4*maxText {
		return false
	}
	text, err := decodeBase64URL(string(header))
	if err != nil {
		return false
	}
	o, err := parseObject(text, limits{depth: 1, text: maxText})
	if err != nil {
		return false
	}
	typ, _ := o.text("typ")
	return typ == StatusType
}

// PeekStatus reads what a status list claims, without any trust and without
// looking at its signature.
func PeekStatus(file []byte) (StatusList, error) {
	const subject, hint = "the status list", "get it from the vendor again"
	tok, f := parseCompact(file, MaxStatus, StatusType)
	if len(f) > 0 {
		return StatusList{}, f.about(subject, hint)
	}
	s, f := parseStatus(tok.payload)
	s.kid = tok.kid
	return s, f.about(subject, hint)
}

// ReadStatus reads a status list and verifies it with a key that a vendor keeps
// for status lists alone. A refusal is a *verdict.Refusal.
func (t Trust) ReadStatus(file []byte) (StatusList, error) {
	const subject, hint = "the status list", "get it from the vendor again"
	tok, f := parseCompact(file, MaxStatus, StatusType)
	if len(f) > 0 {
		return StatusList{}, f.about(subject, hint)
	}
	by, ok := t.findSigner(tok.kid)
	if !ok {
		f.addWithHint(CodeUnknownKey, "if the key is the vendor's, add the vendor's newest trust bundle",
			"is signed with the key %s, which no vendor in the settings has", tok.kid)
		return StatusList{}, f.about(subject, hint)
	}
	s, f := tok.openStatus(by.issuer.Name, by.key)
	if len(f) == 0 {
		f = by.key.signedInTime(s.issued)
	}
	return s, f.about(subject, hint)
}

// ReadStatus reads a status list and verifies it with one issuer's key, for who
// makes it; whom to believe is Trust's to say.
func ReadStatus(file []byte, issuer string, k Key) (StatusList, error) {
	const subject, hint = "the status list", "issue it again"
	t, f := parseCompact(file, MaxStatus, StatusType)
	if len(f) > 0 {
		return StatusList{}, f.about(subject, hint)
	}
	s, f := t.openStatus(issuer, k)
	return s, f.about(subject, hint)
}

// openStatus verifies a token with the key it names and reads its claims.
func (t token) openStatus(issuer string, k Key) (StatusList, faults) {
	if f := t.checkSignature(k, UseStatus); len(f) > 0 {
		return StatusList{}, f
	}
	s, f := parseStatus(t.payload)
	if s.issuer != "" && s.issuer != issuer {
		f.add(CodeStatus, "speaks for %s, but its key %s belongs to %s", s.issuer, k.ID, issuer)
	}
	if len(f) > 0 {
		return StatusList{}, f
	}
	s.kid, s.fingerprint, s.digest = k.ID, k.Fingerprint(), sha256.Sum256(t.payload)
	return s, nil
}

// signedInTime says why a key could not sign a status list at a time. What it
// signed before it leaked still counts: a list can only revoke.
func (k Key) signedInTime(issued time.Time) faults {
	var f faults
	switch {
	case issued.Before(k.NotBefore):
		f.add(codeKeyNotYet, "was issued on %s, before its key %s became valid on %s", formatDay(issued), k.ID, formatDay(k.NotBefore))
	case !k.NotAfter.IsZero() && !issued.Before(k.NotAfter):
		f.add(codeKeyRetired, "was issued on %s, after its key %s was retired on %s", formatDay(issued), k.ID, formatDay(k.NotAfter))
	case k.Status == Compromised && !issued.Before(k.CompromisedAt):
		f.add(codeKeyCompromised, "was issued on %s, after its key %s was compromised on %s", formatDay(issued), k.ID, formatDay(k.CompromisedAt))
	}
	return f
}

// parseStatus reads a list's claims. The format's number may be missing, since
// the first lists had none; any other number than ours is refused.
func parseStatus(payload []byte) (StatusList, faults) {
	r, f := newClaimReader(payload, maxRevoked)
	if len(f) > 0 {
		return StatusList{}, f
	}
	r.refuseUnknownClaims([]string{"v", "iss", "seq", "iat", "nxt", "revoked_jti", "revoked_lid"})
	if r.has("v") {
		r.integerClaim("v", ClaimsVersion, ClaimsVersion)
	}
	r.readIssuer()
	s := StatusList{issuer: r.claims.terms.Issuer, sequence: r.integerClaim("seq", 1, maxSequence)}
	issued, next := r.integerClaim("iat", 0, maxInteger), r.integerClaim("nxt", 0, maxInteger)
	s.issued, s.next = time.Unix(issued, 0).UTC(), time.Unix(next, 0).UTC()
	s.statements, s.subscriptions = r.readRevoked("revoked_jti"), r.readRevoked("revoked_lid")
	if len(r.faults) == 0 && next <= issued {
		r.faults.add(codeInconsistent, "has nxt %d, which is not after iat %d", next, issued)
	}
	return s, r.faults
}

// readRevoked reads a required array of names, which may be empty.
func (r *claimReader) readRevoked(name string) map[string]bool {
	list, ok := r.texts(name)
	switch {
	case r.isAbsent(name):
		r.faults.add(codeMissing, "has no claim %s", name)
	case !ok || slices.ContainsFunc(list, func(s string) bool { return s == "" || !isPrintableASCII(s) }):
		r.faults.add(codeType, "has the claim %s, which is not an array of texts in printable ASCII", name)
	}
	names := make(map[string]bool, len(list))
	for _, s := range list {
		names[s] = true
	}
	return names
}

// WithStatus returns the trust that knows a status list as well, in place of an
// older one by the same key. An older one than it knows is refused, and so is a
// second one of the same number: a list that was taken back would give back what
// was revoked.
func (t Trust) WithStatus(s StatusList) (Trust, error) {
	by, ok := t.findSigner(s.kid)
	if !ok || s.fingerprint != t.fingerprints[s.kid] || by.issuer.Name != s.issuer || by.key.Use != UseStatus {
		return Trust{}, fault(CodeUnknownKey, "was verified with the key %+q, which is no longer trusted", s.kid).
			about("the status list", "read it again under the trust of today")
	}
	t.statuses = slices.Clone(t.statuses)
	i := slices.IndexFunc(t.statuses, func(have StatusList) bool { return have.kid == s.kid })
	switch {
	case i < 0:
		t.statuses = append(t.statuses, s)
	case s.sequence < t.statuses[i].sequence || s.sequence == t.statuses[i].sequence && s.digest != t.statuses[i].digest:
		return Trust{}, fault(CodeStatus, "of %s is number %d, and another one of number %d is known already",
			s.issuer, s.sequence, t.statuses[i].sequence).about("the status list", "keep the newer one, or ask the vendor which is right")
	default:
		t.statuses[i] = s
	}
	return t, nil
}

// Statuses returns the status lists that are known.
func (t Trust) Statuses() []StatusList { return slices.Clone(t.statuses) }

// evaluateStatus asks the status lists about a license. What is revoked stays out
// whatever anybody decides; an old list is only worth a warning, since this
// works offline by design.
func (e *evaluation) evaluateStatus() {
	if len(e.trust.statuses) == 0 && len(e.facts.StatusMarks) == 0 && len(e.facts.Revoked) == 0 {
		return
	}
	seen := map[string]bool{}
	for _, s := range e.trust.statuses {
		if s.issuer != e.bound.Terms.Issuer {
			continue
		}
		seen[s.MarkKey()] = true
		if s.revokes(e.bound.Terms) {
			e.addRevoked(s.sequence, s.issued)
		}
		e.evaluateStatusAge(s)
	}
	e.evaluateMissingStatus(seen)
}

func (e *evaluation) addRevoked(sequence int64, issued time.Time) {
	e.add(CodeRevoked, verdict.Reject, "ask "+e.vendorName()+" why, and for a new license; nothing overrides this",
		"%s was revoked by status list %d of %s", e.licenseName(), sequence, formatDay(issued))
}

func (e *evaluation) evaluateStatusAge(s StatusList) {
	if mark := e.facts.StatusMarks[s.MarkKey()]; s.sequence < mark {
		e.add(CodeStatus, verdict.Reject, "put the newer status list back",
			"the status list of %s is number %d, and number %d was seen already", s.issuer, s.sequence, mark)
	}
	if !e.at.Before(s.next) {
		e.add(CodeStatus, verdict.Warn, "ask "+e.vendorName()+" for the current status list",
			"the status list of %s is old: a newer one was due on %s", s.issuer, formatDay(s.next))
	}
}

// evaluateMissingStatus looks for lists that were seen once and are gone. What they
// revoked stays revoked as far as that is known. Otherwise a list is asked for where the
// vendor still signs with its key: a vendor whose key was stolen starts again with
// another, and nobody must ask for the thief's list.
func (e *evaluation) evaluateMissingStatus(seen map[string]bool) {
	by, ok := e.trust.findSigner(e.bound.Terms.KeyID)
	if !ok {
		return
	}
	for _, k := range by.issuer.Keys {
		name := StatusList{issuer: by.issuer.Name, kid: k.ID}.MarkKey()
		if k.Use != UseStatus || seen[name] {
			continue
		}
		mark := e.facts.StatusMarks[name]
		revoked, isKnown := e.facts.revokedBy(name)
		switch {
		case isKnown && revoked.revokes(e.bound.Terms) && len(k.signedInTime(revoked.Issued)) == 0:
			e.addRevoked(revoked.Sequence, revoked.Issued)
		case k.Status != Active || mark == 0:
		case isKnown && revoked.Sequence >= mark:
			e.add(CodeStatus, verdict.Warn, "put the status list back, or ask "+e.vendorName()+" for it",
				"the status list %d of %s was seen once and is gone; it did not revoke this", mark, by.issuer.Name)
		default:
			e.add(CodeStatus, verdict.Review, "put the status list back, or ask "+e.vendorName()+" for it",
				"the status list %d of %s was seen once and is gone: it may have revoked this", mark, by.issuer.Name)
		}
	}
}

// revokedBy finds what the list of one key revoked.
func (f Facts) revokedBy(mark string) (Revoked, bool) {
	i := slices.IndexFunc(f.Revoked, func(r Revoked) bool { return r.markKey() == mark })
	if i < 0 {
		return Revoked{}, false
	}
	return f.Revoked[i], true
}
