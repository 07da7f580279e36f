package tenant_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
)

const head = "version: 1\ntenant: " + contoso + "\nas_of: 2026-11-20\nsource: counted by hand\n"

const whole = head + `domains: [contoso.com]
users: { free: 1200, pro: 310, ppu: 25 }
groups:
  - { id: ` + group + `, name: BI designers, members: 12 }
capacities:
  - { id: ` + prod + `, name: Production, sku: F64, state: Active, region: West Europe }
  - { id: ` + test + ` }
sites: [reports.contoso.com]
uses:
  - guid: auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E
    designers: [` + group + `]
    viewers: 750
    capacities: [` + prod + `]
    hosts: []
  - guid: auroraOther
`

func TestParseFacts(t *testing.T) {
	got, err := tenant.ParseFacts("facts.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := tenant.Facts{
		ID: contoso, AsOf: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Source: "counted by hand", Domains: []string{"contoso.com"},
		Users:  tenant.Users{Free: tenant.Is[int64](1200), Pro: tenant.Is[int64](310), PPU: tenant.Is[int64](25)},
		Groups: []tenant.Group{{ID: group, Name: "BI designers", Members: tenant.Is[int64](12)}},
		Capacities: tenant.Is([]tenant.Capacity{
			{ID: prod, Name: "Production", SKU: tenant.ParseSKU("F64"), State: "Active", Region: "West Europe"}, {ID: test},
		}),
		Sites: tenant.Is([]string{"reports.contoso.com"}),
		Uses: []tenant.Use{
			{
				GUID: gauge, Designers: tenant.People{Groups: []string{group}}, Viewers: peopleCount(750),
				Capacities: tenant.Is([]string{prod}), Hosts: tenant.Is([]string{}),
			},
			{GUID: must(visual.ParseGUID("auroraOther"))},
		},
	}
	if d := cmp.Diff(want, got, sameFacts); d != "" {
		t.Error(d)
	}
	if n, ok := got.Number(got.Uses[0].Designers).Get(); n != 12 || !ok {
		t.Errorf("%d designers, %v", n, ok)
	}
}

// TestWhatIsNotSaidIsUnknown tells an empty list from none.
func TestWhatIsNotSaidIsUnknown(t *testing.T) {
	f, err := tenant.ParseFacts("f", []byte(head))
	if err != nil {
		t.Fatal(err)
	}
	_, capacities := f.Capacities.Get()
	_, sites := f.Sites.Get()
	_, total := f.Users.Total().Get()
	if capacities || sites || total || f.IsZero() {
		t.Errorf("a file that says nothing is read as %+v", f)
	}
	if f, err = tenant.ParseFacts("f", []byte(head+"capacities: []\nsites: []\n")); err != nil {
		t.Fatal(err)
	}
	_, capacities = f.Capacities.Get()
	_, sites = f.Sites.Get()
	if !capacities || !sites {
		t.Error("empty lists are read as unknown")
	}
}

// TestCapacitiesNobodyListed takes any id where the tenant's capacities are
// unknown: there is nothing to hold it against.
func TestCapacitiesNobodyListed(t *testing.T) {
	f, err := tenant.ParseFacts("f", []byte(head+"uses: [{guid: a, capacities: ["+strings.ToUpper(prod)+"]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if ids, ok := f.Uses[0].Capacities.Get(); !ok || len(ids) != 1 || ids[0] != prod {
		t.Errorf("used on %v, %v", ids, ok)
	}
}

// refused are files with faults, each as line:column and a word of its message.
var refused = []struct {
	name, text string
	faults     []string
}{
	{"nothing", "", []string{"0:0 says nothing"}},
	{"comments alone", "# none\n", []string{"0:0 says nothing"}},
	{"a list", "- 1\n", []string{"1:1 has keys and values"}},
	{"unknown keys, all at once", head + "use: []\nusers: {pru: 1}\nuses:\n  - {guid: a, viewer: 1}\n",
		[]string{`5:1 unknown key "use"`, `6:9 unknown key "pru"`, `8:15 unknown key "viewer"`}},
	{"keys missing", "version: 1\nuses: [{viewers: 1}]\n", []string{`1:1 "tenant"`, `1:1 "as_of"`, `1:1 "source"`, `2:8 lacks the key "guid"`}},
	{"a key given twice", head + "source: x\n", []string{`5:1 given twice; first at line 4`}},
	{"a later version", strings.Replace(head, "1", "2", 1), []string{`1:10 version "2"`}},
	{"a domain for a tenant", strings.Replace(head, contoso, "contoso.com", 1), []string{"2:9 is not a tenant id"}},
	{"a date in another order", strings.Replace(head, "2026-11-20", "20.11.2026", 1), []string{"3:8 is not a date"}},
	{"a time without zone", strings.Replace(head, "2026-11-20", "2026-11-20 14:30", 1), []string{"3:8 is not a date"}},
	{"an empty source", strings.Replace(head, "counted by hand", "", 1), []string{`4:8 "source" is empty`}},
	{"a null number", head + "users: {pro: ~}\n", []string{`5:14 "pro" is empty`}},
	{"numbers in other forms", head + "users: {free: 1_200, pro: 0x10, ppu: -1}\n", []string{"5:15 not a number", "5:27 not a number", "5:38 not a number"}},
	{"a number with a point", head + "users: {free: 1.5, pro: 1e3, ppu: 010}\n", []string{"5:15 not a number", "5:25 not a number", "5:35 not a number"}},
	{"a number that is too large", head + "users: {pro: 1000000000}\n", []string{"5:14 not a number"}},
	{"users as a number", head + "users: 310\n", []string{`5:8 has keys and values`}},
	{"a capacity given twice", head + "capacities:\n  - {id: " + prod + "}\n  - {id: " + strings.ToUpper(prod) + "}\n", []string{"7:10 given twice; first at line 6"}},
	{"an id that is none", head + "groups: [{id: designers}]\n", []string{`5:15 is not an id`}},
	{"a visual given twice", head + "uses:\n  - guid: a\n  - guid: a\n", []string{"7:11 given twice; first at line 6"}},
	{"a report's name of a visual", head + "uses: [{guid: a_OrgStore}]\n", []string{"5:15 how a report names"}},
	{"a capacity that is not there", head + "capacities: []\nuses: [{guid: a, capacities: [" + prod + "]}]\n", []string{"6:31 is not among the capacities"}},
	{"a group that is not there", head + "uses: [{guid: a, viewers: [" + group + "]}]\n", []string{"5:28 is not among the groups"}},
	{"no groups", head + "uses: [{guid: a, viewers: []}]\n", []string{"5:27 names no groups"}},
	{"a SKU in small letters", head + "capacities: [{id: " + prod + ", sku: f64}]\n", []string{`5:62 is not how Microsoft spells`}},
	{"a SKU that is a text", head + "capacities: [{id: " + prod + ", sku: " + strings.Repeat("F", 33) + "}]\n", []string{`5:62 is not a SKU`}},
	{"C9 hosts that are none", head + "sites:\n  - https://reports.contoso.com\n  - \"*.contoso.com\"\n  - reports.contoso.com:8443\n  - Reports.contoso.com\n  - reports.сontoso.com\n  - 10.0.0.1\n  - reports.contoso.com.\n",
		[]string{"6:5 host", "7:5 host", "8:5 host", "9:5 host", "10:5 host", "11:5 host", "12:5 host"}},
	{"a host given twice", head + "sites: [a.example, a.example]\n", []string{"5:20 given twice"}},
	{"a list as one value", head + "sites: reports.contoso.com\n", []string{`5:8 is a list`}},
	{"a list without items", head + "sites:\n", []string{`5:7 is a list`}},
	{"an item that is a list", head + "sites: [[a]]\n", []string{`5:9 is one value, not a list`}},
	{"settings of other things", head + "settings:\n  - {name: DatamartTenant, enabled: true}\n  - {name: CustomVisualsTenant, enabled: yes}\n  - {enabled: true}\n  - {name: CustomVisualsTenant, enabled: true}\n",
		[]string{"6:12 no tenant setting", "7:42 neither true nor false", `8:5 lacks the key "name"`, "9:12 given twice"}},
	{"plans of other things", head + "subscriptions: [{sku: " + other + ", plan: E5, bought: -1}]\n", []string{"5:67 no plan of Power BI", "5:79 not a number"}},
	{"an anchor", head + "sites: &s [a.example]\ndomains: *s\n", []string{"5:8 anchors", "6:10 anchors"}},
	{"a merge key", head + "<<: {sites: []}\n", []string{`5:1 unknown key "<<"`}},
	{"a tag", strings.Replace(head, "counted", "!!str counted", 1), []string{"4:9 tags"}},
	{"two documents", head + "---\n" + head, []string{"5:1 second document"}},
	{"text that reads backwards", strings.Replace(head, "counted", "\u202ecounted", 1), []string{"4:9 cannot be seen"}},
	{"an escape for terminals", strings.Replace(head, "counted by hand", `"\e[31m"`, 1), []string{"4:9 cannot be seen"}},
	{"a long text", strings.Replace(head, "counted", strings.Repeat("x", 300), 1), []string{"4:9 at most 300"}},
	{"broken YAML", head + "uses:\n  - guid: a\n viewers: 1\n", []string{"7: not YAML"}},
	{"bytes that are not UTF-8", head + "sites: [\xff]\n", []string{"5:9 not UTF-8"}},
	{"UTF-16", "\xff\xfev\x00", []string{"1:1 not UTF-8"}},
	{"a file that is too large", "#" + strings.Repeat("x", tenant.MaxSize), []string{"0:0 at most 1048576"}},
	{"too many items", head + "sites: [" + strings.Repeat("a,", 10_001) + "]\n", []string{"5:8 at most 10000"}},
}

func TestRefused(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			f, err := tenant.ParseFacts("data/facts.yaml", []byte(c.text))
			var faults tenant.Faults
			if !errors.As(err, &faults) || !f.IsZero() {
				t.Fatalf("got %+v, error %v", f, err)
			}
			if len(faults) != len(c.faults) {
				t.Errorf("want %d faults, got\n%v", len(c.faults), err)
			}
			for i, want := range c.faults[:min(len(c.faults), len(faults))] {
				place, word, _ := strings.Cut(want, " ")
				if got := fmt.Sprintf("%d:%d", faults[i].Line, faults[i].Column); !strings.HasPrefix(got, place) || !strings.Contains(faults[i].Message, word) {
					t.Errorf("want %q, got\n%v", want, faults[i])
				}
			}
			if !strings.HasPrefix(err.Error(), "data/facts.yaml:") {
				t.Errorf("the file is not named: %v", err)
			}
		})
	}
}

func TestErrorsStayShort(t *testing.T) {
	huge := strings.Repeat("x", 100_000)
	for _, text := range []string{head + huge + ": 1\n", strings.Replace(head, contoso, huge, 1), head + "uses: [{guid: " + huge + "}]\n", head + "uses:\n" + strings.Repeat("  - x\n", 5000), strings.Repeat("[", 100_000), strings.Repeat("- ", 100_000), strings.Repeat("---\n", 10_000)} {
		if _, err := tenant.ParseFacts("f", []byte(text)); err == nil || len(err.Error()) > 20_000 {
			t.Errorf("%.80s…: an error of %d bytes", text, len(fmt.Sprint(err)))
		}
	}
}

func FuzzParseFacts(f *testing.F) {
	f.Add([]byte(whole))
	for _, c := range refused {
		if len(c.text) < 4096 {
			f.Add([]byte(c.text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := tenant.ParseFacts("f", b)
		if err != nil {
			var faults tenant.Faults
			if !errors.As(err, &faults) || len(faults) == 0 || !facts.IsZero() {
				t.Fatalf("an error that tells nothing: %v", err)
			}
			for _, fault := range faults {
				if fault.Line < 0 || fault.Column < 0 || fault.Message == "" {
					t.Fatalf("a fault nowhere: %+v", fault)
				}
			}
			return
		}
		if facts.IsZero() || facts.ID == "" || facts.AsOf.IsZero() || facts.Source == "" {
			t.Fatalf("facts without tenant, date or source: %+v", facts)
		}
		for _, u := range facts.Uses {
			if n, ok := facts.Number(u.Viewers).Get(); u.GUID.IsZero() || ok && n < 0 {
				t.Fatalf("a use of nothing, or by fewer than nobody: %+v", u)
			}
		}
	})
}
