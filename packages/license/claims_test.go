package license_test

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/license/licensetest"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

type object = licensetest.Object

// claimAttempts change one good set of claims in one way each. Every statement is
// correctly signed.
func claimAttempts(t testing.TB) []attempt {
	set := func(name, value string) func(object) string {
		return func(o object) string { return o.Set(name, value).String() }
	}
	drop := func(name string) func(object) string {
		return func(o object) string { return o.Drop(name).String() }
	}
	add := func(name, value string) func(object) string {
		return func(o object) string { return o.Add(name, value).String() }
	}
	is := func(text string) func(object) string { return func(object) string { return text } }
	site := func(hosts string) func(object) string {
		return func(o object) string {
			return o.Set("kind", `"site"`).Drop("user").Add("site", `{"hosts":`+hosts+`}`).String()
		}
	}
	capacity := func(body string) func(object) string {
		return func(o object) string {
			return o.Set("kind", `"capacity"`).Drop("user").Add("capacity", body).String()
		}
	}
	long := strings.Repeat("x", 513)
	guid := quote(pbiviztest.GUID)
	digest := `"h1:W1dovFO/JoB7wX5zvbZPpnu+Y6vpvp4eY/it2qXcq38="`
	item := `{"version":"1.4.0.0","digest":` + digest + `}`
	type list = []verdict.Code
	cases := []struct {
		name   string
		claims func(object) string
		codes  list
	}{
		{"good", func(o object) string { return o.String() }, nil},
		{"good with white space", func(o object) string { return " " + o.String() + "\n" }, nil},
		{"B1 iss of another vendor", set("iss", `"https://borealis.example"`), list{"lic.issuer"}},
		{"B1 iss in capitals", set("iss", `"https://LICENSES.aurora.example"`), list{"lic.issuer"}},
		{"iss with a space", set("iss", `"https://licenses.aurora.example x"`), list{"lic.type", "lic.issuer"}},

		{"B3 no JSON", is("hello"), list{"lic.payload"}},
		{"B3 empty", is(""), list{"lic.payload"}},
		{"B3 white space", is("  "), list{"lic.payload"}},
		{"B3 array", func(o object) string { return "[" + o.String() + "]" }, list{"lic.payload"}},
		{"B3 second document", func(o object) string { return o.String() + o.String() }, list{"lic.payload"}},
		{"B3 cut", func(o object) string { return strings.TrimSuffix(o.String(), "}") }, list{"lic.payload"}},
		{"B3 depth 5,000", is(strings.Repeat("[", 5_000)), list{"lic.payload"}},
		{"B3 depth 5", add("ext", `{"a":{"b":{"c":{}}}}`), list{"lic.payload"}},
		{"B3 depth 4", add("ext", `{"a":{"b":{}}}`), nil},
		{"B3 65 packages", set("pkg", "["+strings.Repeat(item+",", 64)+item+"]"), list{"lic.payload"}},
		{"B3 a string of 513 bytes", set("lid", quote(long)), list{"lic.payload"}},

		{"B4 duplicate exp", add("exp", "1"), list{"lic.duplicate"}},
		{"B4 duplicate exp, escaped", add(`ex\u0070`, "1"), list{"lic.duplicate"}},
		{"B4 duplicate guid inside", set("visual", `{"guid":`+guid+`,"guid":`+guid+`,"versions":">= 1"}`), list{"lic.duplicate"}},
		{"B5 EXP next to exp", add("EXP", "1"), list{"lic.unknown_claim"}},
		{"B5 Exp in place of exp", func(o object) string { return o.Drop("exp").Add("Exp", "1826668800").String() }, list{"lic.unknown_claim", "lic.missing"}},

		{"B6 no v", drop("v"), list{"lic.missing"}},
		{"B6 no iss", drop("iss"), list{"lic.missing"}},
		{"B6 no sub", drop("sub"), list{"lic.missing"}},
		{"B6 no aud", drop("aud"), list{"lic.missing"}},
		{"B6 no jti", drop("jti"), list{"lic.missing"}},
		{"B6 no lid", drop("lid"), list{"lic.missing"}},
		{"B6 no seq", drop("seq"), list{"lic.missing"}},
		{"no prev", drop("prev"), nil},
		{"B6 no iat", drop("iat"), list{"lic.missing"}},
		{"B6 no nbf", drop("nbf"), list{"lic.missing"}},
		{"B6 no exp", drop("exp"), list{"lic.missing"}},
		{"B6 null exp", set("exp", "null"), list{"lic.missing"}},
		{"B6 no next_payment", drop("next_payment"), list{"lic.missing"}},
		{"B6 no tid", drop("tid"), list{"lic.missing"}},
		{"B6 null tid", set("tid", "null"), list{"lic.missing"}},
		{"B6 no visual", drop("visual"), list{"lic.missing"}},
		{"B6 no guid", set("visual", `{"versions":">= 1"}`), list{"lic.missing"}},
		{"B6 no versions", set("visual", `{"guid":`+guid+`}`), list{"lic.missing"}},
		{"B6 no pkg", drop("pkg"), list{"lic.missing"}},
		{"B6 empty pkg", set("pkg", "[]"), list{"lic.missing"}},
		{"B6 no digest", set("pkg", `[{"version":"1.4.0.0"}]`), list{"lic.missing"}},
		{"B6 no kind", drop("kind"), list{"lic.missing"}},
		{"B6 null kind", set("kind", "null"), list{"lic.missing"}},
		{"B6 nothing at all", is("{}"), list{"lic.missing", "lic.missing", "lic.missing", "lic.missing", "lic.missing", "lic.missing",
			"lic.missing", "lic.missing", "lic.missing", "lic.missing", "lic.missing", "lic.missing", "lic.missing", "lic.missing", "lic.missing"}},

		{"B7 exp is a text", set("exp", `"1826668800"`), list{"lic.type"}},
		{"B7 exp is a fraction", set("exp", "1826668800.0"), list{"lic.type"}},
		{"B7 exp with exponent", set("exp", "1e10"), list{"lic.type"}},
		{"B7 exp negative", set("exp", "-1"), list{"lic.type"}},
		{"B7 exp over 2^53", set("exp", "9007199254740993"), list{"lic.type"}},
		{"B7 exp over 2^64", set("exp", "18446744073709551616"), list{"lic.type"}},
		{"B7 exp far", set("exp", "9007199254740992"), list{"lic.inconsistent"}},
		{"seq 0", set("seq", "0"), list{"lic.type"}},
		{"seq 2^31", set("seq", "2147483648"), list{"lic.type"}},
		{"seq text", set("seq", `"7"`), list{"lic.type"}},
		{"jti empty", set("jti", `""`), list{"lic.type"}},
		{"jti number", set("jti", `1`), list{"lic.type"}},
		{"prev number", set("prev", `1`), list{"lic.type"}},
		{"prev is jti", set("prev", `"01KB2M3N4P5Q6R7S8T9V0W1X2Y"`), list{"lic.inconsistent"}},
		{"trial false", add("trial", "false"), list{"lic.type"}},
		{"trial true", add("trial", "true"), nil},
		{"visual is a text", set("visual", guid), list{"lic.type"}},
		{"guid is no GUID", set("visual", `{"guid":"a-b","versions":">= 1"}`), list{"lic.type"}},
		{"versions is no constraint", set("visual", `{"guid":`+guid+`,"versions":"1.4"}`), list{"lic.type"}},
		{"pkg is an object", set("pkg", item), list{"lic.type"}},
		{"pkg of texts", set("pkg", `["a"]`), list{"lic.type"}},
		{"digest cut", set("pkg", `[{"version":"1.4.0.0","digest":"h1:W1do"}]`), list{"lic.type"}},
		{"digest of unused bits", set("pkg", `[{"version":"1.4.0.0","digest":"h1:W1dovFO/JoB7wX5zvbZPpnu+Y6vpvp4eY/it2qXcq39="}]`), list{"lic.type"}},
		{"version of five parts", set("pkg", `[{"version":"1.4.0.0.0","digest":`+digest+`}]`), list{"lic.type"}},
		{"version with a zero before", set("pkg", `[{"version":"01.4.0.0","digest":`+digest+`}]`), list{"lic.type"}},

		{"B8 v 2", func(o object) string { return o.Set("v", "2").Add("region", `"EU"`).Drop("exp").String() }, list{"lic.unsupported"}},
		{"v 1.0", set("v", "1.0"), list{"lic.type"}},
		{"v text", set("v", `"1"`), list{"lic.type"}},
		{"B9 unknown claim", add("discount", "1"), list{"lic.unknown_claim"}},
		{"B9 unknown claim in visual", set("visual", `{"guid":`+guid+`,"versions":">= 1","not":">= 1"}`), list{"lic.unknown_claim"}},
		{"B9 unknown claim in user", set("user", `{"qty":250,"min":1}`), list{"lic.unknown_claim"}},
		{"B9 unknown claim in pkg", set("pkg", `[{"version":"1.4.0.0","digest":`+digest+`,"x":1}]`), list{"lic.unknown_claim"}},
		{"B4 duplicate inside ext", add("ext", `{"a":1,"a":2}`), list{"lic.duplicate"}},
		{"B9 ext of 5 KiB", add("ext", `{"a":["`+strings.Repeat(strings.Repeat("x", 500)+`","`, 10)+`"]}`), list{"lic.unknown_claim"}},
		{"ext", add("ext", `{"EXP":1,"order":"A-1"}`), nil},
		{"ext is a text", add("ext", `"x"`), list{"lic.type"}},
		{"B10 no UTF-8", set("sub", "\"\xff\""), list{"lic.payload"}},
		{"B10 NUL", set("sub", `"a\u0000b"`), list{"lic.payload"}},
		{"B10 right-to-left override", set("sub", `"a\u202eb"`), list{"lic.payload"}},
		{"B10 escape sequence", set("lid", `"a\u001b[2Jb"`), list{"lic.payload"}},
		{"B14 markup is kept as it is", set("sub", `"<script>=cmd()"`), nil},
		{"B11 next_payment another day", set("next_payment", `"2027-11-21"`), list{"lic.inconsistent"}},
		{"B11 exp not at midnight", set("exp", "1826668801"), list{"lic.inconsistent"}},
		{"B11 next_payment is no date", set("next_payment", `"20.11.2027"`), list{"lic.type"}},
		{"B11 next_payment never was", set("next_payment", `"2027-02-29"`), list{"lic.type"}},
		{"B11 iat after nbf", set("iat", "1793491201"), list{"lic.inconsistent"}},
		{"B11 nbf at exp", set("nbf", "1826668800"), list{"lic.inconsistent"}},
		{"E9 leap day", func(o object) string { return o.Set("next_payment", `"2028-02-29"`).Set("exp", "1835395200").String() }, nil},
		{"B12 aud of another visual", set("aud", `"urn:powerbi:visual:other"`), list{"lic.audience"}},
		{"B12 aud array", set("aud", `["urn:powerbi:visual:`+pbiviztest.GUID+`"]`), list{"lic.audience"}},

		{"C2 upper case", set("tid", quoteList(strings.ToUpper(licensetest.Tenant))), list{"ent.tenant_form"}},
		{"C2 braces", set("tid", quoteList("{"+licensetest.Tenant+"}")), list{"ent.tenant_form"}},
		{"C2 empty", set("tid", "[]"), list{"ent.tenant_form"}},
		{"C2 wildcard", set("tid", `["*"]`), list{"ent.tenant_form"}},
		{"C2 common", set("tid", `["common"]`), list{"ent.tenant_form"}},
		{"C2 one of two", set("tid", quoteList(licensetest.Tenant, "common")), list{"ent.tenant_form"}},
		{"C2 51 tenants", set("tid", "["+strings.Repeat(quote(licensetest.Tenant)+",", 50)+quote(licensetest.Tenant)+"]"), list{"ent.tenant_form"}},
		{"tid is a text", set("tid", quote(licensetest.Tenant)), list{"lic.type"}},
		{"tid of numbers", set("tid", "[1]"), list{"lic.type"}},

		{"C4 two kinds", add("site", `{"hosts":["reports.contoso.example"]}`), list{"ent.kind"}},
		{"C4 user without user", drop("user"), list{"ent.kind"}},
		{"C4 user is null", set("user", "null"), list{"ent.kind"}},
		{"C4 other kind than the object", set("kind", `"site"`), list{"ent.kind", "ent.kind"}},
		{"C4 unknown kind", set("kind", `"seat"`), list{"ent.kind"}},
		{"C5 qty 0", set("user", `{"qty":0}`), list{"ent.qty"}},
		{"C5 qty negative", set("user", `{"qty":-5}`), list{"ent.qty"}},
		{"C5 qty 2^63", set("user", `{"qty":9223372036854775808}`), list{"ent.qty"}},
		{"C5 qty fraction", set("user", `{"qty":1.5}`), list{"ent.qty"}},
		{"C5 qty ten million and one", set("user", `{"qty":10000001}`), list{"ent.qty"}},
		{"C5 qty text", set("user", `{"qty":"5"}`), list{"lic.type"}},
		{"C5 no qty", set("user", `{}`), list{"lic.missing"}},
		{"capacity", capacity(`{"sku":["F64","P1"],"ids":["0f084df7-c13d-451b-af5f-ed0c466403b2"]}`), nil},
		{"C8 unknown SKU", capacity(`{"sku":["F63"]}`), list{"ent.sku"}},
		{"C8 SKU in lower case", capacity(`{"sku":["f64"]}`), list{"ent.sku"}},
		{"C8 no SKU", capacity(`{"sku":[]}`), list{"ent.sku"}},
		{"C8 missing SKU", capacity(`{}`), list{"lic.missing"}},
		{"C8 ids by name", capacity(`{"sku":["F64"],"ids":["premium"]}`), list{"lic.type"}},
		{"C9 host", site(`["reports.contoso.example","xn--bcher-kva.example"]`), nil},
		{"C9 wildcard", site(`["*.contoso.com"]`), list{"ent.site"}},
		{"C9 homograph", site(`["reports.cont\u043eso.example"]`), list{"ent.site"}},
		{"C9 port", site(`["reports.contoso.example:443"]`), list{"ent.site"}},
		{"C9 scheme", site(`["https://reports.contoso.example"]`), list{"ent.site"}},
		{"C9 path", site(`["reports.contoso.example/x"]`), list{"ent.site"}},
		{"C9 capitals", site(`["Reports.contoso.example"]`), list{"ent.site"}},
		{"C9 dot at the end", site(`["reports.contoso.example."]`), list{"ent.site"}},
		{"C9 address", site(`["10.0.0.1"]`), list{"ent.site"}},
		{"C9 none", site(`[]`), list{"ent.site"}},
		{"C9 user info", site(`["reports.contoso.example@evil.example"]`), list{"ent.site"}},
	}
	v := licensetest.Aurora()
	p := gaugePackage(t)
	var all []attempt
	for _, c := range cases {
		all = append(all, attempt{c.name, func(t *testing.T) verdict.Judgment {
			token := v.Forge(v.Header().String(), c.claims(v.Claims(p)))
			_, err := license.ReadStatement(token, v.Issuer, v.Record())
			return wantCodes(t, err, c.codes...)
		}})
	}
	return all
}

func quoteList(s ...string) string { return `["` + strings.Join(s, `","`) + `"]` }

func TestTermsAreWhatTheClaimsSay(t *testing.T) {
	v, p := licensetest.Aurora(), gaugePackage(t)
	claims := v.Claims(p).Set("kind", `"capacity"`).Drop("user").
		Add("capacity", `{"sku":["F64","P1"],"ids":["0f084df7-c13d-451b-af5f-ed0c466403b2"]}`).Add("trial", "true")
	b, err := v.Trust().Bind(p, v.Forge(v.Header().String(), claims.String()))
	wantCodes(t, err)
	wanted := license.Terms{
		Grade: license.Signed, Vendor: "Aurora Visuals", Issuer: "https://licenses.aurora.example", Licensee: "customer:4711",
		ID: "01KB2M3N4P5Q6R7S8T9V0W1X2Y", Subscription: "sub-88213", Sequence: 7, Kind: license.Capacity,
		SKUs: []string{"F64", "P1"}, CapacityIDs: []string{"0f084df7-c13d-451b-af5f-ed0c466403b2"},
		Tenants: []string{licensetest.Tenant}, Issued: licensetest.Time("2026-11-01"), Begins: licensetest.Time("2026-11-01"),
		Ends: licensetest.Time("2027-11-20"), KeyID: "aurora-2026", Trial: true,
	}
	equal(t, b.Terms, wanted)
}
