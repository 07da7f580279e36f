package license

import (
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/visual"
)

// A member is read only in the form that is asked for, and what is missing in none.
func TestMembersAreReadInOneForm(t *testing.T) {
	o, err := parseObject([]byte(`{"text": "a", "number": 7, "object": {"b": 1}, "list": ["c", "d"], "mixed": ["c", 1]}`), limits{4, 10, 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"text", "number", "object", "list", "mixed", "missing"} {
		_, isText := o.text(name)
		_, isNumber := o.integer(name)
		_, isObject := o.innerObject(name)
		_, isList := o.list(name)
		texts, areTexts := o.texts(name)
		if isText != (name == "text") || isNumber != (name == "number") || isObject != (name == "object") ||
			isList != (name == "list" || name == "mixed") || areTexts != (name == "list") {
			t.Errorf("%s: text %v, number %v, object %v, list %v, texts %v", name, isText, isNumber, isObject, isList, areTexts)
		}
		if areTexts && strings.Join(texts, " ") != "c d" {
			t.Errorf("%s: %q", name, texts)
		}
	}
}

// What is exactly as large as a limit passes, and one more does not.
func TestLimitsOfJSON(t *testing.T) {
	max := limits{depth: 2, array: 2, text: 3}
	for text, isFine := range map[string]bool{
		`{"a": ["b", "c"]}`:      true,
		`{"a": ["b", "c", "d"]}`: false,
		`{"abc": "def"}`:         true,
		`{"abc": "defg"}`:        false,
		`{"a": {"b": 1}}`:        true,
		`{"a": {"b": {}}}`:       false,
		``:                       false,
	} {
		if err := checkJSON([]byte(text), max); (err == nil) != isFine {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A member is shown in ASCII, shortened where it is longer than a message bears.
func TestHowMembersAreShown(t *testing.T) {
	fits, long := strings.Repeat("x", maxShown), strings.Repeat("x", maxShown+1)
	o, err := parseObject([]byte(`{"text": "a\"b", "number": 7, "fits": "`+fits+`", "long": "`+long+`", "bell": "\u0007"}`), limits{4, 10, 100})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"text": `"a\"b"`, "number": "7", "missing": "(none)", "fits": `"` + fits + `"`, "long": `"` + fits + `\u2026"`, "bell": `"\a"`,
	} {
		if got := o.shown(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestPrintableASCII(t *testing.T) {
	for text, want := range map[string]bool{"": true, "a ~!": true, "\x1f": false, "\x7f": false, "ä": false} {
		if got := isPrintableASCII(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// An unknown grade is as good as none, and none is as good as it.
func TestGradesAreCompared(t *testing.T) {
	for _, c := range []struct {
		have, need Grade
		want       bool
	}{{Signed, Signed, true}, {Signed, Readable, true}, {Readable, Signed, false}, {"better", Signed, false}, {Signed, "better", false}, {"better", "better", false}} {
		if got := c.have.AtLeast(c.need); got != c.want {
			t.Errorf("%s for %s: %v", c.have, c.need, got)
		}
	}
}

// Something is known of a license if a grade, an id, or an end is.
func TestWhetherALicenseIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		terms Terms
		want  bool
	}{
		"nothing": {Terms{}, true}, "a grade": {Terms{Grade: Signed}, false}, "an id": {Terms{ID: "jti"}, false},
		"an end": {Terms{Ends: time.Unix(1, 0)}, false}, "a subscription alone": {Terms{Subscription: "sub-1"}, true},
	} {
		if got := c.terms.IsZero(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestHowEvidenceIsShown(t *testing.T) {
	for want, e := range map[string]Evidence{
		"order 4711":             {Text: "order 4711"},
		"order.pdf (SHA-256 ab)": {Name: "order.pdf", SHA256: "ab", Text: "unused"},
	} {
		if got := e.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A license is named by who vouches for it.
func TestHowALicenseIsNamed(t *testing.T) {
	for by, terms := range map[string]Terms{
		"as attested by ada,":    {Grade: Attested, Attester: "ada", Vendor: "Aurora Visuals"},
		"from Aurora Visuals":    {Grade: Signed, Vendor: "Aurora Visuals"},
		"from an unknown vendor": {Grade: Readable},
	} {
		if got := nameOfLicense(Bound{Terms: terms}); !strings.HasSuffix(got, by) {
			t.Errorf("%q, want %q", got, by)
		}
	}
}

// Who may attest is told how; who may not, whom to name first.
func TestTheHintForAGrade(t *testing.T) {
	attested := Trust{attesters: []Attester{{Name: "ada"}}}
	for _, c := range []struct {
		trust                     Trust
		least                     Grade
		wantsAttest, wantsToNames bool
	}{{Trust{}, Signed, false, false}, {Trust{}, Attested, true, true}, {attested, Attested, true, false}} {
		got := c.trust.gradeHint(visualNamed(t), c.least)
		if strings.Contains(got, "license attest") != c.wantsAttest || strings.Contains(got, "name attesters") != c.wantsToNames {
			t.Errorf("%s: %q", c.least, got)
		}
	}
}

// The largest capacity is named by its own SKU.
func TestTheLargestSKU(t *testing.T) {
	for want, skus := range map[string][]string{"F64": {"F2", "F64", "F8"}, "none": nil} {
		if got := largestSKU(skus); got != want {
			t.Errorf("%v: %s", skus, got)
		}
	}
	if units, known := CapacityUnits("Z9"); known || units != 0 {
		t.Errorf("Z9 has %d units, known: %v", units, known)
	}
}

func TestTheLongestHost(t *testing.T) {
	label := strings.Repeat("a", 49)
	longest := strings.Join([]string{label, label, label, label, label, "abc"}, ".")
	if len(longest) != maxHost || !isValidHost(longest) || isValidHost("a"+longest) {
		t.Errorf("%d bytes: %v, one more: %v", len(longest), isValidHost(longest), isValidHost("a"+longest))
	}
}

func visualNamed(t *testing.T) visual.GUID {
	t.Helper()
	g, err := visual.ParseGUID("auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E")
	if err != nil {
		t.Fatal(err)
	}
	return g
}
