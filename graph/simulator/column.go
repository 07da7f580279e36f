package simulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

func columnJSON(v *column) map[string]any {
	group := "Custom Columns"
	if v.isBuiltIn {
		group = "_Hidden"
	}
	return map[string]any{
		"id": v.id, "name": v.name, "displayName": v.display, "description": "", "columnGroup": group,
		"readOnly": v.isReadOnly, "hidden": false, "indexed": false, "required": false, "enforceUniqueValues": false, v.kind: v.details,
	}
}

func (s *Simulator) getColumns(c *call) (*answer, *problem) {
	l, p := c.findList(readAccess)
	if p != nil {
		return nil, p
	}
	all := []map[string]any{}
	for _, v := range l.columns {
		all = append(all, columnJSON(v))
	}
	return c.pageAnswer(all)
}

// A newColumn is what a client may send to create a column.
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

func (s *Simulator) postColumn(c *call) (*answer, *problem) {
	l, p := c.findList(writeAccess)
	if p != nil {
		return nil, p
	}
	var b newColumn
	if p := c.decodeBody(&b); p != nil {
		return nil, p
	}
	v := &column{id: s.newUUID(), name: b.Name, display: b.Display, isReadOnly: b.ReadOnly}
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
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "A column has an internal name of letters and digits, and one kind.")
	case slices.ContainsFunc(l.columns, func(o *column) bool { return strings.EqualFold(o.name, v.name) }):
		return nil, newProblem(http.StatusConflict, "nameAlreadyExists", "The specified name is already in use.")
	case len(l.columns) >= 200:
		return nil, newProblem(http.StatusInsufficientStorage, "quotaLimitReached", "The list has too many columns.")
	}
	l.columns = append(l.columns, v)
	return &answer{status: http.StatusCreated, value: columnJSON(v)}, nil
}

func rowJSON(i *item) map[string]any {
	return map[string]any{
		"id": itoa(i.row), "eTag": strings.ToLower(i.eTag()), "webUrl": i.webURL(),
		"createdDateTime": formatTime(i.created), "lastModifiedDateTime": formatTime(i.modified),
		"parentReference": map[string]any{"id": i.list.root.uniqueID, "siteId": i.list.site.id},
	}
}

func fieldsJSON(i *item) map[string]any {
	m := maps.Clone(i.fields)
	m["@odata.etag"] = strings.ToLower(i.eTag())
	m["id"] = itoa(i.row)
	m["FileLeafRef"], m["Modified"], m["Created"] = i.name, formatTime(i.modified), formatTime(i.created)
	return m
}

// wantsFields reports whether a call on list items expands the fields.
func (c *call) wantsFields() (bool, *problem) {
	e := c.query.Get(qExpand)
	if e == "" {
		return false, nil
	}
	if e == "fields" || strings.HasPrefix(e, "fields($select=") || strings.HasPrefix(e, "fields(select=") {
		return true, nil
	}
	return false, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Cannot expand "+quoteShort(e)+".")
}

func (s *Simulator) getRows(c *call) (*answer, *problem) {
	l, p := c.findList(readAccess)
	if p != nil {
		return nil, p
	}
	fields, p := c.wantsFields()
	if p != nil {
		return nil, p
	}
	if c.query.Get(qFilter)+c.query.Get(qOrder) != "" {
		return nil, unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Neither filter nor order is known here.")
	}
	var rows []*item
	for _, i := range l.items {
		if i.row > 0 && !i.isDeleted {
			rows = append(rows, i)
		}
	}
	slices.SortFunc(rows, func(a, b *item) int { return a.row - b.row })
	all := []map[string]any{}
	for _, i := range rows {
		m := rowJSON(i)
		if fields {
			m["fields"] = fieldsJSON(i)
		}
		all = append(all, m)
	}
	return c.pageAnswer(all)
}

func (s *Simulator) getRow(c *call) (*answer, *problem) {
	i, p := c.findRow(readAccess)
	if p != nil {
		return nil, p
	}
	fields, p := c.wantsFields()
	if p != nil {
		return nil, p
	}
	m := rowJSON(i)
	if fields {
		m["fields"] = fieldsJSON(i)
	}
	return c.entityAnswer(m)
}

func (s *Simulator) getFields(c *call) (*answer, *problem) {
	i, p := c.findRow(readAccess)
	if p != nil {
		return nil, p
	}
	return c.entityAnswer(fieldsJSON(i))
}

func (s *Simulator) patchFields(c *call) (*answer, *problem) {
	i, p := c.findRow(writeAccess)
	if p != nil {
		return nil, p
	}
	var b map[string]any
	if p := c.decodeBody(&b); p != nil {
		return nil, p
	}
	if m := c.Header.Get("If-Match"); m == strings.ToLower(i.eTag()) {
		c.Header.Set("If-Match", i.eTag()) // a list item has its tag in lower case
	}
	if p := c.checkIfMatch(i); p != nil {
		return nil, p
	}
	delete(b, "@odata.type")
	delete(b, "id")
	for k, v := range b {
		if p := i.list.checkValue(k, v); p != nil {
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
	s.countEdit(i, c.token.app)
	return c.entityAnswer(fieldsJSON(i))
}

// checkValue checks a value against its column.
func (l *list) checkValue(name string, value any) *problem {
	at := slices.IndexFunc(l.columns, func(v *column) bool { return v.name == name })
	if at < 0 {
		return unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Field "+quoteShort(name)+" is not recognized")
	}
	v := l.columns[at]
	text, isText := value.(string)
	good := value == nil
	switch v.kind {
	case "text":
		// A single line of text holds 255 characters, as in SharePoint; several
		// lines hold more.
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
	if v.isReadOnly || !good {
		return unexpectedProblem(http.StatusBadRequest, "invalidRequest", "Field "+quoteShort(name)+" is read-only, or the value is not one of its kind.")
	}
	return nil
}
