package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
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
	var until time.Time
	if o.until != "" {
		var err error
		if until, err = time.Parse(time.DateOnly, o.until); err != nil {
			return answer{}, fault.Usage("write the day as 2027-01-11", "--until: %q is not a day", o.until)
		}
	}
	return o.say(ctx, args[0], until, operation.Hold)
}

func (o *holdOptions) unhold(ctx context.Context, args []string) (answer, error) {
	return o.say(ctx, args[0], time.Time{}, operation.Unhold)
}

func (o *holdOptions) unblock(ctx context.Context, args []string) (answer, error) {
	return o.say(ctx, args[0], time.Time{}, operation.Unblock)
}

// say lets the engine record what a person says of a visual.
func (o *holdOptions) say(ctx context.Context, name string, until time.Time, op operation.Operation[engine.WordRequest, engine.WordResult]) (answer, error) {
	g, err := visual.ParseName(name)
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	out, err := carryOut(ctx, o.globals, op, engine.WordRequest{Visual: g, Store: o.inStore.name, Until: until, Reason: o.reason, DryRun: o.dryRun})
	if err != nil {
		return answer{}, err
	}
	return answer{data: out.Result, view: output.View{}, message: out.Result.Message}, nil
}
