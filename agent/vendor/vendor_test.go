package vendor_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/agent/fault"
	"github.com/orgstore/orgstore/agent/files"
	"github.com/orgstore/orgstore/agent/vendor"
	"github.com/orgstore/orgstore/packages/disk"
	"github.com/orgstore/orgstore/packages/disk/disktest"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// A desk is a vendor's machine, at a day that a test moves.
type desk struct {
	vendor.Ports
	now time.Time
}

// newDesk returns a machine with the keys of a vendor in /keys and a package in /in.
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	d.Ports = vendor.Ports{Disk: disktest.NewLossy(), Now: func() time.Time { return d.now }}
	if _, err := d.GenerateKeys(keysRequest()); err != nil {
		t.Fatal(err)
	}
	if err := files.Write(d.Disk, files.File{Name: "/in/gauge.pbiviz", Perm: 0o600, Text: example.Gauge(example.Gauge1400)}); err != nil {
		t.Fatal(err)
	}
	return d
}

func keysRequest(change ...func(*vendor.KeysRequest)) vendor.KeysRequest {
	r := vendor.KeysRequest{
		Name: "aurora", Issuer: "https://licenses.auroravisuals.example", Visuals: []string{example.GaugeGUID},
		Algorithm: string(license.Ed25519), Years: 3, Folder: "/keys",
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func issueRequest(change ...func(*vendor.IssueRequest)) vendor.IssueRequest {
	r := vendor.IssueRequest{
		Packages: []string{"/in/gauge.pbiviz"}, Key: "/keys/aurora.key", Bundle: "/keys/aurora.trust",
		Tenants: []string{licensetest.Tenant}, Licensee: "customer:4711", Subscription: "sub-88213", Sequence: 1,
		Kind: "user", Quantity: 250, Ends: "2027-11-20",
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func revokeRequest(change ...func(*vendor.RevokeRequest)) vendor.RevokeRequest {
	r := vendor.RevokeRequest{Key: "/keys/aurora-status.key", Bundle: "/keys/aurora.trust", Next: "2027-02-20", Folder: "/lists"}
	for _, c := range change {
		c(&r)
	}
	return r
}

func rotateRequest(change ...func(*vendor.RotateRequest)) vendor.RotateRequest {
	r := vendor.RotateRequest{Bundle: "/keys/aurora.trust", Roots: []string{"/keys/aurora-root.key"}, Algorithm: string(license.Ed25519), Years: 3}
	for _, c := range change {
		c(&r)
	}
	return r
}

// read reads a file that must be there.
func read(t *testing.T, d disk.Disk, name string) []byte {
	t.Helper()
	text, err := files.Read(d, name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func bundle(t *testing.T, d disk.Disk, name string) license.Bundle {
	t.Helper()
	b, err := license.ParseBundle(read(t, d, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func exists(d disk.Disk, name string) bool {
	_, err := d.Stat(name)
	return err == nil
}

func wantFault(t *testing.T, err error, code, says string) {
	t.Helper()
	if err == nil || fault.Of(err).Code != code || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want %s: %s", err, code, says)
	}
}

func TestPrivateKeysAreForTheirOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	p := vendor.Ports{Disk: disk.OS(), Now: time.Now}
	keys, err := p.GenerateKeys(keysRequest(func(r *vendor.KeysRequest) { r.Folder = dir }))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{keys.Key, keys.StatusKey, keys.RootKey} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			t.Errorf("%s: %v", name, info.Mode())
		}
	}
	text := read(t, p.Disk, keys.Bundle)
	if bytes.Contains(text, []byte("PRIVATE")) {
		t.Error("the trust bundle holds a private key")
	}
	if got := bundle(t, p.Disk, keys.Bundle).Fingerprint(); got != keys.Fingerprint {
		t.Errorf("the fingerprint is %s, told was %s", got, keys.Fingerprint)
	}
}

func TestKeysAreNeverWrittenOver(t *testing.T) {
	d := newDesk(t)
	keys, err := d.GenerateKeys(keysRequest())
	wantFault(t, err, "file.exists", "nothing was written")
	if keys != (vendor.Keys{}) {
		t.Errorf("tells %+v", keys)
	}
	if err := d.Disk.Remove("/keys/aurora.key"); err != nil {
		t.Fatal(err)
	}
	_, err = d.GenerateKeys(keysRequest()) // the other three are there
	wantFault(t, err, "file.exists", "aurora-status.key exists already")
	if exists(d.Disk, "/keys/aurora.key") {
		t.Error("one of the four was written")
	}
}

func TestADryRunTellsNoFingerprint(t *testing.T) {
	d := newDesk(t)
	keys, err := d.GenerateKeys(keysRequest(func(r *vendor.KeysRequest) { r.Folder, r.DryRun = "/new", true }))
	if err != nil || keys.Fingerprint != "" || keys.Key != filepath.Join("/new", "aurora.key") {
		t.Errorf("%+v, %v", keys, err)
	}
	if exists(d.Disk, "/new") {
		t.Error("a folder was made")
	}
}

func TestKeysRequestsThatAreWrong(t *testing.T) {
	d := newDesk(t)
	for says, change := range map[string]func(*vendor.KeysRequest){
		"letters, digits and -": func(r *vendor.KeysRequest) { r.Name = "../a" },
		"names its issuer":      func(r *vendor.KeysRequest) { r.Issuer = "" },
		"--years: 0":            func(r *vendor.KeysRequest) { r.Years = 0 },
		"no guid":               func(r *vendor.KeysRequest) { r.Visuals = []string{"no guid"} },
		"RS256":                 func(r *vendor.KeysRequest) { r.Algorithm = "RS256" },
	} {
		_, err := d.GenerateKeys(keysRequest(func(r *vendor.KeysRequest) { r.Name = "other" }, change))
		wantFault(t, err, fault.CodeUsage, says)
	}
}

func TestAStatementIsWhatItsCustomerReads(t *testing.T) {
	d := newDesk(t)
	issued, err := d.IssueStatements(issueRequest())
	if err != nil {
		t.Fatal(err)
	}
	speaker := bundle(t, d.Disk, "/keys/aurora.trust").Issuers()[0]
	s, err := license.ReadStatement(read(t, d.Disk, issued[0].File), speaker.Name, speaker.Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if s.Terms.Subscription != "sub-88213" || s.Terms.Quantity != 250 || s.Terms.ID != issued[0].ID {
		t.Errorf("stated %+v", s.Terms)
	}
	_, err = d.IssueStatements(issueRequest())
	wantFault(t, err, "file.exists", "nothing was written")
}

func TestAnEmbeddedStatementIsInACopy(t *testing.T) {
	d := newDesk(t)
	issued, err := d.IssueStatements(issueRequest(func(r *vendor.IssueRequest) { r.Embed, r.Folder = true, "/out" }))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pbiviz.Read(read(t, d.Disk, issued[0].File), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if _, inside := p.Statement(); !inside {
		t.Error("no statement is inside")
	}
	if !bytes.Equal(read(t, d.Disk, "/in/gauge.pbiviz"), example.Gauge(example.Gauge1400)) {
		t.Error("the package was changed")
	}
}

// Whoever signs with a key that customers do not believe is told before.
func TestKeysThatNoCustomerWouldBelieve(t *testing.T) {
	d := newDesk(t)
	if _, err := d.GenerateKeys(keysRequest(func(r *vendor.KeysRequest) { r.Name = "other" })); err != nil {
		t.Fatal(err)
	}
	for code, change := range map[string]func(*vendor.IssueRequest){
		"trust.key_use":   func(r *vendor.IssueRequest) { r.Key = "/keys/aurora-status.key" },
		"key.form":        func(r *vendor.IssueRequest) { r.Key = "/keys/aurora-root.key" },
		"key.unlisted":    func(r *vendor.IssueRequest) { r.Key = "/keys/other.key" },
		files.CodeMissing: func(r *vendor.IssueRequest) { r.Key = "/keys/none.key" },
	} {
		_, err := d.IssueStatements(issueRequest(change))
		wantFault(t, err, code, "")
	}
	retire := func(r *vendor.RotateRequest) { r.Retire, r.New = []string{"aurora-2026"}, []string{"license"} }
	if _, err := d.Rotate(rotateRequest(retire)); err != nil {
		t.Fatal(err)
	}
	next := func(r *vendor.IssueRequest) { r.Bundle = "/keys/aurora-2.trust" }
	_, err := d.IssueStatements(issueRequest(next))
	wantFault(t, err, "trust.key_retired", "was retired on 2026-11-23")
	if _, err := d.IssueStatements(issueRequest(next, func(r *vendor.IssueRequest) { r.Key = "/keys/aurora-2.key" })); err != nil {
		t.Errorf("by the key that took its place: %v", err)
	}
	d.now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	_, err = d.IssueStatements(issueRequest(func(r *vendor.IssueRequest) { r.Force = true }))
	wantFault(t, err, "trust.key_not_yet", "valid from 2026-11-23 on")
}

func TestAVisualOfAnotherVendor(t *testing.T) {
	d := newDesk(t)
	if err := files.Write(d.Disk, files.File{Name: "/in/timeline.pbiviz", Perm: 0o600, Text: example.Timeline(example.Timeline2000)}); err != nil {
		t.Fatal(err)
	}
	_, err := d.IssueStatements(issueRequest(func(r *vendor.IssueRequest) { r.Packages = append(r.Packages, "/in/timeline.pbiviz") }))
	wantFault(t, err, "trust.scope", "does not name the visual "+example.TimelineGUID)
	if exists(d.Disk, "/in/gauge.pbiviz.license") {
		t.Error("a statement was written")
	}
}

func TestAKindIsCountedByItsOwnMeasure(t *testing.T) {
	d := newDesk(t)
	for says, change := range map[string]func(*vendor.IssueRequest){
		"needs --quantity":         func(r *vendor.IssueRequest) { r.Quantity = 0 },
		"needs --sku":              func(r *vendor.IssueRequest) { r.Kind = "capacity" },
		"--site does not belong":   func(r *vendor.IssueRequest) { r.Sites = []string{"a.example"} },
		`no kind "perpetual"`:      func(r *vendor.IssueRequest) { r.Kind = "perpetual" },
		"is not a tenant's id":     func(r *vendor.IssueRequest) { r.Tenants = []string{"contoso"} },
		"names its subscription":   func(r *vendor.IssueRequest) { r.Subscription = "" },
		"--embed writes copies":    func(r *vendor.IssueRequest) { r.Embed = true },
		"needs --key and --bundle": func(r *vendor.IssueRequest) { r.Key = "" },
	} {
		_, err := d.IssueStatements(issueRequest(change))
		wantFault(t, err, fault.CodeUsage, says)
	}
}

func TestAListTakesOverWhatWasRevoked(t *testing.T) {
	d := newDesk(t)
	first, err := d.Revoke(revokeRequest(func(r *vendor.RevokeRequest) { r.Subscriptions = []string{"sub-2", "sub-1", "sub-2"} }))
	if err != nil || first.Sequence != 1 || !slices.Equal(first.Subscriptions, []string{"sub-1", "sub-2"}) {
		t.Fatalf("%+v, %v", first, err)
	}
	previous := func(r *vendor.RevokeRequest) { r.Previous, r.Statements = first.File, []string{"statement-1"} }
	second, err := d.Revoke(revokeRequest(previous))
	if err != nil || second.Sequence != 2 || !slices.Equal(second.Subscriptions, first.Subscriptions) || !slices.Equal(second.Statements, []string{"statement-1"}) {
		t.Errorf("%+v, %v", second, err)
	}
	_, err = d.Revoke(revokeRequest(previous, func(r *vendor.RevokeRequest) { r.Sequence = 1 }))
	wantFault(t, err, fault.CodeUsage, "is not above the last list's 1")
	_, err = d.Revoke(revokeRequest(previous))
	wantFault(t, err, "file.exists", "nothing was written")
	_, err = d.Revoke(revokeRequest(func(r *vendor.RevokeRequest) { r.Next = "2026-11-23" }))
	wantFault(t, err, fault.CodeUsage, "is over")
}

func TestAListOfAnotherVendorIsNotTakenOver(t *testing.T) {
	d := newDesk(t)
	if _, err := d.GenerateKeys(keysRequest(func(r *vendor.KeysRequest) { r.Name = "other" })); err != nil {
		t.Fatal(err)
	}
	list, err := d.Revoke(revokeRequest(func(r *vendor.RevokeRequest) { r.Key, r.Bundle = "/keys/other-status.key", "/keys/other.trust" }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Revoke(revokeRequest(func(r *vendor.RevokeRequest) { r.Previous = list.File }))
	wantFault(t, err, "key.unlisted", "which /keys/aurora.trust does not list")

	text := bytes.ReplaceAll(read(t, d.Disk, list.File), []byte("."), []byte(".A"))
	if err := files.Write(d.Disk, files.File{Name: "/lists/changed.license", Perm: 0o600, Text: text}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Revoke(revokeRequest(func(r *vendor.RevokeRequest) { r.Previous = "/lists/changed.license" })); err == nil {
		t.Error("a changed list was taken over")
	}
}

func TestCustomersTakeTheNextBundle(t *testing.T) {
	d := newDesk(t)
	r, err := d.Rotate(rotateRequest(func(r *vendor.RotateRequest) {
		r.New, r.Retire, r.Visuals = []string{"license", "status", "root"}, []string{"aurora-2026=2026-12-31"}, []string{example.TimelineGUID}
	}))
	if err != nil {
		t.Fatal(err)
	}
	next, err := r.Before.Update(read(t, d.Disk, r.Bundle))
	if err != nil {
		t.Fatal(err)
	}
	_, old, _ := next.Key("aurora-2026")
	if old.Status != license.Retired || len(next.Issuers()[0].Keys) != 4 || len(next.Issuers()[0].GUIDs) != 2 {
		t.Errorf("the next bundle says %+v", next.Issuers())
	}
	want := []string{"/keys/aurora-2.key", "/keys/aurora-status-2.key", "/keys/aurora-root-2.key"}
	for i := range want {
		want[i] = filepath.FromSlash(want[i])
	}
	if !slices.Equal(r.Keys, want) || len(r.UsesWithoutKey()) != 0 {
		t.Errorf("new keys: %q; without: %q", r.Keys, r.UsesWithoutKey())
	}
	// The new root key alone signs from now on.
	again := func(r *vendor.RotateRequest) { r.Bundle = "/keys/aurora-2.trust" }
	_, err = d.Rotate(rotateRequest(again))
	if err == nil {
		t.Error("the old root key still signs")
	}
	if _, err := d.Rotate(rotateRequest(again, func(r *vendor.RotateRequest) { r.Roots = []string{"/keys/aurora-root-2.key"} })); err != nil {
		t.Error(err)
	}
	if !exists(d.Disk, "/keys/aurora-3.trust") {
		t.Error("there is no third bundle")
	}
}

func TestABundleWithoutAKeySaysSo(t *testing.T) {
	d := newDesk(t)
	r, err := d.Rotate(rotateRequest(func(r *vendor.RotateRequest) {
		r.Retire, r.Compromised = []string{"aurora-2026"}, []string{"aurora-2026-status=2026-11-01"}
	}))
	if err != nil || !slices.Equal(r.UsesWithoutKey(), []license.Use{license.UseLicense, license.UseStatus}) {
		t.Errorf("%v, %v", r.UsesWithoutKey(), err)
	}
}

func TestRotationsThatAreWrong(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		code, says string
		change     func(*vendor.RotateRequest)
	}{
		{fault.CodeUsage, "needs --bundle and --root", func(r *vendor.RotateRequest) { r.Roots = nil }},
		{fault.CodeUsage, "no keys for", func(r *vendor.RotateRequest) { r.New = []string{"attest"} }},
		{fault.CodeUsage, "named twice", func(r *vendor.RotateRequest) { r.New = []string{"status", "status"} }},
		{fault.CodeUsage, "has no key", func(r *vendor.RotateRequest) { r.Retire = []string{"aurora-2025"} }},
		{fault.CodeUsage, "is retired already", func(r *vendor.RotateRequest) { r.Retire = []string{"aurora-2026", "aurora-2026"} }},
		{fault.CodeUsage, "is without a day", func(r *vendor.RotateRequest) { r.Compromised = []string{"aurora-2026"} }},
		{fault.CodeUsage, "is still to come", func(r *vendor.RotateRequest) { r.Compromised = []string{"aurora-2026=2027-01-01"} }},
		{fault.CodeUsage, "has the issuers", func(r *vendor.RotateRequest) { r.Issuer = "https://other.example" }},
		{"key.form", "--root", func(r *vendor.RotateRequest) { r.Roots = []string{"/keys/aurora.key"} }},
	} {
		_, err := d.Rotate(rotateRequest(c.change))
		wantFault(t, err, c.code, c.says)
	}
	if exists(d.Disk, "/keys/aurora-2.trust") {
		t.Error("a bundle was written")
	}
}

// A rotation that is interrupted leaves no bundle whose keys are missing, and the
// next one writes over no key.
func TestAnInterruptedRotation(t *testing.T) {
	stop := errors.New("stopped")
	for n := 1; ; n++ {
		d := newDesk(t)
		whole := d.Disk.(*disktest.Lossy)
		before := read(t, whole, "/keys/aurora.trust")
		count := 0
		d.Disk = disktest.Watch(whole, disktest.Hook{Before: func(disktest.Op) error {
			if count++; count >= n {
				return stop
			}
			return nil
		}})
		request := rotateRequest(func(r *vendor.RotateRequest) { r.New = []string{"license", "status", "root"} })
		r, err := d.Rotate(request)
		for seed := range uint64(8) {
			left := whole.PowerLoss(seed)
			if !bytes.Equal(read(t, left, "/keys/aurora.trust"), before) {
				t.Fatalf("stopped before change %d, the old bundle is another", n)
			}
			if !exists(left, r.Bundle) {
				continue
			}
			for _, k := range r.Keys {
				if !exists(left, k) {
					t.Fatalf("stopped before change %d, the bundle is there without %s", n, k)
				}
			}
		}
		if err == nil {
			if n < 10 {
				t.Fatalf("only %d changes were made", n)
			}
			return
		}
		d.Disk = whole
		if len(r.Keys) > 0 && exists(whole, r.Keys[0]) {
			key := read(t, whole, r.Keys[0])
			_, err := d.Rotate(request)
			wantFault(t, err, "file.exists", "nothing was written")
			if !bytes.Equal(read(t, whole, r.Keys[0]), key) {
				t.Fatal("the key was written over")
			}
		}
	}
}
