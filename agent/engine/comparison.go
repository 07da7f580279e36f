package engine

import (
	"github.com/orgstore/orgstore/agent/comparison"
	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/plan"
)

// comparer returns what compares packages under the profiles in force.
func (e *Engine) comparer() *comparison.Comparer {
	if e.comparisons == nil {
		e.comparisons = comparison.New(e.archive, e.profiles)
		e.comparisons.OnUnkept = e.noteUnkept
	}
	return e.comparisons
}

// noteUnkept says why packages will be read and compared again. Whoever may only read
// the data folder knows that already.
func (e *Engine) noteUnkept(err error) {
	if !disk.IsReadOnly(err) {
		e.note("what changed between packages could not be kept, and is computed again next time: %v", err)
	}
}

// differenceOf compares the packages of a step. The difference is empty where one of
// them is not in the archive, or the step puts none.
func (e *Engine) differenceOf(step plan.Step) diff.Diff {
	if !step.Kind.Puts() || step.From.Release == nil || step.To.Release == nil {
		return diff.Diff{}
	}
	found, err := e.comparer().Compare(step.From.Release.Digest, step.To.Release.Digest)
	if err != nil {
		return diff.Diff{} // a plan is shown without it
	}
	return found.Diff
}

// CompareArchived compares two packages of the archive, each named by the start of its
// digest or as VISUAL@VERSION.
func (e *Engine) CompareArchived(from, to string) (diff.Diff, error) {
	a, err := findPackage(e.Journal.Book(), from)
	if err != nil {
		return diff.Diff{}, err
	}
	b, err := findPackage(e.Journal.Book(), to)
	if err != nil {
		return diff.Diff{}, err
	}
	found, err := e.comparer().Compare(a.Package, b.Package)
	return found.Diff, err
}

// recompareForRules compares the packages of a step from their bytes, if rules are to
// be asked about it. A kept comparison is good enough to plan with; what is carried
// out passes the rules by the packages themselves.
func (e *Engine) recompareForRules(step plan.Step) {
	if !e.asksRules(step) || step.To.Release == nil {
		return
	}
	_, _ = e.comparer().CompareBytes(replacedDigest(step), step.To.Release.Digest) // the gates of the step tell an error
}

// replacedDigest names the package that a step replaces; zero for a first install.
func replacedDigest(step plan.Step) visual.Digest {
	if step.From.Release == nil {
		return visual.Digest{}
	}
	return step.From.Release.Digest
}
