package visual_test

import (
	"cmp"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/visual"
)

// What versions and GUIDs are, as patterns: slower than the code, and easier to
// believe.
var (
	deployableForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,3}$`)
	numericForm    = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*`)
	guidForm       = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
)

// splitParts takes a version apart: its numbers without leading zeros, of which
// there are always some, then the rest.
func splitParts(v visual.Version) (numbers []string, rest string) {
	lead := numericForm.FindString(v.String())
	for p := range strings.SplitSeq(lead, ".") {
		numbers = append(numbers, cmp.Or(strings.TrimLeft(p, "0"), "0"))
	}
	return numbers, v.String()[len(lead):]
}

func compareByPattern(v, w visual.Version) int {
	vn, vrest := splitParts(v)
	wn, wrest := splitParts(w)
	for len(vn) < len(wn) {
		vn = append(vn, "0")
	}
	for len(wn) < len(vn) {
		wn = append(wn, "0")
	}
	for i := range vn {
		if c := cmp.Or(cmp.Compare(len(vn[i]), len(wn[i])), cmp.Compare(vn[i], wn[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(vrest, wrest)
}

func canonicalByPattern(v visual.Version) string {
	n, rest := splitParts(v)
	for len(n) > 1 && n[len(n)-1] == "0" {
		n = n[:len(n)-1]
	}
	return strings.Join(n, ".") + rest
}

// FuzzVersionAgainstPatterns holds the parser against the patterns.
func FuzzVersionAgainstPatterns(f *testing.F) {
	for _, s := range []string{"1.2.3.4", "1.2.3.4.5", "01.2", "1..2", "1.", ".1", ".", "..", "0", "00.0", "1.0.-.0", "beta", "1-2.3", "999999999", "1000000000"} {
		f.Add(s, "1.0")
		f.Add(s, s+".0")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		v, err := visual.ParseVersion(a)
		if err != nil {
			return
		}
		if got, want := v.Deployable(), deployableForm.MatchString(a); got != want {
			t.Errorf("%q deployable %v; want %v", a, got, want)
		}
		if got, want := v.Canonical(), canonicalByPattern(v); got != want {
			t.Errorf("%q is %q in canonical form; want %q", a, got, want)
		}
		w, err := visual.ParseVersion(b)
		if err != nil {
			return
		}
		if got, want := v.Compare(w), compareByPattern(v, w); got != want {
			t.Errorf("%q against %q: %d; want %d", a, b, got, want)
		}
	})
}

func TestVersionsAreAsThePatternsSay(t *testing.T) {
	// Few characters, so that forms that are nearly right come often.
	written := rapid.StringOfN(rapid.SampledFrom([]rune("0019..-b")), 1, 16, -1)
	rapid.Check(t, func(t *rapid.T) {
		v, w := parseVersion(t, written.Draw(t, "v")), parseVersion(t, written.Draw(t, "w"))
		switch {
		case v.Deployable() != deployableForm.MatchString(v.String()):
			t.Fatalf("%s deployable %v", v, v.Deployable())
		case v.Canonical() != canonicalByPattern(v):
			t.Fatalf("%s is %s in canonical form; want %s", v, v.Canonical(), canonicalByPattern(v))
		case v.Compare(w) != compareByPattern(v, w):
			t.Fatalf("%s against %s: %d; want %d", v, w, v.Compare(w), compareByPattern(v, w))
		}
	})
}

func TestGUIDsAreAsThePatternSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_]{1,12}[@\[`+"`"+`{/:^.-]?[a-z]?`)).Draw(t, "GUID")
		_, err := visual.ParseGUID(s)
		if want := guidForm.MatchString(s) && len(s) <= 128 && !strings.HasSuffix(s, "_OrgStore"); (err == nil) != want {
			t.Fatalf("%q: %v; want it taken: %v", s, err, want)
		}
	})
}

// Plans compare versions by the hundred thousand.
func TestComparingVersionsAllocatesNothing(t *testing.T) {
	v, w := parseVersion(t, "1.12.3.4-beta"), parseVersion(t, "01.12.3.4")
	if n := testing.AllocsPerRun(10, func() { v.Compare(w); v.Equal(w); v.Deployable() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCompare(b *testing.B) {
	v, w := parseVersion(b, "1.12.3.4"), parseVersion(b, "1.12.3.5")
	b.Run("by pattern", func(b *testing.B) {
		for b.Loop() {
			compareByPattern(v, w)
		}
	})
	b.Run("compare", func(b *testing.B) {
		for b.Loop() {
			v.Compare(w)
		}
	})
}
