package check

import (
	"context"
	"errors"

	"github.com/orgstore/orgstore/agent/journal"
)

// All asks several, one after the other, until one says that the change is bad.
type All []interface {
	Ready() error
	Check(ctx context.Context, c Change) journal.Checked
}

// Ready says why any could not be asked.
func (a All) Ready() error {
	var all []error
	for _, c := range a {
		all = append(all, c.Ready())
	}
	return errors.Join(all...)
}

// Check returns the answers as one: the last that was given, with what all wrote.
func (a All) Check(ctx context.Context, change Change) journal.Checked {
	var sum journal.Checked
	for _, c := range a {
		answer := c.Check(ctx, change)
		answer.TookMS += sum.TookMS
		if answer.Output == "" {
			answer.Output = sum.Output
		}
		if sum.By != "" && answer.Answer == journal.Passed {
			answer.By, answer.Message = sum.By+", "+answer.By, sum.Message+"; "+answer.Message
		}
		if sum = answer; sum.Answer != journal.Passed {
			break
		}
	}
	return sum
}
