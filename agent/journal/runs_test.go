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

// entry is the number of the entry that was made at a time: one a second.
func entry(at time.Time) int { return int(at.Sub(journaltest.Start()) / time.Second) }
