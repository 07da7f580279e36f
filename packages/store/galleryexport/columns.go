package galleryexport

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// A field is what a column is about.
type field int

// The fields, in the order of the columns where nothing names them.
const (
	guidField field = iota
	nameField
	sourceField
	changedField
	disabledField
	paneField
	fieldCount       // how many there are
	noField    field = -1
)

// fieldNamed finds a field by what a column is called, in lower-case letters alone.
func fieldNamed(header string) (f field, inverted bool) {
	switch lettersOnly(header) {
	case "guid", "id", "visualguid", "visualid", "customvisualguid", "objectid":
		return guidField, false
	case "name", "displayname", "visual", "visualname", "title":
		return nameField, false
	case "source", "origin", "addedfrom", "type":
		return sourceField, false
	case "changed", "modified", "lastmodified", "lastchanged", "lastupdated", "updated", "changedon", "modifiedon", "date", "published", "publishtime", "publishdate":
		return changedField, false
	case "disabled", "isdisabled":
		return disabledField, false
	case "enabled", "isenabled", "access", "status", "state":
		return disabledField, true
	case "visualizationpane", "enabledforvisualizationpane", "enableforvisualizationpane", "pane", "inpane", "ispublic":
		return paneField, false
	}
	return noField, false
}

// columns says in which column each field is; -1 for none.
type columns struct {
	index         [fieldCount]int
	saysEnabled   bool // the column of disabledField says enabled
	hasGUIDHeader bool // the header names the column of the GUIDs
	lacks         []string
}

// findColumns finds the columns by their names, and by position what no name tells:
// in the file that was observed at least one header was empty. It says whether
// the first line is a header.
func findColumns(first []string) (columns, bool) {
	c := columns{index: [fieldCount]int{-1, -1, -1, -1, -1, -1}}
	taken := map[int]bool{}
	for i, cell := range first {
		f, inverted := fieldNamed(cell)
		if f == noField || c.index[f] >= 0 {
			continue
		}
		c.index[f], taken[i] = i, true
		if f == disabledField {
			c.saysEnabled = inverted
		}
	}
	c.hasGUIDHeader = c.index[guidField] >= 0
	c.lacks = c.missingColumns()
	headed := len(taken) > 0 || !looksLikeID(first[0])
	if !c.hasGUIDHeader && len(taken) == 1 && looksLikeID(first[0]) { // a visual that is called Status, say
		c, headed, taken = columns{index: [fieldCount]int{-1, -1, -1, -1, -1, -1}}, false, map[int]bool{}
	}
	for f := range c.index {
		if c.index[f] < 0 && f < len(first) && !taken[f] {
			c.index[f] = f
			taken[f] = true
		}
	}
	return c, headed
}

// missingColumns names the columns that the portal's list has and this one, whose
// header names the GUIDs, does not. Another table may have an id, too.
func (c columns) missingColumns() []string {
	var all []string
	switch {
	case !c.hasGUIDHeader:
		return nil // the rows must speak for themselves
	case c.index[nameField] < 0:
		all = append(all, "name")
	}
	if c.index[sourceField] < 0 && c.index[disabledField] < 0 {
		all = append(all, "source or disabled")
	}
	return all
}

// isUnmistakable says whether a row can be of no other table: its GUID has the
// portal's suffix, or its source is AppSource.
func (c columns) isUnmistakable(cells []string) bool {
	return strings.HasSuffix(c.cellOf(cells, guidField), fileSuffix) || strings.EqualFold(lettersOnly(c.cellOf(cells, sourceField)), "appsource")
}

// looksLikeID says whether a cell is the GUID of a visual rather than the word
// over a column in somebody's language: all that were seen have digits.
func looksLikeID(cell string) bool {
	_, err := visual.ParseName(cell)
	return err == nil && (strings.HasSuffix(cell, fileSuffix) || strings.ContainsFunc(cell, unicode.IsDigit))
}

// fileSuffix is how the portal marks what was added from a file.
const fileSuffix = "_OrgStore"

// readRow reads a line; why says what keeps it from being understood.
func (c columns) readRow(cells []string) (row Row, why string) {
	id := c.cellOf(cells, guidField)
	g, err := visual.ParseName(id)
	if err != nil || !c.hasGUIDHeader && !looksLikeID(id) { // any word could be a GUID
		return Row{}, fmt.Sprintf("%q names no visual", shorten(id))
	}
	row = Row{GUID: g, Name: shorten(c.cellOf(cells, nameField)), Changed: shorten(c.cellOf(cells, changedField))}
	row.Source, why = parseSource(c.cellOf(cells, sourceField), strings.HasSuffix(id, fileSuffix))
	if disabled := parseYesNo(c.cellOf(cells, disabledField)); disabled != nil {
		enabled := *disabled == c.saysEnabled
		row.Enabled = &enabled
	}
	row.Pane = parseYesNo(c.cellOf(cells, paneField))
	return row, why
}

func (c columns) cellOf(cells []string, f field) string {
	if i := c.index[f]; i >= 0 && i < len(cells) {
		return cells[i]
	}
	return ""
}

// parseSource joins what the column says with what the GUID's suffix says: only an
// entry that was added from a file has it.
func parseSource(text string, fromFile bool) (store.Source, string) {
	appSource := strings.EqualFold(lettersOnly(text), "appsource")
	switch {
	case fromFile && appSource:
		return "", "its GUID is that of a file, and its source is AppSource"
	case fromFile, text != "" && !appSource:
		return store.FromFile, ""
	}
	return store.FromAppSource, ""
}

// parseYesNo reads a yes or no in the languages of the portal that its readers are
// likely to use; nil where it is neither.
func parseYesNo(text string) *bool {
	yes := false
	switch strings.ToLower(text) {
	case "true", "yes", "1", "on", "y", "enabled", "wahr", "ja", "vrai", "oui", "vero", "sì", "si", "sí", "verdadero", "verdadeiro", "sim", "waar", "tak", "prawda":
		yes = true
	case "false", "no", "0", "off", "n", "disabled", "falsch", "nein", "faux", "non", "falso", "não", "nao", "nee", "onwaar", "nie", "fałsz":
	default:
		return nil
	}
	return &yes
}

// lettersOnly leaves of a header what its spelling does not change.
func lettersOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// cleanCell leaves of a cell what can be seen on one line.
func cleanCell(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

func shorten(s string) string {
	if r := []rune(s); len(r) > maxCell {
		return string(r[:maxCell]) + "…"
	}
	return s
}
