package openapitest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/openapitest"
)

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// A cannedResponse answer is one without a network.
type cannedResponse struct {
	status     int
	kind, body string
}

func (c cannedResponse) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.kind}}, Body: io.NopCloser(strings.NewReader(c.body)), Request: r}, nil
}

func TestCallsAreHeldToTheDescriptions(t *testing.T) {
	checker, err := openapitest.New(map[string]string{
		"graph": "https://graph.example", "powerbi": "https://power.example", "fabric": "https://fabric.example", "login": "https://login.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	const (
		item    = `{"id":"1","size":3,"createdDateTime":"2026-01-02T03:04:05Z"}`
		refused = `{"error":{"code":"itemNotFound","message":"gone"}}`
		kind    = "application/json;odata.metadata=minimal"
	)
	for name, c := range map[string]struct {
		method, url, body string
		answer            cannedResponse
		says              string // empty: nothing
	}{
		"described":                {"GET", "https://graph.example/v1.0/drives/d/items/1", "", cannedResponse{200, kind, item}, ""},
		"a wrong type":             {"GET", "https://graph.example/v1.0/drives/d/items/1", "", cannedResponse{200, kind, strings.Replace(item, "3,", `"3",`, 1)}, "size"},
		"no date":                  {"GET", "https://graph.example/v1.0/drives/d/items/1", "", cannedResponse{200, kind, strings.Replace(item, "01-02T", "1-2 ", 1)}, "createdDateTime"},
		"an error as Graph's":      {"GET", "https://graph.example/v1.0/drives/d/items/1", "", cannedResponse{404, kind, refused}, ""},
		"an error as nobody's":     {"GET", "https://graph.example/v1.0/drives/d/items/1", "", cannedResponse{404, kind, `{"message":"gone"}`}, "error"},
		"an unknown path":          {"GET", "https://graph.example/v1.0/drives/d/things", "", cannedResponse{200, kind, item}, "neither is it in the table"},
		"an unknown method":        {"DELETE", "https://graph.example/v1.0/organization", "", cannedResponse{204, "", ""}, "neither is it in the table"},
		"an unknown parameter":     {"GET", "https://graph.example/v1.0/drives/d/items/1?$skipto=3", "", cannedResponse{200, kind, item}, "$skipto"},
		"a parameter of the table": {"GET", "https://graph.example/v1.0/drives/d/root/delta()?token=latest", "", cannedResponse{200, kind, `{"value":[]}`}, ""},
		"a call of the table":      {"GET", "https://login.example/t/v2.0/.well-known/openid-configuration", "", cannedResponse{200, kind, `{}`}, ""},
		"a wrong body":             {"PATCH", "https://graph.example/v1.0/drives/d/items/1", `{"name":3}`, cannedResponse{200, kind, item}, "the request"},
		"a refused body":           {"PATCH", "https://graph.example/v1.0/drives/d/items/1", `{"name":3}`, cannedResponse{404, kind, refused}, ""},
		"no GUID":                  {"GET", "https://power.example/v1.0/myorg/admin/capacities", "", cannedResponse{200, kind, `{"value":[{"id":"x","state":"Active","capacityUserAccessRight":"Admin"}]}`}, "id"},
		"no state":                 {"GET", "https://power.example/v1.0/myorg/admin/capacities", "", cannedResponse{200, kind, `{"value":[{"id":"0f084df7-c13d-451b-af5f-ed0c466403b2"}]}`}, "state"},
		"no setting":               {"GET", "https://fabric.example/v1/admin/tenantsettings", "", cannedResponse{200, kind, `{"value":[{}]}`}, "settingName"},
		"no number":                {"GET", "https://graph.example/v1.0/users/$count", "", cannedResponse{200, "text/plain", "many"}, "no number"},
		"another host":             {"GET", "https://other.example/whatever", "", cannedResponse{200, kind, "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			resp, err := checker.Transport(r, c.answer).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			if err != nil || string(got) != c.answer.body {
				t.Errorf("the answer came through as %q, %v", got, err)
			}
			said := strings.Join(r.failures, "\n")
			if (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
				t.Errorf("got %q, want %q", said, c.says)
			}
		})
	}
}

func TestTheTableNamesItsSources(t *testing.T) {
	seen := map[string]bool{}
	for _, u := range openapitest.UndescribedCalls() {
		key := u.Service + " " + u.Method + " " + u.Path + " " + u.Query
		if u.Source == "" || seen[key] {
			t.Errorf("%s is there twice, or without a source", key)
		}
		seen[key] = true
	}
}
