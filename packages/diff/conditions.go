package diff

import (
	"slices"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// compareConditions finds out whether the visual still takes all data it took. Each
// condition is a box, a range for every role; a report is fine if it is in one
// of them. What was a box and is no longer inside one box is tightened: two
// boxes that only together hold it are reported, too, rather than missed.
func (c *comparison) compareConditions(before, after []pbiviz.Mapping) {
	x, y := boxesOf(before), boxesOf(after)
	if len(y) == 0 && len(x) > 0 {
		c.addFinding(Breaking, "diff.condition_tightened", "the visual no longer declares how it takes data")
		return
	}
	tightened := map[string]bool{}
	for i, old := range x {
		if slices.ContainsFunc(y, func(b box) bool { return len(c.narrowedRoles(b, old)) == 0 }) {
			continue
		}
		for _, role := range c.narrowedRoles(y[min(i, len(y)-1)], old) {
			tightened[role] = true
		}
	}
	for _, role := range sortedUnion(tightened, nil) {
		if slices.Contains(c.diff.Roles.Added, role) {
			c.addFinding(Breaking, "diff.condition_tightened", "the new data role %s must be filled, and no report fills it yet", quote(role))
			continue
		}
		c.addFinding(Breaking, "diff.condition_tightened", "data role %s takes fewer fields than before, or needs more", quote(role))
	}
	if len(tightened) == 0 && !slices.EqualFunc(x, y, c.isSameBox) {
		c.addNote("diff.condition", "the conditions on data changed, and allow all that they allowed")
	}
}

// A box is one condition: how many fields each role takes; any number, for a
// role that is not in it.
type box map[string]pbiviz.Range

// boxesOf lists the conditions of all mappings. A mapping without any takes all.
func boxesOf(mappings []pbiviz.Mapping) []box {
	var found []box
	for _, m := range mappings {
		if len(m.Conditions) == 0 {
			found = append(found, box{})
		}
		for _, condition := range m.Conditions {
			found = append(found, condition)
		}
	}
	return found
}

// narrowedRoles lists the roles for which after takes fewer numbers than before. A
// role that has just been added has no fields in any report; one that was
// removed is reported as that.
func (c *comparison) narrowedRoles(after, before box) []string {
	var found []string
	for role, now := range after {
		low, high := rangeBounds(before[role])
		switch {
		case slices.Contains(c.diff.Roles.Removed, role):
			continue
		case slices.Contains(c.diff.Roles.Added, role):
			low, high = 0, 0
		}
		if l, h := rangeBounds(now); l > low || h < high {
			found = append(found, role)
		}
	}
	return found
}

// isSameBox says whether two conditions are equal for all roles that are in both
// packages: roles that come or go are reported as that.
func (c *comparison) isSameBox(a, b box) bool {
	for _, role := range sortedUnion(a, b) {
		if slices.Contains(c.diff.Roles.Added, role) || slices.Contains(c.diff.Roles.Removed, role) {
			continue
		}
		low, high := rangeBounds(a[role])
		if l, h := rangeBounds(b[role]); l != low || h != high {
			return false
		}
	}
	return true
}

// rangeBounds gives a range's ends; a missing maximum is more than any report has.
func rangeBounds(r pbiviz.Range) (low, high int) {
	const unbounded = int(^uint(0) >> 1)
	low, high = 0, unbounded
	if r.Min != nil {
		low = *r.Min
	}
	if r.Max != nil {
		high = *r.Max
	}
	return low, high
}
