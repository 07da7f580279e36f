package notify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/plan"
)

// Patience is how long the tasks of a store wait until somebody is reminded, and until
// it is told to those above. Zero is for ever.
type Patience struct {
	Remind, Escalate time.Duration
}

// dueReminder is the event of a task that waits for so long; empty where none is due yet.
func (p Patience) dueReminder(waited time.Duration) journal.Event {
	switch {
	case p.Escalate > 0 && waited >= p.Escalate:
		return journal.TaskEscalated
	case p.Remind > 0 && waited >= p.Remind:
		return journal.TaskReminded
	}
	return ""
}

// OverdueText says how long a task has waited; empty where that is no reason to say
// anything.
func (p Patience) OverdueText(waited time.Duration) string {
	event := p.dueReminder(waited)
	if event == "" {
		return ""
	}
	days := int(waited / (24 * time.Hour))
	if days == 1 {
		return fmt.Sprintf("%s: it waits for 1 day", event)
	}
	return fmt.Sprintf("%s: it waits for %d days", event, days)
}

// A Reminder says of tasks that they wait too long.
type Reminder struct {
	Journal *journal.Journal
	Tx      journal.TxID
	Now     func() time.Time
	// PatienceOf is that of a store.
	PatienceOf func(store string) Patience
	// Corroborate says what else is known of a task; empty where that is nothing.
	Corroborate func(step store.StepID) string
	// Note is told what people should know.
	Note func(format string, args ...any)
}

// RemindOfTasks says once of each task that waits too long that it does, first as a
// reminder, later louder. Nothing is ever taken for done because of that.
func (r Reminder) RemindOfTasks(ctx context.Context) error {
	book := r.Journal.Book()
	for _, k := range book.Keys() {
		open := book.Open(k)
		if open == nil || !open.Waiting {
			continue
		}
		event := r.PatienceOf(k.Store).dueReminder(r.Now().Sub(open.Since))
		reminded := book.Reminded(k)
		if event == "" || slices.Contains(reminded, event) || slices.Contains(reminded, journal.TaskEscalated) {
			continue
		}
		if err := r.remind(ctx, book, *open, event); err != nil {
			return err
		}
	}
	return nil
}

func (r Reminder) remind(ctx context.Context, book journal.Book, open plan.Open, event journal.Event) error {
	revisions := book.Revisions(open.Step.Key)
	receipt := revisions[len(revisions)-1].Receipt
	message := fmt.Sprintf("%s of %s waits for a person since %s: %s", open.Step.Kind, visualTitle(open.Step.Key, open.Step.Name), timeText(open.Since), receipt.Note)
	if more := r.Corroborate(open.Step.ID); more != "" {
		message += "; " + more
	}
	r.Note("%s: %s", event, safetext.Line(message))
	return r.Journal.Append(ctx, r.Tx, journal.Reminded{Step: open.Step.ID, Event: event, Message: message})
}
