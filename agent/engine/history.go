package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// trustWords says what was changed about somebody who is believed.
func trustWords(f journal.TrustChanged) string {
	if f.Change == journal.TrustRemoved {
		return "not believed any more: " + f.From
	}
	return fmt.Sprintf("trust bundle %d, %s, in place of %s", f.Version, f.To, f.From)
}

// eventWords says what the activity log told.
func eventWords(f journal.StoreChanged) string {
	text := fmt.Sprintf("%s by %s at %s", f.Operation, cmp.Or(f.User, "somebody"), FormatTime(f.Time))
	if f.Failed {
		text += ", which failed"
	}
	return text
}

// withStatements adds to a history what people said of a visual without changing it. What
// they said is no revision: it has the number 0.
func (e *Engine) withStatements(ctx context.Context, history []journal.Revision) ([]journal.Revision, error) {
	names := map[visual.GUID]string{}
	for _, r := range history {
		names[r.Key.GUID] = r.Name
	}
	err := e.Journal.Entries(ctx, func(entry journal.Entry) error {
		r := journal.Revision{Seq: entry.Seq, Time: entry.At, Status: journal.StatusDone, Actor: entry.By, Tx: entry.Tx, After: store.State{Presence: store.Absent}}
		switch f := entry.Fact.(type) {
		case journal.Held:
			r.Key, r.Kind, r.Reason = f.Key, "hold", f.Reason
			if !f.Until.IsZero() {
				r.Reason = fmt.Sprintf("until %s: %s", FormatDay(f.Until), f.Reason)
			}
			if f.Failed != nil {
				r.Reason = (plan.Hold{Failed: f.Failed, Except: f.Except}).While() + ": " + f.Reason
			} else if but := (plan.Hold{Except: f.Except}).But(); but != "" {
				r.Reason = strings.TrimPrefix(but, " ") + ": " + r.Reason
			}
		case journal.Unheld:
			r.Key, r.Kind, r.Reason = f.Key, "unhold", f.Reason
		case journal.Bound:
			if f.Bound.Terms.Grade != license.Attested {
				return nil
			}
			r.Key, r.Kind = store.Key{GUID: f.Bound.GUID}, "attestation"
			r.After = store.State{Presence: store.Present, Release: &visual.Release{Version: f.Bound.Version, Digest: f.Bound.Package}, License: f.Bound.Terms}
		case journal.Blocked:
			r.Key, r.Kind, r.Reason = f.Block.Key, "block", f.Block.Reason
		case journal.Unblocked:
			r.Key, r.Kind, r.Reason = f.Key, "unblock", f.Reason
		case journal.Pinned:
			r.Key, r.Kind, r.Reason = store.Key{GUID: f.Visual}, "pin", cmp.Or(f.Pin, "wanted no more")
		case journal.Requested:
			r.Key, r.Kind, r.Reason = f.Key, "request", f.Reason
		case journal.Approved:
			r.Key, r.Kind, r.Reason = f.Key, "approve", f.About+": "+f.Reason
		case journal.Rejected:
			r.Key, r.Kind, r.Reason = f.Key, "reject", f.About+": "+f.Reason
		case journal.Observed:
			r.Key, r.Kind, r.Reason = f.Key, "observation", observationWords(f)
		case journal.StoreChanged:
			r.Name, r.Kind, r.Reason = cmp.Or(f.Item, "(the store)"), "store-event", eventWords(f)
		case journal.DriftSettled:
			r.Key, r.Kind, r.Reason = f.Key, "settle", JoinPhrases(f.Event, f.Reason)
		case journal.StatusVerified:
			r.Name, r.Kind, r.Reason = f.Issuer, "status-list", fmt.Sprintf("number %d of %s, next by %s", f.Sequence, FormatDay(f.Issued), FormatDay(f.Next))
		case journal.TrustChanged:
			r.Name, r.Kind, r.Reason = f.Vendor+f.Attester, "trust", trustWords(f)
		case journal.BundleAllowed:
			r.Name, r.Kind, r.Reason = f.Vendor, "trust", fmt.Sprintf("trust bundle %d, %s, though %d was in force: %s", f.Version, f.Fingerprint, f.Newest, f.Reason)
		default:
			return nil
		}
		if !r.Key.GUID.IsZero() {
			r.Name = names[r.Key.GUID]
		}
		history = append(history, r)
		return nil
	})
	slices.SortStableFunc(history, func(a, b journal.Revision) int { return cmp.Compare(a.Seq, b.Seq) })
	return history, err
}

// Attestation is what programs read of who attested a license.
type Attestation struct {
	By       string `json:"by"`
	Evidence string `json:"evidence"`
	Reason   string `json:"reason"`
}

// A Revision is one change of a visual, or what people said of it.
type Revision struct {
	Revision    int    `json:"revision"`
	Time        string `json:"time"`
	Status      string `json:"status"`
	Visual      Visual `json:"visual"`
	Kind        string `json:"kind"`
	Version     string `json:"version"`
	Digest      string `json:"digest"`
	LicenseEnds string `json:"license_ends"`
	Claim       string `json:"claim,omitempty"`
	Actor       string `json:"actor"`
	Reason      string `json:"reason"`
	Message     string `json:"message"`
	Tx          string `json:"tx"`
	// LicenseCheck is verified where the bytes were read back whose license was
	// verified, confirmed where a person looked, else unverified.
	LicenseCheck string        `json:"license_check,omitempty"`
	Checks       []CheckAnswer `json:"checks"` // what was checked after it
	Overrides    []Override    `json:"overrides"`
	Approvals    []Approval    `json:"approvals"`
	Attested     *Attestation  `json:"attested,omitempty"` // who attested the license
	VersionText  string        `json:"version_text"`       // as people read it
	Why          string        `json:"why"`                // the reason with all that led to the change, as one sentence
}

// An Override is a gate that a person let the step pass.
type Override struct {
	Gate   string `json:"gate"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// An Approval is who had approved the step when it began.
type Approval struct {
	By     string `json:"by"`
	At     string `json:"at"`
	Reason string `json:"reason"`
}

func revisionOf(r journal.Revision) Revision {
	d := Revision{
		Revision: r.Revision, Time: Timestamp(r.Time), Status: string(r.Status),
		Visual: visualOf(r.Key, r.Name), Kind: string(r.Kind),
		Digest: digestText(r.After.Release), LicenseEnds: Timestamp(r.After.License.Ends),
		Claim: string(r.Claim), Actor: r.Actor.String(), Reason: r.Reason, Message: r.Message, Tx: string(r.Tx),
		LicenseCheck: licenseCheck(r), Checks: checkAnswersOf(r),
		VersionText: VersionText(r.After), Why: reasonText(r),
	}
	if r.After.Release != nil {
		d.Version = r.After.Release.Version.String()
	}
	if t := r.After.License; t.Grade == license.Attested {
		d.Attested = &Attestation{By: t.Attester, Evidence: t.Evidence.String(), Reason: t.Reason}
	}
	for _, w := range r.Approvals {
		d.Approvals = append(d.Approvals, Approval{w.By.String(), Timestamp(w.At), w.Reason})
	}
	for _, o := range r.Overrides {
		d.Overrides = append(d.Overrides, Override{o.Gate, o.By, o.Reason})
	}
	return d
}

// reasonText tells people why a change was made, who let it pass what held it back,
// and, where it did not go well, what happened.
func reasonText(r journal.Revision) string {
	parts := []string{r.Reason}
	if by := attestation(r.After.License); by != "" {
		parts = append(parts, by)
	}
	for _, w := range r.Approvals {
		parts = append(parts, fmt.Sprintf("approved by %s: %s", w.By, w.Reason))
	}
	for _, o := range r.Overrides {
		parts = append(parts, fmt.Sprintf("%s passed by %s: %s", o.Gate, o.By, o.Reason))
	}
	switch {
	case r.Message == "":
	case r.Status == journal.StatusDone && r.Claim == store.Confirmed:
		parts = append(parts, "confirmed: "+r.Message)
	case r.Status != journal.StatusDone:
		parts = append(parts, string(r.Status)+": "+r.Message)
	}
	if said := checkText(r); said != "" {
		parts = append(parts, said)
	}
	return strings.Join(parts, "; ")
}

// A CheckAnswer is what a check after a change said.
type CheckAnswer struct {
	By          string  `json:"by"`
	Answer      string  `json:"answer"` // passed, failed or stopped
	Message     string  `json:"message"`
	Output      string  `json:"output,omitempty"`
	TookSeconds float64 `json:"took_seconds"`
}

func checkAnswersOf(r journal.Revision) []CheckAnswer {
	all := []CheckAnswer{}
	for _, c := range r.Checks {
		all = append(all, CheckAnswer{c.By, string(c.Answer), c.Message, c.Output, float64(c.TookMS) / 1000})
	}
	return all
}

// checkText tells people what checks said of a change. What failed is the
// change's message already.
func checkText(r journal.Revision) string {
	if len(r.Checks) == 0 {
		return ""
	}
	last := r.Checks[len(r.Checks)-1]
	first, _, _ := strings.Cut(last.Output, "\n")
	switch {
	case last.Answer == journal.Passed:
		return "its check passed"
	case last.Answer == journal.Refused && first != "":
		return "the check said: " + first
	}
	return ""
}

// licenseCheck says whether the license was found in what is installed: the bytes
// that were read back are those whose license was verified. Else nobody has
// looked, or a person has.
func licenseCheck(r journal.Revision) string {
	switch {
	case !r.Stood() || !r.Kind.Puts() || r.After.Presence != store.Present:
		return ""
	case r.Claim == store.Verified, r.Claim == store.Confirmed:
		return string(r.Claim)
	}
	return string(store.Unverified)
}

// A HistoryRequest asks what was changed, by whom, and why.
type HistoryRequest struct {
	Visuals []visual.GUID `json:"visuals,omitempty"` // empty means all
	Store   string        `json:"store,omitempty"`   // by its name in the settings; empty means all
	// All also lists what people said without changing a store: pins, holds,
	// approvals, attestations, and what the activity log told.
	All bool `json:"all,omitempty"`
}

// A HistoryResult lists revisions, the oldest first.
type HistoryResult struct {
	Revisions []Revision `json:"revisions"`
	Message   string     `json:"message"` // one sentence for people
}

// History lists what was changed.
func (e *Engine) History(ctx context.Context, r HistoryRequest) (HistoryResult, error) {
	if err := cmp.Or(e.checkStore(r.Store), e.mustKnow(r.Visuals)); err != nil {
		return HistoryResult{}, err
	}
	history := e.Journal.Book().History()
	if r.All {
		var err error
		if history, err = e.withStatements(ctx, history); err != nil {
			return HistoryResult{}, err
		}
	}
	out := HistoryResult{Revisions: []Revision{}}
	about := StatusRequest{Visuals: r.Visuals, Store: r.Store}
	for _, x := range history {
		if about.hasKey(x.Key) {
			out.Revisions = append(out.Revisions, revisionOf(x))
		}
	}
	if len(out.Revisions) == 0 {
		out.Message = "nothing was changed yet"
	}
	return out, nil
}

// attestation tells on one line who attested a license, and on what evidence;
// empty where nobody had to.
func attestation(t license.Terms) string {
	if t.Grade != license.Attested {
		return ""
	}
	return fmt.Sprintf("license attested by %s on %s: %s", t.Attester, t.Evidence, t.Reason)
}

// observationWords says what a person saw, and whether it was taken.
func observationWords(f journal.Observed) string {
	text := "saw " + journal.Observation{Observed: f}.String()
	if f.Refused != "" {
		text += ", which was not taken (" + string(f.Refused) + ")"
	}
	return JoinPhrases(text, f.Evidence, f.Reason)
}
