package attester_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/attester"
	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

const secret = "correct horse battery staple"

func ports() attester.Ports {
	return attester.Ports{
		Disk: disk.OS(), Now: func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) },
		Seal: licensetest.Seal, Tenant: func() (string, error) { return licensetest.Tenant, nil },
		Announce: func(string) {}, Messages: &bytes.Buffer{},
	}
}

// place is a folder with a package and the key of Ada Lovelace.
type place struct{ dir, pkg, key string }

func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	p := place{dir, filepath.Join(dir, "gauge.pbiviz"), filepath.Join(dir, "ada.key")}
	if err := os.WriteFile(p.pkg, example.Gauge(example.Gauge1400), 0o600); err != nil {
		t.Fatal(err)
	}
	draft, err := ports().DraftKey(attester.KeyRequest{Name: "Ada Lovelace", File: p.key})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Write(secret); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) request(change ...func(*attester.Request)) attester.Request {
	r := attester.Request{
		Packages: []string{p.pkg}, Key: p.key, Order: "PO-4711", Sequence: 1, Kind: "user", Quantity: 250,
		Ends: "2027-11-20", Evidence: "invoice 2026-4711", Reason: "its own license cannot be read",
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

// unsigned fails a test if an attestation was written.
func (p place) unsigned(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(p.pkg + license.StatementSuffix); err == nil {
		t.Error("an attestation was written")
	}
}

func wantFault(t *testing.T, err error, code, says string) {
	t.Helper()
	if err == nil || fault.Of(err).Code != code || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %s: %s", err, code, says)
	}
}

func TestAKeyIsKeptUnderItsPassphrase(t *testing.T) {
	p := newPlace(t)
	text, err := os.ReadFile(p.key)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("PRIVATE KEY")) || !bytes.Contains(text, []byte("AGE ENCRYPTED FILE")) {
		t.Errorf("the key file is not encrypted:\n%s", text)
	}
	if !bytes.HasPrefix(text, []byte("# attester: Ada Lovelace\n# public key: ada-lovelace-")) {
		t.Errorf("the key file does not say whose it is:\n%s", text)
	}
	_, err = ports().DraftKey(attester.KeyRequest{Name: "Ada Lovelace", File: p.key})
	wantFault(t, err, "file.exists", "exists already")
}

func TestAShortPassphraseWritesNoKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ada.key")
	draft, err := ports().DraftKey(attester.KeyRequest{Name: "Ada Lovelace", File: file})
	if err != nil {
		t.Fatal(err)
	}
	_, err = draft.Write("short")
	wantFault(t, err, "passphrase.short", "")
	if _, err := os.Stat(file); err == nil {
		t.Error("the key was written")
	}
}

func TestTwoKeysOfAPersonHaveTwoNames(t *testing.T) {
	dir := t.TempDir()
	seen := map[string]bool{}
	for _, name := range []string{"a.key", "b.key"} {
		draft, err := ports().DraftKey(attester.KeyRequest{Name: "Ada Lovelace", File: filepath.Join(dir, name)})
		if err != nil {
			t.Fatal(err)
		}
		key, err := draft.Write(secret)
		if err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(key.Key, ":")
		if seen[id] {
			t.Errorf("two keys are called %s", id)
		}
		seen[id] = true
	}
}

func TestAnAttestationIsSignedByItsPerson(t *testing.T) {
	p := newPlace(t)
	draft, err := ports().Draft(p.request())
	if err != nil {
		t.Fatal(err)
	}
	p.unsigned(t)
	if draft.Attester() != "Ada Lovelace" || !draft.NeedsPassphrase() {
		t.Errorf("signs %q, needs a passphrase: %v", draft.Attester(), draft.NeedsPassphrase())
	}
	signed, err := draft.Sign(context.Background(), secret)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(signed[0].File)
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(p.key)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Split(string(key), "\n")[1]
	public, err := license.ParseKey(strings.TrimPrefix(line, "# public key: "), license.UseAttestation)
	if err != nil {
		t.Fatal(err)
	}
	s, err := license.ReadAttestation(text, licensetest.Tenant, license.Attester{Name: "Ada Lovelace", Key: public})
	if err != nil {
		t.Fatal(err)
	}
	if s.Terms.Quantity != 250 || s.Terms.Reason != "its own license cannot be read" || s.Terms.Subscription != signed[0].Subscription {
		t.Errorf("attested %+v", s.Terms)
	}
	if d := draft.Attestations[0]; d.File != signed[0].File || d.KeyID != signed[0].KeyID || d.Ends != signed[0].Ends {
		t.Errorf("the draft said %+v, signed is %+v", d, signed[0])
	}
}

func TestAWrongPassphraseSignsNothing(t *testing.T) {
	p := newPlace(t)
	draft, err := ports().Draft(p.request())
	if err != nil {
		t.Fatal(err)
	}
	_, err = draft.Sign(context.Background(), "another passphrase")
	wantFault(t, err, "passphrase.wrong", "nothing was written")
	if strings.Contains(err.Error(), "another passphrase") {
		t.Errorf("the passphrase is in %v", err)
	}
	p.unsigned(t)
}

func TestAKeyFileThatNamesAnotherKeySignsNothing(t *testing.T) {
	p := newPlace(t)
	text, err := os.ReadFile(p.key)
	if err != nil {
		t.Fatal(err)
	}
	head := "# attester: Ada Lovelace\n# public key: " + licensetest.Ada().Attester().Key.Text() + "\n"
	_, sealed, _ := bytes.Cut(text, []byte("-----BEGIN"))
	if err := os.WriteFile(p.key, []byte(head+"-----BEGIN"+string(sealed)), 0o600); err != nil {
		t.Fatal(err)
	}
	draft, err := ports().Draft(p.request())
	if err != nil {
		t.Fatal(err)
	}
	_, err = draft.Sign(context.Background(), secret)
	wantFault(t, err, "key.form", "name another key than the one inside")
	p.unsigned(t)
}

func TestAVendorsStatementStays(t *testing.T) {
	p := newPlace(t)
	vendors := licensetest.Aurora()
	packaged := gauge(t)
	text := vendors.Statement(packaged)
	if err := os.WriteFile(p.pkg+license.StatementSuffix, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ports().Draft(p.request(func(r *attester.Request) { r.Force = true }))
	wantFault(t, err, "attest.signed", "is a license statement of a vendor, and stays")

	if err := os.WriteFile(p.pkg, vendors.Embedded(packaged).File(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = ports().Draft(p.request(func(r *attester.Request) { r.Folder = filepath.Join(p.dir, "out") }))
	wantFault(t, err, "attest.signed", "has its vendor's license statement inside")
}

// TestAnAttestationThatFollows: order, number, kind and count are those of the license
// before, and the term adjoins. What a request says itself stays.
func TestAnAttestationThatFollows(t *testing.T) {
	p := newPlace(t)
	draft, err := ports().Draft(p.request(func(r *attester.Request) { r.Sequence = 7 }))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := draft.Sign(context.Background(), secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                      string
		change                    func(*attester.Request)
		order, kind, begins, ends string
		sequence                  int64
	}{
		{"all of it", func(*attester.Request) {}, "PO-4711", "user", "2027-11-20T00:00:00Z", "2028-11-20T00:00:00Z", 8},
		{"an end of its own", func(r *attester.Request) { r.Ends = "2029-01-31" }, "PO-4711", "user", "2027-11-20T00:00:00Z", "2029-01-31T00:00:00Z", 8},
		{"a begin of its own", func(r *attester.Request) { r.Begins = "2027-10-01" }, "PO-4711", "user", "2027-10-01T00:00:00Z", "2028-11-20T00:00:00Z", 8},
		{"another order", func(r *attester.Request) { r.Order = "PO-4712" }, "PO-4712", "user", "2027-11-20T00:00:00Z", "2028-11-20T00:00:00Z", 1},
		{"a number of its own", func(r *attester.Request) { r.Sequence = 9 }, "PO-4711", "user", "2027-11-20T00:00:00Z", "2028-11-20T00:00:00Z", 9},
		{"more users", func(r *attester.Request) { r.Quantity = 300 }, "PO-4711", "user", "2027-11-20T00:00:00Z", "2028-11-20T00:00:00Z", 8},
		{"another kind", func(r *attester.Request) { r.Kind, r.SKUs = "capacity", []string{"F64"} }, "PO-4711", "capacity", "2027-11-20T00:00:00Z", "2028-11-20T00:00:00Z", 8},
	} {
		r := attester.Request{
			Packages: []string{p.pkg}, Key: p.key, After: signed[0].File, Sequence: 1, Evidence: "invoice", Reason: "renewed", Folder: p.dir, Force: true,
		}
		c.change(&r)
		draft, err := ports().Draft(r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		a := draft.Attestations[0]
		order, _ := license.OrderOf(a.Subscription, gauge(t).Manifest().GUID)
		if order != c.order || a.Sequence != c.sequence || a.Kind != c.kind || a.Begins != c.begins || a.Ends != c.ends {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
	_, err = ports().Draft(p.request(func(r *attester.Request) { r.After = p.key }))
	wantFault(t, err, fault.CodeUsage, "--after: cannot read")
	_, err = ports().Draft(p.request(func(r *attester.Request) { r.After = p.pkg + ".no" }))
	wantFault(t, err, "file.missing", "no such file")
}

func TestRequestsThatSayTooLittleOrTooMuch(t *testing.T) {
	p := newPlace(t)
	for says, change := range map[string]func(*attester.Request){
		"either your --key or a --signer":    func(r *attester.Request) { r.Key = "" },
		"needs the end of the license":       func(r *attester.Request) { r.Ends = "" },
		"either --evidence":                  func(r *attester.Request) { r.Evidence = "" },
		"needs a --reason":                   func(r *attester.Request) { r.Reason = " " },
		"--seq: 0 is below 1":                func(r *attester.Request) { r.Sequence = 0 },
		"--quantity: -1 is below 0":          func(r *attester.Request) { r.Quantity = -1 },
		`there is no kind ""`:                func(r *attester.Request) { r.Kind = "" },
		"does not count by":                  func(r *attester.Request) { r.SKUs = []string{"F64"} },
		"ended on 2026-11-23 already":        func(r *attester.Request) { r.Ends = "2026-11-23" },
		"is not a tenant's id":               func(r *attester.Request) { r.Tenant = "CONTOSO" },
		"--public and --name":                func(r *attester.Request) { r.Signer.Person = "Ada Lovelace" },
		"--signer needs --public and --name": func(r *attester.Request) { r.Key, r.Signer.Command = "", "sign" },
		"has an open quote": func(r *attester.Request) {
			r.Key, r.Signer = "", attester.Signer{Command: `sign "x`, Public: "a", Person: "Ada"}
		},
	} {
		_, err := ports().Draft(p.request(change))
		wantFault(t, err, fault.CodeUsage, says)
	}
	p.unsigned(t)
}

func TestTheTenantIsThatOfTheSettings(t *testing.T) {
	p := newPlace(t)
	none := ports()
	none.Tenant = func() (string, error) { return "", fault.Usage("give --tenant", "there are no settings") }
	_, err := none.Draft(p.request())
	wantFault(t, err, fault.CodeUsage, "there are no settings")
	if _, err := none.Draft(p.request(func(r *attester.Request) { r.Tenant = licensetest.Tenant })); err != nil {
		t.Error(err)
	}
}

// gauge is the package of place, read.
func gauge(t *testing.T) *pbiviz.Package {
	t.Helper()
	p, err := pbiviz.Read(example.Gauge(example.Gauge1400), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}
