package issuer

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
)

const dateForm = "2006-01-02"

// A Request is what a vendor wants to state about packages, or a tenant to
// attest of them.
type Request struct {
	Issuer       string   // as the trust bundle names it; Attest makes it itself
	Licensee     string   // the vendor's own number for its customer; no person's name; not for Attest
	Tenants      []string // ids, in lower case; one for Attest
	Subscription string   // the same over all renewals
	Sequence     int64    // 1 for the first statement, then one more at each renewal
	Previous     string   // ID of the statement this one replaces, if any

	Issued time.Time // now
	Begins time.Time // not before Issued; zero for Issued
	Ends   time.Time // the next payment date at 00:00 UTC: see ParseDate

	Kind        license.Kind
	Quantity    int64    // for User
	SKUs        []string // for Capacity
	CapacityIDs []string // for Capacity, if only some count
	Sites       []string // for Site
	Trial       bool

	// Attester, Evidence and Reason are for Attest alone: who attests, as the
	// settings name the key, what it rests on and why.
	Attester string
	Evidence license.Evidence
	Reason   string

	// Versions is a constraint as ">= 3.1, < 4"; empty for what Packages span.
	Versions string
	Packages []*pbiviz.Package
}

// An Issued is one signed statement about all requested packages of one visual.
type Issued struct {
	GUID      visual.GUID
	Token     []byte // one line, without a line feed
	Statement license.Statement
	Packages  []*pbiviz.Package
}

// ParseDate reads the day on which a license ends, as 2027-11-20.
func ParseDate(s string) (time.Time, error) {
	t, err := time.Parse(dateForm, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a date as 2027-11-20", s)
	}
	return t, nil
}

// Issue signs one statement per visual, in the order of GUIDs. The same request
// and key give the same statements, ID included, if the key is in memory. Each
// statement is read again and held against its packages before it is returned.
func Issue(r Request, k Key) ([]Issued, error) {
	record, err := k.Record(r.Issued)
	if err != nil {
		return nil, err
	}
	if r.Attester != "" || r.Evidence != (license.Evidence{}) || r.Reason != "" {
		return nil, errors.New("cannot issue a statement with an attester, evidence or a reason: those are for attestations")
	}
	return issuePerVisual(r.Packages, "issue a statement about", func(g visual.GUID, packages []*pbiviz.Package) (Issued, error) {
		return issueOne(r, k, record, g, packages)
	})
}

// issuePerVisual makes one statement of the packages of each visual, in the order of
// GUIDs.
func issuePerVisual(packages []*pbiviz.Package, what string, make func(visual.GUID, []*pbiviz.Package) (Issued, error)) ([]Issued, error) {
	if len(packages) == 0 {
		return nil, fmt.Errorf("cannot %s no package", what)
	}
	byGUID := map[visual.GUID][]*pbiviz.Package{}
	for _, p := range packages {
		g := p.Manifest().GUID
		byGUID[g] = append(byGUID[g], p)
	}
	var all []Issued
	for g, packages := range byGUID {
		one, err := make(g, packages)
		if err != nil {
			return nil, fmt.Errorf("cannot %s %s: %w", what, g, err)
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Issued) int { return a.GUID.Compare(b.GUID) })
	return all, nil
}

func issueOne(r Request, k Key, record license.Key, g visual.GUID, packages []*pbiviz.Package) (Issued, error) {
	c := r.statementClaims(g, packages)
	if err := c.setID(); err != nil {
		return Issued{}, err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return Issued{}, err
	}
	token, err := signDocument(k, record, license.StatementType, payload)
	if err != nil {
		return Issued{}, err
	}
	s, err := license.ReadStatement(token, r.Issuer, record)
	if err != nil {
		return Issued{}, err
	}
	for _, p := range packages {
		if err := s.Covers(p); err != nil {
			return Issued{}, err
		}
	}
	return Issued{g, token, s, packages}, nil
}

// signDocument signs a payload as a document of a type.
func signDocument(k Key, record license.Key, typ string, payload []byte) ([]byte, error) {
	header := struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ"`
	}{string(record.Algorithm), k.ID, typ}
	h, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	return Sign(k, h, payload)
}

// Sign makes the compact JWS of a header and a payload, both unread. Issue is
// what vendors want; this is for who makes statements by other means.
func Sign(k Key, header, payload []byte) ([]byte, error) {
	b64 := base64.RawURLEncoding
	signed := b64.AppendEncode(nil, header)
	signed = b64.AppendEncode(append(signed, '.'), payload)
	sig, err := k.sign(signed)
	if err != nil {
		return nil, fmt.Errorf("cannot sign with the key %q: %w", k.ID, err)
	}
	return b64.AppendEncode(append(signed, '.'), sig), nil
}

// claims are the payload's members, in the order of the format's description.
type claims struct {
	V            int            `json:"v"`
	Issuer       string         `json:"iss"`
	Subject      string         `json:"sub"`
	Audience     string         `json:"aud"`
	ID           string         `json:"jti"`
	Subscription string         `json:"lid"`
	Sequence     int64          `json:"seq"`
	Previous     string         `json:"prev,omitzero"`
	Issued       int64          `json:"iat"`
	Begins       int64          `json:"nbf"`
	Ends         int64          `json:"exp"`
	NextPayment  string         `json:"next_payment"`
	Tenants      []string       `json:"tid"`
	Visual       visualClaim    `json:"visual"`
	Packages     []packageItem  `json:"pkg"`
	Kind         license.Kind   `json:"kind"`
	User         *userClaim     `json:"user,omitzero"`
	Capacity     *capacityClaim `json:"capacity,omitzero"`
	Site         *siteClaim     `json:"site,omitzero"`
	Trial        bool           `json:"trial,omitzero"`
	Evidence     *evidenceClaim `json:"evidence,omitzero"`
	Reason       string         `json:"reason,omitzero"`
}

type (
	visualClaim struct {
		GUID     visual.GUID `json:"guid"`
		Versions string      `json:"versions,omitzero"`
	}
	packageItem struct {
		Version visual.Version `json:"version"`
		Digest  pbiviz.Content `json:"digest"`
		SHA256  string         `json:"sha256,omitzero"`
	}
	evidenceClaim struct {
		Text   string `json:"text,omitzero"`
		Name   string `json:"name,omitzero"`
		SHA256 string `json:"sha256,omitzero"`
	}
	userClaim struct {
		Quantity int64 `json:"qty"`
	}
	capacityClaim struct {
		SKUs []string `json:"sku"`
		IDs  []string `json:"ids,omitempty"`
	}
	siteClaim struct {
		Hosts []string `json:"hosts"`
	}
)

func (r Request) statementClaims(g visual.GUID, packages []*pbiviz.Package) claims {
	begins := r.Begins
	if begins.IsZero() {
		begins = r.Issued
	}
	c := claims{
		V: license.ClaimsVersion, Issuer: r.Issuer, Subject: r.Licensee,
		Audience:     license.AudiencePrefix + g.String(),
		Subscription: r.Subscription, Sequence: r.Sequence, Previous: r.Previous,
		Issued: r.Issued.Unix(), Begins: begins.Unix(), Ends: r.Ends.Unix(),
		NextPayment: r.Ends.UTC().Format(dateForm), Tenants: r.Tenants,
		Packages: packageItems(packages), Kind: r.Kind, Trial: r.Trial,
	}
	c.Visual = visualClaim{g, r.Versions}
	if r.Versions == "" {
		first, last := c.Packages[0].Version, c.Packages[len(c.Packages)-1].Version
		c.Visual.Versions = fmt.Sprintf(">= %s, <= %s", first, last)
	}
	switch r.Kind {
	case license.User:
		c.User = &userClaim{r.Quantity}
	case license.Capacity:
		c.Capacity = &capacityClaim{r.SKUs, r.CapacityIDs}
	case license.Site:
		c.Site = &siteClaim{r.Sites}
	}
	return c
}

// packageItems lists packages once each, by version and content.
func packageItems(packages []*pbiviz.Package) []packageItem {
	var all []packageItem
	for _, p := range packages {
		all = append(all, packageItem{Version: p.Manifest().Version, Digest: p.Content()})
	}
	return sortItems(all)
}

// sortItems orders items by version and content, each once.
func sortItems(all []packageItem) []packageItem {
	slices.SortFunc(all, func(a, b packageItem) int {
		return cmp.Or(a.Version.Compare(b.Version), strings.Compare(string(a.Digest), string(b.Digest)), strings.Compare(a.SHA256, b.SHA256))
	})
	return slices.CompactFunc(all, func(a, b packageItem) bool {
		return a.Version.Equal(b.Version) && a.Digest == b.Digest && a.SHA256 == b.SHA256
	})
}

// setID gives the statement its ID: a digest of all it says. The same
// statement made twice is one; two that differ are never taken for one.
func (c *claims) setID() error {
	c.ID = ""
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	c.ID = strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
	return nil
}
