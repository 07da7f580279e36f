package license

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Vendor is what the tenant's settings say of one vendor.
type Vendor struct {
	Name   string
	Bundle Bundle
	// GUIDs lists the visuals this vendor may speak for. The bundle's own list
	// can only narrow it.
	GUIDs []visual.GUID
	// Enforced says what the visual itself obeys.
	Enforced Enforced
	// Unavailable says why there is no Bundle today, where it cannot be read or is not
	// the one that the tenant pinned: a sentence without a subject, in the code's
	// own words. What was bound under it stays bound, and nothing new is put.
	Unavailable verdict.Finding
}

// isUnavailable says whether the vendor's keys are not known today.
func (v Vendor) isUnavailable() bool { return v.Unavailable.Code != "" }

// Enforced says which date a vendor's visuals obey at run time.
type Enforced string

const (
	// ByPackage: the date is inside the script, so a later statement about the
	// same bytes extends nothing. The default.
	ByPackage Enforced = "package"
	// ByStatement: the visual asks the statement only.
	ByStatement Enforced = "statement"
)

// Trust is whom a tenant believes about which visuals. The zero Trust believes
// nobody.
type Trust struct {
	tenant       string
	vendors      []Vendor          // by name
	attesters    []Attester        // by key name
	fingerprints map[string]string // key name to fingerprint, since Evaluate asks often
	statuses     []StatusList      // one of each key that signs them
}

// NewTrust makes the trust of one tenant, by its id in lower case, in vendors
// and in those of its own people who may attest. It refuses whoever could be
// taken for another: who may speak for a visual, whose key a name means and
// whose subscriptions an issuer counts must each have one answer. A refusal is a
// *verdict.Refusal with everything found wrong.
func NewTrust(tenant string, vendors []Vendor, attesters ...Attester) (Trust, error) {
	var f faults
	if !ValidTenant(tenant) {
		f.add(codeTenantForm, "has the tenant id %q, which is not a UUID in lower case", tenant)
	}
	names, guids, kids, issuers, public := owners{}, owners{}, owners{}, owners{}, map[string]string{}
	for _, v := range vendors {
		if names[v.Name] != "" || v.Name == "" {
			f.add(codeOverlap, "names two vendors %q, or one not at all", v.Name)
		}
		if v.Enforced != "" && v.Enforced != ByPackage && v.Enforced != ByStatement {
			f.add(codeTrustForm, "says of %s that %q is enforced; there are package and statement", v.Name, v.Enforced)
		}
		if v.isUnavailable() && !v.Bundle.IsZero() {
			f.add(codeTrustForm, "has a bundle of %s that is lost", v.Name)
		}
		names[v.Name] = v.Name
		for _, g := range v.GUIDs {
			guids.assign(&f, codeOverlap, v.Name, "speak for the visual", g.String())
		}
		for _, i := range v.Bundle.issuers {
			issuers.assign(&f, codeOverlap, v.Name, "issue as", i.Name)
			if strings.HasPrefix(i.Name, TenantIssuer) {
				f.add(codeOverlap, "lets %s issue as %s, which is how tenants sign themselves", v.Name, i.Name)
			}
			for _, k := range i.Keys {
				kids.assign(&f, codeDuplicateKid, v.Name, "have a key called", k.ID)
				public[string(k.Public)] = k.ID
			}
		}
	}
	for _, a := range attesters {
		f = append(f, a.check()...)
		f = append(f, checkUniqueKey(a, kids, public)...)
	}
	if len(f) > 0 {
		return Trust{}, f.about("the trust", "correct trust in the settings")
	}
	return Trust{
		tenant: tenant, vendors: slices.SortedFunc(slices.Values(vendors), compareNames),
		attesters: slices.SortedFunc(slices.Values(attesters), compareKeyIDs), fingerprints: fingerprintKeys(vendors, attesters),
	}, nil
}

// checkUniqueKey refuses an attester whose key has a name that is taken, or whose key is
// there already under another: whose word it is must have one answer.
func checkUniqueKey(a Attester, kids owners, public map[string]string) faults {
	var f faults
	if other, taken := kids[a.Key.ID]; taken {
		f.add(codeDuplicateKid, "has two keys called %+q, of %+q and of %+q", a.Key.ID, other, a.Name)
	}
	if other, taken := public[string(a.Key.Public)]; taken && other != a.Key.ID {
		f.add(codeDuplicateKid, "has one key under two names, %+q and %+q", other, a.Key.ID)
	}
	kids[a.Key.ID], public[string(a.Key.Public)] = a.Name, a.Key.ID
	return f
}

func compareNames(a, b Vendor) int { return cmp.Compare(a.Name, b.Name) }

func compareKeyIDs(a, b Attester) int { return cmp.Compare(a.Key.ID, b.Key.ID) }

func fingerprintKeys(vendors []Vendor, attesters []Attester) map[string]string {
	prints := map[string]string{}
	for _, v := range vendors {
		for _, i := range v.Bundle.issuers {
			for _, k := range i.Keys {
				prints[k.ID] = k.Fingerprint()
			}
		}
	}
	for _, a := range attesters {
		prints[a.Key.ID] = a.Key.Fingerprint()
	}
	return prints
}

// owners maps what only one vendor may have to that vendor.
type owners map[string]string

func (o owners) assign(f *faults, code verdict.Code, vendor, what, thing string) {
	if other, taken := o[thing]; taken && other != vendor {
		f.add(code, "lets both %s and %s %s %s", other, vendor, what, thing)
		return
	}
	o[thing] = vendor
}

// Tenant returns the id of the tenant whose trust this is.
func (t Trust) Tenant() string { return t.tenant }

// Fingerprint changes when anybody is believed otherwise than before: then
// statements are to be bound again. Status lists and accounts change nothing of
// that.
func (t Trust) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "trust 1\n%q\n", t.tenant)
	for _, v := range t.vendors {
		guids := slices.SortedFunc(slices.Values(v.GUIDs), visual.GUID.Compare)
		fmt.Fprintf(h, "%q %q %q %q\n", v.Name, v.Bundle.Fingerprint(), v.enforcedOrDefault(), guids)
	}
	for _, a := range t.attesters {
		fmt.Fprintf(h, "attester %q %q %q\n", a.Name, a.Key.ID, t.fingerprints[a.Key.ID])
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func (v Vendor) enforcedOrDefault() Enforced {
	if v.Enforced == "" {
		return ByPackage
	}
	return v.Enforced
}

// A signer is a key with whom it belongs to.
type signer struct {
	vendor Vendor
	issuer Issuer
	key    Key
}

// Vendors returns the vendors, by name. The caller must not change their parts.
func (t Trust) Vendors() []Vendor { return slices.Clone(t.vendors) }

// UnavailableVendors lists the vendors whose keys are not known today, by name, with the
// reason of each.
func (t Trust) UnavailableVendors() []Vendor {
	return slices.DeleteFunc(slices.Clone(t.vendors), func(v Vendor) bool { return !v.isUnavailable() })
}

// vendorNamed finds a vendor by its name.
func (t Trust) vendorNamed(name string) (Vendor, bool) {
	i := slices.IndexFunc(t.vendors, func(v Vendor) bool { return v.Name == name })
	if i < 0 {
		return Vendor{}, false
	}
	return t.vendors[i], true
}

// unavailableFor says why the keys of who may speak for a visual are not known today;
// false where they are, or nobody may.
func (t Trust) unavailableFor(g visual.GUID) (verdict.Finding, bool) {
	for _, v := range t.vendors {
		if v.isUnavailable() && slices.Contains(v.GUIDs, g) {
			return v.Unavailable, true
		}
	}
	return verdict.Finding{}, false
}

// findSigner finds a key by its name.
func (t Trust) findSigner(kid string) (signer, bool) {
	for _, v := range t.vendors {
		if i, k, ok := v.Bundle.Key(kid); ok {
			return signer{v, i, k}, true
		}
	}
	return signer{}, false
}

// checkScope says why a signer may not speak for a visual.
func (s signer) checkScope(g visual.GUID) faults {
	var f faults
	switch {
	case !slices.Contains(s.vendor.GUIDs, g):
		f.addWithHint(codeIssuerScope, "if the visual is this vendor's, add it to the vendor's guids in the settings",
			"is signed with the key %s of %s, whom the settings do not let speak for %s", s.key.ID, s.vendor.Name, g)
	case !s.issuer.speaksFor(g):
		f.addWithHint(codeIssuerScope, "ask the vendor for a trust bundle that names the visual",
			"is signed with the key %s of %s, whose trust bundle does not name %s", s.key.ID, s.vendor.Name, g)
	}
	return f
}

// vendorOf names who may speak for a visual, for people.
func (t Trust) vendorOf(g visual.GUID) string {
	for _, v := range t.vendors {
		if slices.Contains(v.GUIDs, g) {
			return v.Name
		}
	}
	return "the vendor"
}

// A Bound is a statement that is authentic and about these bytes. It is plain
// data that a journal stores; it is never enough to put anything into a store,
// since whoever can write the journal could have made it up.
type Bound struct {
	GUID      visual.GUID    `json:"guid"`
	Version   visual.Version `json:"version"`
	Package   visual.Digest  `json:"package"`
	Content   pbiviz.Content `json:"content"`
	Statement visual.Digest  `json:"statement"` // SHA-256 of the statement's bytes: where to find it, not its identity
	Embedded  bool           `json:"embedded,omitempty"`
	Key       string         `json:"key"` // fingerprint of the public key that verified it
	Terms     Terms          `json:"terms"`
}

// A Need is what a use of a license asks of it.
type Need struct {
	Least Grade
	// Asked says that a person asked for this release by name (a rollback, the
	// way back); what is superseded may then be put.
	Asked bool
	// Reviewed is the reason a person gave for putting what needs review; empty
	// where nobody decided. It never helps against a rejection.
	Reviewed string
	// NoTrial refuses trial licenses, as for production.
	NoTrial bool
	// LongestTerm is how long a license may last, from begin to end, without a person
	// looking at it; zero stands for DefaultLongestTerm.
	LongestTerm time.Duration
	// Tolerant admits packages whose ZIP is of the tolerant tier.
	Tolerant bool
}

// Facts is what is known of the tenant and of licenses used before.
type Facts struct {
	// Tenant is the tenant id of the agent's own sign-in, or of the settings
	// where it does not sign in; lower case.
	Tenant string
	// StoreTenant is the id of the tenant whose store is asked about, where it is
	// another: the license must name that one instead.
	StoreTenant string
	// Marks maps a subscription (Terms.Subscription, prefixed by the issuer and
	// a space) to the highest sequence ever put.
	Marks map[string]int64
	// EarliestEnd maps a package to the earliest end among all statements bound
	// to its bytes, where there are several: see EarliestEnds.
	EarliestEnd map[visual.Digest]Terms
	// Latest maps a subscription's line to the license put last, so that a
	// renewal can be told from what takes something away. Nil classifies
	// nothing: only Marks count then.
	Latest map[Line]Bound
	// Used lists, for each visual, the licenses that were ever put. A renewal may
	// begin before such a one ends.
	Used map[visual.GUID][]Terms
	// StatusMarks maps StatusList.MarkKey to the highest sequence ever seen, so
	// that no older list comes back and none disappears.
	StatusMarks map[string]int64
	// Revoked has what the newest status list of each key revoked. It counts where the
	// list itself is lost.
	Revoked []Revoked
}
