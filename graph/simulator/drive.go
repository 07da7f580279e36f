package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

func graphError(c *call, p *problem) any {
	inner := map[string]any{"date": c.now.Format("2006-01-02T15:04:05"), "request-id": c.requestID, "client-request-id": c.requestID}
	if id := c.Header.Get("client-request-id"); id != "" && len(id) <= 100 {
		inner["client-request-id"] = id
	}
	maps.Copy(inner, p.extra)
	return map[string]any{"error": map[string]any{"code": p.code, "message": p.message, "innerError": inner}}
}

const (
	qSelect, qExpand, qTop, qSkip, qFilter, qCount, qOrder = "$select", "$expand", "$top", "$skiptoken", "$filter", "$count", "$orderby"
	qConflict                                              = "@microsoft.graph.conflictBehavior"
)

func (s *Simulator) driveRoutes() []*route {
	one := []string{qSelect, qExpand}
	many := []string{qSelect, qExpand, qTop, qSkip, qOrder}
	deltas := []string{qSelect, qExpand, qTop, "token"}
	return []*route{
		{method: "GET", pattern: "/v1.0/drives/{drive}", query: one, maxBody: -1, cost: costGet, handle: s.getDrive},
		{method: "GET", pattern: "/v1.0/drives/{drive}/list", query: one, maxBody: -1, cost: costGet, handle: s.getDriveList},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root", query: one, maxBody: -1, cost: costGet, handle: s.getItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/children", query: many, maxBody: -1, cost: costList, handle: s.getChildren},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root:/{path...}", query: one, maxBody: -1, cost: costGet, handle: s.getItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root:/{path...}:", query: one, maxBody: -1, cost: costGet, handle: s.getItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root:/{path...}:/content", maxBody: -1, cost: costGet, handle: s.getContent},
		{method: "PUT", pattern: "/v1.0/drives/{drive}/root:/{path...}:/content", query: []string{qConflict}, maxBody: maxUpload, cost: costWrite, handle: s.putContent},
		{method: "POST", pattern: "/v1.0/drives/{drive}/root:/{path...}:/createUploadSession", cost: costWrite, handle: s.postUploadSession},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}", query: one, maxBody: -1, cost: costGet, handle: s.getItem},
		{method: "PATCH", pattern: "/v1.0/drives/{drive}/items/{item}", cost: costWrite, handle: s.patchItem},
		{method: "DELETE", pattern: "/v1.0/drives/{drive}/items/{item}", maxBody: -1, cost: costWrite, handle: s.deleteItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/children", query: many, maxBody: -1, cost: costList, handle: s.getChildren},
		{method: "POST", pattern: "/v1.0/drives/{drive}/items/{item}/children", cost: costWrite, handle: s.postFolder},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}:/{path...}", query: one, maxBody: -1, cost: costGet, handle: s.getBeneath},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/content", maxBody: -1, cost: costGet, handle: s.getContent},
		{method: "PUT", pattern: "/v1.0/drives/{drive}/items/{item}/content", maxBody: maxUpload, cost: costWrite, handle: s.putContent},
		{method: "PUT", pattern: "/v1.0/drives/{drive}/items/{item}:/{name...}:/content", query: []string{qConflict}, maxBody: maxUpload, cost: costWrite, handle: s.putContent},
		{method: "POST", pattern: "/v1.0/drives/{drive}/items/{item}:/{name...}:/createUploadSession", cost: costWrite, handle: s.postUploadSession},
		{method: "POST", pattern: "/v1.0/drives/{drive}/items/{item}/createUploadSession", cost: costWrite, handle: s.postUploadSession},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/listItem", query: one, maxBody: -1, cost: costGet, handle: s.getRow},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/listItem/fields", query: one, maxBody: -1, cost: costGet, handle: s.getFields},
		{method: "PATCH", pattern: "/v1.0/drives/{drive}/items/{item}/listItem/fields", cost: costWrite, handle: s.patchFields},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/delta", query: deltas, maxBody: -1, cost: costDelta, handle: s.getDelta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/delta()", query: deltas, maxBody: -1, cost: costDelta, handle: s.getDelta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/delta(token='{token}')", query: deltas, maxBody: -1, cost: costDelta, handle: s.getDelta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/delta", query: deltas, maxBody: -1, cost: costDelta, handle: s.getDelta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/delta()", query: deltas, maxBody: -1, cost: costDelta, handle: s.getDelta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/delta(token='{token}')", query: deltas, maxBody: -1, cost: costDelta, handle: s.getDelta},
	}
}

func driveJSON(l *list) map[string]any {
	return map[string]any{
		"id": l.drive, "name": l.name, "driveType": "documentLibrary", "createdDateTime": formatTime(l.created), "lastModifiedDateTime": formatTime(l.root.modified),
		"webUrl": "https://" + l.site.host + "/" + l.site.path + "/" + l.name,
		"quota":  map[string]any{"state": "normal", "total": int64(maxStored), "used": l.size(), "remaining": int64(maxStored) - l.size(), "deleted": 0},
	}
}

func (l *list) size() (n int64) {
	for _, i := range l.items {
		n += int64(len(i.content))
	}
	return n
}

func listJSON(l *list) map[string]any {
	return map[string]any{
		"id": l.id, "name": l.name, "displayName": l.name, "createdDateTime": formatTime(l.created), "lastModifiedDateTime": formatTime(l.root.modified),
		"webUrl": "https://" + l.site.host + "/" + l.site.path + "/" + l.name, "eTag": fmt.Sprintf(`"%s,%d"`, l.id, l.seq),
		"list":            map[string]any{"contentTypesEnabled": false, "hidden": false, "template": "documentLibrary"},
		"parentReference": map[string]any{"siteId": l.site.id},
	}
}

func (s *Simulator) getDrive(c *call) (*answer, *problem) {
	l, p := c.findLibrary(readAccess)
	if p != nil {
		return nil, p
	}
	return c.entityAnswer(driveJSON(l))
}

func (s *Simulator) getDriveList(c *call) (*answer, *problem) {
	l, p := c.findLibrary(readAccess)
	if p != nil {
		return nil, p
	}
	return c.entityAnswer(listJSON(l))
}

// addExpansions adds what $expand asks for.
func (c *call) addExpansions(i *item, m map[string]any) *problem {
	switch e := c.query.Get(qExpand); e {
	case "":
	case "listItem":
		m["listItem"] = rowJSON(i)
	case "listItem($expand=fields)":
		row := rowJSON(i)
		row["fields"] = fieldsJSON(i)
		m["listItem"] = row
	default:
		return unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Cannot expand "+quoteShort(e)+".")
	}
	return nil
}

func (s *Simulator) getItem(c *call) (*answer, *problem) {
	i, p := c.findItem(readAccess)
	if p != nil {
		return nil, p
	}
	return c.itemAnswer(i)
}

func (c *call) itemAnswer(i *item) (*answer, *problem) {
	if c.Header.Get("If-None-Match") == i.eTag() {
		return &answer{status: http.StatusNotModified}, nil
	}
	m := c.itemJSON(i)
	if p := c.addExpansions(i, m); p != nil {
		return nil, p
	}
	return c.entityAnswer(m)
}

func (s *Simulator) getBeneath(c *call) (*answer, *problem) {
	path := c.vars["path"]
	delete(c.vars, "path")
	i, p := c.findItem(readAccess)
	if p != nil {
		return nil, p
	}
	for _, name := range strings.Split(path, "/") {
		if i = i.findChild(name); i == nil {
			return nil, newProblem(http.StatusNotFound, "itemNotFound", "The resource could not be found.")
		}
	}
	return c.itemAnswer(i)
}

func (s *Simulator) getChildren(c *call) (*answer, *problem) {
	i, p := c.findItem(readAccess)
	if p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for _, child := range i.children() {
		if !c.canSee(child) {
			continue
		}
		m := c.itemJSON(child)
		if p := c.addExpansions(child, m); p != nil {
			return nil, p
		}
		all = append(all, m)
	}
	return c.pageAnswer(all)
}

func (s *Simulator) postFolder(c *call) (*answer, *problem) {
	parent, p := c.findItem(writeAccess)
	if p != nil {
		return nil, p
	}
	var b struct {
		Name     string    `json:"name"`
		Folder   *struct{} `json:"folder"`
		Conflict string    `json:"@microsoft.graph.conflictBehavior"`
	}
	if p := c.decodeBody(&b); p != nil {
		return nil, p
	}
	if b.Folder == nil || !parent.isFolder {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Only folders are made this way.")
	}
	i, p := s.createItem(parent, b.Name, true, nil, c.token.app)
	if p != nil {
		return nil, p
	}
	return &answer{status: http.StatusCreated, value: c.itemJSON(i)}, nil
}

func (s *Simulator) patchItem(c *call) (*answer, *problem) {
	i, p := c.findItem(writeAccess)
	if p != nil {
		return nil, p
	}
	var b struct {
		Name   *string `json:"name"`
		Parent *struct {
			ID    string `json:"id"`
			Drive string `json:"driveId"`
		} `json:"parentReference"`
		Info jsontext.Value `json:"fileSystemInfo"`
		Type string         `json:"@odata.type"`
	}
	if p := c.decodeBody(&b); p != nil {
		return nil, p
	}
	if p := c.checkIfMatch(i); p != nil {
		return nil, p
	}
	name, parent := i.name, i.parent
	if b.Name != nil {
		name = *b.Name
	}
	if b.Parent != nil {
		if parent = i.list.items[b.Parent.ID]; parent == nil || parent.isDeleted || !parent.isFolder {
			return nil, newProblem(http.StatusNotFound, "itemNotFound", "The parent could not be found.")
		}
	}
	if p := s.moveItem(i, parent, name, c.token.app); p != nil {
		return nil, p
	}
	return c.entityAnswer(c.itemJSON(i))
}

// moveItem renames an item or moves it to another folder. The caller holds
// s.mu.
func (s *Simulator) moveItem(i, parent *item, name, by string) *problem {
	if i.parent == nil || isBadName(name) {
		return newProblem(http.StatusBadRequest, "invalidRequest", "That name cannot be given.")
	}
	for up := parent; up != nil; up = up.parent {
		if up == i {
			return newProblem(http.StatusBadRequest, "invalidRequest", "A folder cannot move into itself.")
		}
	}
	if other := parent.findChild(name); other != nil && other != i {
		return newProblem(http.StatusConflict, "nameAlreadyExists", "An item with the same name already exists under the parent.")
	}
	i.list.markChanged(i.parent)
	i.name, i.parent = name, parent
	s.countEdit(i, by)
	return nil
}

func (s *Simulator) deleteItem(c *call) (*answer, *problem) {
	i, p := c.findItem(writeAccess)
	if p != nil {
		return nil, p
	}
	if i.parent == nil {
		return nil, newProblem(http.StatusBadRequest, "invalidRequest", "The root cannot be deleted.")
	}
	if p := c.checkIfMatch(i); p != nil {
		return nil, p
	}
	s.removeItem(i)
	return &answer{status: http.StatusNoContent}, nil
}

// findUploadTarget finds the target of an upload: a folder and a name, or an
// existing item.
func (c *call) findUploadTarget() (parent *item, name string, existing *item, p *problem) {
	rest := c.vars["name"]
	switch {
	case c.vars["path"] != "":
		rest = c.vars["path"]
		delete(c.vars, "path")
	case rest == "":
		existing, p = c.findItem(writeAccess)
		if p == nil && existing.isFolder {
			p = unexpectedProblem(http.StatusBadRequest, "invalidRequest", "A folder has no content.")
		}
		return nil, "", existing, p
	}
	if parent, p = c.findItem(writeAccess); p != nil {
		return nil, "", nil, p
	}
	dir, name := path.Split(rest)
	for _, d := range strings.Split(strings.Trim(dir, "/"), "/") {
		if d == "" {
			continue
		}
		child := parent.findChild(d)
		if child == nil {
			if child, p = c.simulator.createItem(parent, d, true, nil, c.token.app); p != nil {
				return nil, "", nil, p
			}
		}
		parent = child
	}
	if !parent.isFolder {
		return nil, "", nil, newProblem(http.StatusConflict, "invalidRequest", "The parent is a file.")
	}
	return parent, name, parent.findChild(name), nil
}

func (s *Simulator) putContent(c *call) (*answer, *problem) {
	parent, name, existing, p := c.findUploadTarget()
	if p != nil {
		return nil, p
	}
	if existing != nil {
		if p := c.checkIfMatch(existing); p != nil {
			return nil, p
		}
	}
	behavior := c.query.Get(qConflict)
	if behavior == "" {
		behavior = "replace"
	}
	i, status, p := s.storeUpload(parent, name, existing, behavior, slices.Clone(c.body), c.token.app)
	if p != nil {
		return nil, p
	}
	return &answer{status: status, value: c.itemJSON(i)}, nil
}

// storeUpload stores uploaded bytes in their target. The caller holds s.mu.
func (s *Simulator) storeUpload(parent *item, name string, existing *item, behavior string, content []byte, by string) (*item, int, *problem) {
	if existing == nil {
		i, p := s.createItem(parent, name, false, content, by)
		return i, http.StatusCreated, p
	}
	if existing.isFolder {
		return nil, 0, newProblem(http.StatusConflict, "nameAlreadyExists", "A folder with the same name already exists.")
	}
	switch behavior {
	case "replace":
		s.setContent(existing, content, by)
		return existing, http.StatusOK, nil
	case "rename":
		i, p := s.createItem(parent, freeName(parent, name), false, content, by)
		return i, http.StatusCreated, p
	case "fail":
		return nil, 0, newProblem(http.StatusConflict, "nameAlreadyExists", "An item with the same name already exists under the parent.")
	}
	return nil, 0, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "The conflict behavior "+quoteShort(behavior)+" is not known.")
}

// freeName returns the name that SharePoint would choose: report 1.pbiviz.
func freeName(parent *item, name string) string {
	ext := path.Ext(name)
	for n := 1; ; n++ {
		free := fmt.Sprintf("%s %d%s", strings.TrimSuffix(name, ext), n, ext)
		if parent.findChild(free) == nil {
			return free
		}
	}
}
