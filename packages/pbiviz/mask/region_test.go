package mask_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/mask"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

type pkg = pbiviztest.Package

type fataler interface{ Fatal(args ...any) }

func open(t fataler, p pkg) *pbiviz.Package {
	read, err := pbiviz.Read(p.Bytes(), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// digestWithoutMark digests a package without what stands between two marks in its script.
func digestWithoutMark(t fataler, p pkg, text string) string {
	read := open(t, p)
	start := bytes.Index(read.Code().Script, []byte(text))
	r, err := mask.InScript(read, start, start+len(text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mask.Digest(read, []mask.Region{r})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDigest(t *testing.T) {
	a := digestWithoutMark(t, pkg{Script: `a="KEY"`}, "KEY")
	for _, c := range []struct {
		name string
		p    pkg
		text string
		same bool
	}{
		{"another key", pkg{Script: `a="OTHER"`}, "OTHER", true},
		{"no key at all", pkg{Script: `a=""`}, "", false}, // the region is elsewhere
		{"zipped otherwise", pkg{Script: `a="KEY"`, Stored: true}, "KEY", true},
		{"with a statement", pkg{Script: `a="KEY"`, Statement: []byte("s")}, "KEY", true},
		{"another script", pkg{Script: `b="KEY"`}, "KEY", false},
		{"another style", pkg{Script: `a="KEY"`, Style: "x"}, "KEY", false},
		{"another entry", pkg{Script: `a="KEY"`, Extra: map[string][]byte{"resources/a": nil}}, "KEY", false},
		{"only a part masked", pkg{Script: `a="KEY"`}, "KE", false},
		{"region moved", pkg{Script: `aKEY="`}, "KEY", false},
		{"the same bytes in another generation", pkg{Script: `a="KEY"`, Old: true}, "KEY", false},
	} {
		if got := digestWithoutMark(t, c.p, c.text) == a; got != c.same {
			t.Errorf("%s: same digest %t, want %t", c.name, got, c.same)
		}
	}
	if old := digestWithoutMark(t, pkg{Script: `a="KEY"`, Old: true}, "KEY"); old != digestWithoutMark(t, pkg{Script: `a="OTHER"`, Old: true}, "OTHER") {
		t.Error("old packages with other keys have other digests")
	}
}

func TestDigestRefuses(t *testing.T) {
	p := open(t, pkg{})
	inner := mask.Inner(p)
	for name, regions := range map[string][]mask.Region{
		"no such entry":  {{Entry: "resources/x", Start: 0, End: 1}},
		"outside":        {{Entry: inner, Start: 0, End: 1 << 20}},
		"backwards":      {{Entry: inner, Start: 5, End: 4}},
		"negative":       {{Entry: inner, Start: -1, End: 4}},
		"overlapping":    {{Entry: inner, Start: 0, End: 5}, {Entry: inner, Start: 4, End: 6}},
		"the same twice": {{Entry: inner, Start: 0, End: 5}, {Entry: inner, Start: 0, End: 5}},
	} {
		if d, err := mask.Digest(p, regions); err == nil {
			t.Errorf("%s: digest %s", name, d)
		}
	}
	one, err1 := mask.Digest(p, nil)
	two, err2 := mask.Digest(p, []mask.Region{{Entry: inner}})
	if err1 != nil || err2 != nil || one == two {
		t.Errorf("an empty region does not count: %s, %v, %v", one, err1, err2)
	}
	// An entry that spells what the digest of another one is computed from.
	whole := open(t, pkg{Extra: map[string][]byte{"resources/a": []byte("1\na1\nb")}})
	parts := open(t, pkg{Extra: map[string][]byte{"resources/a": []byte("aKEYb")}})
	one, err1 = mask.Digest(whole, nil)
	two, err2 = mask.Digest(parts, []mask.Region{{Entry: "resources/a", Start: 1, End: 4}})
	if err1 != nil || err2 != nil || one == two {
		t.Errorf("an entry passes for another one's parts: %s, %v, %v", one, err1, err2)
	}
}

// TestInScriptFindsTheBytes: whatever the script before it, and however
// pbiviz.json spells it, a part of the script is found or refused.
func TestInScriptFindsTheBytes(t *testing.T) {
	spell := func(s string, all bool) string {
		quoted, err := jsontext.AppendQuote(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		if !all {
			return string(quoted)
		}
		var b strings.Builder
		for _, r := range s {
			if r > 0xffff {
				r -= 0x10000
				fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
		return `"` + b.String() + `"`
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab\"'\\/\n\t\u007f\u00e9\u2028\ufeff😀")))
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		key := rapid.StringMatching(`[A-Za-z0-9_-]{1,20}`).Draw(t, "key")
		js := spell(before, rapid.Bool().Draw(t, "spelled out"))
		js = js[:len(js)-1] + key + spell(after, false)[1:]
		p := pkg{}
		p.Inner = strings.Replace(string(p.Files()[2].Body), `"js":`, `"js":`+js+`,"was":`, 1)
		read := open(t, p)
		r, err := mask.InScript(read, len(before), len(before)+len(key))
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := read.Entry(r.Entry); string(body[r.Start:r.End]) != key {
			t.Fatalf("found %q instead of %q", body[r.Start:r.End], key)
		}
	})
}

func TestInScriptRefusesWhatIsEscaped(t *testing.T) {
	p := pkg{}
	p.Inner = strings.Replace(string(p.Files()[2].Body), `"js":`, `"js":"a='\u004bEY';b='a\/b'","was":`, 1)
	read := open(t, p)
	for _, text := range []string{"KEY", "a/b"} {
		start := bytes.Index(read.Code().Script, []byte(text))
		if r, err := mask.InScript(read, start, start+len(text)); err == nil {
			t.Errorf("%s is found at %+v", text, r)
		}
	}
	for _, c := range [][2]int{{-1, 2}, {3, 2}, {0, 1000}} {
		if r, err := mask.InScript(read, c[0], c[1]); err == nil {
			t.Errorf("%v is found at %+v", c, r)
		}
	}
	source := "a='KEY'"
	twice := open(t, pkg{Old: true, Script: source, Extra: map[string][]byte{"resources/auroraGauge.ts": []byte(source)}})
	if r, err := mask.InScript(twice, 3, 6); err == nil {
		t.Errorf("one of two equal entries is found: %+v", r)
	}
}

func TestMember(t *testing.T) {
	text := []byte(` {"a": 1, "b" : {"c":  "x" , "d\u0065": [2]}}`)
	for path, want := range map[string]string{"a": "1", "b.c": `"x"`, "b.de": "[2]"} {
		v, at, err := mask.Member(text, strings.Split(path, ".")...)
		if err != nil || string(v) != want || string(text[at:at+len(v)]) != want {
			t.Errorf("%s: %s at %d, %v", path, v, at, err)
		}
	}
	for _, path := range []string{"x", "a.b", "b.x", "b.c.d"} {
		if v, _, err := mask.Member(text, strings.Split(path, ".")...); err == nil {
			t.Errorf("%s: %s", path, v)
		}
	}
}
