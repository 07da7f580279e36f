package profile_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/verdict"
)

func masked(t fataler, p profile.Profile, made pkg) profile.Masked {
	m, err := p.Masked(open(t, made))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestNothingHidesUnderTheMask lists what somebody might try to pass off as a
// renewal. Each is a script; K stands for a genuine key, and L for a later one.
// The first script is installed, the second comes as its renewal.
func TestNothingHidesUnderTheMask(t *testing.T) {
	p := parse(t, shipped(t, "base64-json-in-script"))
	const renewal, refused, differs = "", "refused", "differs"
	for _, c := range []struct{ name, before, after, want string }{
		{"a renewal", `k="K";f(k)`, `k="L";f(k)`, renewal},
		{"the same", `k="K";f(k)`, `k="K";f(k)`, renewal},
		{"a renewal behind regular expressions and comments", `/*"*/r=/["/]/;//'` + "\n" + `k="K"`, `/*"*/r=/["/]/;//'` + "\n" + `k="L"`, renewal},
		{"code behind it", `k="K";f(k)`, `k="L";g(k)`, differs},
		{"code before it", `k="K"`, `evil();k="L"`, differs},
		{"a space", `k="K";f(k)`, `k="L"; f(k)`, differs},
		{"put together with code", `k="K";`, `k="L"+evil()+"L"`, refused},
		{"adjacent literals", `k="K"`, `k="L""L"`, refused},
		{"another place", `k="K";l=""`, `k="";l="K"`, differs},
		{"once more", `k="K"`, `k="L";l="L"`, refused},
		{"none", `k="K"`, `k=""`, refused},
		{"in a line comment that was code", `k="K"`, `//k="L"`, refused},
		{"in a line comment", "//k=\"K\"\n", "//k=\"L\"\n", refused},
		{"in a block comment", `/*"K"*/`, `/*"L"*/`, refused},
		{"comment with a quote turns code and strings around", `/*"*/a="K"`, `/*'*/a='"K"'`, refused},
		{"inside another string", `k='"K"'`, `k='"L"'`, refused},
		{"between two strings", `k='x"K"y'`, `k='x"L"y'`, refused},
		{"in a template", "k=`\"K\"`", "k=`\"L\"`", refused},
		{"in a substitution of a template", "k=`${\"K\"}`", "k=`${\"L\"}`", renewal},
		{"in a regular expression", `k=/"K"/`, `k=/"L"/`, refused},
		{"behind a regular expression with a quote", `a=/"/;k="K"`, `a=/"/;k="L"`, renewal},
		{"between two strings, as code", `a="x";"K";b="y"`, `a="x";"L";b="y"`, renewal},
		{"code between the quotes of two strings", `a=""K"";`, `a=""L"";`, refused},
		{"behind an HTML-like comment", "<!--\nk=\"K\"", "<!--\nk=\"L\"", refused},
		{"behind a string with an open quote", "a='\n';k=\"K\"", "a='\n';k=\"L\"", refused},
		{"behind a slash that may be either", `a:{}/b/"K"`, `a:{}/b/"L"`, refused},
		{"behind a line continuation", "a='\\\n';k=\"K\"", "a='\\\n';k=\"L\"", renewal},
		{"the same under another quote", `k="K"`, `k='L'`, refused},
		{"escaped quote before it", `a="\"K"`, `a="\"L"`, refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := func(script string) *pbiviz.Package {
				return open(t, pkg{Script: strings.NewReplacer("K", key(march), "L", key(june)).Replace(script)})
			}
			before, errBefore := p.Masked(made(c.before))
			after, err := p.Masked(made(c.after))
			got := differs
			switch {
			case err != nil || errBefore != nil:
				got = refused
			case before == after:
				got = renewal
			}
			if got != c.want {
				t.Errorf("got %q, want %q: %v, %v", got, c.want, errBefore, err)
			}
		})
	}
}

// TestMaskedParts: everything else in the package counts.
func TestMaskedParts(t *testing.T) {
	p := parse(t, shipped(t, "base64-json-in-script"))
	with := func(change func(*pkg)) pkg {
		made := pkg{Script: script(key(june))}
		change(&made)
		return made
	}
	installed := masked(t, p, pkg{Script: script(key(march))})
	for name, made := range map[string]pkg{
		"zipped otherwise": with(func(p *pkg) { p.Stored = true }),
		"statement":        with(func(p *pkg) { p.Statement = []byte("s") }),
		"longer key":       with(func(p *pkg) { p.Script = script(key(june, `,"more":"`, strings.Repeat("x", 1000), `"`)) }),
	} {
		if masked(t, p, made) != installed {
			t.Errorf("%s: another digest", name)
		}
	}
	for name, made := range map[string]pkg{
		"version":      with(func(p *pkg) { p.Version = "1.0.0.1" }),
		"style":        with(func(p *pkg) { p.Style = "x" }),
		"name":         with(func(p *pkg) { p.DisplayName = "x" }),
		"icon":         with(func(p *pkg) { p.IconData = "x" }),
		"strings":      with(func(p *pkg) { p.Strings = `{"a":{}}` }),
		"entry":        with(func(p *pkg) { p.Extra = map[string][]byte{"resources/a": nil} }),
		"GUID":         with(func(p *pkg) { p.GUID = "other" }),
		"capabilities": with(func(p *pkg) { p.Capabilities = `{}` }),
		"generation":   with(func(p *pkg) { p.Old = true }),
	} {
		if masked(t, p, made) == installed {
			t.Errorf("%s: the same digest", name)
		}
	}
	other := parse(t, strings.Replace(shipped(t, "base64-json-in-script"), "kind: user", "kind: site", 1))
	if masked(t, other, pkg{Script: script(key(march))}) == installed {
		t.Error("another profile has the same digest")
	}
	old := masked(t, p, pkg{Script: script(key(march)), Old: true})
	if old != masked(t, p, pkg{Script: script(key(june)), Old: true}) {
		t.Error("a renewal of an old package has another digest")
	}
}

// TestMaskedElsewhere: a key may also be masked in places that Power BI does
// not know.
func TestMaskedElsewhere(t *testing.T) {
	k, l := b64(`{"i":"1001","e":"2027-03-01"}`), b64(`{"i":"1001","e":"2027-06-01"}`)
	in := func(name, body string) pkg { return pkg{Extra: map[string][]byte{name: []byte(body)}} }
	listed := func(file string) pkg {
		made := in("resources/l.txt", k)
		made.Manifest = strings.Replace(string(made.Files()[0].Body), `"resources":[`, `"resources":[{"resourceId":"x","sourceType":3,"file":"`+file+`"},`, 1)
		return made
	}
	const mask = "mask: { alphabet: base64 }"
	inside := form("{ member: a.key }", "[base64, json]", "date", mask)
	whole := form("{ entry: resources/l.txt }", "[base64, json]", "date", mask)
	part := form("{ entry: resources/l.json, member: key }", "[base64, json]", "date", mask)
	manifest := form("{ entry: resources/auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E.pbiviz.json, member: a.key }", "[base64, json]", "date", mask)
	for _, c := range []struct {
		name, profile string
		before, after pkg
		want          verdict.Code // none: the same digest
	}{
		{"member", inside, inner(`"a":{"key":"` + k + `"},`), inner(`"a":{"key":"` + l + `"},`), ""},
		{"member, and another one", inside, inner(`"a":{"key":"` + k + `","b":1},`), inner(`"a":{"key":"` + l + `","b":2},`), "differs"},
		{"member, spelled otherwise", inside, inner(`"a":{"key":"` + k + `"},`), inner(`"a":{"key":"\u00` + "65" + l[1:] + `"},`), "profile.mask"},
		{"whole entry", whole, in("resources/l.txt", k), in("resources/l.txt", l), ""},
		{"whole entry, and a line feed", whole, in("resources/l.txt", k), in("resources/l.txt", l+"\n"), "differs"},
		{"member of an entry", part, in("resources/l.json", `{"key":"`+k+`"}`), in("resources/l.json", `{"key":"`+l+`"}`), ""},
		{"entry that the visual uses", whole, in("resources/l.txt", k), listed("resources/l.txt"), "profile.mask"},
		{"entry that the visual uses in other case", whole, in("resources/l.txt", k), listed("Resources/L.TXT"), "profile.mask"},
		{"pbiviz.json under the name of an entry", manifest, inner(`"a":{"key":"` + k + `"},`), inner(`"a":{"key":"` + l + `"},`), "profile.mask"},
		{"object", form("{ member: a }", "[base64, json]", "date", mask), inner(`"a":{"key":"` + k + `"},`), inner(`"a":{"key":"` + l + `"},`), "profile.key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parse(t, c.profile)
			before, err := p.Masked(open(t, c.before))
			after, also := p.Masked(open(t, c.after))
			got := verdict.Code("")
			switch {
			case err != nil:
				got = code(err)
			case also != nil:
				got = code(also)
			case before != after:
				got = "differs"
			}
			if got != c.want {
				t.Errorf("got %s: %v, %v", got, err, also)
			}
		})
	}
}

// TestAlphabet: what is not of the alphabet is not masked.
func TestAlphabet(t *testing.T) {
	claims := b64(`{"i":"10001","e":"2027-03-01"}`)
	for _, c := range []struct {
		alphabet, rest string
		ok             bool
	}{
		{"base64url", "abc_-", true}, {"base64url", "abc+", false}, {"base64url", "abc=", false}, {"base64url", "", false},
		{"base64", "ab+/", true}, {"base64", "abc=", true}, {"base64", "ab==", true}, {"base64", "a===", false}, {"base64", "a=b", false},
		{"base64", "ab_", false}, {"base64", "=", false}, {"base64", "==", false}, {"base64", "(a)", false}, {"base64", "a;b", false},
		{"base64", "a b", false}, {"base64", "${a}", false}, {"base64", "é", false},
	} {
		text := form(`{ script: 'key=["`+"`"+`](eyJ.*?)["`+"`"+`];' }`, `["part 1 of 2", base64, json]`, "date", "mask: { alphabet: "+c.alphabet+" }")
		for _, quote := range []string{`"`, "`"} {
			_, err := parse(t, text).Masked(open(t, pkg{Script: "key=" + quote + claims + "." + c.rest + quote + ";"}))
			if c.ok != (err == nil) || err != nil && code(err) != "profile.mask" {
				t.Errorf("%q in %s: %v", c.rest, c.alphabet, err)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	text := shipped(t, "base64-json-in-script")
	twice := parse(t, strings.Replace(text, "times: 1", "times: 2", 1))
	made := func(k string) pkg { return pkg{Script: script(k) + script(k)} }
	if masked(t, twice, made(key(march))) != masked(t, twice, made(key(june))) {
		t.Error("a renewal of both has another digest")
	}
	for _, script := range []string{script(key(march)), script(key(march)) + script(key(june)), strings.Repeat(script(key(march)), 3)} {
		if m, err := twice.Masked(open(t, pkg{Script: script})); err == nil {
			t.Errorf("masked as %s", m)
		}
	}
}

// TestMaskHidesNothing: whichever byte outside of the key changes, the digest
// changes, or the package is refused.
func TestMaskHidesNothing(t *testing.T) {
	p := parse(t, shipped(t, "base64-json-in-script"))
	const head = "/*\"'`*/var a=b/2,r=/[\"'/]+/g,s='it\\'s \"',u=`x${a}y`;if(a)/\"/.test(s);\n//\"'\n"
	const tail = ";function run(c){return check(k)/2+'\"'}"
	k := key(march)
	source := []byte(head + `var k="` + k + `"` + tail)
	start := bytes.Index(source, []byte(k))
	installed := masked(t, p, pkg{Script: string(source), Stored: true})
	rapid.Check(t, func(t *rapid.T) {
		changed := bytes.Clone(source)
		at := rapid.IntRange(0, len(source)-1).Draw(t, "at")
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			changed[at] = rapid.ByteRange(' ', '~').Draw(t, "to")
		case 1:
			changed = append(changed[:at], changed[at+1:]...)
		case 2:
			more := rapid.SampledFrom([]string{`"`, `'`, "`", "/", "\\", "//", "/*", "*/", "\n", "${", "}", `"+evil()+"`, `",evil(),"`, `"` + k + `"`}).Draw(t, "more")
			changed = bytes.Join([][]byte{changed[:at], []byte(more), changed[at:]}, nil)
		}
		m, err := p.Masked(open(t, pkg{Script: string(changed), Stored: true}))
		if err != nil || m != installed {
			return
		}
		// The same digest: then all that was before and behind the key still is,
		// and between them stands a key.
		before, after := source[:start], source[start+len(k):]
		if !bytes.HasPrefix(changed, before) || !bytes.HasSuffix(changed, after) || len(changed) < len(before)+len(after) {
			t.Fatalf("hidden: %q", changed)
		}
		inside := changed[len(before) : len(changed)-len(after)]
		if bytes.ContainsAny(inside, "\"'`\\()${}<>;,* \n") {
			t.Fatalf("hidden inside: %q", inside)
		}
	})
}

// FuzzMasked: no script and no pattern makes a profile panic, and no pattern
// hides a change before, behind or around the key.
func FuzzMasked(f *testing.F) {
	k, l := key(march), key(june)
	f.Add("a=/\"/;k=\"", "\";f()", `"(eyJ[A-Za-z0-9+/]{20,}={0,2}\.[A-Za-z0-9+/]{20,}={0,2})"`)
	f.Add("`${'", "'}`", `(eyJ[A-Za-z0-9+/.=]+)`)
	f.Add("//\u2028k='", "'", `eyJ(.*)`)
	f.Add("a<!--\"", "\"", `"((?:eyJ|b)[^"]*)"`)
	f.Fuzz(func(t *testing.T, before, after, pattern string) {
		if strings.ContainsAny(pattern, "'\n\r\x00") {
			return
		}
		p, err := profile.Parse("fuzz.yaml", []byte(strings.Replace(shipped(t, "base64-json-in-script"),
			`'"(eyJ[A-Za-z0-9+/]{20,}={0,2}\.[A-Za-z0-9+/]{20,}={0,2})"'`, "'"+pattern+"'", 1)))
		if err != nil {
			return
		}
		read := func(key string) (*pbiviz.Package, bool) {
			made, err := pbiviz.Read(pkg{Script: before + key + after, Stored: true}.Bytes(), pbiviz.DefaultLimits())
			return made, err == nil
		}
		x, ok := read(k)
		if !ok {
			return
		}
		m, err := p.Masked(x)
		if err != nil {
			return
		}
		for _, changed := range []string{k + " ", " " + k, l + `"+"`, k + `";"`, strings.Replace(k, ".", ";", 1)} {
			y, ok := read(changed)
			if !ok {
				continue
			}
			if n, err := p.Masked(y); err == nil && m == n {
				t.Fatalf("%q is hidden", changed)
			}
		}
	})
}

// FuzzParse: no text makes the reader panic; what it takes has a name, a vendor
// and a fingerprint.
func FuzzParse(f *testing.F) {
	for _, e := range profile.Examples() {
		f.Add(e.Text)
	}
	f.Add([]byte("profile: 1\nfind: &a [*a]\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := profile.Parse("fuzz.yaml", text)
		if c := code(err); err != nil && c != "profile.form" {
			t.Fatalf("%s: %v", c, err)
		}
		if err == nil && (p.Name() == "" || p.Vendor() == "" || !strings.HasPrefix(p.Fingerprint(), "sha256:")) {
			t.Fatalf("%+v", p)
		}
	})
}
