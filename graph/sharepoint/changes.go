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
	// maxItems bounds how many packages and licenses a library may hold.
	maxItems = 100_000
	// maxResyncs bounds how often one listing starts over.
	maxResyncs = 2
)

// deltaFields are the members that are needed of each item. They make a page
// two thirds shorter.
const deltaFields = "id,name,size,file,folder,root,deleted,malware,parentReference,eTag,cTag,lastModifiedDateTime"

// Changes lists the packages and licenses that are new or changed since the
// cursor, by name, and returns the next cursor. A renamed, moved-in, or
// restored file arrives again. A file that was moved out or deleted does not,
// nor does one of which only the columns changed.
//
// Once a day the library is listed in full, in case one change was left out.
//
// The library is looked up by its names once. From then on the cursor holds its
// ids, so that people may rename it.
func (l *Library) Changes(ctx context.Context, from library.Cursor) ([]library.Item, library.Cursor, error) {
	before, err := l.startState(ctx, from)
	if err != nil {
		return nil, from, err
	}
	l.rememberPlace(before.toPlace())
	now := l.options.Now().UTC()
	w := &deltaWalk{library: l, previous: before, nextLink: before.Delta}
	if before.isFullDue(now) {
		w.startOver()
	}
	if err := w.readPages(ctx); err != nil {
		return nil, from, fmt.Errorf("cannot list the library %s: %w", l.displayName(), err)
	}
	if err := w.lookForMissing(ctx); err != nil {
		return nil, from, fmt.Errorf("cannot list the library %s: %w", l.displayName(), err)
	}
	items, next, err := w.compareMarks()
	if err != nil {
		return nil, from, fmt.Errorf("cannot list the library %s: %w", l.displayName(), err)
	}
	if w.isFullListing {
		next.Listed = now
	}
	c, err := next.encodeCursor()
	if err != nil {
		return nil, from, err
	}
	return items, c, nil
}

// startState returns the state to start from. If the settings give the same
// library another name, the state stays valid.
func (l *Library) startState(ctx context.Context, from library.Cursor) (cursorState, error) {
	s, ok := l.parseCursor(from)
	if ok && s.SettingsKey == l.options.settingsKey() {
		return s, nil
	}
	p, err := l.resolvePlace(ctx)
	if err != nil {
		return cursorState{}, err
	}
	if !ok || s.Drive != p.Drive || s.Folder != p.Folder {
		s = cursorState{}
	}
	s.Version, s.SettingsKey, s.Site, s.List, s.Drive, s.Folder = cursorVersion, l.options.settingsKey(), p.Site, p.List, p.Drive, p.Folder
	return s, nil
}

// A deltaWalk reads the pages of a delta.
type deltaWalk struct {
	library     *Library
	previous    cursorState
	nextLink    string // the next page to read
	deltaLink   string // where to continue the next time
	latestFacts map[string]itemFacts
	// isFullListing says that the delta lists everything, not only the changes.
	isFullListing bool
	// keepsUnlisted says that files which were not listed have not disappeared.
	keepsUnlisted   bool
	isFolderDeleted bool           // the folder itself was deleted
	missing         map[string]int // for the next cursor, see cursorState.Missing
	resyncs         int
}

func (w *deltaWalk) startOver() {
	w.startAt(w.library.graphURL + "/drives/" + url.PathEscape(w.previous.Drive) + "/root/delta?" +
		url.Values{"$select": {deltaFields}}.Encode())
}

func (w *deltaWalk) startAt(link string) {
	w.nextLink, w.isFullListing, w.latestFacts, w.isFolderDeleted = link, true, nil, false
}

// readPages reads page after page, until the link for the next time.
func (w *deltaWalk) readPages(ctx context.Context) error {
	for range maxPages {
		err := w.readPage(ctx)
		switch again, rerr := w.resyncAfter(err); {
		case again:
			continue
		case rerr != nil:
			return rerr
		case w.deltaLink != "":
			return nil
		}
	}
	return fmt.Errorf("the listing does not end after %d pages", maxPages)
}

// A deltaPage is one page of a delta.
type deltaPage struct {
	Value []driveItem `json:"value"`
	Next  string      `json:"@odata.nextLink"`
	Delta string      `json:"@odata.deltaLink"`
}

func (w *deltaWalk) readPage(ctx context.Context) error {
	page, err := msgraph.Get[deltaPage](ctx, w.library.client, drives.NewItemItemsItemDeltaRequestBuilder(w.nextLink, w.library.client).ToGetRequestInformation, nil)
	if err != nil {
		return err
	}
	if w.latestFacts == nil {
		w.latestFacts = map[string]itemFacts{}
	}
	for _, i := range page.Value {
		if err := w.addItem(i.toFacts()); err != nil {
			return err
		}
	}
	if page.Next == "" && page.Delta == "" {
		return fmt.Errorf("the answer does not say how to continue")
	}
	u, err := w.library.checkGraphLink(cmp.Or(page.Next, page.Delta))
	if err != nil {
		return err
	}
	if w.nextLink = u.String(); page.Next == "" {
		w.deltaLink = w.nextLink
	}
	return nil
}

// addItem notes an item. If an item comes twice, the last one counts
// (documented). Items that are not in the folder and never were are not kept.
func (w *deltaWalk) addItem(f itemFacts) error {
	if f.id == w.previous.Folder {
		w.isFolderDeleted = f.isDeleted
	}
	_, noted := w.latestFacts[f.id]
	_, known := w.previous.Marks[f.id]
	if f.id == "" || !noted && !known && !f.isArrival(w.previous.Folder) {
		return nil
	}
	w.latestFacts[f.id] = f
	if len(w.latestFacts) > maxItems {
		return fmt.Errorf("it holds more than %d packages and licenses", maxItems)
	}
	return nil
}

// resyncAfter starts over if the service no longer knows a link (documented:
// delta, 410 with a Location), and reports that it did.
//
// orgstore changes nothing but columns, so the two kinds of resync differ only
// for files that are not listed. If the service's version counts
// (ApplyDifferences), such a file has disappeared, and arrives if it is
// restored. If the service may know less than the cursor (UploadDifferences),
// it was seen and stays so.
func (w *deltaWalk) resyncAfter(err error) (again bool, _ error) {
	if err == nil {
		return false, nil
	}
	var refusal *graph.Error
	if !errors.As(err, &refusal) || w.resyncs >= maxResyncs {
		return false, err
	}
	switch {
	case refusal.Status == http.StatusGone:
		w.keepsUnlisted = refusal.ErrCode == "resyncChangesUploadDifferences"
	case refusal.Status == http.StatusBadRequest && !w.isFullListing:
		w.keepsUnlisted = true // an old link, refused without a reason
	default:
		return false, err
	}
	w.resyncs++
	w.startOver()
	if u, err := w.library.checkGraphLink(refusal.Location); err == nil {
		w.startAt(u.String())
	}
	return true, nil
}

// lookForMissing looks for items that an earlier listing had but that could not
// be found, unless the listing has news of them.
func (w *deltaWalk) lookForMissing(ctx context.Context) error {
	w.missing = map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(w.previous.Missing)) {
		if _, news := w.latestFacts[id]; news {
			continue
		}
		f, err := w.library.itemFacts(ctx, w.previous.toPlace(), id, "an item that was listed")
		switch looks := w.previous.Missing[id] + 1; {
		case err == nil:
			w.latestFacts[id] = f
		case !errors.Is(err, fs.ErrNotExist):
			return err
		case looks < maxMissingLooks:
			w.missing[id] = looks
		}
	}
	return nil
}

// compareMarks returns what is new or changed, and the next state.
func (w *deltaWalk) compareMarks() ([]library.Item, cursorState, error) {
	if w.isFolderDeleted {
		return nil, cursorState{}, fmt.Errorf("its folder %s was deleted; restore it from the recycle bin, or set another folder", library.Legible(w.library.options.Folder))
	}
	next := w.previous
	next.Delta, next.Marks, next.Missing = w.deltaLink, map[string]string{}, w.missing
	if !w.isFullListing || w.keepsUnlisted {
		maps.Copy(next.Marks, w.previous.Marks)
	}
	var items []library.Item
	for id, f := range w.latestFacts {
		if !f.isArrival(w.previous.Folder) {
			delete(next.Marks, id)
			continue
		}
		item := f.toItem()
		m := markOf(item)
		if w.previous.Marks[id] != m {
			items = append(items, item)
		}
		next.Marks[id] = m
	}
	if len(next.Marks) > maxItems {
		return nil, cursorState{}, fmt.Errorf("it holds more than %d packages and licenses", maxItems)
	}
	slices.SortFunc(items, func(a, b library.Item) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return items, next, nil
}
