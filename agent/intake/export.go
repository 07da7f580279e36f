package intake

import (
	"context"
	"path/filepath"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/store/galleryexport"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// IsList says whether a name is that of the list which the portal exports.
func IsList(name string) bool { return galleryexport.IsName(name) }

// TakeList records what a list says that a person took from the store, with the
// time the file was made. The same file is recorded
// once. A *verdict.Refusal says that the file is no list, or one without rows while
// nobody said that the store is empty.
func (im Importer) TakeList(ctx context.Context, tx journal.TxID, name string, file []byte, made time.Time) (journal.Exported, []galleryexport.Skipped, error) {
	list, err := galleryexport.Parse(file)
	if err != nil {
		return journal.Exported{}, nil, verdict.Refuse("list.form", err.Error(), "export the list of organizational visuals in the admin portal again")
	}
	if len(list.Rows) == 0 && !im.AllowsEmptyList {
		return journal.Exported{}, nil, RefuseEmptyList()
	}
	now := im.Now()
	if made.IsZero() || made.After(now) {
		made = now
	}
	fact := journal.Exported{Store: im.Store, File: filepath.Base(name), List: visual.DigestOf(file), Taken: made.UTC()}
	for _, r := range list.Rows {
		fact.Entries = append(fact.Entries, journal.ExportedEntry{
			GUID: r.GUID, Name: r.Name, Source: r.Source, Enabled: r.Enabled, Pane: r.Pane, Changed: r.Changed,
		})
	}
	recorded := fact
	err = im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		before, ok := b.Listed(im.Store)
		if ok && before.List == fact.List && !fact.Taken.After(before.Taken) {
			recorded = before
			return nil
		}
		return []journal.Fact{fact}
	})
	return recorded, list.Skipped, err
}

// RefuseEmptyList is why a list without rows is not taken: each visual that was
// installed would count as deleted.
func RefuseEmptyList() *verdict.Refusal {
	return verdict.Refuse("list.empty", "the list has its columns and no row: it says that the store holds no visual at all",
		"export the list again; if the store is empty: orgstore store import-csv FILE --allow-empty")
}

// takeList takes a list in that arrived in the library. Where the store tells by
// itself what it holds, lists are nobody's concern.
func (im Importer) takeList(ctx context.Context, tx journal.TxID, name string, file []byte, made time.Time) (Result, error) {
	if im.Store == "" {
		return Result{Source: name}, nil
	}
	if _, _, err := im.TakeList(ctx, tx, name, file, made); err != nil {
		return im.recordIfRefused(ctx, tx, name, visual.DigestOf(file), err)
	}
	return Result{Source: name, List: true}, nil
}
