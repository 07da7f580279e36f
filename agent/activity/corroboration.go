package activity

import (
	"cmp"
	"fmt"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/drift"
)

// Corroboration says what the activity log tells for a change that waits; empty where
// that is nothing. An event tells no version: it never confirms.
func Corroboration(report drift.Report, step store.StepID) string {
	event, ok := report.Speaks(step)
	if !ok {
		return ""
	}
	return fmt.Sprintf("the activity log tells that %s changed the store at %s: look at its version and confirm",
		cmp.Or(event.User, "somebody"), event.At.UTC().Format("2006-01-02 15:04:05"))
}
