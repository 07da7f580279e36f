package license

import (
	"errors"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
)

// WeighReadable says what may be done with a package about which nothing is
// bound, and in which a vendor's own license was found: it is shown, and
// admitted only where the policy asks for no more than the grade Readable.
// Whatever grade the terms claim: what was found inside a package is not bound
// to the bytes around it.
func (t Trust) WeighReadable(m pbiviz.Manifest, found Terms, n Need, at moment.Moment) verdict.Judgment {
	found.Grade = Readable
	w := &weighing{trust: t, bound: Bound{GUID: m.GUID, Version: m.Version, Terms: found}, need: n, at: at, ends: found}
	w.weighEnd()
	w.weighBeginning()
	w.weighGrade()
	if Readable.AtLeast(n.Least) {
		w.add(codeGrade, verdict.Warn, "", "%s was read inside the package, and nobody can check that it is about these bytes; the policy admits that", w.license())
	}
	w.found = append(w.found, clock(at)...)
	return verdict.Judge(w.found...)
}

// JudgeReadable is Judge for a package about which there is no statement. What
// read finds is read from the very package that is judged; where it finds
// nothing, or where the package carries a statement, this is Judge.
func (t Trust) JudgeReadable(p *pbiviz.Package, read func(*pbiviz.Package) (Terms, bool), n Need, f Facts, at moment.Moment) (Licensed, verdict.Judgment) {
	_, err := t.Bind(p, nil)
	var refused *verdict.Refusal
	found, ok := read(p)
	if !ok || !errors.As(err, &refused) || !without(refused) {
		return t.Judge(p, nil, n, f, at)
	}
	b := unlicensed(p)
	b.Terms = found
	b.Terms.Grade = Readable
	return t.licensed(p, b, t.WeighReadable(p.Manifest(), found, n, at), n, f, at)
}
