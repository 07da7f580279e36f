package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// CodeSeveral is what a person must decide where several packages of the wanted version
// differ in code. The finding's code also has the digest of one that is not put.
const CodeSeveral verdict.Code = "plan.several_packages"

// maxNamed bounds how many packages of one version a review names one by one.
const maxNamed = 5

// withOthers returns a choice with the packages that might as well be put, one for each
// code: they fit as it does, have the same version, and lead to the same change. Nothing
// says which of them is meant.
func (v *visualPlan) withOthers(c choice, fits func(*ranked) bool) choice {
	if c.candidate == nil || c.kind == change.Renew {
		return c
	}
	seen := []*ranked{c.candidate}
	for i := range v.candidates {
		o := &v.candidates[i]
		isSame := func(p *ranked) bool { return p.hasCodeOf(o) }
		if o.Release.Version.Equal(c.candidate.Release.Version) && fits(o) && v.kind(o) == c.kind && !slices.ContainsFunc(seen, isSame) {
			seen = append(seen, o)
		}
	}
	c.others = seen[1:]
	return c
}

// hasCodeOf says whether two candidates are the same package, or proven to hold the same
// code.
func (c *Candidate) hasCodeOf(d *ranked) bool {
	return c.Release.Digest == d.Release.Digest || c.CodeIdentity().IsSame(d.CodeIdentity())
}

// severalText says between which packages a person must decide; empty where there is
// one.
func (c choice) severalText(g visual.GUID) string {
	if len(c.others) == 0 {
		return ""
	}
	all := append([]*ranked{c.candidate}, c.others...)
	named := make([]string, 0, maxNamed+1)
	for _, o := range all[:min(len(all), maxNamed)] {
		named = append(named, o.originText())
	}
	if n := len(all) - len(named); n > 0 {
		named = append(named, fmt.Sprintf("and %d more", n))
	}
	version := c.candidate.Release.Version
	return fmt.Sprintf("%d packages of %s differ in code, and the first would be put: %s (compare them with orgstore package diff %s %s, and name the one that is meant: orgstore pin set %s %s --digest DIGEST)",
		len(all), version, strings.Join(named, ", "), all[0].Release.Digest.Short(), all[1].Release.Digest.Short(), g, version)
}

// originText says which package a candidate is, and where it came from.
func (c *Candidate) originText() string {
	text := c.Release.Digest.Short()
	if c.File != "" {
		text += fmt.Sprintf(" %q", path.Base(strings.ReplaceAll(c.File, `\`, "/")))
	}
	if !c.Seen.IsZero() {
		text += " of " + day(c.Seen)
	}
	if c.Size > 0 {
		text += fmt.Sprintf(" (%d bytes)", c.Size)
	}
	return text
}

// severalFindings names the packages that are not put, where a person must decide
// between several.
func (c choice) severalFindings() []verdict.Code {
	var codes []verdict.Code
	for _, o := range c.others {
		codes = append(codes, CodeSeveral+":"+verdict.Code(o.Release.Digest.String()))
	}
	return codes
}

// isPinnedCode says whether a candidate is the package that the pin names by its digest,
// or proven to hold the same code, as its renewals do. A pin that names none means any.
func (v *visualPlan) isPinnedCode(c *ranked) bool {
	d, named := v.want.Pin.Digest()
	return !named || c.Release.Digest == d || v.provenSame(c, func(p *ranked) bool { return p.Release.Digest == d })
}

// pinAllows says whether the pin allows a release, and the package that it is of.
func (v *visualPlan) pinAllows(r visual.Release) bool {
	if v.want == nil || !v.want.Pin.Allows(r.Version) {
		return false
	}
	d, named := v.want.Pin.Digest()
	return !named || r.Digest == d || slices.ContainsFunc(v.candidates, func(c ranked) bool {
		return c.Release.Digest == r.Digest && v.isPinnedCode(&c)
	})
}

// leadsToPinnedCode says whether a candidate has the version that is installed, and the
// pin means its package instead.
func (v *visualPlan) leadsToPinnedCode(c *ranked) bool {
	return v.sameVersion(c) && !v.holdsPinned() && v.allows(c)
}

// namesOther says whether a change is there because the pin names a package by its
// digest.
func (v *visualPlan) namesOther(c choice) bool {
	return c.kind == change.Replace && v.leadsToPinnedCode(c.candidate)
}
