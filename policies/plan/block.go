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
