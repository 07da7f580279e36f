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

// WithStatements adds to a history what people said of a visual without changing it. What
// they said is no revision: it has the number 0.
func (e *Engine) WithStatements(ctx context.Context, history []journal.Revision) ([]journal.Revision, error) {
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
		case journal.StoreChanged:
			r.Name, r.Kind, r.Reason = cmp.Or(f.Item, "(the store)"), "store-event", eventWords(f)
		case journal.DriftSettled:
			r.Key, r.Kind, r.Reason = f.Key, "settle", JoinPhrases(f.Event, f.Reason)
		case journal.StatusVerified:
			r.Name, r.Kind, r.Reason = f.Issuer, "status-list", fmt.Sprintf("number %d of %s, next by %s", f.Sequence, FormatDay(f.Issued), FormatDay(f.Next))
		case journal.TrustChanged:
			r.Name, r.Kind, r.Reason = f.Vendor+f.Attester, "trust", trustWords(f)
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
