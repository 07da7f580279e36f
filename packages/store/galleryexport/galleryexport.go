// Package galleryexport reads the list of organizational visuals that the admin
// portal exports, OrganizationalVisuals.csv. Nothing describes that file: its
// columns were observed in a Microsoft tool that reads it, first by the names
// guid, disabled, name, source, changed and visualizationPane, later by position;
// its separator, its language and the form of its values were not. So it is read
// tolerantly, and what cannot be told stays untold.
//
// What such a list proves: that an entry is there, under which name, whether it
// came from a file or from AppSource, and whether access is on; and since it has
// no column for that, never a version.
package galleryexport

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
)

// The limits of a list. A tenant with a thousand visuals has about 150 KB.
const (
	MaxSize = 1 << 20 // bytes
	MaxRows = 5000
	maxCell = 200 // characters of a text that is kept
)

// A Row is one entry of the store.
type Row struct {
	GUID visual.GUID
	// Source is empty where the list does not tell.
	Source store.Source
	Name   string
	// Enabled says whether access is on; nil where the list does not tell.
	Enabled *bool
	// Pane says whether it is enabled for the visualization pane; nil likewise.
	Pane *bool
	// Changed is when the entry was changed, as the list writes it: its form is
	// nobody's promise.
	Changed string
}

// A Skipped line could not be understood.
type Skipped struct {
	Line int
	Why  string
}

// A List is what a file says.
type List struct {
	Rows    []Row // in the file's order
	Skipped []Skipped
}

// IsName says whether a file is called as the portal calls its list, a browser's
// number for another copy included.
func IsName(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "organizationalvisuals") && strings.HasSuffix(lower, ".csv")
}

const notTheList = "this is not the portal's list of organizational visuals: "

// Parse reads a list. An error says that the file is none. A list may have no
// rows: then it says that the store is empty, which a caller should not take on
// trust.
func Parse(file []byte) (List, error) {
	if len(file) > MaxSize {
		return List{}, fmt.Errorf("the list has %d bytes; at most %d are read", len(file), MaxSize)
	}
	text, err := decodeText(file)
	if err != nil {
		return List{}, err
	}
	records, err := splitRecords(text)
	if err != nil {
		return List{}, err
	}
	columns, headed := findColumns(records[0].cells)
	if headed {
		records = records[1:]
	}
	if len(columns.lacks) > 0 {
		return List{}, errors.New(notTheList + "it has no column " + strings.Join(columns.lacks, ", and none for "))
	}
	var l List
	seen, isTheList := map[string]bool{}, columns.hasGUIDHeader
	for _, r := range records {
		row, why := columns.readRow(r.cells)
		id := string(row.Source) + " " + row.GUID.String()
		if why == "" && seen[id] {
			why = "the same entry a second time"
		}
		if why != "" {
			l.Skipped = append(l.Skipped, Skipped{r.line, why})
			continue
		}
		seen[id] = true
		isTheList = isTheList || columns.isUnmistakable(r.cells)
		l.Rows = append(l.Rows, row)
	}
	if len(l.Rows) == 0 && len(l.Skipped) > 0 || !isTheList {
		return List{}, errors.New(notTheList + "no line of it names a visual as the portal does")
	}
	return l, nil
}

// decodeText returns the text without its byte-order mark. Spreadsheets save UTF-16.
func decodeText(file []byte) (string, error) {
	for mark, order := range map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
		rest, ok := bytes.CutPrefix(file, []byte(mark))
		if !ok {
			continue
		}
		units := make([]uint16, len(rest)/2)
		for i := range units {
			units[i] = order.Uint16(rest[2*i:])
		}
		file = []byte(string(utf16.Decode(units)))
	}
	text := strings.ToValidUTF8(string(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))), "\uFFFD")
	if strings.ContainsRune(text, 0) {
		return "", errors.New(notTheList + "it is no text")
	}
	return text, nil
}

// A record is one line's cells.
type record struct {
	line  int
	cells []string
}

// splitRecords finds the separator that makes most sense of a text: the one with which
// most lines name a visual and have the portal's number of columns.
func splitRecords(text string) ([]record, error) {
	if first, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(strings.ToLower(first), "sep=") {
		text = rest // which spreadsheets write for themselves
	}
	var best []record
	most := -1
	var failed error
	for _, separator := range ",;\t" {
		records, err := readRecords(text, separator)
		if err != nil {
			failed = err
			continue
		}
		if n := plausibility(records); n > most && len(records) > 0 {
			best, most = records, n
		}
	}
	if len(best) == 0 {
		return nil, errors.Join(errors.New(notTheList+"nothing is in it"), failed)
	}
	return best, nil
}

func plausibility(records []record) int {
	n := 0
	for _, r := range records {
		for _, c := range r.cells {
			if _, err := visual.ParseName(c); err == nil {
				n++
				break
			}
		}
		if len(r.cells) >= 5 && len(r.cells) <= 6 {
			n += 2
		}
	}
	return n
}

func readRecords(text string, separator rune) ([]record, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = separator, -1, true
	var all []record
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		empty := true
		for i, c := range cells {
			cells[i] = cleanCell(c)
			empty = empty && cells[i] == ""
		}
		if empty {
			continue
		}
		if len(all) > MaxRows {
			return nil, fmt.Errorf("the list has more than %d lines", MaxRows)
		}
		all = append(all, record{line, cells})
	}
}
