package engine

import (
	"bytes"
	"cmp"
	"context"
	"fmt"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// installed reads what each store holds and compares it with what was recorded.
// A change that is under way explains a difference, so its visual is left out.
func (c *checkup) installed(ctx context.Context, present []plan.Present) {
	candidates := c.engine.Observer().Candidates(c.engine.Journal.Book(), true, c.engine.Moment())
	unreadable := map[string]bool{}
	for _, p := range present {
		recorded := p.Belief
		if recorded.Presence != store.Present || recorded.Release == nil || p.Open != nil || ctx.Err() != nil {
			continue
		}
		target, isNamed := c.engine.Stores[p.Key.Store]
		if !isNamed {
			continue
		}
		if !canList(target) {
			unreadable[p.Key.Store] = true
			continue
		}
		what := fmt.Sprintf("%s as installed in %s", cmp.Or(nameOf(candidates, p.Key), p.Key.GUID.String()), p.Key.Store)
		if problem := c.engine.installedProblem(ctx, target, p); problem != "" {
			c.add("installed", what, tenant.Missing, problem, "put right what the store holds; `orgstore drift` tells more")
			continue
		}
		if p.Observed.Release == nil { // never more than was seen
			c.add("installed", what, tenant.Limited, "it is listed; this store does not tell which version it has, and "+VersionText(recorded)+" was recorded", "")
			continue
		}
		c.add("installed", what, tenant.Ready, "as recorded: "+VersionText(recorded), "")
	}
	for _, s := range c.settings.Stores {
		if unreadable[s.Name] {
			c.add("installed", "what is installed in "+s.Name, tenant.Unknown, "this store cannot be read back", "")
		}
	}
}

// installedProblem says how what a store holds of one visual differs from what was
// recorded; empty where it does not.
func (e *Engine) installedProblem(ctx context.Context, target store.Store, p plan.Present) string {
	recorded := *p.Belief.Release
	switch found := p.Observed; {
	case found == nil:
		return fmt.Sprintf("it is gone: %s was installed, and the store holds no such visual", VersionText(p.Belief))
	case found.Problem != "":
		return cmp.Or(e.installedDamage(ctx, target, p.Key.GUID, recorded), "it is damaged") + ": " + found.Problem
	case found.Release == nil:
		return "" // the store does not tell which release it is
	case !found.Release.Digest.IsZero() && found.Release.Digest != recorded.Digest:
		return fmt.Sprintf("it is different: the store holds %s (%s), and %s (%s) was installed",
			found.Release.Version, found.Release.Digest.Short(), recorded.Version, recorded.Digest.Short())
	case !found.Release.Version.Equal(recorded.Version):
		return fmt.Sprintf("it is different: the store holds %s, and %s was installed", found.Release.Version, recorded.Version)
	}
	return ""
}

// installedDamage says what became of a file that is no package any more; empty where
// its bytes do not tell.
func (e *Engine) installedDamage(ctx context.Context, target store.Store, g visual.GUID, recorded visual.Release) string {
	reader, canRead := store.As[store.PackageReader](target)
	if !canRead {
		return ""
	}
	file, isHeld, err := reader.Package(ctx, g)
	if err != nil || !isHeld {
		return ""
	}
	whole, err := e.archive.Package(recorded.Digest)
	switch {
	case len(file) == 0:
		return "it is empty"
	case len(bytes.Trim(file, "\x00")) == 0:
		return fmt.Sprintf("it is zeroed: %s, all of them zero", Count(len(file), "byte"))
	case err == nil && len(file) < len(whole) && bytes.HasPrefix(whole, file):
		return fmt.Sprintf("it is cut short: %d of %s", len(file), Count(len(whole), "byte"))
	}
	return ""
}
