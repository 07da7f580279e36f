package pin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

func version(t interface{ Fatal(...any) }, s string) visual.Version {
	v, err := visual.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAllows(t *testing.T) {
	for _, c := range []struct {
		name, pin   string
		yes, refuse []string
	}{
		{"exact, whatever the number of parts", "1.4", []string{"1.4", "1.4.0", "1.4.0.0"}, []string{"1.4.0.1", "1.40", "1", "14"}},
		{"exact with =", "= 1.4.0.0", []string{"1.4", "1.4.0.0"}, []string{"1.4.1"}},
		{"exact in one part", "3", []string{"3", "3.0.0.0"}, []string{"3.0.0.1", "4"}},
		{"1.10 is not 1.1", "1.10", []string{"1.10.0.0"}, []string{"1.1", "1.1.0.0"}},
		{"pessimistic, two parts", "~> 1.4", []string{"1.4", "1.4.0.0", "1.99", "1.10.0.1"}, []string{"1.3.9.9", "2", "2.0.0.0"}},
		{"pessimistic, three parts", "~> 1.4.2", []string{"1.4.2", "1.4.2.0", "1.4.9.9"}, []string{"1.4.1.9", "1.5", "1.5.0.0"}},
		{"pessimistic, four parts", "~> 1.4.2.1", []string{"1.4.2.1", "1.4.2.9"}, []string{"1.4.2", "1.4.2.0", "1.4.3", "1.4.3.1"}},
		{"pessimistic with four parts takes shorter spellings", "~> 1.4.2.0", []string{"1.4.2", "1.4.2.0"}, []string{"1.4.3"}},
		{"range", ">= 1.4, < 2", []string{"1.4", "1.99.9.9"}, []string{"1.3", "2", "2.0.0.0"}},
		{"range without spaces", ">=1.4,<2", []string{"1.4"}, []string{"2"}},
		{"all but one", ">= 1, != 1.5", []string{"1.4", "1.5.0.1"}, []string{"1.5", "1.5.0.0"}},
		{"above and up to", "> 1.4, <= 1.6", []string{"1.4.0.1", "1.6.0.0"}, []string{"1.4.0.0", "1.6.0.1"}},
		{"the numbers of a version are not decimals", "!= 1.4, < 1.4.0.1, > 1.3.999999999", []string{"1.3.999999999.1"}, []string{"1.3.999999999", "1.4"}},
		{"= in a list", "= 1.4, < 2", []string{"1.4.0.0"}, []string{"1.5"}},
		{"what cannot be deployed never matches", ">= 0", []string{"0", "0.0.0.1"}, []string{"1.0-beta", "1.4.0.0.1", "v1.4", "01.4", "1.7.0.1#4a6"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(c.pin)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.yes {
				if !p.Allows(version(t, s)) {
					t.Errorf("%q does not allow %s", c.pin, s)
				}
			}
			for _, s := range c.refuse {
				if p.Allows(version(t, s)) {
					t.Errorf("%q allows %s", c.pin, s)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, pin string
		code      verdict.Code
	}{
		{"empty", "", CodeEmpty},
		{"only space", " \t", CodeEmpty},
		{"tilde with one part does not say which number must stay", "~> 3", CodePessimistic},
		{"v prefix", "v1.4", CodeVersion},
		{"v prefix in a constraint", ">= v1.4", CodeVersion},
		{"leading zero", "01.4", CodeVersion},
		{"leading zero inside", ">= 1.04", CodeVersion},
		{"prerelease", "1.4-beta", CodeVersion},
		{"prerelease without dash", "~> 1.4rc1", CodeVersion},
		{"build metadata", "1.4+5", CodeVersion},
		{"five parts", "1.2.3.4.5", CodeVersion},
		{"above a thousand million", "1.1000000000", CodeVersion},
		{"word", "latest", CodeVersion},
		{"star", "1.*", CodeVersion},
		{"caret", "^1.4", CodeVersion},
		{"or", ">= 1 || < 3", CodeForm},
		{"two equal signs", "== 1.4", CodeForm},
		{"operator alone", ">=", CodeForm},
		{"trailing comma", ">= 1.4,", CodeForm},
		{"leading comma", ", >= 1.4", CodeForm},
		{"bare version in a list", "1.4, < 2", CodeForm},
		{"no comma", ">= 1.4 < 2", CodeForm},
		{"space in an operator", "> = 1.4", CodeForm},
		{"tab inside", ">=\t1.4", CodeVersion},
		{"newline between", ">= 1.4,\n< 2", CodeForm},
		{"full-width digits", "１.4", CodeVersion},
		{"too long", ">= 1" + strings.Repeat(" ", maxText) + ", < 2", CodeTooLong},
		{"half a digest", "1.4@sha256:0123", CodeDigest},
		{"a digest of nothing", "1.4@", CodeDigest},
		{"a digest of zeros", "1.4@sha256:" + strings.Repeat("0", 64), CodeDigest},
		{"a digest alone", "@" + digest, CodeForm},
		{"a digest of a series", "~> 1.4@" + digest, CodeDigest},
		{"a digest of two terms", "= 1.4, < 2@" + digest, CodeDigest},
		{"two digests", "1.4@" + digest + "@" + digest, CodeDigest},
		{"below what it is above", "> 2, < 1", CodeImpossible},
		{"a series, and above it", "~> 1.4, >= 2", CodeImpossible},
		{"two versions at once", "= 1.4, = 1.5", CodeImpossible},
		{"the only one left is excluded", "!= 1.4, != 1.3.999999999.999999999, < 1.4.0.1, > 1.3.999999999.999999998", CodeImpossible},
		{"between neighbors", "> 1.4, < 1.4.0.1", CodeImpossible},
		{"below the lowest", "< 0", CodeImpossible},
		{"above the highest", "> 999999999.999999999.999999999.999999999", CodeImpossible},
		{"too many", strings.Repeat(">1,", maxTerms) + "<2", CodeTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(c.pin)
			var r *verdict.Refusal
			if !errors.As(err, &r) {
				t.Fatalf("%q was read as %q, error %v", c.pin, p, err)
			}
			if r.Code() != c.code {
				t.Errorf("%q refused with %s, want %s: %v", c.pin, r.Code(), c.code, r)
			}
			if hint := r.Findings[0].Hint; !strings.Contains(hint, "examples:") {
				t.Errorf("hint without an example: %q", hint)
			}
			if !p.IsZero() || p.Allows(version(t, "1.4")) {
				t.Errorf("a refused pin allows something")
			}
		})
	}
}

func TestExact(t *testing.T) {
	for text, want := range map[string]string{"1.4": "1.4", "= 1.4.0.0": "1.4.0.0", "=1": "1", "~> 1.4": "", ">= 1": "", "= 1, != 2": ""} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		v, ok := p.Exact()
		if ok != (want != "") || v.String() != want {
			t.Errorf("Exact of %q is %q, %v", text, v, ok)
		}
	}
}

// digest is that of some package.
var digest = "sha256:" + strings.Repeat("0a", 32)

func TestDigest(t *testing.T) {
	for text, want := range map[string]struct{ digest, short string }{
		"1.4":             {"", "1.4"},
		"1.4@" + digest:   {digest, "1.4@0a0a0a0a0a0a"},
		"= 1.4@" + digest: {digest, "= 1.4@0a0a0a0a0a0a"},
	} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		d, named := p.Digest()
		if named != (want.digest != "") || named && d.String() != want.digest || p.Short() != want.short || p.String() != text {
			t.Errorf("%q names %s, %v; in short %q", text, d, named, p.Short())
		}
		if v, ok := p.Exact(); !ok || !p.Allows(v) || p.Allows(version(t, "1.5")) {
			t.Errorf("%q does not pin 1.4", text)
		}
	}
}

func TestTextIsKeptAsWritten(t *testing.T) {
	for _, text := range []string{"1.4", "1.10", "= 1.4", ">=1.4,<2", ">= 1.4 , < 2", "~> 1.4.0.0"} {
		var p Pin
		if err := p.UnmarshalText([]byte(" " + text + " ")); err != nil {
			t.Fatal(err)
		}
		b, err := p.MarshalText()
		if err != nil || string(b) != text || p.String() != text {
			t.Errorf("%q became %q, error %v", text, b, err)
		}
	}
	var p Pin
	if err := p.UnmarshalText(nil); err == nil {
		t.Error("an empty text was read as a pin")
	}
}

func TestEqualIsAboutWords(t *testing.T) {
	read := func(s string) Pin {
		p, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if !read("~> 1.4").Equal(read(" ~> 1.4")) || read("1.4").Equal(read("1.4.0.0")) {
		t.Error("Equal does not compare what was written")
	}
}

// model is what a term means, written as plainly as can be.
func model(op string, bound []int, v [4]int) bool {
	var b [4]int
	copy(b[:], bound)
	c := 0
	for i := 3; i >= 0; i-- {
		if v[i] < b[i] {
			c = -1
		} else if v[i] > b[i] {
			c = 1
		}
	}
	switch op {
	case "", "=":
		return c == 0
	case "!=":
		return c != 0
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	}
	for i := range len(bound) - 1 { // ~>: all but the last number given must stay
		if v[i] != b[i] {
			return false
		}
	}
	return c >= 0
}

func text(numbers []int) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ".")
}

func TestAllowsAgreesWithTheModel(t *testing.T) {
	number := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(9, 11), rapid.Just(999_999_999))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3).Draw(t, "terms")
		numbers := rapid.SliceOfN(number, 1, 4).Draw(t, "version")
		var v [4]int
		copy(v[:], numbers)
		want, terms := true, make([]string, n)
		for i := range n {
			ops := []string{"=", "!=", ">", ">=", "<", "<=", "~>"}
			if n == 1 {
				ops = append(ops, "")
			}
			op := rapid.SampledFrom(ops).Draw(t, "op")
			least := 1
			if op == "~>" {
				least = 2
			}
			bound := rapid.SliceOfN(number, least, 4).Draw(t, "bound")
			terms[i] = op + rapid.SampledFrom([]string{"", " "}).Draw(t, "space") + text(bound)
			want = want && model(op, bound, v)
		}
		p, err := read(strings.Join(terms, rapid.SampledFrom([]string{",", ", ", " , "}).Draw(t, "comma")))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Allows(version(t, text(numbers))); got != want {
			t.Fatalf("%q allows %s: %v, the model says %v", p, text(numbers), got, want)
		}
		again, err := read(p.String())
		if err != nil || !again.Equal(p) {
			t.Fatalf("%q is not read again: %v", p, err)
		}
	})
}

// A pin is refused as impossible exactly if no version satisfies it. The numbers of the
// versions tried are those of the pins and their neighbors.
func TestImpossibleIsWhatNoVersionSatisfies(t *testing.T) {
	var all [][4]int
	numbers := []int{0, 1, 2, 3, 999_999_998, 999_999_999}
	for _, a := range numbers {
		for _, b := range numbers {
			for _, c := range numbers {
				for _, d := range numbers {
					all = append(all, [4]int{a, b, c, d})
				}
			}
		}
	}
	number := rapid.SampledFrom([]int{0, 1, 2, 999_999_999})
	rapid.Check(t, func(t *rapid.T) {
		var terms, ops []string
		var bounds [][]int
		for range rapid.IntRange(2, 5).Draw(t, "terms") {
			op := rapid.SampledFrom([]string{"=", "!=", "!=", ">", ">=", "<", "<=", "~>"}).Draw(t, "op")
			bound := rapid.SliceOfN(number, 2, 4).Draw(t, "bound")
			ops, bounds, terms = append(ops, op), append(bounds, bound), append(terms, op+text(bound))
		}
		isSatisfied := slices.ContainsFunc(all, func(v [4]int) bool {
			for i, op := range ops {
				if !model(op, bounds[i], v) {
					return false
				}
			}
			return true
		})
		_, err := Parse(strings.Join(terms, ","))
		var r *verdict.Refusal
		if isRefused := errors.As(err, &r) && r.Code() == CodeImpossible; isRefused == isSatisfied || err != nil && !isRefused {
			t.Fatalf("%q: %v, and a version satisfies it: %v", terms, err, isSatisfied)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.4", "~> 1.4", ">= 1.4, < 2", "v1", "~> 3", "1.2.3.4.5", ">=1-beta"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		q, err := Parse(p.String())
		if err != nil || !q.Equal(p) || p.String() != strings.TrimSpace(s) {
			t.Fatalf("%q is printed as %q and read again as %q, error %v", s, p, q, err)
		}
		if v, ok := p.Exact(); ok && !p.Allows(v) {
			t.Fatalf("%q does not allow %s", s, v)
		}
	})
}

func BenchmarkAllows(b *testing.B) {
	v := version(b, "1.4.0.0")
	for _, s := range []string{"1.4.0.0", "~> 1.4", ">= 1.4, < 2"} {
		p, err := Parse(s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%q", s), func(b *testing.B) {
			for b.Loop() {
				p.Allows(v)
			}
		})
	}
}
