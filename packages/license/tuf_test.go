package license_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/issuer"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// The scenarios of TUF's conformance suite for the root role, for Bundle.Update:
// github.com/theupdateframework/tuf-conformance and the key rotation cases of
// python-tuf, written anew.

// A rootVersion is one version of a bundle: its root keys, each a letter, how
// many must sign, and who did. Refused is the code where it must not be taken.
type rootVersion struct {
	keys      string
	threshold int
	signed    string
	refused   verdict.Code
}

// followVersions offers versions 1, 2, 3… in turn; the first is pinned.
func followVersions(t *testing.T, versions []rootVersion) {
	t.Helper()
	var now license.Bundle
	for i, v := range versions {
		file := signNote(t, bundleText(strconv.Itoa(i+1), strconv.Itoa(v.threshold), strings.Split(v.keys, "")...), strings.Split(v.signed, "")...)
		read := now.Update
		if i == 0 {
			read = license.ParseBundle
		}
		next, err := read(file)
		if v.refused != "" {
			wantCodes(t, err, v.refused)
			return
		}
		wantCodes(t, err)
		now = next
	}
	if now.Version() != int64(len(versions)) {
		t.Errorf("ended at version %d of %d", now.Version(), len(versions))
	}
}

func TestRootKeyRotations(t *testing.T) {
	const short verdict.Code = "trust.threshold"
	for name, versions := range map[string][]rootVersion{
		"1-of-1 rotated":                                  {{"b", 1, "b", ""}, {"c", 1, "cb", ""}, {"c", 1, "c", ""}},
		"1-of-1 rotated, unused signatures":               {{"b", 1, "dbe", ""}, {"c", 1, "dcbe", ""}, {"c", 1, "dce", ""}},
		"1-of-1 not signed with the old key":              {{"b", 1, "b", ""}, {"c", 1, "cde", short}},
		"1-of-1 not signed with the new key":              {{"b", 1, "b", ""}, {"c", 1, "bde", short}},
		"1-of-1 rotated back":                             {{"b", 1, "b", ""}, {"c", 1, "cb", ""}, {"b", 1, "bc", ""}},
		"1-of-1 the old key alone, once it is gone":       {{"b", 1, "b", ""}, {"c", 1, "cb", ""}, {"b", 1, "b", short}},
		"3-of-5 signed by others each time":               {{"abcde", 3, "ace", ""}, {"abcde", 3, "aeb", ""}, {"abcde", 3, "abd", ""}, {"abcde", 3, "ebd", ""}},
		"3-of-5 one rotated":                              {{"abcde", 3, "ace", ""}, {"abdef", 3, "aeb", ""}},
		"3-of-5 not signed by 3 new ones":                 {{"abcde", 3, "ace", ""}, {"abdef", 3, "ace", short}},
		"3-of-5 not signed by 3 old ones":                 {{"abcde", 3, "ace", ""}, {"abdef", 3, "aef", short}},
		"3-of-5 one rotated by way of a step":             {{"abcde", 3, "ace", ""}, {"abdef", 3, "acef", ""}, {"abdef", 3, "aef", ""}},
		"3-of-5 all rotated by way of a step":             {{"abcde", 3, "ace", ""}, {"fghij", 3, "acefgh", ""}, {"fghij", 3, "fgh", ""}},
		"3-of-5 all rotated, two old signatures":          {{"abcde", 3, "ace", ""}, {"fghij", 3, "acfgh", short}},
		"threshold raised from 1 to 2 of 3":               {{"bcd", 1, "b", ""}, {"bcd", 2, "bc", ""}},
		"threshold raised, signed by as many as before":   {{"bcd", 1, "b", ""}, {"bcd", 2, "b", short}},
		"threshold lowered from 2 to 1 of 3":              {{"bcd", 2, "bc", ""}, {"bcd", 1, "bc", ""}, {"bcd", 1, "b", ""}},
		"threshold lowered, signed by as many as are new": {{"bcd", 2, "bc", ""}, {"bcd", 1, "b", short}},
		"key removed": {{"bc", 1, "b", ""}, {"b", 1, "b", ""}},
		"key removed, signed by the removed alone":         {{"bc", 1, "b", ""}, {"b", 1, "c", short}},
		"key removed, signed by both":                      {{"bc", 1, "c", ""}, {"b", 1, "cb", ""}},
		"first version short of signatures":                {{"bc", 2, "b", short}},
		"first version signed by strangers":                {{"bc", 1, "d", short}},
		"signed by one key under two versions' thresholds": {{"bc", 2, "bc", ""}, {"bd", 1, "b", short}},
	} {
		t.Run(name, func(t *testing.T) { followVersions(t, versions) })
	}
}

// TestRootVersions: rollback, the same again, gaps, and the number's end.
func TestRootVersions(t *testing.T) {
	at := func(version string) license.Bundle {
		b, err := license.ParseBundle(signNote(t, bundleText(version, "1", "a"), "a"))
		wantCodes(t, err)
		return b
	}
	for _, c := range []struct {
		name, now, next string
		code            verdict.Code
	}{
		{"the next", "7", "8", ""},
		{"the same again", "7", "7", "trust.version"},
		{"rollback by one", "7", "6", "trust.version"},
		{"rollback to the first", "7", "1", "trust.version"},
		{"one left out", "7", "9", "trust.version"},
		{"fast-forward to the end", "7", "9007199254740992", "trust.version"},
		{"the last number there is", "9007199254740991", "9007199254740992", ""},
		{"past the last number", "9007199254740992", "9007199254740993", "trust.form"},
		{"past the last number, over to 1", "9007199254740992", "1", "trust.version"},
		{"negative", "7", "-8", "trust.form"},
		{"a fraction", "7", "8.0", "trust.form"},
		{"a leading zero", "7", "08", "trust.form"},
		{"a text", "7", `"8"`, "trust.form"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := at(c.now).Update(signNote(t, bundleText(c.next, "1", "a"), "a"))
			if c.code == "" {
				wantCodes(t, err)
				return
			}
			wantCodes(t, err, c.code)
		})
	}
}

// TestRootExpiry: an expired bundle can be followed by its update, also by way of
// another that is expired; what counts is the one that is trusted in the end.
func TestRootExpiry(t *testing.T) {
	v := licensetest.Aurora()
	version := func(n int64, expires string) []byte {
		return v.BundleFile(func(d *issuer.Draft) { d.Version, d.Expires = n, licensetest.Time(expires) })
	}
	evaluate := func(b license.Bundle) verdict.Judgment {
		s := v.Settings()
		s.Bundle = b
		trust, err := license.NewTrust(licensetest.Tenant, []license.Vendor{s})
		wantCodes(t, err)
		return trust.Evaluate(bindGauge(t), licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01"))
	}
	first, err := license.ParseBundle(version(1, "2026-10-01"))
	wantCodes(t, err)
	wantJudgment(t, evaluate(first), verdict.Review, "trust.expired")
	second, err := first.Update(version(2, "2026-11-01"))
	wantCodes(t, err)
	wantJudgment(t, evaluate(second), verdict.Review, "trust.expired")
	third, err := second.Update(version(3, "2027-11-01"))
	wantCodes(t, err)
	wantJudgment(t, evaluate(third), verdict.Accept)
	earlier, err := third.Update(version(4, "2026-12-02"))
	wantCodes(t, err)
	wantJudgment(t, evaluate(earlier), verdict.Accept)
}

// TestRefusedUpdateLeavesTheBundle: what was refused changes nothing, and the
// right one is still taken afterwards.
func TestRefusedUpdateLeavesTheBundle(t *testing.T) {
	now, err := license.ParseBundle(signNote(t, bundleText("3", "2", "a", "b"), "a", "b"))
	wantCodes(t, err)
	before := now.Fingerprint()
	for _, bad := range [][]byte{nil, []byte("x"), signNote(t, bundleText("9", "2", "a", "b"), "a", "b"), signNote(t, bundleText("4", "2", "c", "d"), "c", "d")} {
		if b, err := now.Update(bad); err == nil || !b.IsZero() {
			t.Errorf("%q was taken", bad)
		}
	}
	if now.Fingerprint() != before {
		t.Error("the bundle changed")
	}
	_, err = now.Update(signNote(t, bundleText("4", "2", "a", "b"), "a", "b"))
	wantCodes(t, err)
}

// TestFastForwardRecovery: somebody with the vendor's status key drove the
// number of its lists to the end. Another status key starts again, and the lists
// of the stolen one count no more.
func TestFastForwardRecovery(t *testing.T) {
	v := licensetest.Aurora()
	thief := v.Status(func(r *issuer.Revocation) { r.Sequence, r.Subscriptions = 2147483647, []string{"sub-88213"} })
	attacked := withStatusList(t, trustWithStatusKey(t, v), thief)
	wantJudgment(t, attacked.Evaluate(bindGauge(t), licensetest.Need(), licensetest.Facts(), licensetest.At("2026-12-01")), verdict.Reject, "life.revoked")
	s, err := trustWithStatusKey(t, v).ReadStatus(v.Status())
	wantCodes(t, err)
	_, err = attacked.WithStatus(s)
	wantCodes(t, err, "trust.status")

	fresh := licensetest.Key("aurora-status-2", license.Ed25519)
	rotated := trustWithStatusKey(t, v, func(d *issuer.Draft) {
		keys := d.Issuers[0].Keys
		keys[1].Status, keys[1].CompromisedAt = license.Compromised, licensetest.Time("2026-11-10")
		record, err := fresh.Record(licensetest.Time("2026-11-01"))
		wantCodes(t, err)
		d.Issuers[0].Keys = append(keys, record.For(license.UseStatus))
	})
	_, err = rotated.ReadStatus(thief)
	wantCodes(t, err, "trust.key_compromised")
	list, err := issuer.Revoke(issuer.Revocation{Issuer: v.Issuer, Sequence: 1, Issued: licensetest.Time("2026-11-20"), Next: licensetest.Time("2027-02-20")}, fresh)
	wantCodes(t, err)
	f := licensetest.Facts()
	f.StatusMarks = map[string]int64{v.Issuer + " " + v.StatusKey().ID: 2147483647}
	j := withStatusList(t, rotated, list).Evaluate(bindGauge(t), licensetest.Need(), f, licensetest.At("2026-12-01"))
	wantJudgment(t, j, verdict.Accept)
}
