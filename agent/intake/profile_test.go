package intake_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/agent/journal"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// vendorKey is a license of the vendor's own form; the first part is what a
// journal must never hold.
func vendorKey(ends string) string {
	claims := fmt.Sprintf(`{"id":"A-1","expiresAt":%d,"quantity":7,"pId":"gauge"}`, licensetest.Time(ends).UnixMilli())
	return base64.StdEncoding.EncodeToString([]byte(claims)) + "." + base64.StdEncoding.EncodeToString([]byte("a signature nobody checks"))
}

func keyedPackage(ends, code string) *pbiviz.Package {
	return licensetest.Package(pbiviztest.Package{Script: `var k="` + vendorKey(ends) + `";` + code})
}

func shipped(t *testing.T, edit ...string) profile.Set {
	t.Helper()
	p, err := profile.Parse("p.yaml", []byte(strings.NewReplacer(edit...).Replace(string(profile.Examples()[0].Text))))
	if err != nil {
		t.Fatal(err)
	}
	return profile.Set{p}
}

// Package and profile may come in any order; a profile is tried once for each
// way it reads, and what a package says is read from its bytes once.
func TestProfilesInAnyOrder(t *testing.T) {
	march, june, other := keyedPackage("2027-03-01", "run(k)"), keyedPackage("2027-06-01", "run(k)"), keyedPackage("2027-06-01", "evil(k)")
	b := newBench(t)
	b.take("march.pbiviz", march.File())
	b.Profiles = shipped(t)
	for range 2 {
		if err := b.Reprofile(context.Background(), tx); err != nil {
			t.Fatal(err)
		}
	}
	b.take("june.pbiviz", june.File())
	b.take("june.pbiviz", june.File())
	b.take("other.pbiviz", other.File())
	b.take("none.pbiviz", licensetest.Package(pbiviztest.Package{Version: "2.0.0.0"}).File())
	book := b.Journal.Book()
	if book.Seq() != 8 {
		t.Errorf("%d entries for four packages and what was found in each", book.Seq())
	}
	of := func(p *pbiviz.Package) journal.Profiled { return book.ProfiledOf(p.Digest())[0] }
	if f := of(march); f.Terms.Grade != license.Readable || !f.Terms.Ends.Equal(licensetest.Time("2027-03-01")) || len(f.Findings) > 0 {
		t.Errorf("found %+v", f)
	}
	if of(march).Masked != of(june).Masked || of(june).Masked == of(other).Masked || of(march).Token == of(june).Token {
		t.Errorf("%v\n%v\n%v", of(march), of(june), of(other))
	}
	if strings.Contains(fmt.Sprintf("%+v", book.ProfiledOf(march.Digest())), vendorKey("2027-03-01")[:20]) {
		t.Error("the journal holds the vendor's key")
	}

	b.Profiles = shipped(t, "kind: user", "kind: site")
	if err := b.Reprofile(context.Background(), tx); err != nil {
		t.Fatal(err)
	}
	if all := b.Journal.Book().ProfiledOf(march.Digest()); len(all) != 1 || all[0].Terms.Kind != license.Site || all[0].Fingerprint != b.Profiles[0].Fingerprint() {
		t.Errorf("after the profile was edited: %+v", all)
	}
}
