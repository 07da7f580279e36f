package engine

import (
	"context"
	"slices"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// mustKnow refuses a visual that orgstore has never met: a misspelt GUID must
// not look like one of which there is nothing to say.
func (e *Engine) mustKnow(visuals []visual.GUID) error {
	for _, g := range visuals {
		if !e.isKnown(g) {
			return fault.New("visual.unknown", "look at `orgstore status` and `orgstore package list` for those it knows; upper and lower case count",
				"orgstore knows no visual %s: it is neither pinned, nor installed by orgstore, nor among the packages taken in", g)
		}
	}
	return nil
}

// isKnown says whether the settings, the journal or the archive name a visual.
func (e *Engine) isKnown(g visual.GUID) bool {
	if _, pinned := e.Settings.Visual(g); pinned {
		return true
	}
	book := e.Journal.Book()
	return slices.ContainsFunc(book.Keys(), func(k store.Key) bool { return k.GUID == g }) ||
		slices.ContainsFunc(book.Packages(), func(p journal.Package) bool { return p.Manifest.GUID == g })
}

// mustExpect refuses to pin a visual that nothing names: neither whom the settings
// trust, nor the settings, the journal, the archive, the library, or a store. Only for
// a visual that is not known already it looks into the library and the stores.
func (e *Engine) mustExpect(ctx context.Context, g visual.GUID) error {
	byVendor := func(v config.Vendor) bool { return slices.Contains(v.GUIDs, g) }
	if e.isKnown(g) || slices.ContainsFunc(e.Settings.Trust.Vendors, byVendor) {
		return nil
	}
	p, _, err := e.lookAndPlan(ctx, nil)
	if err != nil {
		return err
	}
	if e.mustKnowOrSee([]visual.GUID{g}, p) == nil {
		return nil
	}
	return fault.New("visual.unknown", "compare it with `orgstore package list`, upper and lower case count; if the visual is still to come, add --force",
		"nothing names the visual %s: no trusted vendor, no package that is here, and no store", g)
}
