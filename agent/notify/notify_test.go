package notify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
	"github.com/orgstore/orgstore/policies/runway"
	"github.com/orgstore/orgstore/policies/window"
)

const day = 24 * time.Hour

var end = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

func guid(t testing.TB) visual.GUID {
	t.Helper()
	g, err := visual.ParseGUID("auroraGauge")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// said are the events and levels of notices with the last word of their keys.
func said(all []notify.Notice) string {
	var words []string
	for _, n := range all {
		words = append(words, fmt.Sprintf("%s %s %s", n.Event, n.Level, n.Key[strings.LastIndex(n.Key, "/")+1:]))
	}
	return strings.Join(words, ", ")
}

func TestLicenses(t *testing.T) {
	weekend := window.Span{Name: "weekend", From: end.Add(-46 * time.Hour), Until: end.Add(-42 * time.Hour)}
	for _, c := range []struct {
		name    string
		left    time.Duration
		renewal runway.Renewal
		by      time.Duration // before the end; 0: none is left
		want    string
	}{
		{"a month and a day", 31 * day, runway.Missing, 42 * time.Hour, ""},
		{"a month", 30 * day, runway.Missing, 42 * time.Hour, "license.ending info 30d"},
		{"between", 15 * day, runway.Missing, 42 * time.Hour, "license.ending info 30d"},
		{"two weeks", 14*day + time.Hour, runway.Missing, 42 * time.Hour, "license.ending warning 14d"},
		{"a week", 7 * day, runway.Refused, 42 * time.Hour, "license.ending warning 7d"},
		{"two days before the last window", 94 * time.Hour, runway.Missing, 42 * time.Hour, "license.ending alarm 3d, license.last_window alarm 2027-03-01"},
		{"a day", day, runway.Missing, 0, "license.ending alarm 1d, license.last_window alarm passed"},
		{"hours", time.Hour, runway.Missing, 0, "license.ending alarm 1d, license.last_window alarm passed"},
		{"ended", 0, runway.Missing, 0, "license.ended alarm 2027-03-01"},
		{"long ended", -100 * day, runway.Missing, 0, "license.ended alarm 2027-03-01"},
		{"no window in a year", 300 * day, runway.Missing, 0, ""},
		{"here and in time", 7 * day, runway.Here, 42 * time.Hour, ""},
		{"here and not in yet", 3 * day, runway.Here, 42 * time.Hour, "license.ending alarm 3d"},
		{"here and too late", 20 * day, runway.Here, 0, "license.ending alarm 30d"},
		{"a person was told already", 30 * day, runway.Waiting, 42 * time.Hour, ""},
		{"with a person", 14 * day, runway.Waiting, 42 * time.Hour, "license.ending warning 14d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := end.Add(-c.left)
			r := runway.Runway{
				Key: store.Key{Store: "store", GUID: guid(t)}, Name: "Aurora Gauge", Ends: end, DaysLeft: int(c.left / day),
				Renewal: c.renewal, State: runway.State(c.renewal), Message: "nothing is here",
			}
			if c.by > 0 {
				r.By, r.Last = end.Add(-c.by), weekend
			}
			switch {
			case c.left <= 0:
				r.State = runway.Ended
			case c.by == 0 && c.renewal == runway.Here:
				r.State = runway.Late
			}
			all := notify.Licenses([]runway.Runway{r}, now)
			if got := said(all); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
			for _, n := range all {
				if n.GUID != "auroraGauge" || n.Name != "Aurora Gauge" || n.Title == "" || n.Text != "Nothing is here." {
					t.Errorf("%+v", n)
				}
			}
		})
	}
}

// A renewal that begins as the license before it ends is the usual case: nothing is
// told before, and it is told if it is not in once it has begun.
func TestRenewalThatBeginsAtTheEnd(t *testing.T) {
	r := runway.Runway{
		Key: store.Key{Store: "store", GUID: guid(t)}, Ends: end, DaysLeft: 1, By: end,
		Renewal: runway.Here, State: "here", Begins: end, Until: end.AddDate(1, 0, 0),
	}
	if got := said(notify.Licenses([]runway.Runway{r}, end.Add(-day))); got != "" {
		t.Errorf("before it begins: %s", got)
	}
	r.State, r.By = runway.Late, time.Time{}
	if got := said(notify.Licenses([]runway.Runway{r}, end.Add(-day))); got != "license.ending alarm 1d" {
		t.Errorf("if no window is open then: %s", got)
	}
	r.State, r.DaysLeft, r.Begins = runway.Ended, 0, time.Time{}
	if got := said(notify.Licenses([]runway.Runway{r}, end)); got != "license.ended alarm 2027-03-01" {
		t.Errorf("once it has begun: %s", got)
	}
}

// Another end is another license: what was said of the last one is no longer so.
func TestANewEndIsToldAnew(t *testing.T) {
	at := func(ends time.Time) string {
		r := runway.Runway{Key: store.Key{Store: "store", GUID: guid(t)}, Ends: ends, DaysLeft: 30, Renewal: runway.Missing, State: "missing"}
		return notify.Licenses([]runway.Runway{r}, ends.Add(-30*day))[0].Key
	}
	if a, b := at(end), at(end.AddDate(1, 0, 0)); a == b {
		t.Errorf("both are %s", a)
	}
}

func TestExpiries(t *testing.T) {
	e := notify.Expiry{Event: notify.SignInEnding, What: "the certificate", Ends: end, Hint: "make a new one"}
	for left, want := range map[time.Duration]string{
		31 * day: "", 30 * day: "sign_in.ending warning 30d", 10 * day: "sign_in.ending warning 14d", 2 * day: "sign_in.ending alarm 3d",
		time.Minute: "sign_in.ending alarm 1d", 0: "sign_in.ending alarm ended", -50 * day: "sign_in.ending alarm ended",
	} {
		if got := said(notify.Expiries([]notify.Expiry{e}, end.Add(-left))); got != want {
			t.Errorf("%s before: got %q, want %q", left, got, want)
		}
	}
}

func TestGatesSayWhoWaits(t *testing.T) {
	h := notify.Held{
		Step: plan.Step{ID: "s1", Key: store.Key{Store: "store", GUID: guid(t)}, Kind: "upgrade", Reason: plan.Reason{Message: "1.5 is allowed"}},
		Gate: plan.Gate{Kind: plan.GateReview, Message: "fewer seats than before", Hint: "decide"},
	}
	all := notify.Gates([]notify.Held{h})
	if n := all[0]; n.Code != "gate.review" || n.Title != "auroraGauge: upgrade waits for a person (review)" || n.Text != "fewer seats than before.\n1.5 is allowed." {
		t.Errorf("%+v", n)
	}
}

func TestDigest(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		hour, minute int
		now, want    string
	}{
		{8, 0, "2026-11-23T06:59:59Z", "2026-11-22T07:00:00Z"},
		{8, 0, "2026-11-23T07:00:00Z", "2026-11-23T07:00:00Z"},
		{8, 0, "2026-11-23T22:00:00Z", "2026-11-23T07:00:00Z"},
		{2, 30, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"}, // the clocks skip it
		{2, 30, "2026-10-25T01:45:00Z", "2026-10-25T00:30:00Z"}, // they show it twice
		{0, 0, "2026-10-25T23:00:00Z", "2026-10-25T23:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		d := notify.Digest{Hour: c.hour, Minute: c.minute, Zone: rome}
		if got := d.Before(now).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s at %s: %s, want %s", d, c.now, got, c.want)
		}
	}
}

func notices(n int) []notify.Notice {
	var all []notify.Notice
	for i := range n {
		all = append(all, notify.Notice{Key: fmt.Sprintf("k/%d", i), Event: notify.ChangeDone, Level: notify.Info, Title: fmt.Sprintf("notice %d", i)})
	}
	return all
}

func TestMessages(t *testing.T) {
	now := end
	for _, c := range []struct {
		due    int
		digest bool
		want   int
	}{{0, false, 0}, {0, true, 0}, {5, false, 5}, {6, false, 1}, {3, true, 1}} {
		if got := notify.Messages("x", notices(c.due), c.digest, now); len(got) != c.want {
			t.Errorf("%+v: %d messages", c, len(got))
		}
	}
	one, again, other := notify.Messages("x", notices(1), false, now)[0], notify.Messages("x", notices(1), true, now.Add(day))[0], notify.Messages("y", notices(1), false, now)[0]
	if one.ID != again.ID || one.ID == other.ID || !strings.HasPrefix(one.ID, "msg_") {
		t.Errorf("ids %s, %s, %s", one.ID, again.ID, other.ID)
	}
	if all := notify.Messages("x", notices(7), false, now)[0]; all.Subject() != "[orgstore] 7 notices: notice 0" {
		t.Errorf("%s", all.Subject())
	}
}

func TestDue(t *testing.T) {
	since := journaltest.Book(t, journal.Notified{Channel: "x"})
	begun, _ := since.Channel("x")
	old := notify.Notice{Key: "old", Event: notify.ChangeFailed, Level: notify.Alarm, At: begun.Since.Add(-time.Second)}
	fresh := notify.Notice{Key: "new", Event: notify.ChangeFailed, Level: notify.Alarm, At: begun.Since.Add(time.Hour)}
	state := notify.Notice{Key: "state", Event: notify.LicenseEnding, Level: notify.Info}
	told := notify.Notice{Key: "told", Event: notify.LicenseEnding, Level: notify.Info}
	all := []notify.Notice{old, told, state, state, fresh}
	book := journaltest.Book(t, journal.Notified{Channel: "x"}, journal.Notified{Channel: "x", Message: "m", Notices: []journal.ToldNotice{{Key: "told"}}})
	for _, c := range []struct {
		name   string
		book   journal.Book
		events []string
		want   []string
	}{
		{"all", book, nil, []string{"new", "state"}},
		{"a group", book, []string{"license"}, []string{"state"}},
		{"an event", book, []string{"change.failed"}, []string{"new"}},
		{"another event of the group", book, []string{"change.done"}, nil},
		{"a channel that never began is told how things stand", journal.Book{}, nil, []string{"told", "state"}},
	} {
		var got []string
		for _, n := range (notify.Channel{Name: "x", Events: c.events}).Due(c.book, all) {
			got = append(got, n.Key)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Of a change that left nobody knowing what came of it people are told at once, and
// not once more when somebody has looked.
func TestWhatNobodyCanTellIsToldOnce(t *testing.T) {
	step := plan.Step{ID: "up", Key: journaltest.Key(), Name: "Aurora Gauge", Kind: change.Upgrade, From: store.State{Presence: store.Absent}, To: store.State{Presence: store.Absent}}
	begun, odd := journal.Begun{Step: step, Attempt: 1}, journal.Unclear{Step: "up", Message: "it was answered with the status 202"}
	open := notify.Changes(journaltest.Book(t, begun, odd))
	if len(open) != 1 || open[0].Event != notify.ChangeFailed || !strings.Contains(open[0].Title, "nobody can tell what came of upgrade") ||
		!strings.Contains(open[0].Text, "status 202") || !strings.Contains(open[0].Hint, "store baseline") {
		t.Fatalf("told: %+v", open)
	}
	closed := notify.Changes(journaltest.Book(t, begun, odd, journal.Failed{Step: "up", Message: "a person looked", StoreState: journal.Uncertain}))
	if len(closed) != 1 || closed[0].Key != open[0].Key {
		t.Errorf("later: %+v", closed)
	}
}
