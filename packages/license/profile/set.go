package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Set is the profiles that a tenant has in force, in an order of the caller's.
type Set []Profile

// Covering returns the profiles that are about a visual.
func (s Set) Covering(g visual.GUID) Set {
	return slices.DeleteFunc(slices.Clone(s), func(p Profile) bool { return !p.Covers(g) })
}

// InForce says whether a profile of this fingerprint is in the set and about a
// visual: what another one found counts no more.
func (s Set) InForce(fingerprint string, g visual.GUID) bool {
	return slices.ContainsFunc(s, func(p Profile) bool { return p.fingerprint == fingerprint && p.Covers(g) })
}

// Fingerprint returns sha256: and the digest of all profiles of the set and of their
// order. What was computed with a set of another fingerprint may come out otherwise.
func (s Set) Fingerprint() string {
	h := sha256.New()
	for _, p := range s {
		fmt.Fprintf(h, "%s\n", p.fingerprint)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// Read reads the vendor's own license out of a package: of several the one that
// ends first. Its terms are of the grade readable even where a signature
// verified, since the vendor's key is not bound to the bytes around it; false
// where no profile finds any. Refused says where a key should be and cannot be
// read: a warning, since a profile that does not fit is no news about the bytes.
func (s Set) Read(pkg *pbiviz.Package) (found Found, ok bool, refused []verdict.Finding) {
	for _, p := range s.Covering(pkg.Manifest().GUID) {
		f, err := p.Read(pkg)
		var r *verdict.Refusal
		switch {
		case err == nil && (!ok || f.Terms.Ends.Before(found.Terms.Ends)):
			found, ok = f, true
			found.Terms = f.ReadableTerms()
		case errors.As(err, &r) && r.Code() != codeNone:
			refused = append(refused, AsWarnings(r.Findings)...)
		}
	}
	return found, ok, refused
}

// Terms is what Look finds.
func (s Set) Terms(pkg *pbiviz.Package) (license.Terms, bool) {
	found, ok, _ := s.Read(pkg)
	return found.Terms, ok
}

// AsWarnings returns findings as warnings.
func AsWarnings(findings []verdict.Finding) []verdict.Finding {
	all := slices.Clone(findings)
	for i := range all {
		all[i].Verdict = verdict.Warn
	}
	return all
}

// FirstEnding returns the terms that end first; false where there are none.
func FirstEnding(all []license.Terms) (license.Terms, bool) {
	if len(all) == 0 {
		return license.Terms{}, false
	}
	return slices.MinFunc(all, func(a, b license.Terms) int { return a.Ends.Compare(b.Ends) }), true
}

// ReadableTerms returns the terms as far as a package's bytes vouch for them: never
// of a better grade than readable.
func (f Found) ReadableTerms() license.Terms {
	terms := f.Terms
	terms.Grade = license.Readable
	return terms
}

// CodeIdentity computes from a package's bytes what it is compared by where only its code
// matters.
func (s Set) CodeIdentity(pkg *pbiviz.Package) pbiviz.CodeIdentity {
	c := pbiviz.CodeIdentity{Content: pkg.Content()}
	for _, p := range s.Covering(pkg.Manifest().GUID) {
		if !p.Masks() {
			continue
		}
		if m, err := p.Masked(pkg); err == nil {
			c.Unlicensed = append(c.Unlicensed, string(m))
		}
	}
	return c
}

// IsMissingKey says whether a finding only means that the vendor's key is not in a
// package: of a profile for any visual that is nothing to tell.
func IsMissingKey(f verdict.Finding) bool { return f.Code == codeNone }

// IsMissingKeyError says whether an error of Read or Masked only means that.
func IsMissingKeyError(err error) bool {
	var r *verdict.Refusal
	return errors.As(err, &r) && r.Code() == codeNone
}
