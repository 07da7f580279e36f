package engine

import (
	"context"
	"fmt"

	"github.com/orgstore/orgstore/agent/board"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/packages/library"
)

// openAnnotator opens what annotates a library that shows notes; it stays nil for one
// that does not. IsNew means that the library is to be read from its start.
func (e *Engine) openAnnotator(lib intake.Library) (isNew bool, err error) {
	poster, ok := library.As[library.Poster](lib)
	if !ok {
		return false, nil
	}
	a, isNew, err := board.Open(e.Disk, e.Settings.Data, e.Settings.Library.Place(), poster, e.note)
	e.annotator = a
	return isNew, err
}

// annotateLibrary tells the library what became of its items. It is for people who look
// there: where it fails, that is said, tried again by the next run, and the
// command's outcome is what it was.
func (e *Engine) annotateLibrary(ctx context.Context) {
	if e.annotator == nil || ctx.Err() != nil {
		return
	}
	in, err := e.Observer().Input(ctx, e.Journal.Book(), nil, e.Moment())
	if err != nil {
		return // the command was stopped
	}
	if err := e.annotator.Annotate(ctx, board.Look(e.Journal.Book(), in)); err != nil && ctx.Err() == nil {
		e.UnpostedLibrary = fmt.Sprintf("the library does not show everything yet, and the next run tries again: %v", err)
		if hint := fault.Of(err).Hint; hint != "" {
			e.UnpostedLibrary += " (" + hint + ")"
		}
		e.note("%s", e.UnpostedLibrary)
	}
}
