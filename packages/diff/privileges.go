package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/pbiviz"
)

// comparePrivileges compares what the visuals ask for. The old generation could ask
// for nothing.
func (c *comparison) comparePrivileges(before, after []pbiviz.Privilege) {
	x, y := rightsFor(before), rightsFor(after)
	c.diff.Privileges.Added, c.diff.Privileges.Removed = uncoveredRights(y, x), uncoveredRights(x, y)
	for _, r := range c.diff.Privileges.Added {
		if slices.ContainsFunc(x, func(o Right) bool { return o.Name == r.Name }) {
			c.addFinding(Security, "diff.privilege_widened", "privilege %s was widened%s", quote(r.Name), parameterText(r))
		} else {
			c.addFinding(Security, "diff.privilege_added", "privilege %s was added%s%s", quote(r.Name), necessityText(r.Name, after), parameterText(r))
		}
	}
	for _, r := range c.diff.Privileges.Removed {
		if slices.ContainsFunc(y, func(o Right) bool { return o.Name == r.Name }) {
			c.addNote("diff.privilege_narrowed", "privilege %s was narrowed%s", quote(r.Name), parameterText(r))
		} else {
			c.addNote("diff.privilege_removed", "privilege %s was removed%s", quote(r.Name), parameterText(r))
		}
	}
	for _, name := range essentialNames(after) {
		held := slices.ContainsFunc(x, func(r Right) bool { return r.Name == name })
		if held && !slices.Contains(essentialNames(before), name) {
			c.addNote("diff.privilege_essential", "the visual no longer works without privilege %s", quote(name))
		}
	}
}

// RightsOf lists what a package asks for.
func RightsOf(p *pbiviz.Package) []Right { return rightsFor(p.Capabilities().Privileges) }

// rightsFor takes privileges apart, one right for each parameter, sorted.
func rightsFor(privileges []pbiviz.Privilege) []Right {
	var found []Right
	for _, p := range privileges {
		if len(p.Parameters) == 0 {
			found = append(found, Right{Name: p.Name})
		}
		for _, parameter := range p.Parameters {
			found = append(found, Right{p.Name, parameter})
		}
	}
	slices.SortFunc(found, func(a, b Right) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Parameter, b.Parameter))
	})
	return slices.Compact(found)
}

func essentialNames(privileges []pbiviz.Privilege) []string {
	var found []string
	for _, p := range privileges {
		if p.Essential {
			found = append(found, p.Name)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// uncoveredRights lists the rights that no right in held gives. Never nil.
func uncoveredRights(rights, held []Right) []Right {
	found := []Right{}
	for _, r := range rights {
		if !slices.ContainsFunc(held, func(h Right) bool { return h.covers(r) }) {
			found = append(found, r)
		}
	}
	return found
}

// covers says whether h gives all that r gives. The patterns are those of
// WebAccess: * is every URL, and https://*.example.com every host below
// example.com. Where it is unsure it says no, so that a right is reported.
func (h Right) covers(r Right) bool {
	if h == r {
		return true
	}
	if h.Name != r.Name || r.Parameter == "" {
		return false
	}
	if h.Parameter == "*" {
		return true
	}
	scheme, parent, ok := strings.Cut(h.Parameter, "://*.")
	if !ok || parent == "" {
		return false
	}
	below, ok := strings.CutPrefix(r.Parameter, scheme+"://")
	if !ok {
		return false
	}
	host, _, _ := strings.Cut(below, "/")
	return isPlainHost(strings.TrimPrefix(host, "*.")) && strings.HasSuffix(host, "."+parent)
}

// isPlainHost says whether s is a host by its letters alone: without a port, a
// user, or anything else that would make it end elsewhere than it seems to.
func isPlainHost(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.')
	})
}

// necessityText says whether the visual works without a privilege.
func necessityText(name string, privileges []pbiviz.Privilege) string {
	if slices.Contains(essentialNames(privileges), name) {
		return ", essential"
	}
	return ", optional"
}

func parameterText(r Right) string {
	if r.Parameter == "" {
		return ""
	}
	return ": " + quote(r.Parameter)
}
