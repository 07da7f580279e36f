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
	// maxSequenceStep is how far a sequence may rise at once. A mark that was
	// driven to its maximum would lock every later renewal out.
	maxSequenceStep = 1000
	// expiringDays is from how many days left on an end is warned of.
	expiringDays = 1
)

// An evaluation collects findings about one license at one moment.
type evaluation struct {
	trust     Trust
	bound     Bound
	need      Need
	facts     Facts
	at        moment.Moment
	effective Terms // with the end that counts
	found     []verdict.Finding
}

// Evaluate says whether a bound statement is good at a moment: key, tenant, times,
// sequence, what it renews, revocation, grade. It is cheap and reads no bytes. Everything found is said.
func (t Trust) Evaluate(b Bound, n Need, f Facts, at moment.Moment) verdict.Judgment {
	e := &evaluation{trust: t, bound: b, need: n, facts: f, at: at, effective: t.Effective(b, f)}
	e.evaluateKey()
	e.evaluateTenant()
	e.evaluateEnd()
	e.evaluateBeginning()
	e.evaluateSequence()
	e.evaluateRenewal()
	e.evaluateStatus()
	e.evaluateGrade()
	e.found = append(e.found, clockFindings(at)...)
	return verdict.Judge(e.found...)
}

// EvaluateUnbound says what may be done with a package about which nothing is
// bound: nothing, unless the policy asks for no license.
func (t Trust) EvaluateUnbound(m pbiviz.Manifest, n Need, at moment.Moment) verdict.Judgment {
	f := verdict.Finding{
		Code: CodeUnlicensed, Verdict: verdict.Reject,
		Message: fmt.Sprintf("%s has no license statement, so its grade is %s; the policy needs the grade %s", nameOf(m), Opaque, n.Least),
		Hint:    t.gradeHint(m.GUID, n.Least),
	}
	if Opaque.AtLeast(n.Least) {
		f.Verdict = verdict.Warn
		f.Message = nameOf(m) + " has no license statement; the policy admits it without one"
		f.Hint = ""
	}
	return verdict.Judge(append(clockFindings(at), f)...)
}

// EvaluateRefused says what follows where every statement about a package was
// refused: what was found wrong, and the grade that is left without it. Nothing
// is admitted then, even where the policy asks for no license.
func (t Trust) EvaluateRefused(m pbiviz.Manifest, refused []verdict.Finding, n Need, at moment.Moment) verdict.Judgment {
	j := verdict.Judge(refused...).With(clockFindings(at)...)
	if Opaque.AtLeast(n.Least) {
		return j
	}
	return j.With(verdict.Finding{
		Code: CodeGrade, Verdict: verdict.Reject,
		Message: fmt.Sprintf("%s is left with the grade %s, since its license cannot be believed; the policy needs the grade %s", nameOf(m), Opaque, n.Least),
		Hint:    t.gradeHint(m.GUID, n.Least),
	})
}

// gradeHint says how a package of a visual reaches a grade.
func (t Trust) gradeHint(g visual.GUID, least Grade) string {
	ask := fmt.Sprintf("ask %s for NAME.pbiviz.license and put it beside the package", t.vendorOf(g))
	switch {
	case least != Attested:
		return ask
	case len(t.attesters) == 0:
		return ask + "; or name attesters under trust in the settings and attest it: orgstore license attest PACKAGE"
	}
	return ask + "; or attest it: orgstore license attest PACKAGE"
}

func (e *evaluation) add(code verdict.Code, v verdict.Verdict, hint, format string, args ...any) {
	e.found = append(e.found, verdict.Finding{
		Code: code, Verdict: v, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// licenseName names the license that is evaluated: vendor, visual, version.
func (e *evaluation) licenseName() string { return nameOfLicense(e.bound) }

func nameOfLicense(b Bound) string {
	if b.Terms.Grade == Attested {
		return fmt.Sprintf("the license of %s %s, as attested by %s,", b.GUID, b.Version, b.Terms.Attester)
	}
	by := b.Terms.Vendor
	if by == "" {
		by = "an unknown vendor"
	}
	return fmt.Sprintf("the license of %s %s from %s", b.GUID, b.Version, by)
}

// evaluateKey asks whether the key that verified the statement is still believed,
// by the bundle of today.
func (e *evaluation) evaluateKey() {
	terms := e.bound.Terms
	if terms.Grade == Attested {
		e.evaluateAttester()
		return
	}
	by, ok := e.trust.findSigner(terms.KeyID)
	if v, is := e.trust.vendorNamed(terms.Vendor); !ok && is && v.isUnavailable() {
		e.add(v.Unavailable.Code, verdict.Reject, v.Unavailable.Hint, "%s cannot be checked: %s", e.licenseName(), v.Unavailable.Message)
		return
	}
	if !ok || e.trust.fingerprints[by.key.ID] != e.bound.Key || by.vendor.Name != terms.Vendor || by.issuer.Name != terms.Issuer {
		e.add(CodeUnknownKey, verdict.Reject, "if the vendor's keys changed, verify the package again",
			"%s was verified with the key %s of %s, which is no longer trusted as that", e.licenseName(), terms.KeyID, terms.Issuer)
		return
	}
	for _, f := range by.checkScope(e.bound.GUID) {
		f.Message = e.licenseName() + " " + f.Message
		e.found = append(e.found, f)
	}
	if by.key.Use != UseLicense {
		e.add(codeKeyUse, verdict.Reject, e.reissueHint(), "%s is signed with the key %s, which is for %s, not for licenses",
			e.licenseName(), by.key.ID, by.key.Use)
	}
	e.evaluateKeyTimes(by.key)
	if expires := by.vendor.Bundle.expires; !e.at.Before(expires) {
		e.add(codeTrustExpired, verdict.Review, fmt.Sprintf("ask %s for its current trust bundle", by.vendor.Name),
			"the trust bundle of %s expired on %s", by.vendor.Name, formatDay(expires))
	}
}

// evaluateAttester asks whether the tenant still lets this person attest with the
// key that verified the attestation.
func (e *evaluation) evaluateAttester() {
	terms := e.bound.Terms
	a, ok := e.trust.Attester(terms.KeyID)
	if !ok || e.trust.fingerprints[a.Key.ID] != e.bound.Key || a.Name != terms.Attester || terms.Issuer != TenantIssuer+e.trust.tenant {
		e.add(CodeUnknownKey, verdict.Reject, e.reissueHint(), "%s was verified with the key %s, which is no longer that attester's",
			e.licenseName(), terms.KeyID)
		return
	}
	e.evaluateKeyTimes(a.Key)
}

// evaluateKeyTimes holds the time of issue against the key's life. What a retired
// key signed in time stays good. A leaked key can put any date, so what it
// signed before it leaked is for a person.
func (e *evaluation) evaluateKeyTimes(k Key) {
	issued := e.bound.Terms.Issued
	if issued.Before(k.NotBefore) {
		e.add(codeKeyNotYet, verdict.Reject, e.reissueHint(), "%s was issued on %s, before its key %s became valid on %s",
			e.licenseName(), formatDay(issued), k.ID, formatDay(k.NotBefore))
	}
	if !k.NotAfter.IsZero() && !issued.Before(k.NotAfter) {
		e.add(codeKeyRetired, verdict.Reject, e.reissueHint(), "%s was issued on %s, after its key %s was retired on %s",
			e.licenseName(), formatDay(issued), k.ID, formatDay(k.NotAfter))
	}
	if k.Status != Compromised {
		return
	}
	v, when := verdict.Reject, "after"
	if issued.Before(k.CompromisedAt) {
		v, when = verdict.Review, "before"
	}
	e.add(codeKeyCompromised, v, e.reissueHint()+" with its new key", "%s says it was issued on %s, %s its key %s was compromised on %s",
		e.licenseName(), formatDay(issued), when, k.ID, formatDay(k.CompromisedAt))
}

// evaluateTenant asks whether the license is this tenant's. Where the agent signs
// in, the tenant of its sign-in counts, and settings that differ are refused.
func (e *evaluation) evaluateTenant() {
	if other := e.facts.StoreTenant; other != "" {
		if !slices.Contains(e.bound.Terms.Tenants, other) {
			e.add(codeTenant, verdict.Reject, "ask "+e.vendorName()+" for a license that names that tenant, too", "%s is not for the tenant %s, to which the store belongs", e.licenseName(), other)
		}
		return
	}
	tenant := e.facts.Tenant
	if tenant == "" {
		tenant = e.trust.tenant
	}
	if tenant != e.trust.tenant {
		e.add(codeTenant, verdict.Reject, "correct tenant in the settings, or sign in to the other tenant",
			"the settings are for the tenant %s, but the sign-in is to %s", e.trust.tenant, tenant)
	}
	if !slices.Contains(e.bound.Terms.Tenants, tenant) {
		e.add(codeTenant, verdict.Reject, "check tenant in orgstore.yaml; if it is right, ask "+e.vendorName()+" for a license of this tenant",
			"%s is not for the tenant %s", e.licenseName(), tenant)
	}
}

// evaluateEnd holds the moment against the end that counts: good before it, ended
// at it.
func (e *evaluation) evaluateEnd() {
	ends, said := e.effective.Ends, e.bound.Terms.Ends
	renewal := e.trust.RenewalHint(e.bound)
	days := e.effective.DaysLeft(e.at)
	switch {
	case !e.at.Before(ends):
		e.add(CodeExpired, verdict.Reject, renewal, "%s ended on %s", e.licenseName(), formatDay(ends))
	case days <= expiringDays:
		e.add(codeExpiring, verdict.Warn, renewal, "%s ends on %s: %s left", e.licenseName(), formatDay(ends), daysLeftText(days))
	}
	switch {
	case ends.Before(said) && e.facts.EarliestEnd[e.bound.Package].Grade == Readable:
		e.add(codeExtended, verdict.Warn, "", "%s says it ends on %s, but the license that was read inside the package ends on %s: that counts",
			e.licenseName(), formatDay(said), formatDay(ends))
	case ends.Before(said):
		e.add(codeExtended, verdict.Review, renewal+"; if its visuals ask the statement only, set enforced: statement",
			"%s says it ends on %s, but an earlier statement about the same bytes ends on %s, and the script inside still has its own date",
			e.licenseName(), formatDay(said), formatDay(ends))
	}
	e.evaluateTerm()
}

func (e *evaluation) evaluateBeginning() {
	t := e.bound.Terms
	if e.at.Before(t.Begins) {
		e.add(CodeNotYet, verdict.Review, "wait until then", "%s begins on %s", e.licenseName(), t.Begins.Format(time.RFC3339))
	}
	if e.at.Before(t.Issued.Add(-maxIssuedAhead)) {
		e.add(codeIssuedFuture, verdict.Reject, "check the clock of this machine",
			"%s was issued at %s, which lies ahead: it is %s", e.licenseName(), t.Issued.Format(time.RFC3339), e.at.Time().Format(time.RFC3339))
	}
}

// evaluateSequence holds a license against the newest of its subscription that
// was ever put.
func (e *evaluation) evaluateSequence() {
	t := e.bound.Terms
	mark := max(e.facts.Marks[MarkKey(t)], e.facts.Latest[LineOf(e.bound)].Terms.Sequence)
	if t.Sequence < mark && !e.need.Asked {
		e.add(CodeSuperseded, verdict.Reject, "use the newer one, or roll back to this release by name",
			"%s is number %d of the subscription %s, and a newer one was used already", e.licenseName(), t.Sequence, t.Subscription)
	}
	if t.Sequence-mark > maxSequenceStep {
		e.add(codeSeqJump, verdict.Review, "ask "+e.vendorName()+" whether that is meant: every later number below it would be refused",
			"%s is number %d of the subscription %s; the newest so far is %d", e.licenseName(), t.Sequence, t.Subscription, mark)
	}
}

// evaluateGrade asks whether the license is of the sort that the policy wants.
func (e *evaluation) evaluateGrade() {
	if e.bound.Terms.Trial && e.need.NoTrial {
		e.add(codeTrial, verdict.Reject, "ask "+e.vendorName()+" for a full license, or admit trials in the settings",
			"%s is a trial; the policy admits none", e.licenseName())
	}
	if grade := e.bound.Terms.Grade; !grade.AtLeast(e.need.Least) {
		e.add(CodeGrade, verdict.Reject, e.trust.gradeHint(e.bound.GUID, e.need.Least)+"; or change least in the settings",
			"%s is of the grade %s; the policy needs the grade %s", e.licenseName(), grade, e.need.Least)
	}
}

func (e *evaluation) vendorName() string { return e.trust.vendorOf(e.bound.GUID) }

func (e *evaluation) reissueHint() string {
	if e.bound.Terms.Grade == Attested {
		return "attest the package again: orgstore license attest PACKAGE"
	}
	return "ask " + e.vendorName() + " to issue the statement again"
}

// RenewalHint says what a person must get, and do, before a license ends. What was
// attested must be attested again, since an attestation is about exact bytes.
func (t Trust) RenewalHint(b Bound) string {
	ask := fmt.Sprintf("ask %s for the renewed package %s", t.vendorOf(b.GUID), b.Version)
	if b.Terms.Grade == Attested {
		return ask + ", then attest it: orgstore license attest PACKAGE"
	}
	return ask
}

// clockFindings says what follows from a clock that disagrees with the mark, whatever
// the license.
func clockFindings(at moment.Moment) []verdict.Finding {
	now := at.Time().Format(time.RFC3339)
	switch at.State() {
	case moment.Back:
		return []verdict.Finding{{
			Code: CodeClockBack, Verdict: verdict.Review,
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

// AdjustReservations says what of a package's reservations stands for this use: a ZIP of
// the tolerant tier is only worth a warning where the policy admits it.
func (n Need) AdjustReservations(found []verdict.Finding) []verdict.Finding {
	all := slices.Clone(found)
	for i, f := range all {
		if n.Tolerant && f.Code == codeTolerant && f.Verdict == verdict.Review {
			all[i].Verdict = verdict.Warn
		}
	}
	return all
}

// formatDay prints a date as people and licenses write it, in UTC.
func formatDay(t time.Time) string { return t.UTC().Format(dateForm) }

func daysLeftText(days int) string {
	switch days {
	case 0:
		return "less than a day is"
	case 1:
		return "1 day is"
	}
	return fmt.Sprintf("%d days are", days)
}
