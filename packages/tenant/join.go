package tenant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// The codes of findings about facts themselves.
const (
	codeConflict verdict.Code = "facts.conflict" // people and tenant say different things
	codeStale    verdict.Code = "facts.stale"
	codeTenant   verdict.Code = ErrorCodeTenant
)

// Fresh is how long facts that the tenant told count as of today.
const Fresh = 7 * 24 * time.Hour

// Stale says that facts are older than Fresh at a moment; they still count. The
// zero Facts are never stale.
func (f Facts) Stale(at time.Time) (verdict.Finding, bool) {
	age := at.Sub(f.AsOf)
	if f.IsZero() || age <= Fresh {
		return verdict.Finding{}, false
	}
	return verdict.Finding{
		Code: codeStale, Verdict: verdict.Accept,
		Message: fmt.Sprintf("the facts of %s are %d days old, as of %s", cmp.Or(f.Source, "the tenant"), int(age.Hours()/24), f.AsOf.UTC().Format(dateForm)),
		Hint:    "run orgstore facts refresh",
	}, true
}

// GroupIDs returns the groups whose sizes the facts need, sorted: those listed,
// and those in which people use a visual.
func (f Facts) GroupIDs() []string {
	var ids []string
	for _, g := range f.Groups {
		ids = append(ids, g.ID)
	}
	for _, u := range f.Uses {
		ids = append(append(ids, u.Designers.Groups...), u.Viewers.Groups...)
	}
	for i := range ids {
		ids[i] = strings.ToLower(ids[i])
	}
	return sortedUnique(ids)
}

// Joined joins facts that people wrote with those that the tenant told, and says
// where the two differ. It changes neither.
//
//   - How visuals are used, and the sites, only people know: theirs stay. Of a
//     visual of which they say nothing, and of sites where they do not, what the
//     tenant told holds.
//   - Numbers of users and of members, capacities, settings, subscriptions and
//     domains are the tenant's where it told them, and people's where not. A SKU
//     that the tenant left open is people's.
//   - The tenant's list of capacities is whole: one that people alone know is
//     left out, so that a use of it is unknown. Names that people gave to groups
//     and capacities stay.
//   - All of it holds as of the older of the two dates.
//
// Facts about another tenant are left out as a whole.
func (f Facts) Joined(told Facts) (Facts, []verdict.Finding) {
	switch {
	case told.IsZero():
		return f, nil
	case f.IsZero():
		return told, nil
	case f.ID != told.ID:
		return f, []verdict.Finding{{
			Code: codeTenant, Verdict: verdict.Warn,
			Message: fmt.Sprintf("the facts of %s are about the tenant %q and not about %q; they are left out", told.Source, told.ID, f.ID),
			Hint:    "run orgstore facts refresh",
		}}
	}
	j := factsMerge{f.Source, told.Source, nil}
	return Facts{
		ID:            f.ID,
		AsOf:          earlierOf(f.AsOf, told.AsOf),
		Source:        j.sourceText(),
		Domains:       firstOf(told.Domains, f.Domains),
		Users:         j.mergeUsers(f.Users, told.Users),
		Groups:        j.mergeGroups(f.Groups, told.Groups),
		Capacities:    j.mergeCapacities(f.Capacities, told.Capacities),
		Sites:         knownOf(f.Sites, told.Sites),
		Settings:      knownOf(told.Settings, f.Settings),
		Subscriptions: knownOf(told.Subscriptions, f.Subscriptions),
		Uses:          mergeUses(f.Uses, told.Uses),
	}, j.findings
}

// factsMerge collects in what two sources differ.
type factsMerge struct {
	peopleSource, tenantSource string
	findings                   []verdict.Finding
}

func (j *factsMerge) sourceText() string {
	if j.peopleSource == j.tenantSource {
		return j.peopleSource
	}
	return j.peopleSource + ", and " + j.tenantSource
}

func (j *factsMerge) addConflict(format string, args ...any) {
	j.findings = append(j.findings, verdict.Finding{
		Code: codeConflict, Verdict: verdict.Accept,
		Message: fmt.Sprintf(format, args...),
		Hint:    "correct " + FileName + ", or remove there what the tenant tells",
	})
}

// mergeNumber prefers what the tenant told.
func (j *factsMerge) mergeNumber(what string, people, told Known[int64]) Known[int64] {
	if people.known && told.known && people != told {
		j.addConflict("%s: %s says %d, and %s says %d, which counts", what, j.peopleSource, people.value, j.tenantSource, told.value)
	}
	return knownOf(told, people)
}

func (j *factsMerge) mergeUsers(people, told Users) Users {
	return Users{
		Free: j.mergeNumber("users of the free plan", people.Free, told.Free),
		Pro:  j.mergeNumber("users of Pro", people.Pro, told.Pro),
		PPU:  j.mergeNumber("users of Premium Per User", people.PPU, told.PPU),
	}
}

// mergeGroups keeps the order of the people's list; what only the tenant told follows.
func (j *factsMerge) mergeGroups(people, told []Group) []Group {
	all := slices.Clone(people)
	for _, t := range told {
		i := slices.IndexFunc(all, func(g Group) bool { return strings.EqualFold(g.ID, t.ID) })
		if i < 0 {
			all = append(all, t)
			continue
		}
		all[i].Name = cmp.Or(all[i].Name, t.Name)
		all[i].Members = j.mergeNumber("members of the group "+t.ID, all[i].Members, t.Members)
	}
	return all
}

func (j *factsMerge) mergeCapacities(people, told Known[[]Capacity]) Known[[]Capacity] {
	if !people.known || !told.known {
		return knownOf(told, people)
	}
	all := slices.Clone(told.value)
	for _, p := range people.value {
		i := slices.IndexFunc(all, func(c Capacity) bool { return strings.EqualFold(c.ID, p.ID) })
		if i < 0 {
			j.addConflict("the capacity %s is one that %s tells and %s does not; it is left out", p.ID, j.peopleSource, j.tenantSource)
			continue
		}
		all[i] = j.mergeCapacity(p, all[i])
	}
	if all == nil {
		all = []Capacity{}
	}
	return Is(all)
}

func (j *factsMerge) mergeCapacity(people, told Capacity) Capacity {
	if !people.SKU.IsZero() && !told.SKU.IsZero() && people.SKU != told.SKU {
		j.addConflict("the SKU of the capacity %s: %s says %q, and %s says %q, which counts", told.ID, j.peopleSource, people.SKU, j.tenantSource, told.SKU)
	}
	if told.SKU.IsZero() {
		told.SKU = people.SKU
	}
	told.Name = cmp.Or(people.Name, told.Name)
	told.State = cmp.Or(told.State, people.State)
	told.Region = cmp.Or(told.Region, people.Region)
	return told
}

// mergeUses keeps what people say of a visual.
func mergeUses(people, told []Use) []Use {
	all := slices.Clone(people)
	known := map[visual.GUID]bool{}
	for _, u := range people {
		known[u.GUID] = true
	}
	for _, u := range told {
		if !known[u.GUID] {
			all = append(all, u)
		}
	}
	return all
}

func earlierOf(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func knownOf[T any](a, b Known[T]) Known[T] {
	if a.known {
		return a
	}
	return b
}

func firstOf(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}
