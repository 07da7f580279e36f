package diff

import (
	"fmt"
	"maps"
	"slices"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// compareCapabilities compares what the packages declare. Packages of the old
// generation declare nothing: their roles and properties are in their script.
func (c *comparison) compareCapabilities() {
	if v := c.diff.APIVersion; v.From != v.To {
		c.raiseClass(Capabilities)
		c.addNote("diff.api_version", "the API version changed from %s to %s", orNone(v.From), orNone(v.To))
	}
	found := len(c.diff.Findings)
	x, y := c.from.Capabilities(), c.to.Capabilities()
	c.comparePrivileges(x.Privileges, y.Privileges)
	if c.from.Manifest().Generation == pbiviz.Old || c.to.Manifest().Generation == pbiviz.Old {
		c.compareUndeclared()
	} else {
		c.compareRoles(x.Roles, y.Roles)
		c.compareConditions(x.Mappings, y.Mappings)
		c.compareObjects(x.Objects, y.Objects)
		c.compareOthers(x, y)
	}
	if len(c.diff.Findings) > found {
		c.capabilitiesDiffer = true
		c.raiseClass(Capabilities)
	}
}

// compareUndeclared handles packages whose capabilities cannot be read. An equal
// script holds equal capabilities; from another one anything may follow.
func (c *comparison) compareUndeclared() {
	same := c.from.Manifest().Generation == c.to.Manifest().Generation &&
		string(c.from.Code().Script) == string(c.to.Code().Script)
	if same {
		return
	}
	c.addFinding(Breaking, "diff.capabilities_unknown",
		"data roles and properties cannot be compared: a package of the old generation keeps them in its script")
}

func (c *comparison) compareRoles(before, after []pbiviz.Role) {
	x, y := byName(before, roleName), byName(after, roleName)
	c.diff.Roles.Added, c.diff.Roles.Removed = keysOnlyIn(y, x), keysOnlyIn(x, y)
	for _, name := range c.diff.Roles.Removed {
		c.addFinding(Breaking, "diff.role_removed", "data role %s was removed", quote(name))
	}
	for _, name := range c.diff.Roles.Added {
		c.addNote("diff.role_added", "data role %s was added", quote(name))
	}
	for _, name := range keysInBoth(x, y) {
		if x[name] != y[name] {
			c.diff.Roles.Changed = append(c.diff.Roles.Changed, name)
			c.compareRole(x[name], y[name])
		}
	}
}

func (c *comparison) compareRole(before, after pbiviz.Role) {
	name := quote(after.Name)
	if k, l := before.Kind, after.Kind; k != l {
		if l == either && (k == grouping || k == measure) {
			c.addNote("diff.role_kind_widened", "data role %s now takes groupings and measures", name)
		} else {
			c.addFinding(Breaking, "diff.role_kind", "the kind of data role %s changed from %s to %s", name, quote(k), quote(l))
		}
	}
	if before.Required != after.Required {
		if typesCover(after.Required, before.Required) {
			c.addNote("diff.role_types_widened", "data role %s now takes more types of data", name)
		} else {
			c.addFinding(Breaking, "diff.role_types", "data role %s no longer takes some types of data", name)
		}
	}
	if before.Preferred != after.Preferred {
		c.addNote("diff.role_preferred", "the types of data that data role %s prefers changed", name)
	}
	if before.DisplayName != after.DisplayName {
		c.addNote("diff.role_label", "the label of data role %s changed", name)
	}
}

// The kinds of data roles, as words.
const (
	grouping = "Grouping"
	measure  = "Measure"
	either   = "GroupingOrMeasure"
)

// A propertyKey names a property; a dot in a name must not make two one.
type propertyKey struct{ object, property string }

func (k propertyKey) String() string { return k.object + "." + k.property }

func (c *comparison) compareObjects(before, after []pbiviz.Object) {
	x, y := byName(before, objectName), byName(after, objectName)
	for _, name := range keysOnlyIn(x, y) {
		c.addFinding(Breaking, "diff.object_removed", "formatting object %s was removed with its %s", quote(name), countOf(len(x[name].Properties), "property", "properties"))
	}
	for _, name := range keysOnlyIn(y, x) {
		c.addNote("diff.object_added", "formatting object %s was added with %s", quote(name), countOf(len(y[name].Properties), "property", "properties"))
	}
	for _, name := range keysInBoth(x, y) {
		if x[name].DisplayName != y[name].DisplayName {
			c.addNote("diff.object_label", "the label of formatting object %s changed", quote(name))
		}
	}
	c.compareProperties(propertyTypes(before), propertyTypes(after), x, y)
}

func (c *comparison) compareProperties(x, y map[propertyKey]string, before, after map[string]pbiviz.Object) {
	for _, k := range sortedKeys(x) {
		kept, there := y[k]
		switch _, object := after[k.object]; {
		case !there:
			c.diff.Properties.Removed = append(c.diff.Properties.Removed, k.String())
			if object { // else its object's removal says it
				c.addFinding(Breaking, "diff.property_removed", "property %s was removed", quote(k.String()))
			}
		case kept != x[k]:
			c.diff.Properties.Changed = append(c.diff.Properties.Changed, k.String())
			c.comparePropertyType(k, x[k], kept)
		}
	}
	for _, k := range sortedKeys(y) {
		if _, there := x[k]; there {
			continue
		}
		c.diff.Properties.Added = append(c.diff.Properties.Added, k.String())
		if _, object := before[k.object]; object {
			c.addNote("diff.property_added", "property %s was added", quote(k.String()))
		}
	}
}

func (c *comparison) comparePropertyType(k propertyKey, before, after string) {
	if choicesCover(after, before) {
		c.addNote("diff.property_choices", "property %s offers other labels or more choices", quote(k.String()))
		return
	}
	switch widenType(after, before) {
	case takesAnyNumber:
		c.addNote("diff.property_type_widened", "property %s took whole numbers and now takes any number", quote(k.String()))
	case namesTypeAnew:
		c.addNote("diff.property_type_widened", "the type of property %s says true where it said false: it takes what it took", quote(k.String()))
	default:
		c.addFinding(Breaking, "diff.property_type", "the type of property %s changed", quote(k.String()))
	}
}

// compareOthers compares what is left: mappings apart from their conditions, and the
// members that say how the visual takes part in a report (sorting, tooltips).
func (c *comparison) compareOthers(x, y pbiviz.Capabilities) {
	if !slices.Equal(mappingRests(x.Mappings), mappingRests(y.Mappings)) {
		c.addNote("diff.mapping", "the way the visual takes its data changed")
	}
	for _, name := range sortedUnion(x.Others, y.Others) {
		before, had := x.Others[name]
		after, has := y.Others[name]
		if had != has || before != after {
			c.addNote("diff.capability", "capability %s %s", quote(name), changeVerb(had, has))
		}
	}
}

func propertyTypes(objects []pbiviz.Object) map[propertyKey]string {
	found := map[propertyKey]string{}
	for _, o := range objects {
		for _, p := range o.Properties {
			found[propertyKey{o.Name, p.Name}] = p.Type
		}
	}
	return found
}

func mappingRests(mappings []pbiviz.Mapping) []string {
	found := make([]string, len(mappings))
	for i, m := range mappings {
		found[i] = m.Rest
	}
	return found
}

func roleName(r pbiviz.Role) string     { return r.Name }
func objectName(o pbiviz.Object) string { return o.Name }

func byName[T any](list []T, name func(T) string) map[string]T {
	found := make(map[string]T, len(list))
	for _, t := range list {
		found[name(t)] = t
	}
	return found
}

// keysOnlyIn lists, sorted and never nil, the keys of x that y lacks.
func keysOnlyIn[T any](x, y map[string]T) []string {
	found := []string{}
	for k := range x {
		if _, there := y[k]; !there {
			found = append(found, k)
		}
	}
	slices.Sort(found)
	return found
}

func keysInBoth[T any](x, y map[string]T) []string {
	var found []string
	for k := range x {
		if _, there := y[k]; there {
			found = append(found, k)
		}
	}
	slices.Sort(found)
	return found
}

func sortedUnion[T any](x, y map[string]T) []string {
	all := maps.Clone(x)
	if all == nil {
		all = map[string]T{}
	}
	maps.Copy(all, y)
	return slices.Sorted(maps.Keys(all))
}

func sortedKeys(m map[propertyKey]string) []propertyKey {
	return slices.SortedFunc(maps.Keys(m), func(a, b propertyKey) int {
		return slices.Compare([]string{a.object, a.property}, []string{b.object, b.property})
	})
}

func changeVerb(had, has bool) string {
	switch {
	case !had:
		return "was added"
	case !has:
		return "was removed"
	}
	return "changed"
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
