// Package loop makes rounds for months: it looks, decides and acts again and
// again, sleeps in between, and wakes up early when something tells it to. It
// does not know what a round does, nor how people are told of it.
package loop

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// settle is how long a wake-up waits for more of its kind: files arrive in
	// pieces, and editors save in several steps.
	settle = 2 * time.Second
	// shortest is the least time between the ends of two rounds, however many
	// wake-ups come.
	shortest = time.Second
	// firstRetry is how long the first failed round is waited for; each further one
	// twice as long, up to the usual time between rounds.
	firstRetry = 10 * time.Second
)

// A Report says what a round found.
type Report struct {
	// Next is when something can change by time alone: a window opens, a soak
	// ends. Zero where nothing does.
	Next time.Time
	// Again says that it is worth to look again in seconds: another process was
	// changing the stores, or a file was still being written.
	Again bool
	// Visuals and Gates are what there is to count.
	Visuals []Visual
	Stores  []Store
	Gates   map[string]int // steps held back, by the kind of gate
	Drift   map[string]int // findings, by class
	Results []Result
	Traffic Traffic
	// Notes are sentences for people: what could not be read, say.
	Notes []string
}

// A Store is one store as a round found it.
type Store struct {
	Name string `json:"name"`
	// UnreachableSince is since when it cannot be read; zero where it can.
	UnreachableSince time.Time `json:"unreachable_since,omitzero"`
}

// A Visual is one visual as a round found it.
type Visual struct {
	GUID    string `json:"guid"`
	Name    string `json:"name"`
	Store   string `json:"store"`
	Version string `json:"version"` // installed; empty where it is not, or nobody knows
	State   string `json:"state"`   // as status says it
	// DaysLeft is nil where no license end is known.
	DaysLeft *int `json:"days_left"`
}

// Traffic is what was asked of a tenant since the agent reached it.
type Traffic struct {
	Requests, Retries, Throttled uint64
	Quotas                       []Quota
}

// A Quota is one of those that were used of late.
type Quota struct {
	Service, Name string
	Left          int // in its own units
}

// A Result is what became of one change.
type Result struct {
	Kind    string `json:"kind"`
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"` // empty where all went well
}

// A State is what is known of a loop after each round, and while one runs.
type State struct {
	Started  time.Time
	Began    time.Time // of the newest round
	Ended    time.Time // of the newest round that ended; zero before the first
	Good     time.Time // when one last ended without an error
	Next     time.Time // when the next begins, at the latest; zero while one runs
	Rounds   int
	Failures int // rounds failed in a row
	Err      error
	Report   Report // of the newest round that ended without an error
	Why      string // what the newest round was woken by
}

// A Loop makes rounds one after another until its context ends.
type Loop struct {
	// Round makes one. Its error ends the round and never the loop.
	Round func(ctx context.Context) (Report, error)
	// Every is the usual time from the end of one to the beginning of the next; a
	// tenth of it more or less keeps many agents from asking at once.
	Every func() time.Duration
	// Wake says that there is something to look at now, and what. It may be nil.
	Wake <-chan string
	// Told is told the state when a round begins and when it has ended.
	Told func(State)
	// Clock tells the time of the day.
	Clock func() time.Time
}

// Run makes rounds until the context ends. A round that runs then is left to
// end by itself: it stops between two changes.
func (l *Loop) Run(ctx context.Context) {
	s := State{Started: l.Clock(), Why: "start"}
	for ctx.Err() == nil {
		s = l.round(ctx, s)
		if ctx.Err() != nil {
			return
		}
		pause := l.pause(s, rand.Float64())
		s.Next = l.Clock().Add(pause)
		l.Told(s)
		s.Why = l.sleep(ctx, pause)
	}
}

func (l *Loop) round(ctx context.Context, s State) State {
	s.Began, s.Next = l.Clock(), time.Time{}
	l.Told(s)
	report, err := l.Round(ctx)
	s.Ended, s.Err = l.Clock(), err
	s.Rounds++
	if err != nil {
		s.Failures++
		return s
	}
	s.Good, s.Failures, s.Report = s.Ended, 0, report
	return s
}

// pause is how long to sleep after a round. The dice is from 0 up to 1.
func (l *Loop) pause(s State, dice float64) time.Duration {
	every := l.Every()
	usual := time.Duration(float64(every) * (0.9 + 0.2*dice))
	switch {
	case s.Failures > 0:
		retry := firstRetry << min(s.Failures-1, 16)
		return max(shortest, min(usual, time.Duration(float64(retry)*(0.9+0.2*dice))))
	case s.Report.Again:
		usual = min(usual, firstRetry)
	}
	if next := s.Report.Next; !next.IsZero() {
		// A moment later than what opens then, so that it is open.
		usual = min(usual, next.Sub(l.Clock())+shortest)
	}
	return max(shortest, usual)
}

// sleep waits, and says what ended it. Wake-ups that come together end one sleep.
func (l *Loop) sleep(ctx context.Context, pause time.Duration) string {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return "stop"
	case <-timer.C:
		return "time"
	case why := <-l.Wake:
		l.gather(ctx)
		return why
	}
}

// gather waits until wake-ups stop coming, at most ten times as long as they
// are given to settle.
func (l *Loop) gather(ctx context.Context) {
	enough := time.NewTimer(10 * settle)
	defer enough.Stop()
	for {
		quiet := time.NewTimer(settle)
		select {
		case <-ctx.Done():
		case <-enough.C:
		case <-quiet.C:
		case <-l.Wake:
			quiet.Stop()
			continue
		}
		quiet.Stop()
		return
	}
}
