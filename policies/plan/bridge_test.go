package plan

import (
	"testing"

	"github.com/orgstore/orgstore/policies/change"
)

// Where gates keep other code back, the license of what is installed is renewed
// meanwhile; where they do not, one change is enough.
func TestARenewalDoesNotWaitForAnUpgrade(t *testing.T) {
	renewed := candidate("1.4.0.0", "a2", "2028-06-01")
	recut := candidate("1.4.0.0", "b", "2028-09-01")
	held := func(s Step) bool { return s.Kind != change.Renew }
	for _, c := range []struct {
		name       string
		candidates []Candidate
		held       func(Step) bool
		want       string
	}{
		{"nothing keeps the upgrade back", []Candidate{v14, renewed, v15}, nil,
			"upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"the upgrade is kept back", []Candidate{v14, renewed, v15}, held,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01; upgrade 1.4.0.0a2 to 2028-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"so is other code of the same version", []Candidate{v14, renewed, recut}, held,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01; replace 1.4.0.0a2 to 2028-06-01 -> 1.4.0.0b to 2028-09-01"},
		{"there is no renewal", []Candidate{v14, v15}, held,
			"upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"the renewal is refused", []Candidate{v14, renewed.judged("reject", CodeExpired, "ended"), v15}, held,
			"upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input("~> 1.4", []Present{v14.installed()}, c.candidates...)
			if got := lines(computeHeld(in, c.held)); got != c.want {
				t.Errorf("it plans %q, not %q", got, c.want)
			}
		})
	}
}

// What the pin allows no longer stays until something else may come, and its
// license is renewed until then.
func TestWhatThePinAllowsNoLongerIsRenewed(t *testing.T) {
	renewed := candidate("1.4.0.0", "a2", "2028-06-01")
	recut := candidate("1.4.0.0", "b", "2028-09-01")
	v20 := candidate("2.0.0.0", "a", "2027-06-01")
	v13 := candidate("1.3.0.0", "a", "2028-06-01")
	held := func(s Step) bool { return s.Kind != change.Renew }
	block := Block{Key: gauge("main"), Version: version("2.0"), Pin: "~> 2.0", Reason: "totals are wrong"}
	own := Block{Key: gauge("main"), Version: version("1.4"), Pin: "~> 2.0", Reason: "totals are wrong"}
	for _, c := range []struct {
		name, pin  string
		candidates []Candidate
		held       func(Step) bool
		block      *Block
		want       string
	}{
		{"the upgrade waits", "~> 2.0", []Candidate{v14, renewed, v20}, held, nil,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01; upgrade 1.4.0.0a2 to 2028-06-01 -> 2.0.0.0a to 2027-06-01"},
		{"nothing keeps the upgrade back", "~> 2.0", []Candidate{v14, renewed, v20}, nil, nil,
			"upgrade 1.4.0.0a to 2027-06-01 -> 2.0.0.0a to 2027-06-01"},
		{"the way down waits", "1.3", []Candidate{v13, v14, renewed}, held, nil,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01; downgrade 1.4.0.0a2 to 2028-06-01 -> 1.3.0.0a to 2028-06-01"},
		{"nothing that the pin allows is here", "~> 2.0", []Candidate{v14, renewed}, nil, nil,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01"},
		{"what it allows is refused", "~> 2.0", []Candidate{v14, renewed, v20.judged("reject", CodeExpired, "ended")}, nil, nil,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01"},
		{"a person must decide about the renewal", "~> 2.0", []Candidate{v14, renewed.judged("review", "life.reduced", "fewer seats")}, nil, nil,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01 REVIEW"},
		{"a rollback left what it allows", "~> 2.0", []Candidate{v14, renewed, v20}, nil, &block,
			"renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01"},
		{"it is left itself", "~> 2.0", []Candidate{v14, renewed}, nil, &own, "blocked blocked.pin"},
		{"other code is no renewal", "~> 2.0", []Candidate{v14, recut}, nil, nil, "blocked blocked.pin"},
		{"there is no renewal", "~> 2.0", []Candidate{v14}, nil, nil, "blocked blocked.pin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(c.pin, []Present{v14.installed()}, c.candidates...)
			if c.block != nil {
				in.Blocks = []Block{*c.block}
			}
			if got := lines(computeHeld(in, c.held)); got != c.want {
				t.Errorf("it plans %q, not %q", got, c.want)
			}
		})
	}
}

// A task for other code stays in a person's hands when its window closes. One for
// a renewal stays while the window is closed, and gives way when it opens.
func TestTasksWhereAWindowOpensOrCloses(t *testing.T) {
	renewed := candidate("1.4.0.0", "a2", "2028-06-01")
	world := func(held bool) Input {
		in := input("~> 1.4", []Present{v14.installed()}, v14, renewed, v15)
		in.Present[0].Observed, in.Traits["main"] = nil, tellsNothing
		return decided(in, func(s Step) bool { return held && s.Kind != change.Renew })
	}
	for _, c := range []struct {
		laidOut, now bool // whether the upgrade was, and is, held
		stays        bool
	}{{false, false, true}, {false, true, true}, {true, true, true}, {true, false, false}} {
		in := world(c.now)
		in.Present[0].Open = waiting(world(c.laidOut))
		p := computeHeld(in, func(s Step) bool { return c.now && s.Kind != change.Renew })
		if stays := lines(p) == "keep step.waiting" && len(p.Withdrawals) == 0; stays != c.stays {
			t.Errorf("laid out while held: %t, now held: %t: it plans %q and withdraws %v", c.laidOut, c.now, lines(p), p.Withdrawals)
		}
	}
}
