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
		{method: "GET", pattern: "/v1.0/sites/{host}:/{path...}", query: one, maxBody: -1, cost: costGet, handle: s.getSiteByPath},
		{method: "GET", pattern: "/v1.0/sites/{host}:/{path...}:", query: one, maxBody: -1, cost: costGet, handle: s.getSiteByPath},
		{method: "GET", pattern: "/v1.0/sites/{site}", query: one, maxBody: -1, cost: costGet, handle: s.getSite},
		{method: "GET", pattern: "/v1.0/sites/{site}/drive", query: one, maxBody: -1, cost: costGet, handle: s.getSiteDrive},
		{method: "GET", pattern: "/v1.0/sites/{site}/drives", query: many, maxBody: -1, cost: costList, handle: s.getSiteDrives},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists", query: many, maxBody: -1, cost: costList, handle: s.getSiteLists},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}", query: one, maxBody: -1, cost: costGet, handle: s.getList},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/drive", query: one, maxBody: -1, cost: costGet, handle: s.getListDrive},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/columns", query: many, maxBody: -1, cost: costList, handle: s.getColumns},
		{method: "POST", pattern: "/v1.0/sites/{site}/lists/{list}/columns", cost: costWrite, handle: s.postColumn},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/items", query: many, maxBody: -1, cost: costList, handle: s.getRows},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/items/{row}", query: one, maxBody: -1, cost: costGet, handle: s.getRow},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/items/{row}/fields", query: one, maxBody: -1, cost: costGet, handle: s.getFields},
		{method: "PATCH", pattern: "/v1.0/sites/{site}/lists/{list}/items/{row}/fields", cost: costWrite, handle: s.patchFields},
		{method: "POST", pattern: "/v1.0/sites/{site}/permissions", cost: costPermission, handle: s.postSiteGrant},
		{method: "GET", pattern: "/v1.0/sites/{site}/lists/{list}/permissions", query: many, maxBody: -1, cost: costPermission, handle: s.getListGrants},
		{method: "POST", pattern: "/v1.0/sites/{site}/lists/{list}/permissions", cost: costPermission, handle: s.postListGrant},
	}
}

func siteJSON(w *site) map[string]any {
	return map[string]any{
		"id": w.id, "name": w.path[strings.LastIndexByte(w.path, '/')+1:], "displayName": w.title,
		"createdDateTime": formatTime(w.created), "lastModifiedDateTime": formatTime(w.created),
		"webUrl": "https://" + w.host + "/" + w.path, "root": map[string]any{}, "siteCollection": map[string]any{"hostname": w.host},
	}
}

func (s *Simulator) getSiteByPath(c *call) (*answer, *problem) {
	for _, w := range s.sites {
		if strings.EqualFold(w.host, c.vars["host"]) && strings.EqualFold(w.path, strings.Trim(c.vars["path"], "/")) {
			if p := c.checkSiteAccess(w, readAccess); p != nil {
				return nil, p
			}
			return c.entityAnswer(siteJSON(w))
		}
	}
	if !slices.ContainsFunc(s.sites, func(w *site) bool { return strings.EqualFold(w.host, c.vars["host"]) }) {
		return nil, newProblem(http.StatusBadRequest, "invalidRequest", "Invalid hostname for this tenancy")
	}
	return nil, newProblem(http.StatusNotFound, "itemNotFound", "Requested site could not be found")
}

func (s *Simulator) getSite(c *call) (*answer, *problem) {
	w, p := c.findSite(readAccess)
	if p != nil {
		return nil, p
	}
	return c.entityAnswer(siteJSON(w))
}

func (s *Simulator) getSiteDrive(c *call) (*answer, *problem) {
	w, p := c.findSite(readAccess)
	if p != nil {
		return nil, p
	}
	if len(w.lists) == 0 {
		return nil, newProblem(http.StatusNotFound, "itemNotFound", "The site has no library.")
	}
	return c.entityAnswer(driveJSON(w.lists[0]))
}

func (s *Simulator) getSiteDrives(c *call) (*answer, *problem) { return c.siteListsAnswer(driveJSON) }
func (s *Simulator) getSiteLists(c *call) (*answer, *problem)  { return c.siteListsAnswer(listJSON) }

func (c *call) siteListsAnswer(show func(*list) map[string]any) (*answer, *problem) {
	w, p := c.findSite(readAccess)
	if p != nil {
		return nil, p
	}
	if f := c.query.Get(qFilter) + c.query.Get(qExpand) + c.query.Get(qOrder); f != "" {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Neither filter, order nor expansion is known here.")
	}
	all := []map[string]any{}
	for _, l := range w.lists {
		all = append(all, show(l))
	}
	return c.pageAnswer(all)
}

func (s *Simulator) getList(c *call) (*answer, *problem) {
	l, p := c.findList(readAccess)
	if p != nil {
		return nil, p
	}
	return c.entityAnswer(listJSON(l))
}

func (s *Simulator) getListDrive(c *call) (*answer, *problem) {
	l, p := c.findList(readAccess)
	if p != nil {
		return nil, p
	}
	return c.entityAnswer(driveJSON(l))
}

// A granteeList names who gets a grant. Microsoft's pages show grantedTo as one
// object and as an array of objects.
type granteeList []struct {
	Application struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	} `json:"application"`
}

func (c *call) decodeGrant() (app, role string, p *problem) {
	var b struct {
		Roles      []string       `json:"roles"`
		To         jsontext.Value `json:"grantedTo"`
		Identities granteeList    `json:"grantedToIdentities"`
	}
	if p := c.decodeBody(&b); p != nil {
		return "", "", p
	}
	who := b.Identities
	if len(b.To) > 0 {
		to := string(b.To)
		if b.To.Kind() == '{' {
			to = "[" + to + "]"
		}
		if err := json.Unmarshal([]byte(to), &who, json.RejectUnknownMembers(true)); err != nil {
			return "", "", unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The grantee cannot be read.")
		}
	}
	if len(who) != 1 || who[0].Application.ID == "" || len(b.Roles) != 1 || !slices.Contains([]string{"read", "write", "owner", "fullcontrol"}, b.Roles[0]) {
		return "", "", unexpectedProblem(http.StatusBadRequest, "invalidRequest", "A grant names one app and one role.")
	}
	return strings.ToLower(who[0].Application.ID), b.Roles[0], nil
}

func (c *call) grantAnswer(app, role string) (*answer, *problem) {
	who := map[string]any{"application": map[string]any{"id": app, "displayName": app}}
	return &answer{status: http.StatusCreated, value: map[string]any{
		"id": c.simulator.newUUID(), "roles": []string{role}, "grantedToIdentitiesV2": []any{who}, "grantedToIdentities": []any{who},
	}}, nil
}

func (s *Simulator) postSiteGrant(c *call) (*answer, *problem) {
	w, p := c.findSite(manageAccess)
	if p != nil {
		return nil, p
	}
	app, role, p := c.decodeGrant()
	if p != nil {
		return nil, p
	}
	w.grants[app] = role
	return c.grantAnswer(app, role)
}

func (s *Simulator) postListGrant(c *call) (*answer, *problem) {
	l, p := c.findList(manageAccess)
	if p != nil {
		return nil, p
	}
	app, role, p := c.decodeGrant()
	if p != nil {
		return nil, p
	}
	l.grants[app], l.hasOwnGrants = role, true
	return c.grantAnswer(app, role)
}
