package survey_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/survey"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	group        = "2f084df7-c13d-451b-af5f-ed0c466403b2"
	missingGroup = "3f084df7-c13d-451b-af5f-ed0c466403b2"
	prod         = "0f084df7-c13d-451b-af5f-ed0c466403b2"
	pro          = "f8a1db68-be16-40ed-86d5-cb42ce701560"

	planPro = "70d33638-9c74-4d01-bfd3-562de28bd4ba"
)

var now = time.Date(2026, 11, 25, 4, 30, 0, 123, time.UTC)

// The places that a survey asks.
var places = map[string]string{
	"organization":    "graph /v1.0/organization",
	"subscriptions":   "graph /v1.0/subscribedSkus",
	"users":           "graph /v1.0/users/$count",
	"groups":          "graph /v1.0/groups",
	"group." + group:  "graph /v1.0/groups/" + group,
	"capacities":      "powerbi /v1.0/myorg/admin/capacities",
	"activity_events": "powerbi /v1.0/myorg/admin/activityevents",
	"tenant_settings": "fabric /v1/admin/tenantsettings",
}

// startContoso is a tenant in which all is as it should be.
func startContoso(t *testing.T) *tenanttest.Tenant {
	x := tenanttest.Start(t)
	x.Roles = []string{"Lists.SelectedOperations.Selected", "Organization.Read.All"}
	x.Date = now.Add(time.Minute)
	x.Respond(places["organization"], 200, `{"value":[{"id":"`+tenanttest.ID+`","displayName":"Contoso","verifiedDomains":[{"name":"contoso.com"}]}]}`)
	x.Respond(places["subscriptions"], 200, `{"value":[{"skuId":"`+pro+`","skuPartNumber":"POWER_BI_PRO","capabilityStatus":"Enabled","consumedUnits":310,"prepaidUnits":{"enabled":320},"servicePlans":[{"servicePlanId":"`+planPro+`"}]}]}`)
	x.Handle(places["users"], func(w http.ResponseWriter, r *http.Request) {
		n := 0
		if strings.HasPrefix(r.URL.Query().Get("$filter"), "assignedPlans/any(p:p/servicePlanId eq "+planPro) {
			n = 310
		}
		fmt.Fprint(w, n)
	})
	x.Respond(places["groups"], 200, `{"value":[{"id":"`+group+`"}]}`)
	x.Respond(places["group."+group], 200, `{"id":"`+group+`","displayName":"BI designers"}`)
	x.Respond(places["group."+group]+"/transitiveMembers/microsoft.graph.user/$count", 200, "12")
	x.Respond(places["capacities"], 200, `{"value":[{"id":"`+prod+`","displayName":"Production","sku":"F64","state":"Active","region":"West Europe"}]}`)
	x.Respond(places["activity_events"], 200, `{"activityEventEntities":[]}`)
	x.Respond(places["tenant_settings"], 200, `{"value":[`+strings.Join(settingsJSON(), ",")+`]}`)
	return x
}

func settingsJSON() []string {
	var all []string
	for i, k := range tenant.KnownSettings() {
		all = append(all, fmt.Sprintf(`{"settingName":%q,"title":%q,"enabled":%t}`, k.Name, k.Title, i%2 == 0))
	}
	return all
}

func newSurvey(x *tenanttest.Tenant, library survey.LibraryProbe) *survey.Survey {
	s := survey.New(x.Connect(), tenanttest.ID, library)
	s.Now = func() time.Time { return now }
	return s
}

// formatStates lists requirements as name=state.
func formatStates(found []tenant.Requirement) string {
	var all []string
	for _, r := range found {
		all = append(all, r.Name+"="+string(r.State))
	}
	return strings.Join(all, " ")
}

func findRequirement(t *testing.T, found []tenant.Requirement, name string) tenant.Requirement {
	t.Helper()
	i := slices.IndexFunc(found, func(r tenant.Requirement) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("nothing is said of %s: %s", name, formatStates(found))
	}
	return found[i]
}

func TestFacts(t *testing.T) {
	x := startContoso(t)
	got, found, err := newSurvey(x, nil).Facts(context.Background(), []string{strings.ToUpper(group), missingGroup, group})
	if err != nil {
		t.Fatal(err)
	}
	n := tenant.Is[int64]
	want := tenant.Facts{
		ID: tenanttest.ID, AsOf: now.Truncate(time.Second), Source: survey.Source, Domains: []string{"contoso.com"},
		Users:         tenant.Users{Free: n(0), Pro: n(310), PPU: n(0)},
		Groups:        []tenant.Group{{ID: group, Name: "BI designers", Members: n(12)}, {ID: missingGroup}},
		Capacities:    tenant.Is([]tenant.Capacity{{ID: prod, Name: "Production", SKU: tenant.ParseSKU("F64"), State: "Active", Region: "West Europe"}}),
		Settings:      tenant.Is([]tenant.Setting{{Name: "CustomVisualsTenant", Enabled: true}, {Name: "CertifiedCustomVisualsTenant"}, {Name: "AllowCVToExportDataToFileTenant", Enabled: true}, {Name: "AllowCVLocalStorageV2Tenant"}, {Name: "AllowCVAuthenticationTenant", Enabled: true}}),
		Subscriptions: tenant.Is([]tenant.Subscription{{SKU: pro, Name: "POWER_BI_PRO", Plan: tenant.PlanPro, State: "Enabled", Bought: n(320), Assigned: n(310)}}),
	}
	same := cmp.AllowUnexported(tenant.SKU{}, tenant.Known[int64]{}, tenant.Known[[]string]{}, tenant.Known[[]tenant.Capacity]{}, tenant.Known[[]tenant.Setting]{}, tenant.Known[[]tenant.Subscription]{})
	if d := cmp.Diff(want, got, same); d != "" {
		t.Error(d)
	}
	if got, want := formatStates(found), "sign_in=ready organization=ready tenant_id=ready subscriptions=ready users=ready group."+group+"=ready group."+missingGroup+"=missing capacities=ready tenant_settings=ready"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	b, err := tenant.Format(got)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tenant.ParseFacts("f", b); err != nil || cmp.Diff(got, again, same) != "" {
		t.Errorf("%v\n%s", err, b)
	}
}

// TestWhatCannotBeHadIsUnknown denies each thing, breaks each answer, and has
// each service down: the rest is had, and the reason is kept.
func TestWhatCannotBeHadIsUnknown(t *testing.T) {
	for _, trouble := range []struct {
		name  string
		cause func(x *tenanttest.Tenant, place string)
		state tenant.Readiness
	}{
		{"denied", func(x *tenanttest.Tenant, place string) { x.Deny(place) }, tenant.Missing},
		{"rubbish", func(x *tenanttest.Tenant, place string) { x.Respond(place, 200, `<!doctype html>`) }, tenant.Unknown},
		{"down", func(x *tenanttest.Tenant, place string) { x.Respond(place, 503, ``) }, tenant.Unknown},
		{"asked too often", func(x *tenanttest.Tenant, place string) {
			x.Handle(place, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(http.StatusTooManyRequests)
			})
		}, tenant.Unknown},
	} {
		for name, place := range places {
			t.Run(trouble.name+" "+name, func(t *testing.T) {
				x := startContoso(t)
				trouble.cause(x, place)
				f, found, err := newSurvey(x, nil).Facts(context.Background(), []string{group})
				if err != nil || f.ID != tenanttest.ID {
					t.Fatal(err)
				}
				doctor, err := newSurvey(x, nil).Doctor(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(name, "group.") {
					doctor = found
				}
				r := findRequirement(t, doctor, name)
				if r.State != trouble.state || r.Detail == "" || r.State == tenant.Missing && r.Fix == "" {
					t.Errorf("%+v", r)
				}
				for _, other := range slices.Concat(found, doctor) {
					if other.Name != name && other.State != tenant.Ready && other.Name != "quotas" && !strings.HasPrefix(other.Name, "library") {
						t.Errorf("%+v", other)
					}
				}
				if countKnown(f) != 5 && name != "groups" && name != "activity_events" && name != "organization" && !strings.HasPrefix(name, "group.") && countKnown(f) != 4 {
					t.Errorf("%d facts are known: %+v", countKnown(f), f)
				}
			})
		}
	}
}

func countKnown(f tenant.Facts) int {
	n := 0
	_, a := f.Users.Total().Get()
	_, b := f.Capacities.Get()
	_, c := f.Settings.Get()
	_, d := f.Subscriptions.Get()
	e := len(f.Groups) == 1 && f.Groups[0].Members != tenant.Known[int64]{}
	for _, is := range []bool{a, b, c, d, e} {
		if is {
			n++
		}
	}
	return n
}

// TestAnotherTenant is case C3: settings for one tenant, a sign-in for another.
func TestAnotherTenant(t *testing.T) {
	for name, change := range map[string]func(*tenanttest.Tenant){
		"says the token": func(x *tenanttest.Tenant) { x.SignedIn = missingGroup },
		"says Graph": func(x *tenanttest.Tenant) {
			x.Respond(places["organization"], 200, `{"value":[{"id":"`+missingGroup+`"}]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := startContoso(t)
			change(x)
			f, found, err := newSurvey(x, nil).Facts(context.Background(), nil)
			var coded interface {
				Code() string
				Hint() string
			}
			if !errors.As(err, &coded) || coded.Code() != "ent.tenant" || coded.Hint() == "" || !f.IsZero() {
				t.Fatalf("%+v, %v", f, err)
			}
			if !strings.Contains(err.Error(), tenanttest.ID) || !strings.Contains(err.Error(), missingGroup) {
				t.Error(err)
			}
			if r := findRequirement(t, found, "tenant_id"); r.State != tenant.Missing {
				t.Errorf("%+v", r)
			}
			asked := len(x.Requests())
			found, err = newSurvey(x, fakeProbe{}).Doctor(context.Background())
			if err != nil || findRequirement(t, found, "tenant_id").State != tenant.Missing {
				t.Errorf("%v %s", err, formatStates(found))
			}
			for _, name := range []string{"users", "capacities", "tenant_settings", "activity_events", "library"} {
				if r := findRequirement(t, found, name); r.State != tenant.Unknown || !strings.Contains(r.Detail, missingGroup) {
					t.Errorf("%+v", r)
				}
			}
			if len(x.Requests()) > asked+1 {
				t.Errorf("the other tenant was asked: %v", x.Requests())
			}
		})
	}
}

// TestTokensThatSayNothing: nothing depends on what a token looks like.
func TestTokensThatSayNothing(t *testing.T) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, token := range map[string]string{
		"opaque":           "opaque",
		"no base64":        "a.!.b",
		"no JSON":          "a." + part("<html>") + ".b",
		"a list":           "a." + part("[]") + ".b",
		"no tenant":        "a." + part(`{"appid":"`+tenanttest.Client+`"}`) + ".b",
		"a tenant by name": "a." + part(`{"tid":"contoso.com","roles":["x"]}`) + ".b",
		"a tenant twice":   "a." + part(`{"tid":"`+missingGroup+`","tid":"`+tenanttest.ID+`"}`) + ".b",
		"roles as a text":  "a." + part(`{"tid":"`+missingGroup+`","roles":"Sites.Selected"}`) + ".b",
		"encrypted":        "a.b.c.d.e",
		"without end":      "a." + part(`{"tid":"`+missingGroup+`","x":"`+strings.Repeat("x", 1<<16)+`"}`) + ".b",
	} {
		t.Run(name, func(t *testing.T) {
			x := startContoso(t)
			x.Handle("login token", func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":%q}`, token)
			})
			found, err := newSurvey(x, fakeProbe{}).Doctor(context.Background())
			if err != nil || findRequirement(t, found, "tenant_id").State != tenant.Ready || findRequirement(t, found, "library.permission").State != tenant.Unknown {
				t.Errorf("%v %s", err, formatStates(found))
			}
			x.Deny(places["organization"])
			f, found, err := newSurvey(x, nil).Facts(context.Background(), nil)
			if r := findRequirement(t, found, "tenant_id"); err != nil || r.State != tenant.Unknown || r.Fix == "" || f.ID != tenanttest.ID {
				t.Errorf("%v %+v", err, r)
			}
		})
	}
}

func TestSignInThatFails(t *testing.T) {
	x := startContoso(t)
	x.Handle("login token", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}`)
	})
	f, found, err := newSurvey(x, nil).Facts(context.Background(), []string{group})
	var signIn *graph.SignInError
	if !errors.As(err, &signIn) || !f.IsZero() || formatStates(found) != "sign_in=missing" {
		t.Fatalf("%+v, %v, %v", f, formatStates(found), err)
	}
	found, err = newSurvey(x, fakeProbe{}).Doctor(context.Background())
	if r := findRequirement(t, found, "sign_in"); err != nil || r.State != tenant.Missing || r.Fix == "" {
		t.Errorf("%v %+v", err, r)
	}
	if findRequirement(t, found, "clock").State != tenant.Ready || findRequirement(t, found, "users").State != tenant.Unknown {
		t.Error(formatStates(found))
	}
	if len(x.Requests()) > 0 {
		t.Error(x.Requests())
	}
}

// TestSignInHostThatIsDown is not a matter of what is unknown: nothing works.
func TestSignInHostThatIsDown(t *testing.T) {
	x := startContoso(t)
	x.Handle("login token", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	found, err := newSurvey(x, fakeProbe{}).Doctor(context.Background())
	if r := findRequirement(t, found, "sign_in"); err != nil || r.State != tenant.Missing || r.Detail == "" {
		t.Errorf("%v %+v", err, r)
	}
}

func TestCanceled(t *testing.T) {
	for _, place := range []string{places["organization"], places["users"], places["capacities"]} {
		x := startContoso(t)
		ctx, cancel := context.WithCancel(context.Background())
		x.Handle(place, func(w http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if f, _, err := newSurvey(x, nil).Facts(ctx, nil); !errors.Is(err, context.Canceled) || !f.IsZero() {
			t.Errorf("%s: %v", place, err)
		}
		if found, err := newSurvey(x, fakeProbe{}).Doctor(ctx); !errors.Is(err, context.Canceled) || findRequirement(t, found, "users").State != tenant.Unknown {
			t.Errorf("%s: %v %s", place, err, formatStates(found))
		}
	}
}

// TestPatienceEnds leaves unknown what takes too long, and waits for nothing
// else.
func TestPatienceEnds(t *testing.T) {
	x := startContoso(t)
	s := newSurvey(x, fakeProbe{})
	if _, err := s.Doctor(context.Background()); err != nil { // and is signed in
		t.Fatal(err)
	}
	s.StepTimeout = 1
	found, err := s.Doctor(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"clock", "organization", "users", "capacities", "activity_events"} {
		if r := findRequirement(t, found, name); r.State != tenant.Unknown || r.Detail == "" {
			t.Errorf("%+v", r)
		}
	}
}

// TestGroupsThatAreNoIDs must not reach the tenant's other paths.
func TestGroupsThatAreNoIDs(t *testing.T) {
	x := startContoso(t)
	f, found, err := newSurvey(x, nil).Facts(context.Background(), []string{"../users", ""})
	if err != nil || len(f.Groups) > 0 || findRequirement(t, found, "group.../users").State != tenant.Unknown {
		t.Errorf("%v, %+v, %s", err, f.Groups, formatStates(found))
	}
}

func TestTenantWithoutFabric(t *testing.T) {
	x := startContoso(t)
	x.MissingServices = []graph.Service{graph.Fabric, graph.PowerBI}
	found, err := newSurvey(x, nil).Doctor(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tenant_settings", "capacities", "activity_events"} {
		if r := findRequirement(t, found, name); r.State != tenant.Off || !strings.Contains(r.Detail, "not published") {
			t.Errorf("%+v", r)
		}
	}
	if r := findRequirement(t, found, "cloud"); r.State != tenant.Limited || !strings.Contains(r.Detail, "Microsoft Fabric") {
		t.Errorf("%+v", r)
	}
}

// fakeProbe is a library that has its say.
type fakeProbe struct {
	found []tenant.Requirement
	err   error
}

func (p fakeProbe) Probe(context.Context) ([]tenant.Requirement, error) { return p.found, p.err }
