package runway_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/policies/runway"
)

// TestLicenseCases: two weeks before a license ends, it is said that nothing
// newer is here, and not a day before that.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "F10", func(t *testing.T, report casetest.Report) {
		in := runway.Input{Name: "Aurora Gauge", Ends: at(t, "2027-03-01 00:00"), Renewal: runway.Missing}
		if r := runway.Compute(in, at(t, "2027-02-13 09:59")); len(r.Findings) > 0 {
			t.Errorf("fifteen days before the end: %+v", r.Findings)
		}
		report.Findings(runway.Compute(in, at(t, "2027-02-14 12:00")).Findings...)
		in.Renewal = runway.Here
		if r := runway.Compute(in, at(t, "2027-02-14 12:00")); len(r.Findings) > 0 {
			t.Errorf("with a renewal here: %+v", r.Findings)
		}
	})
}
