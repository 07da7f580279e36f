package simulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func (s *Simulator) siteRoutes() []*route {
	one := []string{qSelect, qExpand}
	many := []string{qSelect, qExpand, qTop, qSkip, qFilter, qOrder}
	return []*route{
		{method: "GET", pattern: "/v1.0/sites/{host}:/{path...}", query: one, max: -1, cost: costGet, do: s.siteByPath},
		{method: "GET", pattern: "/v1.0/sites/{host}:/{path...}:", query: one, max: -1, cost: costGet, do: s.siteByPath},
		{method: "GET", pattern: "/v1.0/sites/{site}", query: one, max: -1, cost: costGet, do: s.getSite},
		{method: "GET", pattern: "/v1.0/sites/{site}/drive", query: one, max: -1, cost: costGet, do: s.siteDrive},
		{method: "GET", pattern: "/v1.0/sites/{site}/drives", query: many, max: -1, cost: costList, do: s.siteDrives},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists", query: many, max: -1, cost: costList, do: s.siteLists},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}", query: one, max: -1, cost: costGet, do: s.getList},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/drive", query: one, max: -1, cost: costGet, do: s.listDrive},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/columns", query: many, max: -1, cost: costList, do: s.getColumns},
		{method: "POST", pattern: "/v1.0/sites/{site}/lists/{list}/columns", cost: costWrite, do: s.addColumn},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/items", query: many, max: -1, cost: costList, do: s.getRows},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/items/{row}", query: one, max: -1, cost: costGet, do: s.getRow},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/items/{row}/fields", query: one, max: -1, cost: costGet, do: s.getFields},
		{method: "PATCH", pattern: "/v1.0/sites/{site}/lists/{list}/items/{row}/fields", cost: costWrite, do: s.patchFields},
		{method: "POST", pattern: "/v1.0/sites/{site}/permissions", cost: costPermission, do: s.grantSite},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/permissions", query: many, max: -1, cost: costPermission, do: s.listGrants},
		{method: "POST", pattern: "/v1.0/sites/{site}/lists/{list}/permissions", cost: costPermission, do: s.grantList},
	}
}

func showSite(w *site) map[string]any {
	return map[string]any{
		"id": w.id, "name": w.path[strings.LastIndexByte(w.path, '/')+1:], "displayName": w.title,
		"createdDateTime": stamp(w.made), "lastModifiedDateTime": stamp(w.made),
		"webUrl": "https://" + w.host + "/" + w.path, "root": map[string]any{}, "siteCollection": map[string]any{"hostname": w.host},
	}
}

func (s *Simulator) siteByPath(c *call) (*answer, *problem) {
	for _, w := range s.sites {
		if strings.EqualFold(w.host, c.vars["host"]) && strings.EqualFold(w.path, strings.Trim(c.vars["path"], "/")) {
			if p := c.maySite(w, reads); p != nil {
				return nil, p
			}
			return c.entity(showSite(w))
		}
	}
	if !slices.ContainsFunc(s.sites, func(w *site) bool { return strings.EqualFold(w.host, c.vars["host"]) }) {
		return nil, say(http.StatusBadRequest, "invalidRequest", "Invalid hostname for this tenancy")
	}
	return nil, say(http.StatusNotFound, "itemNotFound", "Requested site could not be found")
}

func (s *Simulator) getSite(c *call) (*answer, *problem) {
	w, p := c.site(reads)
	if p != nil {
		return nil, p
	}
	return c.entity(showSite(w))
}

func (s *Simulator) siteDrive(c *call) (*answer, *problem) {
	w, p := c.site(reads)
	if p != nil {
		return nil, p
	}
	if len(w.lists) == 0 {
		return nil, say(http.StatusNotFound, "itemNotFound", "The site has no library.")
	}
	return c.entity(showDrive(w.lists[0]))
}

func (s *Simulator) siteDrives(c *call) (*answer, *problem) { return c.ofSite(showDrive) }
func (s *Simulator) siteLists(c *call) (*answer, *problem)  { return c.ofSite(showList) }

func (c *call) ofSite(show func(*list) map[string]any) (*answer, *problem) {
	w, p := c.site(reads)
	if p != nil {
		return nil, p
	}
	if f := c.query.Get(qFilter) + c.query.Get(qExpand) + c.query.Get(qOrder); f != "" {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "Neither filter, order nor expansion is known here.")
	}
	all := []map[string]any{}
	for _, l := range w.lists {
		all = append(all, show(l))
	}
	return c.page(all)
}

func (s *Simulator) getList(c *call) (*answer, *problem) {
	l, p := c.list(reads)
	if p != nil {
		return nil, p
	}
	return c.entity(showList(l))
}

func (s *Simulator) listDrive(c *call) (*answer, *problem) {
	l, p := c.list(reads)
	if p != nil {
		return nil, p
	}
	return c.entity(showDrive(l))
}

// An identities is whom a grant names: Microsoft's pages show grantedTo as one
// object and as an array of them.
type identities []struct {
	Application struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	} `json:"application"`
}

func (c *call) granted() (app, role string, p *problem) {
	var b struct {
		Roles      []string       `json:"roles"`
		To         jsontext.Value `json:"grantedTo"`
		Identities identities     `json:"grantedToIdentities"`
	}
	if p := c.decode(&b); p != nil {
		return "", "", p
	}
	who := b.Identities
	if len(b.To) > 0 {
		to := string(b.To)
		if b.To.Kind() == '{' {
			to = "[" + to + "]"
		}
		if err := json.Unmarshal([]byte(to), &who, json.RejectUnknownMembers(true)); err != nil {
			return "", "", unexpected(http.StatusBadRequest, "invalidRequest", "The grantee cannot be read.")
		}
	}
	if len(who) != 1 || who[0].Application.ID == "" || len(b.Roles) != 1 || !slices.Contains([]string{"read", "write", "owner", "fullcontrol"}, b.Roles[0]) {
		return "", "", unexpected(http.StatusBadRequest, "invalidRequest", "A grant names one app and one role.")
	}
	return strings.ToLower(who[0].Application.ID), b.Roles[0], nil
}

func (c *call) grantedAnswer(app, role string) (*answer, *problem) {
	who := map[string]any{"application": map[string]any{"id": app, "displayName": app}}
	return &answer{status: http.StatusCreated, value: map[string]any{
		"id": c.s.uuid(), "roles": []string{role}, "grantedToIdentitiesV2": []any{who}, "grantedToIdentities": []any{who},
	}}, nil
}

func (s *Simulator) grantSite(c *call) (*answer, *problem) {
	w, p := c.site(manages)
	if p != nil {
		return nil, p
	}
	app, role, p := c.granted()
	if p != nil {
		return nil, p
	}
	w.grants[app] = role
	return c.grantedAnswer(app, role)
}

func (s *Simulator) grantList(c *call) (*answer, *problem) {
	l, p := c.list(manages)
	if p != nil {
		return nil, p
	}
	app, role, p := c.granted()
	if p != nil {
		return nil, p
	}
	l.grants[app], l.unique = role, true
	return c.grantedAnswer(app, role)
}
