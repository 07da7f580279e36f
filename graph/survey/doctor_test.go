package survey_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

func TestDoctorOfAReadyTenant(t *testing.T) {
	x := startContoso(t)
	read := tenant.Requirement{Name: "library.read", What: "library can be read", State: tenant.Ready, Detail: "Visuals on BI"}
	found, err := newSurvey(x, fakeProbe{found: []tenant.Requirement{read}}).Doctor(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const want = "cloud=ready clock=ready sign_in=ready organization=ready tenant_id=ready library.permission=ready library.read=ready library.write=unknown " +
		"subscriptions=ready users=ready groups=ready capacities=ready tenant_settings=ready activity_events=ready quotas=ready"
	if got := formatStates(found); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, r := range found {
		if r.What == "" || r.Detail == "" || r.Fix != "" || strings.Contains(r.Detail, "  ") {
			t.Errorf("%+v", r)
		}
	}
}

// TestTwoSettingsDoNotApply says so where they are shown.
func TestTwoSettingsDoNotApply(t *testing.T) {
	found, err := newSurvey(startContoso(t), nil).Doctor(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	const want = "AllowCVToExportDataToFileTenant on, AllowCVLocalStorageV2Tenant off, AllowCVAuthenticationTenant on (only visuals from AppSource), " +
		"CustomVisualsTenant on (does not apply to the store's visuals), CertifiedCustomVisualsTenant off (does not apply to the store's visuals)"
	if r := findRequirement(t, found, "tenant_settings"); r.Detail != want {
		t.Errorf("got  %s\nwant %s", r.Detail, want)
	}
}

func TestSettingsThatAreNotTold(t *testing.T) {
	x := startContoso(t)
	x.Respond(places["tenant_settings"], 200, `{"value":[{"settingName":"CustomVisualsTenant","enabled":true,"enabledSecurityGroups":[{"graphId":"`+group+`","name":"Designers"}]}]}`)
	found, _ := newSurvey(x, nil).Doctor(context.Background())
	if r := findRequirement(t, found, "tenant_settings"); r.State != tenant.Limited || !strings.Contains(r.Detail, "CustomVisualsTenant on for some groups") || !strings.Contains(r.Detail, "missing: CertifiedCustomVisualsTenant, ") {
		t.Errorf("%+v", r)
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		name   string
		theirs time.Time
		state  tenant.Readiness
		says   string
	}{
		{"right", now.Add(time.Second), tenant.Ready, "differ by"},
		{"five minutes behind", now.Add(5 * time.Minute), tenant.Ready, "differ by"},
		{"more than five minutes behind", now.Add(5*time.Minute + 2*time.Second), tenant.Limited, "behind"},
		{"an hour ahead", now.Add(-time.Hour), tenant.Limited, "1h0m0s ahead"},
	} {
		x := startContoso(t)
		x.Date = c.theirs
		found, err := newSurvey(x, nil).Doctor(context.Background())
		if r := findRequirement(t, found, "clock"); err != nil || r.State != c.state || !strings.Contains(r.Detail, c.says) || (r.Fix == "") != (c.state == tenant.Ready) {
			t.Errorf("%s: %v %+v", c.name, err, r)
		}
	}
}

func TestLibraryPermission(t *testing.T) {
	for _, c := range []struct {
		name  string
		roles []string
		state tenant.Readiness
		says  string
	}{
		{"a list", []string{"Lists.SelectedOperations.Selected"}, tenant.Ready, "has Lists"},
		{"a site", []string{"Organization.Read.All", "Sites.Selected"}, tenant.Ready, "has Sites.Selected"},
		{"every site", []string{"Sites.Selected", "Sites.ReadWrite.All"}, tenant.Limited, "more than needed"},
		{"none", []string{"User.Read.All"}, tenant.Missing, "no permission for libraries, only User.Read.All"},
		{"nothing at all", nil, tenant.Missing, "no application permission"},
	} {
		x := startContoso(t)
		x.Roles = c.roles
		found, err := newSurvey(x, fakeProbe{}).Doctor(context.Background())
		if r := findRequirement(t, found, "library.permission"); err != nil || r.State != c.state || !strings.Contains(r.Detail, c.says) ||
			(c.state != tenant.Ready) != strings.Contains(r.Fix, "23c5a9bd-d900-4ecf-be26-a0689755d9e5") {
			t.Errorf("%s: %v %+v", c.name, err, r)
		}
	}
}

func TestLibraryThatCannotBeLookedAt(t *testing.T) {
	denied := &graph.Error{Service: graph.Graph, Op: "GET /v1.0/sites/x", Status: 403}
	for _, c := range []struct {
		name  string
		err   error
		state tenant.Readiness
	}{{"denied", denied, tenant.Missing}, {"broken", errors.New("something else"), tenant.Unknown}} {
		found, err := newSurvey(startContoso(t), fakeProbe{[]tenant.Requirement{{Name: "library.site", State: tenant.Ready}}, c.err}).Doctor(context.Background())
		if r := findRequirement(t, found, "library"); err != nil || r.State != c.state || findRequirement(t, found, "library.site").State != tenant.Ready {
			t.Errorf("%s: %v %+v", c.name, err, r)
		}
	}
	found, _ := newSurvey(startContoso(t), nil).Doctor(context.Background())
	if findRequirement(t, found, "library").State != tenant.Off || findRequirement(t, found, "library.permission").State != tenant.Off {
		t.Error(formatStates(found))
	}
}

func TestQuotas(t *testing.T) {
	x := startContoso(t)
	x.Respond(places["users"], 429, ``)
	found, err := newSurvey(x, nil).Doctor(context.Background())
	if r := findRequirement(t, found, "quotas"); err != nil || r.State != tenant.Limited || !strings.Contains(r.Detail, "Microsoft Graph") {
		t.Errorf("%v %+v", err, r)
	}
}

// TestFixesNameTheRole holds what mends a denial against the table of what
// orgstore asks for.
func TestFixesNameTheRole(t *testing.T) {
	for name, want := range map[string]string{
		"organization": "Organization.Read.All", "subscriptions": "LicenseAssignment.Read.All", "users": "User.Read.All", "groups": "GroupMember.Read.All",
		"capacities": "Service principals can access read-only admin APIs", "tenant_settings": "Service principals can access read-only admin APIs",
		"activity_events": "Service principals can access read-only admin APIs",
	} {
		x := startContoso(t)
		x.Deny(places[name])
		found, _ := newSurvey(x, nil).Doctor(context.Background())
		fix := findRequirement(t, found, name).Fix
		asked := false
		for _, p := range graph.RequestedPermissions() {
			if p.Name == want && strings.Contains(fix, p.ID) {
				asked = true
			}
		}
		if !strings.Contains(fix, want) || !asked {
			t.Errorf("%s: %s", name, fix)
		}
	}
}

// TestNothingSecretIsSaid looks for tokens in all that a survey says.
func TestNothingSecretIsSaid(t *testing.T) {
	x := startContoso(t)
	for name := range places {
		x.Respond(places[name], 403, `{"error":{"code":"x","message":"Bearer `+x.Token()+`"}}`)
	}
	found, _ := newSurvey(x, nil).Doctor(context.Background())
	for _, r := range found {
		if all := r.Detail + r.Fix; strings.Contains(all, x.Token()[:40]) || strings.Contains(all, tenanttest.Secret) {
			t.Errorf("%+v", r)
		}
	}
	if findRequirement(t, found, "sign_in").Detail != "signed in as the application "+tenanttest.Client {
		t.Errorf("%+v", findRequirement(t, found, "sign_in"))
	}
}
