package journal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// StatusReceived: a vendor's status list is in the archive, believed or not.
type StatusReceived struct {
	List visual.Digest `json:"list"`
	// Issuer and Sequence are what it claims; nobody vouches for that until it
	// is verified.
	Issuer   string `json:"issuer"`
	Sequence int64  `json:"sequence"`
	Source   string `json:"source"` // the file's or item's name
}

// StatusVerified: a status list is authentic and no older than those before it.
// The highest number of each key is the mark below which no list comes back.
type StatusVerified struct {
	List     visual.Digest `json:"list"`
	Issuer   string        `json:"issuer"`
	KeyID    string        `json:"key_id"`
	Mark     string        `json:"mark"` // as license.StatusList.MarkKey
	Sequence int64         `json:"sequence"`
	Issued   time.Time     `json:"issued"`
	Next     time.Time     `json:"next"` // when a newer one is due
	// Claims is the digest of what the list says: one signature has several
	// spellings.
	Claims visual.Digest `json:"claims"`
}

// Revoked: what the newest status list of a key revoked. It stays revoked where the list
// itself is lost. A journal of before has it once the list was read again.
type Revoked struct {
	List          visual.Digest `json:"list"`
	Mark          string        `json:"mark"`                    // as StatusVerified has it
	Statements    []string      `json:"statements,omitempty"`    // jti
	Subscriptions []string      `json:"subscriptions,omitempty"` // lid
}

// StatusRefused: a status list is not believed. The latest word on it counts.
type StatusRefused struct {
	List     visual.Digest     `json:"list"`
	Findings []verdict.Finding `json:"findings,omitempty"`
	Trust    string            `json:"trust"` // fingerprint of the trust it was tried under
}

// A TrustChange says what was done about somebody who is believed.
type TrustChange string

// The changes of trust. They are stored and never renamed.
const (
	TrustUpdated TrustChange = "updated" // a vendor's next bundle
	TrustRemoved TrustChange = "removed"
)

// TrustChanged: a person decided that the settings are to believe somebody
// otherwise. It is recorded before they are written, so that no interruption
// loses who did it; the policy of later entries tells that they were.
type TrustChanged struct {
	Change TrustChange `json:"change"`
	// Vendor or Attester is whom it is about; the other is empty.
	Vendor   string `json:"vendor,omitempty"`
	Attester string `json:"attester,omitempty"`
	// From and To are the fingerprints of bundles or keys; To is empty where
	// nobody is believed any more.
	From    string `json:"from"`
	To      string `json:"to,omitempty"`
	Version int64  `json:"version,omitempty"` // the new bundle's
}

// Attested: the settings said whose account an attester's is when an attestation
// was bound. Who attests lets no change pass to what he attested, whatever the
// settings say later.
type Attested struct {
	Package   visual.Digest `json:"package"`
	Statement visual.Digest `json:"statement"`
	Attester  string        `json:"attester"`
	Accounts  []string      `json:"accounts"`
}

func (f StatusReceived) applyTo(w *writer, _ Entry) error {
	if f.List.IsZero() {
		return errors.New("the status list has no digest")
	}
	if _, known := w.lists.get(f.List); !known {
		w.listed.add(f.List)
	}
	w.lists.set(f.List, f)
	w.refused.drop(f.List)
	return nil
}

func (f StatusVerified) applyTo(w *writer, _ Entry) error {
	if _, ok := w.lists.get(f.List); !ok {
		return fmt.Errorf("status list %s was never received", f.List.Short())
	}
	now, known := w.statuses.get(f.Mark)
	switch {
	case f.Mark == "" || f.Sequence < 1:
		return errors.New("the status list names no key or has no number")
	case known && f.Sequence < now.Sequence:
		return fmt.Errorf("it is number %d, and number %d was seen already", f.Sequence, now.Sequence)
	case known && f.Sequence == now.Sequence && f.Claims != now.Claims:
		return fmt.Errorf("another list of number %d was seen already", f.Sequence)
	}
	w.statuses.set(f.Mark, f)
	w.settled.set(f.List, true)
	w.listRefusals.drop(f.List)
	return nil
}

func (f Revoked) applyTo(w *writer, _ Entry) error {
	if now, known := w.statuses.get(f.Mark); !known || now.List != f.List {
		return fmt.Errorf("status list %s is not the newest of its key", f.List.Short())
	}
	w.revoked.set(f.Mark, f)
	return nil
}

func (f StatusRefused) applyTo(w *writer, _ Entry) error {
	if _, ok := w.lists.get(f.List); !ok {
		return fmt.Errorf("status list %s was never received", f.List.Short())
	}
	w.listRefusals.set(f.List, f)
	return nil
}

func (f TrustChanged) applyTo(w *writer, _ Entry) error {
	switch {
	case (f.Vendor == "") == (f.Attester == ""):
		return errors.New("it names neither one vendor nor one attester")
	case f.Change != TrustUpdated && f.Change != TrustRemoved:
		return fmt.Errorf("there is no change %q", f.Change)
	case f.From == "" || (f.To == "") != (f.Change == TrustRemoved):
		return errors.New("it does not say from which key or bundle to which")
	}
	if f.Change == TrustUpdated {
		w.updates.set(f.To, f)
	}
	return nil
}

func (f Attested) applyTo(w *writer, _ Entry) error {
	switch {
	case f.Attester == "" || len(f.Accounts) == 0:
		return errors.New("it names no attester or no account")
	case f.Statement.IsZero():
		return errors.New("it names no attestation")
	}
	if _, ok := w.packages.get(f.Package); !ok {
		return fmt.Errorf("package %s was never received", f.Package.Short())
	}
	known, _ := w.attested.get(f.Package)
	w.attested.set(f.Package, append(slices.Clip(known), f))
	return nil
}

// AttestedBy lists the accounts of those who attested of a package, as far as the
// settings said whose these are.
func (b Book) AttestedBy(pkg visual.Digest) []Attested {
	all, _ := b.currentTotals().attested.get(pkg)
	return slices.Clone(all)
}

// OverriddenBy returns who last let a step pass a gate, if anybody ever did.
func (b Book) OverriddenBy(step store.StepID, gate string) (Actor, bool) {
	return b.currentTotals().overriders.get(passing{step, gate})
}

// HasStatusList says whether a status list was received.
func (b Book) HasStatusList(d visual.Digest) bool {
	_, ok := b.currentTotals().lists.get(d)
	return ok
}

// StatusLists lists the status lists that were received, in the order they came.
func (b Book) StatusLists() []StatusReceived {
	s := b.currentTotals()
	var all []StatusReceived
	for d := range s.listed.inOrder() {
		l, _ := s.lists.get(d)
		all = append(all, l)
	}
	return all
}

// StatusSettled says whether a status list was verified, then or later: it may
// have been outdated since.
func (b Book) StatusSettled(d visual.Digest) bool {
	_, ok := b.currentTotals().settled.get(d)
	return ok
}

// Statuses lists the newest status list of each key, by mark.
func (b Book) Statuses() []StatusVerified {
	return slices.SortedFunc(b.currentTotals().statuses.values(), func(x, y StatusVerified) int { return cmp.Compare(x.Mark, y.Mark) })
}

// Status returns the newest status list of a key, by its mark.
func (b Book) Status(mark string) (StatusVerified, bool) { return b.currentTotals().statuses.get(mark) }

// Revoked lists what the newest status list of each key revoked, by mark, as far as it is
// recorded. The caller must not change it.
func (b Book) Revoked() []license.Revoked {
	var all []license.Revoked
	for _, s := range b.Statuses() {
		if r, known := b.currentTotals().revoked.get(s.Mark); known && r.List == s.List {
			all = append(all, license.Revoked{
				Issuer: s.Issuer, KeyID: s.KeyID, Sequence: s.Sequence, Issued: s.Issued,
				Statements: r.Statements, Subscriptions: r.Subscriptions,
			})
		}
	}
	return all
}

// LacksRevoked reports whether a status list is the newest of its key and what it revoked
// is not recorded.
func (b Book) LacksRevoked(d visual.Digest) bool {
	t := b.currentTotals()
	for mark, s := range t.statuses.all() {
		if r, _ := t.revoked.get(mark); s.List == d && r.List != d {
			return true
		}
	}
	return false
}

// StatusMarks returns the highest number of any status list, with keys as
// license.Facts has them.
func (b Book) StatusMarks() map[string]int64 {
	marks := map[string]int64{}
	for mark, s := range b.currentTotals().statuses.all() {
		marks[mark] = s.Sequence
	}
	return marks
}

// StatusRefusal returns why a status list is not believed, if it is not.
func (b Book) StatusRefusal(d visual.Digest) (StatusRefused, bool) {
	return b.currentTotals().listRefusals.get(d)
}

// Updated returns how a vendor came to the trust bundle of a fingerprint, if it
// was by an update.
func (b Book) Updated(fingerprint string) (TrustChanged, bool) {
	return b.currentTotals().updates.get(fingerprint)
}
