package sharepoint

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/drives"

	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/packages/library"
)

// A noteColumn is a column that orgstore writes.
type noteColumn struct {
	internalName, displayName string
	isMultiline               bool // several lines of text
	value                     func(library.Note) string
}

// noteColumns returns the columns that administrators see beside each file. All
// hold text: SharePoint shows a date in the site's time zone, which for half
// the world is another day.
func noteColumns() []noteColumn {
	return []noteColumn{
		{"OrgstoreGuid", "GUID", false, func(n library.Note) string { return n.GUID }},
		{"OrgstoreVersion", "Version", false, func(n library.Note) string { return n.Version }},
		{"OrgstoreLicenseUntil", "License until", false, func(n library.Note) string {
			if n.LicenseUntil.IsZero() {
				return ""
			}
			return n.LicenseUntil.UTC().Format("2006-01-02")
		}},
		{"OrgstoreVerdict", "Verdict", false, func(n library.Note) string { return n.Verdict }},
		{"OrgstoreInstalled", "Installed", false, func(n library.Note) string { return n.Installed }},
		{"OrgstoreReason", "Reason", true, func(n library.Note) string { return n.Reason }},
	}
}

// The length that SharePoint accepts for a line of text (documented: 255
// characters), and the length of a reason that anybody reads.
const (
	maxLineLength = 255
	maxTextLength = 2000
)

// cellText returns the text that a column shows for a note.
func (c noteColumn) cellText(n library.Note) string {
	most := maxLineLength
	if c.isMultiline {
		most = maxTextLength
	}
	r := []rune(library.Legible(strings.TrimSpace(c.value(n))))
	if len(r) > most {
		r = append(r[:most-1], '…')
	}
	return string(r)
}

// A columnsError says which columns are missing.
type columnsError struct {
	missing []string
	err     error
}

func (e *columnsError) Error() string {
	return fmt.Sprintf("cannot add the columns %s to the library: %v", strings.Join(e.missing, ", "), e.err)
}

func (e *columnsError) Unwrap() error { return e.err }

// Code is stable.
func (e *columnsError) Code() string { return "library.columns" }

// Hint says what to do.
func (e *columnsError) Hint() string {
	return "add them by hand in the library's settings: each as a single line of text, Reason as multiple lines of plain text"
}

// ensureColumns returns the internal name of each of our columns, and adds
// missing ones, once. The error names those that could not be added; the others
// can still be written.
func (l *Library) ensureColumns(ctx context.Context, p place) (map[string]string, error) {
	l.mu.Lock()
	names := l.columns
	l.mu.Unlock()
	if names != nil {
		return names, nil
	}
	names, err := l.findColumns(ctx, p)
	if err != nil {
		return nil, err
	}
	var missing []string
	var denied error
	for _, c := range noteColumns() {
		if names[c.internalName] != "" {
			continue
		}
		name, err := l.addColumn(ctx, p, c)
		if err != nil {
			missing, denied = append(missing, c.displayName), err
			if statusOf(err) == http.StatusForbidden {
				continue
			}
			return nil, &columnsError{missing, err}
		}
		names[c.internalName] = name
	}
	if denied != nil {
		return names, &columnsError{missing, denied}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.place.Drive == p.Drive {
		l.columns = names
	}
	return names, nil
}

// A columnDefinition is the part of Graph's resource of that name that is used
// (documented).
type columnDefinition struct {
	Name     string    `json:"name"`
	Shown    string    `json:"displayName"`
	ReadOnly bool      `json:"readOnly"`
	Text     *struct{} `json:"text"`
}

type columnPage struct {
	Value []columnDefinition `json:"value"`
	Next  string             `json:"@odata.nextLink"`
}

// findColumns finds our columns by their internal names. If a column was added
// by hand, it finds it by the name that people see. It must be text that can be
// written, because a library has a read-only column "Version" of its own.
func (l *Library) findColumns(ctx context.Context, p place) (map[string]string, error) {
	var all []columnDefinition
	builder := l.columnsBuilder(p)
	for range maxPages {
		page, err := msgraph.Get[columnPage](ctx, l.client, builder.ToGetRequestInformation, nil)
		if err != nil {
			return nil, fmt.Errorf("cannot read the library's columns: %w", err)
		}
		all = append(all, page.Value...)
		if page.Next == "" {
			break
		}
		u, err := l.checkGraphLink(page.Next)
		if err != nil {
			return nil, err
		}
		builder = drives.NewItemListColumnsRequestBuilder(u.String(), l.client)
	}
	names := map[string]string{}
	for _, ours := range noteColumns() {
		for _, c := range all {
			byHand := c.Text != nil && !c.ReadOnly && c.Shown == ours.displayName
			if c.Name == ours.internalName || byHand && names[ours.internalName] == "" {
				names[ours.internalName] = c.Name
			}
		}
	}
	return names, nil
}

// columnsBuilder returns the SDK's builder for the columns.
func (l *Library) columnsBuilder(p place) *drives.ItemListColumnsRequestBuilder {
	raw := l.graphURL + "/sites/" + url.PathEscape(p.Site) + "/lists/" + url.PathEscape(p.List) + "/columns"
	return drives.NewItemListColumnsRequestBuilder(raw, l.client)
}

// addColumn creates a column and returns its internal name.
func (l *Library) addColumn(ctx context.Context, p place, c noteColumn) (string, error) {
	kind := map[string]any{"allowMultipleLines": c.isMultiline}
	if c.isMultiline {
		kind["textType"] = "plain"
	}
	def := map[string]any{"name": c.internalName, "displayName": c.displayName, "description": "Written by orgstore.", "text": kind}
	made, err := msgraph.Send[columnDefinition](ctx, l.client, abstractions.POST, l.columnsBuilder(p).BaseRequestBuilder, nil, def)
	if statusOf(err) == http.StatusConflict {
		return c.internalName, nil // somebody else has just created it
	}
	if err != nil {
		return "", err
	}
	return cmp.Or(made.Name, c.internalName), nil
}
