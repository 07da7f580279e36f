package sharepoint

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestLicenseCases: a download that breaks off goes on where it stopped, as often
// as is allowed and no more.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "H6", func(t *testing.T, report casetest.Report) {
		for _, c := range []struct {
			name     string
			breaks   int // how many downloads break off
			arrives  bool
			requests int
		}{
			{"two breaks", 2, true, 3},
			{"it breaks off each time", 1000, false, maxDownloadTries},
		} {
			t.Run(c.name, func(t *testing.T) {
				f := newFake(t)
				f.putFile("root", "gauge.pbiviz", largeContent)
				l := f.openLibrary()
				item := onlyItem(t, l)
				requests := 0
				f.intercept = func(call string) *cannedReply {
					if !strings.HasPrefix(call, "GET /download/") {
						return nil
					}
					if requests++; requests <= c.breaks {
						return &cannedReply{cutAfter: 1000}
					}
					return nil
				}
				got, err := fetchContent(l, item, 1<<20)
				if (err == nil) != c.arrives || requests != c.requests {
					t.Errorf("%d bytes by %d requests, want %d: %v", len(got), requests, c.requests, err)
				}
				if got == largeContent {
					report(verdict.Accept, "")
				}
			})
		}
	})
}
