// Package tenant knows facts about a tenant as values: how many people use a
// visual, on which capacities and on which sites, and whether a license covers
// that. It reads such facts from a file that people write.
//
// Every fact may be unknown, and what is unknown is said. The package does not
// know how facts are fetched, where the file lies, or what follows from a
// finding.
package tenant

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/visual"
)

// Known is a fact that may be unknown. The zero Known is unknown.
type Known[T any] struct {
	value T
	known bool
}

// Is makes a fact that is known.
func Is[T any](value T) Known[T] { return Known[T]{value, true} }

// Get returns the fact, and whether it is known.
func (k Known[T]) Get() (T, bool) { return k.value, k.known }

// Facts is what is known of one tenant. The zero Facts says that nobody was
// asked; facts that were asked for and could not be told have a Source and
// are otherwise unknown.
type Facts struct {
	ID      string    // the tenant's id, lower case
	AsOf    time.Time // when the facts held
	Source  string    // who or what told them; not a person's name
	Domains []string
	Users   Users
	Groups  []Group
	// Capacities are all capacities of the tenant, if known.
	Capacities Known[[]Capacity]
	// Sites are the hosts of all sites into which the tenant embeds reports, if
	// known.
	Sites Known[[]string]
	// Settings are the tenant's settings that concern visuals, if known.
	Settings Known[[]Setting]
	// Subscriptions are the bought licenses of users with a plan of Power BI, if
	// known.
	Subscriptions Known[[]Subscription]
	// Uses says of visuals how they are used; of a visual that is not here,
	// that is unknown.
	Uses []Use
}

// Users counts the tenant's users by their best Power BI plan. A Premium Per
// User license contains Pro's service plan, so whoever has both is counted
// under PPU alone.
type Users struct {
	Free, Pro, PPU Known[int64]
}

// A Group is a group of users, counted through the groups within it.
type Group struct {
	ID      string // lower case
	Name    string
	Members Known[int64]
}

// A Capacity is a capacity that the tenant has.
type Capacity struct {
	ID     string // lower case
	Name   string // as its administrators call it: may hold a person's name
	SKU    SKU    // the zero SKU where nobody told it
	State  string // as Microsoft says it, such as Active
	Region string
}

// A Use says how one visual is used.
type Use struct {
	GUID visual.GUID
	// Designers make reports with the visual.
	Designers People
	// Viewers look at such reports in the Power BI service or its apps; who
	// does so on an embedded site is not among them.
	Viewers People
	// Capacities are the ids of those with reports that use the visual.
	Capacities Known[[]string]
	// Hosts are those of the sites that embed reports with the visual.
	Hosts Known[[]string]
}

// People are counted, or they are the members of groups. The zero People are
// unknown.
type People struct {
	Count  Known[int64]
	Groups []string // ids; counts where Count is unknown
}

// IsZero says that nobody was asked for facts.
func (f Facts) IsZero() bool {
	return f.ID == "" && f.AsOf.IsZero() && f.Source == "" && len(f.Uses) == 0 &&
		!f.Capacities.known && !f.Sites.known && !f.Settings.known && !f.Subscriptions.known
}

// About says why facts must not be used for a tenant, by its id in lower case:
// they are another's. The zero Facts are nobody's.
func (f Facts) About(tenant string) error {
	if f.IsZero() || f.ID == tenant {
		return nil
	}
	return fmt.Errorf("the facts of %s are about the tenant %q, and the settings are for %s", f.Source, f.ID, tenant)
}

// Use returns how a visual is used; all of it is unknown where nobody told.
func (f Facts) Use(g visual.GUID) Use {
	i := slices.IndexFunc(f.Uses, func(u Use) bool { return u.GUID == g })
	if i < 0 {
		return Use{GUID: g}
	}
	return f.Uses[i]
}

// Number counts people. Who is a member of two groups counts twice, so with
// groups the number may be too high, never too low.
func (f Facts) Number(p People) Known[int64] {
	if n, ok := p.Count.Get(); ok {
		return nonNegative(n)
	}
	if len(p.Groups) == 0 {
		return Known[int64]{}
	}
	total := Is[int64](0)
	for _, id := range p.Groups {
		i := slices.IndexFunc(f.Groups, func(g Group) bool { return strings.EqualFold(g.ID, id) })
		if i < 0 {
			return Known[int64]{}
		}
		total = addKnown(total, f.Groups[i].Members)
	}
	return total
}

// nonNegative turns a number below zero, which counts nothing, into an unknown one.
func nonNegative(n int64) Known[int64] {
	if n < 0 {
		return Known[int64]{}
	}
	return Is(n)
}

// addKnown adds two numbers; the sum is unknown where one of them is.
func addKnown(a, b Known[int64]) Known[int64] {
	if !a.known || !b.known || a.value < 0 || b.value < 0 {
		return Known[int64]{}
	}
	if a.value > math.MaxInt64-b.value {
		return Is[int64](math.MaxInt64)
	}
	return Is(a.value + b.value)
}

// Total counts everybody who has a Power BI plan.
func (u Users) Total() Known[int64] { return addKnown(addKnown(u.Free, u.Pro), u.PPU) }

// findCapacity finds a capacity by its id. Microsoft's interfaces write ids in
// either case.
func (f Facts) findCapacity(id string) (Capacity, bool) {
	i := slices.IndexFunc(f.Capacities.value, func(c Capacity) bool { return strings.EqualFold(c.ID, id) })
	if i < 0 {
		return Capacity{}, false
	}
	return f.Capacities.value[i], true
}
