package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A LicenseStatusRequest asks how the licenses of what is installed stand.
type LicenseStatusRequest struct {
	// WarnDays is how many days before its end a license counts as ending.
	WarnDays int `json:"warn_days"`
}

// A LicenseStatusResult lists licenses, the most urgent first.
type LicenseStatusResult struct {
	Licenses []LicenseStatus `json:"licenses"`
	// NeedsSomebody says that a license needs attention.
	NeedsSomebody bool   `json:"needs_somebody"`
	Message       string `json:"message"` // one sentence for people
}

// LicenseStatus says how the license of each installed visual stands.
func (e *Engine) LicenseStatus(ctx context.Context, r LicenseStatusRequest) (LicenseStatusResult, error) {
	if r.WarnDays < 0 {
		return LicenseStatusResult{}, fault.Usage("give a number of days, such as 30", "--warn: %d is below 0", r.WarnDays)
	}
	p, in, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return LicenseStatusResult{}, err
	}
	out := LicenseStatusResult{Licenses: []LicenseStatus{}}
	for _, l := range e.Lines(p) {
		if l.State.Presence == store.Present {
			out.Licenses = append(out.Licenses, e.licenseStatusOf(l, in.Candidates, r.WarnDays))
		}
	}
	slices.SortStableFunc(out.Licenses, func(a, b LicenseStatus) int {
		return cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(a.License.Ends, b.License.Ends))
	})
	out.NeedsSomebody = slices.ContainsFunc(out.Licenses, func(d LicenseStatus) bool { return d.Findings })
	out.Message = e.factsAge(e.facts)
	if len(out.Licenses) == 0 {
		out.Message = "nothing is installed"
	}
	return out, e.unreadStoreError("")
}

// needsPerson reports whether somebody must decide before gates open.
func needsPerson(gates []plan.Gate) bool {
	_, waits := undecided(gates)
	return waits
}

// A LicenseStatus is how the license of one installed visual stands.
type LicenseStatus struct {
	GUID     string  `json:"guid"`
	Name     string  `json:"name"`
	Version  string  `json:"version"`
	License  License `json:"license"`
	State    string  `json:"state"`   // ok, ending, ended, revoked, unknown
	Renewal  string  `json:"renewal"` // what is known of one
	Use      string  `json:"use"`     // covered, unchecked, or what is wrong
	Findings bool    `json:"finding"`
	// StatusLists say what the license's issuer revoked, as far as was seen.
	StatusLists []StatusList `json:"status_lists"`
}

func (e *Engine) licenseStatusOf(l VisualLine, candidates []plan.Candidate, warnDays int) LicenseStatus {
	at := e.Moment()
	if l.State.License.IsZero() && l.State.Release != nil { // put before the profile that reads it came
		if p, ok := e.Journal.Book().Package(l.State.Release.Digest); ok {
			l.State.License, _ = e.Observer().Readable(e.Journal.Book(), p)
		}
	}
	d := LicenseStatus{GUID: l.Key.GUID.String(), Name: l.Name, Version: VersionText(l.State), License: licenseOf(l.State.License, at)}
	ends := l.State.License.Ends
	switch {
	case ends.IsZero():
		d.State = "unknown"
	case !at.Before(ends):
		d.State = "ended"
	case l.State.License.DaysLeft(at) <= warnDays:
		d.State = "ending"
	default:
		d.State = "ok"
	}
	installed := installedCandidate(l, candidates)
	if installed.Judgment.Has(license.CodeRevoked) {
		d.State = "revoked"
	}
	var short bool
	d.Use, short = useText(e.Observer().Entitled(l.Key.GUID, l.State.License, true))
	d.StatusLists = StatusLists(e.currentTrust(), e.Journal.Book(), []string{l.State.License.Issuer}, at)
	stale := slices.ContainsFunc(d.StatusLists, func(l StatusList) bool { return l.State != "ok" })
	d.Renewal = e.renewalText(l, d.State, unattested(l, candidates))
	if why, lost := untrustedVendor(e.Trust, l.State.License); lost {
		stale, d.Renewal = true, "cannot be verified now: "+why
	}
	d.Findings = d.State != "ok" || short || stale
	return d
}

// useText says whether a license covers what is used of a visual, as far as
// anybody told; short says that it does not.
func useText(findings []verdict.Finding) (text string, short bool) {
	worst := verdict.Judge(findings...)
	switch {
	case len(findings) == 0:
		return "covered", false
	case worst.Verdict == verdict.Accept:
		return "unchecked", false
	}
	return worst.Findings[0].Message, true
}

// renewalText says what is known of the next license.
func (e *Engine) renewalText(l VisualLine, state, unattested string) string {
	switch {
	case l.Step != nil && (l.Step.To.License.Ends.After(l.State.License.Ends) || l.Step.Kind == change.Renew) && needsPerson(e.Gates(*l.Step)):
		gate, _ := undecided(e.Gates(*l.Step))
		return fmt.Sprintf("here: %s to %s until %s, and a person must decide: %s", l.Step.Kind, VersionText(l.Step.To), FormatDay(l.Step.To.License.Ends), gate.Message)
	case l.Step != nil && l.Step.To.License.Ends.After(l.State.License.Ends):
		return fmt.Sprintf("here and verified: %s to %s until %s with the next apply", l.Step.Kind, VersionText(l.Step.To), FormatDay(l.Step.To.License.Ends))
	case l.Step != nil && l.Step.Kind == change.Renew:
		return "here and verified; goes in with the next apply"
	case l.Reason.Code == plan.CodeNotBegun:
		return l.Reason.Message
	case unattested != "":
		return unattested
	case state == "ok":
		return nothing
	case state == "revoked":
		return "it stays installed; ask the vendor why, and for a new license"
	}
	return "none is here; ask the vendor for the renewed package"
}

func urgency(d LicenseStatus) int {
	return slices.Index([]string{"revoked", "ended", "ending", "unknown", "ok"}, d.State)
}

// A StatusList is what is known of the newest status list of one key.
type StatusList struct {
	Sequence int64  `json:"sequence"`
	Issued   string `json:"issued"`
	Next     string `json:"next"`  // when a newer one is due
	State    string `json:"state"` // ok, old, missing
}

// StatusLists tells of an issuer's status lists. One that the journal knows and
// the trust does not is missing.
func StatusLists(trust license.Trust, book journal.Book, issuers []string, at moment.Moment) []StatusList {
	out := []StatusList{}
	for _, known := range book.Statuses() {
		if !slices.Contains(issuers, known.Issuer) {
			continue
		}
		l := StatusList{known.Sequence, Timestamp(known.Issued), Timestamp(known.Next), "missing"}
		for _, s := range trust.Statuses() {
			if s.MarkKey() != known.Mark || s.Sequence() != known.Sequence {
				continue
			}
			if l.State = "ok"; !at.Before(s.Next()) {
				l.State = "old"
			}
		}
		out = append(out, l)
	}
	return out
}
