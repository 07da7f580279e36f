package window_test

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/window"
)

// How windows and freezes hold while an hour is shown twice. The times are those of
// the night in Rome on which the clocks are put back from 3:00 to 2:00: each mark is a
// quarter of an hour, from 1:00 on: one hour, the two showings of the next, two more.
func TestTheRepeatedHour(t *testing.T) {
	from := at(t, "2027-10-30T23:00:00Z")
	for _, c := range []struct {
		name, cron     string
		length         time.Duration
		window, freeze string
	}{
		{"a piece for each hour", "0 * * * *", time.Hour, "#### #### #### #### ####", "#### #### #### #### ####"},
		{"a piece for each half hour", "0,30 * * * *", 30 * time.Minute, "#### #### #### #### ####", "#### #### #### #### ####"},
		{"a piece for each three hours", "0 1-22/3 * * *", 3 * time.Hour, "#### #### #### .... ####", "#### #### #### #### ####"},
		{"the hour alone", "0 2 * * *", time.Hour, ".... #### #### .... ....", ".... #### #### .... ...."},
		{"the beginning of the hour", "0 2 * * *", 30 * time.Minute, ".... ##.. .... .... ....", ".... ##.. ##.. .... ...."},
		{"the end of the hour", "30 2 * * *", 30 * time.Minute, ".... ..## .... .... ....", ".... ..## ..## .... ...."},
		{"up to the hour", "0 1 * * *", time.Hour, "#### .... .... .... ....", "#### .... .... .... ...."},
		{"into the hour", "30 1 * * *", time.Hour, "..## ##.. .... .... ....", "..## ##.. ##.. .... ...."},
		{"two hours, as they elapse in a window", "0 1 * * *", 2 * time.Hour, "#### #### #### .... ....", "#### #### #### .... ...."},
		{"three hours, as they elapse in a window", "0 1 * * *", 3 * time.Hour, "#### #### #### .... ....", "#### #### #### #### ...."},
		{"out of the hour", "30 2 * * *", time.Hour, ".... ..## ##.. .... ....", ".... ..## #### ##.. ...."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := window.Window{Name: "w", Cron: cron(t, c.cron), Zone: zone(t, "Europe/Rome"), Length: c.length}
			marks := func(c window.Calendar, isOpen, isShut string) string {
				var text strings.Builder
				for quarter := range 20 {
					if quarter > 0 && quarter%4 == 0 {
						text.WriteString(" ")
					}
					if c.EvaluateAt(from.Add(time.Duration(quarter)*15*time.Minute), change.Upgrade, 0).Open {
						text.WriteString(isOpen)
					} else {
						text.WriteString(isShut)
					}
				}
				return text.String()
			}
			if got := marks(window.Calendar{Windows: []window.Window{w}}, "#", "."); got != c.window {
				t.Errorf("a window holds %s, want %s", got, c.window)
			}
			if got := marks(window.Calendar{Freezes: []window.Freeze{{Window: w}}}, ".", "#"); got != c.freeze {
				t.Errorf("a freeze holds %s, want %s", got, c.freeze)
			}
		})
	}
}

// Half an hour is shown twice in Lord Howe, and the last hour of a day in Santiago.
func TestFreezesOfPiecesHaveNoHole(t *testing.T) {
	for name, around := range map[string]string{
		"Europe/Rome": "2027-10-31T01:00:00Z", "Australia/Lord_Howe": "2027-04-03T15:00:00Z", "America/Santiago": "2027-04-04T03:00:00Z", "Africa/Cairo": "2027-10-28T21:00:00Z",
	} {
		for expression, length := range map[string]time.Duration{"0 * * * *": time.Hour, "0,30 * * * *": 30 * time.Minute, "*/5 * * * *": 5 * time.Minute, "0 */6 * * *": 6 * time.Hour, "0 0 * * *": 24 * time.Hour} {
			c := window.Calendar{Freezes: []window.Freeze{{Window: window.Window{Cron: cron(t, expression), Zone: zone(t, name), Length: length}}}}
			from, until := at(t, around).Add(-5*time.Hour), at(t, around).Add(5*time.Hour)
			if open := openTimes(c, from, until); len(open) > 0 {
				t.Errorf("%s of %s in %s is open %s", expression, length, name, firstDifference(open, nil, zone(t, name)))
			}
		}
	}
}

// Five days from the 28th end with a day, and 120 hours when they have elapsed.
func TestDaysAreThoseOfTheCalendar(t *testing.T) {
	rome := zone(t, "Europe/Rome")
	for _, c := range []struct{ from, days, hours string }{
		{"2027-10-20T00:00:00Z", "2027-11-01T23:00:00Z", "2027-11-01T22:00:00Z"},
		{"2027-03-20T00:00:00Z", "2027-04-01T22:00:00Z", "2027-04-01T23:00:00Z"},
		{"2026-11-20T00:00:00Z", "2026-12-02T23:00:00Z", "2026-12-02T23:00:00Z"},
	} {
		for want, w := range map[string]window.Window{
			c.days:  {Cron: cron(t, "0 0 28 * *"), Zone: rome, Days: 5},
			c.hours: {Cron: cron(t, "0 0 28 * *"), Zone: rome, Length: 120 * time.Hour},
		} {
			for s := range w.Spans(at(t, c.from)) {
				if !s.Until.Equal(at(t, want)) {
					t.Errorf("%s from %s end at %s, want %s", w.LengthText(), c.from, text(s.Until), want)
				}
				break
			}
			frozen := window.Calendar{Freezes: []window.Freeze{{Window: w}}}.EvaluateAt(at(t, want).Add(-time.Minute), change.Upgrade, 0)
			if !frozen.Freeze.Until.Equal(at(t, want)) {
				t.Errorf("a freeze of %s ends at %s, want %s", w.LengthText(), text(frozen.Freeze.Until), want)
			}
		}
	}
}

// A day that begins or ends in a gap, or of which the clocks skip all.
func TestDaysAndGaps(t *testing.T) {
	for _, c := range []struct{ name, zone, cron, after, from, until string }{
		{"it begins in a gap", "Africa/Cairo", "0 0 * * *", "2026-04-23T22:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},
		{"it ends in a gap", "Africa/Cairo", "0 0 * * *", "2026-04-23T21:59:00Z", "2026-04-22T22:00:00Z", "2026-04-23T22:00:00Z"},
		{"of two beginnings in a gap the later counts", "Europe/Rome", "10,50 2 29 3 *", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:50:00Z"},
		{"the day that never was", "Pacific/Apia", "0 12 29 12 *", "2011-12-29T23:00:00Z", "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z"},
	} {
		w := window.Window{Cron: cron(t, c.cron), Zone: zone(t, c.zone), Days: 1}
		for s := range w.Spans(at(t, c.after)) {
			if text(s.From) != c.from || text(s.Until) != c.until {
				t.Errorf("%s: from %s to %s, want %s to %s", c.name, text(s.From), text(s.Until), c.from, c.until)
			}
			break
		}
	}
}

// Beyond 2037 zones have rules in place of a table.
func TestFarAhead(t *testing.T) {
	for _, name := range walkedZones {
		c := window.Calendar{Freezes: []window.Freeze{{Window: window.Window{Cron: cron(t, "0 0 29 2 *"), Zone: zone(t, name), Days: 1}}}}
		n := 0
		for s := range c.OpenSpans(at(t, "2036-12-01T00:00:00Z"), change.Upgrade) {
			if n++; s.Until.IsZero() {
				break
			}
		}
		if n < 10 {
			t.Errorf("%s: %d spans", name, n)
		}
	}
	c := window.Calendar{Freezes: []window.Freeze{{Window: window.Window{Cron: cron(t, "0 * * * *"), Zone: zone(t, "Europe/Rome"), Length: time.Hour}}}}
	if open := openTimes(c, at(t, "2047-12-01T00:30:00Z"), at(t, "2050-01-01T00:00:00Z")); len(open) > 0 {
		t.Errorf("open %s", firstDifference(open, nil, time.UTC))
	}
}

func TestLengthText(t *testing.T) {
	for want, w := range map[string]window.Window{
		"5 days": {Days: 5}, "1 day": {Days: 1}, "120 hours": {Length: 120 * time.Hour}, "1 hour": {Length: time.Hour}, "90 minutes": {Length: 90 * time.Minute},
		"1 minute": {Length: time.Minute}, "0 minutes": {}, "1 day and 2 hours": {Days: 1, Length: 2 * time.Hour}, "1m30s": {Length: 90 * time.Second},
	} {
		if got := w.LengthText(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
