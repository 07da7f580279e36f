package journal_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

func TestRuns(t *testing.T) {
	claimed := func(version string, c store.Claim) store.State {
		s := state(t, version)
		s.Claim = c
		return s
	}
	off := func(version string) store.State {
		s, access := seen(state(t, version)), false
		s.Enabled = &access
		return s
	}
	base := journal.Baselined{Key: journaltest.Key(), State: seen(state(t, "1.3")), Evidence: "portal"}
	moved := func(id store.StepID, kind change.Kind, from, to string) []journal.Fact {
		b := begun(t, id, kind, from, to)
		return []journal.Fact{b, journal.Done{Step: b.Step.ID, State: seen(state(t, to))}}
	}
	unsure := func(id store.StepID, kind change.Kind, from, to string) []journal.Fact {
		b := begun(t, id, kind, from, to)
		return []journal.Fact{b, journal.Failed{Step: b.Step.ID, Message: "lost", StoreState: journal.Uncertain}}
	}
	undo := begun(t, "undo", change.Restore, "1.4", "1.3")
	undo.Undoes = "up"
	waits := begun(t, "up", change.Upgrade, "1.3", "1.4")
	bad := []journal.Fact{waits, journal.Accepted{Step: "up"}, journal.Checking{Step: "up", State: seen(state(t, "1.4"))},
		journal.Checked{Step: "up", By: "command", Answer: journal.Refused, Message: "it ended with 7"},
		journal.Failed{Step: "up", Code: "check.failed", Message: "its check failed", StoreState: journal.Changed}}
	for _, c := range []struct {
		name  string
		facts [][]journal.Fact
		want  []string // the package, and the entries at which its time began and ended
	}{
		{"nothing", nil, nil},
		{"what was there", [][]journal.Fact{{base}}, []string{"1.3 1-"}},
		{"an upgrade", [][]journal.Fact{{base}, moved("up", change.Upgrade, "1.3", "1.4")}, []string{"1.3 1-2", "1.4 3-"}},
		{"a replacement and a renewal", [][]journal.Fact{moved("a", change.Replace, "1.3", "1.4"), moved("b", change.Renew, "1.4", "1.4.1")}, []string{"1.4 2-3", "1.4.1 4-"}},
		{"a rollback speaks against what it leaves", [][]journal.Fact{{base}, moved("up", change.Upgrade, "1.3", "1.4"), moved("down", change.Downgrade, "1.4", "1.3")}, []string{"1.3 1-2", "1.3 5-"}},
		{"so does the way back from a change that failed", [][]journal.Fact{{base}, moved("up", change.Upgrade, "1.3", "1.4"), {undo, journal.Done{Step: "undo", State: seen(state(t, "1.3"))}}}, []string{"1.3 1-2", "1.3 5-"}},
		{"and access turned off", [][]journal.Fact{moved("up", change.Upgrade, "1.3", "1.4"), {begun(t, "off", change.Disable, "1.4", "1.4"), journal.Done{Step: "off", State: off("1.4")}}}, nil},
		{"and somebody's hand", [][]journal.Fact{{base}, {journal.Baselined{Key: journaltest.Key(), State: seen(state(t, "1.5")), Evidence: "adopted"}}}, []string{"1.5 2-"}},
		{"what nobody saw", [][]journal.Fact{{waits, journal.Done{Step: "up", State: claimed("1.4", store.Acknowledged)}}}, nil},
		{"until somebody looked", [][]journal.Fact{{waits, journal.Done{Step: "up", State: claimed("1.4", store.Unverified)}}, {journal.Baselined{Key: journaltest.Key(), State: claimed("1.4", store.Confirmed), Evidence: "About box"}}}, []string{"1.4 3-"}},
		{"an upgrade that waits for a person", [][]journal.Fact{{base}, {waits, journal.Accepted{Step: "up", Receipt: store.Receipt{Waiting: true}}}}, []string{"1.3 1-"}},
		{"what a check found bad, and is there still", [][]journal.Fact{{base}, bad}, []string{"1.3 1-2"}},
		{"what a check found bad, and went back", [][]journal.Fact{{base}, bad, {undo, journal.Done{Step: "undo", State: seen(state(t, "1.3"))}}}, []string{"1.3 1-2", "1.3 8-"}},
		{"one that was withdrawn", [][]journal.Fact{{base}, {waits, journal.Withdrawn{Step: "up", Reason: "not wanted"}}}, []string{"1.3 1-"}},
		{"one that changed nothing", [][]journal.Fact{{base}, {waits, journal.Failed{Step: "up", StoreState: journal.Unchanged}}}, []string{"1.3 1-"}},
		{"one of which nobody knows", [][]journal.Fact{{base}, unsure("up", change.Upgrade, "1.3", "1.4")}, []string{"1.3 1-2"}},
		{"a rollback of which nobody knows", [][]journal.Fact{moved("up", change.Upgrade, "1.3", "1.4"), unsure("down", change.Downgrade, "1.4", "1.3")}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := journaltest.Book(t, slices.Concat(c.facts...)...)
			names := map[string]string{}
			for _, v := range []string{"1.3", "1.4", "1.4.1", "1.5"} {
				names[state(t, v).Release.Digest.String()] = v
			}
			var got []string
			for _, r := range b.Runs(journaltest.Key()) {
				text := fmt.Sprintf("%s %d-", names[r.Release.String()], entry(r.Since))
				if !r.Until.IsZero() {
					text += fmt.Sprint(entry(r.Until))
				}
				got = append(got, text)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTrials(t *testing.T) {
	after := []change.Kind{change.Install, change.Upgrade}
	base := journal.Baselined{Key: journaltest.Key(), State: seen(state(t, "1.3")), Evidence: "portal"}
	made := func(id store.StepID, kind change.Kind, from, to string, more ...journal.Fact) []journal.Fact {
		return append([]journal.Fact{begun(t, id, kind, from, to)}, more...)
	}
	done := func(id store.StepID, v string) journal.Fact { return journal.Done{Step: id, State: seen(state(t, v))} }
	asking := func(id store.StepID, v string) journal.Fact {
		return journal.Checking{Step: id, State: seen(state(t, v))}
	}
	answer := func(id store.StepID, a journal.Answer) journal.Fact {
		return journal.Checked{Step: id, By: "command", Answer: a, Message: "it ended with 7"}
	}
	failed := journal.Failed{Step: "up", Code: "check.failed", Message: "its check failed", StoreState: journal.Changed}
	undo := begun(t, "undo", change.Restore, "1.4", "1.3")
	undo.Undoes = "up"
	rolled := begun(t, "roll", change.Upgrade, "1.3", "1.4")
	rolled.Step.Asked, rolled.Step.Reason.Code = true, plan.CodeAsked
	bad := made("up", change.Upgrade, "1.3", "1.4", asking("up", "1.4"), answer("up", journal.Refused), failed, undo, done("undo", "1.3"))
	for _, c := range []struct {
		name  string
		facts [][]journal.Fact
		want  string // of 1.4
	}{
		{"never there", [][]journal.Fact{{base}}, ""},
		{"begun", [][]journal.Fact{made("up", change.Upgrade, "1.3", "1.4")}, ""},
		{"it passed", [][]journal.Fact{made("up", change.Upgrade, "1.3", "1.4", asking("up", "1.4"), answer("up", journal.Passed), done("up", "1.4"))}, "passed"},
		{"it failed", [][]journal.Fact{{base}, bad}, "failed"},
		{"it is asked", [][]journal.Fact{made("up", change.Upgrade, "1.3", "1.4", asking("up", "1.4"))}, "asking"},
		{"it was stopped and is asked again", [][]journal.Fact{made("up", change.Upgrade, "1.3", "1.4", asking("up", "1.4"), answer("up", journal.Stopped))}, "asking"},
		{"it came before there was a check", [][]journal.Fact{made("up", change.Upgrade, "1.3", "1.4", done("up", "1.4"))}, "unasked"},
		{"it was stopped, and then there was none", [][]journal.Fact{made("up", change.Upgrade, "1.3", "1.4", asking("up", "1.4"), answer("up", journal.Stopped), done("up", "1.4"))}, "unasked"},
		{"after a renewal none is asked", [][]journal.Fact{made("up", change.Renew, "1.3", "1.4", done("up", "1.4"))}, "needless"},
		{"nor of what was there", [][]journal.Fact{{journal.Baselined{Key: journaltest.Key(), State: seen(state(t, "1.4")), Evidence: "portal"}}}, "needless"},
		{"nor of what a person asked for", [][]journal.Fact{{rolled, done("roll", "1.4")}}, "needless"},
		{"but what failed before did so", [][]journal.Fact{{base}, bad, {rolled, done("roll", "1.4")}}, "failed"},
		{"until it passes", [][]journal.Fact{{base}, bad, made("again", change.Upgrade, "1.3", "1.4", asking("again", "1.4"), answer("again", journal.Passed), done("again", "1.4"))}, "passed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := journaltest.Book(t, slices.Concat(c.facts...)...)
			var got string
			for _, trial := range b.Trials(journaltest.Key(), after) {
				if trial.Release == state(t, "1.4").Release.Digest {
					if got != "" {
						t.Error("there are two")
					}
					got = string(trial.Answer)
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// entry is the number of the entry that was made at a time: one a second.
func entry(at time.Time) int { return int(at.Sub(journaltest.Start()) / time.Second) }
