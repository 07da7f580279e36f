package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
)

// unseen makes the pilot of an input a store that could not be looked into.
func unseen(in Input) Input {
	in.Unread = map[string]Unread{"pilot": {Since: moments("2026-11-20T09:00:00Z"), Message: "no network", Hint: "mount the share"}}
	for i := range in.Present {
		if in.Present[i].Key.Store == "pilot" {
			in.Present[i].Observed = nil
		}
	}
	return in
}

// A store that cannot be looked into waits, and with it what must run there first.
// Nobody takes it for empty, and other stores go on.
func TestAStoreThatCannotBeLookedInto(t *testing.T) {
	old, middle := candidate("1.4.0.0", "a", "2027-01-01"), candidate("1.5.0.0", "a", "2027-01-01")
	renewed := candidate("1.4.0.0", "a2", "2027-06-01")
	for _, c := range []struct {
		name string
		in   Input
		want string // of the store after the pilot
	}{
		{"a renewal is made", rings("1.4", &old, &old, nil, old, renewed), string(change.Renew) + " 1.4.0.0 " + renewed.Terms.ID},
		{"what ran there already waits as what did not", rings(">= 1", &middle, &old, []Candidate{middle}, old, middle), string(change.Upgrade) + " 1.5.0.0 " + middle.Terms.ID},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Compute(unseen(c.in))
			if got := mainStep(p); got != c.want {
				t.Errorf("the store after it: got %s, want %s", got, c.want)
			}
			if len(p.Drifts) != 0 || len(p.Adoptions) != 0 || len(p.Withdrawals) != 0 {
				t.Errorf("what nobody saw is taken for a change: %+v", p)
			}
			for _, s := range p.Steps {
				if s.Key.Store == "pilot" {
					t.Errorf("a change is planned there: %+v", s)
				}
			}
			idle := Idle{}
			for _, i := range p.Idle {
				if i.Key == gauge("pilot") {
					idle = i
				}
			}
			if !idle.Blocked || idle.Reason.Code != CodeUnreadable || idle.Reason.Hint != "mount the share" ||
				!strings.Contains(idle.Reason.Message, "the store pilot cannot be read since 2026-11-20 09:00 UTC: no network") {
				t.Errorf("it says %+v", idle)
			}
			if idle.State.Release == nil {
				t.Error("what is believed of it is forgotten")
			}
		})
	}
}

// A step that is open there is not taken for made, nor a task for unwanted.
func TestAnOpenStepWhereNobodyCanLook(t *testing.T) {
	old, next := candidate("1.4.0.0", "a", "2027-01-01"), candidate("1.5.0.0", "a", "2027-01-01")
	in := rings("1.4", &old, &old, nil, old, next)
	for i := range in.Present {
		if in.Present[i].Key.Store == "pilot" {
			in.Present[i].Open = &Open{Step: Step{ID: "st_1", Key: gauge("pilot"), Kind: change.Upgrade, From: old.state(), To: next.state()}, Waiting: true}
		}
	}
	p := Compute(unseen(in))
	waits := slices.ContainsFunc(p.Idle, func(i Idle) bool { return i.Key == gauge("pilot") && i.Reason.Code == CodeUnreadable })
	if len(p.Withdrawals) != 0 || !waits {
		t.Errorf("the plan is %+v", p)
	}
}

// That a store could not be looked into makes a plan another one; since when and why
// does not.
func TestThePlanTellsWhetherItLooked(t *testing.T) {
	old := candidate("1.4.0.0", "a", "2027-01-01")
	seen, first := Compute(rings("1.4", &old, &old, nil, old)), Compute(unseen(rings("1.4", &old, &old, nil, old)))
	later := unseen(rings("1.4", &old, &old, nil, old))
	later.Unread["pilot"] = Unread{Since: moments("2026-11-21T09:00:00Z"), Message: "timed out"}
	if again := Compute(later); first.Basis == seen.Basis || again.Basis != first.Basis {
		t.Errorf("the bases are %s, %s, %s", seen.Basis, first.Basis, again.Basis)
	}
}

func TestARingWhereNobodyCanLook(t *testing.T) {
	r := Ring{Before: store.Key{Store: "pilot"}}.Unreadable()
	if r.Trouble != "it cannot be read" {
		t.Errorf("its trouble is %q", r.Trouble)
	}
	if held := (Ring{Trouble: "ada holds it"}).Unreadable(); held.Trouble != "ada holds it" {
		t.Errorf("the first trouble became %q", held.Trouble)
	}
}
