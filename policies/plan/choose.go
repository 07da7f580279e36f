package plan

import (
	"cmp"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// The codes of judgments that a plan reads.
const (
	CodeExpired    = license.CodeExpired
	CodeNotYet     = license.CodeNotYet
	CodeSuperseded = license.CodeSuperseded
	CodeUnlicensed = license.CodeUnlicensed
	CodeGrade      = license.CodeGrade
)

// A ranked candidate has its place among the candidates of its visual.
type ranked struct {
	*Candidate
	index      int
	deployable bool // whether its version has a form that a store may hold, and its bytes are known
}

// unlicensed says whether nobody signed or attested anything about a candidate.
func (c *Candidate) unlicensed() bool {
	return c.Judgment.Has(CodeUnlicensed) || c.Terms.Grade == license.Readable
}

// rankCandidates groups candidates by visual, each group in one order whatever the
// order of the input: deployable first, then from the highest version and the
// longest license down.
func rankCandidates(candidates []Candidate) map[visual.GUID][]ranked {
	byGUID := make(map[visual.GUID][]ranked)
	for i := range candidates {
		c := &candidates[i]
		deployable := c.Release.Version.Deployable() && !c.Release.Digest.IsZero()
		byGUID[c.GUID] = append(byGUID[c.GUID], ranked{Candidate: c, deployable: deployable})
	}
	for _, group := range byGUID {
		slices.SortFunc(group, compareRanked)
		for i := range group {
			group[i].index = i
		}
	}
	return byGUID
}

// compareRanked is total up to what a plan can tell apart, so that no two
// orders of the input give two plans.
func compareRanked(a, b ranked) int {
	if a.deployable != b.deployable {
		if a.deployable {
			return -1
		}
		return 1
	}
	if c := b.Release.Version.Compare(a.Release.Version); c != 0 {
		return c
	}
	if c := b.Terms.Ends.Compare(a.Terms.Ends); c != 0 {
		return c
	}
	if c := a.Release.Digest.Compare(b.Release.Digest); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.Terms.ID, b.Terms.ID),
		cmp.Compare(a.Terms.Issuer, b.Terms.Issuer),
		cmp.Compare(b.Terms.Sequence, a.Terms.Sequence),
		cmp.Compare(a.Content, b.Content),
		slices.Compare(a.Same, b.Same),
		cmp.Compare(a.Name, b.Name),
		compareJudgments(a.Judgment, b.Judgment),
	)
}

// compareJudgments puts the milder first.
func compareJudgments(a, b verdict.Judgment) int {
	if a.Verdict != b.Verdict {
		if a.Verdict.Worse(b.Verdict) == b.Verdict {
			return -1
		}
		return 1
	}
	return slices.CompareFunc(a.Findings, b.Findings, func(f, g verdict.Finding) int {
		return cmp.Or(cmp.Compare(f.Code, g.Code), cmp.Compare(f.Message, g.Message), cmp.Compare(f.Hint, g.Hint))
	})
}

// A choice is the candidate that is wanted and the change that leads to it.
type choice struct {
	candidate *ranked     // nil where nothing passes
	kind      change.Kind // empty where nothing is to be done
	review    string      // what a person must decide about the candidate
	others    []*ranked   // of the same version and other code, that might as well be put
}

// choose finds what the pin asks for. Where another store comes before, what ran
// there goes first, and what changes the license of what is here: what comes
// after that is planned, and its gate holds it.
func (v *visualPlan) choose() choice {
	c := v.chooseFrom(v.mayGoOn)
	if c.kind != "" || !v.hasRingBefore {
		return c
	}
	if next := v.chooseFrom(func(*ranked) bool { return true }); next.kind != "" {
		return next
	}
	return c
}

// chooseFrom finds what the pin asks for among some candidates: the best that passes;
// where that changes nothing, the best that would pass if a person decided so.
func (v *visualPlan) chooseFrom(fits func(*ranked) bool) choice {
	mayPass := func(c *ranked) bool { return v.eligible(c) && v.passes(c) && fits(c) }
	passing := v.best(mayPass)
	if k := v.kind(passing); k != "" {
		return v.withOthers(choice{candidate: passing, kind: k}, mayPass)
	}
	mayBeReviewed := func(c *ranked) bool { return needsReview(c) && v.eligible(c) && fits(c) }
	reviewable := v.best(mayBeReviewed)
	if k := v.kind(reviewable); k != "" {
		return v.withOthers(choice{candidate: reviewable, kind: k, review: reviewText(reviewable.Judgment)}, mayBeReviewed)
	}
	return choice{candidate: passing}
}

// candidatesIn returns the candidates of a visual as they are judged for one store.
func (x *index) candidatesIn(k store.Key) []ranked {
	group := x.candidates[k.GUID]
	differs := func(o ranked) bool { return len(o.In) > 0 }
	if !slices.ContainsFunc(group, differs) {
		return group
	}
	own := slices.Clone(group)
	for i, o := range own {
		c := *o.Candidate
		c.Judgment, own[i].Candidate = o.JudgedIn(k.Store), &c
	}
	return own
}

// eligible says whether the pin and the blocks leave a candidate to be chosen.
func (v *visualPlan) eligible(c *ranked) bool {
	return c.deployable && v.allows(c) && v.blockOf(c) == nil
}

// allows says whether the pin allows a candidate.
func (v *visualPlan) allows(c *ranked) bool {
	if v.allowed[c.index] == notAsked {
		v.allowed[c.index] = refused
		if v.want != nil && v.want.Pin.Allows(c.Release.Version) && v.isPinnedCode(c) {
			v.allowed[c.index] = granted
		}
	}
	return v.allowed[c.index] == granted
}

// passes says whether a candidate may be put without a person deciding anything.
// What is installed, under the license it was put with, passes too where only a
// later statement speaks against it: that is what a rollback leaves behind. So
// does what a pin goes down to, which is a person's word as a rollback is.
func (v *visualPlan) passes(c *ranked) bool {
	if c.Judgment.Verdict.Passes() {
		return true
	}
	if v.kind(c) == change.Downgrade {
		return passesAsked(c)
	}
	r := v.release()
	return r != nil && r.Digest == c.Release.Digest && v.now.state.License.ID == c.Terms.ID && passesAsked(c)
}

// passesAsked says whether a candidate would pass if a person asked for it by
// name: what is superseded may then be put.
func passesAsked(c *ranked) bool {
	if c.Judgment.Verdict.Passes() {
		return true
	}
	if !c.Judgment.Has(CodeSuperseded) {
		return false
	}
	rest := slices.DeleteFunc(slices.Clone(c.Judgment.Findings), func(f verdict.Finding) bool { return f.Code == CodeSuperseded })
	return verdict.Judge(rest...).Verdict.Passes()
}

// needsReview says whether a person may decide to put a candidate. What has not
// begun yet becomes a step only when it begins.
func needsReview(c *ranked) bool {
	return c.Judgment.Verdict == verdict.Review && !c.Judgment.Has(CodeNotYet)
}

// best returns the best of the candidates that fit, or nil: the highest version,
// within it the license that lasts longest, then what is nearest to what is
// installed.
func (v *visualPlan) best(fits func(*ranked) bool) *ranked {
	var best *ranked
	for i := range v.candidates {
		c := &v.candidates[i]
		if best != nil && (!c.Release.Version.Equal(best.Release.Version) || !c.Terms.Ends.Equal(best.Terms.Ends)) {
			break // candidates are in order: the rest is worse
		}
		if fits(c) && (best == nil || v.nearness(c) > v.nearness(best)) {
			best = c
		}
	}
	return best
}

// nearness ranks candidates of the same version and end: the installed package
// itself, then the code that is installed, then anything.
func (v *visualPlan) nearness(c *ranked) int {
	r := v.release()
	switch {
	case r == nil:
		return 0
	case c.Release.Digest == r.Digest && c.Terms.ID == v.now.state.License.ID:
		return 3
	case c.Release.Digest == r.Digest:
		return 2
	case v.sameContent(c):
		return 1
	}
	return 0
}

// sameContent says whether a candidate is proven to hold the installed code: the
// installed package must be in the archive for that.
func (v *visualPlan) sameContent(c *ranked) bool {
	r := v.release()
	return r != nil && v.provenSame(c, func(p *ranked) bool { return p.Release.Digest == r.Digest })
}

// provenSame says whether a candidate is proven to hold the same code as one of
// those that are meant.
func (v *visualPlan) provenSame(c *ranked, meant func(*ranked) bool) bool {
	for i := range v.candidates {
		if p := &v.candidates[i]; meant(p) && c.CodeIdentity().IsSame(p.CodeIdentity()) {
			return true
		}
	}
	return false
}

// CodeIdentity is what a candidate is compared by where only its code matters.
func (c *Candidate) CodeIdentity() pbiviz.CodeIdentity {
	return pbiviz.CodeIdentity{Content: c.Content, Unlicensed: c.Same}
}

// kind says which change leads from what is installed to a candidate that the pin
// allows; empty where none should.
func (v *visualPlan) kind(o *ranked) change.Kind {
	r := v.release()
	switch {
	case o == nil:
		return ""
	case r == nil:
		return change.Install
	}
	switch c := o.Release.Version.Compare(r.Version); {
	case c > 0:
		return change.Upgrade
	case c < 0 && v.holdsPinned():
		return "" // a license that ends is alarmed; it is no reason to go back
	case c < 0:
		return change.Downgrade
	case o.Release.Digest == r.Digest:
		return v.relicense(o)
	case v.leadsToPinnedCode(o):
		return change.Replace
	case !o.Terms.Ends.After(v.now.state.License.Ends) && !v.installedIsUnusable():
		return ""
	case v.sameContent(o):
		return change.Renew
	}
	return change.Replace
}

// relicense says whether a statement about the very bytes installed renews
// them: a later end, or the first license known.
func (v *visualPlan) relicense(c *ranked) change.Kind {
	known := v.now.state.License
	if known.IsZero() && !c.Terms.IsZero() {
		return change.Renew
	}
	if c.Terms.ID != known.ID && c.Terms.Ends.After(known.Ends) {
		return change.Renew
	}
	return ""
}

// installedIsUnusable says that what is installed could not be put today, so that anything
// good of the same version is better: it is refused, or it is neither in the
// archive nor known to be licensed.
func (v *visualPlan) installedIsUnusable() bool {
	r := v.release()
	known := false
	for i := range v.candidates {
		c := &v.candidates[i]
		if r == nil || c.Release.Digest != r.Digest {
			continue
		}
		known = true
		if c.Judgment.Verdict != verdict.Reject || v.passes(c) {
			return false
		}
	}
	return known || v.now.state.License.IsZero()
}

// holdsPinned says whether what is installed is what the pin allows.
func (v *visualPlan) holdsPinned() bool {
	r := v.release()
	return r != nil && v.pinAllows(*r)
}

// reviewText is what a person must decide about a candidate.
func reviewText(j verdict.Judgment) string {
	var parts []string
	for _, f := range j.Findings {
		if f.Verdict == verdict.Review {
			parts = append(parts, f.Message)
		}
	}
	if len(parts) == 0 {
		return hardestFinding(j).Message
	}
	return sentences(parts...)
}

// findings names what the choice asks a person to decide.
func (c choice) findings() []verdict.Code {
	if c.review == "" {
		return nil
	}
	var codes []verdict.Code
	for _, f := range c.candidate.Judgment.Findings {
		if f.Verdict == verdict.Review {
			codes = append(codes, f.Code)
		}
	}
	if len(codes) == 0 {
		return []verdict.Code{hardestFinding(c.candidate.Judgment).Code}
	}
	return codes
}

// hardestFinding returns the hardest finding, which says why a candidate does not pass.
func hardestFinding(j verdict.Judgment) verdict.Finding {
	if len(j.Findings) == 0 {
		return verdict.Finding{Code: CodeLicense, Verdict: j.Verdict, Message: "nothing says that it may be put into a store"}
	}
	return j.Findings[0]
}
