package runway

import (
	"fmt"
	"time"

	"github.com/orgstore/orgstore/policies/plan"
)

// words say in a sentence what is here and until when there is time.
func (in Input) words(r Runway, now time.Time) string {
	what := in.what(now)
	if r.State == Ended {
		return fmt.Sprintf("the license of %s ended on %s; %s", in.Name, date(in.Ends.UTC(), now), what)
	}
	return what + "; " + in.lastWords(r, now)
}

func (in Input) what(now time.Time) string {
	switch in.Renewal {
	case Refused:
		return fmt.Sprintf("what is in the library for %s does not help: %s", in.Name, in.Detail)
	case Waiting:
		return fmt.Sprintf("the renewal of %s until %s is here and waits: %s", in.Name, date(in.Until.UTC(), now), in.Detail)
	case Here:
		if in.Begins.After(now) {
			return fmt.Sprintf("the renewal of %s until %s is here and begins on %s", in.Name, date(in.Until.UTC(), now), date(in.Begins.UTC(), now))
		}
		return fmt.Sprintf("the renewal of %s until %s is here and verified", in.Name, date(in.Until.UTC(), now))
	}
	return "nothing in the library for " + in.Name
}

// lastWords name the last chance.
func (in Input) lastWords(r Runway, now time.Time) string {
	end := date(in.Ends.UTC(), now)
	switch {
	case r.Begins.After(in.Ends):
		return fmt.Sprintf("the license before it ends earlier, on %s", end)
	case r.By.IsZero() && in.windowed():
		return fmt.Sprintf("no window that is long enough is left before %s", end)
	case r.By.IsZero():
		return fmt.Sprintf("no time is left before %s", end) + in.because()
	case in.beginsAtEnd(r.Deadline) && in.Policy.Renew == plan.RenewByHand:
		return "a person makes it then"
	case in.beginsAtEnd(r.Deadline):
		return "it is installed then" + in.because()
	case r.Last.Name != "":
		return fmt.Sprintf("the last window before %s is %s", end, in.clock(r.Last.From, r.Last.Name, now)) + in.because()
	case in.Policy.Renew == plan.RenewByHand:
		return fmt.Sprintf("a person makes it, before %s", end)
	case r.By.Before(r.Deadline.Add(-time.Minute)):
		return fmt.Sprintf("the last chance before %s is %s", end, in.clock(r.By, "", now)) + in.because()
	}
	return fmt.Sprintf("it can be changed at any time before %s", end)
}

func (in Input) windowed() bool {
	return in.Policy.Windowed(in.Kind) && len(in.Policy.Calendar.Windows) > 0
}

// because names the people whose time was counted.
func (in Input) because() string {
	switch people := in.Hands + in.Approval; {
	case people < time.Hour:
		return ""
	default:
		return fmt.Sprintf(" (people take %s)", span(people))
	}
}

func (in Input) hint(r Runway) string {
	switch {
	case r.State == Late && r.Begins.After(in.Ends):
		return "ask the vendor for a license that begins where the one before it ends, or earlier"
	case r.State == Late && !r.Begins.IsZero():
		return "it cannot be installed before it begins: let a window be open then, or let renewals be made at any time (renew: automatic)"
	case r.State == Late:
		return fmt.Sprintf("open a window before, or let it through now: orgstore apply --visual %s --override window --reason \"...\"", in.Key.GUID)
	case in.Renewal == Missing:
		return "ask the vendor for the renewed package, and put it into the library"
	case in.Renewal == Waiting:
		return "see what is asked of whom: orgstore plan"
	case in.Renewal == Refused:
		return "see why: orgstore package list; then ask the vendor for a good one"
	}
	return ""
}

// clock writes a time in its window's zone: by the day of the week alone within
// a week, and with the date beyond.
func (in Input) clock(t time.Time, name string, now time.Time) string {
	zone := time.UTC
	for _, w := range in.Policy.Calendar.Windows {
		if w.Name == name && w.Zone != nil {
			zone = w.Zone
		}
	}
	local := t.In(zone)
	text := local.Format("Monday 15:04")
	if t.Before(now) || t.Sub(now) > 6*24*time.Hour {
		text = local.Format("Monday ") + date(local, now) + local.Format(" 15:04")
	}
	return text + " " + zone.String()
}

// date writes a day, and its year where that is not the present one.
func date(t, now time.Time) string {
	if t.Year() == now.UTC().Year() {
		return t.Format("2 January")
	}
	return t.Format("2 January 2006")
}

func span(d time.Duration) string {
	days := d.Round(24*time.Hour) / (24 * time.Hour)
	switch {
	case d < 36*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Round(time.Hour)/time.Hour))
	default:
		return fmt.Sprintf("%d days", days)
	}
}
