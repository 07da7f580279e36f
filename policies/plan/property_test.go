package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
	"github.com/orgstore/orgstore/policies/pin"
)

var (
	worldGUIDs    = []string{gaugeGUID, gaugeGUID + "_1", "boxplot"}
	worldVersions = []string{"1.3.0.0", "1.4", "1.4.0.0", "1.5.0.0", "2.0.0.0", "1.5.0.0-beta"}
	worldPins     = []string{"1.4", "~> 1.4", ">= 1.3, < 2", ">= 1", "1.3.0.0", "~> 3.0"}
	worldEnds     = []string{"", "2027-01-01", "2028-01-01", "2029-01-01"}
	worldStores   = map[string]store.Traits{"all": tellsAll, "versions": tellsVersion, "presence": tellsPresence, "nothing": tellsNothing, "digests": {TellsPresence: true, TellsDigest: true}}
)

// drawCandidate draws one of a small world, so that releases, contents and
// licenses collide often. A package's content follows from its bytes.
func drawCandidate(t *rapid.T) Candidate {
	c := candidate(rapid.SampledFrom(worldVersions).Draw(t, "version"),
		rapid.SampledFrom([]string{"a", "a2", "b"}).Draw(t, "bytes"),
		rapid.SampledFrom(worldEnds).Draw(t, "ends"))
	c.GUID = guid(rapid.SampledFrom(worldGUIDs).Draw(t, "guid"))
	c.Name = rapid.SampledFrom([]string{"Aurora Gauge", "Aurora Gauge 2", ""}).Draw(t, "name")
	c.Same = rapid.SampledFrom([][]string{nil, nil, {"m1:x"}, {"m1:y"}, {"m1:x", "m1:y"}, {""}}).Draw(t, "same")
	return drawJudgment(t, c)
}

func drawJudgment(t *rapid.T, c Candidate) Candidate {
	switch rapid.IntRange(0, 7).Draw(t, "judgment") {
	case 0:
		return c.judged(verdict.Review, "life.reduced", "fewer seats")
	case 1:
		return c.judged(verdict.Review, CodeNotYet, "not begun")
	case 2:
		return c.judged(verdict.Reject, CodeExpired, "ended")
	case 3:
		return c.judged(verdict.Reject, CodeSuperseded, "older")
	case 4:
		return c.judged(verdict.Warn, "time.expiring", "a day left")
	}
	c.Judgment = verdict.Judge()
	return c
}

func drawAccess(t *rapid.T) *bool {
	return rapid.SampledFrom([]*bool{nil, on(), off(), on()}).Draw(t, "access")
}

// drawPresent draws what is present of one visual: as the journal believes, or
// changed by somebody since.
func drawPresent(t *rapid.T, k store.Key, candidates []Candidate) Present {
	pick := func(name string) store.State {
		c := candidate(rapid.SampledFrom(worldVersions).Draw(t, name), rapid.SampledFrom([]string{"a", "z"}).Draw(t, "bytes"), "2027-01-01")
		if len(candidates) > 0 && rapid.Bool().Draw(t, "from the archive") {
			c = rapid.SampledFrom(candidates).Draw(t, name+" candidate")
		}
		s := c.state()
		s.Enabled = drawAccess(t)
		return s
	}
	p := Present{Key: k}
	switch rapid.IntRange(0, 5).Draw(t, "belief") {
	case 0:
		p.Belief.Presence = store.Unknown
	case 1:
		p.Belief.Presence = store.Absent
	default:
		p.Belief = pick("believed")
	}
	is := p.Belief
	switch rapid.IntRange(0, 9).Draw(t, "drift") {
	case 0:
		is = store.State{Presence: store.Absent}
	case 1:
		is = pick("told")
	case 2:
		is.Enabled = drawAccess(t)
	}
	p.Observed = tell(k, is)
	if rapid.IntRange(0, 15).Draw(t, "open") == 0 {
		p.Open = &Open{Waiting: rapid.Bool().Draw(t, "waiting"), Step: Step{ID: "st_open"}}
	}
	return p
}

// tell is what a store of the world says of a state.
func tell(k store.Key, s store.State) *store.Listing {
	t := worldStores[k.Store]
	if s.Presence != store.Present || s.Release == nil || t == tellsNothing {
		return nil
	}
	l := &store.Listing{GUID: k.GUID, Enabled: s.Enabled}
	if t.CanTellRelease() {
		l.Release = &visual.Release{}
	}
	if t.TellsVersion {
		l.Release.Version = s.Release.Version
	}
	if t.TellsDigest {
		l.Release.Digest = s.Release.Digest
	}
	return l
}

func drawBlock(t *rapid.T, k store.Key, p pin.Pin, candidates []Candidate) Block {
	b := Block{Key: k, Pin: p.String(), Reason: "bad"}
	c := rapid.SampledFrom(candidates).Draw(t, "blocked")
	switch rapid.IntRange(0, 3).Draw(t, "block") {
	case 0:
		b.Version = c.Release.Version
	case 1:
		b.Content = c.Content
	case 2:
		b.Digest = c.Release.Digest
	case 3:
		b.Version, b.Pin = c.Release.Version, "another pin"
	}
	return b
}

func drawWorld(t *rapid.T) Input {
	in := Input{Traits: worldStores, Responses: map[store.Key]Response{}, Candidates: rapid.SliceOfN(rapid.Custom(drawCandidate), 0, 12).Draw(t, "candidates")}
	if rapid.Bool().Draw(t, "held") {
		in.Conditions = map[store.StepID]Conditions{}
	}
	for _, st := range []string{"all", "versions", "presence", "digests", "nothing"} {
		for _, g := range worldGUIDs {
			k := store.Key{Store: st, GUID: guid(g)}
			own := slices.DeleteFunc(slices.Clone(in.Candidates), func(c Candidate) bool { return c.GUID != k.GUID })
			if rapid.IntRange(0, 3).Draw(t, "known") > 0 {
				in.Present = append(in.Present, drawPresent(t, k, own))
			}
			if rapid.IntRange(0, 4).Draw(t, "wanted") == 0 {
				continue
			}
			in.Responses[k] = Response{Mode: rapid.SampledFrom(append(DriftModes(), "")).Draw(t, "drift mode")}
			want := Wanted{k, pinned(rapid.SampledFrom(worldPins).Draw(t, "pin"))}
			in.Wanted = append(in.Wanted, want)
			for range rapid.IntRange(-2, 2).Draw(t, "blocks") {
				if len(own) > 0 {
					in.Blocks = append(in.Blocks, drawBlock(t, k, want.Pin, own))
				}
			}
		}
	}
	return in
}

func drawAsks(t *rapid.T, in Input) []Ask {
	var asks []Ask
	for _, p := range in.Present {
		a := Ask{Key: p.Key, Reason: "asked"}
		switch rapid.IntRange(0, 3).Draw(t, "ask") {
		case 0:
			continue
		case 1:
			asks = append(asks, a)
			continue
		}
		if len(in.Candidates) > 0 {
			c := rapid.SampledFrom(in.Candidates).Draw(t, "asked for")
			a.Version, a.Content = c.Release.Version, c.Content
		} else {
			a.Version = version("1.4")
		}
		if p.Belief.Release != nil && rapid.Bool().Draw(t, "leaving") {
			a.Not = p.Belief.Release.Digest
		}
		asks = append(asks, a)
	}
	return asks
}

// carryOut returns the world after the steps that fit are done and looked at.
func carryOut(in Input, p Plan, fits func(Step) bool) Input {
	now := make(map[store.Key]Present)
	for _, x := range in.Present {
		now[x.Key] = x
	}
	for _, a := range p.Adoptions {
		x := now[a.Key]
		x.Belief = a.State
		now[a.Key] = x
		if a.Leaves != nil {
			in.Blocks = append(slices.Clone(in.Blocks), *a.Leaves)
		}
	}
	stopped := make(map[store.Key]bool)
	for _, s := range p.Steps {
		if stopped[s.Key] = stopped[s.Key] || !fits(s); stopped[s.Key] {
			continue
		}
		x := now[s.Key]
		x.Key, x.Belief, x.Observed = s.Key, s.To, tell(s.Key, s.To)
		now[s.Key] = x
	}
	in.Present = nil
	for _, x := range now {
		in.Present = append(in.Present, x)
	}
	return in
}

func needsNoReview(s Step) bool { return s.Review == "" }
func anyStep(Step) bool         { return true }

func TestPropertyApplyingAndComputingAgainKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		p := compute(in)
		in = carryOut(in, p, needsNoReview)
		if len(p.Adoptions) > 0 { // what is adopted, the pin looks at once more
			in = carryOut(in, compute(in), needsNoReview)
		}
		waits := make(map[store.Key]bool) // for a person, with all steps behind it
		for _, s := range compute(in).Steps {
			waits[s.Key] = waits[s.Key] || !needsNoReview(s)
			if !waits[s.Key] {
				t.Fatalf("after\n%s\nthere is still to do: %s %s -> %s", lines(p), s.Kind, stateText(s.From), stateText(s.To))
			}
		}
	})
}

// Where a person says yes to everything, the end is reached as well: no review
// leads somewhere that the pin's next plan leads away from.
func TestPropertyNoPingPong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		var told []string
		for range 4 {
			p := compute(in)
			if len(p.Steps) == 0 && len(p.Adoptions) == 0 {
				return
			}
			told = append(told, lines(p))
			in = carryOut(in, p, anyStep)
		}
		t.Fatalf("it never ends: %q", told)
	})
}

func TestPropertyStepsAreSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		if rapid.Bool().Draw(t, "asked") {
			in.Asks = drawAsks(t, in)
		}
		for _, s := range compute(in).Steps {
			if !s.Kind.Valid() || s.Kind == change.Restore || s.To.Presence != store.Present || s.To.Release == nil {
				t.Fatalf("%s leads to %+v", s.Kind, s.To)
			}
			if s.Reason.Code == "" || s.Reason.Message == "" {
				t.Fatalf("%s has no reason", s.Kind)
			}
			if s.Kind.Puts() {
				checkPut(t, in, s)
			} else if s.From.Release == nil || *s.From.Release != *s.To.Release {
				t.Fatalf("%s changes the release", s.Kind)
			}
		}
	})
}

// checkPut finds, by the plainest reading of the rules, a candidate that may be
// what a step puts.
func checkPut(t *rapid.T, in Input, s Step) {
	if s.Kind == change.Renew && !provenRenewal(in, s) {
		t.Fatalf("%s -> %s passes for a renewal, and nothing proves it", stateText(s.From), stateText(s.To))
	}
	pinText, allows := "", func(visual.Version) bool { return false }
	for _, w := range in.Wanted {
		if w.Key == s.Key {
			pinText, allows = w.Pin.String(), w.Pin.Allows
		}
	}
	for _, c := range in.Candidates {
		if c.GUID != s.Key.GUID || c.Release != *s.To.Release || !cmp.Equal(c.Terms, s.To.License) {
			continue
		}
		blocked := slices.ContainsFunc(in.Blocks, func(b Block) bool {
			return b.Key == s.Key && b.Pin == pinText && (!b.Version.IsZero() && b.Version.Equal(c.Release.Version) ||
				b.Content != "" && isCode(in, c, b.Content) || !b.Digest.IsZero() && b.Digest == c.Release.Digest)
		})
		ok := c.Judgment.Verdict.Passes() ||
			c.Judgment.Verdict == verdict.Review && s.Review != "" && !c.Judgment.Has(CodeNotYet) ||
			c.Judgment.Has(CodeSuperseded) && (s.Asked || s.Kind == change.Downgrade)
		if ok && !blocked && c.Release.Version.Deployable() && (s.Asked || allows(c.Release.Version) || s.Kind == change.Renew && pinText != "") {
			return
		}
	}
	t.Fatalf("%s of %s puts %s, which no candidate allows", s.Kind, s.Key, stateText(s.To))
}

// provenRenewal finds, by the plainest reading, what proves that a step changes
// no code.
func provenRenewal(in Input, s Step) bool {
	if s.From.Release.Digest == s.To.Release.Digest {
		return true
	}
	for _, a := range in.Candidates {
		for _, b := range in.Candidates {
			if a.GUID == s.Key.GUID && b.GUID == a.GUID && a.Release.Digest == s.From.Release.Digest && b.Release == *s.To.Release && alike(a, b) {
				return s.From.Release.Version.Equal(s.To.Release.Version)
			}
		}
	}
	return false
}

// alike: one content, or one digest of both without the vendor's license.
func alike(a, b Candidate) bool {
	for _, x := range a.Same {
		for _, y := range b.Same {
			if x == y && x != "" {
				return true
			}
		}
	}
	return a.Content != "" && a.Content == b.Content
}

// isCode says whether a candidate is proven to hold the code of a content.
func isCode(in Input, c Candidate, content pbiviz.Content) bool {
	return c.Content == content || slices.ContainsFunc(in.Candidates, func(d Candidate) bool {
		return d.GUID == c.GUID && d.Content == content && alike(c, d)
	})
}

func shuffled[T any](t *rapid.T, xs []T) []T {
	if len(xs) == 0 {
		return xs
	}
	return rapid.Permutation(xs).Draw(t, "order")
}

func TestPropertyOrderMeansNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		in.Asks = drawAsks(t, in)
		if len(in.Wanted) > 0 && rapid.Bool().Draw(t, "twice") {
			in.Wanted = append(in.Wanted, Wanted{in.Wanted[0].Key, pinned("9.9")})
		}
		other := in
		other.Wanted, other.Present, other.Candidates = shuffled(t, in.Wanted), shuffled(t, in.Present), shuffled(t, in.Candidates)
		other.Blocks, other.Asks = shuffled(t, in.Blocks), shuffled(t, in.Asks)
		compare := cmp.Comparer(func(a, b visual.Version) bool { return a == b })
		ids := cmp.Comparer(func(a, b visual.GUID) bool { return a == b })
		if d := cmp.Diff(compute(in), compute(other), compare, ids); d != "" {
			t.Fatal(d)
		}
	})
}

// Time shows in judgments alone: however they change, what a plan rests on
// stays, and so do holds and overrides, which Compute never sees.
func TestPropertyTimeAndGatesMakeNoPlanStale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		before := compute(in)
		for _, s := range before.Steps {
			Gates(s, Conditions{Holds: []Hold{{Key: s.Key}}, Overrides: []Override{{Step: s.ID, Gate: GateHold}}})
		}
		in.Candidates = slices.Clone(in.Candidates)
		for i := range in.Candidates {
			in.Candidates[i] = drawJudgment(t, in.Candidates[i])
		}
		for i := range in.Present {
			in.Present[i].Belief.Claim = store.Unverified
		}
		if after := compute(in); after.Basis != before.Basis {
			t.Fatalf("basis %s became %s", before.Basis, after.Basis)
		}
	})
}

func TestPropertyFactsMakeAPlanStale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		if len(in.Wanted) == 0 {
			return
		}
		before := compute(in)
		what := changeOneFact(t, &in)
		if after := compute(in); what != "" && (after.Basis == before.Basis || after.ID == before.ID) {
			t.Fatalf("%s changed and the plan does not show it", what)
		}
	})
}

// changeOneFact changes a pin, what is present or a candidate, and says what.
func changeOneFact(t *rapid.T, in *Input) string {
	i := rapid.IntRange(0, len(in.Wanted)-1).Draw(t, "which")
	w := in.Wanted[i]
	in.Wanted, in.Present, in.Candidates = slices.Clone(in.Wanted), slices.Clone(in.Present), slices.Clone(in.Candidates)
	fresh := candidate("1.9.0.0", "fresh", "2030-01-01")
	fresh.GUID = w.Key.GUID
	switch rapid.IntRange(0, 6).Draw(t, "fact") {
	case 0:
		in.Wanted[i].Pin = pinned("7.7.7.7")
		return "a pin"
	case 1:
		in.Wanted = slices.Delete(in.Wanted, i, i+1)
		return "a pin taken away"
	case 2:
		in.Candidates = append(in.Candidates, fresh)
		return "a candidate added"
	case 3:
		in.Blocks = append(slices.Clone(in.Blocks), Block{Key: w.Key, Version: version("9.9"), Pin: "x"})
		return "a block"
	case 4:
		in.Asks = []Ask{{Key: w.Key, Version: version("9.9")}}
		return "an ask"
	}
	j := slices.IndexFunc(in.Present, func(p Present) bool { return p.Key == w.Key })
	if j < 0 {
		in.Present = append(in.Present, Present{Key: w.Key, Belief: fresh.state(), Observed: tell(w.Key, fresh.state())})
		return "a visual that appeared"
	}
	if rapid.Bool().Draw(t, "by the step") && in.Present[j].Open == nil {
		in.Present[j].Open = &Open{Step: Step{ID: "st_new"}}
		return "a step begun"
	}
	in.Present[j].Belief, in.Present[j].Observed = fresh.state(), tell(w.Key, fresh.state())
	return "what is present"
}

func TestBasisSeesEachFactOfACandidate(t *testing.T) {
	in := input("~> 1.4", []Present{v14.installed()}, v14, v15)
	before := compute(in).Basis
	for name, edit := range map[string]func(*Candidate){
		"version": func(c *Candidate) { c.Release.Version = version("1.5") },
		"digest":  func(c *Candidate) { c.Release.Digest[0]++ },
		"content": func(c *Candidate) { c.Content = "h1:other" },
		"license": func(c *Candidate) { c.Terms.ID = "other" },
		"issuer":  func(c *Candidate) { c.Terms.Issuer = "other" },
		"mask":    func(c *Candidate) { c.Same = []string{"m1:x"} },
		"end":     func(c *Candidate) { c.Terms.Ends = c.Terms.Ends.Add(24 * time.Hour) },
	} {
		changed := v15
		edit(&changed)
		in.Candidates = []Candidate{v14, changed}
		if compute(in).Basis == before {
			t.Errorf("another %s does not change the basis", name)
		}
	}
	stranger := v15
	stranger.GUID = guid("boxplot")
	in.Candidates = []Candidate{v14, v15, stranger}
	if compute(in).Basis != before {
		t.Error("a candidate of a visual that nobody wants changes the basis")
	}
}

func TestBasisSeesEachFactOfThePresent(t *testing.T) {
	seen := make(map[Basis]string)
	for name, p := range map[string]Present{
		"as put":           v14.installed(),
		"another":          v15.installed(),
		"another license":  with(v14.installed(), func(p *Present) { p.Belief.License.ID = "other" })[0],
		"disabled":         with(v14.installed(), func(p *Present) { p.Belief.Enabled, p.Observed.Enabled = off(), off() })[0],
		"disabled by hand": with(v14.installed(), func(p *Present) { p.Observed.Enabled = off() })[0],
		"removed by hand":  with(v14.installed(), func(p *Present) { p.Observed = nil })[0],
		"absent":           {Key: gauge("main")},
		"put by hand":      foreign(v15),
		"never recorded":   with(v14.installed(), func(p *Present) { p.Belief = store.State{} })[0],
		"unreadable":       with(v14.installed(), func(p *Present) { p.Observed.Problem = "no ZIP" })[0],
		"open":             with(v14.installed(), func(p *Present) { p.Open = &Open{Step: Step{ID: "st_1"}} })[0],
		"another open":     with(v14.installed(), func(p *Present) { p.Open = &Open{Step: Step{ID: "st_2"}} })[0],
		"waiting":          with(v14.installed(), func(p *Present) { p.Open = &Open{Step: Step{ID: "st_1"}, Waiting: true} })[0],
	} {
		b := compute(input("~> 1.4", []Present{p}, v14, v15)).Basis
		if twin, there := seen[b]; there {
			t.Errorf("%s and %s have one basis", name, twin)
		}
		seen[b] = name
	}
}

func TestEveryKeyIsAnswered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t)
		p := compute(in)
		answered := make(map[store.Key]int)
		for _, s := range p.Steps {
			answered[s.Key] = 1
		}
		for _, i := range p.Idle {
			answered[i.Key]++
			if i.Reason.Code == "" || i.Reason.Message == "" {
				t.Fatalf("%s is idle without a reason", i.Key)
			}
		}
		for _, w := range in.Wanted {
			if answered[w.Key] != 1 {
				t.Fatalf("%s is answered %d times", w.Key, answered[w.Key])
			}
		}
	})
}

// steady is a moment for tests.
func steady(s string) moment.Moment {
	at := must(time.Parse(time.RFC3339, s))
	return moment.Settle(at, moment.Mark{}, -1)
}
