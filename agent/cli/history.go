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
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
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
	Revision    int           `json:"revision"`
	Time        string        `json:"time"`
	Status      string        `json:"status"`
	Visual      engine.Visual `json:"visual"`
	Kind        string        `json:"kind"`
	Version     string        `json:"version"`
	Digest      string        `json:"digest"`
	LicenseEnds string        `json:"license_ends"`
	Claim       string        `json:"claim,omitempty"`
	Actor       string        `json:"actor"`
	Reason      string        `json:"reason"`
	Message     string        `json:"message"`
	Tx          string        `json:"tx"`
	// LicenseCheck is verified where the bytes were read back whose license was
	// verified, confirmed where a person looked, else unverified.
	LicenseCheck string              `json:"license_check,omitempty"`
	Checks       []checkedData       `json:"checks"` // what was checked after it
	Overrides    []overrideData      `json:"overrides"`
	Approvals    []approvalData      `json:"approvals"`
	Attested     *engine.Attestation `json:"attested,omitempty"` // who attested the license
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
			engine.Title(r.Name, r.Key), orDash(strings.TrimPrefix(strconv.Itoa(r.Revision), "0")), engine.FormatTime(r.Time), string(r.Status), orDash(string(r.Kind)),
			engine.VersionText(r.After), engine.FormatDay(r.After.License.Ends), r.Actor.String(), reason(r),
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
		Revision: r.Revision, Time: engine.Timestamp(r.Time), Status: string(r.Status),
		Visual: engine.VisualOf(r.Key, r.Name), Kind: string(r.Kind),
		Digest: engine.DigestText(r.After.Release), LicenseEnds: engine.Timestamp(r.After.License.Ends),
		Claim: string(r.Claim), Actor: r.Actor.String(), Reason: r.Reason, Message: r.Message, Tx: string(r.Tx),
		LicenseCheck: licenseCheck(r), Checks: checksOf(r),
	}
	if r.After.Release != nil {
		d.Version = r.After.Release.Version.String()
	}
	if t := r.After.License; t.Grade == license.Attested {
		d.Attested = &engine.Attestation{By: t.Attester, Evidence: t.Evidence.String(), Reason: t.Reason}
	}
	for _, w := range r.Approvals {
		d.Approvals = append(d.Approvals, approvalData{w.By.String(), engine.Timestamp(w.At), w.Reason})
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
