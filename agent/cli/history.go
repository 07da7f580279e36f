package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

func newHistory(g *globals) *cobra.Command {
	all, in := false, inStore{}
	cmd := &cobra.Command{
		Use:   "history [VISUAL]",
		Short: "Show what was changed, by whom and why",
		Long: `Show what was changed, by whom and why, oldest first.

Revisions count for each visual. With --all it also shows who pinned, held,
released, unblocked, approved and rejected what, which attestations arrived, and what
the tenant's activity log told of the store; those have no revision. The list is replayed from the audit log, whose
entries are chained by hashes: an entry that was edited is noticed (exit 17).`,
		Example: `  orgstore history
  orgstore history auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E -o json
  orgstore history --all`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) { return runHistory(ctx, g, args, all, in) }),
	}
	cmd.Flags().BoolVar(&all, "all", false, "also what people said without changing the store: pins, holds, approvals")
	in.flag(cmd, "only what happened in this store")
	return cmd
}

type revisionData struct {
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
	LicenseCheck string         `json:"license_check,omitempty"`
	Checks       []checkedData  `json:"checks"` // what was checked after it
	Overrides    []overrideData `json:"overrides"`
	Approvals    []approvalData `json:"approvals"`
	Attested     *Attestation   `json:"attested,omitempty"` // who attested the license
}

// overrideData is a gate that a person let the step pass.
type overrideData struct {
	Gate   string `json:"gate"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// approvalData is who had approved the step when it began.
type approvalData struct {
	By     string `json:"by"`
	At     string `json:"at"`
	Reason string `json:"reason"`
}

func runHistory(ctx context.Context, g *globals, args []string, all bool, where inStore) (answer, error) {
	only, err := named(args)
	if err != nil {
		return answer{}, err
	}
	s, err := g.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	if err := cmp.Or(where.known(s), s.MustKnow(only)); err != nil {
		return answer{}, err
	}
	data := []revisionData{}
	view := output.View{Columns: []string{"VISUAL", "REVISION", "TIME", "STATUS", "CHANGE", "VERSION", "LICENSE UNTIL", "ACTOR", "REASON"}}
	history := s.Journal.Book().History()
	if all {
		if history, err = s.WithStatements(ctx, history); err != nil {
			return answer{}, err
		}
	}
	for _, r := range history {
		if len(only) > 0 && !slices.Contains(only, r.Key.GUID) || !where.has(r.Key) {
			continue
		}
		data = append(data, revisionOf(r))
		view.Rows = append(view.Rows, []string{
			Title(r.Name, r.Key), orDash(strings.TrimPrefix(strconv.Itoa(r.Revision), "0")), FormatTime(r.Time), string(r.Status), orDash(string(r.Kind)),
			VersionText(r.After), FormatDay(r.After.License.Ends), r.Actor.String(), reason(r),
		})
	}
	message := ""
	if len(data) == 0 {
		message = "nothing was changed yet"
	}
	return answer{data: data, view: view, message: message}, nil
}

func revisionOf(r journal.Revision) revisionData {
	d := revisionData{
		Revision: r.Revision, Time: Timestamp(r.Time), Status: string(r.Status),
		Visual: VisualOf(r.Key, r.Name), Kind: string(r.Kind),
		Digest: DigestText(r.After.Release), LicenseEnds: Timestamp(r.After.License.Ends),
		Claim: string(r.Claim), Actor: r.Actor.String(), Reason: r.Reason, Message: r.Message, Tx: string(r.Tx),
		LicenseCheck: licenseCheck(r), Checks: checksOf(r),
	}
	if r.After.Release != nil {
		d.Version = r.After.Release.Version.String()
	}
	if t := r.After.License; t.Grade == license.Attested {
		d.Attested = &Attestation{t.Attester, t.Evidence.String(), t.Reason}
	}
	for _, w := range r.Approvals {
		d.Approvals = append(d.Approvals, approvalData{w.By.String(), Timestamp(w.At), w.Reason})
	}
	for _, o := range r.Overrides {
		d.Overrides = append(d.Overrides, overrideData{o.Gate, o.By, o.Reason})
	}
	return d
}

// reason tells people why a change was made, who let it pass what held it back,
// and, where it did not go well, what happened.
func reason(r journal.Revision) string {
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
	if said := checkWords(r); said != "" {
		parts = append(parts, said)
	}
	return strings.Join(parts, "; ")
}

// named reads the visuals that a command was given.
func named(args []string) ([]visual.GUID, error) {
	var out []visual.GUID
	for _, a := range args {
		g, err := visual.ParseName(a)
		if err != nil {
			return nil, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
		}
		out = append(out, g)
	}
	return out, nil
}

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
func (s *Engine) WithStatements(ctx context.Context, history []journal.Revision) ([]journal.Revision, error) {
	names := map[visual.GUID]string{}
	for _, r := range history {
		names[r.Key.GUID] = r.Name
	}
	err := s.Journal.Entries(ctx, func(e journal.Entry) error {
		r := journal.Revision{Seq: e.Seq, Time: e.At, Status: journal.StatusDone, Actor: e.By, Tx: e.Tx, After: store.State{Presence: store.Absent}}
		switch f := e.Fact.(type) {
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
