package plan

import (
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Block keeps a release from being chosen after a rollback left it. It is in
// force while the visual's pin reads as it did then.
type Block struct {
	Key store.Key `json:"key"`
	// Version blocks that version with all its renewals; zero where the
	// rollback stayed within one version.
	Version visual.Version `json:"version,omitzero"`
	// Content blocks what is not proven to be different code; empty where the
	// rollback stayed within one content.
	Content pbiviz.Content `json:"content,omitempty"`
	// Digest blocks one package.
	Digest visual.Digest `json:"digest,omitzero"`
	Pin    string        `json:"pin"`
	Reason string        `json:"reason"`
	// Cause is CodeCheckFailed where a check left it; empty where a person did.
	Cause verdict.Code `json:"cause,omitempty"`
}

// blockOf returns the block in force that keeps a release from being chosen.
// What was left in a store before is not put here either; where it runs already
// it may be renewed.
func (v *visualPlan) blockOf(c *ranked) *Block {
	for i := range v.blocks {
		if v.covers(v.blocks[i], c) {
			return &v.blocks[i]
		}
	}
	for i := range v.blocksBefore {
		if v.covers(v.blocksBefore[i], c) && !v.runsHere(c) {
			return &v.blocksBefore[i]
		}
	}
	return nil
}

func (v *visualPlan) covers(b Block, c *ranked) bool {
	return b.Covers(c.Release, c.Content) || b.Content != "" && v.hasContent(c, b.Content)
}

// Covers reports whether the block keeps a release with this content from being
// installed. Content that is only proven to be the same code is the caller's to
// compare.
func (b Block) Covers(r visual.Release, c pbiviz.Content) bool {
	return !b.Version.IsZero() && b.Version.Equal(r.Version) ||
		b.Content != "" && b.Content == c ||
		!b.Digest.IsZero() && b.Digest == r.Digest
}

// hasContent says whether a candidate is proven to hold the code of a content.
func (v *visualPlan) hasContent(o *ranked, c pbiviz.Content) bool {
	return o.Content == c || len(o.Same) > 0 && v.provenSame(o, func(p *ranked) bool { return p.Content == c })
}

// IsInForce reports whether the block counts for a visual with a pin: it does while
// the pin reads as it did then.
func (b Block) IsInForce(pin string) bool { return b.Pin == pin }

// A WayBack leaves one state of a visual for another: a person rolls it back or did so
// by hand, or its check failed.
type WayBack struct {
	Key      store.Key
	From, To store.State
	// Content is that of the package of From; empty where it is not known.
	Content pbiviz.Content
	// KeepsCode says that the package of To is proven to hold the code of From's.
	KeepsCode bool
	Pin       string // of the visual now
	Reason    string
	Cause     verdict.Code // as Block.Cause
}

// Block returns what may not come back by itself: the version that is left with all its
// renewals, and whatever is not proven to be different code. Within one version it is
// the package alone, with its code where that is left too. It returns nil where nobody
// knows what is left.
func (w WayBack) Block() *Block {
	left, to := w.From.Release, w.To.Release
	if left == nil {
		return nil
	}
	b := &Block{Key: w.Key, Digest: left.Digest, Pin: w.Pin, Reason: w.Reason, Cause: w.Cause}
	turnsOff := to == nil || to.Digest == left.Digest // no package takes its place
	if turnsOff || !to.Version.Equal(left.Version) {
		b.Version = left.Version
	}
	if turnsOff || !w.KeepsCode {
		b.Content = w.Content
	}
	return b
}
