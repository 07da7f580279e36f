// Package moment settles the wall clock against a saved mark, so that a
// decision rests on one trusted moment instead of on whatever the machine's
// clock says. It knows nothing of where marks are kept or who reads the clock.
//
// A license ends at a moment; who can turn the clock back could keep one alive
// for ever, and who turned it forward by mistake must not be locked out for
// years. So a moment is never before the newest trusted time seen, and the wall
// clock alone never raises that mark.
package moment

import "time"

const (
	// backTolerance is how far a clock may lag behind the mark before that
	// counts as having gone back: clocks of healthy machines drift by less.
	backTolerance = 5 * time.Minute
	// aheadTolerance is how far a clock may lead the newest trusted time plus
	// the time known to have passed since.
	aheadTolerance = 10 * time.Minute
)

// A State says what the comparison of clock and mark found.
type State string

// The states of a moment.
const (
	// Steady: clock and mark agree, or no mark is known yet.
	Steady State = "steady"
	// Back: the clock is more than five minutes behind the mark. Ends of
	// licenses are judged by the mark and every change needs review.
	Back State = "back"
	// Ahead: the clock leads the trusted time plus the time that passed since
	// by more than ten minutes.
	Ahead State = "ahead"
)

// A Mark is the newest trusted time seen: Microsoft's authenticated Date
// header, or the issue time of something signed. The zero Mark trusts nothing.
type Mark struct {
	Trusted time.Time `json:"trusted,omitzero"`
}

// Raise returns the mark raised to a trusted time, never lowered.
func (m Mark) Raise(trusted time.Time) Mark {
	if trusted.After(m.Trusted) {
		return Mark{trusted.UTC()}
	}
	return m
}

// A Moment is one trusted point in time. Only Settle makes one, so a bare
// time.Now() does not compile where trusted time is needed.
type Moment struct {
	at    time.Time
	state State
}

// Settle compares the wall clock with the mark. The moment is the later of the
// two. Passed is the time known from a monotonic clock to have gone by since
// the mark was set, or negative where that is not known (after a restart, say);
// without it a clock cannot be called ahead.
func Settle(wall time.Time, mark Mark, passed time.Duration) Moment {
	switch {
	case mark.Trusted.IsZero():
		return Moment{wall.UTC(), Steady}
	case wall.Before(mark.Trusted.Add(-backTolerance)):
		return Moment{mark.Trusted.UTC(), Back}
	case wall.Before(mark.Trusted):
		return Moment{mark.Trusted.UTC(), Steady}
	case passed >= 0 && wall.After(mark.Trusted.Add(passed+aheadTolerance)):
		return Moment{wall.UTC(), Ahead}
	}
	return Moment{wall.UTC(), Steady}
}

// Time returns the trusted time, in UTC. The zero Moment returns the zero time,
// which is before every license's beginning.
func (m Moment) Time() time.Time { return m.at }

// State says how the clock stood against the mark.
func (m Moment) State() State { return m.state }

// Before says whether the moment lies before t.
func (m Moment) Before(t time.Time) bool { return m.at.Before(t) }

// Since returns the time from t to the moment; negative if t lies ahead.
func (m Moment) Since(t time.Time) time.Duration { return m.at.Sub(t) }
