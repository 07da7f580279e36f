// Package statefile keeps small files that say how far something has come: how
// much of a log was read, which messages were delivered. Each is one JSON object
// with the number of its format in it, is readable by its owner only, and is
// replaced as a whole.
//
// It tells apart what callers treat differently: a file that is absent, one that
// cannot be read, one that is damaged, and one of a newer orgstore. It does not
// know what the files mean, or which of them can be made again.
package statefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/orgstore/orgstore/packages/disk"
)

// mode lets only the owner read a state file.
const mode fs.FileMode = 0o600

// ErrDamaged says that a file was read and is not what was written: it is not
// JSON, lacks its format number, or its parser refuses it. Most state can be
// made again, so most callers go on as if the file were absent.
var ErrDamaged = errors.New("the file is damaged")

// A NewerError says that a newer orgstore wrote the file. To go on as if it were
// absent would lose what the newer program needs.
type NewerError struct {
	Name          string // the file's path
	Format, Known int    // the file's number, and the one that this program reads
}

// Error names both numbers.
func (e *NewerError) Error() string {
	return fmt.Sprintf("cannot read %s: it has format %d, and this version of orgstore reads format %d", e.Name, e.Format, e.Known)
}

// Hint says what a person can do.
func (e *NewerError) Hint() string { return "update orgstore" }

// A File is one state file. Its JSON object has a member with the number of its
// format; that member is never renamed.
type File struct {
	Disk    disk.Disk
	Name    string // its path
	Member  string // the name of the member with the format number
	Format  int    // the number that this program reads and writes, from 1
	MaxSize int64  // in bytes; a larger file is neither read nor written
}

// Read reads the file and has it parsed. The parser is called only if the format
// number is the known one. The error wraps fs.ErrNotExist if the file is absent,
// and ErrDamaged if its content or the parser's answer is bad; it is a
// *NewerError if a newer orgstore wrote the file. Any other error says that the
// file cannot be read now.
func (f File) Read(parse func(text []byte) error) error {
	text, err := disk.ReadFile(f.Disk, f.Name, f.MaxSize)
	if err != nil {
		return err // it names the file
	}
	format, err := f.formatOf(text)
	if err == nil && format > f.Format {
		return &NewerError{f.Name, format, f.Format}
	}
	if err == nil && format != f.Format {
		err = fmt.Errorf("there is no format %d", format)
	}
	if err == nil {
		err = parse(text)
	}
	if err != nil {
		return fmt.Errorf("cannot read %s: %w: %w", f.Name, ErrDamaged, err)
	}
	return nil
}

// Write replaces the file: after a loss of power either the old text or the new
// one is there. It refuses a text that Read would not give back.
func (f File) Write(text []byte) error {
	format, err := f.formatOf(text)
	switch {
	case err != nil:
		return fmt.Errorf("cannot write %s: %w", f.Name, err)
	case format != f.Format:
		return fmt.Errorf("cannot write %s: the text has format %d instead of %d", f.Name, format, f.Format)
	case int64(len(text)) > f.MaxSize:
		return fmt.Errorf("cannot write %s: %w: at most %d bytes are allowed", f.Name, disk.ErrTooLarge, f.MaxSize)
	}
	return disk.Replace(f.Disk, f.Name, mode, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// ReadJSON reads a file whose object is a T for encoding/json. After an error it
// returns the zero T. The errors are those of Read.
func ReadJSON[T any](f File) (T, error) {
	var v T
	if err := f.Read(func(text []byte) error { return json.Unmarshal(text, &v) }); err != nil {
		var zero T // v may be half filled
		return zero, err
	}
	return v, nil
}

// WriteJSON writes a value as encoding/json does, on one line and without a line
// feed at its end. The value must contain the format number.
func WriteJSON(f File, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", f.Name, err)
	}
	return f.Write(text)
}

// formatOf finds the format number of a text. It reads no further than to the
// number, which all files of this program begin with.
func (f File) formatOf(text []byte) (int, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return 0, errors.New("it is not a JSON object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return 0, err
		}
		if name == f.Member {
			var format int
			err := d.Decode(&format)
			return format, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("it has no format number %q", f.Member)
}
