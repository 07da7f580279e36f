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

func newPin(g *globals) *cobra.Command {
	return group("pin", "Say which versions the tenant wants",
		`Say which versions the tenant wants.

Pins live in the settings file; these commands edit it and keep its comments. A
pin is an exact version (1.4.0.0) or a constraint ("~> 1.4", ">= 1.4, < 2"). The
license is not pinned: it floats to the one that lasts longest.`,
		newPinSet(g), newPinList(g), newPinRemove(g))
}

func newPinSet(g *globals) *cobra.Command {
	r := engine.PinRequest{}
	cmd := &cobra.Command{
		Use:   "set VISUAL PIN",
		Short: "Pin a visual to a version or a constraint",
		Long: `Pin a visual to a version or a constraint.

Editing a pin lifts what a rollback blocked for that visual. Nothing changes in
the store until apply. It goes on record that you asked for it: where changes need
approvals, somebody else gives them.

A pin that no version satisfies is refused. So is a GUID that nothing names: no
trusted vendor, no package in the library or the archive, and no store. --force pins
a visual that is still to come.

Where several packages of one version differ in code, nothing is put until a person
decides: --digest pins one of them and its renewals, and is kept in the settings as
VERSION@sha256:DIGEST. The start of the digest will do.`,
		Example: `  orgstore pin set auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E 1.4.0.0
  orgstore pin set auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E "~> 1.4"
  orgstore pin set auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E 1.4.0.0 --digest 2f6c1b0d9e8a`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			v, err := visual.ParseName(args[0])
			if err != nil {
				return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
			}
			r.Visual, r.Pin = v, args[1]
			return g.setPin(ctx, r)
		}),
	}
	cmd.Flags().StringVar(&r.Digest, "digest", "", "pin this package of the version, by its `DIGEST`")
	cmd.Flags().BoolVar(&r.Force, "force", false, "pin also a visual or a package that is not here yet")
	dryRunFlags(cmd, &r.DryRun)
	return cmd
}

// setPin changes a pin. For an account to which the data folder is closed, it requests
// one that the settings have: the agent does not edit them for callers.
func (g *globals) setPin(ctx context.Context, r engine.PinRequest) (answer, error) {
	settings, err := g.settings()
	if err != nil {
		return answer{}, err
	}
	op := operation.SetPin
	if checkAccess(settings) != nil {
		op = operation.RequestPin
	}
	out, err := carryOut(ctx, g, op, r)
	if err != nil {
		return answer{}, err
	}
	return pinAnswer(out.Result), nil
}

func newPinRemove(g *globals) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "remove VISUAL",
		Short: "Want nothing of a visual any more",
		Long: `Want nothing of a visual any more.

What is installed stays as it is: orgstore just does not touch it any more.`,
		Example: `  orgstore pin remove auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			v, err := visual.ParseName(args[0])
			if err != nil {
				return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
			}
			out, err := carryOut(ctx, g, operation.RemovePin, engine.RemovePinRequest{Visual: v, DryRun: dryRun})
			if err != nil {
				return answer{}, err
			}
			return answer{data: out.Result.Pins, message: out.Result.Message}, nil
		}),
	}
	dryRunFlags(cmd, &dryRun)
	return cmd
}

func newPinList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the pins",
		Example: "  orgstore pin list -o json",
		Args:    arguments(cobra.NoArgs),
		RunE: g.answering(func(ctx context.Context, _ []string) (answer, error) {
			out, err := carryOut(ctx, g, operation.Pins, engine.PinsRequest{})
			if err != nil {
				return answer{}, err
			}
			return pinAnswer(out.Result), nil
		}),
	}
}

func pinAnswer(r engine.PinResult) answer {
	view := output.View{Columns: []string{"VISUAL", "NAME", "PIN"}}
	for _, p := range r.Pins {
		view.Rows = append(view.Rows, []string{p.GUID, orDash(p.Name), p.Pin})
	}
	return answer{data: r.Pins, view: view, message: r.Message}
}
