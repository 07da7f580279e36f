package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/notify"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A task is reminded of once, escalated once, and then left alone.
func TestATaskIsRemindedOfOnce(t *testing.T) {
	now := journaltest.Start()
	stamp := journaltest.Stamp()
	stamp.Clock = func() time.Time { return now }
	j, err := journal.Open(t.Context(), &journaltest.Log{}, stamp)
	if err != nil {
		t.Fatal(err)
	}
	absent := store.State{Presence: store.Absent}
	step := plan.Step{ID: "up", Key: journaltest.Key(), Name: "Aurora Gauge", Kind: change.Install, From: absent, To: absent}
	if err := j.Append(t.Context(), journaltest.Tx(t), journal.Begun{Step: step, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	var notes []string
	patience := notify.Patience{Remind: 2 * day, Escalate: 5 * day}
	r := notify.Reminder{
		Journal: j, Tx: journaltest.Tx(t), Now: func() time.Time { return now },
		PatienceOf: func(name string) notify.Patience {
			if name != step.Key.Store {
				t.Errorf("the patience of %q is asked for", name)
			}
			return patience
		},
		Corroborate: func(id store.StepID) string { return "bob changed it" },
		Note:        func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) },
	}
	remind := func(after time.Duration) (note string) {
		t.Helper()
		notes, now = nil, journaltest.Start().Add(after)
		if err := r.RemindOfTasks(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(notes) > 1 {
			t.Errorf("noted %q", notes)
		}
		for _, n := range notes {
			note = n
		}
		return note
	}
	if note := remind(3 * day); note != "" {
		t.Errorf("a change that nobody waits for: %q", note)
	}
	now = journaltest.Start()
	if err := j.Append(t.Context(), journaltest.Tx(t), journal.Accepted{Step: "up", Receipt: store.Receipt{Waiting: true, Note: "task-1"}}); err != nil {
		t.Fatal(err)
	}
	title := "Aurora Gauge in " + step.Key.Store
	if step.Key.Store == "" || step.Key.Store == "store" {
		title = "Aurora Gauge"
	}
	since := fmt.Sprintf(": install of %s waits for a person since 2026-03-02 09:00:00: task-1; bob changed it", title)
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{2*day - 1, ""}, {2 * day, "task.reminded" + since}, {3 * day, ""}, {5 * day, "task.escalated" + since}, {6 * day, ""},
	} {
		if got := remind(c.after); got != c.want {
			t.Errorf("after %v: %q, want %q", c.after, got, c.want)
		}
	}
	if all := j.Book().Reminded(step.Key); len(all) != 2 {
		t.Errorf("the journal has %v", all)
	}
}

func TestOverdueText(t *testing.T) {
	p := notify.Patience{Remind: day, Escalate: 3 * day}
	for waited, want := range map[time.Duration]string{
		day - 1: "", day: "task.reminded: it waits for 1 day", 2*day + day/2: "task.reminded: it waits for 2 days", 3 * day: "task.escalated: it waits for 3 days",
	} {
		if got := p.OverdueText(waited); got != want {
			t.Errorf("after %v: %q, want %q", waited, got, want)
		}
	}
	if got := (notify.Patience{}).OverdueText(100 * day); got != "" {
		t.Errorf("without an end of patience: %q", got)
	}
}
