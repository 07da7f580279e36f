package moment_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/moment"
)

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func TestSettle(t *testing.T) {
	const unknown = -1
	for _, c := range []struct {
		name   string
		wall   time.Duration // after noon
		mark   bool          // at noon; else none
		passed time.Duration
		at     time.Duration
		state  moment.State
	}{
		{"no mark", -time.Hour, false, unknown, -time.Hour, moment.Steady},
		{"no mark, whatever passed", 100 * time.Hour, false, 0, 100 * time.Hour, moment.Steady},
		{"clock and mark agree", 0, true, 0, 0, moment.Steady},
		{"behind, within five minutes", -5 * time.Minute, true, 0, 0, moment.Steady},
		{"behind, more than five minutes", -5*time.Minute - 1, true, 0, 0, moment.Back},
		{"E4 set back a year", -365 * 24 * time.Hour, true, unknown, 0, moment.Back},
		{"before it, within ten minutes", 10 * time.Minute, true, 0, 10 * time.Minute, moment.Steady},
		{"before it, more than ten minutes", 10*time.Minute + 1, true, 0, 10*time.Minute + 1, moment.Ahead},
		{"an hour later, after an hour", time.Hour, true, time.Hour, time.Hour, moment.Steady},
		{"an hour and more later, after an hour", 71 * time.Minute, true, time.Hour, 71 * time.Minute, moment.Ahead},
		{"a year later, nobody knows what passed", 365 * 24 * time.Hour, true, unknown, 365 * 24 * time.Hour, moment.Steady},
		{"the clock stood still while an hour passed", 0, true, time.Hour, 0, moment.Steady},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mark moment.Mark
			if c.mark {
				mark.Trusted = noon
			}
			m := moment.Settle(noon.Add(c.wall), mark, c.passed)
			if !m.Time().Equal(noon.Add(c.at)) || m.State() != c.state {
				t.Errorf("got %s, %s; want %s, %s", m.Time(), m.State(), noon.Add(c.at), c.state)
			}
		})
	}
}

// TestClockSetTo2099 is E5: the wall clock alone never raises the mark, so a
// date that was wrong once does no harm later.
func TestClockSetTo2099(t *testing.T) {
	mark := moment.Mark{Trusted: noon}
	wrong := moment.Settle(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), mark, time.Minute)
	if wrong.State() != moment.Ahead {
		t.Errorf("in 2099 the clock is %s", wrong.State())
	}
	right := moment.Settle(noon.Add(time.Hour), mark, time.Hour)
	if right.State() != moment.Steady || !right.Time().Equal(noon.Add(time.Hour)) {
		t.Errorf("put right, it is %s and the clock is %s", right.Time(), right.State())
	}
}

func TestRaise(t *testing.T) {
	m := moment.Mark{}.Raise(noon)
	if !m.Trusted.Equal(noon) {
		t.Errorf("raised to %s", m.Trusted)
	}
	if lower := m.Raise(noon.Add(-time.Second)); lower != m {
		t.Errorf("lowered to %s", lower.Trusted)
	}
	east := time.FixedZone("east", 3600)
	if higher := m.Raise(noon.Add(time.Hour).In(east)); !higher.Trusted.Equal(noon.Add(time.Hour)) || higher.Trusted.Location() != time.UTC {
		t.Errorf("raised to %s", higher.Trusted)
	}
}

// TestZero: the moment that nobody settled is before everything.
func TestZero(t *testing.T) {
	var m moment.Moment
	if !m.Time().IsZero() || !m.Before(noon) || m.Since(noon) >= 0 {
		t.Errorf("the zero moment is %s", m.Time())
	}
}

// TestMoment: never before the mark, never before the clock, in UTC, and back
// or ahead only where it differs from the mark by more than is allowed.
func TestMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(-1e7, 1e7)
		zone := time.FixedZone("", int(rapid.Int64Range(-12*3600, 14*3600).Draw(t, "zone")))
		wall := noon.Add(time.Duration(seconds.Draw(t, "wall")) * time.Second).In(zone)
		mark := moment.Mark{Trusted: noon.Add(time.Duration(seconds.Draw(t, "mark")) * time.Second).In(zone)}
		passed := time.Duration(rapid.Int64Range(-1, 1e6).Draw(t, "passed")) * time.Second
		m := moment.Settle(wall, mark, passed)
		if m.Time().Before(mark.Trusted) || m.Time().Before(wall) || m.Time().Location() != time.UTC {
			t.Errorf("clock %s, mark %s: %s", wall, mark.Trusted, m.Time())
		}
		if (m.State() == moment.Back) != (mark.Trusted.Sub(wall) > 5*time.Minute) {
			t.Errorf("clock %s, mark %s: %s", wall, mark.Trusted, m.State())
		}
		if m.State() == moment.Ahead && wall.Sub(mark.Trusted) <= passed+10*time.Minute {
			t.Errorf("clock %s, mark %s, passed %s: %s", wall, mark.Trusted, passed, m.State())
		}
		if !m.Before(m.Time().Add(1)) || m.Before(m.Time()) || m.Since(m.Time().Add(-time.Hour)) != time.Hour {
			t.Error("Before and Since disagree with Time")
		}
	})
}
