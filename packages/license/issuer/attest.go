package issuer

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

// Attest signs one attestation per visual, in the order of GUIDs: what the
// tenant itself says of exact bytes whose license cannot be read. Each is read
// again and held against its packages before it is returned, as the agent will.
func Attest(r Request, k Key) ([]Issued, error) {
	a, err := k.Attester(r.Attester)
	if err != nil {
		return nil, err
	}
	if len(r.Tenants) != 1 {
		return nil, fmt.Errorf("cannot attest for %d tenants: a tenant attests for itself alone", len(r.Tenants))
	}
	if r.Licensee != "" || r.Issuer != "" || r.Versions != "" || r.Trial {
		return nil, errors.New("cannot attest a licensee, an issuer, other versions or a trial: those are a vendor's to state")
	}
	return issuePerVisual(r.Packages, "attest", func(g visual.GUID, packages []*pbiviz.Package) (Issued, error) {
		return attestOne(r, k, a, g, packages)
	})
}

func attestOne(r Request, k Key, a license.Attester, g visual.GUID, packages []*pbiviz.Package) (Issued, error) {
	c := r.attestationClaims(g, packages)
	if err := c.setID(); err != nil {
		return Issued{}, err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return Issued{}, err
	}
	token, err := signDocument(k, a.Key, license.AttestationType, payload)
	if err != nil {
		return Issued{}, err
	}
	s, err := license.ReadAttestation(token, r.Tenants[0], a)
	if err != nil {
		return Issued{}, err
	}
	for _, p := range packages {
		if err := s.CoversBytes(p); err != nil {
			return Issued{}, err
		}
	}
	return Issued{g, token, s, packages}, nil
}

// attestationClaims returns the claims of an attestation: those of a statement, made
// the tenant's, without what only a vendor can say.
func (r Request) attestationClaims(g visual.GUID, packages []*pbiviz.Package) claims {
	r.Issuer, r.Licensee = license.TenantIssuer+r.Tenants[0], r.Attester
	c := r.statementClaims(g, packages)
	c.Visual.Versions = ""
	c.Packages = nil
	for _, p := range packages {
		d := p.Digest()
		c.Packages = append(c.Packages, packageItem{p.Manifest().Version, p.Content(), d.Hex()})
	}
	c.Packages = sortItems(c.Packages)
	c.leaveOutUnknown()
	c.Evidence = &evidenceClaim{r.Evidence.Text, r.Evidence.Name, r.Evidence.SHA256}
	c.Reason = r.Reason
	return c
}

// leaveOutUnknown drops how much is licensed where nobody said it: an opaque
// license does not tell, and a made-up number would be worse than none.
func (c *claims) leaveOutUnknown() {
	if c.User != nil && c.User.Quantity == 0 {
		c.User = nil
	}
	if c.Capacity != nil && len(c.Capacity.SKUs) == 0 && len(c.Capacity.IDs) == 0 {
		c.Capacity = nil
	}
	if c.Site != nil && len(c.Site.Hosts) == 0 {
		c.Site = nil
	}
}
