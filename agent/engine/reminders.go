package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/activity"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/safetext"
	"github.com/orgstore/orgstore/policies/plan"
)

// dueReminder is the event of a task that waits for so long; empty where none is due yet.
func (e *Engine) dueReminder(open plan.Open) journal.Event {
	waited := e.Now().Sub(open.Since)
	switch c, _ := e.Settings.StoreNamed(open.Step.Key.Store); {
	case c.Escalate > 0 && waited >= c.Escalate:
		return journal.TaskEscalated
	case c.Remind > 0 && waited >= c.Remind:
		return journal.TaskReminded
	}
	return ""
}

// overdueText says how long a task has waited; empty where that is no reason to say
// anything.
func (e *Engine) overdueText(open plan.Open) string {
	event := e.dueReminder(open)
	if event == "" {
		return ""
	}
	days := int(e.Now().Sub(open.Since) / (24 * time.Hour))
	return fmt.Sprintf("%s: it waits for %s", event, Count(days, "day"))
}

// remindOfTasks says once of each task that waits too long that it does, first as a
// reminder, later louder. Nothing is ever taken for done because of that.
func (e *Engine) remindOfTasks(ctx context.Context) error {
	book := e.Journal.Book()
	for _, k := range book.Keys() {
		open, receipt, ok := WaitingTask(book, k)
		event := journal.Event("")
		if ok {
			event = e.dueReminder(open)
		}
		said := book.Reminded(k)
		if event == "" || slices.Contains(said, event) || slices.Contains(said, journal.TaskEscalated) {
			continue
		}
		message := fmt.Sprintf("%s of %s waits for a person since %s: %s", open.Step.Kind, Title(open.Step.Name, k), FormatTime(open.Since), receipt.Note)
		message = JoinPhrases(message, activity.Corroboration(e.DriftReport, open.Step.ID))
		e.note("%s: %s", event, safetext.Line(message))
		if err := e.Journal.Append(ctx, e.Tx, journal.Reminded{Step: open.Step.ID, Event: event, Message: message}); err != nil {
			return err
		}
	}
	return nil
}
