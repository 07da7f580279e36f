package survey_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/openapitest"
	"github.com/orgstore/orgstore/graph/sharepoint"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
	"github.com/orgstore/orgstore/graph/survey"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	planFree = "2049e525-b859-401b-b2a0-e0a31c4b1fe4"
	planPPU  = "0bf3c642-7bb5-4ccc-884e-59d09df0266c"
	inner    = "4f084df7-c13d-451b-af5f-ed0c466403b2"
	hidden   = "5f084df7-c13d-451b-af5f-ed0c466403b2"
)

// startPeopledTenant is a simulated tenant with 310 users of Pro, 25 of Premium Per User
// and 1200 of the free plan, of whom some had better plans.
func startPeopledTenant(t *testing.T, o simulator.Options) *simulator.Simulator {
	s := simulatortest.StartWith(t, o)
	pros := s.AddUsers(300, planPro)
	s.AddUsers(10, planPro, planFree)
	s.AddUsers(25, planPPU, planPro)
	s.AddUsers(1200, planFree)
	s.AddUsers(7)
	s.SetGroups(
		simulator.Group{ID: group, Name: "BI designers", Members: append([]string{inner}, pros[:10]...)},
		simulator.Group{ID: inner, Name: "BI designers abroad", Members: append([]string{group}, pros[8:12]...)},
		simulator.Group{ID: hidden, Name: "Board", Members: pros[:3], Hidden: true},
	)
	s.SetSKUs(simulator.SKU{ID: pro, PartNumber: "POWER_BI_PRO", Consumed: 310, Enabled: 320, Plans: []simulator.SKUPlan{{ID: planPro, Name: "BI_AZURE_P2"}}})
	s.SetCapacities(simulator.Capacity{ID: prod, Name: "Production", SKU: "F64"})
	return s
}

// connectTo connects to a simulated tenant.
func connectTo(t *testing.T, s *simulator.Simulator) *graph.Connection {
	e := s.Endpoints()
	c, err := graph.Connect(graph.Options{
		Cloud: graph.Cloud{
			Name: graph.Custom, Login: e.Login, Graph: e.Graph, PowerBI: e.PowerBI, Fabric: e.Fabric, Portal: e.Portal,
			PowerBIAudience: "https://analysis.windows.net/powerbi/api", FabricAudience: "https://api.fabric.microsoft.com",
		},
		Tenant: simulator.Contoso, Program: "orgstore/test", CAs: [][]byte{s.CA()},
		SignIn: graph.SignIn{Method: graph.BySecret, Client: simulatortest.Client, Secret: func() (string, error) { return simulatortest.Secret, nil }},
		Limits: graph.Limits{MaxTries: 3}, Clock: tenanttest.InstantClock(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkDescriptions holds each request and each answer from here on to Microsoft's
// descriptions.
func checkDescriptions(t *testing.T, s *simulator.Simulator, c *graph.Connection) *openapitest.Checker {
	checker, err := openapitest.New(s.Endpoints().Bases())
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []graph.Service{graph.Graph, graph.PowerBI, graph.Fabric} {
		client := c.AuthorizedClient(service)
		client.Transport = checker.Transport(t, client.Transport)
	}
	return checker
}

// simulatedLibrary is the simulated tenant's, found by nothing but its ids.
func simulatedLibrary(t *testing.T, c *graph.Connection, s *simulator.Simulator) survey.Library {
	l := simulatortest.Visuals(t, s)
	documents, err := sharepoint.Open(c, sharepoint.Options{IDs: sharepoint.IDs{Site: l.SiteID, List: l.ListID, Drive: l.DriveID}})
	if err != nil {
		t.Fatal(err)
	}
	return survey.NewLibrary(c, simulatortest.Client, func(ctx context.Context) (survey.Place, error) {
		ids, err := documents.IDs(ctx)
		return survey.Place(ids), err
	}, documents.CheckWritable)
}

// checkExpectedCalls fails a test for requests that no client should send.
func checkExpectedCalls(t *testing.T, s *simulator.Simulator) {
	for _, c := range s.LoggedCalls() {
		if c.Unexpected != "" {
			t.Errorf("%s: %s", c, c.Unexpected)
		}
	}
}

func TestSimulatedTenant(t *testing.T) {
	s := startPeopledTenant(t, simulator.Options{Seed: 1})
	c := connectTo(t, s)
	checker := checkDescriptions(t, s, c)
	f, found, err := survey.New(c, simulator.Contoso, nil).Facts(context.Background(), []string{group, hidden})
	if err != nil {
		t.Fatal(err)
	}
	n := tenant.Is[int64]
	if f.Users != (tenant.Users{Free: n(1200), Pro: n(310), PPU: n(25)}) {
		t.Errorf("%+v", f.Users)
	}
	if len(f.Groups) != 2 || f.Groups[0] != (tenant.Group{ID: group, Name: "BI designers", Members: n(12)}) || f.Groups[1] != (tenant.Group{ID: hidden, Name: "Board"}) {
		t.Errorf("%+v", f.Groups)
	}
	if k, _ := f.Capacities.Get(); len(k) != 1 || k[0].ID != prod || k[0].SKU.String() != "F64" {
		t.Errorf("%+v", k)
	}
	if k, _ := f.Settings.Get(); len(k) != 5 {
		t.Errorf("%+v", k)
	}
	if r := findRequirement(t, found, "group."+hidden); r.State != tenant.Limited {
		t.Errorf("%+v", r)
	}
	doctor, err := survey.New(c, simulator.Contoso, simulatedLibrary(t, c, s)).Doctor(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range doctor {
		if r.State != tenant.Ready {
			t.Errorf("%+v", r)
		}
	}
	if l := simulatortest.Visuals(t, s); len(l.Files()) > 0 || l.Sessions() > 0 {
		t.Error("doctor left something in the library")
	}
	simulatortest.Visuals(t, s).GrantSite(simulatortest.Client, "read")
	doctor, err = survey.New(c, simulator.Contoso, simulatedLibrary(t, c, s)).Doctor(context.Background())
	if r := findRequirement(t, doctor, "library.write"); err != nil || r.State != tenant.Limited || !strings.Contains(r.Fix, simulatortest.Client) {
		t.Errorf("%v %+v", err, r)
	}
	if seen := checker.CallCounts(); len(seen) != 12 {
		t.Errorf("held to the descriptions: %v", seen)
	}
	checkExpectedCalls(t, s)
}

// TestSimulatedTenantWithPlainFilters refuses two conditions at once.
func TestSimulatedTenantWithPlainFilters(t *testing.T) {
	s := startPeopledTenant(t, simulator.Options{Seed: 1, PlainLambdasOnly: true})
	f, found, err := survey.New(connectTo(t, s), simulator.Contoso, nil).Facts(context.Background(), nil)
	if r := findRequirement(t, found, "users"); err != nil || r.State != tenant.Limited || !strings.Contains(r.Detail, "suspended plans") {
		t.Errorf("%v %+v", err, r)
	}
	if total, _ := f.Users.Total().Get(); total != 1535 {
		t.Errorf("%+v", f.Users)
	}
}

// TestWhatIsRequestedSuffices gives the application what graph.Requested names
// for these features and no more: all is ready. Without one of them, what that
// is for is missing, names it, and nothing else is touched.
func TestWhatIsRequestedSuffices(t *testing.T) {
	var roles []string
	for _, p := range graph.RequestedPermissions() {
		if p.Kind == graph.ApplicationRole && p.Need == graph.NeedAlways && slices.Contains([]string{"facts", "readiness", "activity", "library"}, p.Feature) {
			roles = append(roles, p.Name)
		}
	}
	needs := map[string]string{
		"": "", "Organization.Read.All": "organization", "User.Read.All": "users", "GroupMember.Read.All": "groups",
		"Lists.SelectedOperations.Selected": "library.permission",
		"LicenseAssignment.Read.All":        "", // Organization.Read.All is good for subscriptions, too
	}
	if len(roles) != len(needs)-1 {
		t.Fatalf("requested are %v", roles)
	}
	for role, name := range needs {
		t.Run("without "+role, func(t *testing.T) {
			s := startPeopledTenant(t, simulator.Options{Seed: 1})
			app := simulator.App{Client: simulatortest.Client, Secret: simulatortest.Secret, AdminAPIs: true}
			app.Roles = slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return r == role })
			if err := s.AddApp(app); err != nil {
				t.Fatal(err)
			}
			simulatortest.Visuals(t, s).GrantList(simulatortest.Client, "write")
			c := connectTo(t, s)
			if role == "Organization.Read.All" || role == "User.Read.All" {
				checkDescriptions(t, s, c) // reading the descriptions takes its time
			}
			found, err := survey.New(c, simulator.Contoso, simulatedLibrary(t, c, s)).Doctor(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found {
				switch {
				case r.Name == name:
					if r.State != tenant.Missing || !strings.Contains(r.Fix, role) {
						t.Errorf("%+v", r)
					}
				case r.State != tenant.Ready && !strings.HasPrefix(r.Name, "library"):
					t.Errorf("%+v", r)
				}
			}
			checkExpectedCalls(t, s)
		})
	}
}

// TestAdminAPIsRefused has the two ways in which Power BI and Fabric refuse a
// service principal.
func TestAdminAPIsRefused(t *testing.T) {
	for name, app := range map[string]simulator.App{
		"in no group":                    {},
		"with a permission for Power BI": {AdminAPIs: true, PowerBIRoles: []string{"Tenant.Read.All"}},
	} {
		s := startPeopledTenant(t, simulator.Options{Seed: 1})
		app.Client, app.Secret, app.Roles = simulatortest.Client, simulatortest.Secret, simulatortest.Roles()
		if err := s.AddApp(app); err != nil {
			t.Fatal(err)
		}
		c := connectTo(t, s)
		checkDescriptions(t, s, c)
		f, found, err := survey.New(c, simulator.Contoso, nil).Facts(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"capacities", "tenant_settings"} {
			if r := findRequirement(t, found, part); r.State != tenant.Missing || !strings.Contains(r.Fix, "read-only admin APIs") {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if _, known := f.Users.Total().Get(); !known {
			t.Errorf("%s: %+v", name, f.Users)
		}
	}
}

// TestEachCallFailsInEachWay strikes every call of a survey once with every
// fault: the tries of the client make it good, or one thing stays unknown.
func TestEachCallFailsInEachWay(t *testing.T) {
	s := startPeopledTenant(t, simulator.Options{Seed: 1})
	if _, _, err := survey.New(connectTo(t, s), simulator.Contoso, nil).Facts(context.Background(), []string{group}); err != nil {
		t.Fatal(err)
	}
	calls := len(s.LoggedCalls())
	struck, unknown := 0, 0
	for _, kind := range []simulator.FaultKind{simulator.Throttle, simulator.ServerError, simulator.Drop, simulator.Reset, simulator.Truncate, simulator.Garbage} {
		for nth := 1; nth <= calls; nth++ {
			if err := s.SetFaults(simulator.Fault{Kind: kind, Nth: nth}); err != nil {
				t.Fatal(err)
			}
			f, found, err := survey.New(connectTo(t, s), simulator.Contoso, nil).Facts(context.Background(), []string{group})
			struck++
			switch bad := notReady(found); {
			case err != nil && !slices.Contains([]string{"sign_in"}, strings.Join(bad, " ")):
				t.Errorf("%s at %d: %v, %v", kind, nth, err, bad)
			case err == nil && (len(bad) > 1 || f.ID != simulator.Contoso):
				t.Errorf("%s at %d: %v", kind, nth, bad)
			case err != nil || len(bad) > 0:
				unknown++
			}
		}
	}
	if struck < 6*12 {
		t.Errorf("only %d faults", struck)
	}
	t.Logf("%d calls, %d faults, %d of which left something unknown", calls, struck, unknown)
}

func notReady(found []tenant.Requirement) []string {
	var bad []string
	for _, r := range found {
		if r.State != tenant.Ready {
			bad = append(bad, fmt.Sprint(r.Name))
		}
	}
	return bad
}
