package main

import (
	"slices"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/example"
)

// bob runs a command as somebody else than whoever runs the tests.
func (w world) bob(t *testing.T, args ...string) {
	t.Helper()
	a := adaptersAt(today())
	a.Actor = func() (journal.Actor, error) {
		return journal.Actor{Source: "os", ID: "54321", Name: "bob", Host: "bi-01"}, nil
	}
	if p := here(a, append([]string{"--config", w.settings()}, args...)...); p.code != 0 {
		t.Errorf("%v left with %d: %s", args, p.code, p.err)
	}
}

// What somebody approves while another process changes the store counts at once:
// the approval needs no lease, and the next step asks again before it acts.
func TestApproveWhileAnotherChangesThings(t *testing.T) {
	t.Parallel()
	w := pair(t)
	w.edit(t, "approvals: {}\n", "approvals: {install: 1}\n")
	if p := w.tried("apply", "--force"); p.code != 12 {
		t.Fatalf("nobody approved, and apply left with %d: %s", p.code, p.err)
	}
	w.bob(t, "approve", example.GaugeGUID, "--reason", "tried it", "--force")
	first := pause(t, w.begun(t), "--config", w.settings(), "apply", "--force")
	w.bob(t, "approve", example.TimelineGUID, "--reason", "tried it as well", "--force")
	if p := first.end(t); p.code != 0 {
		t.Errorf("the first left with %d: %s", p.code, p.err)
	}
	got := w.read(t, w.book(t))
	if len(got.Store) != 2 || len(got.Done) != 2 {
		t.Errorf("the store holds %v, the history says %q", got.Store, got.Done)
	}
}

// And what somebody rejects then is not made any more.
func TestRejectWhileAnotherChangesThings(t *testing.T) {
	t.Parallel()
	w := pair(t)
	w.edit(t, "approvals: {}\n", "approvals: {install: 1}\n")
	for _, guid := range []string{example.GaugeGUID, example.TimelineGUID} {
		w.bob(t, "approve", guid, "--reason", "tried it", "--force")
	}
	first := pause(t, w.begun(t), "--config", w.settings(), "apply", "--force")
	w.bob(t, "reject", example.TimelineGUID, "--reason", "not today", "--force")
	if p := first.end(t); p.code != 12 {
		t.Errorf("the first left with %d: %s", p.code, p.err)
	}
	if got := w.read(t, w.book(t)); len(got.Store) != 1 {
		t.Errorf("the store holds %v", got.Store)
	}
}

// An agent that runs makes what somebody approves, without being told.
func TestAnAgentMakesWhatIsApproved(t *testing.T) {
	t.Parallel()
	w := pair(t)
	w.edit(t, "approvals: {}\n", "agent: {log: json}\napprovals: {install: 1}\n")
	r := w.agent(t)
	until(t, r, "it looked", func() bool { return w.rounds(t) > 0 })
	if got := w.read(t, w.live(t)); len(got.Store) != 0 {
		t.Fatalf("nobody approved, and the store holds %v", got.Store)
	}
	w.bob(t, "approve", example.TimelineGUID, "--reason", "tried it", "--force")
	until(t, r, "what is approved is installed", func() bool { return len(w.read(t, w.live(t)).Store) == 1 })
	w.ended(t, r)
	history := w.book(t).History()
	i := slices.IndexFunc(history, func(r journal.Revision) bool { return r.Key.GUID.String() == example.TimelineGUID })
	if i < 0 || len(history[i].Approvals) != 1 || history[i].Approvals[0].By.Name != "bob" {
		t.Errorf("the history is %+v", history)
	}
}
