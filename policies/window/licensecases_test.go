package window_test

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/window"
)

// TestLicenseCases: a window at 02:30 opens once on a day without that time, at
// the first instant after the gap, and once on a day that has it twice, at the
// first of the two.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "E11", func(t *testing.T, report casetest.Report) {
		w := window.Window{Name: "nightly", Cron: cron(t, "30 2 * * *"), Zone: zone(t, "Europe/Rome"), Length: time.Minute}
		for _, day := range []struct{ name, from, until, opens string }{
			{"gap", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29T01:00:00Z"},
			{"fold", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-25T00:30:00Z"},
		} {
			t.Run(day.name, func(t *testing.T) {
				if got := openings(w, at(t, day.from), at(t, day.until)); len(got) != 1 || !got[0].Equal(at(t, day.opens)) {
					t.Errorf("it opens at %v, want once at %s", got, day.opens)
					return
				}
				report(verdict.Accept, "")
			})
		}
	})
}

// openings lists when a window opens in a time.
func openings(w window.Window, from, until time.Time) []time.Time {
	var all []time.Time
	for s := range w.Spans(from) {
		if !s.From.Before(until) {
			break
		}
		if !s.From.Before(from) {
			all = append(all, s.From)
		}
	}
	return all
}
