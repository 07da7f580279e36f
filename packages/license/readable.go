package license

import (
	"errors"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
)

// EvaluateReadable says what may be done with a package about which nothing is
// bound, and in which a vendor's own license was found: it is shown, and
// admitted only where the policy asks for no more than the grade Readable.
// Whatever grade the terms claim: what was found inside a package is not bound
// to the bytes around it. Of the facts, only the licenses that were used count.
func (t Trust) EvaluateReadable(m pbiviz.Manifest, found Terms, n Need, f Facts, at moment.Moment) verdict.Judgment {
	found.Grade = Readable
	e := &evaluation{trust: t, bound: Bound{GUID: m.GUID, Version: m.Version, Terms: found}, need: n, facts: Facts{Used: f.Used}, at: at, effective: found}
	e.evaluateEnd()
	e.evaluateBeginning()
	e.evaluateGrade()
	if Readable.AtLeast(n.Least) {
		e.add(CodeGrade, verdict.Warn, "", "%s was read inside the package, and nobody can check that it is about these bytes; the policy admits that", e.licenseName())
	}
	e.found = append(e.found, clockFindings(at)...)
	return verdict.Judge(e.found...)
}

// JudgeReadable is Judge for a package about which there is no statement. What
// read finds is read from the very package that is judged; where it finds
// nothing, or where the package carries a statement, this is Judge.
func (t Trust) JudgeReadable(p *pbiviz.Package, read func(*pbiviz.Package) (Terms, bool), n Need, f Facts, at moment.Moment) (Licensed, verdict.Judgment) {
	_, err := t.Bind(p, nil)
	var refused *verdict.Refusal
	found, ok := read(p)
	if !ok || !errors.As(err, &refused) || !isMissingStatement(refused) {
		return t.Judge(p, nil, n, f, at)
	}
	b := unlicensedBound(p)
	b.Terms = found
	b.Terms.Grade = Readable
	return t.grantLicensed(p, b, t.EvaluateReadable(p.Manifest(), found, n, f, at), n, f, at)
}
