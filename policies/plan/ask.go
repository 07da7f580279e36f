package plan

import (
	"fmt"
	"slices"

	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// planAsk decides what a person asked for; the pin has no say in it. Access is
// left as it is: the pin's next plan sees to it.
func (v *visualPlan) planAsk() ([]Step, *Idle) {
	if v.ask.Version.IsZero() {
		return v.planDisable()
	}
	if already := v.longestIsInstalled(); already != nil {
		return nil, v.idle(*already)
	}
	var version, free []*ranked
	for i := range v.candidates {
		c := &v.candidates[i]
		if !c.deployable || !c.Release.Version.Equal(v.ask.Version) || c.Release.Digest == v.ask.Not {
			continue
		}
		version = append(version, c)
		if v.blockOf(c) == nil {
			free = append(free, c)
		}
	}
	switch {
	case len(version) == 0:
		return nil, v.blocked(v.reasonNoPackage())
	case len(free) == 0:
		return nil, v.blocked(v.reasonBlocked(version[0], "cannot go back to it"))
	}
	c, review := v.bestAsked(free)
	if c == nil {
		return nil, v.blocked(v.reasonRefused(free[0]))
	}
	if r := v.release(); r != nil && r.Digest == c.Release.Digest {
		return nil, v.idle(Reason{CodeAlready, fmt.Sprintf("%s is installed already", r.Version), ""})
	}
	return []Step{v.askedStep(choice{candidate: c, kind: v.kindAsked(c), review: review})}, nil
}

// longestIsInstalled says that the version that was asked for by its number is installed,
// and that no other package of it is licensed longer; nil if that is not so.
func (v *visualPlan) longestIsInstalled() *Reason {
	r := v.release()
	if r == nil || v.ask.Content != "" || !r.Version.Equal(v.ask.Version) {
		return nil
	}
	for i := range v.candidates {
		c := &v.candidates[i]
		if c.deployable && c.Release.Version.Equal(r.Version) && c.Release.Digest != r.Digest && v.blockOf(c) == nil &&
			passesAsked(c) && c.Terms.Ends.After(v.now.state.License.Ends) {
			return nil
		}
	}
	return &Reason{CodeAlready, fmt.Sprintf("%s is installed already, and no other package of it is licensed longer", r.Version),
		fmt.Sprintf("to go to another package of it, name its revision: orgstore history %s", v.key.GUID)}
}

// bestAsked picks what passes, else what a person may decide to put: with the
// code asked for where that has any, and of these the longest license.
func (v *visualPlan) bestAsked(free []*ranked) (c *ranked, review string) {
	if c := v.longestAsked(free, passesAsked); c != nil {
		return c, ""
	}
	if c := v.longestAsked(free, needsReview); c != nil {
		return c, reviewText(c.Judgment)
	}
	return nil, ""
}

func (v *visualPlan) longestAsked(free []*ranked, fits func(*ranked) bool) *ranked {
	fit := slices.DeleteFunc(slices.Clone(free), func(c *ranked) bool { return !fits(c) })
	if len(fit) == 0 {
		return nil
	}
	if v.ask.Content != "" {
		for _, c := range fit { // from the longest license down
			if v.hasContent(c, v.ask.Content) {
				return c
			}
		}
	}
	return fit[0]
}

// kindAsked says what going to a candidate is. Going back within one version to a
// license that ends sooner is no renewal: it passes for other code.
func (v *visualPlan) kindAsked(o *ranked) change.Kind {
	r := v.release()
	if r == nil {
		return change.Install
	}
	switch c := o.Release.Version.Compare(r.Version); {
	case c > 0:
		return change.Upgrade
	case c < 0:
		return change.Downgrade
	case v.sameContent(o) && o.Terms.Ends.After(v.now.state.License.Ends):
		return change.Renew
	}
	return change.Replace
}

func (v *visualPlan) askedStep(c choice) Step {
	release := c.candidate.Release
	to := store.State{Presence: store.Present, Release: &release, License: c.candidate.Terms, Enabled: v.now.state.Enabled}
	if c.kind == change.Install {
		to = withAccess(to, true)
	}
	return Step{
		Key: v.key, Name: v.displayName(c.candidate), Kind: c.kind, From: v.now.state, To: to,
		Reason: Reason{CodeAsked, v.ask.Reason, ""},
		Back:   v.wayBack(), Review: sentences(c.review, v.now.driftText), Findings: append(c.findings(), v.driftFindings(v.now.driftText)...), Asked: true,
	}
}

// planDisable undoes a first install: nothing is ever taken out of a store.
func (v *visualPlan) planDisable() ([]Step, *Idle) {
	s := v.now.state
	if s.Presence == store.Absent {
		return nil, v.idle(Reason{CodeAlready, "it is not installed, so there is nothing to disable", ""})
	}
	if s.Enabled != nil && !*s.Enabled {
		return nil, v.idle(Reason{CodeAlready, "it is disabled already", ""})
	}
	return []Step{{
		Key: v.key, Name: v.displayName(nil), Kind: change.Disable, From: s, To: withAccess(s, false),
		Reason: Reason{CodeAsked, v.ask.Reason, ""},
		Back:   Back{Possible: true}, Review: v.now.driftText, Findings: v.driftFindings(v.now.driftText), Asked: true,
	}}, nil
}

func (v *visualPlan) reasonNoPackage() Reason {
	text := fmt.Sprintf("cannot go back to %s: no package of it is in the archive", v.ask.Version)
	if r := v.release(); r != nil && r.Digest == v.ask.Not && r.Version.Equal(v.ask.Version) {
		text = fmt.Sprintf("cannot go back within %s: no other package of it is in the archive", v.ask.Version)
	}
	return Reason{CodeNoPackage, text,
		fmt.Sprintf("add one with orgstore package add FILE, or go to another version: orgstore history %s", v.key.GUID)}
}

// reasonRefused says why the way back is closed and what to ask the vendor for.
func (v *visualPlan) reasonRefused(c *ranked) Reason {
	f := hardestFinding(c.Judgment)
	code := f.Code
	if c.Judgment.Has(CodeExpired) {
		code = CodeRollbackExpired
	}
	text := fmt.Sprintf("cannot go back to %s: %s", c.Release.Version, f.Message)
	return Reason{code, text, sentences(requestHint(v.displayName(c), v.key.GUID, c), f.Hint)}
}

// requestHint says what to ask a vendor for, in the words a vendor needs.
func requestHint(name string, g visual.GUID, c *ranked) string {
	what := fmt.Sprintf("%s %s (GUID %s", name, c.Release.Version, g)
	if name == "" {
		what = fmt.Sprintf("%s (GUID %s", c.Release.Version, g)
	}
	if id := c.Terms.ID; id != "" {
		what += ", license " + id
		if c.Terms.Subscription != "" {
			what += " of subscription " + c.Terms.Subscription
		}
	}
	return "ask the vendor for a renewed " + what + ")"
}
