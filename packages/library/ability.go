package library

import (
	"context"
	"io"
)

// A Library is where packages arrive.
type Library interface {
	// Changes returns what is new or changed since the cursor, and the next
	// cursor. An item may come twice; none is left out.
	Changes(context.Context, Cursor) ([]Item, Cursor, error)
	// Fetch opens an item; reading more than max bytes is an error. One that is
	// there no more is an error that wraps fs.ErrNotExist, from here or from the
	// reader.
	Fetch(ctx context.Context, item Item, max int64) (io.ReadCloser, error)
}

// As returns what of a library can do T, one of the abilities below: the library
// itself, or one that it wraps. It returns false if none can. Ask by As and
// never by a type assertion, which a wrapper would answer with no.
func As[T any](l Library) (T, bool) {
	for l != nil {
		if able, ok := l.(T); ok {
			return able, true
		}
		wrapper, ok := l.(Wrapper)
		if !ok {
			break
		}
		l = wrapper.Unwrap()
	}
	var none T
	return none, false
}

// A Wrapper is a library around another one. What it cannot do itself, As looks
// for in the library within; a wrapper that must see every call of an ability
// has the ability itself.
type Wrapper interface {
	Unwrap() Library
}

// The abilities: what only some libraries can do.

// A Poster is a library that shows people a note beside an item.
type Poster interface {
	// Post shows a note beside the item with an ID, in place of an older one.
	// That the item is gone is no error.
	Post(ctx context.Context, item string, n Note) error
}

// An Uploader is a library into which files can be put from here.
type Uploader interface {
	// Upload puts a file beside all others and replaces none; where one of that
	// name and the same bytes is there, it is done. One of that name and other
	// bytes is an error that wraps fs.ErrExist.
	Upload(ctx context.Context, name string, r io.ReaderAt, size int64) (Item, error)
}

// A Deferrer is a library that leaves items for a later call of Changes, since
// they may still be being written.
type Deferrer interface {
	// CountDeferred returns how many the last Changes left.
	CountDeferred() int
}

// A Forgetter is a library whose next listings do not show by themselves that an
// item that was gone is back, such as one from a recycle bin.
type Forgetter interface {
	// Without takes items out of a cursor that were gone when they were fetched:
	// if they come back, they arrive again.
	Without(c Cursor, items ...Item) Cursor
}
