package tenant_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/license"
	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

const (
	contoso = "8f6c0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"
	prod    = "0f084df7-c13d-451b-af5f-ed0c466403b2"
	test    = "1f084df7-c13d-451b-af5f-ed0c466403b2"
	group   = "2f084df7-c13d-451b-af5f-ed0c466403b2"
	other   = "3f084df7-c13d-451b-af5f-ed0c466403b2"
)

var gauge = must(visual.ParseGUID("auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E"))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func userTerms(n int64) license.Terms {
	return license.Terms{Vendor: "Aurora Visuals", Kind: license.User, Quantity: n}
}

func capacityTerms(ids []string, skus ...string) license.Terms {
	return license.Terms{Vendor: "Aurora Visuals", Kind: license.Capacity, SKUs: skus, CapacityIDs: ids}
}

func siteTerms(hosts ...string) license.Terms {
	return license.Terms{Vendor: "Aurora Visuals", Kind: license.Site, Sites: hosts}
}

// factsWith are those of a tenant whose visual is used as said.
func factsWith(u tenant.Use, more ...func(*tenant.Facts)) tenant.Facts {
	u.GUID = gauge
	f := tenant.Facts{ID: contoso, AsOf: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Source: "counted by hand", Uses: []tenant.Use{u}}
	for _, m := range more {
		m(&f)
	}
	return f
}

func withCapacities(skus ...string) func(*tenant.Facts) {
	return func(f *tenant.Facts) {
		var all []tenant.Capacity
		for i, s := range skus {
			all = append(all, tenant.Capacity{ID: []string{prod, test, other}[i], SKU: tenant.ParseSKU(s)})
		}
		f.Capacities = tenant.Is(all)
	}
}

func withMembers(n tenant.Known[int64]) func(*tenant.Facts) {
	return func(f *tenant.Facts) { f.Groups = []tenant.Group{{ID: group, Members: n}} }
}

func peopleCount(n int64) tenant.People { return tenant.People{Count: tenant.Is(n)} }

func useBy(designers, viewers int64) tenant.Use {
	return tenant.Use{Designers: peopleCount(designers), Viewers: peopleCount(viewers)}
}

func useOnCapacities(ids ...string) tenant.Use { return tenant.Use{Capacities: tenant.Is(ids)} }

// attestedTerms are terms of a person of the tenant, who may not know how much.
func attestedTerms(t license.Terms) license.Terms {
	t.Vendor, t.Grade = "", license.Attested
	return t
}

func useOnHosts(hosts ...string) tenant.Use {
	return tenant.Use{Viewers: peopleCount(0), Hosts: tenant.Is(hosts)}
}

func TestCheck(t *testing.T) {
	inGroup := tenant.People{Groups: []string{group}}
	sites := func(hosts ...string) func(*tenant.Facts) {
		return func(f *tenant.Facts) { f.Sites = tenant.Is(hosts) }
	}
	none := tenant.Need{}
	asked, strict := tenant.Need{Asked: true}, tenant.Need{Strict: true}
	const reports = "reports.contoso.com"
	for _, c := range []struct {
		name  string
		terms license.Terms
		facts tenant.Facts
		need  tenant.Need
		want  string // findings as code verdict, sorted
		says  string // in one of the messages or hints
	}{
		{"no license", license.Terms{}, factsWith(useBy(1, 1)), none, "ent.unchecked accept", "nothing says what its license counts"},
		{"no facts", userTerms(250), tenant.Facts{}, none, "ent.unchecked accept", "licensed for 250 users"},
		{"C4 a kind that is not known", license.Terms{Kind: "seat"}, factsWith(useBy(1, 1)), none, "ent.kind reject", `"seat"`},
		{"C5 no seats, without facts", userTerms(0), tenant.Facts{}, none, "ent.qty reject", "0 users"},

		{"C6 as many as licensed", userTerms(250), factsWith(useBy(10, 240)), none, "", ""},
		{"C6 nobody", userTerms(1), factsWith(useBy(0, 0)), none, "", ""},
		{"C6 one too many", userTerms(250), factsWith(useBy(10, 241)), none, "ent.over_quantity warn", "ask Aurora Visuals for 1 user more"},
		{"C6 250 seats, 310 users", userTerms(250), factsWith(useBy(10, 300)), none, "ent.over_quantity warn", "250 users, and 310 use it (10 designers and 300 viewers), as of 2026-11-20"},
		{"C6 if the policy says so", userTerms(250), factsWith(useBy(10, 300)), strict, "ent.over_quantity review", "60 users more"},
		{"C6 ten designers and 750 viewers need 760", userTerms(759), factsWith(useBy(10, 750)), none, "ent.over_quantity warn", "1 user more"},
		{"C6 a group", userTerms(20), factsWith(tenant.Use{Designers: inGroup, Viewers: peopleCount(10)}, withMembers(tenant.Is[int64](11))), none, "ent.over_quantity warn", "11 designers and 10 viewers"},
		{"C6 too many although viewers are unknown", userTerms(5), factsWith(tenant.Use{Designers: peopleCount(6)}), none, "ent.over_quantity warn, ent.unknown_usage review", "at least 6 use it (6 designers and an unknown number of viewers)"},
		{"C6 sums that overflow", userTerms(250), factsWith(useBy(1<<62, 1<<62)), none, "ent.over_quantity warn", "use it"},

		{"C7 nobody told of this visual", userTerms(250), factsWith(tenant.Use{}), none, "ent.unknown_usage review", "the number of designers and viewers is not known"},
		{"C7 the tenant alone told", userTerms(250), factsWith(tenant.Use{}, func(f *tenant.Facts) { f.Uses = nil }), none, "ent.unknown_usage review", "is not known, since nobody wrote into facts.yaml how this visual is used, as of"},
		{"C7 by hand", userTerms(250), factsWith(tenant.Use{}), asked, "ent.unknown_usage warn", "write the number of its designers and viewers"},
		{"C7 viewers unknown", userTerms(250), factsWith(tenant.Use{Designers: peopleCount(1)}), none, "ent.unknown_usage review", "the number of viewers is not known"},
		{"C7 designers unknown", userTerms(250), factsWith(tenant.Use{Viewers: peopleCount(1)}), none, "ent.unknown_usage review", "the number of designers is not known"},
		{"C7 a group of unknown size", userTerms(250), factsWith(tenant.Use{Designers: inGroup, Viewers: peopleCount(1)}, withMembers(tenant.Known[int64]{})), none, "ent.unknown_usage review", ""},
		{"C7 a group nobody told of", userTerms(250), factsWith(tenant.Use{Designers: inGroup, Viewers: peopleCount(1)}), none, "ent.unknown_usage review", ""},
		{"C7 a number below zero", userTerms(250), factsWith(useBy(-300, 10)), none, "ent.unknown_usage review", ""},
		{"C7 the tenant's plans help to count", userTerms(250), factsWith(tenant.Use{}, func(f *tenant.Facts) {
			f.Users = tenant.Users{Free: tenant.Is[int64](1200), Pro: tenant.Is[int64](310), PPU: tenant.Is[int64](25)}
		}), none, "ent.unknown_usage review", "1535 users with a Power BI plan"},
		{"C7 an inventory that could not be read", userTerms(250), tenant.Facts{ID: contoso, Source: "Microsoft Graph"}, none, "ent.unknown_usage review", ""},
		{"C7 capacities unknown", capacityTerms(nil, "F64"), factsWith(tenant.Use{}), none, "ent.unknown_usage review", "on which capacities"},
		{"C7 capacities unknown, by hand", capacityTerms(nil, "F64"), factsWith(tenant.Use{}), asked, "ent.unknown_usage warn", ""},
		{"C7 capacities unknown, one of the tenant too large", capacityTerms(nil, "F64"), factsWith(tenant.Use{}, withCapacities("F64", "F128")), none, "ent.unknown_usage review", ""},
		{"C7 capacities unknown, all of the tenant covered", capacityTerms(nil, "F64"), factsWith(tenant.Use{}, withCapacities("F64", "P1")), none, "ent.unknown_usage accept", "all 2 of the tenant are covered"},
		{"C7 a capacity without SKU", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("")), none, "ent.unknown_usage review", "the SKU of the capacity"},
		{"C7 a capacity nobody told of", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod)), none, "ent.unknown_usage review", prod},

		{"C8 the licensed SKU", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("F64")), none, "", ""},
		{"C8 the same size of another family", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod, test, other), withCapacities("P1", "A4", "EM3")), none, "", ""},
		{"C8 licensed F64, used on F128", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("F128")), none, "ent.sku review", "ask Aurora Visuals for a license of F128"},
		{"C8 licensed F64, used on P2", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("P2")), none, "ent.sku review", "P2 (128 capacity units)"},
		{"C8 one of two is too large", capacityTerms(nil, "P1"), factsWith(useOnCapacities(prod, test), withCapacities("P1", "P2")), none, "ent.sku review", test},
		{"C8 the largest licensed counts", capacityTerms(nil, "EM1", "F128"), factsWith(useOnCapacities(prod), withCapacities("F128")), none, "", ""},
		{"C8 a trial capacity", capacityTerms(nil, "F32"), factsWith(useOnCapacities(prod), withCapacities("FT1")), none, "ent.sku review", "FT1 (64 capacity units)"},
		{"C8 an id that is listed", capacityTerms([]string{prod}, "F64"), factsWith(useOnCapacities(strings.ToUpper(prod)), withCapacities("F64")), none, "", ""},
		{"C8 an id that is not listed", capacityTerms([]string{test}, "F64"), factsWith(useOnCapacities(prod), withCapacities("F64")), none, "ent.sku review", "not among the 1 that its license lists"},
		{"C8 neither listed nor small enough", capacityTerms([]string{test}, "F64"), factsWith(useOnCapacities(prod), withCapacities("F128")), none, "ent.sku review, ent.sku review", ""},
		{"C8 a SKU that is not known", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("F4096")), none, "ent.sku reject", `"F4096", which is not known here`},
		{"C8 a SKU in small letters", capacityTerms(nil, "F64"), factsWith(useOnCapacities(prod), withCapacities("f64")), asked, "ent.sku reject", ""},
		{"C8 a licensed SKU that is not known", capacityTerms(nil, "F4096"), factsWith(useOnCapacities(prod), withCapacities("F2")), none, "ent.sku reject", `"F4096"`},
		{"C8 no SKU licensed", capacityTerms(nil), tenant.Facts{}, none, "ent.sku reject", "licensed for nothing"},
		{"C8 Premium Per User", capacityTerms(nil, "F2048"), factsWith(useOnCapacities(prod), withCapacities("PP3")), none, "ent.sku review", "Premium Per User"},
		{"C8 used on none", capacityTerms(nil, "F64"), factsWith(useOnCapacities()), none, "", ""},

		{"C9 the host", siteTerms(reports), factsWith(useOnHosts(reports)), none, "", ""},
		{"C9 not embedded yet", siteTerms(reports), factsWith(useOnHosts()), none, "", ""},
		{"C9 the host as a beginning", siteTerms(reports), factsWith(useOnHosts("reports.contoso.com.evil.example")), none, "ent.site reject", `embedded on "reports.contoso.com.evil.example"`},
		{"C9 a wildcard licensed", siteTerms("*.contoso.com"), factsWith(useOnHosts(reports)), none, "ent.site reject", ""},
		{"C9 a homograph", siteTerms(reports), factsWith(useOnHosts("reports.сontoso.com")), none, "ent.site reject", `reports.\u0441ontoso.com`},
		{"C9 a port", siteTerms(reports), factsWith(useOnHosts(reports + ":8443")), none, "ent.site reject", ""},
		{"C9 a dot at the end", siteTerms(reports), factsWith(useOnHosts(reports + ".")), none, "ent.site reject", ""},
		{"C9 capitals", siteTerms(reports), factsWith(useOnHosts("Reports.contoso.com")), none, "ent.site reject", ""},
		{"C9 a site more than licensed", siteTerms(reports), factsWith(useOnHosts(reports, "portal.contoso.com")), none, "ent.site reject", "portal"},
		{"C9 in the service, too", siteTerms(reports), factsWith(tenant.Use{Viewers: peopleCount(12), Hosts: tenant.Is([]string{reports})}), none, "ent.site review", "12 people view it in the Power BI service"},
		{"C9 viewers unknown", siteTerms(reports), factsWith(tenant.Use{Hosts: tenant.Is([]string{reports})}), none, "ent.unknown_usage review", "0 if it is embedded only"},
		{"C9 fewer viewers than none", siteTerms(reports), factsWith(tenant.Use{Viewers: peopleCount(-1), Hosts: tenant.Is([]string{reports})}), none, "ent.unknown_usage review", ""},
		{"C9 hosts unknown", siteTerms(reports), factsWith(tenant.Use{Viewers: peopleCount(0)}), none, "ent.unknown_usage review", "on which hosts"},
		{"C9 hosts unknown, all of the tenant covered", siteTerms(reports), factsWith(tenant.Use{Viewers: peopleCount(0)}, sites(reports)), none, "ent.unknown_usage accept", "all 1 of the tenant"},
		{"C9 hosts unknown, one of the tenant not covered", siteTerms(reports), factsWith(tenant.Use{Viewers: peopleCount(0)}, sites(reports, "x.example")), asked, "ent.unknown_usage warn", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := tenant.Check(c.terms, gauge, c.facts, c.need)
			if got := findingsText(found); got != c.want {
				t.Errorf("got %q, want %q\n%v", got, c.want, found)
			}
			if !strings.Contains(fmt.Sprint(found), c.says) {
				t.Errorf("nothing says %q:\n%v", c.says, found)
			}
		})
	}
}

// findingsText lists findings as code and verdict, sorted.
func findingsText(found []verdict.Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s %s", f.Code, f.Verdict))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// TestAttestedWithoutHowMuch: what an attestation leaves open is unchecked, said
// so, and never refused; what it says is checked, and a vendor must always say.
func TestAttestedWithoutHowMuch(t *testing.T) {
	for name, terms := range map[string]license.Terms{"users": userTerms(0), "capacity": capacityTerms(nil), "site": siteTerms()} {
		for _, f := range []tenant.Facts{{}, factsWith(useBy(3, 4))} {
			got := tenant.Check(attestedTerms(terms), gauge, f, tenant.Need{})
			if len(got) != 1 || got[0].Code != tenant.Unchecked || got[0].Verdict != verdict.Accept || got[0].Hint == "" {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	}
	if got := tenant.Check(userTerms(0), gauge, factsWith(useBy(3, 4)), tenant.Need{}); len(got) != 1 || got[0].Verdict != verdict.Reject {
		t.Errorf("a vendor who says nothing: %+v", got)
	}
	if got := tenant.Check(attestedTerms(userTerms(2)), gauge, factsWith(useBy(3, 4)), tenant.Need{}); len(got) != 1 || got[0].Code != "ent.over_quantity" {
		t.Errorf("an attestation that says too few: %+v", got)
	}
}

func TestNamesOfPeopleStayOut(t *testing.T) {
	f := factsWith(useOnCapacities(prod), withCapacities("F128"))
	all, _ := f.Capacities.Get()
	all[0].Name = "Trial-mary@contoso.com"
	f.Source, f.Groups = "mary", []tenant.Group{{ID: group, Name: "mary's"}}
	for _, found := range tenant.Check(capacityTerms(nil, "F64"), gauge, f, tenant.Need{}) {
		if strings.Contains(strings.ToLower(found.Message+found.Hint), "mary") {
			t.Errorf("a name is in %q", found.Message)
		}
	}
}

func TestFactsOfAnotherTenant(t *testing.T) {
	f := factsWith(useBy(1, 1))
	if err := f.About(contoso); err != nil {
		t.Error(err)
	}
	if err := f.About(other); err == nil || !strings.Contains(err.Error(), contoso) {
		t.Errorf("facts of another tenant are taken: %v", err)
	}
	if err := (tenant.Facts{}).About(contoso); err != nil {
		t.Error(err)
	}
	if err := (tenant.Facts{Source: "Microsoft Graph"}).About(contoso); err == nil {
		t.Error("facts of no tenant are taken")
	}
}

var allSKUs = []string{
	"F2", "F4", "F8", "F16", "F32", "F64", "F128", "F256", "F512", "F1024", "F2048",
	"P1", "P2", "P3", "P4", "P5", "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "EM1", "EM2", "EM3",
}

// drawPeople draws people who are counted, in groups, or unknown.
func drawPeople(t *rapid.T, name string) tenant.People {
	switch rapid.IntRange(0, 2).Draw(t, name) {
	case 0:
		return peopleCount(rapid.Int64Range(0, 20).Draw(t, name+" count"))
	case 1:
		return tenant.People{Groups: []string{rapid.SampledFrom([]string{group, other}).Draw(t, name+" group")}}
	}
	return tenant.People{}
}

// drawFacts draws facts of which anything may be unknown.
func drawFacts(t *rapid.T) tenant.Facts {
	u := tenant.Use{Designers: drawPeople(t, "designers"), Viewers: drawPeople(t, "viewers")}
	if rapid.Bool().Draw(t, "capacities used known") {
		u.Capacities = tenant.Is(rapid.SliceOfN(rapid.SampledFrom([]string{prod, test, other}), 0, 3).Draw(t, "used on"))
	}
	hosts := rapid.SliceOfN(rapid.SampledFrom([]string{"a.example", "b.example", "c.example"}), 0, 3)
	if rapid.Bool().Draw(t, "hosts known") {
		u.Hosts = tenant.Is(hosts.Draw(t, "hosts"))
	}
	f := factsWith(u, withMembers(tenant.Is(rapid.Int64Range(0, 20).Draw(t, "members"))))
	if rapid.Bool().Draw(t, "capacities known") {
		skus := append([]string{"", "F4096", "PP3", "FT1"}, allSKUs...)
		withCapacities(rapid.SliceOfN(rapid.SampledFrom(skus), 0, 3).Draw(t, "skus")...)(&f)
	}
	if rapid.Bool().Draw(t, "sites known") {
		f.Sites = tenant.Is(hosts.Draw(t, "sites"))
	}
	return f
}

func drawNeed(t *rapid.T) tenant.Need {
	return tenant.Need{Asked: rapid.Bool().Draw(t, "asked"), Strict: rapid.Bool().Draw(t, "strict")}
}

// notWorse fails if the second license does worse than the first.
func notWorse(t *rapid.T, less, more license.Terms, f tenant.Facts, n tenant.Need) {
	a, b := tenant.Check(less, gauge, f, n), tenant.Check(more, gauge, f, n)
	v, w := verdict.Judge(a...).Verdict, verdict.Judge(b...).Verdict
	if v.Worse(w) != v {
		t.Fatalf("%v is %s, and %v is %s\n%v\n%v", less, v, more, w, a, b)
	}
}

func TestMoreLicensedIsNeverWorse(t *testing.T) {
	t.Run("seats", rapid.MakeCheck(func(t *rapid.T) {
		n := rapid.Int64Range(0, 40).Draw(t, "seats")
		notWorse(t, userTerms(n), userTerms(n+rapid.Int64Range(0, 40).Draw(t, "more")), drawFacts(t), drawNeed(t))
	}))
	t.Run("SKU", rapid.MakeCheck(func(t *rapid.T) {
		pair := rapid.SliceOfN(rapid.SampledFrom(append([]string{"F4096"}, allSKUs...)), 2, 2).Draw(t, "licensed")
		slices.SortFunc(pair, func(a, b string) int {
			x, _ := tenant.ParseSKU(a).Units()
			y, _ := tenant.ParseSKU(b).Units()
			return x - y
		})
		ids := rapid.SliceOfN(rapid.SampledFrom([]string{prod, test}), 0, 2).Draw(t, "listed")
		notWorse(t, capacityTerms(ids, pair[0]), capacityTerms(ids, pair[1]), drawFacts(t), drawNeed(t))
	}))
	t.Run("sites", rapid.MakeCheck(func(t *rapid.T) {
		notWorse(t, siteTerms("a.example"), siteTerms("a.example", "b.example"), drawFacts(t), drawNeed(t))
	}))
}

// TestUnknownIsNeverSilent takes one fact away after the other: what the
// license counts must be known for nothing to be found.
func TestUnknownIsNeverSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, n := drawFacts(t), drawNeed(t)
		terms := rapid.SampledFrom([]license.Terms{userTerms(1000), capacityTerms(nil, "F2048"), siteTerms("a.example", "b.example", "c.example")}).Draw(t, "license")
		u := f.Uses[0]
		known := false
		switch terms.Kind {
		case license.User:
			_, designers := f.Number(u.Designers).Get()
			_, viewers := f.Number(u.Viewers).Get()
			known = designers && viewers
		case license.Capacity:
			used, ok := u.Capacities.Get()
			all, _ := f.Capacities.Get()
			known = ok && !slices.ContainsFunc(used, func(id string) bool {
				return !slices.ContainsFunc(all, func(c tenant.Capacity) bool {
					_, sized := c.SKU.Units()
					return c.ID == id && sized
				})
			})
		case license.Site:
			_, viewers := f.Number(u.Viewers).Get()
			_, hosts := u.Hosts.Get()
			known = viewers && hosts
		}
		if found := tenant.Check(terms, gauge, f, n); !known && len(found) == 0 {
			t.Fatalf("nothing is found although something is unknown: %+v", f)
		}
		for _, empty := range []tenant.Facts{{}, {Source: "x"}} {
			if len(tenant.Check(terms, gauge, empty, n)) == 0 {
				t.Fatal("nothing is found without facts")
			}
		}
	})
}
