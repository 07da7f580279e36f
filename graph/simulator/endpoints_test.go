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

var bin = "Content-Type: application/octet-stream"

// furnish gives a tenant something of everything.
func furnish(t *testing.T, s *simulator.Simulator) {
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
	s.Override("0f084df7-c13d-451b-af5f-ed0c466403b2", simulator.Setting{Name: "AllowCVToExportDataToFileTenant", Title: "Allow downloads from custom visuals", Enabled: true})
	at := time.Now().UTC().Add(-48 * time.Hour)
	s.AddEvents(simulator.Event{At: at, Activity: "UpdateOrganizationalGalleryItem", User: "admin@contoso.com", ItemName: "Aurora Gauge", Succeeded: true},
		simulator.Event{At: at.Add(time.Second), Activity: "ViewReport", User: "user@contoso.com", Succeeded: true})
}

func day(t time.Time) url.Values {
	from := t.UTC().Truncate(24 * time.Hour)
	return url.Values{
		"startDateTime": {"'" + from.Format(time.RFC3339) + "'"},
		"endDateTime":   {"'" + from.Add(24*time.Hour-time.Second).Format(time.RFC3339) + "'"},
	}
}

func (c *client) powerBI(path string) reply {
	c.t.Helper()
	return c.do("GET", c.e.PowerBI+"/v1.0/myorg/admin/"+path, "", "Authorization: Bearer "+c.token("https://analysis.windows.net/powerbi/api/.default"))
}

func (c *client) fabric(path string) reply {
	c.t.Helper()
	return c.do("GET", c.e.Fabric+"/v1/admin/"+path, "", "Authorization: Bearer "+c.token("https://api.fabric.microsoft.com/.default"))
}

func TestEveryEndpointFitsMicrosoftsDescription(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	furnish(t, c.s)
	c.entraCalls()
	c.siteCalls()
	c.driveCalls()
	c.uploadCalls()
	c.directoryCalls()
	c.adminCalls()

	called := map[string]bool{}
	for _, e := range c.s.Log() {
		if e.Status < 400 {
			called[e.Service+" "+e.Method+" "+e.Route] = true
		}
		if e.Unexpected != "" {
			t.Errorf("%v", e)
		}
	}
	for _, r := range c.s.Routes() {
		if !called[r] {
			t.Errorf("no test calls %s", r)
		}
	}
}

func (c *client) entraCalls() {
	login := c.e.Login
	c.want(c.do("GET", login+"/common/discovery/instance?api-version=1.1&authorization_endpoint="+url.QueryEscape(login+"/common/oauth2/v2.0/authorize"), ""), 200)
	c.want(c.do("GET", login+"/"+simulator.Contoso+"/v2.0/.well-known/openid-configuration", ""), 200)
	c.want(c.do("GET", login+"/"+simulator.Contoso+"/discovery/v2.0/keys", ""), 200)
	c.want(c.signIn(simulatortest.Client, simulatortest.Secret, "https://graph.microsoft.com/.default"), 200)
	form := "Content-Type: application/x-www-form-urlencoded"
	d := c.want(c.do("POST", login+"/"+simulator.Contoso+"/oauth2/v2.0/devicecode", url.Values{"client_id": {admin}, "scope": {"https://graph.microsoft.com/.default openid"}}.Encode(), form), 200)
	c.want(c.do("GET", login+"/common/oauth2/deviceauth?code="+d.str("user_code"), ""), 200)
	c.want(c.do("POST", login+"/common/oauth2/deviceauth", url.Values{"code": {d.str("user_code")}}.Encode(), form), 200)
	c.want(c.do("POST", login+"/"+simulator.Contoso+"/oauth2/v2.0/token", url.Values{"client_id": {admin}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.str("device_code")}}.Encode(), form), 200)
}

func (c *client) siteCalls() {
	v := simulatortest.Visuals(c.t, c.s)
	site, list := "/sites/"+v.SiteID, "/sites/"+v.SiteID+"/lists/"+v.ListID
	for _, path := range []string{
		"/sites/contoso.sharepoint.com:/sites/bi", "/sites/contoso.sharepoint.com:/sites/bi:", site, site + "/drive", site + "/drives", site + "/lists?$select=id,displayName",
		list, list + "/drive", list + "/columns?$top=2",
	} {
		c.want(c.graph("GET", path, ""), 200)
	}
	c.want(c.graph("POST", list+"/columns", `{"name":"Verdict","displayName":"Verdict","text":{"maxLength":255}}`), 201)
	c.want(c.graph("POST", list+"/columns", `{"name":"LicenseUntil","displayName":"License until","dateTime":{"format":"dateOnly"}}`), 201)
	if _, err := v.Upload("seen.pbiviz", []byte("seen")); err != nil {
		c.t.Fatal(err)
	}
	c.want(c.graph("GET", list+"/items?$expand=fields", ""), 200)
	c.want(c.graph("GET", list+"/items/1?$expand=fields", ""), 200)
	c.want(c.graph("PATCH", list+"/items/1/fields", `{"Verdict":"good","LicenseUntil":"2027-01-01T00:00:00Z"}`), 200)
	if r := c.want(c.graph("GET", list+"/items/1/fields", ""), 200); r.str("Verdict") != "good" {
		c.t.Errorf("got %s", r.body)
	}
	token := "Authorization: Bearer " + c.signIn(admin, "admin~secret", "https://graph.microsoft.com/.default").str("access_token")
	c.want(c.graph("POST", list+"/permissions", `{"roles":["write"],"grantedTo":{"application":{"id":"`+admin+`"}}}`, token), 201)
	c.want(c.graph("POST", site+"/permissions", `{"roles":["write"],"grantedToIdentities":[{"application":{"id":"`+admin+`","displayName":"x"}}]}`, token), 201)
	c.want(c.graph("GET", list+"/permissions", "", token), 200)
	v.GrantList(admin, "")
}

func (c *client) driveCalls() {
	v := simulatortest.Visuals(c.t, c.s)
	drive := "/drives/" + v.DriveID
	put := func(path string, status int) reply { return c.want(c.graph("PUT", drive+path, "bytes", bin), status) }
	a := put("/items/root:/a.pbiviz:/content", 201).str("id")
	put("/root:/deep/down/b.pbiviz:/content?@microsoft.graph.conflictBehavior=fail", 201)
	put("/items/"+a+"/content", 200)
	folder := c.want(c.graph("POST", drive+"/items/root/children", `{"name":"kept","folder":{},"@microsoft.graph.conflictBehavior":"fail"}`), 201).str("id")
	for _, path := range []string{
		"", "/list", "/root", "/root/children?$expand=listItem($expand=fields)", "/root:/a.pbiviz", "/root:/deep/down/b.pbiviz:", "/items/" + a + "?$select=id,name,file",
		"/items/root/children?$top=2", "/items/root:/deep/down", "/items/" + a + "/listItem?$expand=fields", "/items/" + a + "/listItem/fields",
		"/root/delta", "/root/delta()", "/root/delta()?token=latest", "/items/root/delta?$select=id,name,deleted,file,size,parentReference", "/items/root/delta()?$top=2",
	} {
		c.want(c.graph("GET", drive+path, ""), 200)
	}
	next := c.want(c.graph("GET", drive+"/root/delta()?$top=2", ""), 200).str("@odata.nextLink")
	c.want(c.graph("GET", next, ""), 200)
	c.want(c.graph("GET", strings.Replace(next, "/root/delta(", "/items/root/delta(", 1), ""), 200)
	c.want(c.graph("PATCH", drive+"/items/"+a+"/listItem/fields", `{"Verdict":"refused"}`), 200)
	c.want(c.graph("PATCH", drive+"/items/"+a, `{"name":"c.pbiviz","parentReference":{"id":"`+folder+`"}}`), 200)
	for _, path := range []string{"/items/" + a + "/content", "/root:/kept/c.pbiviz:/content"} {
		to := c.want(c.graph("GET", drive+path, ""), 302).header.Get("Location")
		c.want(c.do("GET", to, ""), 200)
	}
	c.want(c.graph("DELETE", drive+"/items/"+a, ""), 204)
	c.want(c.graph("GET", drive+"/root/delta", ""), 200)
}

func (c *client) uploadCalls() {
	v := simulatortest.Visuals(c.t, c.s)
	drive := "/drives/" + v.DriveID
	open := func(path, body string) string {
		return c.want(c.graph("POST", drive+path+"/createUploadSession", body), 200).str("uploadUrl")
	}
	u := open("/items/root:/large.pbiviz:", `{"item":{"@microsoft.graph.conflictBehavior":"replace","name":"large.pbiviz"}}`)
	c.want(c.do("PUT", u, strings.Repeat("x", 327680), bin, "Content-Range: bytes 0-327679/327690"), 202)
	c.want(c.do("GET", u, ""), 200)
	id := c.want(c.do("PUT", u, "0123456789", bin, "Content-Range: bytes 327680-327689/327690"), 201).str("id")
	c.want(c.do("DELETE", open("/items/"+id, `{"item":{}}`), ""), 204)
	u = open("/root:/late.pbiviz:", `{"item":{"@microsoft.graph.conflictBehavior":"fail"},"deferCommit":true}`)
	c.want(c.do("PUT", u, "late", bin, "Content-Range: bytes 0-3/4"), 202)
	c.want(c.do("POST", u, ""), 201)
}

func (c *client) directoryCalls() {
	eventual := "ConsistencyLevel: eventual"
	c.want(c.graph("GET", "/organization?$select=id,verifiedDomains", ""), 200)
	c.want(c.graph("GET", "/subscribedSkus", ""), 200)
	c.want(c.graph("GET", "/groups?$top=1", ""), 200)
	c.want(c.graph("GET", c.want(c.graph("GET", "/groups?$top=1", ""), 200).str("@odata.nextLink"), ""), 200)
	c.want(c.graph("GET", "/groups/"+group+"?$select=id,displayName", ""), 200)
	pro := "assignedPlans/any(p:p/servicePlanId eq " + planPro + " and p/capabilityStatus eq 'Enabled')"
	ppu := strings.Replace(pro, planPro, planPPU, 1)
	for path, n := range map[string]string{
		"/users/$count": "5",
		"/users/$count?$count=true&$filter=" + url.QueryEscape(pro):                       "5",
		"/users/$count?$filter=" + url.QueryEscape(pro+" and not("+ppu+")"):               "3",
		"/groups/" + group + "/transitiveMembers/$count":                                  "6",
		"/groups/" + group + "/transitiveMembers/microsoft.graph.user/$count?$count=true": "5",
	} {
		if r := c.want(c.graph("GET", path, "", eventual), 200); string(r.body) != n {
			c.t.Errorf("%s: got %s, want %s", path, r.body, n)
		}
	}
	c.want(c.graph("POST", "/users/user1@contoso.com/sendMail", `{"message":{"subject":"s","body":{"contentType":"Text","content":"b"},"toRecipients":[{"emailAddress":{"address":"a@contoso.com"}}]},"saveToSentItems":false}`), 202)
	if m := c.s.Mail(); len(m) != 1 || m[0].Subject != "s" || !slices.Equal(m[0].To, []string{"a@contoso.com"}) {
		c.t.Errorf("got %+v", m)
	}
}

func (c *client) adminCalls() {
	c.want(c.powerBI("capacities"), 200)
	r := c.want(c.powerBI("activityevents?"+day(time.Now().Add(-48*time.Hour)).Encode()), 200)
	next := strings.TrimPrefix(r.str("continuationUri"), c.e.PowerBI+"/v1.0/myorg/admin/")
	last := c.want(c.powerBI(next), 200)
	if events, _ := r.json["activityEventEntities"].([]any); len(events) < 1 || last.json["continuationToken"] != nil {
		c.t.Errorf("got %s, then %s", r.body, last.body)
	}
	c.want(c.fabric("tenantsettings"), 200)
	c.want(c.fabric("capacities/delegatedTenantSettingOverrides"), 200)
}
