package tenant_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/verdict"
	"github.com/orgstore/orgstore/packages/visual"
)

// sameFacts compares facts with what they keep to themselves.
var sameFacts = cmp.AllowUnexported(visual.GUID{}, tenant.SKU{}, tenant.Known[int64]{}, tenant.Known[[]string]{},
	tenant.Known[[]tenant.Capacity]{}, tenant.Known[[]tenant.Setting]{}, tenant.Known[[]tenant.Subscription]{})

var (
	then  = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	today = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
)

func factsFromPeople(change func(*tenant.Facts)) tenant.Facts {
	f := tenant.Facts{ID: contoso, AsOf: then, Source: "counted by hand"}
	change(&f)
	return f
}

func factsFromTenant(change func(*tenant.Facts)) tenant.Facts {
	f := tenant.Facts{ID: contoso, AsOf: today, Source: "Microsoft Graph"}
	change(&f)
	return f
}

func TestJoined(t *testing.T) {
	n := tenant.Is[int64]
	designers := tenant.Use{GUID: gauge, Designers: tenant.People{Groups: []string{group}}, Viewers: peopleCount(750)}
	otherVisual := tenant.Use{GUID: must(visual.ParseGUID("auroraOther")), Viewers: peopleCount(1)}
	f64, f128 := tenant.ParseSKU("F64"), tenant.ParseSKU("F128")
	type facts = tenant.Facts
	for _, c := range []struct {
		name         string
		people, told func(*facts)
		want         func(*facts) // of the joined ones
		says         []string     // a finding each
	}{
		{"nothing but the tenant", func(*facts) {}, func(*facts) {}, func(*facts) {}, nil},
		{"uses are people's", func(f *facts) { f.Uses = []tenant.Use{designers} },
			func(f *facts) { f.Uses = []tenant.Use{{GUID: gauge, Viewers: peopleCount(9)}, otherVisual} },
			func(f *facts) { f.Uses = []tenant.Use{designers, otherVisual} }, nil},
		{"sites are people's", func(f *facts) { f.Sites = tenant.Is([]string{}) },
			func(f *facts) { f.Sites = tenant.Is([]string{"x.example"}) },
			func(f *facts) { f.Sites = tenant.Is([]string{}) }, nil},
		{"numbers of users are the tenant's", func(f *facts) { f.Users = tenant.Users{Free: n(1), Pro: n(300)} },
			func(f *facts) { f.Users = tenant.Users{Pro: n(310), PPU: n(25)} },
			func(f *facts) { f.Users = tenant.Users{Free: n(1), Pro: n(310), PPU: n(25)} },
			[]string{"users of Pro: counted by hand says 300, and Microsoft Graph says 310, which counts"}},
		{"equal numbers are no conflict", func(f *facts) { f.Users = tenant.Users{Pro: n(310)} },
			func(f *facts) { f.Users = tenant.Users{Pro: n(310)} },
			func(f *facts) { f.Users = tenant.Users{Pro: n(310)} }, nil},
		{"a group's size is the tenant's, its name people's", func(f *facts) { f.Groups = []tenant.Group{{ID: group, Name: "designers", Members: n(12)}, {ID: other}} },
			func(f *facts) {
				f.Groups = []tenant.Group{{ID: test, Members: n(3)}, {ID: group, Name: "BI", Members: n(14)}}
			},
			func(f *facts) {
				f.Groups = []tenant.Group{{ID: group, Name: "designers", Members: n(14)}, {ID: other}, {ID: test, Members: n(3)}}
			},
			[]string{"members of the group " + group}},
		{"a size that the tenant could not tell stays", func(f *facts) { f.Groups = []tenant.Group{{ID: group, Members: n(12)}} },
			func(f *facts) { f.Groups = []tenant.Group{{ID: group}} },
			func(f *facts) { f.Groups = []tenant.Group{{ID: group, Members: n(12)}} }, nil},
		{"capacities are the tenant's", func(f *facts) {
			f.Capacities = tenant.Is([]tenant.Capacity{{ID: prod, Name: "Production", SKU: f64}, {ID: test, SKU: f64}, {ID: other, SKU: f64}})
		},
			func(f *facts) {
				f.Capacities = tenant.Is([]tenant.Capacity{{ID: prod, Name: "cap1", SKU: f128, State: "Active"}, {ID: test, Region: "West Europe"}})
			},
			func(f *facts) {
				f.Capacities = tenant.Is([]tenant.Capacity{{ID: prod, Name: "Production", SKU: f128, State: "Active"}, {ID: test, SKU: f64, Region: "West Europe"}})
			},
			[]string{"the SKU of the capacity " + prod + `: counted by hand says "F64", and Microsoft Graph says "F128"`, "the capacity " + other + " is one that"}},
		{"a tenant without capacities has none", func(f *facts) { f.Capacities = tenant.Is([]tenant.Capacity{{ID: prod, SKU: f64}}) },
			func(f *facts) { f.Capacities = tenant.Is([]tenant.Capacity{}) },
			func(f *facts) { f.Capacities = tenant.Is([]tenant.Capacity{}) }, []string{"left out"}},
		{"capacities nobody told", func(f *facts) { f.Capacities = tenant.Is([]tenant.Capacity{{ID: prod, SKU: f64}}) }, func(*facts) {},
			func(f *facts) { f.Capacities = tenant.Is([]tenant.Capacity{{ID: prod, SKU: f64}}) }, nil},
		{"settings, subscriptions and domains are the tenant's", func(f *facts) {
			f.Settings, f.Domains = tenant.Is([]tenant.Setting{{Name: "CustomVisualsTenant"}}), []string{"a.example"}
		},
			func(f *facts) {
				f.Settings, f.Domains = tenant.Is([]tenant.Setting{}), []string{"contoso.com"}
				f.Subscriptions = tenant.Is([]tenant.Subscription{{SKU: other, Plan: tenant.PlanPro}})
			},
			func(f *facts) {
				f.Settings, f.Domains = tenant.Is([]tenant.Setting{}), []string{"contoso.com"}
				f.Subscriptions = tenant.Is([]tenant.Subscription{{SKU: other, Plan: tenant.PlanPro}})
			}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b, want := factsFromPeople(c.people), factsFromTenant(c.told), factsFromPeople(c.want)
			want.Source = "counted by hand, and Microsoft Graph"
			got, found := a.Joined(b)
			if d := cmp.Diff(want, got, sameFacts); d != "" {
				t.Error(d)
			}
			if len(found) != len(c.says) {
				t.Fatalf("found %v", found)
			}
			for i, f := range found {
				if !strings.Contains(f.Message, c.says[i]) || f.Code != "facts.conflict" || f.Verdict != verdict.Accept || f.Hint == "" {
					t.Errorf("%+v does not say %q", f, c.says[i])
				}
			}
			if d := cmp.Diff(factsFromPeople(c.people), a, sameFacts) + cmp.Diff(factsFromTenant(c.told), b, sameFacts); d != "" {
				t.Error("joining changed what was joined:\n" + d)
			}
		})
	}
}

func TestJoinedWithNothing(t *testing.T) {
	f := factsFromPeople(func(f *tenant.Facts) { f.Uses = []tenant.Use{{GUID: gauge}} })
	for name, j := range map[string]func() (tenant.Facts, []verdict.Finding){
		"people alone": func() (tenant.Facts, []verdict.Finding) { return f.Joined(tenant.Facts{}) },
		"tenant alone": func() (tenant.Facts, []verdict.Finding) { return tenant.Facts{}.Joined(f) },
	} {
		if got, found := j(); cmp.Diff(f, got, sameFacts) != "" || len(found) != 0 {
			t.Errorf("%s: %+v, %v", name, got, found)
		}
	}
	if got, found := (tenant.Facts{}).Joined(tenant.Facts{}); !got.IsZero() || len(found) != 0 {
		t.Errorf("nothing twice: %+v, %v", got, found)
	}
}

func TestJoinedWithAnotherTenant(t *testing.T) {
	f, b := factsFromPeople(func(*tenant.Facts) {}), factsFromTenant(func(f *tenant.Facts) { f.ID, f.Users.Pro = other, tenant.Is[int64](5) })
	got, found := f.Joined(b)
	if cmp.Diff(f, got, sameFacts) != "" || len(found) != 1 || found[0].Code != "ent.tenant" || found[0].Verdict != verdict.Warn {
		t.Errorf("%+v, %v", got, found)
	}
}

// TestJoinedFactsCount counts the members of a group that people name and the
// tenant counts, which is what joining is for.
func TestJoinedFactsCount(t *testing.T) {
	f, err := tenant.ParseFacts("facts.yaml", []byte(head+"groups: [{id: "+group+"}]\nuses: [{guid: "+gauge.String()+", designers: ["+group+"], viewers: 10}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.GroupIDs(); len(got) != 1 || got[0] != group {
		t.Errorf("groups to count: %v", got)
	}
	j, _ := f.Joined(factsFromTenant(func(f *tenant.Facts) { f.Groups = []tenant.Group{{ID: group, Members: tenant.Is[int64](12)}} }))
	if got := findingsText(tenant.Check(userTerms(20), gauge, j, tenant.Need{})); got != "ent.over_quantity warn" {
		t.Errorf("found %q", got)
	}
}

func TestStale(t *testing.T) {
	f := factsFromTenant(func(*tenant.Facts) {})
	for _, c := range []struct {
		at    time.Time
		stale bool
	}{{today, false}, {today.Add(-time.Hour), false}, {today.Add(tenant.Fresh), false}, {today.Add(tenant.Fresh + time.Second), true}, {today.Add(30 * tenant.Fresh), true}} {
		note, stale := f.Stale(c.at)
		if stale != c.stale || stale && (note.Code != "facts.stale" || !strings.Contains(note.Message, "as of 2026-11-24")) {
			t.Errorf("at %v: %v %+v", c.at, stale, note)
		}
	}
	if _, stale := (tenant.Facts{}).Stale(today); stale {
		t.Error("no facts are stale")
	}
	if note, _ := f.Stale(today.Add(9 * 24 * time.Hour)); !strings.Contains(fmt.Sprint(note), "9 days old") {
		t.Errorf("%+v", note)
	}
}
