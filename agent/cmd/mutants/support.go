package main

import "fmt"

// The variables by which a test program learns which mutant to be, and where to
// write which ones its tests reach.
const (
	chosenVariable  = "ORGSTORE_MUTANT"
	reachedVariable = "ORGSTORE_MUTANTS_REACHED"
)

// supportName is the file that is added to a package. No package has one of this
// name.
const supportName = "mutants_support.go"

// support is what the changed code calls.
func support(pkg string, mutants int) []byte {
	return fmt.Appendf(nil, supportCode, pkg, chosenVariable, reachedVariable, mutants+1)
}

const supportCode = `package %s

import (
	mutantcmp "cmp"
	mutantos "os"
	mutantstrconv "strconv"
	mutantatomic "sync/atomic"
)

var (
	mutantChosen, _ = mutantstrconv.Atoi(mutantos.Getenv(%q))
	mutantReached   = mutantos.Getenv(%q)
	mutantSeen      [%d]mutantatomic.Bool
)

func mutantOn(n int) bool {
	if mutantReached != "" {
		mutantReach(n)
	}
	return n == mutantChosen
}

func mutantReach(n int) {
	if mutantSeen[n].Swap(true) {
		return
	}
	if f, err := mutantos.OpenFile(mutantReached, mutantos.O_APPEND|mutantos.O_WRONLY, 0); err == nil {
		f.WriteString(mutantstrconv.Itoa(n) + "\n")
		f.Close()
	}
}

func mutantLess[T mutantcmp.Ordered](n int, a, b T) bool {
	if mutantOn(n) {
		return a <= b
	}
	return a < b
}

func mutantLessOrEqual[T mutantcmp.Ordered](n int, a, b T) bool {
	if mutantOn(n) {
		return a < b
	}
	return a <= b
}

func mutantGreater[T mutantcmp.Ordered](n int, a, b T) bool { return mutantLess(n, b, a) }

func mutantGreaterOrEqual[T mutantcmp.Ordered](n int, a, b T) bool {
	return mutantLessOrEqual(n, b, a)
}
`
