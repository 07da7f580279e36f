package license_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// trustWithoutBundle is the trust in Aurora Visuals whose bundle cannot be read today.
func trustWithoutBundle(t *testing.T) license.Trust {
	t.Helper()
	s := licensetest.Aurora().Settings()
	s.Bundle = license.Bundle{}
	s.Unavailable = verdict.Finding{Code: "trust.unreadable", Message: "aurora.trust is gone", Hint: "put it back"}
	trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// TestUnavailableBundle: nothing that needs the vendor's keys is put, with the
// reason; a license that was bound keeps its end.
func TestUnavailableBundle(t *testing.T) {
	v, p := licensetest.Aurora(), gaugePackage(t)
	bound, err := v.Trust().Bind(p, v.Statement(p))
	if err != nil {
		t.Fatal(err)
	}
	trust := trustWithoutBundle(t)
	if got := trust.UnavailableVendors(); len(got) != 1 || got[0].Name != v.Name {
		t.Errorf("lost are %v", got)
	}
	j := trust.Evaluate(bound, licensetest.Need(), licensetest.Facts(), licensetest.At("2026-11-23"))
	if j.Verdict != verdict.Reject || !j.Has("trust.unreadable") || j.Has("lic.kid") {
		t.Errorf("it is evaluated as %+v", j)
	}
	if _, err = trust.Bind(p, v.Statement(p)); err == nil {
		t.Fatal("it was bound")
	}
	wantCodes(t, err, "trust.unreadable")
	if a, b := trust.Fingerprint(), v.Trust().Fingerprint(); a == b {
		t.Error("statements would not be bound again once the bundle is back")
	}
}
