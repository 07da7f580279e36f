// Package sample has conditions for the test of the command that changes them.
// Go leaves it out of ./... as it lies beneath testdata.
package sample

// Least is the smaller of two numbers.
func Least(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// IsBetween says whether a number lies between two others.
func IsBetween(n, from, to int) bool { return n >= from && n <= to }

// CountDown counts down to zero.
func CountDown(n int) (steps int) {
	for n != 0 {
		if n < 0 {
			return steps
		}
		n--
		steps++
	}
	return steps
}

// Untested has no test.
func Untested(ready bool) string {
	switch {
	case !ready:
		return "wait"
	}
	return "go"
}
