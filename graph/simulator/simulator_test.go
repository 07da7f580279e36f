package simulator_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/orgstore/orgstore/graph/openapitest"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

// A testClient asks a simulator as an app would.
type testClient struct {
	t         *testing.T
	simulator *simulator.Simulator
	http      *http.Client
	endpoints simulator.Endpoints
	tokens    map[string]string
}

func newClient(t *testing.T, o simulator.Options) *testClient {
	t.Helper()
	s := simulatortest.StartWith(t, o)
	h := simulatortest.HTTP(t, s)
	h.Transport = openapitest.Transport(t, h.Transport, s.Endpoints().Bases())
	return &testClient{t: t, simulator: s, http: h, endpoints: s.Endpoints(), tokens: map[string]string{}}
}

// withoutChecks lets answers through that break Microsoft's descriptions, as faults
// do.
func (c *testClient) withoutChecks() *testClient {
	c.http = simulatortest.HTTP(c.t, c.simulator)
	return c
}

// A reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

func (r reply) text(path string) string {
	var v any = r.json
	for _, k := range strings.Split(path, "/") {
		switch at := v.(type) {
		case map[string]any:
			v = at[k]
		case []any:
			var n int
			fmt.Sscan(k, &n) //nolint:errcheck // zero is the first
			if n >= len(at) {
				return ""
			}
			v = at[n]
		default:
			return ""
		}
	}
	s, _ := v.(string)
	return s
}

func (r reply) values() []any {
	l, _ := r.json["value"].([]any)
	return l
}

func (c *testClient) sendRequest(method, u, body string, header ...string) (reply, error) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, u, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" && (strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[")) {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range header {
		k, v, _ := strings.Cut(h, ": ")
		if v == "" {
			req.Header.Del(k)
			continue
		}
		req.Header.Set(k, v)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header, body: b}
	if err == nil && bytes.HasPrefix(b, []byte("{")) {
		json.Unmarshal(b, &r.json) //nolint:errcheck // what is no JSON has no members
	}
	return r, err
}

func (c *testClient) mustSend(method, u, body string, header ...string) reply {
	c.t.Helper()
	r, err := c.sendRequest(method, u, body, header...)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *testClient) signIn(app, secret, scope string) reply {
	c.t.Helper()
	f := url.Values{"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {secret}, "scope": {scope}}
	return c.mustSend("POST", c.endpoints.Login+"/"+simulator.Contoso+"/oauth2/v2.0/token", f.Encode(), "Content-Type: application/x-www-form-urlencoded")
}

func (c *testClient) tokenFor(scope string) string {
	c.t.Helper()
	if c.tokens[scope] == "" {
		r := c.signIn(simulatortest.Client, simulatortest.Secret, scope)
		if r.status != 200 {
			c.t.Fatalf("sign-in answered %d %s", r.status, r.body)
		}
		c.tokens[scope] = r.text("access_token")
	}
	return c.tokens[scope]
}

// callGraph asks Graph for a path beneath /v1.0, or for a whole URL.
func (c *testClient) callGraph(method, path, body string, header ...string) reply {
	c.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = c.endpoints.Graph + "/v1.0" + path
	}
	return c.mustSend(method, path, body, append([]string{"Authorization: Bearer " + c.tokenFor("https://graph.microsoft.com/.default")}, header...)...)
}

func (c *testClient) expectStatus(r reply, status int) reply {
	c.t.Helper()
	if r.status != status {
		c.t.Fatalf("got %d %s, want %d", r.status, r.body, status)
	}
	return r
}

func TestALibraryIsReadAndWritten(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	visuals := simulatortest.Visuals(t, c.simulator)
	site := c.expectStatus(c.callGraph("GET", "/sites/contoso.sharepoint.com:/sites/bi", ""), 200).text("id")
	if site != visuals.SiteID {
		t.Fatalf("got site %q, want %q", site, visuals.SiteID)
	}
	list := c.expectStatus(c.callGraph("GET", "/sites/"+site+"/lists", ""), 200).text("value/0/id")
	drive := c.expectStatus(c.callGraph("GET", "/sites/"+site+"/lists/"+list+"/drive", ""), 200).text("id")
	put := c.expectStatus(c.callGraph("PUT", "/drives/"+drive+"/items/root:/gauge.pbiviz:/content", "first", "Content-Type: application/octet-stream"), 201)
	id := put.text("id")
	first := c.expectStatus(c.callGraph("GET", "/drives/"+drive+"/root/delta", ""), 200)
	if len(first.values()) != 2 || first.text("@odata.deltaLink") == "" {
		t.Fatalf("got %s", first.body)
	}
	loc := c.expectStatus(c.callGraph("GET", "/drives/"+drive+"/items/"+id+"/content", ""), 302).header.Get("Location")
	if r := c.expectStatus(c.mustSend("GET", loc, ""), 200); string(r.body) != "first" {
		t.Errorf("got %q", r.body)
	}
	if r := c.expectStatus(c.mustSend("GET", loc, "", "Range: bytes=2-3"), 206); string(r.body) != "rs" {
		t.Errorf("got %q", r.body)
	}
	c.expectStatus(c.mustSend("GET", loc, "", "Authorization: Bearer x"), 401)
	c.expectStatus(c.callGraph("POST", "/sites/"+site+"/lists/"+list+"/columns", `{"name":"Verdict","displayName":"Verdict","text":{}}`), 201)
	c.expectStatus(c.callGraph("PATCH", "/drives/"+drive+"/items/"+id+"/listItem/fields", `{"Verdict":"good"}`), 200)
	second := c.expectStatus(c.callGraph("GET", first.text("@odata.deltaLink"), ""), 200)
	if len(second.values()) != 2 {
		t.Errorf("got %s", second.body)
	}
	c.expectStatus(c.callGraph("DELETE", "/drives/"+drive+"/items/"+id, ""), 204)
	third := c.expectStatus(c.callGraph("GET", second.text("@odata.deltaLink"), ""), 200)
	if !strings.Contains(string(third.body), `"deleted":{"state":"deleted"}`) {
		t.Errorf("got %s", third.body)
	}
}
