package sharepoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/microsoftgraph/msgraph-sdk-go/drives"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/msgraph"
	"github.com/orgstore/orgstore/packages/library"
)

const (
	// mostItems bounds how many packages and licenses may lie in a library.
	mostItems = 100_000
	// mostResyncs bounds how often one listing starts from scratch.
	mostResyncs = 2
)

// asked is what is needed of each item. A page is a third as long with it.
const asked = "id,name,size,file,folder,root,deleted,malware,parentReference,eTag,cTag,lastModifiedDateTime"

// Changes lists, by name, the packages and licenses that are new or changed
// since the cursor, and returns the next one. What was renamed, moved here, or
// put back from the recycle bin arrives again; what was moved elsewhere or
// deleted does not, nor what only had its columns changed.
//
// The library is found by its names once; from then on the cursor holds its ids,
// so that it may be renamed.
func (l *Library) Changes(ctx context.Context, from library.Cursor) ([]library.Item, library.Cursor, error) {
	before, err := l.begin(ctx, from)
	if err != nil {
		return nil, from, err
	}
	l.settle(before.place())
	w := &walk{l: l, before: before, link: before.Delta}
	if w.link == "" {
		w.restart()
	}
	if err := w.all(ctx); err != nil {
		return nil, from, fmt.Errorf("cannot list the library %s: %w", l.name(), err)
	}
	if err := w.lookAgain(ctx); err != nil {
		return nil, from, fmt.Errorf("cannot list the library %s: %w", l.name(), err)
	}
	items, next, err := w.compare()
	if err != nil {
		return nil, from, fmt.Errorf("cannot list the library %s: %w", l.name(), err)
	}
	c, err := next.cursor()
	if err != nil {
		return nil, from, err
	}
	return items, c, nil
}

// begin says what was seen before. Where the settings have another name for the
// same library, that holds.
func (l *Library) begin(ctx context.Context, from library.Cursor) (seen, error) {
	s, ok := l.parseCursor(from)
	if ok && s.For == l.options.key() {
		return s, nil
	}
	p, err := l.where(ctx)
	if err != nil {
		return seen{}, err
	}
	if !ok || s.Drive != p.Drive || s.Folder != p.Folder {
		s = seen{}
	}
	s.Form, s.For, s.Site, s.List, s.Drive, s.Folder = cursorForm, l.options.key(), p.Site, p.List, p.Drive, p.Folder
	return s, nil
}

// A walk goes through the pages of a delta.
type walk struct {
	l      *Library
	before seen
	link   string // the page to read next
	delta  string // where to go on another time
	latest map[string]facts
	// full says that all there is was listed, and not only what changed.
	full bool
	// keep says that what was not listed is not gone for that.
	keep    bool
	lost    bool           // the folder itself is deleted
	missing map[string]int // see seen.Missing, for the next cursor
	resyncs int
}

func (w *walk) restart() {
	w.begin(w.l.base + "/drives/" + url.PathEscape(w.before.Drive) + "/root/delta?" +
		url.Values{"$select": {asked}}.Encode())
}

func (w *walk) begin(link string) {
	w.link, w.full, w.latest, w.lost = link, true, nil, false
}

// all reads page after page, to the link for another time.
func (w *walk) all(ctx context.Context) error {
	for range mostPages {
		err := w.page(ctx)
		switch again, rerr := w.resync(err); {
		case again:
			continue
		case rerr != nil:
			return rerr
		case w.delta != "":
			return nil
		}
	}
	return fmt.Errorf("the listing does not end after %d pages", mostPages)
}

// A deltaPage is one page of a delta.
type deltaPage struct {
	Value []driveItem `json:"value"`
	Next  string      `json:"@odata.nextLink"`
	Delta string      `json:"@odata.deltaLink"`
}

func (w *walk) page(ctx context.Context) error {
	page, err := msgraph.Get[deltaPage](ctx, w.l.client, drives.NewItemItemsItemDeltaRequestBuilder(w.link, w.l.client).ToGetRequestInformation, nil)
	if err != nil {
		return err
	}
	if w.latest == nil {
		w.latest = map[string]facts{}
	}
	for _, i := range page.Value {
		if err := w.add(i.facts()); err != nil {
			return err
		}
	}
	if page.Next == "" && page.Delta == "" {
		return fmt.Errorf("the answer does not say how to go on")
	}
	u, err := w.l.link(cmp.Or(page.Next, page.Delta))
	if err != nil {
		return err
	}
	if w.link = u.String(); page.Next == "" {
		w.delta = w.link
	}
	return nil
}

// add notes an item; of one that comes twice, the last counts (documented).
// What is neither here nor was here before is not kept.
func (w *walk) add(f facts) error {
	if f.id == w.before.Folder {
		w.lost = f.deleted
	}
	_, noted := w.latest[f.id]
	_, known := w.before.Marks[f.id]
	if f.id == "" || !noted && !known && !f.arrives(w.before.Folder) {
		return nil
	}
	w.latest[f.id] = f
	if len(w.latest) > mostItems {
		return fmt.Errorf("it holds more than %d packages and licenses", mostItems)
	}
	return nil
}

// resync starts from scratch where the service has forgotten what a link meant
// (documented: delta, 410 with a Location), and says so.
//
// We change nothing that others see but columns, so that the two kinds differ
// only in what was not listed: where the service's version counts
// (ApplyDifferences) it is gone, and arrives when it is put back; where it may
// know less than we do (UploadDifferences) it was seen and stays so.
func (w *walk) resync(err error) (again bool, _ error) {
	if err == nil {
		return false, nil
	}
	var refusal *graph.Error
	if !errors.As(err, &refusal) || w.resyncs >= mostResyncs {
		return false, err
	}
	switch {
	case refusal.Status == http.StatusGone:
		w.keep = refusal.ErrCode == "resyncChangesUploadDifferences"
	case refusal.Status == http.StatusBadRequest && !w.full:
		w.keep = true // a link of another time, and no word about why
	default:
		return false, err
	}
	w.resyncs++
	w.restart()
	if u, err := w.l.link(refusal.Location); err == nil {
		w.begin(u.String())
	}
	return true, nil
}

// lookAgain looks for what was listed another time and not found then, unless
// there is news of it.
func (w *walk) lookAgain(ctx context.Context) error {
	w.missing = map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(w.before.Missing)) {
		if _, news := w.latest[id]; news {
			continue
		}
		f, err := w.l.facts(ctx, w.before.place(), id, "an item that was listed")
		switch looks := w.before.Missing[id] + 1; {
		case err == nil:
			w.latest[id] = f
		case !errors.Is(err, fs.ErrNotExist):
			return err
		case looks < mostLooks:
			w.missing[id] = looks
		}
	}
	return nil
}

// compare says what is new or changed, and what is seen now.
func (w *walk) compare() ([]library.Item, seen, error) {
	if w.lost {
		return nil, seen{}, fmt.Errorf("its folder %s was deleted: put it back from the recycle bin, or name another", library.Legible(w.l.options.Folder))
	}
	next := w.before
	next.Delta, next.Marks, next.Missing = w.delta, map[string]string{}, w.missing
	if !w.full || w.keep {
		maps.Copy(next.Marks, w.before.Marks)
	}
	var items []library.Item
	for id, f := range w.latest {
		if !f.arrives(w.before.Folder) {
			delete(next.Marks, id)
			continue
		}
		item := f.item()
		m := markOf(item)
		if w.before.Marks[id] != m {
			items = append(items, item)
		}
		next.Marks[id] = m
	}
	if len(next.Marks) > mostItems {
		return nil, seen{}, fmt.Errorf("it holds more than %d packages and licenses", mostItems)
	}
	slices.SortFunc(items, func(a, b library.Item) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return items, next, nil
}
