package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
)

// A TrustedVendor is a vendor whom the settings trust, and how its bundle is.
type TrustedVendor struct {
	Name        string   `json:"name"`
	Bundle      string   `json:"bundle"`
	Fingerprint string   `json:"fingerprint"` // as the settings pin it
	Version     int64    `json:"version"`
	Expires     string   `json:"expires"`
	Enforced    string   `json:"enforced"`
	GUIDs       []string `json:"guids"`
	State       string   `json:"state"` // ok, expired, older, changed, unreadable, unsafe
	Message     string   `json:"message"`
	// StatusLists are the newest that were seen, one for each key that signs them.
	StatusLists []StatusList `json:"status_lists"`
}

// trustedVendorOf says what the settings and the bundle say of a vendor.
func trustedVendorOf(v config.Vendor, b license.Bundle, now time.Time) TrustedVendor {
	d := TrustedVendor{
		Name: v.Name, Bundle: v.Bundle, Fingerprint: v.Fingerprint, Enforced: string(v.Enforced), State: "ok",
		StatusLists: []StatusList{},
	}
	for _, g := range v.GUIDs {
		d.GUIDs = append(d.GUIDs, g.String())
	}
	if b.IsZero() {
		return d
	}
	d.Version, d.Expires = b.Version(), Timestamp(b.Expires())
	if !now.Before(b.Expires()) {
		d.State, d.Message = "expired", "ask the vendor for its current trust bundle"
	}
	return d
}

// A TrustListRequest asks whose licenses are trusted.
type TrustListRequest struct{}

// A TrustListResult lists the vendors whom the settings trust.
type TrustListResult struct {
	Vendors []TrustedVendor `json:"vendors"`
	Message string          `json:"message"` // one sentence for people
}

// TrustList lists every vendor, whatever is wrong with some: this is where people
// look when something is. An error beside a result says what is wrong.
func (p Ports) TrustList(ctx context.Context, s config.Settings, _ TrustListRequest) (TrustListResult, error) {
	out := TrustListResult{Vendors: []TrustedVendor{}}
	var wrong error
	issuers := map[string][]string{}
	book, unreadBook := readBook(ctx, s, p)
	for _, v := range s.Trust.Vendors {
		b, err := p.trustedBundle(v, book)
		d := trustedVendorOf(v, b, p.Now())
		if err != nil {
			f := fault.Of(err)
			d.State, d.Message = stateOfBundle(f.Code), f.Error()
			code := "trust." + d.State
			if f.Code == CodeFileMode {
				code = f.Code
			}
			wrong = cmp.Or(wrong, error(fault.New(code, f.Hint, "%s is not trusted: %w", v.Name, err)))
		}
		for _, i := range b.Issuers() {
			issuers[v.Name] = append(issuers[v.Name], i.Name)
		}
		out.Vendors = append(out.Vendors, d)
	}
	if err := cmp.Or(unreadBook, p.addStatusLists(s, book, out.Vendors, issuers)); err != nil {
		wrong = cmp.Or(wrong, err)
	}
	if len(out.Vendors) == 0 {
		out.Message = "no vendor is believed yet: add one with `orgstore trust add`"
	}
	return out, wrong
}

// stateOfBundle is the word for why a bundle is not trusted.
func stateOfBundle(code string) string {
	switch code {
	case "trust.fingerprint":
		return "changed"
	case codeOlderBundle:
		return "older"
	case CodeFileMode:
		return "unsafe"
	}
	return "unreadable"
}

// addStatusLists adds which status lists are in force.
func (p Ports) addStatusLists(s config.Settings, book journal.Book, vendors []TrustedVendor, issuers map[string][]string) error {
	parts, attesters := p.trustParts(s, book)
	trust, err := license.NewTrust(s.Tenant, parts, attesters...)
	if err != nil {
		return err
	}
	if trust, err = p.trustWithStatusLists(trust, s, book); err != nil {
		return err
	}
	at := moment.Settle(p.Now(), book.TimeMark(), -1)
	for i, v := range vendors {
		vendors[i].StatusLists = StatusLists(trust, book, issuers[v.Name], at)
	}
	return nil
}
