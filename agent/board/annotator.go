package board

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/statefile"
	"github.com/orgstore/orgstore/packages/library"
)

// boardFile remembers in the data folder what the library's items were told.
const boardFile = "library.board"

// An Annotator shows notes beside the items of one library, and remembers in the
// data folder which.
type Annotator struct {
	disk  disk.Disk
	file  string
	note  func(format string, args ...any)
	to    library.Poster
	board *Board
}

// Open reads the board of a library that shows notes, which is named as people know
// it; note is told what people should know. A board that is not there, or is another
// library's, is a new one: then the library is read from its start.
func Open(d disk.Disk, folder, place string, to library.Poster, note func(format string, args ...any)) (a *Annotator, isNew bool, err error) {
	a = &Annotator{disk: d, file: filepath.Join(folder, boardFile), note: note, to: to}
	if a.board, err = a.read(); err != nil {
		return nil, false, err
	}
	if isNew = a.board == nil || !a.board.BelongsTo(place); isNew {
		a.board = New(place)
	}
	return a, isNew, nil
}

func (a *Annotator) stateFile() statefile.File {
	return statefile.File{Disk: a.disk, Name: a.file, Member: "orgstore_board", Format: format, MaxSize: maxSize}
}

// read reads the board; nil where there is none that can be read. What a library
// holds can always be read anew. The board of a newer program is an error.
func (a *Annotator) read() (b *Board, err error) {
	err = a.stateFile().Read(func(text []byte) error {
		b, err = Parse(text)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, statefile.ErrDamaged):
		a.note("%s: the library is read from its start", safetext.Lines(err.Error()))
		return nil, nil
	}
	return b, err
}

// Take remembers what became of items.
func (a *Annotator) Take(taken []intake.Result) error {
	a.board.Take(taken)
	return a.save()
}

// save keeps what items are and were told, with what another process added meanwhile.
func (a *Annotator) save() error {
	if !a.board.HasChanges() {
		return nil
	}
	other, err := a.read()
	if err != nil {
		return err
	}
	a.board.Join(other)
	text, err := a.board.Text()
	if err != nil {
		return err
	}
	if err := a.stateFile().Write(text); err != nil {
		return err
	}
	a.board.MarkSaved()
	return nil
}

// Annotate tells the library what is to be said of its items and was not said before.
// What could not be told is told by a later run.
func (a *Annotator) Annotate(ctx context.Context, s Sight) error {
	_, err := a.board.Post(ctx, a.to, s)
	return errors.Join(err, a.save())
}
