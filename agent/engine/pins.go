package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/visual"
)

// A PinsRequest asks what is pinned.
type PinsRequest struct{}

// A RemovePinRequest asks that a visual be pinned no more.
type RemovePinRequest struct {
	Visual visual.GUID `json:"visual"`
	DryRun bool        `json:"dry_run,omitempty"`
}

// ListPins lists the pins of the settings.
func (p Ports) ListPins(_ context.Context, s config.Settings, _ PinsRequest) (PinResult, error) {
	out := PinResult{Pins: []PinnedVisual{}}
	for _, v := range s.Visuals {
		out.Pins = append(out.Pins, PinnedVisual{GUID: v.GUID.String(), Name: v.Name, Pin: v.Pin.String()})
	}
	if len(out.Pins) == 0 {
		out.Message = "nothing is pinned: pin a visual with `orgstore pin set VISUAL PIN`"
	}
	return out, nil
}

// SetPin records who wants a pin, then writes it into the settings file. If the
// settings have it already, it does what RequestPin does. A visual that nothing names is
// refused, unless it is forced: its GUID is most likely misspelt.
func (e *Engine) SetPin(ctx context.Context, r PinRequest) (PinResult, error) {
	p, err := e.parsePin(r)
	if err != nil {
		return PinResult{}, err
	}
	v, _ := e.Settings.Visual(r.Visual)
	if v.Pin.Equal(p) {
		return e.RequestPin(ctx, r)
	}
	if !r.Force {
		if err := e.mustExpect(ctx, r.Visual); err != nil {
			return PinResult{}, err
		}
	}
	if err := e.mustHavePinned(ctx, r, p); err != nil {
		return PinResult{}, err
	}
	out := PinResult{
		Pins:    []PinnedVisual{{GUID: r.Visual.String(), Name: v.Name, Pin: p.String()}},
		Message: fmt.Sprintf("%s is pinned to %s; see what follows with `orgstore plan`", r.Visual, p),
	}
	edit := func(text []byte) ([]byte, error) { return config.SetPin(text, r.Visual.String(), p.String()) }
	if err := e.checkEdit(e.Settings, edit); err != nil {
		return PinResult{}, err
	}
	if r.DryRun {
		out.Message = fmt.Sprintf("%s would be pinned to %s; nothing was done", r.Visual, p)
		return out, nil
	}
	return out, e.recordAndEdit(ctx, edit, journal.Pinned{Visual: r.Visual, Pin: p.String()})
}

// RemovePin records who wants a visual pinned no more, then removes its pin from the
// settings file. What is installed stays.
func (e *Engine) RemovePin(ctx context.Context, r RemovePinRequest) (PinResult, error) {
	out := PinResult{Pins: []PinnedVisual{}, Message: fmt.Sprintf("%s is pinned no more; what is installed stays", r.Visual)}
	edit := func(text []byte) ([]byte, error) { return config.RemovePin(text, r.Visual.String()) }
	err := e.checkEdit(e.Settings, edit)
	switch {
	case errors.Is(err, config.ErrNotListed):
		return PinResult{}, fault.New("pin.unknown", "look at `orgstore pin list`", "%s is not pinned", r.Visual)
	case err != nil:
		return PinResult{}, err
	case r.DryRun:
		out.Message = fmt.Sprintf("%s would be pinned no more; nothing was done", r.Visual)
		return out, nil
	}
	return out, e.recordAndEdit(ctx, edit, journal.Pinned{Visual: r.Visual})
}
