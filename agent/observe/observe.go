// Package observe gathers what a plan is computed from: settings, stores,
// archive facts, journal and one moment. It does not know what follows from it.
package observe

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// An Observer looks at everything a decision rests on.
type Observer struct {
	Wanted []plan.Wanted
	Stores map[string]store.Store
	Trust  license.Trust
	// Least is the grade a license must reach.
	Least license.Grade
	// Tolerant admits packages of the tolerant ZIP tier.
	Tolerant bool
	// Tenant is the tenant's id, lower case.
	Tenant string
}

// Input looks at every store and weighs every candidate at one moment.
func (o Observer) Input(ctx context.Context, book journal.Book, asks []plan.Ask, at moment.Moment) (plan.Input, error) {
	in := plan.Input{
		Wanted: o.Wanted, Asks: asks, Blocks: book.Blocks(),
		Candidates: o.Candidates(book, len(asks) > 0, at),
		Traits:     map[string]store.Traits{},
	}
	for _, name := range slices.Sorted(maps.Keys(o.Stores)) {
		present, err := o.present(ctx, book, name)
		if err != nil {
			return plan.Input{}, err
		}
		in.Present = append(in.Present, present...)
		in.Traits[name] = o.Stores[name].Traits()
	}
	return in, nil
}

// present joins what one store tells with what the journal believes of it.
func (o Observer) present(ctx context.Context, book journal.Book, name string) ([]plan.Present, error) {
	told, err := o.Stores[name].Installed(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot look into the store %s: %w", name, err)
	}
	keys := book.Keys()
	for _, w := range o.Wanted {
		keys = append(keys, w.Key)
	}
	keys = slices.DeleteFunc(keys, func(k store.Key) bool { return k.Store != name })
	for g := range told {
		keys = append(keys, store.Key{Store: name, GUID: g})
	}
	slices.SortFunc(keys, store.Key.Compare)
	var out []plan.Present
	for _, k := range slices.Compact(keys) {
		p := plan.Present{Key: k, Belief: book.Belief(k), Open: book.Open(k)}
		if l, ok := told[k.GUID]; ok {
			p.Told = &l
		}
		out = append(out, p)
	}
	return out, nil
}

// Candidates weighs every package of the archive with each statement bound to
// it; a package without one is a candidate that is refused for that reason.
// It reads no package bytes. Asked says that a person asked for a release.
func (o Observer) Candidates(book journal.Book, asked bool, at moment.Moment) []plan.Candidate {
	need := o.Need(asked)
	facts := o.Facts(book)
	packages := book.Packages()
	out := make([]plan.Candidate, 0, len(packages))
	for _, p := range packages {
		c := plan.Candidate{
			GUID: p.Manifest.GUID, Name: p.Manifest.DisplayName, Content: p.Content,
			Release: visual.Release{Version: p.Manifest.Version, Digest: p.Package},
		}
		bounds := book.BoundsOf(p.Package)
		for _, b := range bounds {
			c.Terms = b.Terms
			c.Judgment = o.Trust.Weigh(b, need, facts, at).With(need.Reserve(p.Reservations)...)
			out = append(out, c)
		}
		if len(bounds) == 0 {
			c.Judgment = o.unbound(book, p, need, at)
			out = append(out, c)
		}
	}
	return out
}

// Need is what the settings ask of every license.
func (o Observer) Need(asked bool) license.Need {
	return license.Need{Least: o.Least, Asked: asked, Tolerant: o.Tolerant}
}

// unbound says why a package has no license: why a statement that claims to be
// about it is not believed tells more than that there is none.
func (o Observer) unbound(book journal.Book, p journal.Package, need license.Need, at moment.Moment) verdict.Judgment {
	var refused []verdict.Finding
	for _, s := range book.StatementsAbout(p) {
		if r, ok := book.Refusal(p.Package, s); ok {
			refused = append(refused, r.Findings...)
		}
	}
	if len(refused) == 0 {
		return o.Trust.WeighUnbound(p.Manifest, need, at).With(need.Reserve(p.Reservations)...)
	}
	return o.Trust.WeighRefused(p.Manifest, refused, need, at).With(need.Reserve(p.Reservations)...)
}

// Facts is what is known of the tenant and of licenses used before.
func (o Observer) Facts(book journal.Book) license.Facts {
	return license.Facts{
		Tenant: o.Tenant, Marks: book.Marks(), EarliestEnd: book.EarliestEnds(), Latest: latest(book),
	}
}

// latest finds the license that is in use of each subscription, so that a
// renewal which takes something away is told from one that does not.
func latest(book journal.Book) map[license.Line]license.Bound {
	lines := map[license.Line]license.Bound{}
	for _, k := range book.Keys() {
		now := book.Belief(k)
		if now.Release == nil || now.License.Subscription == "" {
			continue
		}
		b := license.Bound{GUID: k.GUID, Version: now.Release.Version, Package: now.Release.Digest, Terms: now.License}
		if before, ok := lines[license.LineOf(b)]; !ok || before.Terms.Sequence < b.Terms.Sequence {
			lines[license.LineOf(b)] = b
		}
	}
	return lines
}
