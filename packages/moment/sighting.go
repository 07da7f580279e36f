package moment

import (
	"cmp"
	"slices"
	"time"
)

const (
	// leastRaise is how much later than the mark a time must be to be worth a
	// new one: marks are kept for ever, and a mark of an hour ago holds nobody up
	// who turned a clock back by days.
	leastRaise = time.Hour
	// mostRaiseByOneHost is how far one host alone may raise a mark.
	mostRaiseByOneHost = 24 * time.Hour
	// hostTolerance is how far two hosts may differ and still say the same.
	hostTolerance = 10 * time.Minute
)

// A Sighting is the time that one host told over an authenticated connection.
type Sighting struct {
	Host string
	At   time.Time
}

// Witnessed says to which time what hosts told raises a mark, and which hosts
// told it, sorted; false where it is not worth a new mark, or nobody may be believed.
//
// A host is believed alone if its time is at most a day later than the mark.
// What is later than that, or follows no mark at all, needs another host that
// says the same within ten minutes; then the earlier of the two counts. One
// machine with a wrong date would otherwise keep every license that is good
// from being used, for years.
func (m Mark) Witnessed(seen []Sighting) (to time.Time, by []string, ok bool) {
	newest := slices.SortedFunc(slices.Values(newestPerHost(seen)), func(a, b Sighting) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Host, b.Host))
	})
	for i, s := range newest {
		switch {
		case !m.Trusted.IsZero() && s.At.Before(m.Trusted.Add(leastRaise)):
			return time.Time{}, nil, false // and those that follow are earlier
		case !m.Trusted.IsZero() && !s.At.After(m.Trusted.Add(mostRaiseByOneHost)):
			return s.At.UTC(), []string{s.Host}, true
		case i+1 < len(newest) && s.At.Sub(newest[i+1].At) <= hostTolerance && isNoticeablyLater(m, newest[i+1].At):
			by := []string{newest[i+1].Host, s.Host}
			slices.Sort(by)
			return newest[i+1].At.UTC(), by, true
		}
	}
	return time.Time{}, nil, false
}

func isNoticeablyLater(m Mark, at time.Time) bool {
	return m.Trusted.IsZero() || !at.Before(m.Trusted.Add(leastRaise))
}

// newestPerHost keeps the newest time of each host: a host agrees with nobody by
// saying a thing twice.
func newestPerHost(seen []Sighting) []Sighting {
	sorted := slices.SortedFunc(slices.Values(seen), func(a, b Sighting) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), b.At.Compare(a.At))
	})
	return slices.CompactFunc(sorted, func(a, b Sighting) bool { return a.Host == b.Host })
}
