package plan

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/policies/change"
)

func TestCheckGate(t *testing.T) {
	from, to, other := release("1.4.0.0", "a"), release("1.5.0.0", "a"), release("1.5.0.0", "b")
	step := func(k change.Kind, edit ...func(*Step)) Step {
		s := Step{ID: "st_1", Key: gauge("main"), Kind: k, From: store.State{Presence: store.Present, Release: &from}, To: store.State{Presence: store.Present, Release: &to}}
		for _, e := range edit {
			e(&s)
		}
		return s
	}
	asked := func(s *Step) { s.Asked = true }
	same := func(s *Step) { s.To.Release = &from }
	asks := Check{Asks: "check.ps1 must end with 0 within 2m"}
	ring := func(answer Answer, after ...change.Kind) Ring {
		r := Ring{Before: gauge("pilot"), Runs: []Run{{Release: to.Digest, Since: moments("2026-11-10T09:00:00Z")}}, CheckedAfter: []change.Kind{change.Install, change.Upgrade}}
		if len(after) > 0 {
			r.CheckedAfter = after
		}
		if answer != "" {
			r.Trials = []Trial{{Release: other.Digest, Answer: Passed}, {Release: to.Digest, Answer: answer, At: moments("2026-11-10T09:00:00Z"), Message: "check.ps1 ended with 7"}}
		}
		return r
	}
	for _, c := range []struct {
		name  string
		step  Step
		check Check
		ring  *Ring
		want  string
		says  string
	}{
		{"it comes afterwards", step(change.Upgrade), asks, nil, "check after", "afterwards check.ps1 must end with 0 within 2m, or it goes back"},
		{"a store that tells no bytes", step(change.Install), Check{Blind: true}, nil, "check after", "a person looks at a report"},
		{"both", step(change.Renew), Check{asks.Asks, true}, nil, "check after; check after", "afterwards check.ps1"},
		{"nothing after a rollback", step(change.Downgrade, asked), asks, nil, "", ""},
		{"nor after the way back", step(change.Restore), asks, nil, "", ""},
		{"nor where access alone changes", step(change.Enable), asks, nil, "", ""},
		{"nor where no bytes come", step(change.Renew, same), asks, nil, "", ""},
		{"it passed in the store before", step(change.Upgrade), asks, new(ring(Passed)), "check open; check after", "its check passed in pilot on 2026-11-10 09:00 UTC"},
		{"it failed there", step(change.Upgrade), asks, new(ring(Failed)), "check closed; check after", "its check failed in pilot on 2026-11-10 09:00 UTC: check.ps1 ended with 7"},
		{"it is being asked there", step(change.Upgrade), asks, new(ring(Asking)), "check closed; check after", "has not answered yet"},
		{"it came there before there was a check", step(change.Upgrade), asks, new(ring(Unasked)), "check closed; check after", "its check was not asked there"},
		{"by the way it came there none is asked", step(change.Upgrade), asks, new(ring(Needless)), "check after", ""},
		{"it was never there", step(change.Install), asks, new(ring("")), "check closed; check after", "its check must pass in pilot first"},
		{"none is asked after such a change", step(change.Replace), asks, new(ring("")), "check after", ""},
		{"a renewal does not wait", step(change.Renew), asks, new(ring(Failed)), "check after", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conditions := Conditions{At: steady("2026-11-20T09:00:00Z"), Checks: map[store.StepID]Check{"st_1": c.check}}
			if c.ring != nil {
				conditions.Rings = map[store.Key]Ring{gauge("main"): *c.ring}
			}
			var gates []Gate
			for _, g := range Gates(c.step, conditions) {
				if g.Kind == GateCheck {
					gates = append(gates, g)
				}
			}
			if got := gateText(gates); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if len(gates) == 0 {
				return
			}
			if !strings.Contains(gates[0].Message, c.says) || gates[0].State != GateOpen && gates[0].Hint == "" {
				t.Errorf("it says %q (%s)", gates[0].Message, gates[0].Hint)
			}
			closed := gates[0].State == GateClosed
			if Ready(gates) == closed {
				t.Errorf("ready: %v", !closed)
			}
			conditions.Overrides = []Override{{Step: "st_1", Gate: GateCheck, About: gates[0].Message}}
			for _, g := range Gates(c.step, conditions) {
				if g.Kind == GateCheck && g.State == GateClosed {
					t.Error("it cannot be overridden")
				}
			}
		})
	}
}

// What ran long enough and was not found good does not go on, so that the plan
// looks for what was.
func TestWhatWasNotFoundGoodDoesNotGoOn(t *testing.T) {
	d := release("1.5.0.0", "a").Digest
	for answer, goes := range map[Answer]bool{Passed: true, Needless: true, Failed: false, Asking: false, Unasked: false, "": false} {
		r := Ring{Before: gauge("pilot"), Runs: []Run{{Release: d, Since: moments("2026-11-10T09:00:00Z")}}, CheckedAfter: []change.Kind{change.Upgrade}}
		if answer != "" {
			r.Trials = []Trial{{Release: d, Answer: answer}}
		}
		if got := len(r.Onward(steady("2026-11-20T09:00:00Z")).Ready) == 1; got != goes {
			t.Errorf("%q: it goes on: %v", answer, got)
		}
		r.CheckedAfter = nil
		if len(r.Onward(steady("2026-11-20T09:00:00Z")).Ready) != 1 {
			t.Errorf("%q: it does not go on where nothing is checked", answer)
		}
	}
}

// What a check found bad is shown as a closed gate, here and in the stores after.
func TestWhatACheckFoundBadIsAGate(t *testing.T) {
	old, bad := candidate("1.4.0.0", "a", "2027-01-01"), candidate("1.5.0.0", "a", "2027-01-01")
	in := rings(">= 1", &old, &old, nil, old, bad)
	in.Blocks = []Block{{Key: gauge("pilot"), Version: bad.Release.Version, Pin: ">= 1", Reason: "its check failed on a day", Cause: CodeCheckFailed}}
	p := Compute(in)
	for name, says := range map[string]string{"pilot": "1.5.0.0: its check failed on a day", "main": "1.5.0.0 in pilot: its check failed on a day"} {
		for _, i := range p.Idle {
			if i.Key.Store != name {
				continue
			}
			if gateText(i.Gates) != "check closed" || i.Gates[0].Message != says || !strings.Contains(i.Gates[0].Hint, "orgstore unblock") {
				t.Errorf("%s: %+v", name, i.Gates)
			}
			if !strings.Contains(i.Reason.Message, says+", so it is not put again") {
				t.Errorf("%s: %s", name, i.Reason.Message)
			}
		}
	}
	in.Blocks[0].Cause = ""
	for _, i := range Compute(in).Idle {
		if len(i.Gates) > 0 {
			t.Errorf("what a rollback left is a gate: %+v", i.Gates)
		}
	}
	if with := Compute(in); with.Basis != p.Basis || with.ID != p.ID {
		t.Error("why something is blocked is part of the basis")
	}
}
