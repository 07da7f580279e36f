package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/visual"
)

func newStore(g *globals) *cobra.Command {
	return group("store", "Tell orgstore what the store holds", "", newBaseline(g), newStoreConfirm(g), newStoreImport(g), newStoreLearn(g), newStoreTry(g))
}

type baselineOptions struct {
	*globals
	file     string
	absent   bool
	evidence string
	dryRun   bool
	inStore
}

func newBaseline(g *globals) *cobra.Command {
	o := &baselineOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "baseline VISUAL",
		Short: "Say which package is installed, for what orgstore did not install",
		Long: `Say which package is installed, for what orgstore did not install.

A visual that was there before orgstore came, or that somebody else changed
since, is left alone until a person says what it is. Where the store tells what
it holds, the package given must be the same; where it does not, your word and
the evidence go into the history. A change that waits for a person is withdrawn:
what you say is installed counts.`,
		Example: `  orgstore store baseline auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E \
      --package gauge-1.4.pbiviz --evidence "About box in report Sales, 2026-11-20"
  orgstore store baseline auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --absent --evidence "not in the portal's list"`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.file, "package", "", "the `FILE` of the package that is installed")
	cmd.Flags().BoolVar(&o.absent, "absent", false, "the store has no such visual; in place of --package")
	cmd.Flags().StringVar(&o.evidence, "evidence", "", "how you know; stays in the history (required)")
	o.inStore.flag(cmd, "the store that holds it, where there are several")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o *baselineOptions) run(ctx context.Context, args []string) (answer, error) {
	g, err := visual.ParseName(args[0])
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	out, err := carryOut(ctx, o.globals, operation.Baseline, engine.BaselineRequest{
		Visual: g, Store: o.inStore.name, File: o.file, IsAbsent: o.absent, Evidence: o.evidence, DryRun: o.dryRun,
	})
	r := out.Result
	if r.GUID == "" {
		return answer{}, err
	}
	return answer{data: r, view: output.View{Text: r.Summary}}, err
}
