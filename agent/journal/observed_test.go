package journal_test

import (
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
)

// What nobody saw, and what is about no open step, is not recorded.
func TestWhatIsNoObservation(t *testing.T) {
	for name, f := range map[string]journal.Observed{
		"nothing was seen":      {Step: "step-1", Key: journaltest.Key()},
		"of no visual":          {Step: "step-1", Version: "1.4.0.0"},
		"of a step that is not": {Step: "step-1", Key: journaltest.Key(), Version: "1.4.0.0"},
	} {
		if _, err := (journal.Book{}).With(journal.Entry{Seq: 1, Fact: f}); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	for want, o := range map[string]journal.Observed{
		"version 1.4.0.0": {Version: "1.4.0.0"}, "access off": {Access: "off"},
		"version 1.4.0.0, and the uploaded file's SHA-256 0f3c9a7b…": {Version: "1.4.0.0", SHA256: "0f3c9a7b"},
	} {
		if got := (journal.Observation{Observed: o}).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
