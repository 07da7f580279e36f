// Package observe gathers what a plan is computed from: settings, stores,
// archive facts, journal and one moment. It does not know what follows from it.
package observe

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/tenant"
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
	// LeastOf is the grade of the visuals for which the settings name another.
	LeastOf map[visual.GUID]license.Grade
	// LongestTerm is how long a license may last without a person looking at it.
	LongestTerm time.Duration
	// OnDrift says what follows where somebody else changed a visual.
	OnDrift map[store.Key]plan.DriftMode
	// Hybrid marks visuals that AppSource installs.
	Hybrid map[store.Key]bool
	// Tolerant admits packages of the tolerant ZIP tier.
	Tolerant bool
	// Profiles are the vendor profiles in force.
	Profiles profile.Set
	// Tenant is the tenant's id, lower case.
	Tenant string
	// Usage is what is known of the tenant's users and capacities; zero where
	// nobody told.
	Usage tenant.Facts
	// Tenants holds the ids of the tenants of stores that belong to others.
	Tenants map[string]string
	// store is the one for which licenses are judged, and storeTenant its tenant
	// where that is another; empty for all. See In.
	store, storeTenant string
	// UnreadSince is since when stores that could not be looked into before cannot be.
	UnreadSince map[string]time.Time
	// Rings say, of what goes through another store first, which one and for how
	// long; Ring adds what ran there.
	Rings map[store.Key]plan.Ring
}

// Input looks at every store and evaluates every candidate at one moment. A store that
// cannot be looked into is in Unread, and what is present there is believed; the
// error says that the context ended.
func (o Observer) Input(ctx context.Context, book journal.Book, asks []plan.Ask, at moment.Moment) (plan.Input, error) {
	in := plan.Input{
		Wanted: o.Wanted, Asks: asks, Blocks: book.Blocks(),
		Candidates: o.Candidates(book, len(asks) > 0, at),
		Traits:     map[string]store.Traits{}, Unread: map[string]plan.Unread{},
		Responses: o.responses(book), Hybrid: o.Hybrid,
		Onward: o.onward(book, at),
	}
	o.judgeIn(in.Candidates, book, len(asks) > 0, at)
	for _, name := range slices.Sorted(maps.Keys(o.Stores)) {
		told, err := o.Stores[name].Installed(ctx)
		if ctx.Err() != nil {
			return plan.Input{}, ctx.Err()
		}
		if err != nil {
			in.Unread[name] = o.reasonUnread(name, err, at)
		}
		in.Present = append(in.Present, o.present(book, name, told)...)
		in.Traits[name] = o.Stores[name].Traits()
	}
	return in, nil
}

// responses joins how drift is answered with what was answered before.
func (o Observer) responses(book journal.Book) map[store.Key]plan.Response {
	all := map[store.Key]plan.Response{}
	for k, mode := range o.OnDrift {
		r := plan.Response{Mode: mode}
		for _, made := range book.Revisions(k) {
			if made.Cause != plan.CodeRestore || made.Status != journal.StatusDone {
				continue
			}
			from := visual.Digest{}
			if made.Before.Release != nil {
				from = made.Before.Release.Digest
			}
			r.Restored = append(r.Restored, from)
		}
		all[k] = r
	}
	return all
}

// reasonUnread says why a store could not be looked into, and since when.
func (o Observer) reasonUnread(name string, err error, at moment.Moment) plan.Unread {
	u := plan.Unread{Since: at.Time(), Message: err.Error(), Hint: "see to it that the store can be reached; until then nothing is changed there"}
	if since, known := o.UnreadSince[name]; known {
		u.Since = since
	}
	var coded interface {
		Code() string
		Hint() string
	}
	if errors.As(err, &coded) {
		u.Cause, u.Hint = verdict.Code(coded.Code()), cmp.Or(coded.Hint(), u.Hint)
	}
	return u
}

// present joins what one store tells with what the journal believes of it.
func (o Observer) present(book journal.Book, name string, told map[visual.GUID]store.Listing) []plan.Present {
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
			p.Observed = &l
		} else if list, ok := store.As[store.AbsenceReader](o.Stores[name]); ok {
			p.AbsentSince, _ = list.AbsentSince(k.GUID)
		}
		out = append(out, p)
	}
	return out
}

// Candidates evaluates every package of the archive with each statement bound to
// it; a package without one is a candidate that is refused for that reason.
// It reads no package bytes. Asked says that a person asked for a release.
func (o Observer) Candidates(book journal.Book, asked bool, at moment.Moment) []plan.Candidate {
	facts, before := o.Facts(book), attested(book)
	packages := book.Packages()
	out := make([]plan.Candidate, 0, len(packages))
	for _, p := range packages {
		c := plan.Candidate{
			GUID: p.Manifest.GUID, Name: p.Manifest.DisplayName, Content: p.Content,
			Release: visual.Release{Version: p.Manifest.Version, Digest: p.Package},
			File:    p.Source, Seen: p.FirstSeen, Size: p.Size,
		}
		need, bounds, found := o.Need(c.GUID, asked), book.BoundsOf(p.Package), o.profiled(book, p)
		c.Same = found.same
		for _, b := range bounds {
			c.Terms = b.Terms
			if facts.EarliestEnd[p.Package].Grade == license.Readable { // the script obeys its own date
				c.Terms = o.Trust.Effective(b, facts)
			}
			c.Judgment = o.Trust.Evaluate(b, need, facts, at).With(need.AdjustReservations(p.Reservations)...)
			if c.Judgment.Verdict != verdict.Reject { // what is refused covers nobody
				c.Judgment = c.Judgment.With(o.Entitled(b.GUID, b.Terms, asked)...)
			}
			out = append(out, c)
		}
		if len(bounds) == 0 {
			terms, judgment := o.unbound(book, p, found, need, facts, at)
			c.Terms, c.Judgment = terms, o.reattest(judgment, p, before[c.GUID], need.Least)
			out = append(out, c)
		}
	}
	return out
}

// Need is what the settings ask of a visual's license.
func (o Observer) Need(g visual.GUID, asked bool) license.Need {
	return license.Need{Least: cmp.Or(o.LeastOf[g], o.Least), Asked: asked, Tolerant: o.Tolerant, LongestTerm: o.LongestTerm}
}

// unbound says why a package has no license: why a statement that claims to be
// about it is not believed tells more than that there is none.
func (o Observer) unbound(book journal.Book, p journal.Package, found profiled, need license.Need, facts license.Facts, at moment.Moment) (license.Terms, verdict.Judgment) {
	var refused []verdict.Finding
	for _, s := range book.StatementsAbout(p) {
		if r, ok := book.Refusal(p.Package, s); ok {
			refused = append(refused, r.Findings...)
		}
	}
	if len(refused) == 0 {
		return found.terms, o.evaluateUnbound(p, found, need, facts, at).With(need.AdjustReservations(p.Reservations)...)
	}
	return license.Terms{}, o.Trust.EvaluateRefused(p.Manifest, refused, need, at).With(need.AdjustReservations(p.Reservations)...)
}

// Facts is what is known of the tenant and of licenses used before.
func (o Observer) Facts(book journal.Book) license.Facts {
	return license.Facts{
		Tenant: o.Tenant, StoreTenant: o.storeTenant, Marks: book.Marks(o.store), EarliestEnd: o.earliestEnds(book), Latest: latest(book, o.store),
		Used:        licensesPut(book, o.store),
		StatusMarks: book.StatusMarks(), Revoked: book.Revoked(),
	}
}

// Entitled holds what a license counts against how its visual is used.
func (o Observer) Entitled(g visual.GUID, terms license.Terms, asked bool) []verdict.Finding {
	return tenant.Check(terms, g, o.Usage, tenant.Need{Asked: asked})
}

// latest finds the license that is in use of each subscription, so that a
// renewal which takes something away is told from one that does not. Each store
// has its own: that a pilot is ahead makes no renewal one of an older version.
func latest(book journal.Book, in string) map[license.Line]license.Bound {
	lines := map[license.Line]license.Bound{}
	for _, k := range book.Keys() {
		now := book.Belief(k)
		if in != "" && k.Store != in || now.Release == nil || now.License.Subscription == "" {
			continue
		}
		b := license.Bound{GUID: k.GUID, Version: now.Release.Version, Package: now.Release.Digest, Terms: now.License}
		if before, ok := lines[license.LineOf(b)]; !ok || before.Terms.Sequence < b.Terms.Sequence {
			lines[license.LineOf(b)] = b
		}
	}
	return lines
}

// licensesPut lists the licenses that were put into a store, or into any, of each visual, each
// once. What was undone, or only asked for, was not used.
func licensesPut(book journal.Book, in string) map[visual.GUID][]license.Terms {
	all := map[visual.GUID][]license.Terms{}
	for _, k := range book.Keys() {
		if in != "" && k.Store != in {
			continue
		}
		for _, r := range book.Stood(k) {
			t := r.After.License
			isSame := func(o license.Terms) bool { return o.ID == t.ID && o.Ends.Equal(t.Ends) && o.Begins.Equal(t.Begins) }
			if !t.Ends.IsZero() && !slices.ContainsFunc(all[k.GUID], isSame) {
				all[k.GUID] = append(all[k.GUID], t)
			}
		}
	}
	return all
}
