package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// An access is what a call does to a library.
type access int

const (
	reads access = iota
	writes
	manages // permissions
)

// grantAllows says what a role of a selected permission is good for.
func grantAllows(role string, a access) bool {
	switch role {
	case "read":
		return a == reads
	case "write":
		return a <= writes
	case "owner", "fullcontrol":
		return true
	}
	return false
}

var errDenied = problem{status: http.StatusForbidden, code: "accessDenied", message: "Access denied"}

func denied() *problem { p := errDenied; return &p }

// tenantWide says whether a permission for all sites is enough.
func (c *call) tenantWide(a access) bool {
	has := func(roles ...string) bool {
		return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(c.token.roles, r) })
	}
	switch a {
	case reads:
		return has("Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All")
	case writes:
		return has("Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All")
	}
	return has("Sites.FullControl.All")
}

// maySite says whether the call's app reaches a site.
func (c *call) maySite(w *site, a access) *problem {
	if c.tenantWide(a) {
		return nil
	}
	if slices.Contains(c.token.roles, "Sites.Selected") && grantAllows(w.grants[c.token.app], a) {
		return nil
	}
	if a == reads && c.s.o.ListGrantsReachSite && slices.Contains(c.token.roles, "Lists.SelectedOperations.Selected") {
		if slices.ContainsFunc(w.lists, func(l *list) bool { return grantAllows(l.grants[c.token.app], reads) }) {
			return nil
		}
	}
	return denied()
}

// mayList says whether the call's app reaches a library. A grant on the list
// breaks inheritance: what was granted on the site no longer counts there.
func (c *call) mayList(l *list, a access) *problem {
	if c.tenantWide(a) {
		return nil
	}
	if slices.Contains(c.token.roles, "Lists.SelectedOperations.Selected") && grantAllows(l.grants[c.token.app], a) {
		return nil
	}
	if !l.unique && slices.Contains(c.token.roles, "Sites.Selected") && grantAllows(l.site.grants[c.token.app], a) {
		return nil
	}
	return denied()
}

// site finds the site of a call and asks whether it may be reached.
func (c *call) site(a access) (*site, *problem) {
	id := strings.ToLower(c.vars["site"])
	for _, w := range c.s.sites {
		parts := strings.Split(w.id, ",")
		if id == w.id || id == parts[1]+","+parts[2] || id == parts[1] {
			return w, c.maySite(w, a)
		}
	}
	if !wellFormedSite(id) {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "Invalid hostname for this tenancy")
	}
	return nil, say(http.StatusNotFound, "itemNotFound", "Requested site could not be found")
}

func wellFormedSite(id string) bool {
	parts := strings.Split(id, ",")
	return len(parts) == 3 || len(id) == 36
}

// list finds the library of a call, by its site and its id or name.
func (c *call) list(a access) (*list, *problem) {
	for _, w := range c.s.sites {
		if id := strings.ToLower(c.vars["site"]); id != w.id && id != strings.Split(w.id, ",")[1] {
			continue
		}
		for _, l := range w.lists {
			if strings.EqualFold(l.id, c.vars["list"]) || strings.EqualFold(l.name, c.vars["list"]) {
				return l, c.mayList(l, a)
			}
		}
		return nil, say(http.StatusNotFound, "itemNotFound", "The specified list was not found")
	}
	_, p := c.site(reads)
	if p == nil {
		p = denied()
	}
	return nil, p
}

// library finds the library of a call by its drive.
func (c *call) library(a access) (*list, *problem) {
	for _, w := range c.s.sites {
		for _, l := range w.lists {
			if l.drive == c.vars["drive"] {
				return l, c.mayList(l, a)
			}
		}
	}
	if !strings.HasPrefix(c.vars["drive"], "b!") {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "The provided drive id appears to be malformed, or does not represent a valid drive.")
	}
	return nil, say(http.StatusNotFound, "itemNotFound", "The resource could not be found.")
}

// item finds the item of a call in its drive.
func (c *call) item(a access) (*item, *problem) {
	l, p := c.library(a)
	if p != nil {
		return nil, p
	}
	switch id := c.vars["item"]; {
	case id == "" && c.vars["path"] != "":
		if i := l.at(c.vars["path"]); i != nil && c.tells(i) {
			return i, nil
		}
	case id == "" || id == "root":
		return l.root, nil
	default:
		if i := l.items[id]; i != nil && !i.deleted && c.tells(i) {
			return i, nil
		}
	}
	return nil, say(http.StatusNotFound, "itemNotFound", "The resource could not be found.")
}

// row finds the list item of a call.
func (c *call) row(a access) (*item, *problem) {
	if c.vars["drive"] != "" {
		return c.item(a)
	}
	l, p := c.list(a)
	if p != nil {
		return nil, p
	}
	for _, i := range l.items {
		if !i.deleted && i.row > 0 && (itoa(i.row) == c.vars["row"] || strings.EqualFold(i.unique, c.vars["row"])) {
			return i, nil
		}
	}
	return nil, say(http.StatusNotFound, "itemNotFound", "The specified list item was not found")
}

// unchanged holds a write to the state that its sender knows.
func (c *call) unchanged(i *item) *problem {
	match := c.Header.Get("If-Match")
	if match == "" || match == "*" || match == i.eTag() || match == i.cTag() || `"`+match+`"` == i.eTag() {
		return nil
	}
	return say(http.StatusPreconditionFailed, "resourceModified", "ETag does not match current item's value")
}

// listGrants tells what a list granted apps, to who may grant there. Whether
// Microsoft's service tells an app of its own role is not documented.
func (s *Simulator) listGrants(c *call) (*answer, *problem) {
	l, p := c.list(manages)
	if p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for _, app := range slices.Sorted(maps.Keys(l.grants)) {
		all = append(all, map[string]any{
			"id": app, "roles": []string{l.grants[app]}, "grantedToIdentitiesV2": []any{map[string]any{"application": map[string]any{"id": app}}},
		})
	}
	return c.page(all)
}
