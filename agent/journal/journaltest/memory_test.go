package journaltest_test

import (
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
)

func TestLogInMemory(t *testing.T) {
	journaltest.Suite(t, func(*testing.T) func() (journal.Log, error) {
		l := new(journaltest.Log)
		return func() (journal.Log, error) { return l.Handle(), nil }
	})
}
