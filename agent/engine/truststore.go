package engine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// readTrust is whom the settings believe. A vendor whose bundle cannot be read, or
// is another than the one pinned, is believed no more, and said; it keeps nobody
// from seeing, planning and going on with everything else.
func (p Ports) readTrust(s config.Settings, book journal.Book) (license.Trust, error) {
	vendors, attesters := p.trustParts(s, book)
	trust, err := license.NewTrust(s.Tenant, vendors, attesters...)
	var refusal *verdict.Refusal
	if errors.As(err, &refusal) && len(vendors) > 0 {
		// Bundles that contradict each other: none of them says who is who.
		f := refusal.Findings[0]
		for i := range vendors {
			vendors[i].Bundle, vendors[i].Unavailable = license.Bundle{}, f
		}
		trust, err = license.NewTrust(s.Tenant, vendors, attesters...)
	}
	if err != nil {
		return trust, err
	}
	for _, v := range trust.UnavailableVendors() {
		p.note("%s is not trusted now: %s; what is installed stays, and nothing new of this vendor is put", v.Name, v.Unavailable.Message)
	}
	return trust, nil
}

// trustParts reads what the settings pin, as far as the journal allows it.
func (p Ports) trustParts(s config.Settings, book journal.Book) ([]license.Vendor, []license.Attester) {
	var vendors []license.Vendor
	for _, v := range s.Trust.Vendors {
		vendor := license.Vendor{Name: v.Name, GUIDs: v.GUIDs, Enforced: v.Enforced}
		bundle, err := p.trustedBundle(v, book)
		if err != nil {
			f := fault.Of(err)
			vendor.Unavailable = verdict.Finding{Code: verdict.Code(f.Code), Verdict: verdict.Reject, Message: f.Error(), Hint: f.Hint}
		} else {
			vendor.Bundle = bundle
		}
		vendors = append(vendors, vendor)
	}
	var attesters []license.Attester
	for _, a := range s.Trust.Attesters {
		attester := license.Attester{Name: a.Name, Key: a.Key}
		if a.Account != "" {
			attester.Accounts = []string{a.Account}
		}
		attesters = append(attesters, attester)
	}
	return vendors, attesters
}

// pinnedBundle reads a vendor's bundle, if it is the one whose fingerprint the
// settings pin.
func (p Ports) pinnedBundle(v config.Vendor) (license.Bundle, error) {
	if err := p.Guard("the trust bundle", v.Bundle); err != nil {
		return license.Bundle{}, err
	}
	bundle, err := p.ReadBundle(v.Bundle)
	if err != nil {
		return bundle, fault.New("trust.unreadable", "put the vendor's bundle back; `orgstore trust list` shows them all",
			"its trust bundle cannot be read: %w", err)
	}
	if bundle.Fingerprint() != v.Fingerprint {
		return license.Bundle{}, fault.New("trust.fingerprint",
			"ask the vendor which fingerprint is right; if this one is, put it into the settings",
			"the fingerprint of %s is %s, and the settings pin %s", v.Bundle, bundle.Fingerprint(), v.Fingerprint)
	}
	return bundle, nil
}

func (p Ports) ReadBundle(name string) (license.Bundle, error) {
	text, err := disk.ReadFile(p.Disk, name, MaxBundle)
	if err != nil {
		return license.Bundle{}, err
	}
	return license.ParseBundle(text)
}

// statusCache is a trust with status lists, and which these are.
type statusCache struct {
	trust license.Trust
	lists string
}

// currentTrust is the trust with the newest status list of each key, verified again
// from its bytes. A list that cannot be had is missed in every weighing, since
// the journal knows its number.
func (e *Engine) currentTrust() license.Trust {
	if e.Journal == nil { // who only looks
		return e.Trust
	}
	lists := e.Journal.Book().Statuses()
	if key := namesOf(lists); key != e.statusCache.lists || e.statusCache.lists == "" {
		trust, missed := listening(e.Trust, lists, e.archive.Statement)
		for _, err := range missed {
			e.note("%v", err)
		}
		e.statusCache = statusCache{trust, key}
	}
	return e.statusCache.trust
}

// namesOf names a set of lists, never empty.
func namesOf(lists []journal.StatusVerified) string {
	names := []string{"lists"}
	for _, l := range lists {
		names = append(names, l.List.Hex())
	}
	return strings.Join(names, " ")
}

// listening adds status lists to a trust. It tells which could not be read; one
// of a key that is not trusted today says nothing about any license that is.
func listening(trust license.Trust, lists []journal.StatusVerified, read func(visual.Digest) ([]byte, error)) (license.Trust, []error) {
	var missed []error
	for _, l := range lists {
		file, err := read(l.List)
		if err != nil {
			missed = append(missed, fmt.Errorf("the status list %d of %s is missing: %w", l.Sequence, l.Issuer, err))
			continue
		}
		list, err := trust.ReadStatus(file)
		if err != nil {
			continue
		}
		if with, err := trust.WithStatus(list); err == nil {
			trust = with
		}
	}
	return trust, missed
}

// trustWithStatusLists is believed for who has no session: it opens the archive only where
// there are lists in it.
func (p Ports) trustWithStatusLists(trust license.Trust, s config.Settings, book journal.Book) (license.Trust, error) {
	lists := book.Statuses()
	if len(lists) == 0 {
		return trust, nil
	}
	kept, err := archive.Open(p.Disk, archiveFolder(s))
	if err != nil {
		return trust, err
	}
	trust, missed := listening(trust, lists, kept.Statement)
	for _, err := range missed {
		p.note("%v", err)
	}
	return trust, nil
}
