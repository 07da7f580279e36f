package simulator_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

const graphScope = "https://graph.microsoft.com/.default"

func TestSignInIsRefusedAsEntraDoes(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	if err := c.simulator.AddApp(simulator.App{Client: admin, Secret: "old", SecretEnds: time.Now().Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	form := func(more ...string) string {
		f := url.Values{"grant_type": {"client_credentials"}, "client_id": {simulatortest.Client}, "client_secret": {simulatortest.Secret}, "scope": {graphScope}}
		for i := 0; i < len(more); i += 2 {
			f.Set(more[i], more[i+1])
		}
		return f.Encode()
	}
	for name, v := range map[string]struct {
		tenant, form string
		status       int
		kind, code   string
	}{
		"good":               {simulator.Contoso, form(), 200, "", ""},
		"by domain":          {"contoso.com", form(), 200, "", ""},
		"another tenant":     {"11111111-2222-4333-8444-555555555555", form(), 400, "invalid_request", "AADSTS90002"},
		"no app":             {simulator.Contoso, form("client_id", "11111111-2222-4333-8444-555555555555"), 400, "unauthorized_client", "AADSTS700016"},
		"a wrong secret":     {simulator.Contoso, form("client_secret", "guess"), 401, "invalid_client", "AADSTS7000215"},
		"no secret":          {simulator.Contoso, form("client_secret", ""), 401, "invalid_client", "AADSTS7000218"},
		"an expired secret":  {simulator.Contoso, form("client_id", admin, "client_secret", "old"), 401, "invalid_client", "AADSTS7000222"},
		"no default scope":   {simulator.Contoso, form("scope", "https://graph.microsoft.com/Sites.Read.All"), 400, "invalid_scope", "AADSTS1002012"},
		"a strange resource": {simulator.Contoso, form("scope", "https://elsewhere.example/.default"), 400, "invalid_resource", "AADSTS500011"},
		"a strange grant":    {simulator.Contoso, form("grant_type", "password"), 400, "unsupported_grant_type", "AADSTS70003"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.mustSend("POST", c.endpoints.Login+"/"+v.tenant+"/oauth2/v2.0/token", v.form, "Content-Type: application/x-www-form-urlencoded")
			if r.status != v.status || r.text("error") != v.kind || !strings.HasPrefix(r.text("error_description"), v.code) {
				t.Errorf("got %d %s", r.status, r.body)
			}
		})
	}
}

// A certifiedApp app signs assertions.
type certifiedApp struct {
	key  *rsa.PrivateKey
	cert []byte
}

func newCertified(t *testing.T) certifiedApp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "orgstore"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return certifiedApp{key, der}
}

func (k certifiedApp) certificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert})
}

// signAssertion signs claims, with changes to them and to the header.
func (k certifiedApp) signAssertion(t *testing.T, aud string, changes map[string]any) string {
	t.Helper()
	one, two := sha1.Sum(k.cert), sha256.Sum256(k.cert)
	b64 := base64.RawURLEncoding.EncodeToString
	header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t": b64(one[:]), "x5t#S256": b64(two[:])}
	now := time.Now()
	claims := map[string]any{"aud": aud, "iss": simulatortest.Client, "sub": simulatortest.Client, "jti": rand.Text(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
	for name, v := range changes {
		if _, is := header[name]; is {
			header[name] = v
			continue
		}
		claims[name] = v
	}
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b64(b)
	}
	signed := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	var sig []byte
	var err error
	if header["alg"] == "RS256" {
		sig, err = rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
	} else {
		sig, err = rsa.SignPSS(rand.Reader, k.key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(sig)
}

func (c *testClient) signInByAssertion(assertion string) reply {
	c.t.Helper()
	f := url.Values{"grant_type": {"client_credentials"}, "client_id": {simulatortest.Client}, "scope": {graphScope}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	return c.mustSend("POST", c.endpoints.Login+"/"+simulator.Contoso+"/oauth2/v2.0/token", f.Encode(), "Content-Type: application/x-www-form-urlencoded")
}

func TestAnAssertionIsVerified(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	ours, theirs := newCertified(t), newCertified(t)
	if err := c.simulator.AddApp(simulator.App{Client: simulatortest.Client, Certificate: ours.certificatePEM()}); err != nil {
		t.Fatal(err)
	}
	aud := c.endpoints.Login + "/" + simulator.Contoso + "/oauth2/v2.0/token"
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	thumb := func(k certifiedApp) string {
		s := sha256.Sum256(k.cert)
		return base64.RawURLEncoding.EncodeToString(s[:])
	}
	for name, v := range map[string]struct {
		by      certifiedApp
		aud     string
		changes map[string]any
		code    string // empty: a token
	}{
		"PS256":                 {ours, aud, nil, ""},
		"RS256":                 {ours, aud, map[string]any{"alg": "RS256"}, ""},
		"by the old name alone": {ours, aud, map[string]any{"x5t#S256": ""}, ""},
		"another key":           {theirs, aud, map[string]any{"x5t": "", "x5t#S256": thumb(ours)}, "AADSTS700027"},
		"another certificate":   {theirs, aud, nil, "AADSTS700027"},
		"no certificate named":  {ours, aud, map[string]any{"x5t": "", "x5t#S256": ""}, "AADSTS700027"},
		"no algorithm":          {ours, aud, map[string]any{"alg": "none"}, "AADSTS700027"},
		"a symmetric algorithm": {ours, aud, map[string]any{"alg": "HS256"}, "AADSTS700027"},
		"another audience":      {ours, "https://elsewhere.example", nil, "AADSTS700023"},
		"another app":           {ours, aud, map[string]any{"sub": admin}, "AADSTS700021"},
		"expired":               {ours, aud, map[string]any{"exp": ago(10 * time.Minute), "nbf": ago(20 * time.Minute)}, "AADSTS700024"},
		"from the future":       {ours, aud, map[string]any{"nbf": ago(-10 * time.Minute)}, "AADSTS700024"},
		"for too long":          {ours, aud, map[string]any{"exp": ago(-48 * time.Hour)}, "AADSTS700024"},
		"without an end":        {ours, aud, map[string]any{"exp": 0}, "AADSTS700024"},
		"without an id":         {ours, aud, map[string]any{"jti": ""}, "AADSTS50013"},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.signInByAssertion(v.by.signAssertion(t, v.aud, maps.Clone(v.changes)))
			if v.code == "" && r.status != 200 || v.code != "" && (r.status != 401 || !strings.HasPrefix(r.text("error_description"), v.code)) {
				t.Errorf("got %d %s, want %s", r.status, r.body, v.code)
			}
		})
	}
	again := ours.signAssertion(t, aud, nil)
	c.expectStatus(c.signInByAssertion(again), 200)
	if r := c.expectStatus(c.signInByAssertion(again), 401); !strings.HasPrefix(r.text("error_description"), "AADSTS50013") {
		t.Errorf("used again, it got %s", r.body)
	}
	c.expectStatus(c.signInByAssertion(again[:len(again)-8]+"AAAAAAAA"), 401)
}

func TestADeviceWaitsForAPerson(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c := newClient(t, simulator.Options{Seed: 1, Now: func() time.Time { return now }})
	if err := c.simulator.AddApp(simulator.App{Client: admin, Public: true}); err != nil {
		t.Fatal(err)
	}
	form := "Content-Type: application/x-www-form-urlencoded"
	begin := func() reply {
		return c.expectStatus(c.mustSend("POST", c.endpoints.Login+"/"+simulator.Contoso+"/oauth2/v2.0/devicecode", url.Values{"client_id": {admin}, "scope": {graphScope}}.Encode(), form), 200)
	}
	poll := func(d reply) string {
		f := url.Values{"client_id": {admin}, "grant_type": {"device_code"}, "device_code": {d.text("device_code")}}
		r := c.mustSend("POST", c.endpoints.Login+"/"+simulator.Contoso+"/oauth2/v2.0/token", f.Encode(), form)
		if r.status == 200 {
			return "token"
		}
		return r.text("error")
	}
	d := begin()
	if got := poll(d); got != "authorization_pending" {
		t.Errorf("before: %s", got)
	}
	if c.simulator.ApproveDevice("WRONG") || !c.simulator.ApproveDevice(d.text("user_code")) {
		t.Error("the wrong code was approved, or the right one was not")
	}
	if got := poll(d); got != "token" {
		t.Errorf("approved: %s", got)
	}
	if got := poll(d); got != "bad_verification_code" {
		t.Errorf("used again: %s", got)
	}
	d = begin()
	c.simulator.RefuseDevice(d.text("user_code"))
	if got := poll(d); got != "authorization_declined" {
		t.Errorf("declined: %s", got)
	}
	d = begin()
	now = now.Add(time.Hour)
	if got := poll(d); got != "expired_token" {
		t.Errorf("late: %s", got)
	}
}

func TestEachCallNeedsItsPermission(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	furnishTenant(t, c.simulator)
	v := simulatortest.Visuals(t, c.simulator)
	f := uploadFile(t, v, "a", "1")
	site, list, drive := "/sites/"+v.SiteID, "/sites/"+v.SiteID+"/lists/"+v.ListID, c.drivePath()
	item := drive + "/items/" + f.ID
	const sel, lists = "Sites.Selected", "Lists.SelectedOperations.Selected"
	for _, v := range []struct {
		roles              []string
		onSite, onList     string
		method, path, body string
		status             int
	}{
		{[]string{sel}, "", "", "GET", drive + "/root/delta", "", 403},
		{[]string{sel}, "read", "", "GET", drive + "/root/delta", "", 200},
		{[]string{sel}, "read", "", "GET", site, "", 200},
		{[]string{sel}, "read", "", "PATCH", item, `{"name":"a"}`, 403},
		{[]string{sel}, "write", "", "PATCH", item, `{"name":"a"}`, 200},
		{[]string{lists}, "write", "", "GET", drive + "/root/delta", "", 403},
		{[]string{lists}, "", "write", "GET", drive + "/root/delta", "", 200},
		{[]string{lists}, "", "write", "PATCH", item, `{"name":"a"}`, 200},
		{[]string{lists}, "", "read", "PATCH", item, `{"name":"a"}`, 403},
		{[]string{lists}, "", "write", "GET", list + "/columns", "", 200},
		{[]string{lists}, "", "write", "GET", site, "", 403},
		{[]string{sel}, "write", "read", "GET", item, "", 403}, // the list no longer inherits
		{nil, "write", "write", "GET", item, "", 403},
		{[]string{"Sites.Read.All"}, "", "", "GET", item, "", 200},
		{[]string{"Sites.Read.All"}, "", "", "PATCH", item, `{"name":"a"}`, 403},
		{[]string{"Organization.Read.All"}, "", "", "GET", "/organization", "", 200},
		{[]string{"User.Read.All"}, "", "", "GET", "/organization", "", 403},
		{[]string{"LicenseAssignment.Read.All"}, "", "", "GET", "/subscribedSkus", "", 200},
		{[]string{"User.Read.All"}, "", "", "GET", "/users/$count", "", 200},
		{[]string{"User.ReadBasic.All"}, "", "", "GET", "/users/$count", "", 403},
		{[]string{"GroupMember.Read.All"}, "", "", "GET", "/groups/" + group, "", 200},
		{[]string{"User.Read.All"}, "", "", "GET", "/groups/" + group, "", 403},
		{[]string{"User.Read.All"}, "", "", "POST", "/users/user1@contoso.com/sendMail", `{"message":{}}`, 403},
	} {
		t.Run(fmt.Sprint(v.roles, v.onSite, v.onList, v.method, v.path), func(t *testing.T) {
			const app = "7b1f5d1c-1a53-4b0f-9d0e-6a3a2a8f1c77"
			if err := c.simulator.AddApp(simulator.App{Client: app, Secret: "s", Roles: v.roles}); err != nil {
				t.Fatal(err)
			}
			library := simulatortest.Visuals(t, c.simulator)
			library.GrantSite(app, v.onSite)
			library.GrantList(app, v.onList)
			token := c.signIn(app, "s", graphScope).text("access_token")
			r := c.mustSend(v.method, c.endpoints.Graph+"/v1.0"+v.path, v.body, "Authorization: Bearer "+token, "ConsistencyLevel: eventual")
			if r.status != v.status {
				t.Errorf("got %d %s, want %d", r.status, r.body, v.status)
			}
		})
	}
}

func TestATokenIsForOneServiceAndForATime(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	c := newClient(t, simulator.Options{Seed: 1, Now: func() time.Time { return now }})
	get := func(token string) reply {
		return c.mustSend("GET", c.endpoints.Graph+"/v1.0/organization", "", "Authorization: "+token)
	}
	c.expectStatus(get(""), 401)
	c.expectStatus(get("Bearer nobody"), 401)
	c.expectStatus(get("Bearer "+c.tokenFor("https://analysis.windows.net/powerbi/api/.default")), 401)
	good := "Bearer " + c.tokenFor(graphScope)
	c.expectStatus(get(good), 200)
	now = now.Add(2 * time.Hour)
	if r := c.expectStatus(get(good), 401); r.text("error/code") != "InvalidAuthenticationToken" || r.header.Get("WWW-Authenticate") == "" {
		t.Errorf("got %s", r.body)
	}
}

func TestAdminAPIsAreForTheRightApps(t *testing.T) {
	for name, v := range map[string]struct {
		app           simulator.App
		off           bool
		power, fabric int
	}{
		"in the group":               {simulator.App{AdminAPIs: true}, false, 200, 200},
		"not in the group":           {simulator.App{}, false, 401, 403},
		"the setting is off":         {simulator.App{AdminAPIs: true}, true, 401, 403},
		"with a permission too many": {simulator.App{AdminAPIs: true, PowerBIRoles: []string{"Tenant.Read.All"}}, false, 401, 403},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, simulator.Options{Seed: 1})
			v.app.Client, v.app.Secret = simulatortest.Client, simulatortest.Secret
			if err := c.simulator.AddApp(v.app); err != nil {
				t.Fatal(err)
			}
			if v.off {
				c.simulator.SetSetting("AllowServicePrincipalsUseReadAdminAPIs", false)
			}
			c.expectStatus(c.getPowerBI("capacities"), v.power)
			c.expectStatus(c.getFabric("tenantsettings"), v.fabric)
		})
	}
}
