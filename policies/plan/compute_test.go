package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// lines writes a plan as a test wants to read it: for each step kind, what is
// left and what is put; for each idle its code.
func lines(p Plan) string {
	var out []string
	for _, s := range p.Steps {
		line := fmt.Sprintf("%s %s -> %s", s.Kind, stateText(s.From), stateText(s.To))
		if s.Review != "" {
			line += " REVIEW"
		}
		if !s.Back.Possible {
			line += " NOBACK"
		}
		out = append(out, line)
	}
	for _, i := range p.Idle {
		word := "keep"
		if i.Blocked {
			word = "blocked"
		}
		out = append(out, fmt.Sprintf("%s %s", word, i.Reason.Code))
	}
	return strings.Join(out, "; ")
}

func stateText(s store.State) string {
	switch {
	case s.Presence != store.Present:
		return string(s.Presence)
	case s.Release == nil:
		return "?"
	}
	text := s.Release.Version.String()
	for _, b := range []string{"a", "a2", "a3", "b", "z"} {
		if *s.Release == release(text, b) {
			text += b
		}
	}
	if !s.License.Ends.IsZero() {
		text += " to " + day(s.License.Ends)
	}
	if s.Enabled != nil && !*s.Enabled {
		text += " off"
	}
	return text
}

var (
	v13  = candidate("1.3.0.0", "a", "2027-06-01")
	v14  = candidate("1.4.0.0", "a", "2027-06-01")
	v14r = candidate("1.4.0.0", "a2", "2028-06-01") // the renewal
	v14c = candidate("1.4.0.0", "b", "2029-06-01")  // other code
	v15  = candidate("1.5.0.0", "a", "2027-06-01")
	v20  = candidate("2.0.0.0", "a", "2027-06-01")
)

func expired(c Candidate) Candidate {
	return c.judged(verdict.Reject, CodeExpired, "its license ended on "+day(c.Terms.Ends))
}

func notYet(c Candidate) Candidate {
	c.Terms.Begins = date("2027-05-01")
	return c.judged(verdict.Review, CodeNotYet, "its license begins on 2027-05-01")
}

func foreign(c Candidate) Present { // put by somebody else over v14
	return Present{Key: gauge("main"), Belief: v14.state(), Observed: c.listing()}
}

func with(p Present, edit func(*Present)) []Present {
	edit(&p)
	return []Present{p}
}

func TestFollowingThePin(t *testing.T) {
	laterWord := v14 // the same bytes under a later statement
	laterWord.Terms.ID, laterWord.Terms.Ends = "jti-later", date("2028-01-01")
	bare := v14
	bare.Terms = candidate("1.4.0.0", "a", "").Terms
	unread := func(p *Present) { p.Belief.License = bare.Terms }
	disabled := func(p *Present) { p.Belief.Enabled, p.Observed.Enabled = off(), off() }
	reject := func(c Candidate) Candidate { return c.judged(verdict.Reject, "lic.signature", "bad signature") }
	review := func(c Candidate) Candidate { return c.judged(verdict.Review, "life.reduced", "fewer seats") }
	at := func(c Candidate) []Present { return []Present{c.installed()} }

	var twins, others []Candidate // enough of them that some digests come before and some after
	for _, b := range []string{"a4", "a5", "a6", "a7"} {
		twins = append(twins, candidate("1.4.0.0", b, "2027-06-01"))
		others = append(others, candidate("1.4.0.0", "b"+b, "2028-06-01"))
	}

	for _, c := range []struct {
		name string
		in   Input
		want string
	}{
		{"a first install", input("~> 1.4", nil, v14, v13), "install absent -> 1.4.0.0a to 2027-06-01"},
		{"known to be absent", input("1.4", []Present{{Key: gauge("main"), Belief: store.State{Presence: store.Absent}}}, v14), "install absent -> 1.4.0.0a to 2027-06-01"},
		{"the highest that the pin allows", input("~> 1.4", nil, v14, v15, v20), "install absent -> 1.5.0.0a to 2027-06-01"},
		{"within a version the longest license", input("1.4", nil, v14, v14r), "install absent -> 1.4.0.0a2 to 2028-06-01"},
		{"all is well", input("~> 1.4", at(v14), v14), "keep keep.current"},
		{"upgrade", input("~> 1.4", at(v14), v14, v15), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"an upgrade without a way back", input("~> 1.4", at(v14), v15), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01 REVIEW NOBACK"},
		{"an upgrade from an ended license", input("~> 1.4", at(v14), expired(v14), v15), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01 REVIEW NOBACK"},
		{"the same code under a higher version is an upgrade", input("~> 1.4", at(v14), v14, func() Candidate { c := v15; c.Content = v14.Content; return c }()), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"F5 renewal", input("1.4", at(v14), v14, v14r), "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01"},
		{"a renewal needs no way back", input("1.4", at(v14), expired(v14), v14r), "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01 NOBACK"},
		{"F5 replace", input("1.4", at(v14), v14, v14c), "replace 1.4.0.0a to 2027-06-01 -> 1.4.0.0b to 2029-06-01"},
		{"what is not in the archive is not proven the same code", input("1.4", at(v14), v14r), "replace 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01 REVIEW NOBACK"},
		{"a shorter license renews nothing", input("1.4", at(v14r), v14, v14r), "keep keep.current"},
		{"a shorter license is better than a refused one", input("1.4", at(v14r), v14, reject(v14r)), "renew 1.4.0.0a2 to 2028-06-01 -> 1.4.0.0a to 2027-06-01 NOBACK"},
		{"F13 a later statement about the same bytes that counts", input("1.4", at(v14), v14, laterWord), "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a to 2028-01-01"},
		{"F13 and one that a person must judge", input("1.4", at(v14), v14, laterWord.judged(verdict.Review, "lic.same_bytes_extended", "the script may carry its own date")), "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a to 2028-01-01 REVIEW"},
		{"a license learned later is recorded", input("1.4", with(v14.installed(), unread), v14), "renew 1.4.0.0a -> 1.4.0.0a to 2027-06-01"},
		{"nothing known and nothing to know", input("1.4", with(v14.installed(), unread), bare), "keep keep.current"},
		{"F6 a lower version is no renewal", input("~> 1.3", at(v14), expired(v14), candidate("1.3.0.0", "a2", "2030-01-01")), "keep keep.license_ended"},
		{"F11 an ended license stays", input("1.4", at(v14), expired(v14)), "keep keep.license_ended"},
		{"a revoked license stays", input("1.4", at(v14), reject(v14)), "keep keep.license_refused"},
		{"the pin excludes what is installed", input("~> 1.3.0", at(v14), v13, v14), "downgrade 1.4.0.0a to 2027-06-01 -> 1.3.0.0a to 2027-06-01"},
		{"E2 a renewal that has not begun", input("1.4", at(v14), v14, notYet(v14r)), "keep keep.renewal_not_begun"},
		{"E2 a first install that has not begun", input("1.4", nil, notYet(v14)), "blocked blocked.license"},
		{"F3 a reduced renewal waits for a person", input("1.4", at(v14), v14, review(v14r)), "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01 REVIEW"},
		{"what passes goes before what needs review", input("~> 1.4", at(v14), v14, v14r, review(v15)), "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01"},
		{"only review is left", input("~> 1.4", nil, review(v14)), "install absent -> 1.4.0.0a to 2027-06-01 REVIEW"},
		{"a newer one that is refused", input("~> 1.4", at(v14), v14, reject(v15)), "keep keep.newer_refused"},
		{"a newer one outside the pin", input("~> 1.4", at(v14), v14, v20), "keep keep.newer_outside_pin"},
		{"no package", input("1.4", nil), "blocked blocked.no_package"},
		{"no package that the pin allows", input("~> 1.4", nil, v13), "blocked blocked.pin"},
		{"the pin moved on and its package is not here", input("~> 1.5", at(v14), v14), "blocked blocked.pin"},
		{"no license", input("1.4", nil, reject(v14)), "blocked blocked.license"},
		{"D25 a version that cannot be deployed", input(">= 1", nil, candidate("1.4-beta", "a", "2027-06-01")), "blocked blocked.version_form"},
		{"versions are compared as numbers", input("~> 1.4", at(v14), v14, candidate("1.10", "a", "2027-06-01")), "upgrade 1.4.0.0a to 2027-06-01 -> 1.10a to 2027-06-01"},
		{"1.4 is 1.4.0.0", input("1.4", at(v14), v14, candidate("1.4", "z", "2027-06-01")), "keep keep.current"},
		{"disabled though pinned", input("1.4", with(v14.installed(), disabled), v14), "enable 1.4.0.0a to 2027-06-01 off -> 1.4.0.0a to 2027-06-01"},
		{"upgraded and enabled", input("~> 1.4", with(v14.installed(), disabled), v14, v15), "upgrade 1.4.0.0a to 2027-06-01 off -> 1.5.0.0a to 2027-06-01 off; enable 1.5.0.0a to 2027-06-01 off -> 1.5.0.0a to 2027-06-01"},
		{"what may not be put is not enabled", input("1.4", with(v14.installed(), disabled), expired(v14)), "keep keep.license_ended"},
		{"F1 what a rollback left installed is not refused for being older", input("1.4", with(v14.installed(), disabled), v14.judged(verdict.Reject, CodeSuperseded, "a later one was put")), "enable 1.4.0.0a to 2027-06-01 off -> 1.4.0.0a to 2027-06-01"},
		{"F1 elsewhere it is", input("1.4", nil, v14.judged(verdict.Reject, CodeSuperseded, "a later one was put")), "blocked blocked.license"},
		{"F1 nor is an older statement about the same bytes taken up", input("1.4", at(v14), v14, laterWord.judged(verdict.Reject, CodeSuperseded, "a later one was put")), "keep keep.newer_refused"},
		{"what only a person may judge good is not enabled for another's sake", input("1.4", with(v14r.installed(), disabled), v14, review(v14r)), "keep keep.current"},
		{"of two alike the installed one counts", input("1.4", with(v14.installed(), disabled), v14, twins[0], twins[1], twins[2]), "enable 1.4.0.0a to 2027-06-01 off -> 1.4.0.0a to 2027-06-01"},
		{"of two alike the installed code counts", input("1.4", at(v14), expired(v14), others[0], others[1], others[2], others[3], candidate("1.4.0.0", "a3", "2028-06-01")), "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a3 to 2028-06-01 NOBACK"},
		{"a license unknown, a package unknown", input("1.4", with(v14.installed(), unread), candidate("1.4.0.0", "b", "")), "replace 1.4.0.0a -> 1.4.0.0b REVIEW NOBACK"},
		{"a license known, a package lost", input("1.4", at(v14), candidate("1.4.0.0", "b", "2027-01-01")), "keep keep.current"},
		{"a candidate of no bytes", input("1.4", nil, func() Candidate { c := v14; c.Release.Digest = visual.Digest{}; return c }()), "blocked blocked.version_form"},
		{"present and not pinned", Input{Present: at(v14), Traits: map[string]store.Traits{"main": tellsAll}}, "keep keep.unpinned"},
		{"absent and not pinned", Input{Present: []Present{{Key: gauge("main")}}, Traits: map[string]store.Traits{"main": tellsAll}}, ""},
		{"wanted twice", func() Input {
			in := input("1.4", nil, v14)
			in.Wanted = append(in.Wanted, Wanted{gauge("main"), pinned("1.3")})
			return in
		}(), "blocked input.twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(Compute(c.in)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSettlingWhatIsPresent(t *testing.T) {
	untold := func(p *Present) { p.Observed = nil }
	strange := func(p *Present) { p.Belief = store.State{} }
	for _, c := range []struct {
		name    string
		traits  store.Traits
		present []Present
		want    string
	}{
		{"installed before orgstore came", tellsAll, with(v14.installed(), strange), "blocked present.no_baseline"},
		{"installed before, in a store that tells versions", tellsVersion, with(v14.installed(), strange), "blocked present.no_baseline"},
		{"a store that tells nothing needs a baseline", tellsNothing, nil, "blocked present.no_baseline"},
		{"a store that tells nothing is believed", tellsNothing, with(v14.installed(), untold), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"a store that tells nothing, known to be absent", tellsNothing, []Present{{Key: gauge("main"), Belief: store.State{Presence: store.Absent}}}, "install absent -> 1.5.0.0a to 2027-06-01"},
		{"somebody removed it", tellsAll, with(v14.installed(), untold), "install absent -> 1.5.0.0a to 2027-06-01 REVIEW"},
		{"somebody put an older one", tellsAll, []Present{foreign(v13)}, "upgrade 1.3.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01 REVIEW"},
		{"somebody put the very one that is wanted", tellsAll, []Present{foreign(v15)}, "keep keep.current"},
		{"somebody put what is not in the archive", tellsAll, []Present{foreign(candidate("1.4.9.0", "z", "2027-06-01"))}, "upgrade 1.4.9.0z -> 1.5.0.0a to 2027-06-01 REVIEW NOBACK"},
		{"somebody put another of the same version, where versions are told", tellsVersion, []Present{foreign(v14c)}, "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"somebody put an older one, where versions are told", tellsVersion, []Present{foreign(v13)}, "upgrade 1.3.0.0 -> 1.5.0.0a to 2027-06-01 REVIEW NOBACK"},
		{"somebody installed it", tellsAll, with(v14.installed(), func(p *Present) { p.Belief = store.State{Presence: store.Absent} }), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01 REVIEW"},
		{"somebody disabled it", tellsAll, with(v15.installed(), func(p *Present) { p.Observed.Enabled = off() }), "enable 1.5.0.0a to 2027-06-01 off -> 1.5.0.0a to 2027-06-01 REVIEW"},
		{"the digest alone is told", store.Traits{TellsPresence: true, TellsDigest: true}, with(foreign(v13), func(p *Present) { p.Observed.Release.Version = visual.Version{} }), "upgrade 1.3.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01 REVIEW"},
		{"the digest alone is told, of an unknown package", store.Traits{TellsPresence: true, TellsDigest: true}, with(foreign(v13), func(p *Present) { p.Observed.Release = &visual.Release{Digest: visual.Digest{1}} }), "blocked present.no_baseline"},
		{"listed, the release not told", tellsAll, with(v14.installed(), func(p *Present) { p.Observed.Release = nil }), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"the store holds what is no package", tellsAll, with(v14.installed(), func(p *Present) { p.Observed.Problem = "not a ZIP" }), "blocked store.problem"},
		{"a step waits for a person", tellsAll, with(v14.installed(), func(p *Present) { p.Open = &Open{Waiting: true} }), "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"a step was never closed", tellsAll, with(v14.installed(), func(p *Present) { p.Open = &Open{Accepted: true} }), "blocked step.open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input("~> 1.4", c.present, v13, v14, v15)
			in.Traits["main"] = c.traits
			if got := lines(Compute(in)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheEarliestEndOfBytesPutByHandCounts(t *testing.T) {
	later := v15
	later.Terms.ID, later.Terms.Ends = "jti-later", date("2028-01-01")
	want := "renew 1.5.0.0a to 2027-06-01 -> 1.5.0.0a to 2028-01-01 REVIEW"
	if got := lines(Compute(input("1.5", []Present{foreign(v15)}, later, v14, v15))); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestRollback(t *testing.T) {
	ask := func(v string) Ask { return Ask{Key: gauge("main"), Version: version(v), Reason: "Monday at nine"} }
	leaving := func(a Ask, c Candidate) Ask { a.Not = c.Release.Digest; return a }
	like := func(a Ask, c Candidate) Ask { a.Content = c.Content; return a }
	disable := Ask{Key: gauge("main"), Reason: "it breaks reports"}
	for _, c := range []struct {
		name       string
		ask        Ask
		present    Candidate
		blocks     []Block
		candidates []Candidate
		want       string
	}{
		{"to the version before", leaving(ask("1.4"), v15), v15, nil, []Candidate{v14, v15}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.4.0.0a to 2027-06-01"},
		{"the pin has no say", ask("1.3"), v15, nil, []Candidate{v13, v14, v15}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.3.0.0a to 2027-06-01"},
		{"to the longest license of the version", ask("1.4"), v15, nil, []Candidate{v14, v14c, v14r, v15}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.4.0.0b to 2029-06-01"},
		{"to the code that ran before", like(ask("1.4"), v14), v15, nil, []Candidate{v14, v14c, v14r, v15}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01"},
		{"to other code where that one is refused", like(ask("1.4"), v14), v15, nil, []Candidate{expired(v14), v14c, v15}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.4.0.0b to 2029-06-01"},
		{"within one version, by its number", leaving(ask("1.4"), v14c), v14c, nil, []Candidate{v14, v14c}, "keep asked.already"},
		{"within one version, to other code", like(leaving(ask("1.4"), v14c), v14), v14c, nil, []Candidate{v14, v14c}, "replace 1.4.0.0b to 2029-06-01 -> 1.4.0.0a to 2027-06-01"},
		{"within one version with nowhere to go", like(leaving(ask("1.4"), v14), v14), v14, nil, []Candidate{v14}, "blocked blocked.no_package"},
		{"F1 to a superseded license", ask("1.4"), v15, nil, []Candidate{v14.judged(verdict.Reject, CodeSuperseded, "older"), v15}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.4.0.0a to 2027-06-01"},
		{"F7 to an ended license", ask("1.4"), v15, nil, []Candidate{expired(v14), v15}, "blocked life.rollback_expired"},
		{"F9 to a revoked license", ask("1.4"), v15, nil, []Candidate{v14.judged(verdict.Reject, "life.revoked", "revoked"), v15}, "blocked life.revoked"},
		{"superseded and revoked", ask("1.4"), v15, nil, []Candidate{{GUID: v14.GUID, Release: v14.Release, Judgment: v14.judged(verdict.Reject, CodeSuperseded, "older").Judgment.With(verdict.Finding{Code: "life.revoked", Verdict: verdict.Reject, Message: "revoked"})}, v15}, "blocked life.superseded"},
		{"to what a person must judge", ask("1.4"), v15, nil, []Candidate{v14.judged(verdict.Review, "time.clock_back", "the clock went back"), v15}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.4.0.0a to 2027-06-01 REVIEW"},
		{"to what has not begun", ask("1.4"), v15, nil, []Candidate{notYet(v14), v15}, "blocked time.not_yet"},
		{"to what a rollback left before", ask("1.4"), v15, []Block{{Key: gauge("main"), Version: version("1.4"), Pin: "~> 1.4"}}, []Candidate{v14, v15}, "blocked blocked.rolled_back"},
		{"to a version that is not here", ask("1.2"), v15, nil, []Candidate{v14, v15}, "blocked blocked.no_package"},
		{"to what is installed", ask("1.5"), v15, nil, []Candidate{v15}, "keep asked.already"},
		{"away from an ended license needs no review", ask("1.4"), v15, nil, []Candidate{v14, expired(v15)}, "downgrade 1.5.0.0a to 2027-06-01 -> 1.4.0.0a to 2027-06-01 NOBACK"},
		{"a first install is disabled, never deleted", disable, v15, nil, []Candidate{v15}, "disable 1.5.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01 off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input("~> 1.4", []Present{c.present.installed()}, c.candidates...)
			in.Asks, in.Blocks = []Ask{c.ask}, c.blocks
			p := Compute(in)
			if got := lines(p); got != c.want {
				t.Fatalf("\n got %s\nwant %s", got, c.want)
			}
			for _, s := range p.Steps {
				if !s.Asked || s.Reason.Message != c.ask.Reason {
					t.Errorf("asked %v, reason %q", s.Asked, s.Reason.Message)
				}
			}
		})
	}
}

func TestTheVendorIsToldWhatToRenew(t *testing.T) {
	in := input("~> 1.4", []Present{v15.installed()}, expired(v14), v15)
	in.Asks = []Ask{{Key: gauge("main"), Version: version("1.4")}}
	hint := Compute(in).Idle[0].Reason.Hint
	for _, part := range []string{"Aurora Gauge 1.4.0.0", gaugeGUID, v14.Terms.ID, "sub-1"} {
		if !strings.Contains(hint, part) {
			t.Errorf("hint %q lacks %s", hint, part)
		}
	}
}

func TestBlocks(t *testing.T) {
	at := []Present{v14.installed()}
	byVersion := Block{Key: gauge("main"), Version: version("1.5"), Pin: "~> 1.4", Reason: "broken slicers"}
	byContent := Block{Key: gauge("main"), Content: v15.Content, Pin: "~> 1.4"}
	byDigest := Block{Key: gauge("main"), Digest: v14c.Release.Digest, Pin: "~> 1.4"}
	v15r := candidate("1.5.0.0", "a2", "2029-01-01")
	v151 := candidate("1.5.1.0", "a", "2027-06-01")
	v151.Content = v15.Content
	for _, c := range []struct {
		name  string
		pin   string
		block Block
		in    []Candidate
		want  string
	}{
		{"F14 the version a rollback left", "~> 1.4", byVersion, []Candidate{v14, v15}, "keep keep.newer_blocked"},
		{"F14 comes back renewed", "~> 1.4", byVersion, []Candidate{v14, v15r}, "keep keep.newer_blocked"},
		{"F14 its code comes back under another version", "~> 1.4", byContent, []Candidate{v14, v151}, "keep keep.newer_blocked"},
		{"the next version is free", "~> 1.4", byVersion, []Candidate{v14, v15, v151}, "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.1.0a to 2027-06-01"},
		{"within one version, only the package", "~> 1.4", byDigest, []Candidate{v14, v14c, v14r}, "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0a2 to 2028-06-01"},
		{"an edited pin lifts it", ">= 1.4", byVersion, []Candidate{v14, v15}, "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"another store's block", "~> 1.4", Block{Key: gauge("pilot"), Version: version("1.5"), Pin: "~> 1.4"}, []Candidate{v14, v15}, "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"nothing in it", "~> 1.4", Block{Key: gauge("main"), Pin: "~> 1.4"}, []Candidate{v14, v15}, "upgrade 1.4.0.0a to 2027-06-01 -> 1.5.0.0a to 2027-06-01"},
		{"what is installed is blocked", "~> 1.4", Block{Key: gauge("main"), Version: version("1.4"), Pin: "~> 1.4"}, []Candidate{v14, v14r}, "blocked blocked.rolled_back"},
		{"all that the pin allows is blocked", "1.5", Block{Key: gauge("main"), Version: version("1.5"), Pin: "1.5"}, []Candidate{v14, v15}, "blocked blocked.rolled_back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(c.pin, at, c.in...)
			in.Blocks = []Block{c.block}
			if got := lines(Compute(in)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestRenewalByMask: another content is the same code where both hold the same
// without the vendor's own license, and only there.
func TestRenewalByMask(t *testing.T) {
	masked := func(c Candidate, same ...string) Candidate {
		c.Same = same
		return c
	}
	renew := "renew 1.4.0.0a to 2027-06-01 -> 1.4.0.0b to 2029-06-01"
	replace := "replace 1.4.0.0a to 2027-06-01 -> 1.4.0.0b to 2029-06-01"
	byContent := []Block{{Key: gauge("main"), Content: v14c.Content, Pin: "1.4"}}
	for _, c := range []struct {
		name       string
		candidates []Candidate
		blocks     []Block
		want       string
	}{
		{"equal under one profile", []Candidate{masked(v14, "m1:x"), masked(v14c, "m1:x")}, nil, renew},
		{"equal under one of several", []Candidate{masked(v14, "m1:w", "m1:x"), masked(v14c, "m1:x", "m1:y")}, nil, renew},
		{"code hidden", []Candidate{masked(v14, "m1:x"), masked(v14c, "m1:y")}, nil, replace},
		{"only one of them masked", []Candidate{masked(v14), masked(v14c, "m1:x")}, nil, replace},
		{"nothing is equal to nothing", []Candidate{masked(v14, ""), masked(v14c, "")}, nil, replace},
		{"equal to a third only", []Candidate{masked(v14), masked(v14c, "m1:x"), masked(candidate("1.4.0.0", "z", ""), "m1:x")}, nil, replace},
		{"the code is blocked", []Candidate{masked(v14, "m1:x"), masked(v14c, "m1:y")}, byContent, "keep keep.newer_blocked"},
		{"the same code as what is blocked", []Candidate{masked(v14, "m1:x"), masked(v14c, "m1:y"), masked(candidate("1.4.0.0", "z", "2029-07-01"), "m1:y")}, byContent, "keep keep.newer_blocked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input("1.4", []Present{v14.installed()}, c.candidates...)
			in.Blocks = c.blocks
			if got := lines(Compute(in)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestADisabledFirstInstallStaysDisabled(t *testing.T) {
	disabled := func(p *Present) { p.Belief.Enabled, p.Observed.Enabled = off(), off() }
	in := input("1.4", with(v14.installed(), disabled), v14)
	in.Blocks = []Block{{Key: gauge("main"), Version: version("1.4"), Pin: "1.4"}}
	if got := lines(Compute(in)); got != "blocked blocked.rolled_back" {
		t.Error(got)
	}
}

func TestReasonsAreSentencesForPeople(t *testing.T) {
	for _, c := range []struct {
		name, want string
		in         Input
	}{
		{"keep", "1.4.0.0 is installed as pinned, licensed until 2027-06-01", input("1.4", []Present{v14.installed()}, v14)},
		{"pin", "newest here is 1.3.0.0, the pin wants ~> 1.4", input("~> 1.4", nil, v13)},
		{"outside", "1.4.0.0 is installed as pinned, licensed until 2027-06-01; 2.0.0.0 is here, outside the pin ~> 1.4", input("~> 1.4", []Present{v14.installed()}, v14, v20)},
		{"not begun", "1.4.0.0 is installed as pinned, licensed until 2027-06-01; the renewal begins on 2027-05-01", input("1.4", []Present{v14.installed()}, v14, notYet(v14r))},
		{"ended", "1.4.0.0 stays installed, though its license ended on 2027-06-01", input("1.4", []Present{v14.installed()}, expired(v14))},
		{"drift", "1.5.0.0 is installed as pinned, licensed until 2027-06-01; someone changed it since: the journal knows " + v14.Release.String() + ", the store holds " + v15.Release.String(), input("1.5", []Present{foreign(v15)}, v14, v15)},
		{"ended, the renewal not begun", "1.4.0.0 stays installed, though its license ended on 2027-06-01; the renewal begins on 2027-05-01", input("1.4", []Present{v14.installed()}, expired(v14), notYet(v14r))},
		{"ended, the renewal refused", "1.4.0.0 stays installed, though its license ended on 2027-06-01; " + v14r.Release.String() + " is not taken: bad signature", input("1.4", []Present{v14.installed()}, expired(v14), v14r.judged(verdict.Reject, "lic.signature", "bad signature"))},
		{"ended, an older one too", "1.4.0.0 stays installed, though its license ended on 2028-06-01", input("1.4", []Present{v14r.installed()}, expired(v14), expired(v14r))},
		{"license", "1.4.0.0 may not be put: its license ended on 2027-06-01", input("1.4", nil, expired(v14))},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Compute(c.in)
			if len(p.Idle) != 1 || p.Idle[0].Reason.Message != c.want {
				t.Errorf("\n got %+v\nwant %s", p.Idle, c.want)
			}
		})
	}
}

func TestStepsOfOneKeyBuildOnEachOther(t *testing.T) {
	disabled := func(p *Present) { p.Belief.Enabled, p.Observed.Enabled = off(), off() }
	p := Compute(input("~> 1.4", with(v14.installed(), disabled), v14, v15))
	if len(p.Steps) != 2 || p.Steps[1].Kind != change.Enable {
		t.Fatal(lines(p))
	}
	if a, b := stateJSON(p.Steps[0].To), stateJSON(p.Steps[1].From); string(a) != string(b) {
		t.Errorf("the first goes to %s, the second comes from %s", a, b)
	}
}

func TestComputeChangesNothingOfItsInput(t *testing.T) {
	in := input("~> 1.4", []Present{foreign(v13)}, v15, v14, v14r)
	before := fmt.Sprintf("%+v %+v %+v", in.Candidates, in.Present[0].Belief.Release, *in.Present[0].Observed.Release)
	Compute(in)
	if after := fmt.Sprintf("%+v %+v %+v", in.Candidates, in.Present[0].Belief.Release, *in.Present[0].Observed.Release); after != before {
		t.Errorf("the input was\n%s\nand is\n%s", before, after)
	}
}

func TestTwinsThatDifferInLittleAreToldApart(t *testing.T) {
	for name, edit := range map[string]func(*Candidate){
		"name":       func(c *Candidate) { c.Name = "Aurora Gauge, old" },
		"issuer":     func(c *Candidate) { c.Terms.Issuer = "https://other.example" },
		"sequence":   func(c *Candidate) { c.Terms.Sequence = 9 },
		"license":    func(c *Candidate) { c.Terms.ID = "another" },
		"verdict":    func(c *Candidate) { *c = c.judged(verdict.Review, "life.fork", "two alike") },
		"rejections": func(c *Candidate) { *c = c.judged(verdict.Reject, "lic.alg", "no such algorithm") },
	} {
		other := v14
		edit(&other)
		a, b := Compute(input("1.4", nil, v14, other)), Compute(input("1.4", nil, other, v14))
		if a.ID != b.ID || a.Steps[0].Name != b.Steps[0].Name || a.Steps[0].To.License.Issuer != b.Steps[0].To.License.Issuer ||
			a.Steps[0].To.License.Sequence != b.Steps[0].To.License.Sequence || a.Steps[0].Review != b.Steps[0].Review {
			t.Errorf("twins of another %s: the order decides between\n%+v\n%+v", name, a.Steps, b.Steps)
		}
	}
}

func TestEverythingToDecideIsSaid(t *testing.T) {
	c := v14
	c.Judgment = verdict.Judge(
		verdict.Finding{Code: "life.reduced", Verdict: verdict.Review, Message: "fewer seats"},
		verdict.Finding{Code: "time.expiring", Verdict: verdict.Warn, Message: "a day left"},
		verdict.Finding{Code: "lic.lifetime", Verdict: verdict.Review, Message: "it lasts 40 years"})
	if got := Compute(input("1.4", nil, c)).Steps[0].Review; got != "fewer seats; it lasts 40 years" {
		t.Error(got)
	}
}

// A statement that bears the id of the one that counts is not its renewal, whatever
// end it names: an issuer gives each of its statements an id of its own.
func TestAStatementOfTheSameIDIsNoRenewal(t *testing.T) {
	installed := candidate("1.4.0.0", "a", "2027-06-01")
	later := installed
	later.Terms.Ends = date("2028-01-01")
	for _, c := range []struct {
		name, id string
		want     change.Kind
	}{
		{"the same id", installed.Terms.ID, ""},
		{"an id of its own", "jti-another", change.Renew},
	} {
		t.Run(c.name, func(t *testing.T) {
			later.Terms.ID = c.id
			p := Compute(input("1.4", []Present{installed.installed()}, installed, later))
			var got change.Kind
			for _, s := range p.Steps {
				got = s.Kind
			}
			if got != c.want {
				t.Errorf("it leads to %q, want %q", got, c.want)
			}
		})
	}
}
