package visual_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/visual"
)

func parseVersion(t interface{ Fatal(...any) }, s string) visual.Version {
	v, err := visual.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestParseGUID(t *testing.T) {
	for name, s := range map[string]string{
		"name and 32 hex digits": "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E",
		"name and 13 digits":     "Gauge1442671919391",
		"PBI_CV":                 "PBI_CV_9894B302_1DFF_4A96_ABFE_BF8588197166",
		"a plain word":           "boxplot",
		"another":                "maps",
		"debug build":            "gauge_DEBUG",
		"prefix of the next":     "X",
		"prefix and more":        "X_1",
		"suffix inside":          "X_OrgStore_2",
		"suffix in another case": "X_orgstore",
		"longest":                strings.Repeat("g", 128),
	} {
		t.Run(name, func(t *testing.T) {
			g, err := visual.ParseGUID(s)
			if err != nil || g.String() != s || g.OrgStore() != s+"_OrgStore" || g.IsZero() {
				t.Errorf("%q: %v, %v", s, g, err)
			}
			if h, err := visual.ParseName(s + "_OrgStore"); err != nil || h != g {
				t.Errorf("%q as a report names it: %v, %v", s, h, err)
			}
			if h, err := visual.ParseName(s); err != nil || h != g {
				t.Errorf("%q as a person names it: %v, %v", s, h, err)
			}
		})
	}
	for name, s := range map[string]string{
		"empty":         "",
		"as reports do": "X_OrgStore",
		"suffix alone":  "_OrgStore",
		"a real UUID":   "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11",
		"path":          "../X",
		"space":         "X ",
		"newline":       "X\n",
		"dot":           "X.1",
		"homoglyph":     "\u0430urora",
		"NUL":           "X\x00",
		"too long":      strings.Repeat("g", 129),
	} {
		t.Run(name, func(t *testing.T) {
			g, err := visual.ParseGUID(s)
			if err == nil || !g.IsZero() {
				t.Fatalf("%q is taken for %v", s, g)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("the error %q shows a stranger's characters as they are", err)
			}
		})
	}
	for _, s := range []string{"", "_OrgStore", "X_OrgStore_OrgStore"} {
		if g, err := visual.ParseName(s); err == nil {
			t.Errorf("the name %q is taken for %v", s, g)
		}
	}
}

func TestGUIDsAreNeverEqualByAccident(t *testing.T) {
	parse := func(s string) visual.GUID {
		g, err := visual.ParseGUID(s)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	if parse("Gauge") == parse("gauge") {
		t.Error("case does not count")
	}
	got := []visual.GUID{parse("X_1"), parse("x"), parse("X"), parse("X2")}
	slices.SortFunc(got, visual.GUID.Compare)
	if want := []visual.GUID{parse("X"), parse("X2"), parse("X_1"), parse("x")}; !slices.Equal(got, want) {
		t.Errorf("sorted %v; want %v", got, want)
	}
}

func TestParseVersion(t *testing.T) {
	for s, deployable := range map[string]bool{
		"1.0.0": true, "1.2.3.4": true, "1.1": true, "7": true, "0": true, "0.0.0.0": true, "2026.9.8.0": true,
		"999999999.0.0.0": true,
		"1.0.0.3.1":       false, "6.1.0-beta1": false, "1.7.0.20240215#4a667d1": false, "1.7.0.1#4a6": false,
		"03.2.0.0": false, "3.2.0.0-beta": false, "1.00": false, "1000000000.0": false, "2147483648": false,
		"\uff13.2.0.0": false, "1.": false, ".1": false, "1..2": false, "v1.2": false, "-1.0": false, "+1.0": false, "beta": false,
	} {
		v, err := visual.ParseVersion(s)
		if err != nil || v.String() != s || v.IsZero() {
			t.Errorf("%q: %v, %v", s, v, err)
		}
		if v.Deployable() != deployable {
			t.Errorf("%q deployable %v; want %v", s, v.Deployable(), deployable)
		}
	}
	for name, s := range map[string]string{
		"empty": "", "space": "1.0 beta", "newline": "1.0\n", "invalid UTF-8": "1.\xff", "too long": strings.Repeat("1", 65),
		"text that turns around": "1.0\u202e", "no-break space": "1.0\u00a0",
	} {
		if v, err := visual.ParseVersion(s); err == nil || !v.IsZero() {
			t.Errorf("%s: %q is taken for %v", name, s, v)
		}
	}
	if (visual.Version{}).Deployable() || !(visual.Version{}).IsZero() {
		t.Error("no version is deployable")
	}
}

func TestCompareVersions(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"3.1.1", "3.1.1.0", 0},
		{"1.1", "1.1.0.0", 0},
		{"1", "1.0.0.0", 0},
		{"4.1.2", "4.2.0.0", -1},
		{"2.0.9", "2.0.10.0", -1},
		{"1.9", "1.10", -1},
		{"1.0.0.3.1", "1.0.0.3", 1},
		{"1.0.0.3.0", "1.0.0.3", 0},
		{"2026.9.8.0", "2025.12.31.0", 1},
		{"03.2", "3.2.0.0", 0},
		{"6.1.0", "6.1.0-beta1", -1},
		{"6.1.0-beta1", "6.1.1", -1},
		{"1.7.0.20240215#4a667d1", "1.7.0.20240215", 1},
		{"99999999999999999999999.0", "100000000000000000000000", -1},
		{"beta", "0.0.1", -1},
	} {
		a, b := parseVersion(t, test.a), parseVersion(t, test.b)
		if got := a.Compare(b); got != test.want {
			t.Errorf("%s against %s: %d; want %d", a, b, got, test.want)
		}
		if got := b.Compare(a); got != -test.want {
			t.Errorf("%s against %s: %d; want %d", b, a, got, -test.want)
		}
		if a.Equal(b) != (test.want == 0) {
			t.Errorf("%s equal to %s: %v", a, b, a.Equal(b))
		}
	}
}

func TestNextSeries(t *testing.T) {
	for s, want := range map[string]string{
		"1.4": "2", "1.4.2": "1.5", "1.4.2.1": "1.4.3", "0.0": "1", "1.9.9.9": "1.9.10", "1.0.0.0": "1.0.1",
		"999999999.0":         "1000000000",
		"7":                   "", // leaves open which number may rise
		"1.4-beta":            "",
		"1.2.3.4.5":           "",
		"01.2":                "",
		"1..2":                "",
		"1000000000.0":        "",
		"99999999999999999.0": "",
	} {
		next, ok := parseVersion(t, s).NextSeries()
		if ok != (want != "") || next.String() != want {
			t.Errorf("after the series of %s comes %q, %v; want %q", s, next, ok, want)
		}
	}
	if next, ok := (visual.Version{}).NextSeries(); ok {
		t.Errorf("after no version comes %q", next)
	}
}

func TestSuccessor(t *testing.T) {
	for s, want := range map[string]string{
		"1.4.0.0": "1.4.0.1", "1.4": "1.4.0.1", "0": "0.0.0.1",
		"1.2.3.999999999":                         "1.2.4.0",
		"1.999999999.999999999.999999999":         "2.0.0.0",
		"999999999.999999999.999999999.999999999": "",
		"1.4-beta": "", "1.2.3.4.5": "",
	} {
		v := parseVersion(t, s)
		next, ok := v.Successor()
		if ok != (want != "") || next.String() != want {
			t.Errorf("after %s comes %q, %v; want %q", s, next, ok, want)
		}
		if ok && (next != parseVersion(t, want) || v.Compare(next) >= 0) {
			t.Errorf("what comes after %s is not as if it was read", s)
		}
	}
}

// What ~> leaves out begins at the next series: all that starts with the same
// numbers is below it, and the number raised by one is not.
func TestNextSeriesIsTheFirstLeftOut(t *testing.T) {
	numbers := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 12), rapid.Just(999_999_999)), 2, 4)
	rapid.Check(t, func(t *rapid.T) {
		n := numbers.Draw(t, "version")
		write := func(n []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(n), " ", "."), "[]") }
		v := parseVersion(t, write(n))
		next, ok := v.NextSeries()
		if !ok || next.Compare(v) <= 0 {
			t.Fatalf("after the series of %s comes %s, %v", v, next, ok)
		}
		series := n[:len(n)-1]
		if last := parseVersion(t, write(series)+".999999999"); last.Compare(next) >= 0 {
			t.Fatalf("%s is of the series of %s, and not below %s", last, v, next)
		}
		series[len(series)-1]++
		if first := parseVersion(t, write(series)); !first.Equal(next) {
			t.Fatalf("after the series of %s comes %s; want %s", v, next, first)
		}
	})
}

// A version is a value: the same text gives the same value, also when it was
// stored in between.
func TestVersionsOfOneSpellingAreOneValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyVersion().Draw(t, "version")
		var w visual.Version
		if err := w.UnmarshalText([]byte(v.String())); err != nil || v != w {
			t.Fatalf("%s read back as %s, %v", v, w, err)
		}
		if err := w.UnmarshalText(nil); err != nil || w != (visual.Version{}) {
			t.Fatalf("the empty text over %s gives %+v, %v", v, w, err)
		}
	})
}

// anyVersion draws versions of every form that was seen, and of some that were not.
func anyVersion() *rapid.Generator[visual.Version] {
	return rapid.Custom(func(t *rapid.T) visual.Version {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"0", "00", "1", "01", "2", "9", "10", "010", "20240215", "99999999999"}), 0, 6).Draw(t, "parts")
		s := strings.Join(parts, ".") + rapid.SampledFrom([]string{"", "", "-beta", "#4a6", ".", ".x", ".0"}).Draw(t, "rest")
		if s == "" {
			s = "0"
		}
		return parseVersion(t, s)
	})
}

func TestVersionsAreTotallyOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyVersion().Draw(t, "a"), anyVersion().Draw(t, "b"), anyVersion().Draw(t, "c")
		if a.Compare(a) != 0 || a.Compare(b) != -b.Compare(a) {
			t.Fatalf("%s and %s are not ordered", a, b)
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%s, %s, %s: the order is not transitive", a, b, c)
		}
		if a.Equal(b) && a.Compare(c) != b.Compare(c) {
			t.Fatalf("%s equals %s, and %s tells them apart", a, b, c)
		}
	})
}

func TestCanonicalNamesEqualVersionsAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyVersion().Draw(t, "a"), anyVersion().Draw(t, "b")
		if a.Equal(b) != (a.Canonical() == b.Canonical()) {
			t.Fatalf("%s and %s: equal %v, canonical %q and %q", a, b, a.Equal(b), a.Canonical(), b.Canonical())
		}
	})
}

// A naive model: up to four small numbers, padded with zeros.
func TestCompareAgreesWithNaiveModel(t *testing.T) {
	numbers := rapid.SliceOfN(rapid.IntRange(0, 12), 1, 4)
	write := func(n []int) string {
		b, _ := json.Marshal(n)
		return strings.ReplaceAll(strings.Trim(string(b), "[]"), ",", ".")
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		v, w := parseVersion(t, write(a)), parseVersion(t, write(b))
		pad := func(n []int) []int { return append(slices.Clone(n), make([]int, 4-len(n))...) }
		if got, want := v.Compare(w), slices.Compare(pad(a), pad(b)); got != want {
			t.Fatalf("%s against %s: %d; want %d", v, w, got, want)
		}
		if !v.Deployable() {
			t.Fatalf("%s is not deployable", v)
		}
	})
}

func TestDigest(t *testing.T) {
	d := visual.DigestOf([]byte("abc"))
	const hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if d.Hex() != hex || d.String() != "sha256:"+hex || d.Short() != hex[:12] || d.IsZero() || d != sha256.Sum256([]byte("abc")) {
		t.Errorf("digest %s", d)
	}
	if back, err := visual.ParseDigest(d.String()); err != nil || back != d {
		t.Errorf("read back as %s, %v", back, err)
	}
	for name, s := range map[string]string{
		"no prefix": hex, "other hash": "sha512:" + hex, "upper case": "sha256:" + strings.ToUpper(hex),
		"short": "sha256:" + hex[2:], "long": "sha256:" + hex + "00", "not hex": "sha256:" + "zz" + hex[2:], "empty": "",
		"prefix in upper case": "SHA256:" + hex,
	} {
		if got, err := visual.ParseDigest(s); err == nil {
			t.Errorf("%s: %q is taken for %s", name, s, got)
		}
	}
}

func TestReleaseOrder(t *testing.T) {
	a := visual.Release{Version: parseVersion(t, "1.2"), Digest: visual.Digest{1}}
	b := visual.Release{Version: parseVersion(t, "1.2.0.0"), Digest: visual.Digest{2}}
	c := visual.Release{Version: parseVersion(t, "1.10"), Digest: visual.Digest{}}
	if a.Compare(b) != -1 || b.Compare(a) != 1 || b.Compare(c) != -1 || a.Compare(a) != 0 {
		t.Error("releases are ordered by version as numbers, then by digest")
	}
	if got := a.String(); got != "1.2 (010000000000)" {
		t.Errorf("release %q", got)
	}
}

func TestReleaseIsStoredAndReadBack(t *testing.T) {
	type stored struct {
		GUID    visual.GUID    `json:"guid"`
		Release visual.Release `json:"release"`
	}
	guid, err := visual.ParseGUID("boxplot")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []stored{
		{},
		{guid, visual.Release{Version: parseVersion(t, "1.7.0.20240215#4a667d1"), Digest: visual.DigestOf(nil)}},
	} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got stored
		if err := json.Unmarshal(b, &got); err != nil || got != want {
			t.Errorf("%s read back as %+v, %v", b, got, err)
		}
	}
	for _, b := range []string{`{"guid":"a-b"}`, `{"release":{"version":"1 0"}}`, `{"release":{"digest":"sha256:00"}}`} {
		var got stored
		if err := json.Unmarshal([]byte(b), &got); err == nil {
			t.Errorf("%s is taken", b)
		}
	}
}

func TestFormFault(t *testing.T) {
	for text, want := range map[string]string{
		"1":                   "",
		"1.4.0.0":             "",
		"1.4.0.999999999":     "",
		"1.4.0.20261128001":   "its part 20261128001 is above the limit of 999999999",
		"1.0.0.3.1":           "it has 5 parts, and at most 4 are allowed",
		"6.1.0-beta1":         `its part "0-beta1" is not a plain number`,
		"1.7.0.20240215#4a66": `its part "20240215#4a66" is not a plain number`,
		"1.\u0664":            `its part "\u0664" is not a plain number`,
		"1.04":                "its part 04 begins with a zero",
		"1..2":                "it has an empty part",
		"1.":                  "it has an empty part",
		"v1.4":                `its part "v1" is not a plain number`,
	} {
		v, err := visual.ParseVersion(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.FormFault(); got != want || (got == "") != v.Deployable() {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
