package observe_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/intake"
	"github.com/orgstore/orgstore/agent/journal/journaltest"
	"github.com/orgstore/orgstore/agent/observe"
	"github.com/orgstore/orgstore/packages/archive"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// TestTheLicenseInside holds what a profile found against what the policy needs
// and against what statements say.
func TestTheLicenseInside(t *testing.T) {
	claims := fmt.Sprintf(`{"id":"A-1","expiresAt":%d,"quantity":7,"pId":"gauge"}`, licensetest.Time("2027-03-01").UnixMilli())
	key := base64.StdEncoding.EncodeToString([]byte(claims)) + "." + base64.StdEncoding.EncodeToString([]byte("a signature nobody checks"))
	p := licensetest.Package(pbiviztest.Package{Script: `var k="` + key + `";run(k)`})
	shipped, err := profile.Parse("p.yaml", profile.Examples()[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	statement, foreign := licensetest.Aurora().Statement(p), licensetest.Borealis().Statement(p)
	for _, c := range []struct {
		name      string
		statement []byte
		change    func(*observe.Observer)
		at        string
		want      string
		ends      string
	}{
		{"readable is not enough", nil, nil, "2026-11-23", "1.0.0.0 reject lic.grade", "2027-03-01"},
		{"readable is enough", nil, func(o *observe.Observer) { o.Least = license.Readable }, "2026-11-23", "1.0.0.0 warn lic.grade", "2027-03-01"},
		{"readable, and ended", nil, func(o *observe.Observer) { o.Least = license.Readable }, "2027-03-01", "1.0.0.0 reject time.expired lic.grade", "2027-03-01"},
		{"the profile is in force no more", nil, func(o *observe.Observer) { o.Profiles = nil }, "2026-11-23", "1.0.0.0 reject lic.none", ""},
		{"a statement that ends later", statement, nil, "2026-11-23", "1.0.0.0 warn lic.same_bytes_extended", "2027-03-01"},
		{"the earlier end has come", statement, nil, "2027-03-01", "1.0.0.0 reject time.expired lic.same_bytes_extended", "2027-03-01"},
		{"a statement that nobody believes", foreign, func(o *observe.Observer) { o.Least = license.Readable }, "2026-11-23", "1.0.0.0 reject lic.kid lic.grade", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, err := archive.Open(disktest.NewLossy(), "archive")
			if err != nil {
				t.Fatal(err)
			}
			importer := intake.Importer{
				Archive: kept, Journal: journaltest.Open(t, new(journaltest.Log)), Trust: trust(), Limits: pbiviz.DefaultLimits(),
				Profiles: profile.Set{shipped}, Now: func() time.Time { return licensetest.Time("2026-11-23") },
			}
			for name, file := range map[string][]byte{"x.pbiviz": p.File(), "x.pbiviz.license": c.statement} {
				if _, err := importer.Take(context.Background(), "tx-1", name, file); file != nil && err != nil {
					t.Fatal(err)
				}
			}
			o := observer()
			o.Profiles = profile.Set{shipped}
			if c.change != nil {
				c.change(&o)
			}
			got := o.Candidates(importer.Journal.Book(), false, licensetest.At(c.at))
			if len(got) != 1 || codes(got[0]) != c.want {
				t.Fatalf("got %q, want %q", codes(got[0]), c.want)
			}
			if end := got[0].Terms.Ends; end.IsZero() != (c.ends == "") || c.ends != "" && !end.Equal(licensetest.Time(c.ends)) {
				t.Errorf("ends %s, want %q", end, c.ends)
			}
			if proven := len(got[0].Same) > 0; proven != (o.Profiles != nil) {
				t.Errorf("digests without the key: %q", got[0].Same)
			}
		})
	}
}
