package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/visual"
)

// An AddTrustRequest asks to trust a vendor's licenses for some visuals.
type AddTrustRequest struct {
	Name    string        `json:"name"` // the vendor's in the settings
	File    string        `json:"file"` // its trust bundle
	Visuals []visual.GUID `json:"visuals"`
	// Enforced says whose end the visual itself obeys: "package" or "statement".
	Enforced license.Enforced `json:"enforced"`
	// Fingerprint is what the vendor told; empty if nobody has compared it yet. It
	// refuses any other, and agrees to this one.
	Fingerprint string  `json:"fingerprint,omitempty"`
	DryRun      bool    `json:"dry_run,omitempty"`
	Consent     Consent `json:"consent,omitzero"`
}

// An AddTrustResult is what became of an AddTrustRequest.
type AddTrustResult struct {
	Vendors []TrustedVendor `json:"vendors"` // the one that was added
	Message string          `json:"message"` // one sentence for people
	// Question is asked first: nothing was changed.
	Question *Question `json:"question,omitempty"`
}

// AddTrust writes into the settings file that a vendor speaks for some visuals, by the
// trust bundle of one fingerprint.
func (p Ports) AddTrust(ctx context.Context, s config.Settings, r AddTrustRequest) (AddTrustResult, error) {
	vendor, bundle, err := p.readNewVendor(r)
	if err != nil {
		return AddTrustResult{}, err
	}
	vendor.Bundle = besideSettings(s, vendor.Bundle)
	edit := func(text []byte) ([]byte, error) { return config.AddVendor(text, vendor) }
	if err := p.checkEdit(s, edit); err != nil {
		return AddTrustResult{}, err
	}
	about := "believed about " + Count(len(vendor.GUIDs), "visual")
	out := AddTrustResult{Vendors: []TrustedVendor{trustedVendorOf(vendor, bundle, p.Now())}, Message: vendor.Name + " is " + about}
	if r.DryRun {
		out.Message = vendor.Name + " would be " + about
		return out, nil
	}
	if r.Fingerprint == "" {
		out.Question, err = askAbout(r.Consent, fmt.Sprintf("believe %s, whose fingerprint is\n  %s\n(compare it with the vendor by another way than the file came),\nabout %s",
			vendor.Name, vendor.Fingerprint, Count(len(vendor.GUIDs), "visual")), out.Vendors)
		if err != nil || out.Question != nil {
			return out, err
		}
	}
	if err := p.editSettings(s, edit); err != nil {
		return out, err
	}
	p.tellOlder(ctx, s, vendor, bundle, &out)
	return out, nil
}

// tellOlder says that a vendor which was added is not trusted yet, since a newer bundle
// of its root keys was in force. Where the data folder cannot be read, every command that
// reads it says so.
func (p Ports) tellOlder(ctx context.Context, s config.Settings, v config.Vendor, b license.Bundle, out *AddTrustResult) {
	book, err := readBook(ctx, s, p)
	if err != nil {
		return
	}
	if err := checkNotOlder(b, v.Bundle, book); err != nil {
		f := fault.Of(err)
		out.Vendors[0].State, out.Vendors[0].Message = "older", f.Error()
		out.Message = fmt.Sprintf("%s is in the settings, and not believed: %s; %s", v.Name, f.Error(), f.Hint)
	}
}

// readNewVendor reads the trust bundle of a vendor that is to be added, and refuses one
// that would be of no use.
func (p Ports) readNewVendor(r AddTrustRequest) (config.Vendor, license.Bundle, error) {
	var b license.Bundle
	v := config.Vendor{Name: strings.TrimSpace(r.Name), GUIDs: r.Visuals, Enforced: r.Enforced}
	switch {
	case v.Name == "" || len(v.GUIDs) == 0:
		return v, b, fault.Usage("give --name and at least one --guid", "a vendor needs a name and the visuals it may speak for")
	case v.Enforced != license.ByPackage && v.Enforced != license.ByStatement:
		return v, b, fault.Usage("say package, unless the vendor told you that the visual asks only the statement", "--enforced is package or statement, not %q", v.Enforced)
	}
	text, err := p.Read(r.File, MaxBundle)
	if err != nil {
		return v, b, err
	}
	if b, err = license.ParseBundle(text); err != nil {
		return v, b, fmt.Errorf("cannot read the trust bundle %s: %w", r.File, err)
	}
	if err := checkSpeaksFor(b, r.File, v.GUIDs); err != nil {
		return v, b, err
	}
	v.Fingerprint = b.Fingerprint()
	if r.Fingerprint != "" && r.Fingerprint != v.Fingerprint {
		return v, b, fault.New("trust.fingerprint", "do not use this file; ask the vendor for the right one",
			"the fingerprint of %s is %s, not %s", r.File, v.Fingerprint, r.Fingerprint)
	}
	v.Bundle, err = filepath.Abs(r.File)
	return v, b, err
}

// checkSpeaksFor refuses to trust a bundle about a visual that it does not name:
// none of its licenses would be trusted, and nobody would see why.
func checkSpeaksFor(b license.Bundle, file string, guids []visual.GUID) error {
	var named []visual.GUID
	for _, i := range b.Issuers() {
		if len(i.GUIDs) == 0 { // of all that the settings allow
			return nil
		}
		named = append(named, i.GUIDs...)
	}
	for _, g := range guids {
		if !slices.Contains(named, g) {
			return fault.New("trust.scope", fmt.Sprintf("case counts; it speaks for %s", joinGUIDs(named)),
				"the bundle %s does not speak for %s", file, g)
		}
	}
	return nil
}

// joinGUIDs lists visuals in one line.
func joinGUIDs(guids []visual.GUID) string {
	texts := make([]string, len(guids))
	for i, g := range guids {
		texts[i] = g.String()
	}
	return strings.Join(texts, ", ")
}
