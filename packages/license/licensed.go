package license

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// MaxAge is how long a judgment may be acted upon.
const MaxAge = 10 * time.Minute

// runwayMargin is how much earlier than in UTC a license can end for a browser
// that goes by local time, at UTC+14.
const runwayMargin = 14 * time.Hour

// A Licensed is a package together with a judgment that it may be put. Only
// Judge makes one. It ages: Open refuses after MaxAge.
type Licensed struct {
	pkg      *pbiviz.Package
	bound    Bound
	ends     time.Time // the end that counts; zero where no license is needed
	judgedAt moment.Moment
	judgment verdict.Judgment
	// renewal says what to do once the license ended.
	renewal string
}

// Judge binds a statement to a package, evaluates it, and adds the package's own
// reservations: everything that stands between bytes and a store. A nil
// statement means the one inside the package. The Licensed is zero unless the
// verdict passes, or asks for a review that the need brings along.
func (t Trust) Judge(p *pbiviz.Package, statement []byte, n Need, f Facts, at moment.Moment) (Licensed, verdict.Judgment) {
	b, err := t.Bind(p, statement)
	var refused *verdict.Refusal
	var j verdict.Judgment
	switch {
	case err == nil:
		j = t.Evaluate(b, n, f, at)
	case !errors.As(err, &refused):
		j = verdict.Judge(verdict.Finding{Code: codeForm, Verdict: verdict.Reject, Message: err.Error()})
	case isMissingStatement(refused):
		b, j = unlicensedBound(p), t.EvaluateUnbound(p.Manifest(), n, at)
	default:
		j = t.EvaluateRefused(p.Manifest(), refused.Findings, n, at)
	}
	return t.grantLicensed(p, b, j, n, f, at)
}

// grantLicensed adds a package's own reservations to what was found of its license.
func (t Trust) grantLicensed(p *pbiviz.Package, b Bound, j verdict.Judgment, n Need, f Facts, at moment.Moment) (Licensed, verdict.Judgment) {
	j = j.With(n.AdjustReservations(p.Reservations())...)
	if !j.Verdict.Passes() && (j.Verdict != verdict.Review || n.Reviewed == "") {
		return Licensed{}, j
	}
	return Licensed{pkg: p, bound: b, ends: t.Effective(b, f).Ends, judgedAt: at, judgment: j, renewal: t.RenewalHint(b)}, j
}

// IsZero says whether l is a package that nobody may put.
func (l Licensed) IsZero() bool { return l.pkg == nil }

// Bound returns the statement that was bound; of the grade Opaque, without
// terms, where the policy asked for none.
func (l Licensed) Bound() Bound { return l.bound }

// Judgment returns what was found when the package was judged.
func (l Licensed) Judgment() verdict.Judgment { return l.judgment }

// GUID returns the visual's GUID.
func (l Licensed) GUID() visual.GUID { return l.bound.GUID }

// Release returns the package's version and digest.
func (l Licensed) Release() visual.Release {
	return visual.Release{Version: l.bound.Version, Digest: l.bound.Package}
}

// Name returns the visual's name, as people see it, in printable characters.
func (l Licensed) Name() string {
	if l.IsZero() {
		return ""
	}
	return displayName(l.pkg.Manifest())
}

// Open returns the package file's bytes, for the one who puts them, at the
// moment of putting. It refuses a Licensed that is zero or older than MaxAge, a
// license that ended since, and bytes that are no longer those judged: they are
// hashed again before they leave.
func (l Licensed) Open(at moment.Moment) (*bytes.Reader, error) {
	if l.IsZero() {
		return nil, errors.New("cannot open a package that was not judged good")
	}
	name := nameOf(l.pkg.Manifest())
	if age := at.Since(l.judgedAt.Time()).Abs(); age > MaxAge {
		return nil, fmt.Errorf("cannot open %s: it was judged at %s, and a judgment is good for %s; judge it again",
			name, l.judgedAt.Time().Format(time.RFC3339), MaxAge)
	}
	if !l.ends.IsZero() && !at.Before(l.ends) {
		return nil, verdict.Refuse(CodeExpired, fmt.Sprintf("cannot open %s: its license ended on %s", name, formatDay(l.ends)),
			l.renewal)
	}
	if visual.DigestOf(l.pkg.File()) != l.bound.Package {
		return nil, verdict.Refuse(codeToctou, "cannot install "+name+": its bytes changed in memory after they were verified",
			"run the command again; if it happens again, check this machine's memory")
	}
	return bytes.NewReader(l.pkg.File()), nil
}

// Runway returns the time up to which a license can be counted on everywhere:
// visuals may compare the date in a browser's local time, so it lies 14 hours
// before the end. Zero where no end is known.
func (t Terms) Runway() time.Time {
	if t.Ends.IsZero() {
		return time.Time{}
	}
	return t.Ends.Add(-runwayMargin)
}

// DaysLeft returns the whole days up to Runway: 0 on the last day, and negative
// from the end on: -1 on the day that begins with the end. Whatever tells people
// how many days are left tells these.
func (t Terms) DaysLeft(at moment.Moment) int { return t.DaysLeftAt(at.Time()) }

// DaysLeftAt is DaysLeft at a time.
func (t Terms) DaysLeftAt(at time.Time) int {
	const aDay = 24 * time.Hour
	if since := at.Sub(t.Ends); since >= 0 {
		return -1 - int(since/aDay)
	}
	return max(0, int(t.Runway().Sub(at)/aDay))
}
