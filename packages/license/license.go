// Package license knows statements about who may use which bytes until when:
// it reads them, verifies them offline against trust that the tenant pinned,
// binds them to a package and says at a given moment whether that package may
// be put into a store. It does not know what to do when a license ends.
//
// It is not copy protection: the tenant's administrator owns the machine. It
// keeps a tenant from deploying a package that is not meant for it, was
// tampered with, or is about to die.
package license

import (
	"slices"
	"time"
)

// A Grade says how far a license can be believed.
type Grade string

// The grades, from the best to the least.
const (
	// Signed: a vendor's statement, verified with a key the tenant pinned.
	Signed Grade = "signed"
	// Attested: the tenant's own statement about an opaque package.
	Attested Grade = "attested"
	// Readable: found inside the package, its signature not checkable.
	Readable Grade = "readable"
	// Opaque: nothing is known of the license.
	Opaque Grade = "opaque"
)

// Grades lists the grades from the best to the least.
func Grades() []Grade { return []Grade{Signed, Attested, Readable, Opaque} }

// AtLeast says whether g is as good as need. An unknown grade never is.
func (g Grade) AtLeast(need Grade) bool {
	have, want := slices.Index(Grades(), g), slices.Index(Grades(), need)
	return have >= 0 && want >= 0 && have <= want
}

// A Kind is what a license counts.
type Kind string

// The kinds.
const (
	User     Kind = "user"     // designers plus viewers
	Capacity Kind = "capacity" // the SKU of the capacities on which the visual is used
	Site     Kind = "site"     // one embedded site, any number of users
)

// Terms is what a statement says, as plain data. It is stored in journals: its
// JSON members are never renamed. The zero Terms say nothing is known.
type Terms struct {
	Grade        Grade     `json:"grade,omitempty"`
	Vendor       string    `json:"vendor,omitempty"`       // the name in the tenant's settings
	Issuer       string    `json:"issuer,omitempty"`       // iss
	Licensee     string    `json:"licensee,omitempty"`     // sub; not a person's name
	ID           string    `json:"id,omitempty"`           // jti: one issued statement
	Subscription string    `json:"subscription,omitempty"` // lid: stable over renewals
	Sequence     int64     `json:"sequence,omitempty"`     // seq: rises by renewal
	Kind         Kind      `json:"kind,omitempty"`
	Quantity     int64     `json:"quantity,omitempty"` // users, for User
	SKUs         []string  `json:"skus,omitempty"`     // for Capacity
	CapacityIDs  []string  `json:"capacity_ids,omitempty"`
	Sites        []string  `json:"sites,omitempty"` // hosts, for Site
	Tenants      []string  `json:"tenants,omitempty"`
	Issued       time.Time `json:"issued,omitzero"`
	Begins       time.Time `json:"begins,omitzero"` // valid from here on
	Ends         time.Time `json:"ends,omitzero"`   // valid before this, not at it
	KeyID        string    `json:"key_id,omitempty"`
	Trial        bool      `json:"trial,omitempty"`
	// Of an attestation: who attested, under the name that the settings give the
	// key KeyID, on what evidence and why.
	Attester string   `json:"attester,omitempty"`
	Evidence Evidence `json:"evidence,omitzero"`
	Reason   string   `json:"reason,omitempty"`
}

// Evidence is what an attestation rests on: a text, such as an order number, or
// a file that whoever attests keeps.
type Evidence struct {
	Text   string `json:"text,omitempty"`
	Name   string `json:"name,omitempty"`   // of the file
	SHA256 string `json:"sha256,omitempty"` // of the file, in lower-case hex
}

// String shows the evidence on one line.
func (e Evidence) String() string {
	if e.Name == "" {
		return e.Text
	}
	return e.Name + " (SHA-256 " + e.SHA256 + ")"
}

// IsZero says whether nothing is known of a license.
func (t Terms) IsZero() bool { return t.Grade == "" && t.ID == "" && t.Ends.IsZero() }
