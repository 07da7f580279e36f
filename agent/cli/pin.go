package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/agent/engine/operation"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/pin"
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
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "set VISUAL PIN",
		Short: "Pin a visual to a version or a constraint",
		Long: `Pin a visual to a version or a constraint.

Editing a pin lifts what a rollback blocked for that visual. Nothing changes in
the store until apply. It goes on record that you asked for it: where changes need
approvals, somebody else gives them.`,
		Example: `  orgstore pin set auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E 1.4.0.0
  orgstore pin set auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E "~> 1.4"`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: g.answering(func(ctx context.Context, args []string) (answer, error) {
			v, err := visual.ParseName(args[0])
			if err != nil {
				return answer{}, fault.Usage("name a visual by its GUID, with or without _OrgStore", "%w", err)
			}
			p, err := pin.Parse(args[1])
			if err != nil {
				return answer{}, err
			}
			return g.setPin(ctx, v, p, dryRun)
		}),
	}
	dryRunFlags(cmd, &dryRun)
	return cmd
}

// setPin writes a pin into the settings file and says what it was before. What is
// pinned so already is for the engine to put on record.
func (g *globals) setPin(ctx context.Context, v visual.GUID, p pin.Pin, dryRun bool) (answer, error) {
	before, err := g.settings()
	if err != nil {
		return answer{}, err
	}
	known, _ := before.Visual(v)
	if checkAccess(before) != nil || known.Pin.Equal(p) {
		r, err := carryOut(ctx, g, operation.RequestPin, engine.PinRequest{Visual: v, Pin: p.String(), DryRun: dryRun})
		return answer{data: r.Result.Pins, view: pinView(r.Result.Pins), message: r.Result.Message}, err
	}
	data := []engine.PinnedVisual{{GUID: v.String(), Name: known.Name, Pin: p.String()}}
	a := answer{data: data, view: pinView(data), message: fmt.Sprintf("%s is pinned to %s; see what follows with `orgstore plan`", v, p)}
	if dryRun {
		a.message = fmt.Sprintf("%s would be pinned to %s; nothing was done", v, p)
	}
	if err := g.wants(ctx, before, journal.Pinned{Visual: v, Pin: p.String()}, dryRun, func(text []byte) ([]byte, error) { return config.SetPin(text, v.String(), p.String()) }); err != nil {
		return answer{}, err
	}
	return a, nil
}

// wants puts on record who wants a visual as a pin says, then writes the pin. What
// cannot be written goes on no record.
func (g *globals) wants(ctx context.Context, settings config.Settings, f journal.Pinned, dryRun bool, change func([]byte) ([]byte, error)) error {
	if err := g.edit(true, change); err != nil || dryRun {
		return err
	}
	s, err := g.openWith(ctx, settings)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Journal.Append(ctx, s.Tx, f); err != nil {
		return err
	}
	return g.edit(false, change)
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
			settings, err := g.settings()
			if err != nil {
				return answer{}, err
			}
			err = g.wants(ctx, settings, journal.Pinned{Visual: v}, dryRun, func(text []byte) ([]byte, error) { return config.RemovePin(text, v.String()) })
			if errors.Is(err, config.ErrNotListed) {
				err = fault.New("pin.unknown", "look at `orgstore pin list`", "%s is not pinned", v)
			}
			if err != nil {
				return answer{}, err
			}
			message := fmt.Sprintf("%s is pinned no more; what is installed stays", v)
			if dryRun {
				message = fmt.Sprintf("%s would be pinned no more; nothing was done", v)
			}
			return answer{data: []engine.PinnedVisual{}, message: message}, nil
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
		RunE: g.answering(func(context.Context, []string) (answer, error) {
			s, err := g.settings()
			if err != nil {
				return answer{}, err
			}
			data := []engine.PinnedVisual{}
			for _, v := range s.Visuals {
				data = append(data, engine.PinnedVisual{GUID: v.GUID.String(), Name: v.Name, Pin: v.Pin.String()})
			}
			a := answer{data: data, view: pinView(data)}
			if len(data) == 0 {
				a.message = "nothing is pinned: pin a visual with `orgstore pin set VISUAL PIN`"
			}
			return a, nil
		}),
	}
}

func pinView(pins []engine.PinnedVisual) output.View {
	view := output.View{Columns: []string{"VISUAL", "NAME", "PIN"}}
	for _, p := range pins {
		view.Rows = append(view.Rows, []string{p.GUID, orDash(p.Name), p.Pin})
	}
	return view
}

// edit changes the settings file in one piece: a reader sees the old or the new
// one. What does not parse afterwards is not written.
func (g *globals) edit(dryRun bool, change func([]byte) ([]byte, error)) error {
	if _, err := g.settings(); err != nil {
		return err
	}
	name, err := filepath.Abs(g.settingsFile)
	if err != nil {
		return err
	}
	text, err := disk.ReadFile(g.Disk, name, config.MaxSize)
	if err != nil {
		return err
	}
	edited, err := change(text)
	var faults config.Faults
	switch {
	case errors.As(err, &faults):
		return &fault.Fault{Code: "settings.invalid", Err: err, Hint: "nothing was written"}
	case err != nil || dryRun:
		return err
	}
	return g.Write(name, 0o644, edited)
}
