package tenant_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/tenant"
	"github.com/orgstore/orgstore/packages/visual"
)

// completeFacts is facts of which each is known.
func completeFacts() tenant.Facts {
	n := tenant.Is[int64]
	return tenant.Facts{
		ID: contoso, AsOf: time.Date(2026, 11, 24, 9, 30, 1, 5, time.UTC), Source: `Microsoft Graph: "#1" \ 'x' — é`, Domains: []string{"contoso.com", "no"},
		Users:      tenant.Users{Free: n(1200), Pro: n(0), PPU: n(999_999_999)},
		Groups:     []tenant.Group{{ID: group, Name: "- a: [b, {c}] # d", Members: n(12)}, {ID: other}},
		Capacities: tenant.Is([]tenant.Capacity{{ID: prod, Name: "null", SKU: tenant.ParseSKU("F64"), State: "Active", Region: "West Europe"}, {ID: test}}),
		Sites:      tenant.Is([]string{"reports.contoso.com"}),
		Settings:   tenant.Is([]tenant.Setting{{Name: "CustomVisualsTenant", Enabled: true}, {Name: "AllowCVLocalStorageV2Tenant", Grouped: true}}),
		Subscriptions: tenant.Is([]tenant.Subscription{
			{SKU: other, Name: "POWER_BI_PRO", Plan: tenant.PlanPro, State: "Enabled", Bought: n(320), Assigned: n(310)}, {SKU: group, Plan: tenant.PlanFree},
		}),
		Uses: []tenant.Use{
			{GUID: gauge, Designers: tenant.People{Groups: []string{group}}, Viewers: peopleCount(750), Capacities: tenant.Is([]string{prod}), Hosts: tenant.Is([]string{})},
			{GUID: must(visual.ParseGUID("auroraOther"))},
		},
	}
}

// TestFormatRoundTrips reads back what was written, with each of the facts
// unknown, empty and known.
func TestFormatRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := completeFacts()
		keep := func(what string) bool { return rapid.Bool().Draw(t, what) }
		if keep("no users") {
			f.Users = tenant.Users{PPU: f.Users.PPU}
		}
		if keep("no list") {
			f.Capacities, f.Settings, f.Subscriptions, f.Sites = tenant.Known[[]tenant.Capacity]{}, tenant.Known[[]tenant.Setting]{}, tenant.Known[[]tenant.Subscription]{}, tenant.Known[[]string]{}
		}
		if keep("empty lists") {
			f.Settings, f.Subscriptions, f.Sites = tenant.Is([]tenant.Setting{}), tenant.Is([]tenant.Subscription{}), tenant.Is([]string{})
		}
		if keep("no uses") {
			f.Uses = nil
		}
		if keep("no groups") && f.Uses == nil {
			f.Groups, f.Domains = nil, nil
		}
		if name := tenant.Clean(rapid.String().Draw(t, "name")); len(f.Groups) > 0 {
			f.Groups[0].Name = name
		}
		b, err := tenant.Format(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tenant.ParseFacts("f", b)
		if d := cmp.Diff(f, got, sameFacts, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Fatalf("%v\n%s\n%s", err, d, b)
		}
	})
}

// TestFormatRefusesWhatCannotBeReadBack keeps a file from being written that
// nobody can read.
func TestFormatRefusesWhatCannotBeReadBack(t *testing.T) {
	for name, change := range map[string]func(*tenant.Facts){
		"no tenant":                 func(f *tenant.Facts) { f.ID = "" },
		"no source":                 func(f *tenant.Facts) { f.Source = "" },
		"no date":                   func(f *tenant.Facts) { f.AsOf = time.Time{} },
		"a line break in a name":    func(f *tenant.Facts) { f.Groups[0].Name = "a\nuses: []" },
		"a name without end":        func(f *tenant.Facts) { f.Groups[0].Name = strings.Repeat("x", 301) },
		"a number below zero":       func(f *tenant.Facts) { f.Users.Pro = tenant.Is[int64](-1) },
		"a number beyond all":       func(f *tenant.Facts) { f.Users.Pro = tenant.Is[int64](1 << 40) },
		"a setting of other things": func(f *tenant.Facts) { f.Settings = tenant.Is([]tenant.Setting{{Name: "DatamartTenant"}}) },
		"a plan of other things":    func(f *tenant.Facts) { f.Subscriptions = tenant.Is([]tenant.Subscription{{SKU: other, Plan: "E5"}}) },
		"a group twice":             func(f *tenant.Facts) { f.Groups = append(f.Groups, f.Groups[0]) },
	} {
		f := completeFacts()
		change(&f)
		if b, err := tenant.Format(f); err == nil {
			t.Errorf("%s was written:\n%s", name, b)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"": "", " BI  designers ": "BI  designers", "a\nb\x1b[31m": "a b [31m", "\u202eabc": "abc", "\xff": "", "Zoë": "Zoë"} {
		if got := tenant.Clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := tenant.Clean(strings.Repeat("é", 500)); len(got) != 300 || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestNumber(t *testing.T) {
	for n, known := range map[int64]bool{-1: false, 0: true, 999_999_999: true, 1_000_000_000: false} {
		if got, ok := tenant.Number(n).Get(); ok != known || known && got != n {
			t.Errorf("%d: %d, %v", n, got, ok)
		}
	}
}

func TestID(t *testing.T) {
	if id, ok := tenant.ID(strings.ToUpper(prod)); id != prod || !ok {
		t.Error(id, ok)
	}
	for _, s := range []string{"", "contoso.com", prod + "\n", prod[1:]} {
		if id, ok := tenant.ID(s); ok {
			t.Errorf("%q is taken for the id %q", s, id)
		}
	}
}

// TestSettingsThatReachTheStore says which of Microsoft's settings do not keep a
// visual of the store from being used: two.
func TestSettingsThatReachTheStore(t *testing.T) {
	var exempt []string
	for _, k := range tenant.KnownSettings() {
		if k.Name == "" || k.Title == "" {
			t.Errorf("%+v has no name", k)
		}
		if k.Reach == tenant.ReachElsewhere {
			exempt = append(exempt, k.Name)
		}
	}
	if got := fmt.Sprint(exempt); got != "[CustomVisualsTenant CertifiedCustomVisualsTenant]" {
		t.Error(got)
	}
}
