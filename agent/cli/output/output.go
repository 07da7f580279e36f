// Package output writes what a command found: as a table for people, as JSON in
// one envelope for programs, as CSV or Markdown for reports. A command brings
// its data and one view of it; nothing here knows what they mean.
//
// Data goes to standard output, all else to standard error. Text that strangers
// wrote (names of visuals, of files) cannot move a cursor, turn text around or
// become a formula.
package output

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/orgstore/orgstore/agent/safetext"
)

// A Format is how a command writes its data.
type Format string

// The formats.
const (
	Table    Format = "table"
	JSON     Format = "json"
	CSV      Format = "csv"
	Markdown Format = "md"
	None     Format = "none"
)

// Formats lists the formats in the order in which help names them.
func Formats() []Format { return []Format{Table, JSON, CSV, Markdown, None} }

// ParseFormat reads a format; the empty text is Table.
func ParseFormat(s string) (Format, error) {
	if s == "" {
		return Table, nil
	}
	if !slices.Contains(Formats(), Format(s)) {
		return "", fmt.Errorf("%q is not an output format: use table, json, csv, md or none", s)
	}
	return Format(s), nil
}

// A View is data as people read it.
type View struct {
	// Columns are the headings, in capitals; in CSV they become names such as
	// license_until, which stay as they are from release to release.
	Columns []string
	Rows    [][]string
	// Text follows the table, or stands alone: what came out, what to do next.
	// It may have several lines. CSV leaves it out where there are columns.
	Text string
	// Narrow takes this view's place in a table, where that would be wider than a
	// window; nil for none. Its last column goes on below where a line has more
	// than 80 columns.
	Narrow *View
}

// A Failure is what a command says when it did not do what was asked.
type Failure struct {
	// Code names the failure for programs, as in settings.invalid; it is stable.
	Code string
	// Message is a sentence for the person who can act.
	Message string
	// Hint says what that person can do; empty where nothing helps.
	Hint string
	// Data and View are what was found all the same; nil and zero if nothing.
	Data any
	View View
}

// Write writes the outcome of a command that did what was asked. A query (JMESPath)
// picks from the data as JSON shows it; the formats other than JSON then show
// what it picked and the view counts no longer. The empty query picks
// everything.
func Write(w io.Writer, f Format, query, command string, at time.Time, data any, view View) error {
	tree, picked, err := pick(query, data)
	if err != nil {
		return err
	}
	if picked {
		data, view = tree, viewOf(tree)
	}
	if f == JSON {
		message := view.Text
		if picked {
			message = ""
		}
		return writeEnvelope(w, Envelope{Command: command, Timestamp: at, Status: Success, Result: Result{Data: data, Message: message}})
	}
	return writeView(w, f, view)
}

// WriteFailure writes the outcome of a command that failed: what it found and,
// as JSON, the envelope to out, and for people always the message and its hint
// to errs. A query is not asked, since a failure's data has another form.
func WriteFailure(out, errs io.Writer, f Format, command string, at time.Time, fail Failure) error {
	var err error
	if f == JSON {
		err = writeEnvelope(out, Envelope{Command: command, Timestamp: at, Status: Failed, Result: Result{
			Data: fail.Data, Message: fail.Message, ErrorCode: fail.Code, Hint: fail.Hint,
		}})
	} else {
		err = writeView(out, f, fail.View)
	}
	text := "error: " + safetext.Lines(fail.Message) + "\n"
	if fail.Hint != "" {
		text += "hint: " + safetext.Lines(fail.Hint) + "\n"
	}
	_, told := io.WriteString(errs, text)
	return errors.Join(err, told)
}

func writeView(w io.Writer, f Format, view View) error {
	var text string
	switch f {
	case Table:
		text = table(view, styled(w))
	case CSV:
		text = commaSeparated(view)
	case Markdown:
		text = markdown(view)
	case None:
		return nil
	default:
		return fmt.Errorf("%q is not an output format", f)
	}
	_, err := io.WriteString(w, text)
	return err
}

// Time writes a moment as every command does: RFC 3339 in UTC, to the second;
// nothing for the zero time.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// withLineEnd ends a text with one line end, unless it is empty.
func withLineEnd(s string) string {
	if s = strings.TrimRight(s, "\n"); s == "" {
		return ""
	}
	return s + "\n"
}
