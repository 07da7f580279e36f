package plan

import (
	"cmp"
	"slices"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// The codes of judgments that a plan reads.
const (
	CodeExpired    verdict.Code = "time.expired"
	CodeNotYet     verdict.Code = "time.not_yet"
	CodeSuperseded verdict.Code = "life.superseded"
	CodeUnlicensed verdict.Code = "lic.none"
	CodeGrade      verdict.Code = "lic.grade"
)

// An offer is a candidate and its place among the offers of its visual.
type offer struct {
	*Candidate
	index      int
	deployable bool // whether its version has a form that a store may hold, and its bytes are known
}

// unlicensed says whether nobody signed or attested anything about an offer.
func (c *Candidate) unlicensed() bool {
	return c.Judgment.Has(CodeUnlicensed) || c.Terms.Grade == license.Readable
}

// offers groups candidates by visual, each group in one order whatever the
// order of the input: deployable first, then from the highest version and the
// longest license down.
func offers(candidates []Candidate) map[visual.GUID][]offer {
	byGUID := make(map[visual.GUID][]offer)
	for i := range candidates {
		c := &candidates[i]
		deployable := c.Release.Version.Deployable() && !c.Release.Digest.IsZero()
		byGUID[c.GUID] = append(byGUID[c.GUID], offer{Candidate: c, deployable: deployable})
	}
	for _, group := range byGUID {
		slices.SortFunc(group, compareOffers)
		for i := range group {
			group[i].index = i
		}
	}
	return byGUID
}

// compareOffers is total up to what a plan can tell apart, so that no two
// orders of the input give two plans.
func compareOffers(a, b offer) int {
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

// A choice is the offer that is wanted and the change that leads to it.
type choice struct {
	offer  *offer      // nil where nothing passes
	kind   change.Kind // empty where nothing is to be done
	review string      // what a person must decide about the offer
}

// choose finds what the pin asks for. Where another store comes before, what ran
// there goes first, and what changes the license of what is here: what comes
// after that is planned, and its gate holds it.
func (m *matter) choose() choice {
	c := m.among(m.goesOn)
	if c.kind != "" || !m.later {
		return c
	}
	if next := m.among(func(*offer) bool { return true }); next.kind != "" {
		return next
	}
	return c
}

// among finds what the pin asks for among some offers: the best that passes;
// where that changes nothing, the best that would pass if a person decided so.
func (m *matter) among(fits func(*offer) bool) choice {
	passing := m.best(func(o *offer) bool { return m.eligible(o) && m.passes(o) && fits(o) })
	if k := m.kind(passing); k != "" {
		return choice{offer: passing, kind: k}
	}
	reviewable := m.best(func(o *offer) bool { return needsReview(o) && m.eligible(o) && fits(o) })
	if k := m.kind(reviewable); k != "" {
		return choice{reviewable, k, reviewText(reviewable.Judgment)}
	}
	return choice{offer: passing}
}

// offersIn returns the offers of a visual as they are judged for one store.
func (w *world) offersIn(k store.Key) []offer {
	group := w.offers[k.GUID]
	differs := func(o offer) bool { return len(o.In) > 0 }
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

// eligible says whether the pin and the blocks leave an offer to be chosen.
func (m *matter) eligible(o *offer) bool {
	return o.deployable && m.allows(o) && m.blockOf(o) == nil
}

// allows says whether the pin allows an offer.
func (m *matter) allows(o *offer) bool {
	if m.allowed[o.index] == notAsked {
		m.allowed[o.index] = refused
		if m.want != nil && m.want.Pin.Allows(o.Release.Version) {
			m.allowed[o.index] = granted
		}
	}
	return m.allowed[o.index] == granted
}

// passes says whether an offer may be put without a person deciding anything.
// What is installed, under the license it was put with, passes too where only a
// later statement speaks against it: that is what a rollback leaves behind. So
// does what a pin goes down to, which is a person's word as a rollback is.
func (m *matter) passes(o *offer) bool {
	if o.Judgment.Verdict.Passes() {
		return true
	}
	if m.kind(o) == change.Downgrade {
		return passesAsked(o)
	}
	r := m.release()
	return r != nil && r.Digest == o.Release.Digest && m.now.state.License.ID == o.Terms.ID && passesAsked(o)
}

// passesAsked says whether an offer would pass if a person asked for it by
// name: what is superseded may then be put.
func passesAsked(o *offer) bool {
	if o.Judgment.Verdict.Passes() {
		return true
	}
	if !o.Judgment.Has(CodeSuperseded) {
		return false
	}
	rest := slices.DeleteFunc(slices.Clone(o.Judgment.Findings), func(f verdict.Finding) bool { return f.Code == CodeSuperseded })
	return verdict.Judge(rest...).Verdict.Passes()
}

// needsReview says whether a person may decide to put an offer. What has not
// begun yet becomes a step only when it begins.
func needsReview(o *offer) bool {
	return o.Judgment.Verdict == verdict.Review && !o.Judgment.Has(CodeNotYet)
}

// best returns the best of the offers that fit, or nil: the highest version,
// within it the license that lasts longest, then what is nearest to what is
// installed.
func (m *matter) best(fits func(*offer) bool) *offer {
	var best *offer
	for i := range m.offers {
		o := &m.offers[i]
		if best != nil && (!o.Release.Version.Equal(best.Release.Version) || !o.Terms.Ends.Equal(best.Terms.Ends)) {
			break // offers are in order: the rest is worse
		}
		if fits(o) && (best == nil || m.nearness(o) > m.nearness(best)) {
			best = o
		}
	}
	return best
}

// nearness ranks offers of the same version and end: the installed package
// itself, then the code that is installed, then anything.
func (m *matter) nearness(o *offer) int {
	r := m.release()
	switch {
	case r == nil:
		return 0
	case o.Release.Digest == r.Digest && o.Terms.ID == m.now.state.License.ID:
		return 3
	case o.Release.Digest == r.Digest:
		return 2
	case m.sameContent(o):
		return 1
	}
	return 0
}

// sameContent says whether an offer is proven to hold the installed code: the
// installed package must be in the archive for that.
func (m *matter) sameContent(o *offer) bool {
	r := m.release()
	return r != nil && m.provenSame(o, func(p *offer) bool { return p.Release.Digest == r.Digest })
}

// provenSame says whether an offer is proven to hold the same code as one of
// those that are meant: both hold the same, or both hold the same without the
// vendor's own license.
func (m *matter) provenSame(o *offer, meant func(*offer) bool) bool {
	for i := range m.offers {
		if p := &m.offers[i]; meant(p) && SameCode(o.Candidate, p.Candidate) {
			return true
		}
	}
	return false
}

// SameCode says whether two packages are proven to hold the same code: both hold
// the same, or both hold the same without the vendor's own license.
func SameCode(a, b *Candidate) bool {
	return a.Content != "" && a.Content == b.Content ||
		slices.ContainsFunc(a.Same, func(s string) bool { return s != "" && slices.Contains(b.Same, s) })
}

// kind says which change leads from what is installed to an offer that the pin
// allows; empty where none should.
func (m *matter) kind(o *offer) change.Kind {
	r := m.release()
	switch {
	case o == nil:
		return ""
	case r == nil:
		return change.Install
	}
	switch c := o.Release.Version.Compare(r.Version); {
	case c > 0:
		return change.Upgrade
	case c < 0 && m.holdsPinned():
		return "" // a license that ends is alarmed; it is no reason to go back
	case c < 0:
		return change.Downgrade
	case o.Release.Digest == r.Digest:
		return m.relicense(o)
	case !o.Terms.Ends.After(m.now.state.License.Ends) && !m.spent():
		return ""
	case m.sameContent(o):
		return change.Renew
	}
	return change.Replace
}

// relicense says whether a statement about the very bytes installed renews
// them: a later end, or the first license known.
func (m *matter) relicense(o *offer) change.Kind {
	known := m.now.state.License
	if known.IsZero() && !o.Terms.IsZero() {
		return change.Renew
	}
	if o.Terms.ID != known.ID && o.Terms.Ends.After(known.Ends) {
		return change.Renew
	}
	return ""
}

// spent says that what is installed could not be put today, so that anything
// good of the same version is better: it is refused, or it is neither in the
// archive nor known to be licensed.
func (m *matter) spent() bool {
	r := m.release()
	known := false
	for i := range m.offers {
		o := &m.offers[i]
		if r == nil || o.Release.Digest != r.Digest {
			continue
		}
		known = true
		if o.Judgment.Verdict != verdict.Reject || m.passes(o) {
			return false
		}
	}
	return known || m.now.state.License.IsZero()
}

// holdsPinned says whether the installed version is one the pin allows.
func (m *matter) holdsPinned() bool {
	r := m.release()
	return r != nil && m.want != nil && m.want.Pin.Allows(r.Version)
}

// reviewText is what a person must decide about an offer.
func reviewText(j verdict.Judgment) string {
	var parts []string
	for _, f := range j.Findings {
		if f.Verdict == verdict.Review {
			parts = append(parts, f.Message)
		}
	}
	if len(parts) == 0 {
		return first(j).Message
	}
	return sentences(parts...)
}

// first returns the hardest finding, which says why an offer does not pass.
func first(j verdict.Judgment) verdict.Finding {
	if len(j.Findings) == 0 {
		return verdict.Finding{Code: CodeLicense, Verdict: j.Verdict, Message: "nothing says that it may be put into a store"}
	}
	return j.Findings[0]
}
