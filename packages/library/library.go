// Package library is an item that arrived and a cursor that says what was seen
// of all that arrives. It does not know where: a folder, a document library, or
// how either is reached.
package library

import "time"

// An Item is a file that arrived in a library.
type Item struct {
	// ID names the file to the library it came from, and to nobody else.
	ID string
	// Name is the file's name for people: valid UTF-8 without control
	// characters. Two items may have the same.
	Name     string
	Size     int64     // in bytes, when it was listed
	Modified time.Time // by the library's clock, which nobody trusts
	// Revision changes whenever the library knows that the bytes may have. It
	// is compared, never read.
	Revision string
}

// A Cursor says what of a library was seen. Only the library that made it reads
// it. The empty cursor has seen nothing.
type Cursor string
