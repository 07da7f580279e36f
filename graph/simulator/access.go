package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// An access is what a call wants to do in a library.
type access int

const (
	readAccess access = iota
	writeAccess
	manageAccess // of permissions
)

// allowsAccess reports whether a granted role is enough for an access.
func allowsAccess(role string, a access) bool {
	switch role {
	case "read":
		return a == readAccess
	case "write":
		return a <= writeAccess
	case "owner", "fullcontrol":
		return true
	}
	return false
}

var errDenied = problem{status: http.StatusForbidden, code: "accessDenied", message: "Access denied"}

func accessDenied() *problem { p := errDenied; return &p }

// hasTenantWideRole reports whether the app has a permission for all sites.
func (c *call) hasTenantWideRole(a access) bool {
	has := func(roles ...string) bool {
		return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(c.token.roles, r) })
	}
	switch a {
	case readAccess:
		return has("Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All")
	case writeAccess:
		return has("Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All")
	}
	return has("Sites.FullControl.All")
}

// checkSiteAccess checks that the app may access a site.
func (c *call) checkSiteAccess(w *site, a access) *problem {
	if c.hasTenantWideRole(a) {
		return nil
	}
	if slices.Contains(c.token.roles, "Sites.Selected") && allowsAccess(w.grants[c.token.app], a) {
		return nil
	}
	if a == readAccess && c.simulator.options.ListGrantsReachSite && slices.Contains(c.token.roles, "Lists.SelectedOperations.Selected") {
		if slices.ContainsFunc(w.lists, func(l *list) bool { return allowsAccess(l.grants[c.token.app], readAccess) }) {
			return nil
		}
	}
	return accessDenied()
}

// checkListAccess checks that the app may access a library. A grant on the list
// breaks inheritance, so grants on the site no longer count there.
func (c *call) checkListAccess(l *list, a access) *problem {
	if c.hasTenantWideRole(a) {
		return nil
	}
	if slices.Contains(c.token.roles, "Lists.SelectedOperations.Selected") && allowsAccess(l.grants[c.token.app], a) {
		return nil
	}
	if !l.hasOwnGrants && slices.Contains(c.token.roles, "Sites.Selected") && allowsAccess(l.site.grants[c.token.app], a) {
		return nil
	}
	return accessDenied()
}

// findSite finds the site of a call and checks the access to it.
func (c *call) findSite(a access) (*site, *problem) {
	id := strings.ToLower(c.vars["site"])
	for _, w := range c.simulator.sites {
		parts := strings.Split(w.id, ",")
		if id == w.id || id == parts[1]+","+parts[2] || id == parts[1] {
			return w, c.checkSiteAccess(w, a)
		}
	}
	if !isWellFormedSite(id) {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Invalid hostname for this tenancy")
	}
	return nil, newProblem(http.StatusNotFound, "itemNotFound", "Requested site could not be found")
}

func isWellFormedSite(id string) bool {
	parts := strings.Split(id, ",")
	return len(parts) == 3 || len(id) == 36
}

// findList finds the library of a call by its site and its id or name.
func (c *call) findList(a access) (*list, *problem) {
	for _, w := range c.simulator.sites {
		if id := strings.ToLower(c.vars["site"]); id != w.id && id != strings.Split(w.id, ",")[1] {
			continue
		}
		for _, l := range w.lists {
			if strings.EqualFold(l.id, c.vars["list"]) || strings.EqualFold(l.name, c.vars["list"]) {
				return l, c.checkListAccess(l, a)
			}
		}
		return nil, newProblem(http.StatusNotFound, "itemNotFound", "The specified list was not found")
	}
	_, p := c.findSite(readAccess)
	if p == nil {
		p = accessDenied()
	}
	return nil, p
}

// findLibrary finds the library of a call by its drive.
func (c *call) findLibrary(a access) (*list, *problem) {
	for _, w := range c.simulator.sites {
		for _, l := range w.lists {
			if l.drive == c.vars["drive"] {
				return l, c.checkListAccess(l, a)
			}
		}
	}
	if !strings.HasPrefix(c.vars["drive"], "b!") {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The provided drive id appears to be malformed, or does not represent a valid drive.")
	}
	return nil, newProblem(http.StatusNotFound, "itemNotFound", "The resource could not be found.")
}

// findItem finds the item of a call in its drive.
func (c *call) findItem(a access) (*item, *problem) {
	l, p := c.findLibrary(a)
	if p != nil {
		return nil, p
	}
	switch id := c.vars["item"]; {
	case id == "" && c.vars["path"] != "":
		if i := l.findPath(c.vars["path"]); i != nil && c.canSee(i) {
			return i, nil
		}
	case id == "" || id == "root":
		return l.root, nil
	default:
		if i := l.items[id]; i != nil && !i.isDeleted && c.canSee(i) {
			return i, nil
		}
	}
	return nil, newProblem(http.StatusNotFound, "itemNotFound", "The resource could not be found.")
}

// findRow finds the list item of a call.
func (c *call) findRow(a access) (*item, *problem) {
	if c.vars["drive"] != "" {
		return c.findItem(a)
	}
	l, p := c.findList(a)
	if p != nil {
		return nil, p
	}
	for _, i := range l.items {
		if !i.isDeleted && i.row > 0 && (itoa(i.row) == c.vars["row"] || strings.EqualFold(i.uniqueID, c.vars["row"])) {
			return i, nil
		}
	}
	return nil, newProblem(http.StatusNotFound, "itemNotFound", "The specified list item was not found")
}

// checkIfMatch refuses a write if the item has changed since its sender read
// it.
func (c *call) checkIfMatch(i *item) *problem {
	match := c.Header.Get("If-Match")
	if match == "" || match == "*" || match == i.eTag() || match == i.cTag() || `"`+match+`"` == i.eTag() {
		return nil
	}
	return newProblem(http.StatusPreconditionFailed, "resourceModified", "ETag does not match current item's value")
}

// getListGrants answers with the grants of a list, if the app may grant there.
// Whether Microsoft's service shows an app its own role is not documented.
func (s *Simulator) getListGrants(c *call) (*answer, *problem) {
	l, p := c.findList(manageAccess)
	if p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for _, app := range slices.Sorted(maps.Keys(l.grants)) {
		all = append(all, map[string]any{
			"id": app, "roles": []string{l.grants[app]}, "grantedToIdentitiesV2": []any{map[string]any{"application": map[string]any{"id": app}}},
		})
	}
	return c.pageAnswer(all)
}
