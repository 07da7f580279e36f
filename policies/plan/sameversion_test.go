package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/policies/change"
)

// Three packages of 1.4.0.0: two of other code, and a renewal of the first.
var (
	oneA    = from(candidate("1.4.0.0", "a", "2027-06-01"), "inbox/a.pbiviz")
	oneB    = from(candidate("1.4.0.0", "b", "2027-06-01"), `inbox\b.pbiviz`)
	renewsA = candidate("1.4.0.0", "a2", "2027-12-01")
	later   = candidate("1.4.0.0", "c", "2027-12-01")
)

// from returns a candidate as it came from a file.
func from(c Candidate, file string) Candidate {
	c.File, c.Seen, c.Size = file, date("2026-11-20"), 4711
	return c
}

func named(c Candidate) string { return "1.4.0.0@" + c.Release.Digest.String() }

func TestSeveralPackagesOfOneVersion(t *testing.T) {
	absent := []Present{{Key: gauge("main"), Belief: store.State{Presence: store.Absent}}}
	for _, c := range []struct {
		name       string
		pin        string
		present    []Present
		candidates []Candidate
		kind       change.Kind
		to         Candidate
		others     []Candidate // what a person must decide about
	}{
		{"one is no question", "1.4", absent, []Candidate{oneA}, change.Install, oneA, nil},
		{"a renewal is no question", "1.4", absent, []Candidate{oneA, renewsA}, change.Install, renewsA, nil},
		{"one of several is chosen by a person", "1.4", absent, []Candidate{oneA, renewsA, oneB}, change.Install, renewsA, []Candidate{oneB}},
		{"also where a constraint allows them", ">= 1.3", []Present{v13.installed()}, []Candidate{v13, renewsA, oneB}, change.Upgrade, renewsA, []Candidate{oneB}},
		{"also on the way down", "1.4", []Present{v15.installed()}, []Candidate{v15, renewsA, oneB}, change.Downgrade, renewsA, []Candidate{oneB}},
		{"of each code one is named", "1.4", absent, []Candidate{renewsA, later, oneA, oneB, candidate("1.4.0.0", "b2", "2027-05-01")}, change.Install, first(renewsA, later), []Candidate{second(renewsA, later), oneB}},
		{"one that is refused is no question", "1.4", absent, []Candidate{oneA, oneB.judged(verdict.Reject, CodeExpired, "its license ended")}, change.Install, oneA, nil},
		{"one of another version is no question", ">= 1.3", absent, []Candidate{v13, oneA}, change.Install, oneA, nil},
		{"what is installed stays", "1.4", []Present{oneB.installed()}, []Candidate{oneA, oneB}, "", Candidate{}, nil},
		{"what is installed is renewed", "1.4", []Present{oneA.installed()}, []Candidate{oneA, oneB, renewsA}, change.Renew, renewsA, nil},
		{"what is installed is replaced as before", "1.4", []Present{oneA.installed()}, []Candidate{oneA, oneB, later}, change.Replace, later, nil},
		{"the digest decides", named(oneB), absent, []Candidate{oneA, oneB, later}, change.Install, oneB, nil},
		{"the license floats with the digest", named(oneA), absent, []Candidate{oneA, oneB, renewsA}, change.Install, renewsA, nil},
		{"a renewal of what the digest names", named(oneA), []Present{oneA.installed()}, []Candidate{oneA, renewsA, later}, change.Renew, renewsA, nil},
		{"the digest replaces what is installed", named(oneB), []Present{oneA.installed()}, []Candidate{oneA, oneB, renewsA}, change.Replace, oneB, nil},
		{"what is installed as the digest names it stays", named(oneB), []Present{oneB.installed()}, []Candidate{oneA, oneB, later}, "", Candidate{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Compute(input(c.pin, c.present, c.candidates...))
			if c.kind == "" {
				if len(p.Steps) != 0 || p.Idle[0].Blocked {
					t.Fatalf("steps %+v, idle %+v", p.Steps, p.Idle)
				}
				return
			}
			if len(p.Steps) != 1 || p.Steps[0].Kind != c.kind || p.Steps[0].To.Release.Digest != c.to.Release.Digest {
				t.Fatalf("steps %+v, idle %+v", p.Steps, p.Idle)
			}
			var want []verdict.Code
			for _, o := range c.others {
				want = append(want, CodeSeveral+":"+verdict.Code(o.Release.Digest.String()))
			}
			s := p.Steps[0]
			if !slices.Equal(s.Findings, want) || (s.Review == "") != (len(want) == 0) {
				t.Errorf("findings %q, want %q; review %q", s.Findings, want, s.Review)
			}
		})
	}
}

// first and second are two packages in the order in which a plan takes them.
func first(a, b Candidate) Candidate {
	if a.Release.Digest.Compare(b.Release.Digest) < 0 {
		return a
	}
	return b
}

func second(a, b Candidate) Candidate {
	if first(a, b).Release.Digest == a.Release.Digest {
		return b
	}
	return a
}

func TestAReviewListsThePackagesOfOneVersion(t *testing.T) {
	absent := []Present{{Key: gauge("main"), Belief: store.State{Presence: store.Absent}}}
	s := Compute(input("1.4", absent, oneA, oneB)).Steps[0]
	for _, c := range []Candidate{oneA, oneB} {
		file := c.File[len("inbox/"):]
		if want := c.Release.Digest.Short() + ` "` + file + `" of 2026-11-20 (4711 bytes)`; !strings.Contains(s.Review, want) {
			t.Errorf("%q does not have %s", s.Review, want)
		}
	}
	if want := "orgstore pin set " + gaugeGUID + " 1.4.0.0 --digest "; !strings.HasPrefix(s.Review, "2 packages of 1.4.0.0 differ in code, and the first would be put: "+s.To.Release.Digest.Short()) || !strings.Contains(s.Review, want) {
		t.Error(s.Review)
	}
	many := []Candidate{}
	for _, bytes := range strings.Split("abcdefgh", "") {
		many = append(many, candidate("1.4.0.0", bytes, "2027-06-01"))
	}
	if s := Compute(input("1.4", absent, many...)).Steps[0]; !strings.Contains(s.Review, ", and 3 more (") || len(s.Findings) != 7 {
		t.Errorf("%d findings, %q", len(s.Findings), s.Review)
	}
}

// A digest that no package has leaves nothing to be put.
func TestADigestThatIsNotHere(t *testing.T) {
	p := Compute(input(named(oneB), []Present{oneA.installed()}, oneA))
	if len(p.Steps) != 0 || p.Idle[0].Reason.Code != CodePin || !strings.Contains(p.Idle[0].Reason.Message, "the pin wants 1.4.0.0@"+oneB.Release.Digest.Short()) {
		t.Errorf("%+v", p)
	}
}
