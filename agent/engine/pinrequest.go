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
	// Digest names one package of the version that Pin is: sha256: and 64 hex digits, or
	// the start of the digest of a package in the archive. Empty means any.
	Digest string `json:"digest,omitempty"`
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
	p, err := e.parsePin(r)
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

// parsePin reads the pin of a request, with the digest beside it.
func (e *Engine) parsePin(r PinRequest) (pin.Pin, error) {
	text := r.Pin
	if r.Digest != "" {
		d, err := visual.ParseDigest(r.Digest)
		if err != nil {
			p, unknown := findPackage(e.Journal.Book(), r.Digest)
			if unknown != nil {
				return pin.Pin{}, unknown
			}
			d = p.Package
		}
		text += "@" + d.String()
	}
	return pin.Parse(text)
}

// mustHavePinned refuses a pin that names a package by its digest, unless that is a
// package of the visual with the version of the pin. One that is not here may be forced,
// since it may still come.
func (e *Engine) mustHavePinned(ctx context.Context, r PinRequest, p pin.Pin) error {
	d, named := p.Digest()
	if !named {
		return nil
	}
	known, isHere := e.Journal.Book().Package(d)
	if !isHere && !r.Force {
		if err := e.lookAround(ctx); err != nil {
			return err
		}
		known, isHere = e.Journal.Book().Package(d)
	}
	m := known.Manifest
	switch {
	case !isHere && r.Force:
		return nil
	case !isHere:
		return fault.New("pin.digest", "look at `orgstore package list`; if the package is still to come, add --force", "no package with the digest %s is here", d)
	case m.GUID != r.Visual || !p.Allows(m.Version):
		return fault.New("pin.digest", "look at `orgstore package list`", "the package %s is %s of the visual %s", d.Short(), m.Version, m.GUID)
	}
	return nil
}
