// Package intake is the way from a library's item to an archived package with
// a statement bound to it. It knows libraries, the archive, trust and the
// journal; it does not know plans, nor what is installed.
//
// Whatever is well formed is kept. What lacks trust waits, with its reason in
// the journal, and is bound when the missing half arrives: package, statement
// and trust may come in any order.
package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store/galleryexport"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// PackageSuffix ends the name of an item that is a package; license.StatementSuffix
// that of a license statement.
const PackageSuffix = ".pbiviz"

// A Library is where packages arrive.
type Library = library.Library

// An Importer takes packages and statements in.
type Importer struct {
	Archive *archive.Archive
	Journal *journal.Journal
	Trust   license.Trust
	Limits  pbiviz.Limits
	// Profiles are the vendor profiles in force.
	Profiles profile.Set
	// Store is the store whose lists people put into the library; empty where the
	// store tells by itself what it holds.
	Store string
	// AllowsEmptyList says that a person vouches for a list without rows.
	AllowsEmptyList bool
	// Now is the wall clock; a signed issue time ahead of it raises no mark.
	Now func() time.Time
}

// Result says what became of one item.
type Result struct {
	Source string
	// Item names the item to its library; empty for a file that came otherwise.
	Item string
	// Package is the package's digest; zero for statements and refused items.
	Package visual.Digest
	// Statement is the statement's digest; zero for packages.
	Statement visual.Digest
	// Status is a status list's digest; zero for what is none.
	Status visual.Digest
	// Waits says that a status list is kept and refused only until the trust
	// bundle comes that has its key.
	Waits bool
	// List says that the item is a list of what the store holds.
	List bool
	// New is false where the archive held the same bytes before.
	New bool
	// Refused says why the item was not kept, or why a status list that was is
	// not believed; nil otherwise.
	Refused *verdict.Refusal
	// Gone says that the item was taken out of the library before it was read:
	// nothing else is known of it.
	Gone bool
	// Bound lists what the item was bound to.
	Bound []license.Bound
}

// Poll takes in what the library holds since the cursor and returns the next
// cursor, for the caller to save last: an item seen twice is harmless, one
// missed is not. Items that cannot be fetched now are reported in the error,
// and the cursor returned is the old one, so that they come again. An item
// that is gone is no error and keeps no other out: see withoutGone.
func (im Importer) Poll(ctx context.Context, tx journal.TxID, lib Library, from library.Cursor) ([]Result, library.Cursor, error) {
	items, next, err := lib.Changes(ctx, from)
	if err != nil {
		return nil, from, fmt.Errorf("cannot list the library: %w", err)
	}
	var taken []Result
	var gone []library.Item
	var missed []error
	for _, item := range items {
		if err := ctx.Err(); err != nil {
			return taken, from, err
		}
		t, err := im.takeItem(ctx, tx, lib, item)
		if err != nil {
			missed = append(missed, fmt.Errorf("cannot take in %s: %w", item.Name, err))
			continue
		}
		if t.Gone {
			gone = append(gone, item)
		}
		t.Item = item.ID
		taken = append(taken, t)
	}
	if len(missed) > 0 {
		return taken, from, errors.Join(missed...)
	}
	return taken, withoutGone(lib, next, gone), nil
}

// withoutGone takes what was gone out of a cursor, where the library can tell
// nothing else of it: whoever puts such an item back, as it was, from a bin has
// changed nothing that a listing would show.
func withoutGone(lib Library, next library.Cursor, gone []library.Item) library.Cursor {
	if l, ok := library.As[library.Forgetter](lib); ok && len(gone) > 0 {
		return l.Without(next, gone...)
	}
	return next
}

func (im Importer) takeItem(ctx context.Context, tx journal.TxID, lib Library, item library.Item) (Result, error) {
	limit := im.sizeLimit(item.Name)
	if item.Size > limit {
		return im.recordRefusal(ctx, tx, item.Name, visual.Digest{}, tooLarge(item.Size, limit))
	}
	file, err := readItem(ctx, lib, item, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return Result{Source: item.Name, Gone: true}, nil
	}
	if err != nil {
		return im.recordIfRefused(ctx, tx, item.Name, visual.Digest{}, err)
	}
	if IsList(item.Name) {
		return im.takeList(ctx, tx, item.Name, file, item.Modified)
	}
	return im.Take(ctx, tx, item.Name, file)
}

func readItem(ctx context.Context, lib Library, item library.Item, limit int64) ([]byte, error) {
	r, err := lib.Fetch(ctx, item, limit)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, limit+1))
}

func (im Importer) sizeLimit(name string) int64 {
	if IsList(name) {
		return galleryexport.MaxSize
	}
	if license.IsStatementName(name) {
		return license.MaxStatus // the larger of the two that are called so
	}
	return im.Limits.FileSize
}

func tooLarge(size, limit int64) *verdict.Refusal {
	return verdict.Refuse("pkg.too_large", fmt.Sprintf("the file has %d bytes; at most %d are read", size, limit),
		"a Power BI visual rarely exceeds a few megabytes: check that this is the file you meant")
}

// IsPackage says whether a name is that of a package.
func IsPackage(name string) bool { return strings.HasSuffix(strings.ToLower(name), PackageSuffix) }

// Take takes one file in: a statement or a status list if its name ends so, by
// what its header says, else a package. An
// error means that nothing is known about the file; a file that is no good is
// no error, but said in Result.Refused and in the journal.
func (im Importer) Take(ctx context.Context, tx journal.TxID, name string, file []byte) (Result, error) {
	switch {
	case license.IsStatementName(name) && license.IsStatus(file):
		return im.takeStatus(ctx, tx, name, file)
	case license.IsStatementName(name):
		return im.takeStatement(ctx, tx, name, file)
	}
	return im.takePackage(ctx, tx, name, file)
}

func (im Importer) takePackage(ctx context.Context, tx journal.TxID, name string, file []byte) (Result, error) {
	p, err := pbiviz.Read(file, im.Limits)
	if err != nil {
		return im.recordIfRefused(ctx, tx, name, visual.DigestOf(file), err)
	}
	// Also what was taken in before: keeping it again mends a damaged copy.
	if _, err := im.Archive.KeepPackage(file); err != nil {
		return Result{}, err
	}
	t := Result{Source: name, Package: p.Digest()}
	err = im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		_, known := b.Package(p.Digest())
		if t.New = !known; known {
			return nil
		}
		return []journal.Fact{receivedFact(p, name)}
	})
	if err != nil {
		return t, err
	}
	if err := im.tryProfiles(ctx, tx, p); err != nil {
		return t, err
	}
	t.Bound, err = im.bindPackage(ctx, tx, p)
	return t, err
}

func receivedFact(p *pbiviz.Package, source string) journal.Received {
	r := journal.Received{
		Package: p.Digest(), Manifest: p.Manifest(), Content: p.Content(),
		Reservations: p.Reservations(), Size: int64(len(p.File())), Source: filepath.Base(source),
	}
	if token, ok := p.Statement(); ok {
		r.Carries = visual.DigestOf(token)
	}
	return r
}

func (im Importer) takeStatement(ctx context.Context, tx journal.TxID, name string, file []byte) (Result, error) {
	about, err := license.Peek(file)
	if err != nil {
		return im.recordIfRefused(ctx, tx, name, visual.DigestOf(file), err)
	}
	// With or without a line feed at its end it is one statement, not two.
	token := bytes.TrimSuffix(file, []byte("\n"))
	statement, err := im.Archive.KeepStatement(token)
	if err != nil {
		return Result{}, err
	}
	t := Result{Source: name, Statement: statement}
	fact := journal.StatementReceived{Statement: t.Statement, GUID: about.GUID, Source: filepath.Base(name)}
	for _, l := range about.Packages {
		fact.Contents = append(fact.Contents, l.Content)
	}
	err = im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		if t.New = !b.HasStatement(statement); !t.New {
			return nil
		}
		return []journal.Fact{fact}
	})
	if err != nil {
		return t, err
	}
	t.Bound, err = im.bindStatement(ctx, tx, t.Statement)
	return t, err
}

// recordIfRefused turns a reader's refusal into a fact, and passes other errors on.
func (im Importer) recordIfRefused(ctx context.Context, tx journal.TxID, name string, digest visual.Digest, err error) (Result, error) {
	var r *verdict.Refusal
	if !errors.As(err, &r) {
		return Result{}, err
	}
	return im.recordRefusal(ctx, tx, name, digest, r)
}

func (im Importer) recordRefusal(ctx context.Context, tx journal.TxID, name string, digest visual.Digest, r *verdict.Refusal) (Result, error) {
	t := Result{Source: name, Refused: r}
	if digest.IsZero() {
		return t, nil
	}
	return t, im.Journal.AppendFor(ctx, tx, func(b journal.Book) []journal.Fact {
		if _, known := b.ItemRefusal(digest); known {
			return nil
		}
		return []journal.Fact{journal.ItemRefused{Source: filepath.Base(name), Digest: digest, Findings: r.Findings}}
	})
}
