package simulator_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

const (
	planPro = "70d33638-9c74-4d01-bfd3-562de28bd4ba"
	planPPU = "0bf3c642-7bb5-4ccc-884e-59d09df0266c"
	group   = "0c2f3a1e-5b64-4b8b-8a55-0c9d2f6f7e01"
	inner   = "0c2f3a1e-5b64-4b8b-8a55-0c9d2f6f7e02"
	admin   = "9b2f5d1c-1a53-4b0f-9d0e-6a3a2a8f1c11" // an administrator's own app
)

var binaryHeader = "Content-Type: application/octet-stream"

// furnishTenant gives a tenant something of everything.
func furnishTenant(t *testing.T, s *simulator.Simulator) {
	t.Helper()
	if err := s.AddApp(simulator.App{Client: admin, Secret: "admin~secret", Roles: []string{"Sites.FullControl.All"}, Public: true}); err != nil {
		t.Fatal(err)
	}
	both := s.AddUsers(2, planPro, planPPU)
	pro := s.AddUsers(3, planPro)
	s.SetGroups(
		simulator.Group{ID: group, Name: "Report designers", Members: append([]string{inner, pro[0]}, both...)},
		simulator.Group{ID: inner, Name: "Finance", Members: pro},
	)
	s.SetSKUs(simulator.SKU{ID: "f8a1db68-be16-40ed-86d5-cb42ce701560", PartNumber: "POWER_BI_PRO", Consumed: 3, Enabled: 25, Plans: []simulator.SKUPlan{{ID: planPro, Name: "BI_AZURE_P2"}}})
	s.SetCapacities(simulator.Capacity{ID: "0f084df7-c13d-451b-af5f-ed0c466403b2", Name: "Finance", SKU: "F64"})
	s.SetOverrides("0f084df7-c13d-451b-af5f-ed0c466403b2", simulator.Setting{Name: "AllowCVToExportDataToFileTenant", Title: "Allow downloads from custom visuals", Enabled: true})
	at := time.Now().UTC().Add(-48 * time.Hour)
	s.AddEvents(simulator.Event{At: at, Activity: "UpdateOrganizationalGalleryItem", User: "admin@contoso.com", ItemName: "Aurora Gauge", Succeeded: true},
		simulator.Event{At: at.Add(time.Second), Activity: "ViewReport", User: "user@contoso.com", Succeeded: true})
}

func dayQuery(t time.Time) url.Values {
	from := t.UTC().Truncate(24 * time.Hour)
	return url.Values{
		"startDateTime": {"'" + from.Format(time.RFC3339) + "'"},
		"endDateTime":   {"'" + from.Add(24*time.Hour-time.Second).Format(time.RFC3339) + "'"},
	}
}

func (c *testClient) getPowerBI(path string) reply {
	c.t.Helper()
	return c.mustSend("GET", c.endpoints.PowerBI+"/v1.0/myorg/admin/"+path, "", "Authorization: Bearer "+c.tokenFor("https://analysis.windows.net/powerbi/api/.default"))
}

func (c *testClient) getFabric(path string) reply {
	c.t.Helper()
	return c.mustSend("GET", c.endpoints.Fabric+"/v1/admin/"+path, "", "Authorization: Bearer "+c.tokenFor("https://api.fabric.microsoft.com/.default"))
}

func TestEveryEndpointFitsMicrosoftsDescription(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	furnishTenant(t, c.simulator)
	c.entraCalls()
	c.siteCalls()
	c.driveCalls()
	c.uploadCalls()
	c.directoryCalls()
	c.adminCalls()

	called := map[string]bool{}
	for _, e := range c.simulator.LoggedCalls() {
		if e.Status < 400 {
			called[e.Service+" "+e.Method+" "+e.Route] = true
		}
		if e.Unexpected != "" {
			t.Errorf("%v", e)
		}
	}
	for _, r := range c.simulator.Routes() {
		if !called[r] {
			t.Errorf("no test calls %s", r)
		}
	}
}

func (c *testClient) entraCalls() {
	login := c.endpoints.Login
	c.expectStatus(c.mustSend("GET", login+"/common/discovery/instance?api-version=1.1&authorization_endpoint="+url.QueryEscape(login+"/common/oauth2/v2.0/authorize"), ""), 200)
	c.expectStatus(c.mustSend("GET", login+"/"+simulator.Contoso+"/v2.0/.well-known/openid-configuration", ""), 200)
	c.expectStatus(c.mustSend("GET", login+"/"+simulator.Contoso+"/discovery/v2.0/keys", ""), 200)
	c.expectStatus(c.signIn(simulatortest.Client, simulatortest.Secret, "https://graph.microsoft.com/.default"), 200)
	form := "Content-Type: application/x-www-form-urlencoded"
	d := c.expectStatus(c.mustSend("POST", login+"/"+simulator.Contoso+"/oauth2/v2.0/devicecode", url.Values{"client_id": {admin}, "scope": {"https://graph.microsoft.com/.default openid"}}.Encode(), form), 200)
	c.expectStatus(c.mustSend("GET", login+"/common/oauth2/deviceauth?code="+d.text("user_code"), ""), 200)
	c.expectStatus(c.mustSend("POST", login+"/common/oauth2/deviceauth", url.Values{"code": {d.text("user_code")}}.Encode(), form), 200)
	c.expectStatus(c.mustSend("POST", login+"/"+simulator.Contoso+"/oauth2/v2.0/token", url.Values{"client_id": {admin}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.text("device_code")}}.Encode(), form), 200)
}

func (c *testClient) siteCalls() {
	v := simulatortest.Visuals(c.t, c.simulator)
	site, list := "/sites/"+v.SiteID, "/sites/"+v.SiteID+"/lists/"+v.ListID
	for _, path := range []string{
		"/sites/contoso.sharepoint.com:/sites/bi", "/sites/contoso.sharepoint.com:/sites/bi:", site, site + "/drive", site + "/drives", site + "/lists?$select=id,displayName",
		list, list + "/drive", list + "/columns?$top=2",
	} {
		c.expectStatus(c.callGraph("GET", path, ""), 200)
	}
	c.expectStatus(c.callGraph("POST", list+"/columns", `{"name":"Verdict","displayName":"Verdict","text":{"maxLength":255}}`), 201)
	c.expectStatus(c.callGraph("POST", list+"/columns", `{"name":"LicenseUntil","displayName":"License until","dateTime":{"format":"dateOnly"}}`), 201)
	if _, err := v.Upload("seen.pbiviz", []byte("seen")); err != nil {
		c.t.Fatal(err)
	}
	c.expectStatus(c.callGraph("GET", list+"/items?$expand=fields", ""), 200)
	c.expectStatus(c.callGraph("GET", list+"/items/1?$expand=fields", ""), 200)
	c.expectStatus(c.callGraph("PATCH", list+"/items/1/fields", `{"Verdict":"good","LicenseUntil":"2027-01-01T00:00:00Z"}`), 200)
	if r := c.expectStatus(c.callGraph("GET", list+"/items/1/fields", ""), 200); r.text("Verdict") != "good" {
		c.t.Errorf("got %s", r.body)
	}
	token := "Authorization: Bearer " + c.signIn(admin, "admin~secret", "https://graph.microsoft.com/.default").text("access_token")
	c.expectStatus(c.callGraph("POST", list+"/permissions", `{"roles":["write"],"grantedTo":{"application":{"id":"`+admin+`"}}}`, token), 201)
	c.expectStatus(c.callGraph("POST", site+"/permissions", `{"roles":["write"],"grantedToIdentities":[{"application":{"id":"`+admin+`","displayName":"x"}}]}`, token), 201)
	c.expectStatus(c.callGraph("GET", list+"/permissions", "", token), 200)
	v.GrantList(admin, "")
}

func (c *testClient) driveCalls() {
	v := simulatortest.Visuals(c.t, c.simulator)
	drive := "/drives/" + v.DriveID
	put := func(path string, status int) reply {
		return c.expectStatus(c.callGraph("PUT", drive+path, "bytes", binaryHeader), status)
	}
	a := put("/items/root:/a.pbiviz:/content", 201).text("id")
	put("/root:/deep/down/b.pbiviz:/content?@microsoft.graph.conflictBehavior=fail", 201)
	put("/items/"+a+"/content", 200)
	folder := c.expectStatus(c.callGraph("POST", drive+"/items/root/children", `{"name":"kept","folder":{},"@microsoft.graph.conflictBehavior":"fail"}`), 201).text("id")
	for _, path := range []string{
		"", "/list", "/root", "/root/children?$expand=listItem($expand=fields)", "/root:/a.pbiviz", "/root:/deep/down/b.pbiviz:", "/items/" + a + "?$select=id,name,file",
		"/items/root/children?$top=2", "/items/root:/deep/down", "/items/" + a + "/listItem?$expand=fields", "/items/" + a + "/listItem/fields",
		"/root/delta", "/root/delta()", "/root/delta()?token=latest", "/items/root/delta?$select=id,name,deleted,file,size,parentReference", "/items/root/delta()?$top=2",
	} {
		c.expectStatus(c.callGraph("GET", drive+path, ""), 200)
	}
	next := c.expectStatus(c.callGraph("GET", drive+"/root/delta()?$top=2", ""), 200).text("@odata.nextLink")
	c.expectStatus(c.callGraph("GET", next, ""), 200)
	c.expectStatus(c.callGraph("GET", strings.Replace(next, "/root/delta(", "/items/root/delta(", 1), ""), 200)
	c.expectStatus(c.callGraph("PATCH", drive+"/items/"+a+"/listItem/fields", `{"Verdict":"refused"}`), 200)
	c.expectStatus(c.callGraph("PATCH", drive+"/items/"+a, `{"name":"c.pbiviz","parentReference":{"id":"`+folder+`"}}`), 200)
	for _, path := range []string{"/items/" + a + "/content", "/root:/kept/c.pbiviz:/content"} {
		to := c.expectStatus(c.callGraph("GET", drive+path, ""), 302).header.Get("Location")
		c.expectStatus(c.mustSend("GET", to, ""), 200)
	}
	c.expectStatus(c.callGraph("DELETE", drive+"/items/"+a, ""), 204)
	c.expectStatus(c.callGraph("GET", drive+"/root/delta", ""), 200)
}

func (c *testClient) uploadCalls() {
	v := simulatortest.Visuals(c.t, c.simulator)
	drive := "/drives/" + v.DriveID
	open := func(path, body string) string {
		return c.expectStatus(c.callGraph("POST", drive+path+"/createUploadSession", body), 200).text("uploadUrl")
	}
	u := open("/items/root:/large.pbiviz:", `{"item":{"@microsoft.graph.conflictBehavior":"replace","name":"large.pbiviz"}}`)
	c.expectStatus(c.mustSend("PUT", u, strings.Repeat("x", 327680), binaryHeader, "Content-Range: bytes 0-327679/327690"), 202)
	c.expectStatus(c.mustSend("GET", u, ""), 200)
	id := c.expectStatus(c.mustSend("PUT", u, "0123456789", binaryHeader, "Content-Range: bytes 327680-327689/327690"), 201).text("id")
	c.expectStatus(c.mustSend("DELETE", open("/items/"+id, `{"item":{}}`), ""), 204)
	u = open("/root:/late.pbiviz:", `{"item":{"@microsoft.graph.conflictBehavior":"fail"},"deferCommit":true}`)
	c.expectStatus(c.mustSend("PUT", u, "late", binaryHeader, "Content-Range: bytes 0-3/4"), 202)
	c.expectStatus(c.mustSend("POST", u, ""), 201)
}

func (c *testClient) directoryCalls() {
	eventual := "ConsistencyLevel: eventual"
	c.expectStatus(c.callGraph("GET", "/organization?$select=id,verifiedDomains", ""), 200)
	c.expectStatus(c.callGraph("GET", "/subscribedSkus", ""), 200)
	c.expectStatus(c.callGraph("GET", "/groups?$top=1", ""), 200)
	c.expectStatus(c.callGraph("GET", c.expectStatus(c.callGraph("GET", "/groups?$top=1", ""), 200).text("@odata.nextLink"), ""), 200)
	c.expectStatus(c.callGraph("GET", "/groups/"+group+"?$select=id,displayName", ""), 200)
	pro := "assignedPlans/any(p:p/servicePlanId eq " + planPro + " and p/capabilityStatus eq 'Enabled')"
	ppu := strings.Replace(pro, planPro, planPPU, 1)
	for path, n := range map[string]string{
		"/users/$count": "5",
		"/users/$count?$count=true&$filter=" + url.QueryEscape(pro):                       "5",
		"/users/$count?$filter=" + url.QueryEscape(pro+" and not("+ppu+")"):               "3",
		"/groups/" + group + "/transitiveMembers/$count":                                  "6",
		"/groups/" + group + "/transitiveMembers/microsoft.graph.user/$count?$count=true": "5",
	} {
		if r := c.expectStatus(c.callGraph("GET", path, "", eventual), 200); string(r.body) != n {
			c.t.Errorf("%s: got %s, want %s", path, r.body, n)
		}
	}
	c.expectStatus(c.callGraph("POST", "/users/user1@contoso.com/sendMail", `{"message":{"subject":"s","body":{"contentType":"Text","content":"b"},"toRecipients":[{"emailAddress":{"address":"a@contoso.com"}}]},"saveToSentItems":false}`), 202)
	if m := c.simulator.Mail(); len(m) != 1 || m[0].Subject != "s" || !slices.Equal(m[0].To, []string{"a@contoso.com"}) {
		c.t.Errorf("got %+v", m)
	}
}

func (c *testClient) adminCalls() {
	c.expectStatus(c.getPowerBI("capacities"), 200)
	r := c.expectStatus(c.getPowerBI("activityevents?"+dayQuery(time.Now().Add(-48*time.Hour)).Encode()), 200)
	next := strings.TrimPrefix(r.text("continuationUri"), c.endpoints.PowerBI+"/v1.0/myorg/admin/")
	last := c.expectStatus(c.getPowerBI(next), 200)
	if events, _ := r.json["activityEventEntities"].([]any); len(events) < 1 || last.json["continuationToken"] != nil {
		c.t.Errorf("got %s, then %s", r.body, last.body)
	}
	c.expectStatus(c.getFabric("tenantsettings"), 200)
	c.expectStatus(c.getFabric("capacities/delegatedTenantSettingOverrides"), 200)
}
