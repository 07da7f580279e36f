package plan

import (
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// planned is the visual plan of a pinned gauge where a candidate is installed, among
// candidates.
func planned(installed Candidate, candidates ...Candidate) *visualPlan {
	v := &visualPlan{key: gauge("main"), want: &Wanted{gauge("main"), pinned("1.4")}}
	v.now.state = installed.state()
	v.candidates = rankCandidates(candidates)[guid(gaugeGUID)]
	v.allowed = make([]memo, len(v.candidates))
	return v
}

// like returns the ranked candidate of the same bytes under the same statement.
func (v *visualPlan) like(c Candidate) *ranked {
	for i := range v.candidates {
		if r := &v.candidates[i]; r.Release == c.Release && r.Terms.ID == c.Terms.ID {
			return r
		}
	}
	panic("no such candidate")
}

// Of candidates of one version and end, what is installed is nearest, then its bytes
// under another statement, then its code, then anything, whatever statement it has.
func TestWhatIsNearestToWhatIsInstalled(t *testing.T) {
	again := v14
	again.Terms.ID = "jti-again"
	code := candidate("1.4.0.0", "a3", "2027-06-01")
	other := candidate("1.4.0.0", "b", "2027-06-01")
	sameID := candidate("1.4.0.0", "c", "2027-06-01")
	sameID.Terms.ID = v14.Terms.ID
	v := planned(v14, v14, again, code, other, sameID)
	for want, c := range map[int]Candidate{3: v14, 2: again, 1: code, 0: other} {
		if got := v.nearness(v.like(c)); got != want {
			t.Errorf("%s: %d, want %d", c.Terms.ID, got, want)
		}
	}
	if got := v.nearness(v.like(sameID)); got != 0 {
		t.Errorf("other bytes of the same id: %d", got)
	}
}

// Where nothing is nearer, the first in order is taken, so that a plan stays the same.
func TestOfCandidatesAlikeTheFirstIsBest(t *testing.T) {
	v := planned(v14, candidate("1.5.0.0", "b", "2027-06-01"), candidate("1.5.0.0", "c", "2027-06-01"), candidate("1.5.0.0", "d", "2027-06-01"))
	if best := v.best(func(*ranked) bool { return true }); best != &v.candidates[0] {
		t.Errorf("the best is %s", best.Release)
	}
}

func TestTheOrderOfCandidates(t *testing.T) {
	fine, judged := ranked{Candidate: &v14, deployable: true}, v14.judged(verdict.Review, "life.reduced", "fewer seats")
	for _, c := range []struct {
		name  string
		first ranked
		then  ranked
	}{
		{"what can be put into a store comes first", ranked{Candidate: &v13, deployable: true}, ranked{Candidate: &v15}},
		{"the milder judgment comes first", fine, ranked{Candidate: &judged, deployable: true}},
	} {
		if compareRanked(c.first, c.then) >= 0 || compareRanked(c.then, c.first) <= 0 {
			t.Errorf("%s: %d and %d", c.name, compareRanked(c.first, c.then), compareRanked(c.then, c.first))
		}
	}
}

// The installed package counts under the license it was put with, and where that is
// not known, under any.
func TestTheInstalledCandidate(t *testing.T) {
	again := v14
	again.Terms.ID = "jti-again"
	for name, c := range map[string]struct {
		installed Candidate
		want      string
	}{
		"the first":   {v14, v14.Terms.ID},
		"the second":  {again, again.Terms.ID},
		"another one": {func() Candidate { c := v14; c.Terms.ID = "jti-gone"; return c }(), ""},
	} {
		v := planned(c.installed, v14, again)
		switch got := v.installedCandidate(); {
		case got == nil:
			t.Errorf("%s: there is none", name)
		case c.want != "" && got.Terms.ID != c.want:
			t.Errorf("%s: it is %s, want %s", name, got.Terms.ID, c.want)
		}
	}
	if got := planned(v13, v14).installedCandidate(); got != nil {
		t.Errorf("what is not in the archive is %s", got.Release)
	}
}

func TestWhatPeopleCallAVisual(t *testing.T) {
	nameless := v14
	nameless.Name = ""
	v := planned(v14, v14, nameless)
	for _, c := range []struct{ packageName, storeName, want string }{
		{"Gauge of the package", "Gauge of the store", "Gauge of the package"},
		{"", "Gauge of the store", "Gauge of the store"},
		{"", "", "Aurora Gauge"},
	} {
		named := nameless
		named.Name = c.packageName
		v.now.name = c.storeName
		if got := v.displayName(&ranked{Candidate: &named}); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestWhatABlockCovers(t *testing.T) {
	r := release("1.4.0.0", "a")
	for _, c := range []struct {
		name    string
		block   Block
		content pbiviz.Content
		want    bool
	}{
		{"the version", Block{Version: r.Version}, "h1:x", true},
		{"another version", Block{Version: version("1.5")}, "h1:x", false},
		{"the content", Block{Content: "h1:x"}, "h1:x", true},
		{"other content", Block{Content: "h1:y"}, "h1:x", false},
		{"no content is no content alike", Block{}, "", false},
		{"the package", Block{Digest: r.Digest}, "h1:x", true},
		{"another package", Block{Digest: visual.Digest{1}}, "h1:x", false},
	} {
		if got := c.block.Covers(r, c.content); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A task is the same for the person who makes it if it leads from and to the same
// packages under the same license.
func TestTheSameTask(t *testing.T) {
	step := func(kind change.Kind, from, to Candidate) Step {
		return Step{Kind: kind, From: from.state(), To: to.state()}
	}
	upgrade := step(change.Upgrade, v14, v15)
	otherLicense := v15
	otherLicense.Terms.ID = "jti-other"
	relabeled := v15
	relabeled.Release.Version = version("1.6.0.0")
	install := upgrade
	install.From.Release = nil
	for _, c := range []struct {
		name string
		a, b Step
		want bool
	}{
		{"the very same", upgrade, upgrade, true},
		{"of another kind", upgrade, step(change.Replace, v14, v15), false},
		{"from another package", upgrade, step(change.Upgrade, v13, v15), false},
		{"to another package under the same license", upgrade, func() Step { s := step(change.Upgrade, v14, v20); s.To.License = v15.Terms; return s }(), false},
		{"to the same package under another license", upgrade, step(change.Upgrade, v14, otherLicense), false},
		{"to the same bytes of another version", upgrade, step(change.Upgrade, v14, relabeled), false},
		{"from nothing, and from something", install, upgrade, false},
		{"from something, and from nothing", upgrade, install, false},
		{"from nothing both", install, install, true},
		{"access, whatever package is there by then", step(change.Enable, v14, v14), step(change.Enable, v14, v15), true},
	} {
		if got := c.a.sameTask(c.b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestStepsInFewWords(t *testing.T) {
	to := v15.state()
	for want, s := range map[string]Step{
		"upgrade to " + releaseName(v15.Release): {Kind: change.Upgrade, To: to},
		"enable":                                 {Kind: change.Enable, To: to},
		"renew":                                  {Kind: change.Renew},
	} {
		if got := s.description(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
