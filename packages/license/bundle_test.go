package license_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// signNote signs any text with test root keys.
func signNote(t testing.TB, text string, roots ...string) []byte {
	t.Helper()
	var signers []note.Signer
	for _, r := range roots {
		private, _ := licensetest.Root(r)
		s, err := note.NewSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		signers = append(signers, s)
	}
	file, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// bundleText is a good bundle's text, of a version, with root keys and how many
// of them must sign.
func bundleText(version, threshold string, roots ...string) string {
	var list []string
	for _, r := range roots {
		_, public := licensetest.Root(r)
		list = append(list, quote(public))
	}
	return `{"v":1,"typ":"visual-license-trust","version":` + version + `,"expires":"2029-01-01T00:00:00Z","threshold":` + threshold + `,
"root_keys":[` + strings.Join(list, ",") + `],
"issuers":[{"iss":"https://licenses.aurora.example","keys":[` + keyText("aurora-2026", "Ed25519", publicKeyText(license.Ed25519)) + `]}]}
`
}

func keyText(kid, alg, pub string) string {
	return `{"kid":"` + kid + `","alg":"` + alg + `","pub":"` + pub + `","use":"license","status":"active","not_before":"2026-01-01T00:00:00Z"}`
}

func publicKeyText(alg license.Algorithm) string {
	r, err := licensetest.Key("aurora-2026", alg).Record(licensetest.Time("2026-01-01"))
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(r.Public)
}

// bundleTexts reads trust bundles of which one thing is wrong.
func bundleTexts(t testing.TB) []attempt {
	var all []attempt
	good := bundleText("3", "1", "a")
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the bundle has no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	key := func(alg, pub string) string {
		return change(keyText("aurora-2026", "Ed25519", publicKeyText(license.Ed25519)), keyText("aurora-2026", alg, pub))
	}
	two := func(second string) string {
		first := keyText("aurora-2026", "Ed25519", publicKeyText(license.Ed25519))
		return change(first, first+","+second)
	}
	_, rootA := licensetest.Root("a")
	point := func(h string) string {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	es := publicKeyText(license.ES256)
	offCurve, err := base64.RawURLEncoding.DecodeString(es)
	if err != nil {
		t.Fatal(err)
	}
	offCurve[64] ^= 1
	compressed := append([]byte{2}, offCurve[1:33]...)
	type list = []verdict.Code
	for _, c := range []struct {
		name  string
		text  string
		codes list
	}{
		{"good", good, nil},
		{"good ES256", key("ES256", es), nil},
		{"key for another use", change(`"use":"license"`, `"use":"status"`), nil},
		{"not JSON", "hello\n", list{"trust.form"}},
		{"duplicate member", change(`"v":1`, `"v":1,"v":1`), list{"trust.form"}},
		{"unknown member", change(`"v":1`, `"v":1,"w":1`), list{"trust.form"}},
		{"format 2", change(`"v":1`, `"v":2`), list{"lic.unsupported"}},
		{"no format", change(`"v":1,`, ``), list{"trust.form"}},
		{"other typ", change(`visual-license-trust`, `log`), list{"trust.form"}},
		{"version 0", change(`"version":3`, `"version":0`), list{"trust.form"}},
		{"expires without zone", change(`2029-01-01T00:00:00Z`, `2029-01-01`), list{"trust.form"}},
		{"expires missing", change(`"expires":"2029-01-01T00:00:00Z",`, ``), list{"trust.form"}},
		{"no issuers", change(`"issuers":[`, `"issuers":[],"x":[`), list{"trust.form", "trust.form"}},
		{"issuer twice", change(`"issuers":[`, `"issuers":[{"iss":"https://licenses.aurora.example","keys":[`+keyText("k2", "ES256", es)+`]},`), list{"trust.form"}},
		{"guids empty", change(`"keys":[{`, `"guids":[],"keys":[{`), list{"trust.form"}},
		{"guids no GUID", change(`"keys":[{`, `"guids":["*"],"keys":[{`), list{"trust.form"}},
		{"status unknown", change(`"status":"active"`, `"status":"fine"`), list{"trust.form"}},
		{"retired without a date", change(`"status":"active"`, `"status":"retired"`), list{"trust.form"}},
		{"compromised without a date", change(`"status":"active"`, `"status":"compromised"`), list{"trust.form"}},
		{"active and compromised", change(`"status":"active"`, `"status":"active","compromised_at":"2026-02-01T00:00:00Z"`), list{"trust.form"}},
		{"ends before it begins", change(`"status":"active"`, `"status":"active","not_after":"2026-01-01T00:00:00Z"`), list{"trust.form"}},
		{"kid is a path", change(`"kid":"aurora-2026"`, `"kid":"../key"`), list{"trust.form"}},

		{"G3 threshold 0", bundleText("3", "0", "a"), list{"trust.threshold"}},
		{"G3 threshold negative", bundleText("3", "-1", "a"), list{"trust.threshold"}},
		{"G3 threshold over the keys", bundleText("3", "2", "a"), list{"trust.threshold"}},
		{"G3 threshold not met", bundleText("3", "2", "a", "b"), list{"trust.threshold"}},
		{"G3 one key twice", bundleText("3", "2", "a", "a"), list{"trust.threshold"}},
		{"G3 one key under two names", change(quote(rootA), quote(rootA)+","+quote(renamedRoot(t, rootA))), list{"trust.threshold"}},
		{"G3 no root keys", change(quote(rootA), ""), list{"trust.form", "trust.threshold"}},

		{"G10 all zero", key("Ed25519", point(strings.Repeat("00", 32))), list{"trust.key_form"}},
		{"G10 neutral element", key("Ed25519", point("01"+strings.Repeat("00", 31))), list{"trust.key_form"}},
		{"G10 order 2", key("Ed25519", point("ec"+strings.Repeat("ff", 30)+"7f")), list{"trust.key_form"}},
		{"G10 order 4", key("Ed25519", point(strings.Repeat("00", 31)+"80")), list{"trust.key_form"}},
		{"G10 order 8", key("Ed25519", point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")), list{"trust.key_form"}},
		{"G10 order 8, other sign", key("Ed25519", point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")), list{"trust.key_form"}},
		{"G10 order 8, other", key("Ed25519", point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")), list{"trust.key_form"}},
		{"G10 not canonical, p", key("Ed25519", point("ed"+strings.Repeat("ff", 30)+"7f")), list{"trust.key_form"}},
		{"G10 not canonical, p+1", key("Ed25519", point("ee"+strings.Repeat("ff", 30)+"7f")), list{"trust.key_form"}},
		{"G10 not on the curve", key("Ed25519", point("02"+strings.Repeat("00", 31))), list{"trust.key_form"}},
		{"G10 33 bytes", key("Ed25519", point(strings.Repeat("11", 33))), list{"trust.key_form"}},
		{"G10 padded", key("Ed25519", publicKeyText(license.Ed25519)+"="), list{"trust.key_form"}},
		{"G10 P-256 off the curve", key("ES256", base64.RawURLEncoding.EncodeToString(offCurve)), list{"trust.key_form"}},
		{"G10 P-256 compressed", key("ES256", base64.RawURLEncoding.EncodeToString(compressed)), list{"trust.key_form"}},
		{"G10 P-256 infinity", key("ES256", point("00")), list{"trust.key_form"}},
		{"G10 Ed25519 key said to be ES256", key("ES256", publicKeyText(license.Ed25519)), list{"trust.key_form"}},
		{"G10 unknown algorithm", key("RS256", publicKeyText(license.Ed25519)), list{"trust.key_form"}},
		{"G11 two keys, one kid", two(keyText("aurora-2026", "ES256", es)), list{"trust.duplicate_kid"}},
		{"G11 one key, two kids", two(keyText("aurora-2027", "Ed25519", publicKeyText(license.Ed25519))), list{"trust.duplicate_kid"}},
		{"G11 root key with the hash of another", change(rootA, "b"+rootA[1:]), list{"trust.key_form"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			_, err := license.ParseBundle(signNote(t, c.text, "a"))
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

// renamedRoot returns the same root key under another name, with its own hash.
func renamedRoot(t testing.TB, root string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.SplitN(root, "+", 3)[2])
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewEd25519VerifierKey("renamed", b[1:])
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// bundleFiles reads bundles whose signatures are not as they should be.
func bundleFiles(t testing.TB) []attempt {
	var all []attempt
	good := signNote(t, bundleText("3", "2", "a", "b"), "a", "b")
	text, sigs, _ := bytes.Cut(good, []byte("\n\n"))
	lines := bytes.SplitAfter(bytes.TrimSuffix(sigs, []byte("\n")), []byte("\n"))
	onlyA := slices.Concat(text, []byte("\n\n"), lines[0])
	type list = []verdict.Code
	for _, c := range []struct {
		name  string
		file  []byte
		codes list
	}{
		{"good", good, nil},
		{"and a signature by somebody else", signNote(t, bundleText("3", "2", "a", "b"), "a", "b", "c"), nil},
		{"signatures in another order", signNote(t, bundleText("3", "2", "a", "b"), "b", "a"), nil},
		{"empty", nil, list{"trust.form"}},
		{"no signatures", text, list{"trust.form"}},
		{"300 KB", bytes.Repeat([]byte("x"), 300<<10), list{"lic.too_large"}},
		{"carriage returns", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), list{"trust.form"}},
		{"one byte changed", bytes.Replace(good, []byte(`"version":3`), []byte(`"version":4`), 1), list{"trust.threshold"}},
		{"one of two signatures", onlyA, list{"trust.threshold"}},
		{"G3 one signature twice", slices.Concat(onlyA, lines[0]), list{"trust.threshold"}},
		{"signed by others", signNote(t, bundleText("3", "2", "a", "b"), "c", "d"), list{"trust.threshold"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			_, err := license.ParseBundle(c.file)
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

// bundleUpdates offers bundles in place of one of version 3.
func bundleUpdates(t testing.TB) []attempt {
	var all []attempt
	parse := func(file []byte) license.Bundle {
		b, err := license.ParseBundle(file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	now := parse(signNote(t, bundleText("3", "2", "a", "b"), "a", "b"))
	type list = []verdict.Code
	for _, c := range []struct {
		name  string
		next  []byte
		codes list
	}{
		{"the next", signNote(t, bundleText("4", "2", "a", "b"), "a", "b"), nil},
		{"the next, with new keys, signed by both", signNote(t, bundleText("4", "2", "c", "d"), "a", "b", "c", "d"), nil},
		{"G1 the one after the next", signNote(t, bundleText("5", "2", "a", "b"), "a", "b"), list{"trust.version"}},
		{"G1 the same again", signNote(t, bundleText("3", "2", "a", "b"), "a", "b"), list{"trust.version"}},
		{"G1 the one before", signNote(t, bundleText("2", "2", "a", "b"), "a", "b"), list{"trust.version"}},
		{"G2 new keys only", signNote(t, bundleText("4", "2", "c", "d"), "c", "d"), list{"trust.threshold"}},
		{"G2 old keys only", signNote(t, bundleText("4", "2", "c", "d"), "a", "b"), list{"trust.threshold"}},
		{"G2 one old key of two", signNote(t, bundleText("4", "1", "c"), "a", "c"), list{"trust.threshold"}},
		{"G2 a lower threshold", signNote(t, bundleText("4", "1", "a", "b"), "a"), list{"trust.threshold"}},
		{"G1 and G2", signNote(t, bundleText("9", "1", "c"), "c"), list{"trust.version", "trust.threshold"}},
	} {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			b, err := now.Update(c.next)
			if err == nil && b.Version() != 4 {
				t.Errorf("is of version %d", b.Version())
			}
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

func TestBundleFingerprint(t *testing.T) {
	a := licensetest.Aurora().Bundle()
	one, err := license.ParseBundle(signNote(t, bundleText("3", "1", "a", "b"), "a"))
	wantCodes(t, err)
	both, err := license.ParseBundle(signNote(t, bundleText("3", "1", "a", "b"), "a", "b"))
	wantCodes(t, err)
	if one.Fingerprint() != both.Fingerprint() {
		t.Error("another signature changes the fingerprint")
	}
	if one.Fingerprint() == a.Fingerprint() || !strings.HasPrefix(a.Fingerprint(), "sha256:") || len(a.Fingerprint()) != 71 {
		t.Errorf("the fingerprint is %s", a.Fingerprint())
	}
}

func TestParsePinned(t *testing.T) {
	v := licensetest.Aurora()
	b, err := license.ParsePinned(v.BundleFile(), v.Bundle().Fingerprint())
	wantCodes(t, err)
	if b.IsZero() {
		t.Error("no bundle")
	}
	for _, pinned := range []string{"", "sha256:00", strings.ToUpper(v.Bundle().Fingerprint()), licensetest.Borealis().Bundle().Fingerprint()} {
		_, err := license.ParsePinned(v.BundleFile(), pinned)
		wantCodes(t, err, "trust.fingerprint")
	}
	_, err = license.ParsePinned([]byte("x"), v.Bundle().Fingerprint())
	wantCodes(t, err, "trust.form")
}

// TestBundleRoundTrip: what the issuer writes is what the reader gives back.
func TestBundleRoundTrip(t *testing.T) {
	v := licensetest.Aurora()
	es, err := licensetest.Key("aurora-vault", license.ES256).Record(licensetest.Time("2026-01-01"))
	if err != nil {
		t.Fatal(err)
	}
	es.Status, es.NotAfter = license.Retired, licensetest.Time("2026-06-01")
	ed := v.Record()
	ed.Status, ed.CompromisedAt = license.Compromised, licensetest.Time("2026-05-01")
	issuers := []license.Issuer{{Name: v.Issuer, GUIDs: v.Settings().GUIDs, Keys: []license.Key{ed, es}}}
	b := v.Bundle(func(d *issuer.Draft) { d.Version, d.Issuers = 7, issuers })
	if b.Version() != 7 || b.Threshold() != 1 || len(b.Roots()) != 1 || !b.Expires().Equal(licensetest.Time("2029-01-01")) {
		t.Errorf("read %d, %d, %v, %s", b.Version(), b.Threshold(), b.Roots(), b.Expires())
	}
	got := b.Issuers()
	if len(got) != 1 || got[0].Name != v.Issuer || !slices.Equal(got[0].GUIDs, issuers[0].GUIDs) {
		t.Fatalf("read %+v", got)
	}
	equal(t, got[0].Keys, issuers[0].Keys)
}

// The root keys are the same in whatever order a bundle lists them.
func TestRootsFingerprint(t *testing.T) {
	const a, b = "a", "b"
	of := func(text string, roots ...string) string {
		bundle, err := license.ParseBundle(signNote(t, text, roots...))
		if err != nil {
			t.Fatal(err)
		}
		return bundle.RootsFingerprint()
	}
	both := of(bundleText("1", "2", a, b), a, b)
	if turned := of(bundleText("2", "1", b, a), a); turned != both {
		t.Error("another order, version, or threshold makes them others")
	}
	if alone := of(bundleText("1", "1", a), a); alone == both {
		t.Error("one of two keys is both")
	}
}
