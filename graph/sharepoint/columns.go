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

// A column is one that we write.
type column struct {
	internal, shown string
	lines           bool // several lines of text
	value           func(library.Note) string
}

// columns are what administrators see beside each file. All hold text: a date
// would be shown in the site's time zone, which is another day for half the
// world.
func columns() []column {
	return []column{
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

// What SharePoint takes of text (documented: 255 characters in a line), and what
// of a reason anybody reads.
const (
	mostInLine  = 255
	mostInLines = 2000
)

// text is what a column shows of a note.
func (c column) text(n library.Note) string {
	most := mostInLine
	if c.lines {
		most = mostInLines
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
	return "in the library's settings add them by hand, each as a single line of text, Reason as several lines of plain text"
}

// known returns the internal name of each of our columns, and adds those that
// are missing, once. The error names those that could not be; the others can be
// written all the same.
func (l *Library) known(ctx context.Context, p place) (map[string]string, error) {
	l.mu.Lock()
	names := l.columns
	l.mu.Unlock()
	if names != nil {
		return names, nil
	}
	names, err := l.existing(ctx, p)
	if err != nil {
		return nil, err
	}
	var missing []string
	var denied error
	for _, c := range columns() {
		if names[c.internal] != "" {
			continue
		}
		name, err := l.add(ctx, p, c)
		if err != nil {
			missing, denied = append(missing, c.shown), err
			if statusOf(err) == http.StatusForbidden {
				continue
			}
			return nil, &columnsError{missing, err}
		}
		names[c.internal] = name
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

// A columnDefinition is what is read of Graph's resource of that name
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

// existing finds our columns by their internal names, or else, made by hand, by
// those that people see: text that can be written, for a library has a column
// "Version" of its own, which cannot.
func (l *Library) existing(ctx context.Context, p place) (map[string]string, error) {
	var all []columnDefinition
	builder := l.list(p)
	for range mostPages {
		page, err := msgraph.Get[columnPage](ctx, l.client, builder.ToGetRequestInformation, nil)
		if err != nil {
			return nil, fmt.Errorf("cannot read the library's columns: %w", err)
		}
		all = append(all, page.Value...)
		if page.Next == "" {
			break
		}
		u, err := l.link(page.Next)
		if err != nil {
			return nil, err
		}
		builder = drives.NewItemListColumnsRequestBuilder(u.String(), l.client)
	}
	names := map[string]string{}
	for _, ours := range columns() {
		for _, c := range all {
			byHand := c.Text != nil && !c.ReadOnly && c.Shown == ours.shown
			if c.Name == ours.internal || byHand && names[ours.internal] == "" {
				names[ours.internal] = c.Name
			}
		}
	}
	return names, nil
}

// list is where the SDK's builder for columns begins.
func (l *Library) list(p place) *drives.ItemListColumnsRequestBuilder {
	raw := l.base + "/sites/" + url.PathEscape(p.Site) + "/lists/" + url.PathEscape(p.List) + "/columns"
	return drives.NewItemListColumnsRequestBuilder(raw, l.client)
}

// add makes a column, and returns its internal name.
func (l *Library) add(ctx context.Context, p place, c column) (string, error) {
	kind := map[string]any{"allowMultipleLines": c.lines}
	if c.lines {
		kind["textType"] = "plain"
	}
	def := map[string]any{"name": c.internal, "displayName": c.shown, "description": "Written by orgstore.", "text": kind}
	made, err := msgraph.Send[columnDefinition](ctx, l.client, abstractions.POST, l.list(p).BaseRequestBuilder, nil, def)
	if statusOf(err) == http.StatusConflict {
		return c.internal, nil // somebody else has just made it
	}
	if err != nil {
		return "", err
	}
	return cmp.Or(made.Name, c.internal), nil
}
