package plan

import (
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/moment"
	"github.com/orgstore/orgstore/packages/store"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
	"github.com/orgstore/orgstore/policies/change"
)

// TestLicenseCases tries the cases of the list in which a plan decides. A step is
// an acceptance, a gate of review is a review, what stays as it is with a reason
// is a warning, and what is not taken is a rejection.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "E8", endsBeforeTheWindow)
	casetest.Run(t, "F5", renewedOrReplaced)
	casetest.Run(t, "F7", rollbackToExpired)
	casetest.Run(t, "F11", expiredAndNothingElse)
	casetest.Run(t, "F14", rolledBackAndRenewed)
}

// endsBeforeTheWindow is an upgrade on Friday, in a tenant whose window opens on
// Saturday, to a license that ends in between.
func endsBeforeTheWindow(t *testing.T, report casetest.Report) {
	gates := func(ends string) []Gate {
		release := visual.Release{Version: version("1.5.0.0"), Digest: visual.DigestOf([]byte("1.5"))}
		s := Step{ID: "st_1", Key: gauge("main"), Kind: change.Upgrade, To: store.State{Presence: store.Present, Release: &release}}
		s.To.License.Ends = date(ends)
		friday := must(time.Parse(time.RFC3339, "2026-11-20T12:00:00Z"))
		return Gates(s, Conditions{
			At: moment.Settle(friday, moment.Mark{}, -1), Policies: map[store.Key]Policy{s.Key: scheduled()},
			Seen: map[visual.Digest]time.Time{release.Digest: date("2026-11-01")},
		})
	}
	for _, g := range gates("2026-11-21") {
		if g.Kind == GateReview && g.State == GateClosed {
			report(verdict.Review, g.Code())
		}
	}
	for _, g := range gates("2027-03-01") {
		if g.Kind == GateReview {
			t.Errorf("a license that lasts needs a review: %+v", g)
		}
	}
}

func renewedOrReplaced(t *testing.T, report casetest.Report) {
	for kind, with := range map[change.Kind]Candidate{change.Renew: v14r, change.Replace: v14c} {
		p := Compute(input("1.4", []Present{v14.installed()}, v14, with))
		if len(p.Steps) != 1 || p.Steps[0].Kind != kind || p.Steps[0].Review != "" {
			t.Errorf("%s: planned %s", kind, lines(p))
			continue
		}
		report(verdict.Accept, p.Steps[0].Reason.Code)
	}
}

func rollbackToExpired(t *testing.T, report casetest.Report) {
	in := input("~> 1.4", []Present{v15.installed()}, expired(v14), v15)
	in.Asks = []Ask{{Key: gauge("main"), Version: version("1.4"), Reason: "Monday at nine"}}
	reportIdle(t, report, verdict.Reject, Compute(in))
}

func expiredAndNothingElse(t *testing.T, report casetest.Report) {
	reportIdle(t, report, verdict.Warn, Compute(input("1.4", []Present{v14.installed()}, expired(v14))))
}

func rolledBackAndRenewed(t *testing.T, report casetest.Report) {
	renewed := candidate("1.5.0.0", "a2", "2029-01-01")
	for _, c := range []struct {
		name, pin string
		block     Block
	}{
		{"an older version is installed", "~> 1.4", Block{Key: gauge("main"), Version: version("1.5"), Pin: "~> 1.4", Reason: "broken slicers"}},
		{"the pin wants that version alone", "1.5", Block{Key: gauge("main"), Version: version("1.5"), Pin: "1.5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := input(c.pin, []Present{v14.installed()}, v14, renewed)
			in.Blocks = []Block{c.block}
			reportIdle(t, report, verdict.Reject, Compute(in))
		})
	}
}

// reportIdle reports why a plan leaves its one visual as it is.
func reportIdle(t *testing.T, report casetest.Report, v verdict.Verdict, p Plan) {
	t.Helper()
	if len(p.Steps) > 0 || len(p.Idle) != 1 || p.Idle[0].Reason.Hint == "" {
		t.Errorf("planned %s", lines(p))
		return
	}
	report(v, p.Idle[0].Reason.Code)
}
