package activity_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/activity"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/disk/statefile"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/policies/drift"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// A reading is a reader on a disk and a log in memory, and what it noted.
type reading struct {
	activity.Reader
	notes []string
}

func newReading(t *testing.T, d disk.Disk) *reading {
	t.Helper()
	if err := d.MkdirAll("/data", 0o700); err != nil {
		t.Fatal(err)
	}
	r := &reading{}
	r.Reader = activity.Reader{
		Disk: d, Folder: "/data", Journal: journaltest.Open(t, &journaltest.Log{}), Tx: journaltest.Tx(t), Now: func() time.Time { return now },
		Note: func(format string, args ...any) { r.notes = append(r.notes, fmt.Sprintf(format, args...)) },
	}
	return r
}

func (r *reading) cursor(t *testing.T) activity.Cursor {
	t.Helper()
	c, err := r.LastCursor()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t *testing.T, d disk.Disk, text string) {
	t.Helper()
	err := disk.Replace(d, "/data/activity.cursor", 0o600, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func saved(t *testing.T, d disk.Disk) string {
	t.Helper()
	text, err := disk.ReadFile(d, "/data/activity.cursor", 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A telling tenant tells the same events each time. It keeps what it was asked.
type telling struct {
	events []tenant.Event
	next   string
	until  time.Time
	err    error
	hangs  bool

	marks    []string
	deadline time.Time
}

func (s *telling) Changes(ctx context.Context, mark []byte, _ time.Time) ([]tenant.Event, []byte, time.Time, error) {
	s.marks = append(s.marks, string(mark))
	s.deadline, _ = ctx.Deadline()
	if s.hangs {
		return s.events, []byte(s.next), s.until, context.Canceled
	}
	return s.events, []byte(s.next), s.until, s.err
}

func events(ids ...string) []tenant.Event {
	var all []tenant.Event
	for _, id := range ids {
		all = append(all, tenant.Event{ID: id, At: now.Add(-time.Hour), Operation: tenant.Updated, User: "bob@contoso.com", Item: "Aurora Gauge"})
	}
	return all
}

func TestEventsAreRecordedOnce(t *testing.T) {
	r := newReading(t, disktest.NewLossy())
	if c := r.cursor(t); !c.IsDue(now) || !c.Until.IsZero() || c.Mark != nil {
		t.Errorf("the first cursor is %+v", c)
	}
	from := &telling{events: events("one", "two"), next: `{"day":1}`, until: now.Add(-time.Minute)}
	c, err := r.Read(t.Context(), from, r.cursor(t), true)
	if err != nil || !c.Until.Equal(from.until) {
		t.Fatalf("read until %v, %v", c.Until, err)
	}
	from.events, from.next = events("two", "three"), `{"day":2}`
	if _, err := r.Read(t.Context(), from, r.cursor(t), true); err != nil {
		t.Fatal(err)
	}
	if seq := r.Journal.Book().Seq(); seq != 3 {
		t.Errorf("the journal has %d entries, not one for each event", seq)
	}
	for _, id := range []string{"one", "two", "three"} {
		if !r.Journal.Book().HasEvent(id) {
			t.Errorf("the event %s is not recorded", id)
		}
	}
	if from.marks[0] != "" || from.marks[1] != `{"day":1}` {
		t.Errorf("it was read from %q", from.marks)
	}
	if want := `{"orgstore_activity":1,"asked":"2026-11-23T10:00:00Z","until":"2026-11-23T09:59:00Z","mark":{"day":2}}`; saved(t, r.Disk) != want {
		t.Errorf("the file holds %s", saved(t, r.Disk))
	}
}

func TestWhenItIsRead(t *testing.T) {
	asked := activity.Cursor{Asked: now}
	for after, want := range map[time.Duration]bool{
		0: false, 15*time.Minute - 1: false, 15 * time.Minute: true, time.Hour: true,
		-1: true, // the clock went back: nobody knows when it was asked
	} {
		if asked.IsDue(now.Add(after)) != want {
			t.Errorf("%v after it was asked: due is %v", after, !want)
		}
	}
}

func TestACommandAboutSomethingElseDoesNotWaitLong(t *testing.T) {
	for atOnce, most := range map[bool]time.Duration{true: 0, false: 20 * time.Second} {
		r, from := newReading(t, disktest.NewLossy()), &telling{}
		if _, err := r.Read(t.Context(), from, activity.Cursor{}, atOnce); err != nil {
			t.Fatal(err)
		}
		if from.deadline.IsZero() != (most == 0) || most > 0 && time.Until(from.deadline) > most {
			t.Errorf("at once is %v: it may take until %v", atOnce, from.deadline)
		}
	}
}

// Where reading ends early, what was told until then is kept.
func TestReadingThatEndsEarlyKeepsWhatWasTold(t *testing.T) {
	for name, from := range map[string]*telling{
		"an error": {err: errors.New("the activity log is closed")},
		"Ctrl-C":   {hangs: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReading(t, disktest.NewLossy())
			from.events, from.next, from.until = events("one"), `{"day":1}`, now.Add(-time.Hour)
			ctx, cancel := context.WithCancel(t.Context())
			if from.hangs {
				cancel()
			}
			c, err := r.Read(ctx, from, activity.Cursor{}, true)
			cancel()
			if err == nil || !c.Until.Equal(from.until) || !r.Journal.Book().HasEvent("one") {
				t.Errorf("read %+v, %v, recorded %v", c, err, r.Journal.Book().HasEvent("one"))
			}
			if again := r.cursor(t); string(again.Mark) != `{"day":1}` || again.IsDue(now) {
				t.Errorf("the next reading begins at %+v", again)
			}
		})
	}
}

// closedLog takes no more entries.
type closedLog struct{ journaltest.Log }

func (*closedLog) Append(context.Context, []journal.Record) error { return syscall.ENOSPC }

// An event that could not be recorded is told again: the cursor stays.
func TestACursorNeverPassesAnEventThatIsNotRecorded(t *testing.T) {
	r := newReading(t, disktest.NewLossy())
	r.Journal = journaltest.Open(t, &closedLog{})
	old := activity.Cursor{Format: 1, Until: now.Add(-time.Hour)}
	c, err := r.Read(t.Context(), &telling{events: events("one"), next: `{"day":1}`, until: now}, old, true)
	if !errors.Is(err, syscall.ENOSPC) || !c.Until.Equal(old.Until) || c.Mark != nil {
		t.Errorf("got %+v, %v", c, err)
	}
	if c := r.cursor(t); c.Mark != nil {
		t.Errorf("the cursor went on to %+v", c)
	}
}

func TestADamagedCursorIsAsGoodAsNone(t *testing.T) {
	for _, text := range []string{"", "garbage", "{}", `{"orgstore_activity":0}`, `{"orgstore_activity":1,"asked":7}`, `{"orgstore_activity":1,"mark":{]}`} {
		r := newReading(t, disktest.NewLossy())
		put(t, r.Disk, text)
		if c := r.cursor(t); c.Mark != nil || !c.Asked.IsZero() || !c.IsDue(now) {
			t.Errorf("%q is read as %+v", text, c)
		}
		if len(r.notes) != 1 || r.notes[0] != "/data/activity.cursor cannot be understood, so the activity log is read again from its beginning" {
			t.Errorf("%q: noted %q", text, r.notes)
		}
	}
}

func TestTheCursorOfANewerProgramIsLeftToIt(t *testing.T) {
	r := newReading(t, disktest.NewLossy())
	put(t, r.Disk, `{"orgstore_activity":2}`)
	if c, err := r.LastCursor(); !errors.As(err, new(*statefile.NewerError)) || len(r.notes) != 0 {
		t.Errorf("read %+v, %v, noted %q", c, err, r.notes)
	}
}

// On a full disk the facts are recorded, the old cursor stays, and the events that it
// leads to again count once.
func TestACursorOnAFullDisk(t *testing.T) {
	for _, trouble := range []error{syscall.ENOSPC, syscall.EROFS} {
		d := disktest.NewLossy()
		r := newReading(t, d)
		put(t, d, `{"orgstore_activity":1,"mark":{"day":1}}`)
		r.Disk = disktest.Watch(d, disktest.Hook{Before: func(disktest.Op) error { return trouble }})
		from := &telling{events: events("one"), next: `{"day":2}`, until: now}
		for range 2 {
			if _, err := r.Read(t.Context(), from, r.cursor(t), true); !errors.Is(err, trouble) {
				t.Errorf("%v: got %v", trouble, err)
			}
		}
		if r.Journal.Book().Seq() != 1 || from.marks[1] != `{"day":1}` {
			t.Errorf("%v: %d entries, read from %q", trouble, r.Journal.Book().Seq(), from.marks)
		}
	}
}

func TestCorroboration(t *testing.T) {
	sighting := drift.Sighting{Step: "step-1"}
	sighting.At, sighting.User = now, "bob@contoso.com"
	nameless := drift.Sighting{Step: "step-2"}
	nameless.At = now
	report := drift.Report{Sightings: []drift.Sighting{sighting, nameless}}
	if got := activity.Corroboration(report, "step-1"); got != "the activity log tells that bob@contoso.com changed the store at 2026-11-23 10:00:00: look at its version and confirm" {
		t.Errorf("got %q", got)
	}
	if got := activity.Corroboration(report, "step-2"); !strings.HasPrefix(got, "the activity log tells that somebody changed") {
		t.Errorf("got %q", got)
	}
	if got := activity.Corroboration(report, "step-3"); got != "" {
		t.Errorf("of a step that nothing speaks for, it says %q", got)
	}
}
