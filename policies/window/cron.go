package window

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/orgstore/orgstore/packages/verdict"
)

// maxCron bounds a schedule's length, in bytes.
const maxCron = 256

// The codes of what cannot be read. All are refusals.
const (
	CodeCron   verdict.Code = "window.cron"
	CodeNever  verdict.Code = "window.never"
	CodeLength verdict.Code = "window.length"
	CodeOrder  verdict.Code = "window.order"
)

const cronExample = `examples: "0 2 * * SAT" is Saturday at 02:00, "30 22 1,15 * *" the 1st and 15th at 22:30`

// A Cron says on which days and at which minutes something begins, in five
// fields as in crontab(5): minute, hour, day of the month, month, day of the
// week. Where both days are restricted, either one suffices, as there.
type Cron struct {
	written             string
	minute, hour        set
	day, month, weekday set
	anyDay, anyWeekday  bool
}

// A set holds small numbers.
type set uint64

func (s set) contains(n int) bool { return s&(1<<n) != 0 }

// A field says what may stand in one field of a Cron.
type field struct {
	name     string
	min, max int
	words    []string // names of the numbers from min on
}

var (
	months   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// ParseCron reads five fields. Each is *, a number, a range, a list of them
// joined by commas, or * and ranges with a step such as */15; months and days of
// the week may be named in English by three letters, and Sunday is 0 or 7. What
// never comes, such as the 30th of February, is refused. The error is a
// *verdict.Refusal.
func ParseCron(s string) (Cron, error) {
	fields := strings.Fields(s)
	if len(s) > maxCron || len(fields) != 5 {
		return Cron{}, verdict.Refuse(CodeCron, fmt.Sprintf("%.80q is not a schedule of five fields", s),
			"write minute, hour, day of the month, month and day of the week; "+cronExample)
	}
	c := Cron{written: strings.Join(fields, " "), anyDay: strings.HasPrefix(fields[2], "*"), anyWeekday: strings.HasPrefix(fields[4], "*")}
	for i, into := range []struct {
		field
		set *set
	}{
		{field{"minute", 0, 59, nil}, &c.minute},
		{field{"hour", 0, 23, nil}, &c.hour},
		{field{"day of the month", 1, 31, nil}, &c.day},
		{field{"month", 1, 12, months}, &c.month},
		{field{"day of the week", 0, 7, weekdays}, &c.weekday},
	} {
		var err error
		if *into.set, err = into.parseField(fields[i]); err != nil {
			return Cron{}, err
		}
	}
	if c.weekday.contains(7) {
		c.weekday |= 1
	}
	if !c.hasOccurrence() {
		return Cron{}, verdict.Refuse(CodeNever, fmt.Sprintf("the schedule %q never comes", c.written), "no such day is in those months")
	}
	return c, nil
}

func (f field) parseField(text string) (set, error) {
	var all set
	for _, part := range strings.Split(text, ",") {
		s, ok := f.parseItem(part)
		if !ok {
			return 0, verdict.Refuse(CodeCron, fmt.Sprintf("%.80q is not a %s of a schedule", text, f.name),
				fmt.Sprintf("write *, or numbers from %d to %d; %s", f.min, f.max, cronExample))
		}
		all |= s
	}
	return all, nil
}

// parseItem reads one item of a list.
func (f field) parseItem(text string) (set, bool) {
	span, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		var ok bool
		if step, ok = parseNumber(stepText); !ok || step < 1 || step > f.max {
			return 0, false
		}
	}
	from, to := f.min, f.max
	if span != "*" {
		low, high, ranged := strings.Cut(span, "-")
		var ok bool
		if from, ok = f.parseValue(low); !ok {
			return 0, false
		}
		if to = from; ranged {
			if to, ok = f.parseValue(high); !ok {
				return 0, false
			}
		}
		if to < from || stepped && !ranged {
			return 0, false
		}
	}
	var s set
	for n := from; n <= to; n += step {
		s |= 1 << n
	}
	return s, true
}

func (f field) parseValue(text string) (int, bool) {
	for i, word := range f.words {
		if strings.EqualFold(text, word) {
			return f.min + i, true
		}
	}
	n, ok := parseNumber(text)
	return n, ok && n >= f.min && n <= f.max
}

// parseNumber reads one or two digits, and nothing that strconv allows besides.
func parseNumber(text string) (int, bool) {
	if len(text) < 1 || len(text) > 2 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// hasOccurrence reports whether any day matches. Every combination of day and month comes
// within a leap year; with a day of the week, either suffices.
func (c Cron) hasOccurrence() bool {
	for day := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2028; day = day.AddDate(0, 0, 1) {
		if c.matchesDay(day) {
			return true
		}
	}
	return false
}

// matchesDay reports whether something begins on a date.
func (c Cron) matchesDay(date time.Time) bool {
	day, weekday := c.day.contains(date.Day()), c.weekday.contains(int(date.Weekday()))
	switch {
	case !c.month.contains(int(date.Month())):
		return false
	case c.anyDay || c.anyWeekday:
		return day && weekday
	}
	return day || weekday
}

// String returns the schedule as it was written, with single spaces.
func (c Cron) String() string { return c.written }

// IsZero says whether there is no schedule.
func (c Cron) IsZero() bool { return c.written == "" }
