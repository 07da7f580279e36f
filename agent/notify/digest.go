package notify

import (
	"fmt"
	"time"

	"github.com/orgstore/orgstore/policies/window"
)

// A Digest is a time of each day, by the wall clock of a zone.
type Digest struct {
	Hour, Minute int
	Zone         *time.Location
}

// String says when it is.
func (d Digest) String() string { return fmt.Sprintf("%02d:%02d %s", d.Hour, d.Minute, d.Zone) }

// Before returns when it was last, at a time: that very time counts. Where the
// clocks skip it, it is the first instant after the gap.
func (d Digest) Before(now time.Time) time.Time {
	cron, err := window.ParseCron(fmt.Sprintf("%d %d * * *", d.Minute, d.Hour))
	if err != nil {
		return time.Time{} // no time of a day: settings were checked
	}
	var last time.Time
	for s := range (window.Window{Cron: cron, Zone: d.Zone, Length: time.Minute}).Spans(now.AddDate(0, 0, -3)) {
		if s.From.After(now) {
			break
		}
		last = s.From
	}
	return last
}
