// Package longtest says how much tests try: what ./check tries while a person waits,
// or everything, as ./check long does. The two differ in numbers alone: one point of
// each kind or every point, two seeds or many.
package longtest

import "os"

// variable asks for everything where it is 1.
const variable = "ORGSTORE_LONG"

// IsWanted reports whether tests are to try everything.
func IsWanted() bool { return os.Getenv(variable) == "1" }

// A Sample picks among many cases: the first of each kind, or all where everything
// is wanted. The zero value is ready.
type Sample struct{ seen map[string]bool }

// Picks reports whether a case of a kind is to be tried.
func (s *Sample) Picks(kind string) bool {
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	isFirst := !s.seen[kind]
	s.seen[kind] = true
	return isFirst || IsWanted()
}
