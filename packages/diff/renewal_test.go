package diff_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// TestRenewalUnproven: what looks like a renewal is said to, and stays code.
func TestRenewalUnproven(t *testing.T) {
	const key, later = "QVVST1JBLTEwMDE.c2ln", "QVVST1JBLTEwMDI.c2lnbmF0dXJl"
	script := func(format string, args ...any) pkg { return pkg{Script: fmt.Sprintf(format, args...)} }
	for _, c := range []struct {
		name     string
		from, to pkg
		looks    bool
	}{
		{"another key", script(`k="%s";f(k)`, key), script(`k="%s";f(k)`, later), true},
		{"another date", script(`e='2027-03-01';f(e)`), script(`e='2028-03-01';f(e)`), true},
		{"in a template", script("k=`%s`", key), script("k=`%s`", later), true},
		{"one character", script(`k="%s"`, key), script(`k="%sx"`, key), true},
		{"a key that repeats itself", script(`k="aaaaaaaaaa"`), script(`k="aaaaaaaaaaaaaaa"`), true},
		{"and the statement", script(`k="%s"`, key), pkg{Script: `k="` + later + `"`, Statement: []byte("s")}, true},
		{"two keys", script(`k="%s";l="%s"`, key, key), script(`k="%s";l="%s"`, later, later), false},
		{"key and code", script(`k="%s";f(k)`, key), script(`k="%s";g(k)`, later), false},
		{"key and version", script(`k="%s"`, key), pkg{Script: `k="` + later + `"`, Version: "1.1.0.0"}, false},
		{"key and style", script(`k="%s"`, key), pkg{Script: `k="` + later + `"`, Style: "x"}, false},
		{"key and another entry", script(`k="%s"`, key), pkg{Script: `k="` + later + `"`, Extra: map[string][]byte{"resources/a": nil}}, false},
		{"code between quotes", script(`a="x"%s"y"`, "-aaaaaaaa-"), script(`a="x"%s"y"`, "-bbbbbbbb-"), false},
		{"in a comment", script(`/*"%s"*/`, key), script(`/*"%s"*/`, later), false},
		{"not the whole literal", script(`k="key %s"`, key), script(`k="key %s"`, later), false},
		{"words", script(`k="one two three"`), script(`k="one two four"`), false},
		{"a URL", script(`k="https://a.example"`), script(`k="https://b.example"`), false},
		{"an identifier", script(`a["parseInt"](b)`), script(`a["eval"](b)`), false},
		{"a long text", script(`k="%s"`, key), script(`k="%s"`, strings.Repeat("a", 9000)), false},
		{"a script that cannot be taken apart", script("a<!--\nk='%s'", key), script("a<!--\nk='%s'", later), false},
		{"no script, then one", pkg{Script: " "}, script(`k="%s"`, key), false},
		{"a number", script(`k=1803859200`), script(`k=1811808000`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := diff.Compare(open(t, c.from.Bytes()), open(t, c.to.Bytes()))
			if d.Has("diff.renewal_unproven") != c.looks || d.Class != diff.Code {
				t.Errorf("class %s, findings %q", d.Class, findingCodes(d))
			}
			for _, f := range d.Findings {
				if strings.Contains(f.Message, key) || strings.Contains(f.Message, later) {
					t.Errorf("the key is repeated: %s", f.Message)
				}
			}
		})
	}
	old := func(k string) *pbiviz.Package { return open(t, pkg{Old: true, Script: `k="` + k + `"`}.Bytes()) }
	if d := diff.Compare(old(key), old(later)); !d.Has("diff.renewal_unproven") {
		t.Errorf("of the old generation: %q", findingCodes(d))
	}
}

type digest string

func TestCompareMasked(t *testing.T) {
	a, b := pkg{Script: `k="a"`}, pkg{Script: `k="b"`}
	renewed := pkg{Script: `k="b"`, Statement: []byte("s")}
	fixed := func(p *pbiviz.Package) (digest, error) { return "m1:same", nil }
	own := func(p *pbiviz.Package) (digest, error) { return digest(p.Content()), nil }
	empty := func(p *pbiviz.Package) (digest, error) { return "", nil }
	failing := func(script string) func(*pbiviz.Package) (digest, error) {
		return func(p *pbiviz.Package) (digest, error) {
			if string(p.Code().Script) == script {
				return "", errors.New("it is not there")
			}
			return "m1:same", nil
		}
	}
	code := []string{"note diff.script", "note diff.same_version_other_code"}
	for _, c := range []struct {
		name     string
		from, to pkg
		masked   func(*pbiviz.Package) (digest, error)
		class    diff.Class
		codes    []string
	}{
		{"equal without the license", a, b, fixed, diff.LicenseOnly, []string{"note diff.license_masked"}},
		{"equal without the license, and a statement", a, renewed, fixed, diff.LicenseOnly, []string{"note diff.statement", "note diff.license_masked"}},
		{"different without the license", a, b, own, diff.Code, code},
		{"digests of nothing", a, b, empty, diff.Code, code},
		{"not masked before", a, b, failing(`k="a"`), diff.Code, append(slices.Clone(code), "note diff.license_unmasked")},
		{"not masked after", a, b, failing(`k="b"`), diff.Code, append(slices.Clone(code), "note diff.license_unmasked")},
		{"identical", a, a, failing(`k="a"`), diff.Identical, nil},
		{"another statement", b, renewed, failing(`k="b"`), diff.LicenseOnly, []string{"note diff.statement"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := diff.CompareMasked(open(t, c.from.Bytes()), open(t, c.to.Bytes()), c.masked)
			if d.Class != c.class || !slices.Equal(findingCodes(d), c.codes) {
				t.Errorf("class %s, findings %q", d.Class, findingCodes(d))
			}
		})
	}
}
