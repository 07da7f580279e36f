package sharepoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/drives"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/packages/library"
)

// maxRewrites bounds how often a note is written again because somebody else
// changed the file at the same time.
const maxRewrites = 4

// Post shows a note beside an item, in columns that it adds to the library
// once. It writes only what differs, so that no file gets a version, and nobody
// a notification, for nothing. A missing item is not an error.
func (l *Library) Post(ctx context.Context, item string, n library.Note) error {
	p, err := l.resolvePlace(ctx)
	if err != nil {
		return err
	}
	names, partly := l.ensureColumns(ctx, p)
	if len(names) == 0 {
		return partly
	}
	for range maxRewrites {
		err = l.updateFields(ctx, p, item, names, n)
		if statusOf(err) == http.StatusBadRequest { // somebody may have deleted a column
			l.forgetColumns()
			if names, partly = l.ensureColumns(ctx, p); len(names) == 0 {
				return partly
			}
		} else if statusOf(err) != http.StatusPreconditionFailed {
			break
		}
	}
	switch {
	case statusOf(err) == http.StatusNotFound:
		return partly
	case err != nil:
		return errors.Join(partly, fmt.Errorf("cannot write the library's columns: %w", err))
	}
	return partly
}

// forgetColumns makes the next call look up the columns again.
func (l *Library) forgetColumns() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.columns = nil
}

// statusOf returns the status of an error answer, or 0 for any other error.
func statusOf(err error) int {
	var refusal *graph.Error
	if errors.As(err, &refusal) {
		return refusal.Status
	}
	return 0
}

// A listItem is the part of Graph's resource of that name that is used
// (documented).
type listItem struct {
	ETag   string         `json:"eTag"`
	Fields map[string]any `json:"fields"`
}

// updateFields reads the columns and writes what differs, unless somebody else
// changed them in between.
func (l *Library) updateFields(ctx context.Context, p place, item string, names map[string]string, n library.Note) error {
	now, err := msgraph.Get[listItem](ctx, l.client, l.itemBuilder(p, item).ListItem().ToGetRequestInformation, &drives.ItemItemsItemListItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &drives.ItemItemsItemListItemRequestBuilderGetQueryParameters{Expand: []string{"fields"}},
	})
	if err != nil {
		return err
	}
	changed := map[string]any{}
	for _, c := range noteColumns() {
		name, want := names[c.internalName], c.cellText(n)
		if have, _ := now.Fields[name].(string); name != "" && have != want {
			changed[name] = want
		}
	}
	if len(changed) == 0 {
		return nil
	}
	headers := abstractions.NewRequestHeaders()
	if now.ETag != "" {
		headers.Add("If-Match", now.ETag)
	}
	raw := l.graphURL + "/drives/" + url.PathEscape(p.Drive) + "/items/" + url.PathEscape(item) + "/listItem/fields"
	// Sending it twice is harmless: if the first request counted, the second
	// fails by its condition, and then there is nothing left to write.
	fields := drives.NewItemListItemsItemFieldsRequestBuilder(raw, l.client)
	_, err = msgraph.Send[struct{}](graph.Repeatable(ctx, true), l.client, abstractions.PATCH, fields.BaseRequestBuilder, headers, changed)
	return err
}
