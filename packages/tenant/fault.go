package tenant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxFaults bounds how many faults one error tells in full.
const maxFaults = 100

// A Fault is one thing wrong in a facts file.
type Fault struct {
	File string
	// Line and Column count from 1, columns in characters; both are 0 where the
	// fault is the file's as a whole.
	Line, Column int
	// Message is a sentence for the person who can act; lower case, no period.
	Message string
	// Hint says what that person can do; empty where nothing helps.
	Hint string
}

// String returns file:line:column: message, then the hint on a line of its own.
func (f Fault) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	if f.Hint == "" {
		return place + ": " + f.Message
	}
	return place + ": " + f.Message + "\n  hint: " + f.Hint
}

// Faults is everything wrong in a facts file, in the order of the lines.
type Faults []Fault

// Error tells every fault with its hint.
func (fs Faults) Error() string {
	var parts []string
	for _, f := range fs[:min(len(fs), maxFaults)] {
		parts = append(parts, f.String())
	}
	if more := len(fs) - maxFaults; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d faults more", more))
	}
	return strings.Join(parts, "\n")
}

func (fs Faults) sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
}
