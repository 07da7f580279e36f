package pbiviz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestLicenseCases tries the cases of the list that a package alone can be.
func TestLicenseCases(t *testing.T) {
	all := attacks(t)
	casetest.Run(t, "D4", attacksOf(all, "D4"))
	casetest.Run(t, "D5", attacksOf(all, "D5"))
	casetest.Run(t, "D6", attacksOf(all, "D6"))
	casetest.Run(t, "D7", attacksOf(all, "D7"))
	casetest.Run(t, "D8", attacksOf(all, "D8"))
	casetest.Run(t, "D9", attacksOf(all, "D9"))
	casetest.Run(t, "D10", attacksOf(all, "D10"))
	casetest.Run(t, "D11", attacksOf(all, "D11"))
	casetest.Run(t, "D12", attacksOf(all, "D12"))
	casetest.Run(t, "D13", attacksOf(all, "D13"))
	casetest.Run(t, "D14", attacksOf(all, "D14"))
	casetest.Run(t, "D15", attacksOf(all, "D15"))
	casetest.Run(t, "D16", attacksOf(all, "D16"))
	casetest.Run(t, "D17", tooManyEntries)
	casetest.Run(t, "D18", attacksOf(all, "D18"))
	casetest.Run(t, "D19", attacksOf(all, "D19"))
	casetest.Run(t, "D20", attacksOf(all, "D20"))
	casetest.Run(t, "D21", attacksOf(all, "D21"))
	casetest.Run(t, "D25", func(t *testing.T, report casetest.Report) {
		attacksOf(all, "D25")(t, report)
		oddVersions(t, report)
	})
	casetest.Run(t, "D26", attacksOf(all, "D26"))
	casetest.Run(t, "D28", attacksOf(all, "D28"))
}

// attacksOf runs the attacks of one case.
func attacksOf(all []attack, number string) func(*testing.T, casetest.Report) {
	return func(t *testing.T, report casetest.Report) {
		for _, a := range all {
			name, found := strings.CutPrefix(a.name, number+" ")
			if !found {
				continue
			}
			t.Run(name, func(t *testing.T) {
				_, err := pbiviz.Read(a.file, pbiviz.DefaultLimits())
				wantRefusal(t, err, a.code)
				report.Refusal(t, err)
			})
		}
	}
}

// tooManyEntries is refused before the directory is read.
func tooManyEntries(t *testing.T, report casetest.Report) {
	a := archive{Files: pbiviztest.Package{}.Files()}
	for i := range 65535 - len(a.Files) {
		a.Files = append(a.Files, file{Name: fmt.Sprintf("e%d", i), Store: true})
	}
	announced := withEndRecord(func(e *endRecordFields) { e.Here, e.Total = 65535, 65535 })
	for _, b := range [][]byte{a.Bytes(), announced} {
		_, err := pbiviz.Read(b, pbiviz.DefaultLimits())
		wantRefusal(t, err, "zip.limit")
		report.Refusal(t, err)
	}
	l := pbiviz.DefaultLimits()
	l.Entries = 1 << 20
	_, err := pbiviz.Read(announced, l)
	wantRefusal(t, err, "zip.feature") // 65535 means: see the ZIP64 record
}

// oddVersions can be read, so that they can be listed and compared, and may not
// be installed.
func oddVersions(t *testing.T, report casetest.Report) {
	for name, version := range map[string]string{
		"leading zero":      "03.2.0.0",
		"word behind":       "3.2.0.0-beta",
		"hash behind":       "1.7.0.1#4a6",
		"five parts":        "1.0.0.3.1",
		"full-width digits": "\uff13.2.0.0",
		"more than int32":   "2147483648.0.0.0",
		"date and hash":     "1.7.0.20240215#4a667d1",
	} {
		t.Run(name, func(t *testing.T) {
			p := mustRead(t, pbiviztest.Package{Version: version}.Bytes())
			wantReservations(t, p, verdict.Finding{Code: "pkg.version_form", Verdict: verdict.Reject})
			report.Findings(p.Reservations()...)
			if p.Manifest().Version.String() != version {
				t.Errorf("version %s; want %s as written", p.Manifest().Version, version)
			}
		})
	}
}
