package tenant

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxNamed bounds how many of a list a message names.
const maxNamed = 5

// countNoun counts in words: 1 user, 2 users.
func countNoun(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// countKnown counts what may be unknown.
func countKnown(n Known[int64], one string) string {
	if v, ok := n.Get(); ok {
		return countNoun(v, one)
	}
	return "an unknown number of " + one + "s"
}

func viewersText(n int64) string {
	if n == 1 {
		return "1 person views"
	}
	return fmt.Sprintf("%d people view", n)
}

// orZero takes what is unknown for nobody, for the least there can be.
func orZero(n Known[int64]) Known[int64] {
	if !n.known {
		return Is[int64](0)
	}
	return n
}

// unknownNames names which of two numbers are unknown.
func unknownNames(a Known[int64], first string, b Known[int64], second string) string {
	switch {
	case a.known:
		return second
	case b.known:
		return first
	}
	return first + " and " + second
}

// skuWithSize names a SKU with its size, unless its name says the size: P1 (64
// capacity units).
func skuWithSize(s SKU) string {
	units, ok := s.Units()
	if !ok || s.s == "F"+strconv.Itoa(units) {
		return s.s
	}
	return fmt.Sprintf("%s (%d capacity units)", s, units)
}

// quoteList lists words so that nothing in them can hide.
func quoteList(words []string) string {
	if len(words) == 0 {
		return "nothing"
	}
	var shown []string
	for _, w := range words[:min(len(words), maxNamed)] {
		shown = append(shown, strconv.QuoteToASCII(w))
	}
	s := strings.Join(shown, ", ")
	if more := len(words) - maxNamed; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// sortedUnique returns words sorted, each once.
func sortedUnique(words []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(words)))
}
