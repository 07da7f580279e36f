package profile_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/profile"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
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

func parse(t fataler, text string) profile.Profile {
	p, err := profile.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shipped returns the profile that comes with the program under a name.
func shipped(t fataler, name string) string {
	for _, e := range profile.Examples() {
		if e.Name == name+".yaml" {
			return string(e.Text)
		}
	}
	t.Fatal("there is no example " + name)
	return ""
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// key makes a vendor's key of the public form.
func key(ends time.Time, more ...string) string {
	claims := fmt.Sprintf(`{"id":"A-1001","expiresAt":%d,"quantity":760,"pId":"gauge"%s}`, ends.UnixMilli(), strings.Join(more, ""))
	return b64(claims) + "." + b64("a signature that nobody can check")
}

var (
	march = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	june  = time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
)

// script puts a key into a script.
func script(key string) string { return `var k="` + key + `";function run(){return check(k)}` }

// code returns the code of a refusal; "accepted" if there is none.
func code(err error) verdict.Code {
	var r *verdict.Refusal
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &r):
		return r.Code()
	}
	return verdict.Code("no refusal: " + err.Error())
}

func TestExamplesParse(t *testing.T) {
	prints := map[string]bool{}
	for _, e := range profile.Examples() {
		p := parse(t, string(e.Text))
		if p.Name()+".yaml" != e.Name || p.Vendor() == "" || prints[p.Fingerprint()] {
			t.Errorf("%s: name %s, vendor %q, fingerprint %s", e.Name, p.Name(), p.Vendor(), p.Fingerprint())
		}
		prints[p.Fingerprint()] = true
	}
	if len(prints) < 3 {
		t.Errorf("only %d examples", len(prints))
	}
}

func TestReadBase64JSONInScript(t *testing.T) {
	p := parse(t, shipped(t, "base64-json-in-script"))
	token := key(march)
	found, err := p.Read(open(t, pkg{Script: script(token)}))
	if err != nil {
		t.Fatal(err)
	}
	want := license.Terms{Grade: license.Readable, Vendor: "Aurora Visuals", ID: "A-1001", Kind: license.User, Quantity: 760, Ends: march}
	if got := fmt.Sprintf("%+v", found.Terms); got != fmt.Sprintf("%+v", want) {
		t.Errorf("terms %s", got)
	}
	if found.Product != "gauge" || found.Place != "the script" || found.Profile != p.Name() || found.Shown != fmt.Sprintf("eyJp… (%d characters)", len(token)) {
		t.Errorf("%+v", found)
	}
	old, err := p.Read(open(t, pkg{Script: script(token), Old: true}))
	if err != nil || old.Token != found.Token {
		t.Errorf("in an old package: %+v, %v", old, err)
	}
	later, err := p.Read(open(t, pkg{Script: script(key(june))}))
	if err != nil || later.Token == found.Token || !later.Terms.Ends.Equal(june) {
		t.Errorf("another key: %+v, %v", later, err)
	}
}

func TestReadJSONInEntry(t *testing.T) {
	p := parse(t, shipped(t, "json-in-entry"))
	for _, c := range []struct {
		name, body string
		code       verdict.Code
		terms      string
	}{
		{"users", `{"license":{"number":"A-1","validUntil":"2027-03-01","customer":"Contoso","model":"named","users":5,"capacity":null}}`, "accepted", "user 5 []"},
		{"capacity, with a line feed", `{"license":{"number":7,"validUntil":"2027-03-01","model":"node","capacity":"P1"}}` + "\n", "accepted", "capacity 0 [P1]"},
		{"a kind by our own word", `{"license":{"validUntil":"2027-03-01","model":"site"}}`, "accepted", "site 0 []"},
		{"unknown kind", `{"license":{"validUntil":"2027-03-01","model":"pro"}}`, "profile.field", ""},
		{"unknown capacity", `{"license":{"validUntil":"2027-03-01","capacity":"Z9"}}`, "profile.field", ""},
		{"no end", `{"license":{"number":"A-1","customer":"Contoso"}}`, "profile.field", ""},
		{"not a day", `{"license":{"validUntil":"2027-02-29","model":"site"}}`, "profile.field", ""},
		{"another form of date", `{"license":{"validUntil":"2027-03-01T00:00:00Z"}}`, "profile.field", ""},
		{"end as a member of an object", `{"license":{"validUntil":{"date":"2027-03-01"}}}`, "profile.field", ""},
		{"end given twice", `{"license":{"validUntil":"2027-03-01","validUntil":"2099-03-01"}}`, "profile.key", ""},
		{"a second document", `{"license":{"validUntil":"2027-03-01"}}{}`, "profile.key", ""},
		{"not an object", `["2027-03-01","2027-03-01"]`, "profile.key", ""},
		{"negative quantity", `{"license":{"validUntil":"2027-03-01","users":-1}}`, "profile.field", ""},
		{"quantity of 2^63", `{"license":{"validUntil":"2027-03-01","users":9223372036854775808}}`, "profile.field", ""},
		{"quantity with a fraction", `{"license":{"validUntil":"2027-03-01","users":1.5}}`, "profile.field", ""},
		{"customer that turns text around", `{"license":{"validUntil":"2027-03-01","customer":"a\u202eb"}}`, "profile.field", ""},
		{"too small", `{}`, "profile.size", ""},
		{"too large", `{"license":{"validUntil":"2027-03-01","more":"` + strings.Repeat("x", profile.MaxToken) + `"}}`, "profile.size", ""},
		{"nested deep", strings.Repeat(`{"license":`, 600) + "1" + strings.Repeat("}", 600), "profile.field", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := p.Read(open(t, pkg{Extra: map[string][]byte{"resources/license.json": []byte(c.body)}}))
			if code(err) != c.code {
				t.Fatalf("%v", err)
			}
			if got := fmt.Sprint(found.Terms.Kind, " ", found.Terms.Quantity, " ", found.Terms.SKUs); err == nil && got != c.terms {
				t.Errorf("terms %s", got)
			}
		})
	}
	if _, err := p.Read(open(t, pkg{})); code(err) != "profile.none" {
		t.Errorf("without the entry: %v", err)
	}
	if _, err := p.Masked(open(t, pkg{})); code(err) != "profile.mask" {
		t.Errorf("masked: %v", err)
	}
}

// form makes a profile of the fields that a case wants to be different.
func form(find, decode, dates, more string) string {
	return "profile: 1\nname: test\nvendor: Aurora Visuals\nfind: " + find + "\ndecode: " + decode +
		"\nfields: { ends: e, id: i }\ndates: " + dates + "\n" + more
}

func TestDates(t *testing.T) {
	for _, c := range []struct{ form, written, want string }{
		{"unix", `1803859200`, "2027-03-01T00:00:00Z"},
		{"unix", `"1803859200"`, "2027-03-01T00:00:00Z"},
		{"unix", `1803859200000`, ""}, // milliseconds taken for seconds
		{"unix", `1803859200.5`, ""},
		{"unix", `18e8`, ""},
		{"unix", `-1`, ""},
		{"unix", `0`, ""},
		{"unix", `99999999999999999`, ""},
		{"unix-milliseconds", `1803859200999`, "2027-03-01T00:00:00Z"},
		{"unix-milliseconds", `1803859200`, ""}, // seconds taken for milliseconds
		{"rfc3339", `"2027-03-01T01:00:00+01:00"`, "2027-03-01T00:00:00Z"},
		{"rfc3339", `"2027-03-01T00:00:00.999Z"`, "2027-03-01T00:00:00Z"},
		{"rfc3339", `"2027-03-01T00:00:00,999Z"`, ""},
		{"rfc3339", `"2027-03-01 00:00:00Z"`, ""},
		{"rfc3339", `"2027-03-01"`, ""},
		{"rfc3339", `1803859200`, ""},
		{"date", `"2028-02-29"`, "2028-02-29T00:00:00Z"},
		{"date", `"2027-3-1"`, ""},
		{"date", `"9999-12-31"`, ""},
		{"date", `"2027-03-01 "`, ""},
		{"date", `true`, ""},
	} {
		p := parse(t, form("{ member: key }", "[json]", c.form, ""))
		found, err := p.Read(open(t, inner(`"key":{"i":"a number of sixteen","e":`+c.written+`},`)))
		if c.want == "" && code(err) != "profile.field" || c.want != "" && (err != nil || found.Terms.Ends.Format(time.RFC3339) != c.want) {
			t.Errorf("%s as %s: %v, %v", c.written, c.form, found.Terms.Ends, err)
		}
	}
}

// inner puts members into pbiviz.json.
func inner(members string) pkg {
	p := pkg{}
	p.Inner = strings.Replace(string(p.Files()[2].Body), "{", "{"+members, 1)
	return p
}

func TestPlaces(t *testing.T) {
	claims := `{"i":"1001","e":"2027-03-01"}`
	in := func(name, body string) pkg { return pkg{Extra: map[string][]byte{name: []byte(body)}} }
	for _, c := range []struct {
		name, find, decode string
		p                  pkg
		code               verdict.Code
	}{
		{"object in a member", "{ member: a.key }", "[json]", inner(`"a":{"key":` + claims + `},`), "accepted"},
		{"JSON in a member's string", "{ member: key }", "[json]", inner(`"key":"{\"i\":\"1001\",\"e\":\"2027-03-01\"}",`), "accepted"},
		{"base64 in a member", "{ member: key }", "[base64, json]", inner(`"key":"` + b64(claims) + `",`), "accepted"},
		{"base64url in a member", "{ member: key }", "[base64url, json]", inner(`"key":"` + raw64([]byte(claims)) + `",`), "accepted"},
		{"base64 twice", "{ member: key }", "[base64, base64, json]", inner(`"key":"` + b64(b64(claims)) + `",`), "accepted"},
		{"parts by another sign", "{ member: key }", `["part 2 of 3 by |", base64, json]`, inner(`"key":"v1|` + b64(claims) + `|s",`), "accepted"},
		{"parts together", "{ member: key }", `["parts 1-2 of 3 by :", "part 2 of 2 by :", base64, json]`, inner(`"key":"v1:` + b64(claims) + `:s",`), "accepted"},
		{"member of an entry", "{ entry: resources/l.json, member: key }", "[base64, json]", in("resources/l.json", `{"key":"`+b64(claims)+`"}`), "accepted"},
		{"entry as a whole", "{ entry: resources/l.txt }", "[base64, json]", in("resources/l.txt", b64(claims)+"\n"), "accepted"},
		{"two line feeds", "{ entry: resources/l.txt }", "[base64, json]", in("resources/l.txt", b64(claims)+"\n\n"), "profile.key"},
		{"parts too many", "{ member: key }", `["part 1 of 2", base64, json]`, inner(`"key":"` + b64(claims) + `.a.b",`), "profile.key"},
		{"line feed inside base64", "{ member: key }", "[base64, json]", inner(`"key":"` + b64(claims)[:8] + `\n` + b64(claims)[8:] + `",`), "profile.key"},
		{"padding in the middle", "{ member: key }", "[base64, json]", inner(`"key":"` + b64(claims)[:8] + `====` + b64(claims)[8:] + `",`), "profile.key"},
		{"padding too long", "{ member: key }", "[base64, json]", inner(`"key":"` + strings.TrimRight(b64(claims), "=") + `====",`), "profile.key"},
		{"unused bits set", "{ member: key }", "[base64, json]", inner(`"key":"` + b64(claims + " ")[:len(b64(claims+" "))-3] + `B==",`), "profile.key"},
		{"a number", "{ member: key }", "[json]", inner(`"key":123456789012345678901234567890,`), "profile.key"},
		{"a list", "{ member: key }", "[json]", inner(`"key":["a","b","c","d","e","f","g","h"],`), "profile.key"},
		{"no such member", "{ member: key.x }", "[json]", inner(`"key":{},`), "profile.none"},
		{"member of an old package", "{ member: key }", "[json]", pkg{Old: true}, "profile.none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := parse(t, form(c.find, c.decode, "date", "")).Read(open(t, c.p))
			if code(err) != c.code || err == nil && (found.Terms.ID != "1001" || !found.Terms.Ends.Equal(march)) {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
}

func TestReadScript(t *testing.T) {
	p := parse(t, shipped(t, "base64-json-in-script"))
	token := key(march)
	var crowd strings.Builder
	for range 1000 {
		crowd.WriteString(`"eyJ";`)
	}
	for _, c := range []struct {
		name, script string
		code         verdict.Code
	}{
		{"twice the same", script(token) + script(token), "accepted"},
		{"two different", script(token) + script(key(june)), "profile.ambiguous"},
		{"five times", strings.Repeat(script(token), 5), "profile.size"},
		{"not there", "f()", "profile.none"},
		{"its beginning everywhere", crowd.String(), "profile.size"},
		{"longer than allowed", script("eyJ" + strings.Repeat("a", profile.MaxToken) + "." + b64("a signature of a vendor")), "profile.size"},
		{"longer than the window", script("eyJ" + strings.Repeat("a", 1<<20) + "." + b64("a signature of a vendor")), "profile.none"},
		{"longer than a script may be", strings.Repeat(" ", profile.MaxScript+1), "profile.size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			if _, err := p.Read(open(t, pkg{Script: c.script, Stored: true})); code(err) != c.code {
				t.Errorf("%v", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// A pattern must not reach so far that only a part of its match was looked at.
func TestMatchIsBounded(t *testing.T) {
	p := parse(t, form("{ script: 'abc(d{24})e*' }", "[base64, json]", "date", ""))
	made := open(t, pkg{Script: "abc" + strings.Repeat("d", 24) + strings.Repeat("e", 20<<10), Stored: true})
	if _, err := p.Read(made); code(err) != "profile.size" {
		t.Errorf("%v", err)
	}
}

func TestCovers(t *testing.T) {
	text := form("{ member: key }", "[json]", "date", "guids: [auroraTimeline0EC4001DA97EE18F29D05EFD5CB885CD]")
	if _, err := parse(t, text).Read(open(t, inner(`"key":{"i":"1","e":"2027-03-01"},`))); code(err) != "profile.scope" {
		t.Errorf("%v", err)
	}
}

// TestNoKeyIsRepeated: whatever goes wrong with a key, nobody reads it in a
// message.
func TestNoKeyIsRepeated(t *testing.T) {
	const canary = "CANARYcanary"
	token := key(march, `,"note":"`, canary, `"`)
	for _, script := range []string{
		script(token),
		script(strings.Replace(token, ".", canary+".", 1)),
		script(b64(`{"expiresAt":"`+canary+`"}`) + "." + b64(canary+canary)),
		script(b64(`{"expiresAt":`+canary+`}`) + "." + b64(canary+canary)),
		script(b64(`{"expiresAt":1,"quantity":"`+canary+`"}`) + "." + b64(canary+canary)),
		script(token) + script(b64(`{"expiresAt":"`+canary+`"}`)+"."+canary+canary),
	} {
		p := parse(t, shipped(t, "base64-json-in-script"))
		read := open(t, pkg{Script: script})
		found, err := p.Read(read)
		masked, also := p.Masked(read)
		said := fmt.Sprintf("%+v %#v %v %s %v", found, found, err, masked, also)
		for _, secret := range []string{canary, b64(canary)[:12], b64(canary + canary)[4:16], token[8:40]} {
			if strings.Contains(said, secret) {
				t.Errorf("%s is repeated: %s", secret, said)
			}
		}
	}
}
