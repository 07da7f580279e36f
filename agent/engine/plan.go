package engine

import (
	"fmt"
	"strings"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// A Gate is what keeps a change back, or would.
type Gate struct {
	Kind    string `json:"kind"`
	State   string `json:"state"`
	Until   string `json:"until"` // empty where it does not open by itself
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// gatesOf turns gates into what programs read.
func gatesOf(gates []plan.Gate) []Gate {
	out := []Gate{}
	for _, g := range gates {
		out = append(out, Gate{g.Kind, g.State, Timestamp(g.Until), g.Message, g.Hint})
	}
	return out
}

// whyText joins a reason with what still holds the step back.
func whyText(reason string, gates []plan.Gate) string {
	parts := []string{reason}
	for _, g := range gates {
		switch {
		case g.State == plan.GateAfter:
			parts = append(parts, g.Message)
		case g.State != plan.GateClosed:
		case g.Kind == plan.GateReview:
			parts = append(parts, "needs review: "+g.Message)
		case g.Kind == plan.GateApproval:
			parts = append(parts, fmt.Sprintf("%s (%s)", g.Message, g.Hint))
		case g.Kind == plan.GateHold || g.Until.IsZero(): // a hold says itself who holds it until when
			parts = append(parts, g.Message)
		default:
			parts = append(parts, fmt.Sprintf("%s (opens %s)", g.Message, g.Until.UTC().Format("2006-01-02 15:04 UTC")))
		}
	}
	return strings.Join(parts, "; ")
}

// withHint joins a reason with what to do about it.
func withHint(r plan.Reason) string {
	if r.Hint == "" {
		return r.Message
	}
	return r.Message + " (" + r.Hint + ")"
}

// Title names a visual for people, and the store where it may be in several.
func Title(name string, k store.Key) string {
	if name == "" {
		name = k.GUID.String()
	}
	if k.Store != "" && k.Store != config.OnlyStore {
		name += " in " + k.Store
	}
	return name
}

// TitleOf names a visual for people, and the store where it may be in several.
func TitleOf(v Visual) string {
	name := v.Name
	if name == "" {
		name = v.GUID
	}
	if v.Store != "" && v.Store != config.OnlyStore {
		name += " in " + v.Store
	}
	return name
}

// unprovenRenewal repeats that a package looks like a renewal and cannot be proven one;
// empty where it does not.
func unprovenRenewal(d diff.Diff) string {
	for _, f := range d.Findings {
		if f.Code == codeUnproven {
			return f.Message
		}
	}
	return ""
}

// codeUnproven is the code of the finding that something looks like a renewal.
const codeUnproven = "diff.renewal_unproven"

// unprovenArrival says of the package of the installed version that came last,
// after the installed one and without any license that can be read, that it
// looks like a renewal; empty where it does not.
func (e *Engine) unprovenArrival(idle plan.Idle) string {
	book, now := e.Journal.Book(), idle.State.Release
	if now == nil {
		return ""
	}
	var last *journal.Package
	seen := false
	for _, p := range book.Packages() {
		switch {
		case p.Package == now.Digest:
			seen = true
		case seen && p.Manifest.GUID == idle.Key.GUID && p.Manifest.Version.Equal(now.Version):
			last = &p
		}
	}
	if last == nil || len(book.BoundsOf(last.Package)) > 0 {
		return ""
	}
	if _, readable := e.Observer().Readable(book, *last); readable {
		return ""
	}
	found, _ := e.comparer().Compare(now.Digest, last.Package)
	if text := unprovenRenewal(found.Diff); text != "" {
		return fmt.Sprintf("%s is here: %s", visual.Release{Version: last.Manifest.Version, Digest: last.Package}, text)
	}
	return ""
}
