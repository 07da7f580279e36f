package loop

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// made runs a loop in simulated time and returns when its rounds began, in
// seconds since its start.
func made(t *testing.T, length time.Duration, rounds func(n int) (Report, error), wake func(chan<- string)) (began []int, last State) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		wakes := make(chan string)
		if wake != nil {
			go wake(wakes)
		}
		l := &Loop{
			Every: func() time.Duration { return 5 * time.Minute },
			Clock: time.Now, Wake: wakes,
			Told: func(s State) { last = s },
			Round: func(context.Context) (Report, error) {
				began = append(began, int(time.Since(start)/time.Second))
				return rounds(len(began))
			},
		}
		l.Run(ctx)
	})
	return began, last
}

func TestRoundsComeAgain(t *testing.T) {
	began, last := made(t, time.Hour, func(int) (Report, error) { return Report{}, nil }, nil)
	if len(began) < 11 || len(began) > 15 {
		t.Errorf("rounds began at %v", began)
	}
	for i, at := range began[1:] {
		if gap := at - began[i]; gap < 269 || gap > 331 {
			t.Errorf("%d seconds between two rounds", gap)
		}
	}
	if last.Rounds != len(began) || last.Failures != 0 || last.Good.IsZero() {
		t.Errorf("the state says %+v", last)
	}
}

func TestFailuresAreTriedAgainSoonerAtFirst(t *testing.T) {
	began, last := made(t, 30*time.Minute, func(n int) (Report, error) {
		if n <= 7 {
			return Report{}, errors.New("no network")
		}
		return Report{}, nil
	}, nil)
	var gaps []int
	for i, at := range began[1:] {
		gaps = append(gaps, at-began[i])
	}
	if !slices.IsSorted(gaps[:5]) || gaps[0] > 11 || gaps[4] < 140 || slices.Max(gaps) > 331 {
		t.Errorf("seconds between rounds: %v", gaps)
	}
	if last.Failures != 0 || last.Err != nil {
		t.Errorf("a round that went well leaves %+v", last)
	}
}

func TestSomethingOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Loop{Every: func() time.Duration { return time.Hour }, Clock: time.Now}
		s := State{Report: Report{Next: time.Now().Add(90 * time.Second)}}
		if got := l.pause(s, 0.5); got != 91*time.Second {
			t.Errorf("a window opens in 90 s, and it sleeps %s", got)
		}
		s.Report.Next = time.Now().Add(-time.Hour)
		if got := l.pause(s, 0.5); got != shortest {
			t.Errorf("a window opened before, and it sleeps %s", got)
		}
		s.Report.Next = time.Now().Add(48 * time.Hour)
		if got := l.pause(s, 0.5); got != time.Hour {
			t.Errorf("a window opens in two days, and it sleeps %s", got)
		}
		s.Report = Report{Again: true}
		if got := l.pause(s, 0.5); got != firstRetry {
			t.Errorf("another process is at work, and it sleeps %s", got)
		}
		s.Failures = 40 // as after a week without a network
		if got := l.pause(s, 0.99); got > 66*time.Minute {
			t.Errorf("after many failures it sleeps %s", got)
		}
	})
}

func TestWakeUpsComeTogether(t *testing.T) {
	began, last := made(t, 100*time.Second, func(int) (Report, error) { return Report{}, nil }, func(wakes chan<- string) {
		time.Sleep(10 * time.Second)
		for range 5 {
			wakes <- "library"
			time.Sleep(time.Second)
		}
	})
	if len(began) != 2 || began[1] != 16 && began[1] != 17 || last.Why != "library" {
		t.Errorf("rounds began at %v, the last by %s", began, last.Why)
	}
}

// Whatever wakes it again and again, files that never stop changing say, does
// not keep a round from being made.
func TestWakeUpsWithoutEnd(t *testing.T) {
	began, _ := made(t, 2*time.Minute, func(int) (Report, error) { return Report{}, nil }, func(wakes chan<- string) {
		for range 110 {
			wakes <- "library"
			time.Sleep(time.Second)
		}
		for range 10 {
			select {
			case wakes <- "library":
			case <-time.After(time.Second):
			}
		}
	})
	if len(began) < 5 || len(began) > 8 {
		t.Errorf("rounds began at %v", began)
	}
}

func TestStopEndsTheSleep(t *testing.T) {
	began, last := made(t, 7*time.Second, func(int) (Report, error) { return Report{Visuals: []Visual{{GUID: "a"}}}, nil }, nil)
	if len(began) != 1 || len(last.Report.Visuals) != 1 || last.Next.IsZero() {
		t.Errorf("rounds began at %v; the state says %+v", began, last)
	}
}
