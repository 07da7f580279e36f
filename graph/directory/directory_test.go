package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/directory"
	"github.com/orgstore/orgstore/graph/tenanttest"
	"github.com/orgstore/orgstore/packages/tenant"
)

const (
	group = "2f084df7-c13d-451b-af5f-ed0c466403b2"
	pro   = "f8a1db68-be16-40ed-86d5-cb42ce701560" // POWER_BI_PRO
	e5    = "06ebc4ee-1bb5-47dd-8120-11324bc54e06" // SPE_E5
	ppu   = "c1d032e0-5619-4761-9b5c-75b6831e1711" // PBI_PREMIUM_PER_USER

	planFree, planPro, planPPU = "2049e525-b859-401b-b2a0-e0a31c4b1fe4", "70d33638-9c74-4d01-bfd3-562de28bd4ba", "0bf3c642-7bb5-4ccc-884e-59d09df0266c"
)

// compareKnown compares what tenants tell.
var compareKnown = cmp.AllowUnexported(tenant.Known[int64]{})

func TestOrganization(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   directory.Organization
		says   string // of the error
	}{
		{"a tenant", 200, `{"value":[{"id":"8F6C0A52-3A0E-4F0D-9B8E-0D6D2F0F6A11","displayName":"Contoso\u202e","verifiedDomains":[
			{"name":"contoso.com","isDefault":true},{"name":"Contoso.OnMicrosoft.com","isInitial":true},{"name":"contoso.com"},{"name":"not a host"}]}]}`,
			directory.Organization{ID: tenanttest.ID, Name: "Contoso", Domains: []string{"contoso.com", "contoso.onmicrosoft.com"}}, ""},
		{"no domains told", 200, `{"value":[{"id":"` + tenanttest.ID + `"}]}`, directory.Organization{ID: tenanttest.ID}, ""},
		{"none", 200, `{"value":[]}`, directory.Organization{}, "0 organizations"},
		{"no list", 200, `{}`, directory.Organization{}, "0 organizations"},
		{"two", 200, `{"value":[{"id":"` + group + `"},{"id":"` + tenanttest.ID + `"}]}`, directory.Organization{}, "2 organizations"},
		{"an id that is none", 200, `{"value":[{"id":"contoso.com"}]}`, directory.Organization{}, `invalid id "contoso.com"`},
		{"a list of other things", 200, `{"value":[1]}`, directory.Organization{}, "not the JSON"},
		{"a page for people", 200, `<html>`, directory.Organization{}, "not the JSON"},
		{"denied", 403, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`, directory.Organization{}, "Insufficient privileges"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := tenanttest.Start(t)
			x.Respond("graph /v1.0/organization", c.status, c.body)
			got, err := directory.New(x.Connect()).Organization(context.Background())
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

// skuJSON is one subscribed product as Graph tells it.
func skuJSON(id, name string, enabled, consumed int, plans ...string) string {
	var all []string
	for _, p := range plans {
		all = append(all, fmt.Sprintf(`{"servicePlanId":%q,"servicePlanName":"BI","provisioningStatus":"Success","appliesTo":"User"}`, p))
	}
	return fmt.Sprintf(`{"skuId":%q,"skuPartNumber":%q,"capabilityStatus":"Enabled","consumedUnits":%d,"prepaidUnits":{"enabled":%d,"suspended":0},"appliesTo":"User","servicePlans":[%s]}`,
		id, name, consumed, enabled, strings.Join(all, ","))
}

func TestSubscriptions(t *testing.T) {
	x := tenanttest.Start(t)
	x.Handle("graph /v1.0/subscribedSkus", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("$skiptoken") == "a+b/c=" {
			fmt.Fprintf(w, `{"value":[%s,%s,{"skuId":"x","servicePlans":[{"servicePlanId":%q}]}]}`,
				skuJSON(ppu, "PBI_PREMIUM_PER_USER", -5, 2, planPro, strings.ToUpper(planPPU)), skuJSON(pro, "POWER_BI_PRO", 1, 1, planPro), planPro)
			return
		}
		fmt.Fprintf(w, `{"@odata.nextLink":"%s/v1.0/subscribedSkus?$skiptoken=a%%2Bb%%2Fc%%3D","value":[%s,%s,%s]}`, x.URL(graph.Graph),
			skuJSON(pro, "POWER_BI_PRO", 320, 310, planPro), skuJSON(group, "EXCHANGE", 9, 9, group), skuJSON(e5, "SPE_E5", 100, 90, group, planPro))
	})
	got, err := directory.New(x.Connect()).Subscriptions(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	n := tenant.Is[int64]
	want := []tenant.Subscription{
		{SKU: ppu, Name: "PBI_PREMIUM_PER_USER", Plan: tenant.PlanPPU, State: "Enabled", Assigned: n(2)},
		{SKU: pro, Name: "POWER_BI_PRO", Plan: tenant.PlanPro, State: "Enabled", Bought: n(320), Assigned: n(310)},
		{SKU: e5, Name: "SPE_E5", Plan: tenant.PlanPro, State: "Enabled", Bought: n(100), Assigned: n(90)},
	}
	if d := cmp.Diff(want, got, compareKnown); d != "" {
		t.Error(d)
	}
}

func TestSubscriptionsThatCannotBeHad(t *testing.T) {
	x := tenanttest.Start(t)
	for name, body := range map[string]string{
		"a number that is a text": `{"value":[{"skuId":"` + pro + `","consumedUnits":"many"}]}`,
		"a next page elsewhere":   `{"value":[],"@odata.nextLink":"https://graph.example/v1.0/subscribedSkus"}`,
		"pages without end":       `{"value":[],"@odata.nextLink":"` + x.URL(graph.Graph) + `/v1.0/subscribedSkus"}`,
	} {
		x.Respond("graph /v1.0/subscribedSkus", 200, body)
		if got, err := directory.New(x.Connect()).Subscriptions(context.Background()); err == nil || got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if n := len(x.Requests()); n > 120 {
		t.Errorf("asked %d times", n)
	}
}

// answerCounts has /users/$count answer by what its filter asks for.
func answerCounts(numbers map[string]int, refuses ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		filter := r.URL.Query().Get("$filter")
		for _, no := range refuses {
			if strings.Contains(filter, no) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, `{"error":{"code":"Request_UnsupportedQuery","message":"Unsupported or invalid query filter clause."}}`)
				return
			}
		}
		w.Header().Set("Content-Type", "text/plain")
		for plan, n := range numbers {
			if strings.HasPrefix(filter, "assignedPlans/any(p:p/servicePlanId eq "+plan) {
				fmt.Fprintf(w, "\ufeff%d", n)
				return
			}
		}
		fmt.Fprint(w, "0")
	}
}

func TestUsers(t *testing.T) {
	plans := map[string]int{planFree: 1200, planPro: 335, planPPU: 25}
	n := tenant.Is[int64]
	for _, c := range []struct {
		name    string
		answers http.HandlerFunc
		want    tenant.Users
		notes   string
	}{
		{"Pro without Premium Per User", answerCounts(plans), tenant.Users{Free: n(1200), Pro: n(310), PPU: n(25)}, "[]"},
		{"two conditions at once are refused", answerCounts(plans, "capabilityStatus"), tenant.Users{Free: n(1200), Pro: n(310), PPU: n(25)}, "[suspended plans are counted, too, because Graph refused the filter for them]"},
		{"without the better plans is refused", answerCounts(plans, "not("), tenant.Users{Pro: n(310), PPU: n(25)}, "[the number of users with only the free plan is unknown, because Graph refused the filter for them]"},
		{"plans of the Government", answerCounts(map[string]int{"944e9726-f011-4353-b654-5f7d2663db76": 40, "32d15238-9a8c-46da-af3f-21fc5351d365": 4}), tenant.Users{Free: n(0), Pro: n(36), PPU: n(4)}, "[]"},
		{"add-ons alone", answerCounts(map[string]int{planPPU: 3}), tenant.Users{Free: n(0), Pro: n(0), PPU: n(3)}, "[3 users have Premium Per User, but only 0 have Pro, which it includes; some have only the add-on]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := tenanttest.Start(t)
			x.Handle("graph /v1.0/users/$count", c.answers)
			got, err := directory.New(x.Connect()).Users(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got.Users, compareKnown); d != "" || fmt.Sprint(got.Notes) != c.notes {
				t.Errorf("%s\nnotes %s", d, got.Notes)
			}
		})
	}
}

func TestUsersAskedByFilter(t *testing.T) {
	x := tenanttest.Start(t)
	x.Handle("graph /v1.0/users/$count", answerCounts(nil))
	if _, err := directory.New(x.Connect()).Users(context.Background()); err != nil {
		t.Fatal(err)
	}
	asked := x.Requests()
	if want := "graph /v1.0/users/$count?$filter=assignedPlans/any(p:p/servicePlanId eq " + planPro + " and p/capabilityStatus eq 'Enabled')"; len(asked) != 5 || asked[0] != want {
		t.Errorf("asked\n%s", strings.Join(asked, "\n"))
	}
}

func TestUsersThatCannotBeCounted(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		says   string
	}{
		{"no number", 200, "many", "a number of people"},
		{"nothing", 200, "", "a number of people"},
		{"below zero", 200, "-1", "a number of people"},
		{"more than there are people", 200, "99999999999", "a number of people"},
		{"JSON", 200, `{"value":1}`, "a number of people"},
		{"denied", 403, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`, "Insufficient privileges"},
		{"every filter refused", 400, `{"error":{"code":"Request_UnsupportedQuery","message":"Unsupported"}}`, "Unsupported"},
	} {
		x := tenanttest.Start(t)
		x.Respond("graph /v1.0/users/$count", c.status, c.body)
		got, err := directory.New(x.Connect()).Users(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.says) || got.Users != (tenant.Users{}) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestGroup(t *testing.T) {
	const at, members = "graph /v1.0/groups/" + group, "graph /v1.0/groups/" + group + "/transitiveMembers/microsoft.graph.user/$count"
	n := tenant.Is[int64]
	for _, c := range []struct {
		name  string
		id    string
		about string
		count func(*tenanttest.Tenant)
		want  tenant.Group
		says  string
	}{
		{"a group", strings.ToUpper(group), `{"id":"` + group + `","displayName":"BI designers","visibility":null}`, func(x *tenanttest.Tenant) { x.Respond(members, 200, "12") },
			tenant.Group{ID: group, Name: "BI designers", Members: n(12)}, ""},
		{"nobody in it", group, `{"displayName":"BI"}`, func(x *tenanttest.Tenant) { x.Respond(members, 200, "0") }, tenant.Group{ID: group, Name: "BI", Members: n(0)}, ""},
		{"one that hides its members", group, `{"displayName":"BI","visibility":"HiddenMembership"}`, func(x *tenanttest.Tenant) { x.Respond(members, 200, "0") }, tenant.Group{ID: group, Name: "BI"}, "hides its members"},
		{"members denied", group, `{"displayName":"BI"}`, func(x *tenanttest.Tenant) { x.Deny(members) }, tenant.Group{ID: group, Name: "BI"}, "Insufficient"},
		{"a number below zero", group, `{"displayName":"BI"}`, func(x *tenanttest.Tenant) { x.Respond(members, 200, "-3") }, tenant.Group{ID: group, Name: "BI"}, "a number of people"},
		{"one that is gone", otherGroup, `{}`, func(*tenanttest.Tenant) {}, tenant.Group{ID: otherGroup}, "404"},
		{"no id", "../users", `{}`, func(*tenanttest.Tenant) {}, tenant.Group{}, "object id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := tenanttest.Start(t)
			x.Respond(at, 200, c.about)
			c.count(x)
			got, err := directory.New(x.Connect()).Group(context.Background(), c.id)
			if d := cmp.Diff(c.want, got, compareKnown); d != "" {
				t.Error(d)
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

const otherGroup = "3f084df7-c13d-451b-af5f-ed0c466403b2"

func TestCanceled(t *testing.T) {
	x := tenanttest.Start(t)
	d := directory.New(x.Connect())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, one := d.Organization(ctx)
	_, two := d.Subscriptions(ctx)
	_, three := d.Users(ctx)
	_, four := d.Group(ctx, group)
	for i, err := range []error{one, two, three, four} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if len(x.Requests()) > 0 {
		t.Error(x.Requests())
	}
}
