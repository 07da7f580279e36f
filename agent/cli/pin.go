package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/config"
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

type pinData struct {
	GUID string `json:"guid"`
	Name string `json:"name"`
	Pin  string `json:"pin"`
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

// setPin writes a pin into the settings file and says what it was before.
func (g *globals) setPin(ctx context.Context, v visual.GUID, p pin.Pin, dryRun bool) (answer, error) {
	before, err := g.settings()
	if err != nil {
		return answer{}, err
	}
	known, _ := before.Visual(v)
	data := []pinData{{GUID: v.String(), Name: known.Name, Pin: p.String()}}
	a := answer{data: data, view: pinView(data)}
	change := func(text []byte) ([]byte, error) { return config.SetPin(text, v.String(), p.String()) }
	switch {
	case known.Pin.Equal(p):
		a.message = fmt.Sprintf("%s is pinned to %s already; nothing was changed", v, p)
		if change = nil; g.caller != nil && !dryRun {
			a.message = fmt.Sprintf("%s is pinned to %s already; who asked for it is on record", v, p)
		}
	case dryRun:
		a.message = fmt.Sprintf("%s would be pinned to %s; nothing was done", v, p)
	default:
		a.message = fmt.Sprintf("%s is pinned to %s; see what follows with `orgstore plan`", v, p)
	}
	if dryRun && change == nil {
		return a, nil
	}
	if err := g.wants(ctx, before, journal.Pinned{Visual: v, Pin: p.String()}, dryRun, change); err != nil {
		return answer{}, err
	}
	return a, nil
}

// wants puts on record who wants a visual as a pin says, then writes the pin,
// unless it is written already. What cannot be written goes on no record.
func (g *globals) wants(ctx context.Context, settings config.Settings, f journal.Pinned, dryRun bool, change func([]byte) ([]byte, error)) error {
	if change != nil {
		if err := g.edit(true, change); err != nil || dryRun {
			return err
		}
	}
	s, err := g.openWith(ctx, settings)
	if err != nil {
		return err
	}
	defer s.Close()
	if known, _ := s.Journal.Book().Pinning(f.Visual); change != nil || known.Pin != f.Pin || s.IsSharedAccount(known.By) && g.caller != nil {
		if err := s.Journal.Append(ctx, s.Tx, f); err != nil {
			return err
		}
	}
	if change == nil {
		return nil
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
			return answer{data: []pinData{}, message: message}, nil
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
			data := []pinData{}
			for _, v := range s.Visuals {
				data = append(data, pinData{v.GUID.String(), v.Name, v.Pin.String()})
			}
			a := answer{data: data, view: pinView(data)}
			if len(data) == 0 {
				a.message = "nothing is pinned: pin a visual with `orgstore pin set VISUAL PIN`"
			}
			return a, nil
		}),
	}
}

func pinView(pins []pinData) output.View {
	view := output.View{Columns: []string{"VISUAL", "NAME", "PIN"}}
	for _, p := range pins {
		view.Rows = append(view.Rows, []string{p.GUID, orDash(p.Name), p.Pin})
	}
	return view
}

// edit changes the settings file in one piece: a reader sees the old or the new
// one. What does not parse afterwards is not written.
func (g *globals) edit(dryRun bool, change func([]byte) ([]byte, error)) error {
	if g.caller != nil {
		return fault.New("socket.settings_edit", "let whoever may write them change the pin, then run this again: it says that you asked for it", "the agent does not edit the settings for callers")
	}
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
