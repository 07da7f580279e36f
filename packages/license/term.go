package license

import (
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
)

// DefaultLongestTerm is how long a license may last without a person looking at it,
// unless the settings say otherwise: a year and some weeks.
const DefaultLongestTerm = 400 * 24 * time.Hour

// StartOfTerm is when the license begins: as it says, or else when it was issued. Zero
// if it says neither, as what profiles read may.
func (t Terms) StartOfTerm() time.Time {
	if t.Begins.IsZero() {
		return t.Issued
	}
	return t.Begins
}

// evaluateTerm asks whether a license lasts longer than is usual, from begin to end.
// When it was issued does not count. A renewal may begin early: what is left of the
// license before it is not counted.
func (e *evaluation) evaluateTerm() {
	t := e.bound.Terms
	begins := t.StartOfTerm()
	if begins.IsZero() {
		return
	}
	longest := e.need.LongestTerm
	if longest == 0 {
		longest = DefaultLongestTerm
	}
	lasts, left := t.Ends.Sub(begins), e.leftBefore()
	if lasts-left <= longest {
		return
	}
	const day = 24 * time.Hour
	hint := "ask " + e.vendorName() + " whether that is meant; if such terms are usual, set longest_term under trust in the settings"
	if left > 0 {
		e.add(codeLifetime, verdict.Review, hint, "%s lasts %d days from begin to end, of which %d are left of the license before it; more than %d beyond these are unusual",
			e.licenseName(), lasts/day, left/day, longest/day)
		return
	}
	e.add(codeLifetime, verdict.Review, hint, "%s lasts %d days from begin to end; more than %d are unusual", e.licenseName(), lasts/day, longest/day)
}

// leftBefore is how much is left of the license before this one when this one
// begins: the most, if several licenses of the visual were used. A license that
// begins later or lasts longer is not one before.
func (e *evaluation) leftBefore() time.Duration {
	now, most := e.bound.Terms, time.Duration(0)
	for _, before := range e.facts.Used[e.bound.GUID] {
		start := before.StartOfTerm()
		if start.IsZero() || start.After(now.StartOfTerm()) || !before.Ends.Before(now.Ends) {
			continue
		}
		most = max(most, before.Ends.Sub(now.StartOfTerm()))
	}
	return most
}

// NextTerm proposes the term of the license that follows this one: it begins where
// this one ends, and lasts as many months. Terms of about a year are followed by a
// year: many begin some weeks early. Zero if begin or end is not known.
func (t Terms) NextTerm() (begins, ends time.Time) {
	start := t.StartOfTerm()
	if start.IsZero() || !start.Before(t.Ends) {
		return time.Time{}, time.Time{}
	}
	const daysOfYear = 365.2425
	months := int(t.Ends.Sub(start).Hours()/24/daysOfYear*12 + 0.5)
	if years := (months + 6) / 12; years > 0 && months >= years*12-2 && months <= years*12+2 {
		months = years * 12
	}
	return t.Ends, addMonths(t.Ends, max(1, months))
}

// addMonths returns the same day some months later, or the last day of that month if it
// has no such day.
func addMonths(t time.Time, months int) time.Time {
	later := t.AddDate(0, months, 0)
	if later.Day() != t.Day() {
		later = later.AddDate(0, 0, -later.Day())
	}
	return later
}
