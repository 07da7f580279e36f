package observe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/plan"
)

// A person's hold in the store before keeps everything there, as long as it
// counts. What a failed check left is blocked there, and says nothing of what ran
// before: that goes on.
func TestWhichHoldsInTheStoreBeforeKeepWhatGoesOn(t *testing.T) {
	pilot := ringKey("pilot")
	good, bad := release(t, "1.4.0.0"), release(t, "1.5.0.0")
	failed := journal.Held{Key: pilot, Reason: "its check failed", Except: []change.Kind{change.Renew}, Failed: &bad}
	now := journaltest.Start().Add(time.Hour)
	for _, c := range []struct {
		name string
		hold journal.Held
		says string // empty: what ran there goes on
	}{
		{"a failed check", failed, ""},
		{"a person", journal.Held{Key: pilot, Reason: "audit"}, "holds it there: audit"},
		{"a person, for a while", journal.Held{Key: pilot, Reason: "audit", Until: now.Add(1)}, "holds it there: audit"},
		{"a person, up to now", journal.Held{Key: pilot, Reason: "audit", Until: now}, ""},
		{"a person, elsewhere", journal.Held{Key: ringKey("bench"), Reason: "audit"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			book := journaltest.Book(t, journal.Baselined{Key: pilot, Evidence: "portal", State: store.State{
				Presence: store.Present, Release: &good, Claim: store.Verified,
			}}, c.hold)
			r := observe.Ring(book, plan.Ring{Before: pilot}, moment.Settle(now, moment.Mark{}, -1))
			ready := r.Onward(moment.Settle(now, moment.Mark{}, -1)).Ready
			if c.says == "" && (r.Trouble != "" || len(ready) != 1 || ready[0] != good.Digest) {
				t.Errorf("nothing goes on: %q, %v", r.Trouble, ready)
			}
			if c.says != "" && (!strings.Contains(r.Trouble, c.says) || len(ready) > 0) {
				t.Errorf("it goes on: %q, %v", r.Trouble, ready)
			}
		})
	}
}

// What is known of checks there is asked for only where a check is asked there.
func TestTrialsInTheStoreBefore(t *testing.T) {
	pilot, good := ringKey("pilot"), release(t, "1.4.0.0")
	book := journaltest.Book(t, journal.Baselined{Key: pilot, Evidence: "portal", State: store.State{
		Presence: store.Present, Release: &good, Claim: store.Verified,
	}})
	at := moment.Settle(journaltest.Start().Add(time.Hour), moment.Mark{}, -1)
	if r := observe.Ring(book, plan.Ring{Before: pilot}, at); len(r.Trials) > 0 || len(r.Runs) != 1 {
		t.Errorf("%+v", r)
	}
	if r := observe.Ring(book, plan.Ring{Before: pilot, CheckedAfter: []change.Kind{change.Upgrade}}, at); len(r.Trials) != 1 {
		t.Errorf("%+v", r)
	}
}

func release(t *testing.T, version string) visual.Release {
	t.Helper()
	v, err := visual.ParseVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	return visual.Release{Version: v, Digest: visual.DigestOf([]byte(version))}
}
