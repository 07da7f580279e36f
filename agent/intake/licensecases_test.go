package intake_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license/casetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestLicenseCases: a source that breaks off keeps one package out and no other,
// says which, and is asked for it again.
func TestLicenseCases(t *testing.T) {
	casetest.Run(t, "H6", func(t *testing.T, report casetest.Report) {
		b, source, p, q := newBench(t), &shelf{}, gauge("1.0.0.0"), gauge("1.1.0.0")
		source.put("p.pbiviz", p.File())
		source.put("q.pbiviz", q.File())
		source.broken["p.pbiviz"] = errors.New("the connection was reset")
		taken, cursor, err := b.Poll(context.Background(), tx, source, "old")
		if names(taken) != "q.pbiviz" || cursor != "old" || err == nil || !strings.Contains(err.Error(), "p.pbiviz: the connection was reset") {
			t.Errorf("read %s up to %q: %v", names(taken), cursor, err)
		}
		if _, known := b.Journal.Book().Package(p.Digest()); known {
			t.Error("a package that broke off is known")
		}
		source.broken = nil
		if _, cursor, err = b.Poll(context.Background(), tx, source, cursor); err != nil || cursor != "all" {
			t.Errorf("the next time, read up to %q: %v", cursor, err)
		}
		if _, known := b.Journal.Book().Package(p.Digest()); known {
			report(verdict.Accept, "")
		}
	})
}
