package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

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
