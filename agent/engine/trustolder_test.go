package engine

import (
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
)

// Of vendors that share their root keys, the newest bundle is recorded, and once.
func TestNewerBundles(t *testing.T) {
	aurora, borealis := licensetest.Aurora(), licensetest.Borealis()
	one := license.Vendor{Name: "a", Bundle: aurora.Bundle()}
	two := license.Vendor{Name: "b", Bundle: aurora.Bundle(func(d *issuer.Draft) { d.Version = 2 })}
	other, lost := license.Vendor{Name: "c", Bundle: borealis.Bundle()}, license.Vendor{Name: "d"}
	facts := newerBundles(journal.Book{}, []license.Vendor{one, two, other, lost})
	if len(facts) != 2 || facts[0].(journal.BundleSeen).Version != 2 || facts[0].(journal.BundleSeen).Vendor != "b" {
		t.Fatalf("recorded: %+v", facts)
	}
	book := journaltest.Book(t, facts...)
	if again := newerBundles(book, []license.Vendor{one, two, other}); len(again) > 0 {
		t.Errorf("recorded again: %+v", again)
	}
	if err := checkNotOlder(one.Bundle, "aurora.trust", book); err == nil {
		t.Error("version 1 is trusted after version 2")
	}
	for _, v := range []license.Vendor{two, other} {
		if err := checkNotOlder(v.Bundle, "aurora.trust", book); err != nil {
			t.Error(err)
		}
	}
}
