package apply_test

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/apply"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/policies/change"
)

// keyed is a package with a vendor's own license in its script.
func keyed(ends time.Time, code string) *pbiviz.Package {
	claims := fmt.Sprintf(`{"id":"A-1","expiresAt":%d,"quantity":7,"pId":"gauge"}`, ends.UnixMilli())
	key := base64.StdEncoding.EncodeToString([]byte(claims)) + "." + base64.StdEncoding.EncodeToString([]byte("a signature nobody checks"))
	return licensetest.Package(pbiviztest.Package{Version: "1.0.0.0", Script: `var k="` + key + `";` + code})
}

// TestARenewalIsProvenFromTheBytes: whatever the journal says, a renewal is put
// only if its bytes prove it one.
func TestARenewalIsProvenFromTheBytes(t *testing.T) {
	for _, c := range []struct {
		name, code string // of the package that comes as a renewal
		profile    bool
		want       string
	}{
		{"the license alone", "run(k)", true, ""},
		{"code under it", "run(k);more()", true, "op.not_renewal"},
		{"the profile was taken away", "run(k)", false, "op.not_renewal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, stores()["bytes"])
			vendor := licensetest.Aurora()
			b.pkgs["now"], b.pkgs["next"] = keyed(licensetest.Time("2027-03-01"), "run(k)"), keyed(licensetest.Time("2028-03-01"), c.code)
			for _, name := range []string{"now", "next"} {
				b.take(name, b.pkgs[name].File())
				b.take(name, vendor.Statement(b.pkgs[name]))
			}
			if c.profile {
				p, err := profile.Parse("p.yaml", profile.Examples()[0].Text)
				if err != nil {
					t.Fatal(err)
				}
				b.applier.Profiles = profile.Set{p}
			}
			s := b.step(change.Renew, b.state("now", true), b.state("next", true))
			b.start(s.From)
			r := b.do(s)
			if c.want == "" {
				b.want(r, apply.Verified, "")
				return
			}
			b.want(r, apply.Failed, c.want)
			if b.content() != label(b, s.From.Release, s.From.Enabled) {
				t.Errorf("the store holds %s", b.content())
			}
		})
	}
}
