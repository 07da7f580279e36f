package plan

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
)

// waiting is the first step of a plan, laid out as a task on a day.
func waiting(in Input) *Open {
	s := Compute(in).Steps[0]
	return &Open{Step: s, Since: date("2026-11-20"), Accepted: true, Waiting: true}
}

func TestWhatBecomesOfAChangeThatWaits(t *testing.T) {
	believed := func(c Candidate) Present { p := c.installed(); p.Observed = nil; return p }
	world := func(pin string, candidates ...Candidate) Input {
		in := input(pin, []Present{believed(v14)}, candidates...)
		in.Traits["main"] = tellsNothing
		return in
	}
	upgrade := waiting(world("~> 1.4", v14, v15))
	asked := world("~> 1.4", v13, v14, v15)
	asked.Asks = []Ask{{Key: gauge("main"), Version: version("1.3"), Reason: "Monday at nine"}}
	rollback := waiting(asked)
	absent := world("~> 1.4", v14, v15)
	absent.Present[0].Belief = store.State{Presence: store.Absent}
	install := waiting(absent)
	for _, c := range []struct {
		name      string
		in        Input
		open      *Open
		want      string
		withdrawn bool
	}{
		{"the same is wanted", world("~> 1.4", v14, v15), upgrade, "keep step.waiting", false},
		{"a newer package is here", world("~> 1.4", v14, v15, candidate("1.6.0.0", "a", "2027-06-01")), upgrade, "upgrade 1.4.0.0a to 2027-06-01 -> 1.6.0.0a to 2027-06-01", true},
		{"a renewed package is here", world("~> 1.4", v14, v15, candidate("1.5.0.0", "a2", "2028-06-01")), upgrade, "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a2 to 2028-06-01", true},
		{"the pin was taken back", world("1.4", v14, v15), upgrade, "keep keep.newer_outside_pin", true},
		{"it is not pinned any more", Input{Present: world("1.4", v14).Present, Candidates: []Candidate{v14, v15}, Traits: map[string]store.Traits{"main": tellsNothing}}, upgrade, "keep keep.unpinned", true},
		{"its license was revoked", world("~> 1.4", v14, v15.judged(verdict.Reject, "life.revoked", "revoked")), upgrade, "keep keep.newer_refused", true},
		{"a list tells its access meanwhile", func() Input {
			in := world("~> 1.4", v14, v15)
			in.Present[0].Observed = &store.Listing{GUID: v14.GUID, Enabled: on(), Source: store.FromFile}
			in.Present[0].Belief.Enabled = nil
			return in
		}(), upgrade, "keep step.waiting", false},
		{"the list has what was to be installed", func() Input {
			in := world("~> 1.4", v14, v15)
			in.Present[0].Belief = store.State{Presence: store.Absent}
			in.Present[0].Observed = &store.Listing{GUID: v14.GUID, Enabled: on()}
			return in
		}(), install, "keep step.waiting", false},
		{"the list has it from AppSource", func() Input {
			in := world("~> 1.4", v14, v15)
			in.Present[0].Belief = store.State{Presence: store.Absent}
			in.Present[0].Observed = &store.Listing{GUID: v14.GUID, Source: store.FromAppSource}
			return in
		}(), install, "blocked store.app_source", true},
		{"a rollback stays whatever the pin says", world("~> 1.4", v13, v14, v15), rollback, "keep step.waiting", false},
		{"a rollback whose package may not be put any more", world("1.4", v13.judged(verdict.Reject, "life.revoked", "revoked"), v14), rollback, "keep keep.current", true},
		{"a rollback whose package is gone", world("1.4", v14), rollback, "keep keep.current", true},
		{"another rollback", func() Input { in := asked; in.Asks = []Ask{{Key: gauge("main")}}; return in }(), rollback, "disable 1.4.0.0a to 2027-06-01 -> 1.4.0.0a to 2027-06-01 off", true},
		{"the same rollback", asked, rollback, "keep step.waiting", false},
		{"a rollback that cannot be", func() Input { in := asked; in.Asks = []Ask{{Key: gauge("main"), Version: version("1.1")}}; return in }(), upgrade, "keep step.waiting", false},
		{"to stay where it is", func() Input { in := asked; in.Asks = []Ask{{Key: gauge("main"), Version: version("1.4")}}; return in }(), rollback, "keep asked.already", true},
		{"the way back from a failed change", world("~> 1.4", v14, v15), &Open{Step: Step{ID: "st_back", Kind: change.Disable}, Undoes: "st_1", Waiting: true}, "keep step.waiting", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := c.in
			in.Present = append([]Present(nil), in.Present...)
			in.Present[0].Open = c.open
			p := Compute(in)
			if got := lines(p); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if (len(p.Withdrawals) == 1) != c.withdrawn || len(p.Drifts) > 0 {
				t.Errorf("withdrawn: %+v, drifts: %v", p.Withdrawals, p.Drifts)
			}
			if c.withdrawn && (p.Withdrawals[0].Open.Step.ID != c.open.Step.ID || p.Withdrawals[0].Reason == "") {
				t.Errorf("withdrawn is %+v", p.Withdrawals[0])
			}
			if len(p.Steps) > 0 && !strings.Contains(p.Steps[0].Reason.Message, "replaces the task of 2026-11-20") {
				t.Errorf("the reason is %q", p.Steps[0].Reason.Message)
			}
		})
	}
}

func TestWhatAListOfAStoreThatTellsNothingTells(t *testing.T) {
	for _, c := range []struct {
		name   string
		belief store.State
		told   *store.Listing
		lacks  bool
		want   string
		drift  bool
	}{
		{"not listed, never recorded: it can be installed", store.State{}, nil, true, "install absent -> 1.5.0.0a to 2027-06-01", false},
		{"not listed, known to be absent", store.State{Presence: store.Absent}, nil, true, "install absent -> 1.5.0.0a to 2027-06-01", false},
		{"not listed any more: a person decides", v14.state(), nil, true, "install absent -> 1.5.0.0a to 2027-06-01 REVIEW", true},
		{"listed, never recorded", store.State{}, &store.Listing{GUID: v14.GUID, Source: store.FromFile}, false, "blocked present.no_baseline", false},
		{"listed, and the journal knows what", v14.state(), &store.Listing{GUID: v14.GUID, Source: store.FromFile}, false, "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01", false},
		{"from AppSource", v14.state(), &store.Listing{GUID: v14.GUID, Source: store.FromAppSource}, false, "blocked store.app_source", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Present{Key: gauge("main"), Belief: c.belief, Observed: c.told}
			if c.lacks {
				p.AbsentSince = date("2026-11-20")
			}
			in := input("~> 1.4", []Present{p}, v13, v14, v15)
			in.Traits["main"] = tellsNothing
			got := Compute(in)
			if l := lines(got); l != c.want || (len(got.Drifts) > 0) != c.drift {
				t.Errorf("\n got %s, drifts %v\nwant %s", l, got.Drifts, c.want)
			}
		})
	}
}
