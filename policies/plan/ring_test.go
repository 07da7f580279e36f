package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

const week = 7 * 24 * time.Hour

func moments(s string) time.Time { return must(time.Parse(time.RFC3339, s)) }

func TestRingGate(t *testing.T) {
	to := release("1.5.0.0", "a")
	step := func(k change.Kind) Step {
		return Step{ID: "st_1", Key: gauge("main"), Kind: k, To: store.State{Presence: store.Present, Release: &to}}
	}
	asked := step(change.Downgrade)
	asked.Asked = true
	run := func(d visual.Digest, since, until string) []Run {
		r := Run{Release: d, Since: moments(since)}
		if until != "" {
			r.Until = moments(until)
		}
		return []Run{r}
	}
	since := "2026-11-10T09:00:00Z"
	for _, c := range []struct {
		name    string
		step    Step
		runs    []Run
		trouble string
		at      string
		want    string
		says    string
	}{
		{"nothing ran there", step(change.Upgrade), nil, "", "2026-11-20T09:00:00Z", "ring closed", "in pilot for 7 days first"},
		{"other bytes of the same version ran there", step(change.Upgrade), run(release("1.5.0.0", "b").Digest, since, ""), "", "2026-11-20T09:00:00Z", "ring closed", "the same package must have run in pilot"},
		{"not for long enough", step(change.Upgrade), run(to.Digest, since, ""), "", "2026-11-17T08:59:59Z", "ring closed 2026-11-17T09:00:00Z", "has run there since 2026-11-10 09:00 UTC"},
		{"long enough to the instant", step(change.Upgrade), run(to.Digest, since, ""), "", "2026-11-17T09:00:00Z", "", ""},
		{"it ran there before", step(change.Upgrade), run(to.Digest, since, "2026-11-17T09:00:00Z"), "", "2026-11-20T09:00:00Z", "", ""},
		{"it ran there before, too briefly", step(change.Upgrade), run(to.Digest, since, "2026-11-17T08:59:59Z"), "", "2026-12-20T09:00:00Z", "ring closed", "7 days"},
		{"two short runs are no long one", step(change.Upgrade), append(run(to.Digest, since, "2026-11-14T09:00:00Z"), run(to.Digest, "2026-11-15T09:00:00Z", "")...), "", "2026-11-20T09:00:00Z", "ring closed 2026-11-22T09:00:00Z", "7 days"},
		{"held there", step(change.Upgrade), run(to.Digest, since, ""), "ada holds it", "2026-11-20T09:00:00Z", "ring closed", "nothing goes on from pilot now: ada holds it"},
		{"a first install waits too", step(change.Install), nil, "", "2026-11-20T09:00:00Z", "ring closed", "7 days"},
		{"so does other code of the same version", step(change.Replace), nil, "", "2026-11-20T09:00:00Z", "ring closed", "7 days"},
		{"and going down by the pin", step(change.Downgrade), nil, "", "2026-11-20T09:00:00Z", "ring closed", "7 days"},
		{"a renewal does not", step(change.Renew), nil, "ada holds it", "2026-11-20T09:00:00Z", "", ""},
		{"nor a rollback", asked, nil, "", "2026-11-20T09:00:00Z", "", ""},
		{"nor the way back", step(change.Restore), nil, "", "2026-11-20T09:00:00Z", "", ""},
		{"nor access", step(change.Enable), nil, "", "2026-11-20T09:00:00Z", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			ring := Ring{Before: gauge("pilot"), Soak: week, Runs: c.runs, Trouble: c.trouble}
			conditions := Conditions{At: steady(c.at), Rings: map[store.Key]Ring{gauge("main"): ring}}
			gates := Gates(c.step, conditions)
			if got := gateText(gates); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if len(gates) > 0 && (!strings.Contains(gates[0].Message, c.says) || gates[0].Hint == "") {
				t.Errorf("it says %q (%s)", gates[0].Message, gates[0].Hint)
			}
			if c.want != "" {
				conditions.Overrides = []Override{{Step: "st_1", Gate: GateRing, About: gates[0].Message, Reason: "agreed", By: "ada"}}
				if !Ready(Gates(c.step, conditions)) {
					t.Error("it cannot be overridden")
				}
			}
		})
	}
}

// rings is a world of two stores: what is in each, and what may go on.
func rings(pin string, pilot, main *Candidate, ready []Candidate, candidates ...Candidate) Input {
	in := Input{
		Wanted: []Wanted{{gauge("pilot"), pinned(pin)}, {gauge("main"), pinned(pin)}}, Candidates: candidates,
		Traits: map[string]store.Traits{"main": tellsAll, "pilot": tellsAll},
		Onward: map[store.Key]Onward{gauge("main"): {Before: gauge("pilot")}},
	}
	for name, c := range map[string]*Candidate{"pilot": pilot, "main": main} {
		p := Present{Key: gauge(name), Belief: store.State{Presence: store.Absent}}
		if c != nil {
			p = c.installed()
			p.Key = gauge(name)
		}
		in.Present = append(in.Present, p)
	}
	o := in.Onward[gauge("main")]
	for _, c := range ready {
		o.Ready = append(o.Ready, c.Release.Digest)
	}
	in.Onward[gauge("main")] = o
	return in
}

// mainStep tells the step for the store after the pilot.
func mainStep(p Plan) string {
	for _, s := range p.Steps {
		if s.Key == gauge("main") {
			return string(s.Kind) + " " + s.To.Release.Version.String() + " " + s.To.License.ID
		}
	}
	for _, i := range p.Idle {
		if i.Key == gauge("main") {
			return string(i.Reason.Code)
		}
	}
	return ""
}

func TestWhatGoesOn(t *testing.T) {
	old, middle, newest := candidate("1.4.0.0", "a", "2027-01-01"), candidate("1.5.0.0", "a", "2027-01-01"), candidate("1.6.0.0", "a", "2027-01-01")
	renewed := candidate("1.4.0.0", "a2", "2027-06-01")
	reduced := renewed.judged(verdict.Review, "life.reduced", "fewer seats")
	step := func(k change.Kind, c Candidate) string {
		return string(k) + " " + c.Release.Version.String() + " " + c.Terms.ID
	}
	leftVersion := Block{Key: gauge("pilot"), Version: middle.Release.Version, Pin: ">= 1", Reason: "totals are wrong"}
	for _, c := range []struct {
		name string
		in   Input
		with func(*Input)
		want string
	}{
		{"what is new is planned, and its gate holds it", rings(">= 1", &middle, &old, nil, old, middle), nil, step(change.Upgrade, middle)},
		{"what ran before the newest goes first", rings(">= 1", &newest, &old, []Candidate{middle}, old, middle, newest), nil, step(change.Upgrade, middle)},
		{"then the newest", rings(">= 1", &newest, &middle, []Candidate{middle}, old, middle, newest), nil, step(change.Upgrade, newest)},
		{"a renewal of what is here does not wait", rings(">= 1", &middle, &old, nil, old, renewed, middle), nil, step(change.Renew, renewed)},
		{"nor does one that a person must decide", rings(">= 1", &middle, &old, nil, old, reduced, middle), nil, step(change.Renew, reduced)},
		{"a first install", rings(">= 1", &middle, nil, []Candidate{middle}, old, middle, newest), nil, step(change.Install, middle)},
		{"what a rollback left in the pilot", rings(">= 1", &old, &old, []Candidate{middle}, old, middle), func(in *Input) { in.Blocks = []Block{leftVersion} }, "keep.newer_blocked"},
		{"what a rollback left in the pilot and runs here is renewed", rings("1.4", &old, &old, nil, old, renewed), func(in *Input) {
			in.Blocks = []Block{{Key: gauge("pilot"), Version: old.Release.Version, Pin: "1.4", Reason: "totals are wrong"}}
		}, step(change.Renew, renewed)},
		{"somebody changed the pilot", rings(">= 1", &middle, &old, []Candidate{middle}, old, middle, newest), func(in *Input) {
			for i := range in.Present {
				if in.Present[i].Key.Store == "pilot" {
					in.Present[i].Observed = newest.listing()
				}
			}
		}, step(change.Upgrade, newest)},
		{"another tenant's license", rings(">= 1", &old, &old, []Candidate{middle}, old, middle), func(in *Input) {
			for i := range in.Candidates {
				in.Candidates[i].In = map[string]verdict.Judgment{"main": in.Candidates[i].judged(verdict.Reject, "ent.tenant", "for another tenant").Judgment}
			}
		}, "keep.license_refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.with != nil {
				c.with(&c.in)
			}
			p := Compute(c.in)
			if got := mainStep(p); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			for _, i := range p.Idle {
				if i.Key == gauge("main") && i.Reason.Code == CodeNewerBlocked && !strings.Contains(i.Reason.Message, "a rollback in pilot left 1.5.0.0 (totals are wrong)") {
					t.Errorf("it says %q", i.Reason.Message)
				}
			}
		})
	}
}

// The step is the same whether it may go on yet or not: what was approved or let
// through stays so.
func TestTheStepStaysTheSameWhileItWaits(t *testing.T) {
	old, next := candidate("1.4.0.0", "a", "2027-01-01"), candidate("1.5.0.0", "a", "2027-01-01")
	id := func(in Input) (store.StepID, Basis) {
		p := Compute(in)
		for _, s := range p.Steps {
			if s.Key == gauge("main") {
				return s.ID, p.Basis
			}
		}
		t.Fatalf("no step: %+v", p)
		return "", ""
	}
	before, basis := id(rings(">= 1", &next, &old, nil, old, next))
	after, later := id(rings(">= 1", &next, &old, []Candidate{next}, old, next))
	if before != after || basis != later {
		t.Errorf("%s of %s became %s of %s", before, basis, after, later)
	}
}
