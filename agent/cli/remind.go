package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/orgstore/orgstore/agent/cli/output"
	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/policies/plan"
)

// due is the event of a task that waits for so long; empty where none is due yet.
func (s *session) due(open plan.Open) journal.Event {
	waited := s.Now().Sub(open.Since)
	switch c, _ := s.settings.StoreNamed(open.Step.Key.Store); {
	case c.Escalate > 0 && waited >= c.Escalate:
		return journal.TaskEscalated
	case c.Remind > 0 && waited >= c.Remind:
		return journal.TaskReminded
	}
	return ""
}

// overdue says how long a task has waited; empty where that is no reason to say
// anything.
func (s *session) overdue(open plan.Open) string {
	event := s.due(open)
	if event == "" {
		return ""
	}
	days := int(s.Now().Sub(open.Since) / (24 * time.Hour))
	return fmt.Sprintf("%s: it waits for %s", event, plural(days, "day"))
}

// remind says once of each task that waits too long that it does, first as a
// reminder, later louder. Nothing is ever taken for done because of that.
func (s *session) remind(ctx context.Context) error {
	book := s.journal.Book()
	for _, k := range book.Keys() {
		open, receipt, ok := task(book, k)
		event := journal.Event("")
		if ok {
			event = s.due(open)
		}
		said := book.Reminded(k)
		if event == "" || slices.Contains(said, event) || slices.Contains(said, journal.TaskEscalated) {
			continue
		}
		message := fmt.Sprintf("%s of %s waits for a person since %s: %s", open.Step.Kind, title(open.Step.Name, k), clock(open.Since), receipt.Note)
		message = phrases(message, s.witnessed(open))
		s.note("%s: %s", event, output.Safe(message))
		if err := s.journal.Append(ctx, s.tx, journal.Reminded{Step: open.Step.ID, Event: event, Message: message}); err != nil {
			return err
		}
	}
	return nil
}
