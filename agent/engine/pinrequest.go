package engine

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/pin"
)

// A PinRequest says that whoever asks wants a visual pinned as the settings pin it.
type PinRequest struct {
	Visual visual.GUID `json:"visual"`
	Pin    string      `json:"pin"`
	// Force pins a visual that nothing names yet, since it is still to come.
	Force  bool `json:"force,omitempty"`
	DryRun bool `json:"dry_run,omitempty"`
}

// A PinResult lists the pins that a request was about.
type PinResult struct {
	Pins    []PinnedVisual `json:"pins"`
	Message string         `json:"message"` // one sentence for people
}

// A PinnedVisual is a visual and its pin in the settings.
type PinnedVisual struct {
	GUID string `json:"guid"`
	Name string `json:"name"`
	Pin  string `json:"pin"`
}

// RequestPin records who wants a pin that the settings have already: others approve
// what follows from it. It never changes the settings. A shared account does not take
// the place of a person on record; a person takes that of a shared account.
func (e *Engine) RequestPin(ctx context.Context, r PinRequest) (PinResult, error) {
	p, err := pin.Parse(r.Pin)
	if err != nil {
		return PinResult{}, err
	}
	v, _ := e.Settings.Visual(r.Visual)
	if !v.Pin.Equal(p) {
		return PinResult{}, fault.New("socket.settings_edit", "let whoever may write them change the pin, then run this again: it says that you asked for it", "the agent does not edit the settings for callers")
	}
	out := PinResult{
		Pins:    []PinnedVisual{{GUID: r.Visual.String(), Name: v.Name, Pin: p.String()}},
		Message: fmt.Sprintf("%s is pinned to %s already; nothing was changed", r.Visual, p),
	}
	if r.DryRun {
		return out, nil
	}
	actor, err := e.Actor()
	if err != nil {
		return PinResult{}, err
	}
	isPerson := e.Settings.Agent.Socket != "" && !e.isSharedAccount(actor)
	if isPerson {
		out.Message = fmt.Sprintf("%s is pinned to %s already; who asked for it is on record", r.Visual, p)
	}
	known, _ := e.Journal.Book().Pinning(r.Visual)
	if known.Pin == p.String() && !(isPerson && e.isSharedAccount(known.By)) {
		return out, nil
	}
	return out, e.Journal.Append(ctx, e.Tx, journal.Pinned{Visual: r.Visual, Pin: p.String()})
}
