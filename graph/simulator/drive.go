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

func graphShape(c *call, p *problem) any {
	inner := map[string]any{"date": c.now.Format("2006-01-02T15:04:05"), "request-id": c.id, "client-request-id": c.id}
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
		{method: "GET", pattern: "/v1.0/drives/{drive}", query: one, max: -1, cost: costGet, do: s.getDrive},
		{method: "GET", pattern: "/v1.0/drives/{drive}/list", query: one, max: -1, cost: costGet, do: s.getDriveList},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root", query: one, max: -1, cost: costGet, do: s.getItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/children", query: many, max: -1, cost: costList, do: s.getChildren},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root:/{path...}", query: one, max: -1, cost: costGet, do: s.getItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root:/{path...}:", query: one, max: -1, cost: costGet, do: s.getItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root:/{path...}:/content", max: -1, cost: costGet, do: s.getContent},
		{method: "PUT", pattern: "/v1.0/drives/{drive}/root:/{path...}:/content", query: []string{qConflict}, max: maxUpload, cost: costWrite, do: s.putContent},
		{method: "POST", pattern: "/v1.0/drives/{drive}/root:/{path...}:/createUploadSession", cost: costWrite, do: s.openSession},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}", query: one, max: -1, cost: costGet, do: s.getItem},
		{method: "PATCH", pattern: "/v1.0/drives/{drive}/items/{item}", cost: costWrite, do: s.patchItem},
		{method: "DELETE", pattern: "/v1.0/drives/{drive}/items/{item}", max: -1, cost: costWrite, do: s.deleteItem},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/children", query: many, max: -1, cost: costList, do: s.getChildren},
		{method: "POST", pattern: "/v1.0/drives/{drive}/items/{item}/children", cost: costWrite, do: s.makeFolder},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}:/{path...}", query: one, max: -1, cost: costGet, do: s.getBeneath},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/content", max: -1, cost: costGet, do: s.getContent},
		{method: "PUT", pattern: "/v1.0/drives/{drive}/items/{item}/content", max: maxUpload, cost: costWrite, do: s.putContent},
		{method: "PUT", pattern: "/v1.0/drives/{drive}/items/{item}:/{name...}:/content", query: []string{qConflict}, max: maxUpload, cost: costWrite, do: s.putContent},
		{method: "POST", pattern: "/v1.0/drives/{drive}/items/{item}:/{name...}:/createUploadSession", cost: costWrite, do: s.openSession},
		{method: "POST", pattern: "/v1.0/drives/{drive}/items/{item}/createUploadSession", cost: costWrite, do: s.openSession},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/listItem", query: one, max: -1, cost: costGet, do: s.getRow},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/listItem/fields", query: one, max: -1, cost: costGet, do: s.getFields},
		{method: "PATCH", pattern: "/v1.0/drives/{drive}/items/{item}/listItem/fields", cost: costWrite, do: s.patchFields},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/delta", query: deltas, max: -1, cost: costDelta, do: s.delta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/delta()", query: deltas, max: -1, cost: costDelta, do: s.delta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/root/delta(token='{token}')", query: deltas, max: -1, cost: costDelta, do: s.delta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/delta", query: deltas, max: -1, cost: costDelta, do: s.delta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/delta()", query: deltas, max: -1, cost: costDelta, do: s.delta},
		{method: "GET", pattern: "/v1.0/drives/{drive}/items/{item}/delta(token='{token}')", query: deltas, max: -1, cost: costDelta, do: s.delta},
	}
}

func showDrive(l *list) map[string]any {
	return map[string]any{
		"id": l.drive, "name": l.name, "driveType": "documentLibrary", "createdDateTime": stamp(l.made), "lastModifiedDateTime": stamp(l.root.modified),
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

func showList(l *list) map[string]any {
	return map[string]any{
		"id": l.id, "name": l.name, "displayName": l.name, "createdDateTime": stamp(l.made), "lastModifiedDateTime": stamp(l.root.modified),
		"webUrl": "https://" + l.site.host + "/" + l.site.path + "/" + l.name, "eTag": fmt.Sprintf(`"%s,%d"`, l.id, l.seq),
		"list":            map[string]any{"contentTypesEnabled": false, "hidden": false, "template": "documentLibrary"},
		"parentReference": map[string]any{"siteId": l.site.id},
	}
}

func (s *Simulator) getDrive(c *call) (*answer, *problem) {
	l, p := c.library(reads)
	if p != nil {
		return nil, p
	}
	return c.entity(showDrive(l))
}

func (s *Simulator) getDriveList(c *call) (*answer, *problem) {
	l, p := c.library(reads)
	if p != nil {
		return nil, p
	}
	return c.entity(showList(l))
}

// expanded adds what $expand asks for.
func (c *call) expanded(i *item, m map[string]any) *problem {
	switch e := c.query.Get(qExpand); e {
	case "":
	case "listItem":
		m["listItem"] = showRow(i)
	case "listItem($expand=fields)":
		row := showRow(i)
		row["fields"] = showFields(i)
		m["listItem"] = row
	default:
		return unexpected(http.StatusBadRequest, "invalidRequest", "Cannot expand "+short(e)+".")
	}
	return nil
}

func (s *Simulator) getItem(c *call) (*answer, *problem) {
	i, p := c.item(reads)
	if p != nil {
		return nil, p
	}
	return c.shown(i)
}

func (c *call) shown(i *item) (*answer, *problem) {
	if c.Header.Get("If-None-Match") == i.eTag() {
		return &answer{status: http.StatusNotModified}, nil
	}
	m := c.show(i)
	if p := c.expanded(i, m); p != nil {
		return nil, p
	}
	return c.entity(m)
}

func (s *Simulator) getBeneath(c *call) (*answer, *problem) {
	path := c.vars["path"]
	delete(c.vars, "path")
	i, p := c.item(reads)
	if p != nil {
		return nil, p
	}
	for _, name := range strings.Split(path, "/") {
		if i = i.child(name); i == nil {
			return nil, say(http.StatusNotFound, "itemNotFound", "The resource could not be found.")
		}
	}
	return c.shown(i)
}

func (s *Simulator) getChildren(c *call) (*answer, *problem) {
	i, p := c.item(reads)
	if p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for _, child := range i.children() {
		if !c.tells(child) {
			continue
		}
		m := c.show(child)
		if p := c.expanded(child, m); p != nil {
			return nil, p
		}
		all = append(all, m)
	}
	return c.page(all)
}

func (s *Simulator) makeFolder(c *call) (*answer, *problem) {
	parent, p := c.item(writes)
	if p != nil {
		return nil, p
	}
	var b struct {
		Name     string    `json:"name"`
		Folder   *struct{} `json:"folder"`
		Conflict string    `json:"@microsoft.graph.conflictBehavior"`
	}
	if p := c.decode(&b); p != nil {
		return nil, p
	}
	if b.Folder == nil || !parent.folder {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "Only folders are made this way.")
	}
	i, p := s.create(parent, b.Name, true, nil, c.token.app)
	if p != nil {
		return nil, p
	}
	return &answer{status: http.StatusCreated, value: c.show(i)}, nil
}

func (s *Simulator) patchItem(c *call) (*answer, *problem) {
	i, p := c.item(writes)
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
	if p := c.decode(&b); p != nil {
		return nil, p
	}
	if p := c.unchanged(i); p != nil {
		return nil, p
	}
	name, parent := i.name, i.parent
	if b.Name != nil {
		name = *b.Name
	}
	if b.Parent != nil {
		if parent = i.list.items[b.Parent.ID]; parent == nil || parent.deleted || !parent.folder {
			return nil, say(http.StatusNotFound, "itemNotFound", "The parent could not be found.")
		}
	}
	if p := s.move(i, parent, name, c.token.app); p != nil {
		return nil, p
	}
	return c.entity(c.show(i))
}

// move renames an item, or puts it into another folder; s.mu is held.
func (s *Simulator) move(i, parent *item, name, by string) *problem {
	if i.parent == nil || badName(name) {
		return say(http.StatusBadRequest, "invalidRequest", "That name cannot be given.")
	}
	for up := parent; up != nil; up = up.parent {
		if up == i {
			return say(http.StatusBadRequest, "invalidRequest", "A folder cannot move into itself.")
		}
	}
	if other := parent.child(name); other != nil && other != i {
		return say(http.StatusConflict, "nameAlreadyExists", "An item with the same name already exists under the parent.")
	}
	i.list.touch(i.parent)
	i.name, i.parent = name, parent
	s.edited(i, by)
	return nil
}

func (s *Simulator) deleteItem(c *call) (*answer, *problem) {
	i, p := c.item(writes)
	if p != nil {
		return nil, p
	}
	if i.parent == nil {
		return nil, say(http.StatusBadRequest, "invalidRequest", "The root cannot be deleted.")
	}
	if p := c.unchanged(i); p != nil {
		return nil, p
	}
	s.remove(i)
	return &answer{status: http.StatusNoContent}, nil
}

// target finds where an upload goes: a folder and a name, or an item that is
// there.
func (c *call) target() (parent *item, name string, there *item, p *problem) {
	rest := c.vars["name"]
	switch {
	case c.vars["path"] != "":
		rest = c.vars["path"]
		delete(c.vars, "path")
	case rest == "":
		there, p = c.item(writes)
		if p == nil && there.folder {
			p = unexpected(http.StatusBadRequest, "invalidRequest", "A folder has no content.")
		}
		return nil, "", there, p
	}
	if parent, p = c.item(writes); p != nil {
		return nil, "", nil, p
	}
	dir, name := path.Split(rest)
	for _, d := range strings.Split(strings.Trim(dir, "/"), "/") {
		if d == "" {
			continue
		}
		child := parent.child(d)
		if child == nil {
			if child, p = c.s.create(parent, d, true, nil, c.token.app); p != nil {
				return nil, "", nil, p
			}
		}
		parent = child
	}
	if !parent.folder {
		return nil, "", nil, say(http.StatusConflict, "invalidRequest", "The parent is a file.")
	}
	return parent, name, parent.child(name), nil
}

func (s *Simulator) putContent(c *call) (*answer, *problem) {
	parent, name, there, p := c.target()
	if p != nil {
		return nil, p
	}
	if there != nil {
		if p := c.unchanged(there); p != nil {
			return nil, p
		}
	}
	behavior := c.query.Get(qConflict)
	if behavior == "" {
		behavior = "replace"
	}
	i, status, p := s.land(parent, name, there, behavior, slices.Clone(c.body), c.token.app)
	if p != nil {
		return nil, p
	}
	return &answer{status: status, value: c.show(i)}, nil
}

// land puts bytes where they were meant to go; s.mu is held.
func (s *Simulator) land(parent *item, name string, there *item, behavior string, content []byte, by string) (*item, int, *problem) {
	if there == nil {
		i, p := s.create(parent, name, false, content, by)
		return i, http.StatusCreated, p
	}
	if there.folder {
		return nil, 0, say(http.StatusConflict, "nameAlreadyExists", "A folder with the same name already exists.")
	}
	switch behavior {
	case "replace":
		s.fill(there, content, by)
		return there, http.StatusOK, nil
	case "rename":
		i, p := s.create(parent, freeName(parent, name), false, content, by)
		return i, http.StatusCreated, p
	case "fail":
		return nil, 0, say(http.StatusConflict, "nameAlreadyExists", "An item with the same name already exists under the parent.")
	}
	return nil, 0, unexpected(http.StatusBadRequest, "invalidRequest", "The conflict behavior "+short(behavior)+" is not known.")
}

// freeName is the name that SharePoint would choose: report 1.pbiviz.
func freeName(parent *item, name string) string {
	ext := path.Ext(name)
	for n := 1; ; n++ {
		free := fmt.Sprintf("%s %d%s", strings.TrimSuffix(name, ext), n, ext)
		if parent.child(free) == nil {
			return free
		}
	}
}
