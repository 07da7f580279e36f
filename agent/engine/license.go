package engine

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/policies/plan"
)

// installedCandidate finds what the archive has of an installed license; zero where
// it has nothing.
func installedCandidate(l VisualLine, candidates []plan.Candidate) plan.Candidate {
	var found plan.Candidate
	for _, c := range candidates {
		if r := l.State.Release; r != nil && c.GUID == l.Key.GUID && c.Release.Digest == r.Digest && (found.Terms.IsZero() || c.Terms.ID == l.State.License.ID) {
			found = c
			found.Judgment = c.JudgedIn(l.Key.Store)
		}
	}
	return found
}

// untrustedVendor says why the keys of a license's vendor are not known today.
func untrustedVendor(t license.Trust, terms license.Terms) (why string, lost bool) {
	for _, v := range t.UnavailableVendors() {
		if terms.Vendor == v.Name {
			return v.Unavailable.Message, true
		}
	}
	return "", false
}

// unattested says what to do where the renewed package of an attested visual is
// here: it needs an attestation of its own. Empty where none is here.
func unattested(l VisualLine, candidates []plan.Candidate) string {
	installed := l.State.Release
	if installed == nil || l.State.License.Grade != license.Attested {
		return ""
	}
	for _, c := range candidates {
		if c.GUID != l.Key.GUID || c.Release.Digest == installed.Digest || c.Release.Version.Compare(installed.Version) < 0 ||
			c.Terms.Grade.AtLeast(license.Attested) {
			continue
		}
		for _, f := range c.Judgment.Findings {
			if f.Code == plan.CodeUnlicensed || f.Code == plan.CodeGrade {
				return fmt.Sprintf("%s is not licensed yet: %s", c.Release.Version, f.Hint)
			}
		}
	}
	return ""
}
