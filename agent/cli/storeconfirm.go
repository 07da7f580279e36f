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

type confirmOptions struct {
	*globals
	version  string
	access   string
	uploaded bool
	sha256   string
	evidence string
	reason   string
	dryRun   bool
	inStore
}

func newStoreConfirm(g *globals) *cobra.Command {
	o := &confirmOptions{globals: g}
	cmd := &cobra.Command{
		Use:   "confirm VISUAL",
		Short: "Say that a change which waited for you was made",
		Long: `Say that a change which waited for you was made.

An upgrade is confirmed with the version that the visual's About box shows in a
report (there the ID ends with _OrgStore). If it shows another one, nothing is
confirmed. A renewal has the same version before and after, so nobody can see it:
say with --uploaded that you uploaded this very file, and give the beginning of
its SHA-256. A change of access is confirmed with --access, as the list of
organizational visuals shows it. Who confirmed and what it rests on stays in the
history.`,
		Example: `  orgstore store confirm auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --version 1.5.0.0 --evidence "About box in report Sales"
  orgstore store confirm auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --version 1.4.0.0 --uploaded --sha256 0f3c9a7be1d2
  orgstore store confirm auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E --access off`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: g.answering(o.run),
	}
	cmd.Flags().StringVar(&o.version, "version", "", "the `VERSION` that the visual's About box shows")
	cmd.Flags().StringVar(&o.access, "access", "", "`on` or off, as the list of organizational visuals shows it")
	cmd.Flags().BoolVar(&o.uploaded, "uploaded", false, "you uploaded the task's file yourself; for a renewal")
	cmd.Flags().StringVar(&o.sha256, "sha256", "", "the beginning of the uploaded file's SHA-256, at least 8 `DIGITS`")
	cmd.Flags().StringVar(&o.evidence, "evidence", "", "how you know; stays in the history")
	cmd.Flags().StringVar(&o.reason, "reason", "", "why it counts although a list, or what was seen before, speaks against it")
	o.inStore.flag(cmd, "the store of the change, where changes wait in several")
	dryRunFlags(cmd, &o.dryRun)
	return cmd
}

func (o *confirmOptions) run(ctx context.Context, args []string) (answer, error) {
	g, err := visual.ParseName(args[0])
	if err != nil {
		return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
	}
	out, err := carryOut(ctx, o.globals, operation.Confirm, engine.ConfirmRequest{
		Visual: g, Store: o.inStore.name, Version: o.version, Access: o.access,
		Uploaded: o.uploaded, SHA256: o.sha256, Evidence: o.evidence, Reason: o.reason, DryRun: o.dryRun,
	})
	r := out.Result
	if r.GUID == "" {
		return answer{}, err
	}
	a := answer{data: r, view: output.View{Text: r.Summary}}
	if o.dryRun {
		a.message = "nothing was done"
	}
	return a, err
}
