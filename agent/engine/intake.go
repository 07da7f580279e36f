package engine

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

func (e *Engine) importer() intake.Importer {
	d := intake.Importer{Archive: e.archive, Journal: e.Journal, Trust: e.Trust, Limits: pbiviz.DefaultLimits(), Profiles: e.profiles, Now: e.Now}
	if name := e.homeStore(); name != "" && !canList(e.Stores[name]) {
		d.Store = name
	}
	return d
}

// takeIn takes in what arrived in the library since the last time, and binds what
// waited. An item seen twice is harmless, one missed is not: the cursor is
// saved last.
func (e *Engine) takeIn(ctx context.Context) ([]intake.Result, error) {
	if err := e.recordBundles(ctx); err != nil {
		return nil, err
	}
	importer := e.importer()
	_, unbound := importer.Rebind(ctx, e.Tx) // one damaged package must not keep the others out
	unbound = errors.Join(unbound, importer.Reprofile(ctx, e.Tx), importer.Restatus(ctx, e.Tx))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	lib, err := e.openLibrary(ctx)
	if err != nil {
		return nil, errors.Join(unbound, err)
	}
	file := filepath.Join(e.Settings.Data, "library.cursor")
	from, err := disk.ReadFile(e.Disk, file, maxCursor)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if isNew, err := e.openAnnotator(lib); err != nil {
		return nil, err
	} else if isNew {
		from = nil
	}
	taken, next, err := importer.Poll(ctx, e.Tx, lib, library.Cursor(from))
	unbound = errors.Join(unbound, e.recordWitnessedTime(ctx))
	e.noteRefused(taken)
	if err != nil && len(taken) == 0 {
		e.annotator = nil // who could not list the library could not be told anything there either
	}
	if e.annotator != nil {
		if saved := e.annotator.Take(taken); saved != nil { // before the cursor: see package board
			return taken, errors.Join(unbound, err, saved)
		}
	}
	if f, ok := library.As[library.Deferrer](lib); ok && f.CountDeferred() > 0 {
		e.isLibraryWriting = true
		e.note("%s in the library arrived just now and may still be being written: run the command again in a few seconds", Count(f.CountDeferred(), "file"))
	}
	if err == nil && string(next) != string(from) {
		err = e.Write(file, 0o600, []byte(next))
	}
	return taken, errors.Join(unbound, err)
}

// noteRefused says once which new files of the library are no good: the cursor
// moves past them.
func (e *Engine) noteRefused(taken []intake.Result) {
	for _, t := range taken {
		switch {
		case t.Gone:
			e.note("%s was taken out of the library before it was read", safetext.Line(t.Source))
		case t.Waits:
			e.note("%s in the library is kept and waits for its vendor's trust bundle", safetext.Line(t.Source))
		case t.Refused != nil:
			e.note("%s in the library is refused: %s", safetext.Line(t.Source), safetext.Line(t.Refused.Error()))
		}
	}
}

// maxCursor bounds the saved cursor, in bytes: a hundred for each file of a
// library of a hundred thousand.
const maxCursor = 16 << 20
