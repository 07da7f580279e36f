package profile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/verdict"
)

// TestFaults lists profiles that are wrong, with the place and a word of each
// message.
func TestFaults(t *testing.T) {
	good := form("{ member: key }", "[json]", "date", "")
	pattern := func(p string) string { return form("{ script: '"+p+"' }", "[json]", "date", "") }
	signed := func(s string) string {
		return form("{ member: key }", "[json]", "date", "guids: [a]\nsignature: "+s)
	}
	const ed = `MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=`
	for _, c := range []struct {
		name, text string
		want       []string // each: place and words
	}{
		{"empty", "", []string{"test.yaml: the profile says nothing"}},
		{"no YAML", "a: [", []string{"test.yaml:2:1: this is not YAML"}},
		{"a list", "- a", []string{"1:1: a profile has keys"}},
		{"nothing said", "profile: 1", []string{`lacks the key "name"`, `lacks the key "find"`, `lacks the key "fields"`}},
		{"unknown key", good + "colour: red\n", []string{`8:1: unknown key "colour"`}},
		{"key given twice", good + "name: other\n", []string{`8:1: the key "name" is given twice; first at line 2`}},
		{"unknown key inside", strings.Replace(good, "{ ends: e", "{ end: e", 1), []string{`6:9: fields lacks the key "ends"`, `6:11: unknown key "end"`}},
		{"another format", strings.Replace(good, "profile: 1", "profile: 2", 1), []string{`1:10: this is a profile of the format "2"`}},
		{"second document", good + "---\na: b\n", []string{"a second document"}},
		{"alias", good + "products: &a [x]\nguids: *a\n", []string{"anchors"}},
		{"tag", strings.Replace(good, "name: test", "name: !!str test", 1), []string{"2:7: anchors, aliases and tags"}},
		{"merge", good + "<<: {name: x}\n", []string{"<<"}},
		{"too large", good + "#" + strings.Repeat("x", profile.MaxSize), []string{"at most 65536"}},
		{"not UTF-8", good + "# \xff", []string{"8:3: the character"}},
		{"text turned around", good + "# \u202e", []string{"8:3: the character U+202E"}},
		{"name of a path", strings.Replace(good, "name: test", "name: ../test", 1), []string{"2:7: ", "cannot name a profile"}},
		{"empty value", strings.Replace(good, "vendor: Aurora Visuals", "vendor:", 1), []string{"the vendor is empty"}},
		{"value too long", strings.Replace(good, "vendor: Aurora", "vendor: "+strings.Repeat("x", 600), 1), []string{"3:9: the vendor has"}},
		{"GUID that is none", good + "guids: [a-b]", []string{"8:9:"}},
		{"GUID twice", good + "guids: [a, a]", []string{"8:12: the GUID a is given twice"}},
		{"find nowhere", form("{}", "[json]", "date", ""), []string{"4:7: find does not say where"}},
		{"find in two places", form("{ script: 'abc(d)', entry: e }", "[json]", "date", ""), []string{"4:17: a pattern is for the script"}},
		{"find in the manifest", form("{ entry: package.json }", "[json]", "date", ""), []string{"4:16: package.json is not the vendor's"}},
		{"find in the statement", form("{ entry: resources/license.jws }", "[json]", "date", ""), []string{"is not the vendor's"}},
		{"path with an empty name", form("{ member: a..b }", "[json]", "date", ""), []string{"4:17:", "not a path"}},
		{"path too long", form("{ member: a.b.c.d.e.f.g.h.i }", "[json]", "date", ""), []string{"not a path"}},
		{"no step", form("{ member: a }", "[]", "date", ""), []string{"5:9: decode is a list"}},
		{"unknown step", form("{ member: a }", "[rot13, json]", "date", ""), []string{`5:10: "rot13" is not a step`}},
		{"part beyond the last", form("{ member: a }", "[part 3 of 2, json]", "date", ""), []string{"not parts of that many"}},
		{"json too early", form("{ member: a }", "[json, json]", "date", ""), []string{"5:10: json can only be the last"}},
		{"no json", form("{ member: a }", "[base64]", "date", ""), []string{"5:9: the last step is not json"}},
		{"too many steps", form("{ member: a }", "[base64, base64, base64, base64, base64, base64, base64, base64, json]", "date", ""), []string{"at most 8"}},
		{"unknown dates", form("{ member: a }", "[json]", "iso", ""), []string{`7:8: "iso" is not known as dates`}},
		{"no dates", strings.Replace(good, "dates: date\n", "", 1), []string{"6:9: the profile does not say how dates"}},
		{"unknown kind", good + "kind: node\n", []string{`8:7: "node" is not known`}},
		{"kinds without a field", good + "kinds: { x: user }\n", []string{"no field says the kind"}},
		{"products without a field", good + "products: [x]\n", []string{"no field says the product"}},
		{"mask of JSON", good + "mask: { alphabet: base64 }\n", []string{"8:7: the key is JSON"}},
		{"mask of code", form("{ member: content.js }", "[base64, json]", "date", "mask: { alphabet: base64 }"), []string{`"content" means something`}},
		{"mask of code in other case", form("{ member: Capabilities.x }", "[base64, json]", "date", "mask: { alphabet: base64 }"), []string{"means something"}},
		{"mask of anything", form("{ member: key }", "[base64, json]", "date", "mask: { alphabet: any }"), []string{`"any" is not known`}},
		{"mask too often", pattern("abc(d)") + "mask: { alphabet: base64, times: 5 }", []string{"8:34: times is a number from 1 to 4"}},
		{"mask never", pattern("abc(d)") + "mask: { alphabet: base64, times: 0 }", []string{"times is a number"}},
		{"pattern that is none", pattern("abc("), []string{"4:17: the pattern is not RE2"}},
		{"pattern without a group", pattern("abcd"), []string{"has 0 groups"}},
		{"pattern with two groups", pattern("abc(d)(e)"), []string{"has 2 groups"}},
		{"pattern looks behind", pattern(`abc(?<=d)(e)`), []string{"not RE2"}},
		{"pattern with a back reference", pattern(`abc(d)\1`), []string{"not RE2"}},
		{"pattern bound to a line", pattern(`abc(d)$`), []string{"looks at what is around"}},
		{"pattern bound to a word", pattern(`abc\b(d)`), []string{"looks at what is around"}},
		{"pattern that begins with anything", pattern(`.*abc(d)`), []string{"does not begin with"}},
		{"pattern in any case", pattern(`(?i)abcd(e)`), []string{"does not begin with"}},
		{"pattern too long", pattern("abc(" + strings.Repeat("d", 600) + ")"), []string{"at most 512"}},
		{"pattern of a thousand states", pattern(`abc([a-z]{1000})`), []string{"at most 300"}},
		{"pattern of repeated repeats", pattern(`abc((?:(?:a{10}){10}){10})`), []string{"at most 300"}},
		{"pattern repeated too often", pattern(`abc(a{1001})`), []string{"not RE2"}},
		{"key for every visual", form("{ member: key }", "[json]", "date", "signature: { algorithm: Ed25519, key: "+ed+", value: [base64], over: [base64] }"), []string{"must not speak for every visual"}},
		{"symmetric key", signed("{ algorithm: HS256, key: aaaa, value: [base64], over: [base64] }"), []string{`"HS256" is not known`}},
		{"no algorithm", signed("{ algorithm: none, key: aaaa, value: [base64], over: [base64] }"), []string{`"none" is not known`}},
		{"key of another algorithm", signed("{ algorithm: ES256, key: " + ed + ", value: [base64], over: [base64] }"), []string{"not a key of ES256"}},
		{"key of low order", signed("{ algorithm: Ed25519, key: MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=, value: [base64], over: [base64] }"), []string{"low order"}},
		{"key that is none", signed("{ algorithm: Ed25519, key: '%%%', value: [base64], over: [base64] }"), []string{"neither PEM nor base64"}},
		{"private key", signed(`{ algorithm: Ed25519, key: "-----BEGIN ` + `PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", value: [base64], over: [base64] }`), []string{"PEM of the type"}},
		{"JSON signed", signed("{ algorithm: Ed25519, key: " + ed + ", value: [json], over: [base64] }"), []string{"json can only be"}},
		{"two faults, in order", strings.Replace(good, "name: test", "name: T", 1) + "x: y\n", []string{"2:7:", "8:1:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := profile.Parse("test.yaml", []byte(c.text))
			var r *verdict.Refusal
			if !errors.As(err, &r) || r.Code() != "profile.form" || p.Name() != "" {
				t.Fatalf("%+v, %v", p, err)
			}
			at := 0
			for _, want := range c.want {
				i := strings.Index(err.Error()[at:], want)
				if i < 0 {
					t.Fatalf("no %q, or not in order, in: %v", want, err)
				}
				at += i
			}
		})
	}
}

func TestFingerprint(t *testing.T) {
	text := shipped(t, "token-in-script")
	print := func(oldnew ...string) string {
		changed := strings.NewReplacer(oldnew...).Replace(text)
		if len(oldnew) > 0 && changed == text {
			t.Fatalf("there is no %s", oldnew[0])
		}
		return parse(t, changed).Fingerprint()
	}
	same := print()
	if print("# Reads a signed", "# Finds a signed") != same || print("kind: user", `kind: "user"`) != same || print("name: token-in-script\nvendor: Aurora Visuals\n", "vendor: Aurora Visuals\nname: token-in-script\n") != same {
		t.Error("comments, quotes or order change the fingerprint")
	}
	prints := []string{same}
	for _, c := range [][]string{
		{"name: token", "name: other"}, {"vendor: Aurora", "vendor: Borealis"}, {"5D6E]", "5D6F]"}, {"{20,}", "{21,}"},
		{"decode: [part 2 of 3", "decode: [part 1 of 3"}, {"ends: exp", "ends: iat"}, {"dates: unix", "dates: unix-milliseconds"},
		{"kind: user", "kind: site"}, {"[aurora-gauge]", "[aurora-other]"}, {"value: [part 3 of 3", "value: [part 1 of 3"},
		{"over: [parts 1-2 of 3", "over: [parts 1-3 of 3"}, {"alphabet: base64url", "alphabet: base64"},
		{"alphabet: base64url", "alphabet: base64url\n  times: 2"}, {"quantity: users", "quantity: seats"},
		{"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="},
	} {
		p := print(c...)
		if slices.Contains(prints, p) {
			t.Errorf("%q does not change the fingerprint", c)
		}
		prints = append(prints, p)
	}
}

// TestHostilePatternsEnd tries patterns that keep other engines, and wide RE2
// programs, busy for long.
func TestHostilePatternsEnd(t *testing.T) {
	hostile := "abc" + strings.Repeat("a", 20<<10)
	for _, p := range []string{
		`abc((?:a+)+b)`, `abc((?:a|a)*b)`, `abc((?:a|aa)+c)`, `abc((?:.*a){20}b)`, `abc((?:a?){90}a{90}b)`,
		`abc((?:[a-c]*[b-d]*[a-d]*){12}z)`, `abc([\pL\pN]{140}[^b]{140}z)`,
	} {
		parsed := parse(t, form("{ script: '"+p+"' }", "[json]", "date", ""))
		start := time.Now()
		_, err := parsed.Read(open(t, pkg{Script: strings.Repeat(hostile, 60), Stored: true}))
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %s", p, took)
		} else {
			t.Logf("%s took %s: %v", p, took, err)
		}
	}
}

// A set's fingerprint stands for its profiles and their order.
func TestSetFingerprint(t *testing.T) {
	text := shipped(t, "token-in-script")
	one, other := parse(t, text), parse(t, strings.Replace(text, "kind: user", "kind: site", 1))
	seen := map[string]string{}
	for name, set := range map[string]profile.Set{"none": nil, "one": {one}, "the other": {other}, "both": {one, other}, "the other way round": {other, one}} {
		print := set.Fingerprint()
		if seen[print] != "" || print != slices.Clone(set).Fingerprint() {
			t.Errorf("%s has the fingerprint of %q", name, seen[print])
		}
		seen[print] = name
	}
}
