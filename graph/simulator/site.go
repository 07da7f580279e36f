package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

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

func showColumn(v *column) map[string]any {
	group := "Custom Columns"
	if v.builtIn {
		group = "_Hidden"
	}
	return map[string]any{
		"id": v.id, "name": v.name, "displayName": v.display, "description": "", "columnGroup": group,
		"readOnly": v.readOnly, "hidden": false, "indexed": false, "required": false, "enforceUniqueValues": false, v.kind: v.details,
	}
}

func (s *Simulator) getColumns(c *call) (*answer, *problem) {
	l, p := c.list(reads)
	if p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for _, v := range l.columns {
		all = append(all, showColumn(v))
	}
	return c.page(all)
}

// A newColumn is what a client may say of a column.
type newColumn struct {
	Type        string         `json:"@odata.type"`
	Name        string         `json:"name"`
	Display     string         `json:"displayName"`
	Description string         `json:"description"`
	Group       string         `json:"columnGroup"`
	Unique      bool           `json:"enforceUniqueValues"`
	Hidden      bool           `json:"hidden"`
	Indexed     bool           `json:"indexed"`
	Required    bool           `json:"required"`
	ReadOnly    bool           `json:"readOnly"`
	Text        map[string]any `json:"text"`
	DateTime    map[string]any `json:"dateTime"`
	Boolean     map[string]any `json:"boolean"`
	Number      map[string]any `json:"number"`
	Choice      *struct {
		Choices []string `json:"choices"`
		Display string   `json:"displayAs"`
		Free    bool     `json:"allowTextEntry"`
		Type    string   `json:"@odata.type"`
	} `json:"choice"`
}

func (s *Simulator) addColumn(c *call) (*answer, *problem) {
	l, p := c.list(writes)
	if p != nil {
		return nil, p
	}
	var b newColumn
	if p := c.decode(&b); p != nil {
		return nil, p
	}
	v := &column{id: s.uuid(), name: b.Name, display: b.Display, readOnly: b.ReadOnly}
	kinds := 0
	for kind, details := range map[string]map[string]any{"text": b.Text, "dateTime": b.DateTime, "boolean": b.Boolean, "number": b.Number} {
		if details != nil {
			v.kind, v.details = kind, details
			kinds++
		}
	}
	if b.Choice != nil {
		v.kind, v.choices = "choice", b.Choice.Choices
		v.details = map[string]any{"choices": b.Choice.Choices, "displayAs": b.Choice.Display, "allowTextEntry": b.Choice.Free}
		kinds++
	}
	delete(v.details, "@odata.type")
	if v.display == "" {
		v.display = v.name
	}
	switch {
	case kinds != 1 || v.name == "" || strings.ContainsAny(v.name, " !\"#%&'()*+,-./:;<=>?@[\\]^`{|}~"):
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "A column has an internal name of letters and digits, and one kind.")
	case slices.ContainsFunc(l.columns, func(o *column) bool { return strings.EqualFold(o.name, v.name) }):
		return nil, say(http.StatusConflict, "nameAlreadyExists", "The specified name is already in use.")
	case len(l.columns) >= 200:
		return nil, say(http.StatusInsufficientStorage, "quotaLimitReached", "The list has too many columns.")
	}
	l.columns = append(l.columns, v)
	return &answer{status: http.StatusCreated, value: showColumn(v)}, nil
}

func showRow(i *item) map[string]any {
	return map[string]any{
		"id": itoa(i.row), "eTag": strings.ToLower(i.eTag()), "webUrl": i.webURL(),
		"createdDateTime": stamp(i.made), "lastModifiedDateTime": stamp(i.modified),
		"parentReference": map[string]any{"id": i.list.root.unique, "siteId": i.list.site.id},
	}
}

func showFields(i *item) map[string]any {
	m := maps.Clone(i.fields)
	m["@odata.etag"] = strings.ToLower(i.eTag())
	m["id"] = itoa(i.row)
	m["FileLeafRef"], m["Modified"], m["Created"] = i.name, stamp(i.modified), stamp(i.made)
	return m
}

// withFields reads what a call on list items wants expanded.
func (c *call) withFields() (bool, *problem) {
	e := c.query.Get(qExpand)
	if e == "" {
		return false, nil
	}
	if e == "fields" || strings.HasPrefix(e, "fields($select=") || strings.HasPrefix(e, "fields(select=") {
		return true, nil
	}
	return false, unexpected(http.StatusBadRequest, "invalidRequest", "Cannot expand "+short(e)+".")
}

func (s *Simulator) getRows(c *call) (*answer, *problem) {
	l, p := c.list(reads)
	if p != nil {
		return nil, p
	}
	fields, p := c.withFields()
	if p != nil {
		return nil, p
	}
	if c.query.Get(qFilter)+c.query.Get(qOrder) != "" {
		return nil, unexpected(http.StatusBadRequest, "invalidRequest", "Neither filter nor order is known here.")
	}
	var rows []*item
	for _, i := range l.items {
		if i.row > 0 && !i.deleted {
			rows = append(rows, i)
		}
	}
	slices.SortFunc(rows, func(a, b *item) int { return a.row - b.row })
	all := []map[string]any{}
	for _, i := range rows {
		m := showRow(i)
		if fields {
			m["fields"] = showFields(i)
		}
		all = append(all, m)
	}
	return c.page(all)
}

func (s *Simulator) getRow(c *call) (*answer, *problem) {
	i, p := c.row(reads)
	if p != nil {
		return nil, p
	}
	fields, p := c.withFields()
	if p != nil {
		return nil, p
	}
	m := showRow(i)
	if fields {
		m["fields"] = showFields(i)
	}
	return c.entity(m)
}

func (s *Simulator) getFields(c *call) (*answer, *problem) {
	i, p := c.row(reads)
	if p != nil {
		return nil, p
	}
	return c.entity(showFields(i))
}

func (s *Simulator) patchFields(c *call) (*answer, *problem) {
	i, p := c.row(writes)
	if p != nil {
		return nil, p
	}
	var b map[string]any
	if p := c.decode(&b); p != nil {
		return nil, p
	}
	if m := c.Header.Get("If-Match"); m == strings.ToLower(i.eTag()) {
		c.Header.Set("If-Match", i.eTag()) // a list item spells its tag in lower case
	}
	if p := c.unchanged(i); p != nil {
		return nil, p
	}
	delete(b, "@odata.type")
	delete(b, "id")
	for k, v := range b {
		if p := i.list.accepts(k, v); p != nil {
			return nil, p
		}
	}
	for k, v := range b {
		if v == nil {
			delete(i.fields, k)
			continue
		}
		i.fields[k] = v
	}
	s.edited(i, c.token.app)
	return c.entity(showFields(i))
}

// accepts holds a value to its column.
func (l *list) accepts(name string, value any) *problem {
	at := slices.IndexFunc(l.columns, func(v *column) bool { return v.name == name })
	if at < 0 {
		return unexpected(http.StatusBadRequest, "invalidRequest", "Field "+short(name)+" is not recognized")
	}
	v := l.columns[at]
	text, isText := value.(string)
	good := value == nil
	switch v.kind {
	case "text":
		// A line of text holds 255 characters, as in SharePoint; several hold more.
		several, _ := v.details["allowMultipleLines"].(bool)
		good = good || isText && (several || len([]rune(text)) <= 255)
	case "choice":
		free, _ := v.details["allowTextEntry"].(bool)
		good = good || isText && (free || slices.Contains(v.choices, text))
	case "dateTime":
		_, err := time.Parse(time.RFC3339, text)
		good = good || isText && err == nil
	case "boolean":
		_, is := value.(bool)
		good = good || is
	case "number":
		_, is := value.(float64)
		good = good || is
	}
	if v.readOnly || !good {
		return unexpected(http.StatusBadRequest, "invalidRequest", "Field "+short(name)+" is read-only, or the value is not one of its kind.")
	}
	return nil
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
