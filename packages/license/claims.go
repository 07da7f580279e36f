package license

import (
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	// ClaimsVersion is the only value of the claim v that is understood.
	ClaimsVersion = 1
	// AudiencePrefix comes before the visual's GUID in the claim aud, so that a
	// token made for something else is not taken for a license.
	AudiencePrefix = "urn:powerbi:visual:"
	// MaxTenants bounds the claim tid.
	MaxTenants = 50

	maxExt      = 4 << 10 // bytes of ext
	maxSequence = 1<<31 - 1
	maxQuantity = 10_000_000
	dateForm    = "2006-01-02" // RFC 3339 full-date
)

var (
	contentForm = regexp.MustCompile(`^h1:[A-Za-z0-9+/]{43}=$`)
	issuerForm  = regexp.MustCompile(`^[!-~]{1,512}$`)
)

// A Listed is one package a statement is about.
type Listed struct {
	Version visual.Version
	Content pbiviz.Content
	// File is the SHA-256 of the package file. Attestations have it, since what
	// is attested is these bytes; vendors' statements do not.
	File visual.Digest
}

// claims is a statement's payload, read and consistent in itself.
type claims struct {
	terms    Terms
	guid     visual.GUID
	versions constraint
	packages []Listed
}

// A claimReader reads claims and collects everything that is wrong with them.
type claimReader struct {
	object
	faults faults
	claims claims
}

// parseClaims reads a payload by the rules of the format, version 1. Every
// fault that can be told is told.
func parseClaims(payload []byte) (claims, faults) {
	r, f := newClaimReader(payload, 64)
	if len(f) > 0 {
		return claims{}, f
	}
	r.refuseUnknownClaims(claimNames())
	r.refuseUnknownMembers("visual", "guid", "versions")
	r.refuseUnknownKindMembers()
	r.readExtras()
	r.integerClaim("v", ClaimsVersion, ClaimsVersion)
	r.readIssuer()
	r.claims.terms.Licensee = r.textClaim("sub")
	r.readIdentity()
	r.readTimes()
	r.readTenants()
	r.readVisual(true)
	r.readPackages("version", "digest")
	r.readKind(false)
	return r.claims, r.faults
}

// newClaimReader parses a payload whose arrays have at most so many elements. A
// format that is not known is not read any further.
func newClaimReader(payload []byte, array int) (*claimReader, faults) {
	o, err := parseObject(payload, limits{depth: 4, array: array, text: maxText})
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return nil, fault(codeDuplicate, "makes one claim twice: %s", escapeError(err))
	case err != nil:
		return nil, fault(codePayload, "has claims that are not strict JSON: %s", escapeError(err))
	}
	r := &claimReader{object: o}
	if v, ok := r.integer("v"); ok && v != ClaimsVersion {
		r.faults.addWithHint(codeUnsupported, "update orgstore", "is of the format %d; only %d is understood", v, ClaimsVersion)
	}
	return r, r.faults
}

// claimNames lists all claims there may be; ext is carried and ignored.
func claimNames() []string {
	return []string{
		"v", "iss", "sub", "aud", "jti", "lid", "seq", "prev", "iat", "nbf", "exp", "next_payment",
		"tid", "visual", "pkg", "kind", "user", "capacity", "site", "trial", "ext",
	}
}

// refuseUnknownClaims refuses claims nobody knows: what an older reader ignored could
// have been a limit.
func (r *claimReader) refuseUnknownClaims(known []string) {
	for _, name := range r.names {
		if !slices.Contains(known, name) {
			r.faults.add(codeUnknownClaim, "has the unknown claim %s", strconv.QuoteToASCII(name))
		}
	}
}

// refuseUnknownKindMembers refuses unknown members of the objects that readKind reads.
func (r *claimReader) refuseUnknownKindMembers() {
	r.refuseUnknownMembers("user", "qty")
	r.refuseUnknownMembers("capacity", "sku", "ids")
	r.refuseUnknownMembers("site", "hosts")
}

// readExtras reads what may be there besides: ext and trial.
func (r *claimReader) readExtras() {
	if ext, ok := r.values["ext"]; ok {
		switch {
		case ext.Kind() != '{':
			r.faults.add(codeType, "has the claim ext, which is not an object")
		case len(ext) > maxExt:
			r.faults.add(codeUnknownClaim, "has the claim ext of %d bytes; at most %d are allowed", len(ext), maxExt)
		}
	}
	if r.has("trial") {
		if string(r.values["trial"]) != "true" {
			r.faults.add(codeType, "has the claim trial, which is not true; it is true or absent")
		}
		r.claims.terms.Trial = true
	}
}

// refuseUnknownMembers refuses members of an inner object that nobody knows.
func (r *claimReader) refuseUnknownMembers(name string, members ...string) {
	inner, ok := r.object.innerObject(name)
	if !ok {
		return
	}
	r.refuseUnknownIn(name, inner, members...)
}

func (r *claimReader) refuseUnknownIn(name string, inner object, members ...string) {
	for _, m := range inner.names {
		if !slices.Contains(members, m) {
			r.faults.add(codeUnknownClaim, "has the unknown claim %s in %s", strconv.QuoteToASCII(m), name)
		}
	}
}

func (r *claimReader) readIssuer() {
	t := &r.claims.terms
	t.Issuer = r.textClaim("iss")
	if t.Issuer != "" && !issuerForm.MatchString(t.Issuer) {
		r.faults.add(codeType, "has the claim iss with a space in it")
	}
}

// readIdentity reads which statement of which subscription it is.
func (r *claimReader) readIdentity() {
	t := &r.claims.terms
	t.ID = r.textClaim("jti")
	t.Subscription = r.textClaim("lid")
	t.Sequence = r.integerClaim("seq", 1, maxSequence)
	if r.has("prev") {
		if r.textClaim("prev") == t.ID && t.ID != "" {
			r.faults.add(codeInconsistent, "says that it replaces itself: prev is its own jti")
		}
	}
}

// textClaim reads a required claim of printable ASCII, not empty.
func (r *claimReader) textClaim(name string) string {
	s, ok := r.text(name)
	switch {
	case r.isAbsent(name):
		r.faults.add(codeMissing, "has no claim %s", name)
	case !ok || s == "":
		r.faults.add(codeType, "has the claim %s %s, which is not a text", name, r.shown(name))
	case !isPrintableASCII(s):
		r.faults.add(codePayload, "has the claim %s %s with characters other than printable ASCII", name, r.shown(name))
	default:
		return s
	}
	return ""
}

// integerClaim reads a required whole number within bounds.
func (r *claimReader) integerClaim(name string, low, high int64) int64 {
	n, ok := r.integer(name)
	switch {
	case r.isAbsent(name):
		r.faults.add(codeMissing, "has no claim %s", name)
	case !ok:
		r.faults.add(codeType, "has the claim %s %s, which is not a whole number up to 2^53", name, r.shown(name))
	case n < low || n > high:
		r.faults.add(codeType, "has the claim %s %d, which is not between %d and %d", name, n, low, high)
	default:
		return n
	}
	return low
}

// readTimes reads iat, nbf, exp and the date that repeats exp for people. Two
// sources that disagree are refused rather than one of them believed.
func (r *claimReader) readTimes() {
	before := len(r.faults)
	issued := r.integerClaim("iat", 0, maxInteger)
	begins := r.integerClaim("nbf", 0, maxInteger)
	ends := r.integerClaim("exp", 0, maxInteger)
	date := r.textClaim("next_payment")
	next, err := time.Parse(dateForm, date)
	if err != nil && date != "" {
		r.faults.add(codeType, "has the claim next_payment %+q, which is not a date as 2027-11-20", date)
	}
	if len(r.faults) > before {
		return
	}
	if ends != next.Unix() {
		r.faults.add(codeInconsistent, "has exp %d, which is not %s 00:00 UTC, the date in next_payment", ends, date)
		return
	}
	if issued > begins || begins >= ends {
		r.faults.add(codeInconsistent, "must have iat <= nbf < exp, and has %d, %d and %d", issued, begins, ends)
		return
	}
	t := &r.claims.terms
	t.Issued, t.Begins, t.Ends = time.Unix(issued, 0).UTC(), time.Unix(begins, 0).UTC(), next
}

func (r *claimReader) readTenants() {
	tenants, ok := r.texts("tid")
	switch {
	case r.isAbsent("tid"):
		r.faults.add(codeMissing, "has no claim tid")
	case !ok:
		r.faults.add(codeType, "has the claim tid %s, which is not an array of texts", r.shown("tid"))
	case !allValid(tenants, ValidTenant) || len(tenants) > MaxTenants:
		r.faults.add(codeTenantForm, "has the claim tid %s; it needs 1 to %d tenant ids in lower case", r.shown("tid"), MaxTenants)
	}
	r.claims.terms.Tenants = tenants
}

// readVisual reads the visual and the audience, which repeats it. An
// attestation is about listed packages alone and says nothing of versions.
func (r *claimReader) readVisual(versions bool) {
	inner, ok := r.object.innerObject("visual")
	switch {
	case r.isAbsent("visual"):
		r.faults.add(codeMissing, "has no claim visual")
	case !ok:
		r.faults.add(codeType, "has the claim visual, which is not an object")
	default:
		r.readGUID(inner)
		if versions {
			r.readVersions(inner)
		}
	}
	r.readAudience()
}

func (r *claimReader) readAudience() {
	aud, ok := r.text("aud")
	switch {
	case r.isAbsent("aud"):
		r.faults.add(codeMissing, "has no claim aud")
	case !ok || !r.claims.guid.IsZero() && aud != AudiencePrefix+r.claims.guid.String():
		r.faults.add(codeAudience, "is made for %s, not for the visual it names", r.shown("aud"))
	}
}

func (r *claimReader) readGUID(inner object) {
	s, ok := inner.text("guid")
	g, err := visual.ParseGUID(s)
	switch {
	case inner.isAbsent("guid"):
		r.faults.add(codeMissing, "has no visual.guid")
	case !ok || err != nil:
		r.faults.add(codeType, "has the visual.guid %s, which is not a visual's GUID", inner.shown("guid"))
	}
	r.claims.guid = g
}

func (r *claimReader) readVersions(inner object) {
	s, ok := inner.text("versions")
	c, err := parseConstraint(s)
	switch {
	case inner.isAbsent("versions"):
		r.faults.add(codeMissing, "has no visual.versions")
	case !ok || err != nil:
		r.faults.add(codeType, "has the visual.versions %s, which is not a constraint as \">= 3.1.0.0, < 4.0.0.0\"", inner.shown("versions"))
	}
	r.claims.versions = c
}

// readPackages reads the claim pkg, each entry of which has exactly these
// members.
func (r *claimReader) readPackages(members ...string) {
	list, ok := r.list("pkg")
	switch {
	case r.isAbsent("pkg") || ok && len(list) == 0:
		r.faults.add(codeMissing, "has no claim pkg that lists a package")
		return
	case !ok:
		r.faults.add(codeType, "has the claim pkg, which is not an array")
		return
	}
	for i, v := range list {
		inner, err := parseInner(v)
		if err != nil {
			r.faults.add(codeType, "has the entry %d of pkg, which is not an object", i+1)
			continue
		}
		r.refuseUnknownIn("pkg", inner, members...)
		r.readPackage(i+1, inner, members)
	}
}

func (r *claimReader) readPackage(number int, inner object, members []string) {
	for _, name := range members {
		if inner.isAbsent(name) {
			r.faults.add(codeMissing, "has no %s in the entry %d of pkg", name, number)
			return
		}
	}
	text, isText := inner.text("version")
	version, err := visual.ParseVersion(text)
	if !isText || err != nil || !version.Deployable() {
		r.faults.add(codeType, "has the version %s in pkg, which is not one to four numbers", inner.shown("version"))
	}
	digest, isText := inner.text("digest")
	_, err = base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(digest, "h1:"))
	if !isText || err != nil || !contentForm.MatchString(digest) {
		r.faults.add(codeType, "has the digest %s in pkg, which is not h1: and the base64 of 32 bytes", inner.shown("digest"))
	}
	listed := Listed{Version: version, Content: pbiviz.Content(digest)}
	if slices.Contains(members, "sha256") {
		listed.File = r.readFileDigest(inner, "pkg")
	}
	r.claims.packages = append(r.claims.packages, listed)
}

// readKind reads what the license counts: kind and exactly the one object of
// that name. Brief says that the object may be missing.
func (r *claimReader) readKind(brief bool) {
	kinds := []Kind{User, Capacity, Site}
	s, ok := r.text("kind")
	kind := Kind(s)
	switch {
	case r.isAbsent("kind"):
		r.faults.add(codeMissing, "has no claim kind")
		return
	case !ok || !slices.Contains(kinds, kind):
		r.faults.add(codeKind, "has the kind %s; there are user, capacity and site", r.shown("kind"))
		return
	}
	for _, k := range kinds {
		if k != kind && r.has(string(k)) {
			r.faults.add(codeKind, "is of the kind %s and has the claim %s as well", kind, k)
		}
	}
	r.claims.terms.Kind = kind
	if brief && !r.has(s) {
		return
	}
	inner, ok := r.object.innerObject(s)
	if !ok {
		r.faults.add(codeKind, "is of the kind %s and has no object %s", kind, kind)
		return
	}
	switch kind {
	case User:
		r.readUser(inner)
	case Capacity:
		r.readCapacity(inner)
	case Site:
		r.readSite(inner)
	}
}

func (r *claimReader) readUser(inner object) {
	n, ok := inner.integer("qty")
	v, has := inner.values["qty"]
	switch {
	case inner.isAbsent("qty"):
		r.faults.add(codeMissing, "has no user.qty")
	case has && v.Kind() != '0':
		r.faults.add(codeType, "has the user.qty %s, which is not a number", inner.shown("qty"))
	case !ok || n < 1 || n > maxQuantity:
		r.faults.add(codeQuantity, "has the user.qty %s; it is between 1 and %d", inner.shown("qty"), maxQuantity)
	}
	r.claims.terms.Quantity = n
}

func (r *claimReader) readCapacity(inner object) {
	skus, ok := inner.texts("sku")
	switch {
	case inner.isAbsent("sku"):
		r.faults.add(codeMissing, "has no capacity.sku")
	case !ok || !allValid(skus, KnownSKU):
		r.faults.add(codeSKU, "has the capacity.sku %s; it lists SKUs such as F64 or P1", inner.shown("sku"))
	}
	r.claims.terms.SKUs = skus
	if !inner.has("ids") {
		return
	}
	ids, ok := inner.texts("ids")
	if !ok || !allValid(ids, idForm.MatchString) {
		r.faults.add(codeType, "has the capacity.ids %s; it lists ids in lower case", inner.shown("ids"))
	}
	r.claims.terms.CapacityIDs = ids
}

func (r *claimReader) readSite(inner object) {
	hosts, ok := inner.texts("hosts")
	switch {
	case inner.isAbsent("hosts"):
		r.faults.add(codeMissing, "has no site.hosts")
	case !ok || !allValid(hosts, isValidHost):
		r.faults.add(codeSite, "has the site.hosts %s; it lists host names in lower case, without port or wildcard", inner.shown("hosts"))
	}
	r.claims.terms.Sites = hosts
}
