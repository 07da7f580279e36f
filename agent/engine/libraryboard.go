package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/board"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/library"
	"github.com/orgstore/orgstore/policies/plan"
)

// boardFile remembers in the data folder what the library's items were told.
const boardFile = "library.board"

// loadBoard reads the board of a library that shows notes; it stays nil for one
// that does not. A board that is not there, or is another library's, is a new
// one: then the library is read from its start.
func (e *Engine) loadBoard(lib intake.Library) (fresh bool, err error) {
	poster, ok := library.As[library.Poster](lib)
	if !ok {
		return false, nil
	}
	place := e.Settings.Library.Place()
	b, err := e.savedBoard()
	if err != nil {
		return false, err
	}
	if fresh = b == nil || !b.Of(place); fresh {
		b = board.New(place)
	}
	e.board, e.poster = b, poster
	return fresh, nil
}

// savedBoard reads the board; nil where there is none that can be read. What a
// library holds can always be read anew.
func (e *Engine) savedBoard() (*board.Board, error) {
	text, err := disk.ReadFile(e.Disk, filepath.Join(e.Settings.Data, boardFile), board.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := board.Parse(text)
	if err != nil {
		e.note("%s: the library is read from its start", safetext.Lines(err.Error()))
		return nil, nil
	}
	return b, nil
}

// saveBoard keeps what items are and were told, with what another process
// added meanwhile.
func (e *Engine) saveBoard() error {
	if e.board == nil || !e.board.Changed() {
		return nil
	}
	other, err := e.savedBoard()
	if err != nil {
		return err
	}
	e.board.Join(other)
	text, err := e.board.Text()
	if err != nil {
		return err
	}
	if err := e.Write(filepath.Join(e.Settings.Data, boardFile), 0o600, text); err != nil {
		return err
	}
	e.board.Saved()
	return nil
}

// PostToLibrary tells the library what became of its items. It is for people who look
// there: where it fails, that is said, tried again by the next run, and the
// command's outcome is what it was.
func (e *Engine) PostToLibrary(ctx context.Context) {
	if e.board == nil || ctx.Err() != nil {
		return
	}
	in, err := e.Observer().Input(ctx, e.Journal.Book(), nil, e.Moment())
	if err != nil { // the store's trouble, which is told elsewhere
		in = plan.Input{Candidates: e.Observer().Candidates(e.Journal.Book(), false, e.Moment())}
	}
	_, err = e.board.Post(ctx, e.poster, board.Look(e.Journal.Book(), in))
	if err = errors.Join(err, e.saveBoard()); err != nil && ctx.Err() == nil {
		e.UnpostedLibrary = fmt.Sprintf("the library does not show everything yet, and the next run tries again: %v", err)
		if hint := fault.Of(err).Hint; hint != "" {
			e.UnpostedLibrary += " (" + hint + ")"
		}
		e.note("%s", e.UnpostedLibrary)
	}
}
