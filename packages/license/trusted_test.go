package license_test

import (
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// Only the type in its header tells a status list from a license statement.
func TestWhatIsAStatusList(t *testing.T) {
	v := licensetest.Aurora()
	claims := v.Claims(gaugePackage(t)).String()
	header := v.Header()
	for name, c := range map[string]struct {
		file []byte
		want bool
	}{
		"a status list":           {v.Status(), true},
		"a license statement":     {v.Statement(gaugePackage(t)), false},
		"a statement of its type": {v.Forge(header.Set("typ", quote(license.StatusType)).String(), claims), true},
		"of no type":              {v.Forge(header.Drop("typ").String(), claims), false},
		"a header that is a list": {v.Forge(`["typ"]`, claims), false},
		"no dot":                  {[]byte("eyJhbGciOiJFZERTQSJ9"), false},
		"not base64":              {[]byte("%%.a.b"), false},
		"nothing":                 {nil, false},
	} {
		if got := license.IsStatus(c.file); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a list that is none claims is nothing.
func TestPeekingAtWhatIsNoStatusList(t *testing.T) {
	v := licensetest.Aurora()
	if s, err := license.PeekStatus(v.Status()); err != nil || s.Issuer() != v.Issuer {
		t.Errorf("a list is of %q: %v", s.Issuer(), err)
	}
	_, err := license.PeekStatus([]byte("no list"))
	wantCodes(t, err, "lic.form")
}

// A list counts under the very key that it was verified with, and as of the vendor
// whose key that is: another key of the same name does not do.
func TestAStatusListUnderAnotherKeyOfItsName(t *testing.T) {
	v, other := licensetest.Aurora(), licensetest.Borealis()
	s, err := trustWithStatusKey(t, v).ReadStatus(v.Status())
	wantCodes(t, err)
	renamed := func(change func(*issuer.Draft)) license.Trust {
		settings := other.Settings()
		settings.Bundle = other.Bundle(other.WithStatusKey, change)
		trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{settings})
		if err != nil {
			t.Fatal(err)
		}
		return trust
	}
	// Borealis calls its own key as Aurora's is called.
	_, err = renamed(func(d *issuer.Draft) { d.Issuers[0].Keys[1].ID = v.StatusKey().ID }).WithStatus(s)
	wantCodes(t, err, "lic.kid")
	// Borealis took Aurora's very key into its bundle.
	_, err = renamed(func(d *issuer.Draft) {
		record, err := v.StatusKey().Record(licensetest.Time("2026-01-01"))
		if err != nil {
			t.Fatal(err)
		}
		d.Issuers[0].Keys[1] = record.For(license.UseStatus)
	}).WithStatus(s)
	wantCodes(t, err, "lic.kid")
}

// What was read inside a package counts where nothing is signed about it; a statement
// that the package carries goes before, and where nothing was found nothing counts.
func TestWhatIsReadInsideAPackage(t *testing.T) {
	v := licensetest.Aurora()
	bare := licensetest.Package(pbiviztest.Package{})
	read := license.Terms{ID: "read", Ends: licensetest.Time("2027-06-01")}
	found := func(*pbiviz.Package) (license.Terms, bool) { return read, true }
	nothing := func(*pbiviz.Package) (license.Terms, bool) { return read, false }
	need := licensetest.Need()
	need.Least = license.Readable
	for _, c := range []struct {
		name   string
		p      *pbiviz.Package
		inside func(*pbiviz.Package) (license.Terms, bool)
		lasts  bool // beyond what was read
		passes bool
	}{
		{"found, and nothing signed", bare, found, false, true},
		{"nothing found, and nothing signed", bare, nothing, false, false},
		{"found, and signed", v.Embedded(bare), found, true, true},
		{"nothing found, and signed", v.Embedded(bare), nothing, true, true},
	} {
		licensed, judgment := v.Trust().JudgeReadable(c.p, c.inside, need, licensetest.Facts(), licensetest.At("2026-12-01"))
		if licensed.IsZero() == c.passes {
			t.Errorf("%s: %+v", c.name, judgment)
		}
		late, _ := v.Trust().JudgeReadable(c.p, c.inside, need, licensetest.Facts(), licensetest.At("2027-07-01"))
		if late.IsZero() == c.lasts {
			t.Errorf("%s, a month after the end that was read: %v", c.name, !late.IsZero())
		}
	}
}
