package issuer_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

// TestAttestFromNothing does what an administrator does: a key under a
// passphrase, its public half for the settings, an attestation, and the agent
// that reads it.
func TestAttestFromNothing(t *testing.T) {
	for _, alg := range algorithms() {
		made, err := issuer.GenerateKey("ada-2026", alg)
		ok(t, err)
		listed, err := made.Attester("Ada Lovelace")
		ok(t, err)
		key, err := license.ParseKey(listed.Key.Text(), license.UseAttestation)
		ok(t, err)
		trust, err := license.NewTrust(licensetest.Tenant, nil, license.Attester{Name: "Ada Lovelace", Key: key})
		ok(t, err)
		p := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
		issued, err := issuer.Attest(licensetest.Ada().Request(p), made)
		ok(t, err)
		b, err := trust.Bind(p, issued[0].Token)
		ok(t, err)
		if b.Terms.Grade != license.Attested || b.Terms.Attester != "Ada Lovelace" || b.Terms.ID != issued[0].Statement.Terms.ID {
			t.Errorf("bound %+v", b.Terms)
		}
	}
}

// TestAttestManyPackages: one attestation per visual, about the bytes of all its
// packages; the same content packed in two ways is two entries.
func TestAttestManyPackages(t *testing.T) {
	ada := licensetest.Ada()
	p := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
	stored := licensetest.Package(pbiviztest.Package{Version: "1.4.0.0", Stored: true})
	ribbon := licensetest.Package(pbiviztest.Package{Version: "2.0.0.0", GUID: otherGUID})
	issued, err := issuer.Attest(ada.Request(ribbon, stored, p, p), ada.Key)
	ok(t, err)
	if len(issued) != 2 || len(issued[0].Statement.Packages) != 2 || len(issued[1].Statement.Packages) != 1 {
		t.Fatalf("attested %+v", issued)
	}
	for _, i := range issued {
		for _, p := range i.Packages {
			_, err := ada.Trust().Bind(p, i.Token)
			ok(t, err)
		}
	}
	again, err := issuer.Attest(ada.Request(p, ribbon, stored), ada.Key)
	ok(t, err)
	if !slices.Equal(again[0].Token, issued[0].Token) {
		t.Error("the same request gives other bytes")
	}
}

func TestAttestKinds(t *testing.T) {
	ada, p := licensetest.Ada(), licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
	for name, change := range map[string]func(*issuer.Request){
		"users, how many unknown":    func(r *issuer.Request) { r.Kind = license.User },
		"users":                      func(r *issuer.Request) { r.Quantity = 250 },
		"capacity, its size unknown": func(r *issuer.Request) { r.Kind = license.Capacity },
		"capacity":                   func(r *issuer.Request) { r.Kind, r.SKUs = license.Capacity, []string{"F64"} },
		"site, its name unknown":     func(r *issuer.Request) { r.Kind = license.Site },
		"site":                       func(r *issuer.Request) { r.Kind, r.Sites = license.Site, []string{"reports.contoso.example"} },
	} {
		r := ada.Request(p)
		change(&r)
		issued, err := issuer.Attest(r, ada.Key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		terms := issued[0].Statement.Terms
		if terms.Kind != r.Kind || terms.Quantity != r.Quantity || !slices.Equal(terms.SKUs, r.SKUs) || !slices.Equal(terms.Sites, r.Sites) {
			t.Errorf("%s: %+v", name, terms)
		}
	}
}

// TestAttestRefuses: nothing is attested that the agent would refuse.
func TestAttestRefuses(t *testing.T) {
	ada, p := licensetest.Ada(), licensetest.Package(pbiviztest.Package{Version: "1.4.0.0"})
	for name, c := range map[string]struct {
		change func(*issuer.Request)
		says   string
	}{
		"no package":        {func(r *issuer.Request) { r.Packages = nil }, "no package"},
		"no attester":       {func(r *issuer.Request) { r.Attester = "" }, "sub"},
		"no evidence":       {func(r *issuer.Request) { r.Evidence = license.Evidence{} }, "evidence"},
		"evidence twice":    {func(r *issuer.Request) { r.Evidence.Name = "a.pdf" }, "evidence"},
		"long evidence":     {func(r *issuer.Request) { r.Evidence.Text = strings.Repeat("x", 513) }, "512"},
		"no reason":         {func(r *issuer.Request) { r.Reason = "" }, "reason"},
		"no kind":           {func(r *issuer.Request) { r.Kind = "" }, "kind"},
		"no subscription":   {func(r *issuer.Request) { r.Subscription = "" }, "lid"},
		"no tenant":         {func(r *issuer.Request) { r.Tenants = nil }, "0 tenants"},
		"two tenants":       {func(r *issuer.Request) { r.Tenants = append(r.Tenants, licensetest.OtherTenant) }, "2 tenants"},
		"a tenant's name":   {func(r *issuer.Request) { r.Tenants = []string{"contoso"} }, "tid"},
		"an end at noon":    {func(r *issuer.Request) { r.Ends = r.Ends.Add(12 * time.Hour) }, "next_payment"},
		"a vendor's issuer": {func(r *issuer.Request) { r.Issuer = "https://licenses.aurora.example" }, "vendor's"},
		"a trial":           {func(r *issuer.Request) { r.Trial = true }, "vendor's"},
		"an odd version": {func(r *issuer.Request) {
			r.Packages = []*pbiviz.Package{licensetest.Package(pbiviztest.Package{Version: "1.4.0.0-beta"})}
		}, "version"},
	} {
		t.Run(name, func(t *testing.T) {
			r := ada.Request(p)
			c.change(&r)
			_, err := issuer.Attest(r, ada.Key)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want something about %s", err, c.says)
			}
		})
	}
	v := licensetest.Aurora()
	r := v.Request(p)
	r.Reason = "because"
	if _, err := issuer.Issue(r, v.Key); err == nil {
		t.Error("a vendor's statement with a reason")
	}
}

func TestRevokeRefuses(t *testing.T) {
	v := licensetest.Aurora()
	good := issuer.Revocation{Issuer: v.Issuer, Sequence: 1, Issued: licensetest.Time("2026-11-01"), Next: licensetest.Time("2027-01-01")}
	_, err := issuer.Revoke(good, v.StatusKey())
	ok(t, err)
	for name, change := range map[string]func(*issuer.Revocation){
		"no issuer":          func(r *issuer.Revocation) { r.Issuer = "" },
		"no number":          func(r *issuer.Revocation) { r.Sequence = 0 },
		"due before made":    func(r *issuer.Revocation) { r.Next = r.Issued },
		"an empty name":      func(r *issuer.Revocation) { r.Statements = []string{""} },
		"too many":           func(r *issuer.Revocation) { r.Subscriptions = slices.Repeat([]string{"a"}, 5000) },
		"before time counts": func(r *issuer.Revocation) { r.Issued = time.Time{} },
	} {
		r := good
		change(&r)
		if _, err := issuer.Revoke(r, v.StatusKey()); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	if _, err := issuer.Revoke(good, issuer.Key{ID: "empty"}); err == nil {
		t.Error("issued without a key")
	}
}
