package observe

import (
	"maps"
	"slices"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// profiled is what the profiles in force found in one package.
type profiled struct {
	terms license.Terms // of the license that ends first
	read  bool          // any was found
	same  []string      // digests of the package without the license, sorted
	// refused says why no license was found where one should be. It never
	// refuses a package: a profile that does not fit is no news about the bytes.
	refused []verdict.Finding
}

// Readable returns what the profiles in force found inside a package; false
// where nothing was found.
func (o Observer) Readable(book journal.Book, pkg journal.Package) (license.Terms, bool) {
	found := o.profiled(book, pkg)
	return found.terms, found.read
}

// CodeIdentity is what a package is compared by where only its code matters.
func (o Observer) CodeIdentity(book journal.Book, p journal.Package) pbiviz.CodeIdentity {
	return pbiviz.CodeIdentity{Content: p.Content, Unlicensed: o.profiled(book, p).same}
}

func (o Observer) profiled(book journal.Book, pkg journal.Package) profiled {
	var found profiled
	if len(o.Profiles) == 0 {
		return found
	}
	var all []license.Terms
	for _, f := range book.ProfiledOf(pkg.Package) {
		if !o.Profiles.InForce(f.Fingerprint, pkg.Manifest.GUID) {
			continue
		}
		if !f.Terms.Ends.IsZero() {
			all = append(all, f.Terms)
		} else if !slices.ContainsFunc(f.Findings, profile.IsMissingKey) {
			found.refused = append(found.refused, profile.AsWarnings(f.Findings)...)
		}
		if f.Masked != "" {
			found.same = append(found.same, string(f.Masked))
		}
	}
	slices.Sort(found.same)
	found.terms, found.read = profile.FirstEnding(all)
	return found
}

// evaluateUnbound says what may be done with a package that nobody has made a
// statement about.
func (o Observer) evaluateUnbound(pkg journal.Package, found profiled, need license.Need, facts license.Facts, at moment.Moment) verdict.Judgment {
	if found.read {
		j := o.Trust.EvaluateReadable(pkg.Manifest, found.terms, need, facts, at)
		if j.Verdict != verdict.Reject { // what is refused covers nobody
			j = j.With(o.Entitled(pkg.Manifest.GUID, found.terms, need.Asked)...)
		}
		return j
	}
	return o.Trust.EvaluateUnbound(pkg.Manifest, need, at).With(found.refused...)
}

// earliestEnds adds to what statements say what the vendors' own licenses
// inside the packages say: the script obeys its own date, whatever was signed
// or attested.
func (o Observer) earliestEnds(book journal.Book) map[visual.Digest]license.Terms {
	ends := book.EarliestEnds()
	if len(o.Profiles) == 0 {
		return ends
	}
	ends = maps.Clone(ends)
	if ends == nil {
		ends = map[visual.Digest]license.Terms{}
	}
	for _, p := range book.Packages() {
		found, ok := o.Readable(book, p)
		if !ok {
			continue
		}
		if said, ok := ends[p.Package]; !ok || found.Ends.Before(said.Ends) {
			ends[p.Package] = found
		}
	}
	return ends
}
