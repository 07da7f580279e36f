// Package comparison says what changed from one package of the archive to another,
// and what rules may know of both. Each pair is computed once: what was found is kept
// in the archive, bound to both digests, to the vendor profiles in force, and to the
// number of the computation.
//
// A kept comparison is as trustworthy as the data folder, which also holds the journal
// with its overrides and the vendor profiles: whoever can forge the one can write the
// others. It is good enough to look and to plan. It never lets a change pass alone:
// before a step is carried out, the engine has its pair computed from the packages
// again, whose bytes are hashed at every read, and asks the rules about that.
//
// The package does not know plans, rules, or what is installed.
package comparison

import (
	"fmt"

	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/rule"
)

// A Comparison is what was found in a pair of packages. Of a first install, From and
// Diff are empty.
type Comparison struct {
	From rule.Package `json:"from"`
	To   rule.Package `json:"to"`
	Diff diff.Diff    `json:"diff"`
}

// A pair names two packages; the first is zero for a first install.
type pair struct{ from, to visual.Digest }

// key names the pair in the archive.
func (p pair) key() visual.Digest {
	return visual.DigestOf(fmt.Appendf(nil, "comparison of %s and %s", p.from, p.to))
}

// An outcome is a comparison or why there is none.
type outcome struct {
	comparison Comparison
	err        error
}

// A Comparer compares packages of one archive under one set of profiles. It is for one
// goroutine.
type Comparer struct {
	// OnUnkept, if not nil, is told once why comparisons cannot be kept. Nothing is
	// kept from then on.
	OnUnkept func(error)

	archive  *archive.Archive
	profiles profile.Set
	// profilesDigest stands for the profiles in what is kept.
	profilesDigest string
	compared       map[pair]outcome
	packages       packageCache
	cannotKeep     bool
}

// New returns a comparer for an archive and the vendor profiles in force.
func New(a *archive.Archive, profiles profile.Set) *Comparer {
	return &Comparer{archive: a, profiles: profiles, profilesDigest: profiles.Fingerprint(), compared: map[pair]outcome{}}
}

// Compare compares two packages, or only looks at the second if the first is zero. It
// reads them only if the pair was never compared before. Where the result cannot be
// kept, for instance because the data folder may only be read, it is returned all the
// same.
func (c *Comparer) Compare(from, to visual.Digest) (Comparison, error) {
	p := pair{from, to}
	if o, done := c.compared[p]; done {
		return o.comparison, o.err
	}
	if found, ok := c.readKept(p); ok {
		c.compared[p] = outcome{found, nil}
		return found, nil
	}
	return c.CompareBytes(from, to)
}

// CompareBytes is Compare from the packages themselves, whatever was kept. From then
// on, Compare returns this outcome too, and an error as well.
func (c *Comparer) CompareBytes(from, to visual.Digest) (Comparison, error) {
	p := pair{from, to}
	found, err := c.compute(p)
	c.compared[p] = outcome{found, err}
	if err == nil {
		c.keep(p, found)
	}
	return found, err
}

func (c *Comparer) compute(p pair) (Comparison, error) {
	to, err := c.packages.read(c.archive, p.to)
	if err != nil {
		return Comparison{}, err
	}
	found := Comparison{To: factsOf(to)}
	if p.from.IsZero() {
		return found, nil
	}
	from, err := c.packages.read(c.archive, p.from)
	if err != nil {
		return Comparison{}, err
	}
	found.From, found.Diff = factsOf(from), Compare(c.profiles, from, to)
	return found, nil
}

// Compare says what changed between two packages, without the vendor's own
// license where a profile can take it out.
func Compare(set profile.Set, from, to *pbiviz.Package) diff.Diff {
	plain := diff.Compare(from, to)
	failed := false // a profile that is about the visual could not take it out
	for _, p := range set.Covering(to.Manifest().GUID) {
		if !p.Masks() || isKeyless(p, from) && isKeyless(p, to) {
			continue
		}
		switch d := diff.CompareMasked(from, to, p.Masked); {
		case d.Class == diff.LicenseOnly:
			return d
		case !failed:
			plain, failed = d, true
		}
	}
	return plain
}

// isKeyless says whether a profile finds no vendor's key in a package.
func isKeyless(p profile.Profile, pack *pbiviz.Package) bool {
	_, err := p.Read(pack)
	return profile.IsMissingKeyError(err)
}
