package license

import (
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	// maxIssuedAhead is how far an issuer's clock may lead ours.
	maxIssuedAhead = 5 * time.Minute
	// maxLifetime is how long a license may last without a person looking at
	// it: a year and some weeks.
	maxLifetime = 400 * 24 * time.Hour
	// maxSequenceStep is how far a sequence may rise at once. A mark that was
	// driven to its maximum would lock every later renewal out.
	maxSequenceStep = 1000
	// expiringDays is from how many days left on an end is warned of.
	expiringDays = 1
)

// A weighing collects findings about one license at one moment.
type weighing struct {
	trust Trust
	bound Bound
	need  Need
	facts Facts
	at    moment.Moment
	ends  Terms // with the end that counts
	found []verdict.Finding
}

// Weigh says whether a bound statement is good at a moment: key, tenant, times,
// sequence, what it renews, revocation, grade. It is cheap and reads no bytes. Everything found is said.
func (t Trust) Weigh(b Bound, n Need, f Facts, at moment.Moment) verdict.Judgment {
	w := &weighing{trust: t, bound: b, need: n, facts: f, at: at, ends: t.Effective(b, f)}
	w.weighKey()
	w.weighTenant()
	w.weighEnd()
	w.weighBeginning()
	w.weighSequence()
	w.weighRenewal()
	w.weighStatus()
	w.weighGrade()
	w.found = append(w.found, clock(at)...)
	return verdict.Judge(w.found...)
}

// WeighUnbound says what may be done with a package about which nothing is
// bound: nothing, unless the policy asks for no license.
func (t Trust) WeighUnbound(m pbiviz.Manifest, n Need, at moment.Moment) verdict.Judgment {
	f := verdict.Finding{
		Code: codeNone, Verdict: verdict.Reject,
		Message: fmt.Sprintf("%s has no license statement, so its grade is %s; the policy needs the grade %s", nameOf(m), Opaque, n.Least),
		Hint:    t.reach(m.GUID, n.Least),
	}
	if Opaque.AtLeast(n.Least) {
		f.Verdict = verdict.Warn
		f.Message = nameOf(m) + " has no license statement; the policy admits it without one"
		f.Hint = ""
	}
	return verdict.Judge(append(clock(at), f)...)
}

// WeighRefused says what follows where every statement about a package was
// refused: what was found wrong, and the grade that is left without it. Nothing
// is admitted then, even where the policy asks for no license.
func (t Trust) WeighRefused(m pbiviz.Manifest, refused []verdict.Finding, n Need, at moment.Moment) verdict.Judgment {
	j := verdict.Judge(refused...).With(clock(at)...)
	if Opaque.AtLeast(n.Least) {
		return j
	}
	return j.With(verdict.Finding{
		Code: codeGrade, Verdict: verdict.Reject,
		Message: fmt.Sprintf("%s is left with the grade %s, since its license cannot be believed; the policy needs the grade %s", nameOf(m), Opaque, n.Least),
		Hint:    t.reach(m.GUID, n.Least),
	})
}

// reach says how a package of a visual reaches a grade.
func (t Trust) reach(g visual.GUID, least Grade) string {
	ask := fmt.Sprintf("ask %s for NAME.pbiviz.license and put it beside the package", t.vendorOf(g))
	switch {
	case least != Attested:
		return ask
	case len(t.attesters) == 0:
		return ask + "; or name attesters under trust in the settings and attest it: orgstore license attest PACKAGE"
	}
	return ask + "; or attest it: orgstore license attest PACKAGE"
}

func (w *weighing) add(code verdict.Code, v verdict.Verdict, hint, format string, args ...any) {
	w.found = append(w.found, verdict.Finding{
		Code: code, Verdict: v, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// license names what is weighed: vendor, visual, version.
func (w *weighing) license() string { return licenseOf(w.bound) }

func licenseOf(b Bound) string {
	if b.Terms.Grade == Attested {
		return fmt.Sprintf("the license of %s %s, as attested by %s,", b.GUID, b.Version, b.Terms.Attester)
	}
	by := b.Terms.Vendor
	if by == "" {
		by = "an unknown vendor"
	}
	return fmt.Sprintf("the license of %s %s from %s", b.GUID, b.Version, by)
}

// weighKey asks whether the key that verified the statement is still believed,
// by the bundle of today.
func (w *weighing) weighKey() {
	terms := w.bound.Terms
	if terms.Grade == Attested {
		w.weighAttester()
		return
	}
	by, ok := w.trust.signer(terms.KeyID)
	if v, is := w.trust.named(terms.Vendor); !ok && is && v.lost() {
		w.add(v.Lost.Code, verdict.Reject, v.Lost.Hint, "%s cannot be checked: %s", w.license(), v.Lost.Message)
		return
	}
	if !ok || w.trust.prints[by.key.ID] != w.bound.Key || by.vendor.Name != terms.Vendor || by.issuer.Name != terms.Issuer {
		w.add(codeKid, verdict.Reject, "if the vendor's keys changed, verify the package again",
			"%s was verified with the key %s of %s, which is no longer trusted as that", w.license(), terms.KeyID, terms.Issuer)
		return
	}
	for _, f := range by.scope(w.bound.GUID) {
		f.Message = w.license() + " " + f.Message
		w.found = append(w.found, f)
	}
	if by.key.Use != UseLicense {
		w.add(codeKeyUse, verdict.Reject, w.reissue(), "%s is signed with the key %s, which is for %s, not for licenses",
			w.license(), by.key.ID, by.key.Use)
	}
	w.weighKeyTimes(by.key)
	if expires := by.vendor.Bundle.expires; !w.at.Before(expires) {
		w.add(codeTrustExpired, verdict.Review, fmt.Sprintf("ask %s for its current trust bundle", by.vendor.Name),
			"the trust bundle of %s expired on %s", by.vendor.Name, day(expires))
	}
}

// weighAttester asks whether the tenant still lets this person attest with the
// key that verified the attestation.
func (w *weighing) weighAttester() {
	terms := w.bound.Terms
	a, ok := w.trust.Attester(terms.KeyID)
	if !ok || w.trust.prints[a.Key.ID] != w.bound.Key || a.Name != terms.Attester || terms.Issuer != TenantIssuer+w.trust.tenant {
		w.add(codeKid, verdict.Reject, w.reissue(), "%s was verified with the key %s, which is no longer that attester's",
			w.license(), terms.KeyID)
		return
	}
	w.weighKeyTimes(a.Key)
}

// weighKeyTimes holds the time of issue against the key's life. What a retired
// key signed in time stays good. A leaked key can put any date, so what it
// signed before it leaked is for a person.
func (w *weighing) weighKeyTimes(k Key) {
	issued := w.bound.Terms.Issued
	if issued.Before(k.NotBefore) {
		w.add(codeKeyNotYet, verdict.Reject, w.reissue(), "%s was issued on %s, before its key %s became valid on %s",
			w.license(), day(issued), k.ID, day(k.NotBefore))
	}
	if !k.NotAfter.IsZero() && !issued.Before(k.NotAfter) {
		w.add(codeKeyRetired, verdict.Reject, w.reissue(), "%s was issued on %s, after its key %s was retired on %s",
			w.license(), day(issued), k.ID, day(k.NotAfter))
	}
	if k.Status != Compromised {
		return
	}
	v, when := verdict.Reject, "after"
	if issued.Before(k.CompromisedAt) {
		v, when = verdict.Review, "before"
	}
	w.add(codeKeyCompromised, v, w.reissue()+" with its new key", "%s says it was issued on %s, %s its key %s was compromised on %s",
		w.license(), day(issued), when, k.ID, day(k.CompromisedAt))
}

// weighTenant asks whether the license is this tenant's. Where the agent signs
// in, the tenant of its sign-in counts, and settings that differ are refused.
func (w *weighing) weighTenant() {
	if other := w.facts.StoreTenant; other != "" {
		if !slices.Contains(w.bound.Terms.Tenants, other) {
			w.add(codeTenant, verdict.Reject, "ask "+w.vendor()+" for a license that names that tenant, too", "%s is not for the tenant %s, to which the store belongs", w.license(), other)
		}
		return
	}
	tenant := w.facts.Tenant
	if tenant == "" {
		tenant = w.trust.tenant
	}
	if tenant != w.trust.tenant {
		w.add(codeTenant, verdict.Reject, "correct tenant in the settings, or sign in to the other tenant",
			"the settings are for the tenant %s, but the sign-in is to %s", w.trust.tenant, tenant)
	}
	if !slices.Contains(w.bound.Terms.Tenants, tenant) {
		w.add(codeTenant, verdict.Reject, "check tenant in orgstore.yaml; if it is right, ask "+w.vendor()+" for a license of this tenant",
			"%s is not for the tenant %s", w.license(), tenant)
	}
}

// weighEnd holds the moment against the end that counts: good before it, ended
// at it.
func (w *weighing) weighEnd() {
	ends, said := w.ends.Ends, w.bound.Terms.Ends
	renewal := w.trust.RenewalOf(w.bound)
	days := w.ends.DaysLeft(w.at)
	switch {
	case !w.at.Before(ends):
		w.add(codeExpired, verdict.Reject, renewal, "%s ended on %s", w.license(), day(ends))
	case days <= expiringDays:
		w.add(codeExpiring, verdict.Warn, renewal, "%s ends on %s: %s left", w.license(), day(ends), count(days))
	}
	switch {
	case ends.Before(said) && w.facts.EarliestEnd[w.bound.Package].Grade == Readable:
		w.add(codeExtended, verdict.Warn, "", "%s says it ends on %s, but the license that was read inside the package ends on %s: that counts",
			w.license(), day(said), day(ends))
	case ends.Before(said):
		w.add(codeExtended, verdict.Review, renewal+"; if its visuals ask the statement only, set enforced: statement",
			"%s says it ends on %s, but an earlier statement about the same bytes ends on %s, and the script inside still has its own date",
			w.license(), day(said), day(ends))
	}
	if lifetime := said.Sub(w.bound.Terms.Issued); !w.bound.Terms.Issued.IsZero() && lifetime > maxLifetime {
		w.add(codeLifetime, verdict.Review, "ask "+w.vendor()+" whether that is meant",
			"%s lasts %d days; more than %d are unusual", w.license(), lifetime/(24*time.Hour), maxLifetime/(24*time.Hour))
	}
}

func (w *weighing) weighBeginning() {
	t := w.bound.Terms
	if w.at.Before(t.Begins) {
		w.add(codeNotYet, verdict.Review, "wait until then", "%s begins on %s", w.license(), t.Begins.Format(time.RFC3339))
	}
	if w.at.Before(t.Issued.Add(-maxIssuedAhead)) {
		w.add(codeIssuedFuture, verdict.Reject, "check the clock of this machine",
			"%s was issued at %s, which lies ahead: it is %s", w.license(), t.Issued.Format(time.RFC3339), w.at.Time().Format(time.RFC3339))
	}
}

// weighSequence holds a license against the newest of its subscription that
// was ever put.
func (w *weighing) weighSequence() {
	t := w.bound.Terms
	mark := max(w.facts.Marks[MarkKey(t)], w.facts.Latest[LineOf(w.bound)].Terms.Sequence)
	if t.Sequence < mark && !w.need.Asked {
		w.add(codeSuperseded, verdict.Reject, "use the newer one, or roll back to this release by name",
			"%s is number %d of the subscription %s, and a newer one was used already", w.license(), t.Sequence, t.Subscription)
	}
	if t.Sequence-mark > maxSequenceStep {
		w.add(codeSeqJump, verdict.Review, "ask "+w.vendor()+" whether that is meant: every later number below it would be refused",
			"%s is number %d of the subscription %s; the newest so far is %d", w.license(), t.Sequence, t.Subscription, mark)
	}
}

// weighGrade asks whether the license is of the sort that the policy wants.
func (w *weighing) weighGrade() {
	if w.bound.Terms.Trial && w.need.NoTrial {
		w.add(codeTrial, verdict.Reject, "ask "+w.vendor()+" for a full license, or admit trials in the settings",
			"%s is a trial; the policy admits none", w.license())
	}
	if grade := w.bound.Terms.Grade; !grade.AtLeast(w.need.Least) {
		w.add(codeGrade, verdict.Reject, w.trust.reach(w.bound.GUID, w.need.Least)+"; or change least in the settings",
			"%s is of the grade %s; the policy needs the grade %s", w.license(), grade, w.need.Least)
	}
}

func (w *weighing) vendor() string { return w.trust.vendorOf(w.bound.GUID) }

func (w *weighing) reissue() string {
	if w.bound.Terms.Grade == Attested {
		return "attest the package again: orgstore license attest PACKAGE"
	}
	return "ask " + w.vendor() + " to issue the statement again"
}

// RenewalOf says what a person must get, and do, before a license ends. What was
// attested must be attested again, since an attestation is about exact bytes.
func (t Trust) RenewalOf(b Bound) string {
	ask := fmt.Sprintf("ask %s for the renewed package %s", t.vendorOf(b.GUID), b.Version)
	if b.Terms.Grade == Attested {
		return ask + ", then attest it: orgstore license attest PACKAGE"
	}
	return ask
}

// clock says what follows from a clock that disagrees with the mark, whatever
// the license.
func clock(at moment.Moment) []verdict.Finding {
	now := at.Time().Format(time.RFC3339)
	switch at.State() {
	case moment.Back:
		return []verdict.Finding{{
			Code: codeClockBack, Verdict: verdict.Review,
			Message: "the clock of this machine went back: it is at least " + now, Hint: "set the clock right",
		}}
	case moment.Ahead:
		return []verdict.Finding{{
			Code: codeClockAhead, Verdict: verdict.Warn,
			Message: "the clock of this machine leads the newest trusted time by more than ten minutes: it says " + now, Hint: "check the clock against Microsoft's",
		}}
	}
	return nil
}

// Reserve says what of a package's reservations stands for this use: a ZIP of
// the tolerant tier is only worth a warning where the policy admits it.
func (n Need) Reserve(found []verdict.Finding) []verdict.Finding {
	all := slices.Clone(found)
	for i, f := range all {
		if n.Tolerant && f.Code == codeTolerant && f.Verdict == verdict.Review {
			all[i].Verdict = verdict.Warn
		}
	}
	return all
}

// day prints a date as people and licenses write it, in UTC.
func day(t time.Time) string { return t.UTC().Format(dateForm) }

func count(days int) string {
	switch days {
	case 0:
		return "less than a day is"
	case 1:
		return "1 day is"
	}
	return fmt.Sprintf("%d days are", days)
}
