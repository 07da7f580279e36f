package license_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// An attempt is one try at a case of the list, which its name begins with, or at
// something that the list does not have. It checks all that is to be checked,
// and returns what was found.
type attempt struct {
	name string
	run  func(t *testing.T) verdict.Judgment
}

// attempts are all those of this package.
func attempts(t testing.TB) []attempt {
	var all []attempt
	for _, group := range []func(testing.TB) []attempt{
		envelopeAttempts, signatureAttempts, algorithmAttempts, claimAttempts, bindingAttempts, timeAttempts, factAttempts,
		sameBytesAttempts, renewalAttempts, keyAttempts, statusAttempts, bundleTexts, bundleFiles, bundleUpdates, attestationAttempts,
		openAttempts,
	} {
		all = append(all, group(t)...)
	}
	return all
}

// TestCases tries every case that this package holds by its attempts, which
// together must come to each outcome. Cases of other packages are subtests of
// the same number there: see casetest. Those that are tried here, too, must only
// pass.
func TestCases(t *testing.T) {
	byNumber := map[string][]attempt{}
	for _, a := range attempts(t) {
		for _, n := range numbersOf(a.name) {
			byNumber[n] = append(byNumber[n], a)
		}
	}
	for _, c := range casetest.Cases() {
		here := byNumber[c.Number]
		delete(byNumber, c.Number)
		if len(here) == 0 && (len(c.Homes) > 0 || c.Pending != "") {
			continue
		}
		t.Run(c.Number, func(t *testing.T) {
			reached := runAttempts(t, here)
			if len(c.Homes) > 0 || t.Failed() {
				return
			}
			for _, fault := range c.Unreached(reached) {
				t.Error(fault)
			}
		})
	}
	for n := range byNumber {
		t.Errorf("%s is tried, and the list has no such case", n)
	}
}

// runAttempts runs attempts and returns what they came to: the verdict of each, with
// every code that led to it.
func runAttempts(t *testing.T, all []attempt) map[casetest.Outcome]bool {
	reached := map[casetest.Outcome]bool{}
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			j := a.run(t)
			if j.Verdict == verdict.Accept {
				reached[casetest.Outcome{Verdict: verdict.Accept}] = true
			}
			for _, f := range j.Findings {
				if f.Verdict == j.Verdict {
					reached[casetest.Outcome{Verdict: f.Verdict, Code: f.Code}] = true
				}
			}
		})
	}
	return reached
}

// TestAttempts runs what the list has no number for.
func TestAttempts(t *testing.T) {
	for _, a := range attempts(t) {
		if len(numbersOf(a.name)) == 0 {
			t.Run(a.name, func(t *testing.T) { a.run(t) })
		}
	}
}

// numberForm is how cases are numbered.
var numberForm = regexp.MustCompile(`^[A-H][0-9]{1,2}$`)

// numbersOf returns the cases that an attempt's name begins with.
func numbersOf(name string) []string {
	var all []string
	for _, word := range strings.Fields(name) {
		if word == "and" && len(all) > 0 {
			continue
		}
		if !numberForm.MatchString(word) {
			break
		}
		all = append(all, word)
	}
	return all
}
