package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

type holdOptions struct {
	*globals
	until  string
	reason string
	dryRun bool
	inStore
}

func newHold(g *globals) *cobra.Command {
	o := &holdOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "hold VISUAL",
		Short: "Keep a visual as it is, until a day or until unhold",
		Long: `Keep a visual as it is, until a day or until unhold.

While it is held, nothing changes the visual but a rollback. It is shown in plan
and status with who holds it and why. A check that fails after a change holds the
visual, too: until a version newer than the failed one is here, but for renewals.`,
		Example: `  orgstore hold auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --until 2027-01-11 --reason "closing of the books"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(o.hold),
	}
	cmd.Flags().StringVar(&o.until, "until", "", "the first `DAY` on which it may change again, as 2027-01-11 (UTC); without it until unhold")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; shown wherever the hold is (required)")
	o.inStore.flag(cmd, "only in this store")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func newUnhold(g *globals) *cobra.Command {
	o := &holdOptions{globals: g}
	cmd := &cobra.Command{
		Use:     "unhold VISUAL",
		Short:   "Lift a hold",
		Example: `  orgstore unhold auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --reason "books are closed"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(o.unhold),
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; stays in the history (--all)")
	o.inStore.flag(cmd, "only in this store")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func newUnblock(g *globals) *cobra.Command {
	o := &holdOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "unblock VISUAL",
		Short: "Let what a rollback left, or a check found bad, be chosen again",
		Long: `Let what a rollback left, or a check found bad, be chosen again.

A rollback blocks the version it left with all its renewals, so that no plan
brings it back; so does a check that fails after a change, whose hold is lifted with
the block. Editing the visual's pin lifts the block too.`,
		Example: `  orgstore unblock auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --reason "the vendor found it was our theme"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    g.answering(o.unblock),
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "why; stays in the history (--all; required)")
	o.inStore.flag(cmd, "only in this store")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

// dryRunFlags adds the two names of the same wish.
func dryRunFlags(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "show what would be done and do nothing")
	cmd.Flags().BoolVar(dryRun, "what-if", false, "the same as --dry-run")
}

func (o *holdOptions) hold(ctx context.Context, args []string) (answer, error) {
	if blank(o.reason) {
		return answer{}, fault.Usage("say why with --reason; everyone who meets the hold will read it", "a hold needs a reason")
	}
	until, err := o.day()
	if err != nil {
		return answer{}, err
	}
	done := "held until somebody lifts it"
	if !until.IsZero() {
		done = "held until " + engine.FormatDay(until)
	}
	return o.record(ctx, args[0], done, nil, func(_ journal.Book, k store.Key) []journal.Fact {
		return []journal.Fact{journal.Held{Key: k, Until: until, Reason: o.reason}}
	})
}

// day reads --until: a day that has not begun yet.
func (o *holdOptions) day() (time.Time, error) {
	if o.until == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, o.until)
	switch {
	case err != nil:
		return t, fault.Usage("write the day as 2027-01-11", "--until: %q is not a day", o.until)
	case !t.After(o.Now()):
		return t, fault.Usage("name a day that lies ahead", "--until: %s has begun already", o.until)
	}
	return t, nil
}

func (o *holdOptions) unhold(ctx context.Context, args []string) (answer, error) {
	return o.record(ctx, args[0], "held no more", isHeld, func(_ journal.Book, k store.Key) []journal.Fact {
		return []journal.Fact{journal.Unheld{Key: k, Reason: o.reason}}
	})
}

func (o *holdOptions) unblock(ctx context.Context, args []string) (answer, error) {
	if blank(o.reason) {
		return answer{}, fault.Usage("say why with --reason; it stays in the history", "lifting a block needs a reason")
	}
	return o.record(ctx, args[0], "blocked no more", isBlocked, func(b journal.Book, k store.Key) []journal.Fact {
		facts := []journal.Fact{journal.Unblocked{Key: k, Reason: o.reason}}
		for _, h := range b.Holds() { // what failed may come again: then older code may, too
			if h.Failed != nil && (h.Key == k || k.Store == "" && h.Key.GUID == k.GUID) {
				facts = append(facts, journal.Unheld{Key: h.Key, Reason: o.reason})
			}
		}
		return facts
	})
}

// isHeld refuses to lift a hold that nobody set.
func isHeld(b journal.Book, k store.Key) error {
	for _, h := range b.Holds() {
		if h.Key == k || k.Store == "" && h.Key.GUID == k.GUID {
			return nil
		}
	}
	return fault.New("hold.none", "look at `orgstore status`", "%s is not held", k.GUID)
}

// isBlocked refuses to lift a block that no rollback left.
func isBlocked(b journal.Book, k store.Key) error {
	for _, block := range b.Blocks() {
		if block.Key == k || k.Store == "" && block.Key.GUID == k.GUID {
			return nil
		}
	}
	return fault.New("block.none", "look at `orgstore plan`: it says why nothing happens", "nothing of %s is blocked", k.GUID)
}

type doneData struct {
	GUID string `json:"guid"`
	Done bool   `json:"done"`
	Tx   string `json:"tx,omitempty"`
}

// record appends what is said of a visual that settings or journal know. It
// needs no lock: the store is not changed.
func (o *holdOptions) record(ctx context.Context, name, done string, check func(journal.Book, store.Key) error, facts func(journal.Book, store.Key) []journal.Fact) (answer, error) {
	g, err := visual.ParseName(name)
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	s, err := o.open(ctx)
	if err != nil {
		return answer{}, err
	}
	defer s.Close()
	k, err := o.all(s, g)
	if err != nil {
		return answer{}, err
	}
	if err := s.MustKnow([]visual.GUID{g}); err != nil {
		return answer{}, err
	}
	if check != nil {
		if err := check(s.Journal.Book(), k); err != nil {
			return answer{}, err
		}
	}
	data := doneData{GUID: g.String(), Done: !o.dryRun, Tx: string(s.Tx)}
	if o.dryRun {
		data.Tx = ""
		return answer{data: data, view: output.View{}, message: fmt.Sprintf("%s would be %s; nothing was done", g, done)}, nil
	}
	err = s.Journal.Append(ctx, s.Tx, facts(s.Journal.Book(), k)...)
	return answer{data: data, view: output.View{}, message: fmt.Sprintf("%s is %s", g, done)}, err
}
