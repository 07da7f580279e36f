package license

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// A Line is one subscription as far as one visual is concerned: one
// subscription may cover several visuals, each with statements of its own.
type Line struct {
	GUID         visual.GUID
	Issuer       string
	Subscription string
}

// LineOf returns the line that a bound statement continues.
func LineOf(b Bound) Line { return Line{b.GUID, b.Terms.Issuer, b.Terms.Subscription} }

// A Renewal says what a newer statement of a line is to the one before.
type Renewal string

// The classes of renewals.
const (
	Unrelated  Renewal = "unrelated"   // another subscription or issuer
	Duplicate  Renewal = "duplicate"   // the same statement
	Renewed    Renewal = "renewal"     // a later end, nothing less
	Reissued   Renewal = "reissue"     // the same end, nothing less
	Rekeyed    Renewal = "rekeyed"     // nothing less, signed with another key
	Expanded   Renewal = "expanded"    // nothing less and something more
	Reduced    Renewal = "reduced"     // something less: users, size, tenants, time
	KindChange Renewal = "kind-change" // counts something else
	Transfer   Renewal = "transfer"    // for another licensee or none of the same tenants
	Fork       Renewal = "fork"        // the same number twice: one of them should not be
	Backdated  Renewal = "backdated"   // a later number, issued earlier
	Superseded Renewal = "superseded"  // older than the one before
)

// IsAutomatic says whether a statement may follow the one before it without a
// person deciding: nothing is taken away and nothing is odd.
func (r Renewal) IsAutomatic() bool {
	return slices.Contains([]Renewal{Unrelated, Duplicate, Renewed, Reissued, Rekeyed, Expanded}, r)
}

// Compare says what now is to before, both of one visual. Who is compared with
// whom decides the class, not when either was read.
func Compare(before, now Terms) Renewal {
	switch {
	case before.Issuer != now.Issuer || before.Subscription != now.Subscription || before.IsZero():
		return Unrelated
	case before.ID == now.ID:
		return Duplicate
	case before.Sequence == now.Sequence:
		return Fork
	case before.Sequence > now.Sequence:
		return Superseded
	case now.Issued.Before(before.Issued):
		return Backdated
	case before.Kind != now.Kind:
		return KindChange
	case before.Licensee != now.Licensee || !haveInCommon(before.Tenants, now.Tenants):
		return Transfer
	case len(lossesBetween(before, now)) > 0:
		return Reduced
	case before.KeyID != now.KeyID:
		return Rekeyed
	case len(lossesBetween(withoutEnd(now), withoutEnd(before))) > 0:
		return Expanded
	case now.Ends.After(before.Ends):
		return Renewed
	}
	return Reissued
}

func haveInCommon(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// withoutEnd leaves the end out of a comparison: to last longer is what every
// renewal does.
func withoutEnd(t Terms) Terms {
	t.Ends = t.Begins
	return t
}

// lossesBetween says what now has less of than before; both are of one kind. What is
// not said counts as none, but for ids of capacities: none means all.
func lossesBetween(before, now Terms) []string {
	var all []string
	lose := func(less bool, format string, args ...any) {
		if less {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	lose(now.Ends.Before(before.Ends), "it ends on %s instead of %s", formatDay(now.Ends), formatDay(before.Ends))
	lose(now.Quantity < before.Quantity, "it is for %d users instead of %d", now.Quantity, before.Quantity)
	lose(largestUnits(now.SKUs) < largestUnits(before.SKUs), "its largest capacity is %s instead of %s", largestSKU(now.SKUs), largestSKU(before.SKUs))
	lose(leavesOut(before.Tenants, now.Tenants), "it leaves out tenants")
	lose(leavesOut(before.Sites, now.Sites), "it leaves out sites")
	lose(len(now.CapacityIDs) > 0 && (len(before.CapacityIDs) == 0 || leavesOut(before.CapacityIDs, now.CapacityIDs)), "it leaves out capacities")
	lose(now.Trial && !before.Trial, "it is a trial")
	return all
}

// leavesOut says whether anything of before is not in now.
func leavesOut(before, now []string) bool {
	return slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(now, s) })
}

// largestUnits returns the units of the largest capacity among SKUs.
func largestUnits(skus []string) int {
	most := 0
	for _, s := range skus {
		units, _ := CapacityUnits(s)
		most = max(most, units)
	}
	return most
}

// largestSKU names the largest capacity among SKUs.
func largestSKU(skus []string) string {
	for _, s := range skus {
		if units, _ := CapacityUnits(s); units == largestUnits(skus) {
			return s
		}
	}
	return "none"
}

// evaluateRenewal compares a license with the one put last on its line. What a
// person asked for by name may go back, but not sideways.
func (e *evaluation) evaluateRenewal() {
	last, ok := e.facts.Latest[LineOf(e.bound)]
	if !ok {
		return
	}
	now, before := e.bound.Terms, last.Terms
	number := fmt.Sprintf("number %d of the subscription %s", now.Sequence, now.Subscription)
	ask := "ask " + e.vendorName() + " whether that is meant"
	switch Compare(before, now) {
	case Fork:
		e.add(codeFork, verdict.Review, "ask "+e.vendorName()+" which of the two it issued: somebody else may have its key",
			"%s is %s, and so is the one put before: %s and %s", e.licenseName(), number, now.ID, before.ID)
	case Backdated:
		e.add(codeBackdated, verdict.Review, ask, "%s is %s, but was issued on %s, before number %d of %s",
			e.licenseName(), number, formatDay(now.Issued), before.Sequence, formatDay(before.Issued))
	case KindChange:
		e.add(codeKindChange, verdict.Review, ask, "%s counts by %s, the one before by %s", e.licenseName(), now.Kind, before.Kind)
	case Transfer:
		e.add(codeTransfer, verdict.Review, ask, "%s is for another licensee than the one before", e.licenseName())
	case Reduced:
		for _, loss := range lossesBetween(before, now) {
			e.add(codeReduced, verdict.Review, ask, "%s gives less than the one before: %s", e.licenseName(), loss)
		}
	}
	if now.Sequence > before.Sequence && e.bound.Version.Compare(last.Version) < 0 && !e.need.Asked {
		e.add(codeOlder, verdict.Review, "ask "+e.vendorName()+" for the renewed "+last.Version.String()+", or pin the older version",
			"%s renews an older version: %s was put before", e.licenseName(), last.Version)
	}
}
