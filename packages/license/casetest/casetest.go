// Package casetest holds the list of the cases that a verifier of licenses and
// packages must withstand, and runs the tests that hold them.
//
// A case has one number, one verdict, and one code, wherever it is tested. A
// case that another package holds is a call of Run there, with the number
// written out. A test of this package finds those calls, so that no case of the
// list loses its test.
package casetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/orgstore/orgstore/packages/verdict"
)

// A Case is one line of the list.
type Case struct {
	Number string
	About  string
	Wants  []Outcome
	// Homes are the packages that hold the case by a call of Run, as paths in the
	// module. A case without homes is held by the attempts of packages/license.
	Homes []string
	// Pending is the package that will hold the case, if it does not exist yet.
	Pending string
}

// An Outcome is a verdict and its code. An acceptance may have none.
type Outcome struct {
	Verdict verdict.Verdict
	Code    verdict.Code
}

// String shows an outcome on one line.
func (o Outcome) String() string {
	if o.Code == "" {
		return string(o.Verdict)
	}
	return string(o.Verdict) + " " + string(o.Code)
}

// Find returns the case of a number.
func Find(number string) (Case, bool) {
	all := Cases()
	i := slices.IndexFunc(all, func(c Case) bool { return c.Number == number })
	if i < 0 {
		return Case{}, false
	}
	return all[i], true
}

// A Report takes what one attempt at a case came to.
type Report func(verdict.Verdict, verdict.Code)

// Findings reports every finding.
func (r Report) Findings(found ...verdict.Finding) {
	for _, f := range found {
		r(f.Verdict, f.Code)
	}
}

// Refusal reports every finding of an error that is a refusal, and fails the
// test if it is none.
func (r Report) Refusal(t *testing.T, err error) {
	t.Helper()
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) {
		t.Errorf("the error is not a refusal: %v", err)
		return
	}
	r.Findings(refusal.Findings...)
}

// Run tries a case of the list as the subtest of its number. The test fails
// unless the reports reach each outcome of the case, and no other.
//
// The number must be a literal: the test that looks for the homes of all cases
// reads the source.
func Run(t *testing.T, number string, try func(t *testing.T, report Report)) {
	t.Helper()
	c, ok := Find(number)
	if !ok {
		t.Fatalf("the list of cases has no %q", number)
	}
	t.Run(number, func(t *testing.T) {
		reached := map[Outcome]bool{}
		try(t, func(v verdict.Verdict, code verdict.Code) { reached[Outcome{v, code}] = true })
		for _, fault := range c.Compare(reached) {
			t.Error(fault)
		}
	})
}

// Compare says how the outcomes that were reached differ from those of the case.
func (c Case) Compare(reached map[Outcome]bool) []string {
	faults := c.Unreached(reached)
	for o := range reached {
		if !slices.Contains(c.Wants, o) {
			faults = append(faults, fmt.Sprintf("%s (%s) came to %q, which is not among its outcomes %v", c.Number, c.About, o, c.Wants))
		}
	}
	slices.Sort(faults)
	return faults
}

// Unreached names the outcomes of the case that were not reached.
func (c Case) Unreached(reached map[Outcome]bool) []string {
	var faults []string
	for _, o := range c.Wants {
		if !reached[o] {
			faults = append(faults, fmt.Sprintf("%s (%s) never came to %q", c.Number, c.About, o))
		}
	}
	return faults
}
