package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

func gateText(gates []Gate) string {
	var out []string
	for _, g := range gates {
		line := g.Kind + " " + g.State
		if !g.Until.IsZero() {
			line += " " + g.Until.Format(time.RFC3339)
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func TestGates(t *testing.T) {
	plain := Step{ID: "st_1", Key: gauge("main"), Kind: change.Upgrade}
	noon := must(time.Parse(time.RFC3339, "2026-11-23T12:00:00Z"))
	hold := func(st string, until time.Time) Hold {
		return Hold{Key: gauge(st), Until: until, Reason: "quarter's end", By: "ada"}
	}
	as := func(edit func(*Step)) Step { s := plain; edit(&s); return s }
	letThrough := func(gate string) []Override {
		about := map[string]string{GateHold: hold("main", time.Time{}).message(), GateReview: "fewer seats"}[gate]
		return []Override{{Step: "st_1", Gate: gate, About: about, Reason: "agreed", By: "ada"}}
	}
	for _, c := range []struct {
		name  string
		step  Step
		c     Conditions
		want  string
		ready bool
	}{
		{"nothing in the way", plain, Conditions{}, "", true},
		{"held until a day", plain, Conditions{Holds: []Hold{hold("main", noon.Add(1))}}, "hold closed 2026-11-23T12:00:00Z", false},
		{"a hold ends at its moment", plain, Conditions{Holds: []Hold{hold("main", noon)}}, "", true},
		{"held until lifted", plain, Conditions{Holds: []Hold{hold("main", time.Time{})}}, "hold closed", false},
		{"held in all stores", plain, Conditions{Holds: []Hold{hold("", time.Time{})}}, "hold closed", false},
		{"held in another store", plain, Conditions{Holds: []Hold{hold("pilot", time.Time{})}}, "", true},
		{"another visual held", plain, Conditions{Holds: []Hold{{Key: store.Key{Store: "main", GUID: guid("boxplot")}}}}, "", true},
		{"two holds, the sooner first", plain, Conditions{Holds: []Hold{hold("main", time.Time{}), hold("", noon.Add(2*time.Hour)), hold("main", noon.Add(time.Hour))}}, "hold closed 2026-11-23T13:00:00Z; hold closed 2026-11-23T14:00:00Z; hold closed", false},
		{"a renewal is held too", as(func(s *Step) { s.Kind = change.Renew }), Conditions{Holds: []Hold{hold("main", time.Time{})}}, "hold closed", false},
		{"a hold overridden", plain, Conditions{Holds: []Hold{hold("main", time.Time{})}, Overrides: letThrough(GateHold)}, "hold overridden", true},
		{"another step's override", as(func(s *Step) { s.ID = "st_2" }), Conditions{Holds: []Hold{hold("main", time.Time{})}, Overrides: letThrough(GateHold)}, "hold closed", false},
		{"another gate's override", plain, Conditions{Holds: []Hold{hold("main", time.Time{})}, Overrides: letThrough(GateReview)}, "hold closed", false},
		{"a rollback passes holds", as(func(s *Step) { s.Asked = true }), Conditions{Holds: []Hold{hold("main", time.Time{})}}, "", true},
		{"the way back passes holds", as(func(s *Step) { s.Kind = change.Restore }), Conditions{Holds: []Hold{hold("main", time.Time{})}}, "", true},
		{"a person must decide", as(func(s *Step) { s.Review = "fewer seats" }), Conditions{}, "review closed", false},
		{"a person decided", as(func(s *Step) { s.Review = "fewer seats" }), Conditions{Overrides: letThrough(GateReview)}, "review overridden", true},
		{"a person decided about something else", as(func(s *Step) { s.Review = "the clock went back" }), Conditions{Overrides: letThrough(GateReview)}, "review closed", false},
		{"another hold than the one overridden", plain, Conditions{Holds: []Hold{{Key: gauge("main"), Reason: "an audit", By: "bob"}}, Overrides: letThrough(GateHold)}, "hold closed", false},
		{"another change of the store left nobody knowing", plain, Conditions{Unclear: []Open{{Step: Step{Key: store.Key{Store: "main", GUID: guid("boxplot")}, Kind: change.Enable}}}}, "review closed", false},
		{"of another store", plain, Conditions{Unclear: []Open{{Step: Step{Key: gauge("pilot"), Kind: change.Enable}}}}, "", true},
		{"a rollback waits for that too", as(func(s *Step) { s.Asked = true }), Conditions{Unclear: []Open{{Step: Step{Key: gauge("main"), Kind: change.Enable}}}}, "review closed", false},
		{"a rollback does not pass review", as(func(s *Step) { s.Review, s.Asked = "drift", true }), Conditions{}, "review closed", false},
		{"failed twice", plain, Conditions{Tries: map[store.StepID]int{"st_1": 2}}, "", true},
		{"failed three times", plain, Conditions{Tries: map[store.StepID]int{"st_1": 3}}, "tries closed", false},
		{"failed three times since it was let through", plain, Conditions{Tries: map[store.StepID]int{"st_1": 3}, Overrides: letThrough(GateTries)}, "tries closed", false},
		{"another step failed", plain, Conditions{Tries: map[store.StepID]int{"st_2": 9}}, "", true},
		{"a rollback is bounded too", as(func(s *Step) { s.Asked = true }), Conditions{Tries: map[store.StepID]int{"st_1": 3}}, "tries closed", false},
		{"all at once", as(func(s *Step) { s.Review = "drift" }), Conditions{Holds: []Hold{hold("main", time.Time{})}, Tries: map[store.StepID]int{"st_1": 4}, Overrides: letThrough(GateHold)}, "hold overridden; review closed; tries closed", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.c.At = steady("2026-11-23T12:00:00Z")
			gates := Gates(c.step, c.c)
			if got := gateText(gates); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if Ready(gates) != c.ready {
				t.Errorf("ready: %v", !c.ready)
			}
			for _, g := range gates {
				if g.Message == "" || g.Hint == "" {
					t.Errorf("%s says nothing: %+v", g.Kind, g)
				}
			}
		})
	}
}

func TestAGateOfAnUnknownStateIsNotPassed(t *testing.T) {
	if Ready([]Gate{{Kind: "window", State: "ajar"}}) || !Ready([]Gate{{Kind: "window", State: GateOpen}}) {
		t.Error("only open and overridden gates let a step through")
	}
}

// What a failed check holds is what was there before it, and older code; a newer
// version may be tried, and renewals go on.
func TestAHoldAfterAFailedCheck(t *testing.T) {
	bad := release("1.5.0.0", "a")
	held := Hold{Key: gauge("main"), Failed: &bad, Except: []change.Kind{change.Renew}, Reason: "its check failed on a day", By: "orgstore", At: date("2026-11-20")}
	for _, c := range []struct {
		kind change.Kind
		to   visual.Release
		want string
	}{
		{change.Upgrade, bad, "hold closed"},
		{change.Upgrade, release("1.5.0.0", "b"), "hold closed"}, // the same version in other bytes
		{change.Upgrade, release("1.4.9.0", "a"), "hold closed"},
		{change.Downgrade, release("1.3.0.0", "a"), "hold closed"},
		{change.Upgrade, release("1.5.0.1", "a"), ""},
		{change.Upgrade, release("2.0.0.0", "a"), ""},
		{change.Enable, release("1.5.0.1", "a"), ""},
		{change.Renew, release("1.4.0.0", "b"), ""},
		{change.Enable, release("1.4.0.0", "a"), "hold closed"},
	} {
		s := Step{ID: "st_1", Key: gauge("main"), Kind: c.kind, To: store.State{Presence: store.Present, Release: &c.to}}
		gates := Gates(s, Conditions{At: steady("2026-11-23T12:00:00Z"), Holds: []Hold{held}})
		if got := gateText(gates); got != c.want {
			t.Errorf("%s to %s: got %q, want %q", c.kind, c.to, got, c.want)
		}
		want := "held until a version newer than 1.5.0.0 is here or somebody lifts it, but for renew: its check failed on a day"
		if len(gates) > 0 && (gates[0].Message != want || !strings.Contains(gates[0].Hint, "to try 1.5.0.0 again: orgstore unblock")) {
			t.Errorf("it says %q (%s)", gates[0].Message, gates[0].Hint)
		}
	}
}

func TestAHoldNamesWhoAndWhy(t *testing.T) {
	g := Gates(Step{Key: gauge("main")}, Conditions{At: steady("2026-11-23T12:00:00Z"),
		Holds: []Hold{{Key: gauge(""), Until: date("2026-12-01"), Reason: "quarter's end", By: "ada"}}})
	if want := "ada holds it until 2026-12-01 00:00 UTC: quarter's end"; len(g) != 1 || g[0].Message != want {
		t.Errorf("got %+v, want %q", g, want)
	}
}
