package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/license"
)

// A RemoveTrustRequest asks that the settings trust somebody no more.
type RemoveTrustRequest struct {
	// Name is that of a vendor or a person in the settings, or of a person's key.
	Name    string  `json:"name"`
	DryRun  bool    `json:"dry_run,omitempty"`
	Consent Consent `json:"consent,omitzero"`
}

// A RemoveTrustResult is what became of a RemoveTrustRequest.
type RemoveTrustResult struct {
	Removal TrustRemoval `json:"removal"`
	Message string       `json:"message"` // one sentence for people
	// Question is asked first: nothing was changed.
	Question *Question `json:"question,omitempty"`
}

// A TrustRemoval says whom the settings trust no more, and what follows.
type TrustRemoval struct {
	Vendor   string      `json:"vendor,omitempty"`
	Attester string      `json:"attester,omitempty"`
	Keys     []string    `json:"keys,omitempty"` // of the attester
	Lost     []LostTrust `json:"no_longer"`      // what could not be installed any more
}

// RemoveTrust removes a vendor, a person, or one key of a person from the settings.
// What is installed stays, and so do the files.
func (e *Engine) RemoveTrust(ctx context.Context, r RemoveTrustRequest) (RemoveTrustResult, error) {
	name := strings.TrimSpace(r.Name)
	removed, err := findTrusted(e.Settings, name)
	if err != nil {
		return RemoveTrustResult{}, err
	}
	if err := e.checkEdit(e.Settings, removed.edit); err != nil {
		return RemoveTrustResult{}, err
	}
	vendors, attesters := e.trustParts(removed.settings, e.Journal.Book())
	after, err := license.NewTrust(e.Settings.Tenant, vendors, attesters...)
	if err != nil {
		return RemoveTrustResult{}, err
	}
	out := RemoveTrustResult{Removal: removed.result(e.lostTrust(after)), Message: removed.message(name)}
	if r.DryRun {
		out.Message = "nothing was done: this was a dry run"
		return out, nil
	}
	out.Question, err = askAbout(r.Consent, "believe "+safetext.Line(name)+" no more", out.Removal)
	if err != nil || out.Question != nil {
		return out, err
	}
	if err := e.recordBundles(ctx); err != nil {
		return out, err
	}
	return out, e.recordAndEdit(ctx, removed.edit, removed.facts()...)
}

// A trusted is a vendor, a person, or one key of a person, as the settings name them.
type trusted struct {
	vendor   *config.Vendor
	keys     []config.Attester
	settings config.Settings // without them
}

// findTrusted finds a vendor, a person, or a key in the settings.
func findTrusted(s config.Settings, name string) (trusted, error) {
	t := trusted{settings: s}
	if i := slices.IndexFunc(s.Trust.Vendors, func(v config.Vendor) bool { return v.Name == name }); i >= 0 {
		t.vendor = &s.Trust.Vendors[i]
		t.settings.Trust.Vendors = slices.Delete(slices.Clone(s.Trust.Vendors), i, i+1)
	}
	for _, a := range s.Trust.Attesters {
		if a.Name == name || a.Key.ID == name {
			t.keys = append(t.keys, a)
		}
	}
	switch {
	case t.vendor == nil && len(t.keys) == 0:
		return t, fault.New("trust.unknown", "look at `orgstore trust list` and `orgstore trust attester list`",
			"the settings believe nobody called %q", name)
	case t.vendor != nil && len(t.keys) > 0:
		return t, fault.New("trust.ambiguous", "name the person's key: "+t.keys[0].Key.ID+"; or change the settings by hand",
			"%q is both a vendor and a person", name)
	}
	t.settings.Trust.Attesters = slices.DeleteFunc(slices.Clone(s.Trust.Attesters), func(a config.Attester) bool {
		return slices.ContainsFunc(t.keys, func(k config.Attester) bool { return k.Key.ID == a.Key.ID })
	})
	return t, nil
}

// edit removes them from the text of the settings file.
func (t trusted) edit(text []byte) ([]byte, error) {
	if t.vendor != nil {
		return config.RemoveVendor(text, t.vendor.Name)
	}
	var err error
	for _, k := range t.keys {
		if text, err = config.RemoveAttester(text, k.Key.ID); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// facts record that they were removed.
func (t trusted) facts() []journal.Fact {
	if t.vendor != nil {
		return []journal.Fact{journal.TrustChanged{Change: journal.TrustRemoved, Vendor: t.vendor.Name, From: t.vendor.Fingerprint}}
	}
	var all []journal.Fact
	for _, k := range t.keys {
		all = append(all, journal.TrustChanged{Change: journal.TrustRemoved, Attester: k.Name, From: k.Key.Fingerprint()})
	}
	return all
}

// result says what follows once they are removed.
func (t trusted) result(lost []LostTrust) TrustRemoval {
	r := TrustRemoval{Lost: lost}
	if t.vendor != nil {
		r.Vendor = t.vendor.Name
	}
	for _, k := range t.keys {
		r.Attester = k.Name
		r.Keys = append(r.Keys, k.Key.ID)
	}
	return r
}

// message says that they were removed, by the name that the person gave.
func (t trusted) message(name string) string {
	text := fmt.Sprintf("%s is believed no more; what is installed stays", name)
	if t.vendor != nil {
		text += ", and the file " + t.vendor.Bundle + " too"
	}
	return text
}
