package engine

import (
	"fmt"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// NothingWaits says why there is nothing to confirm.
func (e *Engine) NothingWaits(k store.Key) error {
	if o := e.Journal.Book().Open(k); o != nil && o.Unclear != "" {
		return fault.New(string(plan.CodeUnclear), o.Look(), "no task of %s waits for a person, but somebody is to look at it: %s", k.GUID, o.Unclear)
	}
	for _, r := range e.Journal.Book().Revisions(k) {
		if r.Status == journal.StatusOpen || r.Status == journal.StatusChecking {
			return fault.New("confirm.open", "run `orgstore apply`: it finishes what was interrupted", "a change of %s was interrupted and does not wait for a person", k.GUID)
		}
	}
	return fault.New("confirm.nothing",
		fmt.Sprintf("`orgstore status` lists what waits; to say what is installed: orgstore store baseline %s --package FILE --evidence TEXT", k.GUID),
		"no change of %s waits for a person", k.GUID)
}
