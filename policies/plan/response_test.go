package plan

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/approval"
	"github.com/orgstore/orgstore/policies/change"
)

// changedTo is a visual that the journal knows as one candidate and of which the
// store tells another.
func changedTo(was, is Candidate) Present {
	return Present{Key: gauge("main"), Belief: was.state(), Observed: is.listing()}
}

// TestRestoring puts back what is wanted, once, and never against a person.
func TestRestoring(t *testing.T) {
	v13, v14, v15 := candidate("1.3.0.0", "a", "2027-06-01"), candidate("1.4.0.0", "a", "2027-06-01"), candidate("1.5.0.0", "a", "2027-06-01")
	renewed := candidate("1.4.0.0", "a2", "2028-06-01")
	strange := candidate("1.5.0.0", "z", "") // nobody here has it
	unlicensed := v15.judged(verdict.Reject, CodeUnlicensed, "no license")
	removed := Present{Key: gauge("main"), Belief: v14.state()}
	disabled := changedTo(v14, v14)
	disabled.Observed.Enabled = off()
	both := changedTo(v14, strange)
	both.Observed.Enabled = off()
	for _, c := range []struct {
		name     string
		pin      string
		present  Present
		have     []Candidate
		restored []visual.Digest
		want     string // what the first step is, and what it is held by
	}{
		{"a newer one without a license", "1.4", changedTo(v14, strange), []Candidate{v14}, nil, "downgrade 1.4.0.0"},
		{"a newer one that the pin does not allow", "1.4", changedTo(v14, v15), []Candidate{v14, unlicensed}, nil, "downgrade 1.4.0.0"},
		{"removed", "1.4", removed, []Candidate{v14}, nil, "install 1.4.0.0"},
		{"done again after it was restored", "1.4", changedTo(v14, strange), []Candidate{v14}, []visual.Digest{strange.Release.Digest}, "downgrade 1.4.0.0 review: it was restored from this before"},
		{"removed again after it was restored", "1.4", removed, []Candidate{v14}, []visual.Digest{{}}, "install 1.4.0.0 review: it was restored from this before"},
		{"another one than was restored", "1.4", changedTo(v14, strange), []Candidate{v14}, []visual.Digest{{}}, "downgrade 1.4.0.0"},
		{"a rollback by hand", "~> 1.3", changedTo(v14, v13), []Candidate{v13, v14}, nil, "upgrade 1.4.0.0 review: somebody went back"},
		{"a rollback by hand to what is not here", "~> 1.3", changedTo(v14, v13), []Candidate{v14}, nil, "upgrade 1.4.0.0 review: somebody went back"},
		{"a rollback by hand to an older license", "1.4", changedTo(renewed, v14), []Candidate{v14, renewed}, nil, "renew 1.4.0.0 review: somebody went back"},
		{"access turned off", "1.4", disabled, []Candidate{v14}, nil, "enable 1.4.0.0 review: a person turned its access"},
		{"as wanted already", "~> 1.4", changedTo(v14, v15), []Candidate{v14, v15}, nil, "keep.current"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(c.pin, []Present{c.present}, c.have...)
			in.Responses = map[store.Key]Response{gauge("main"): {Mode: DriftRestore, Restored: c.restored}}
			if got := firstOf(Compute(in)); !fits(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			in.Responses = nil // where nothing is said, a person decides
			if p := Compute(in); len(p.Steps) > 0 && p.Steps[0].Review == "" {
				t.Error("without a word in the settings it needs no decision")
			}
		})
	}
	t.Run("what a person turned off stays off", func(t *testing.T) {
		in := input("1.4", []Present{both}, v14)
		in.Responses = map[store.Key]Response{gauge("main"): {Mode: DriftRestore}}
		steps := Compute(in).Steps
		if len(steps) != 2 || steps[0].Review == "" || steps[1].Review == "" {
			t.Errorf("%+v", steps)
		}
	})
	t.Run("deleted in a store that tells nothing", func(t *testing.T) {
		p := removed
		p.AbsentSince = date("2026-11-24")
		in := input("1.4", []Present{p}, v14)
		in.Traits["main"] = tellsNothing
		in.Responses = map[store.Key]Response{gauge("main"): {Mode: DriftRestore}}
		if got := firstOf(Compute(in)); !fits(got, "install 1.4.0.0 review: a person deleted it") {
			t.Error(got)
		}
	})
}

// firstOf says what comes first of a plan: a step and what it is held by, or why
// there is none.
func firstOf(p Plan) string {
	if len(p.Steps) == 0 {
		return string(p.Idle[0].Reason.Code)
	}
	s := p.Steps[0]
	text := string(s.Kind) + " " + s.To.Release.Version.String()
	if s.Review != "" {
		text += " review: " + s.Review
	}
	return text
}

// fits compares up to the review, of which only a part is named.
func fits(got, want string) bool {
	step, review, reviewed := strings.Cut(want, " review: ")
	gotStep, gotReview, gotReviewed := strings.Cut(got, " review: ")
	return step == gotStep && reviewed == gotReviewed && strings.Contains(gotReview, review)
}

// TestAdopting takes what somebody put for what there is, where its bytes are
// known, its license is good, and the pin would not undo it.
func TestAdopting(t *testing.T) {
	v13, v14, v15 := candidate("1.3.0.0", "a", "2027-06-01"), candidate("1.4.0.0", "a", "2027-06-01"), candidate("1.5.0.0", "a", "2027-06-01")
	renewed := candidate("1.4.0.0", "a2", "2028-06-01")
	disabled, off15 := changedTo(v14, v14), changedTo(v14, v15)
	disabled.Observed.Enabled, off15.Observed.Enabled = off(), off()
	enabled := Present{Key: gauge("main"), Belief: v14.state(), Observed: v14.listing()}
	enabled.Belief.Enabled = off()
	added := Present{Key: gauge("main"), Belief: store.State{Presence: store.Absent}, Observed: v14.listing()}
	for _, c := range []struct {
		name    string
		pin     string
		present Present
		have    []Candidate
		want    string // the version adopted and what is blocked, or why not
	}{
		{"a newer one", "~> 1.4", changedTo(v14, v15), []Candidate{v14, v15}, "1.5.0.0"},
		{"a renewal", "~> 1.4", changedTo(v14, renewed), []Candidate{v14, renewed}, "1.4.0.0"},
		{"added", "~> 1.4", added, []Candidate{v14}, "1.4.0.0"},
		{"enabled", "~> 1.4", enabled, []Candidate{v14}, "1.4.0.0"},
		{"a rollback by hand", "~> 1.3", changedTo(v14, v13), []Candidate{v13, v14}, "1.3.0.0 blocks 1.4.0.0"},
		{"a rollback by hand to an older license", "~> 1.4", changedTo(renewed, v14), []Candidate{v14, renewed}, "1.4.0.0 blocks a package"},
		{"superseded, as a rollback leaves it", "~> 1.3", changedTo(v14, v13), []Candidate{v13.judged(verdict.Reject, CodeSuperseded, "older"), v14}, "1.3.0.0 blocks 1.4.0.0"},
		{"bytes that nobody here has", "~> 1.4", changedTo(v14, v15), []Candidate{v14}, "its package is not in the archive"},
		{"refused", "~> 1.4", changedTo(v14, v15), []Candidate{v14, v15.judged(verdict.Reject, CodeExpired, "its license ended")}, "its license ended"},
		{"to be reviewed", "~> 1.4", changedTo(v14, v15), []Candidate{v14, v15.judged(verdict.Review, "life.reduced", "fewer seats")}, "fewer seats"},
		{"outside the pin", "1.4", changedTo(v14, v15), []Candidate{v14, v15}, "the pin 1.4 does not allow 1.5.0.0"},
		{"access turned off", "~> 1.4", disabled, []Candidate{v14}, "its access is off"},
		{"another one, and access off", "~> 1.4", off15, []Candidate{v14, v15}, "its access is off"},
		{"removed", "~> 1.4", Present{Key: gauge("main"), Belief: v14.state()}, []Candidate{v14}, "there is nothing to adopt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(c.pin, []Present{c.present}, c.have...)
			in.Responses = map[store.Key]Response{gauge("main"): {Mode: DriftAdopt}}
			p := Compute(in)
			if len(p.Adoptions) == 0 {
				if d := p.Drifts[gauge("main")].Message; !strings.Contains(d, "it is not adopted: "+c.want) {
					t.Errorf("got %q, want %q", d, c.want)
				}
				for _, s := range p.Steps {
					if s.Review == "" {
						t.Errorf("%s needs no decision", s.Kind)
					}
				}
				return
			}
			a := p.Adoptions[0]
			got := a.State.Release.Version.String()
			switch {
			case a.Leaves != nil && !a.Leaves.Version.IsZero():
				got += " blocks " + a.Leaves.Version.String()
			case a.Leaves != nil:
				got += " blocks a package"
			}
			if got != c.want || len(p.Steps) > 0 || p.Idle[0].Reason.Code != CodeAdopt {
				t.Errorf("got %q, want %q; %+v", got, c.want, p.Steps)
			}
		})
	}
	t.Run("rules and people are asked", func(t *testing.T) {
		for _, c := range []struct {
			present Present
			have    []Candidate
			kind    change.Kind
			asked   bool
			why     string
		}{
			{changedTo(v14, v15), []Candidate{v14, v15}, change.Upgrade, false, "the rule x: no"},
			{changedTo(v14, renewed), []Candidate{v14, renewed}, change.Renew, false, "the rule x: no"},
			{added, []Candidate{v14}, change.Install, false, "the rule x: no"},
			{enabled, []Candidate{v14}, change.Enable, false, "the rule x: no"},
			{changedTo(v15, v14), []Candidate{v14, v15}, change.Downgrade, true, "needs 2 approvals"},
		} {
			in := input("~> 1.4", []Present{c.present}, c.have...)
			in.Responses = map[store.Key]Response{gauge("main"): {Mode: DriftAdopt}}
			p, _ := Decide(in, func(s Step) Conditions {
				if s.ID == "" || s.Kind != c.kind || s.Asked != c.asked || s.Reason.Code != CodeAdopt {
					t.Errorf("asked about %+v, not about %s", s, c.kind)
				}
				if s.Asked { // rules say nothing of what a person went back to
					return Conditions{Policies: map[store.Key]Policy{s.Key: {Approvals: approval.Policy{Rollback: 1}}}}
				}
				return Conditions{Violations: map[store.StepID][]Violation{s.ID: {{Rule: "x", Message: "no"}}}}
			})
			if d := p.Drifts[gauge("main")].Message; len(p.Adoptions) > 0 || len(p.Unadopted) != 1 || !strings.Contains(d, "it is not adopted: "+c.why) {
				t.Errorf("%s: %+v, %q", c.kind, p, d)
			}
			if p, _ := Decide(in, func(Step) Conditions { return Conditions{} }); len(p.Adoptions) != 1 || len(p.Unadopted) > 0 {
				t.Errorf("%s, let through: %+v", c.kind, p)
			}
		}
	})
	t.Run("what a rollback left", func(t *testing.T) {
		in := input("~> 1.4", []Present{changedTo(v14, v15)}, v14, v15)
		in.Responses = map[store.Key]Response{gauge("main"): {Mode: DriftAdopt}}
		in.Blocks = []Block{{Key: gauge("main"), Version: v15.Release.Version, Pin: pinned("~> 1.4").String()}}
		if p := Compute(in); len(p.Adoptions) > 0 {
			t.Errorf("%+v", p.Adoptions)
		}
	})
	t.Run("what is asked for goes first", func(t *testing.T) {
		in := input("~> 1.4", []Present{changedTo(v14, v15)}, v14, v15)
		in.Responses = map[store.Key]Response{gauge("main"): {Mode: DriftAdopt}}
		in.Asks = []Ask{{Key: gauge("main"), Version: v14.Release.Version, Reason: "not approved"}}
		if p := Compute(in); len(p.Adoptions) > 0 || len(p.Steps) != 1 {
			t.Errorf("%+v", p)
		}
	})
}

// TestPropertyAdoptedStays: what is adopted is not undone by the next plan
// without a person.
func TestPropertyAdoptedStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		believed := map[store.Key]store.State{}
		for _, x := range in.Present {
			believed[x.Key] = x.Belief
		}
		p := Compute(in)
		next := Compute(carryOut(in, Plan{Adoptions: p.Adoptions}, anyStep))
		for _, a := range p.Adoptions {
			if _, drifted := next.Drifts[a.Key]; drifted {
				t.Fatalf("%s is adopted and drifted still", a.Key)
			}
			for _, s := range next.Steps {
				if s.Key == a.Key && s.Review == "" && sameRelease(s.To.Release, believed[a.Key].Release) && believed[a.Key].Release != nil && !sameRelease(s.To.Release, a.State.Release) {
					t.Fatalf("what was adopted of %s is undone: %s to %s", a.Key, s.Kind, stateText(s.To))
				}
			}
		}
	})
}

// TestHybridIsNeverTouched, whatever is wanted, asked for or told of it.
func TestHybridIsNeverTouched(t *testing.T) {
	v14, v15 := candidate("1.4.0.0", "a", "2027-06-01"), candidate("1.5.0.0", "a", "2027-06-01")
	for name, present := range map[string]Present{
		"installed": v14.installed(), "changed": changedTo(v14, v15), "absent": {Key: gauge("main"), Belief: store.State{Presence: store.Absent}},
	} {
		t.Run(name, func(t *testing.T) {
			in := input("1.5", []Present{present}, v14, v15)
			in.Hybrid = map[store.Key]bool{gauge("main"): true}
			for _, asks := range [][]Ask{nil, {{Key: gauge("main"), Version: v15.Release.Version}}, {{Key: gauge("main")}}} {
				in.Asks = asks
				p := Compute(in)
				if len(p.Steps) > 0 || len(p.Idle) != 1 || p.Idle[0].Reason.Code != CodeHybrid || len(p.Drifts) > 0 {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}
