package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
)

const jwt = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln"

func TestRefusalsInEachServicesWords(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		code   string
		says   []string
		not    string
	}{
		{"Graph", 403, nil, `{"error":{"code":"accessDenied","message":"Access denied","innerError":{"request-id":"r1"}}}`, "graph.denied", []string{"403", "accessDenied", "Access denied", "r1"}, ""},
		{"Power BI", 404, http.Header{"Requestid": {"r2"}}, `{"error":{"code":"PowerBIEntityNotFound","pbi.error":{"code":"x"}}}`, "graph.missing", []string{"PowerBIEntityNotFound", "r2"}, ""},
		{"Fabric", 400, nil, `{"requestId":"r3","errorCode":"InvalidInput","message":"Wrong","moreDetails":[]}`, "graph.invalid", []string{"InvalidInput", "Wrong", "r3"}, ""},
		{"which kind of resync", 410, nil, `{"error":{"code":"resyncRequired","innerError":{"code":"resyncChangesApplyDifferences"}}}`, "graph.missing", []string{"resyncChangesApplyDifferences"}, ""},
		{"a page", 502, nil, `<html>` + strings.Repeat("x", 1000), "graph.unreachable", []string{"502 Bad Gateway"}, "xxx"},
		{"a token in it", 401, nil, `{"error":{"code":"InvalidAuthenticationToken","message":"the token ` + jwt + ` of https://contoso.sharepoint.com/a?tempauth=` + canary + ` and Bearer ` + canary + `"}}`, "graph.denied", []string{"the token"}, canary},
		{"lines and bells", 400, nil, `{"error":{"code":"a\nb","message":"one\r\ntwo\u0007` + "\u202e" + `three"}}`, "graph.invalid", []string{"a b: one two three"}, "\n"},
		{"very long", 400, nil, `{"error":{"code":"c","message":"` + strings.Repeat("long ", 1000) + `"}}`, "graph.invalid", []string{"…"}, strings.Repeat("long ", 61)},
		{"busy", 503, http.Header{"Retry-After": {"5"}}, "", "graph.throttled", nil, ""},
		{"down", 503, nil, "", "graph.unreachable", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := &http.Response{StatusCode: c.status, Header: c.header, Body: io.NopCloser(strings.NewReader(c.body))}
			if resp.Header == nil {
				resp.Header = http.Header{}
			}
			err := graph.CheckResponse(graph.Graph, "GET /v1.0/drives", resp)
			if codeOf(err) != c.code {
				t.Errorf("got %s", codeOf(err))
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q is not in %s", s, err)
				}
			}
			if c.not != "" && strings.Contains(err.Error(), c.not) || strings.Contains(err.Error(), jwt) {
				t.Errorf("got %s", err)
			}
		})
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	for _, said := range []string{
		"Get https://contoso.sharepoint.com/a?x=" + canary + ": reset",
		"invalid proxy address \"http://contoso:" + canary + "@[proxy\"",
		"Authorization: Bearer " + canary,
		"client_" + "secret=" + canary + "&x=1",
		`{"access_token": "` + canary + `"}`,
	} {
		e := &graph.Error{Service: graph.Graph, Op: "GET /x", Err: errors.New(said)}
		if strings.Contains(e.Error(), canary) {
			t.Errorf("got %s", e)
		}
	}
}

func TestErrorsAreSentences(t *testing.T) {
	for _, c := range []struct {
		e    graph.Error
		want string
	}{
		{graph.Error{Service: graph.Graph, Op: "GET /v1.0/drives", Status: 403, ErrCode: "accessDenied", Message: "Access denied", RequestID: "r1", ClientRequestID: "c1"},
			"GET /v1.0/drives: Microsoft Graph answered 403 Forbidden: accessDenied: Access denied (request r1)"},
		{graph.Error{Service: graph.PowerBI, Op: "GET /v1.0/myorg", Err: errors.New("connection reset"), ClientRequestID: "c1"},
			"GET /v1.0/myorg: Power BI did not answer: connection reset (client request c1)"},
		{graph.Error{Op: "GET /x", Status: 599}, "GET /x: the service answered 599"},
		{graph.Error{Service: graph.Graph, Op: "GET /x", Err: context.Canceled}, "GET /x: context canceled"},
	} {
		if got := c.e.Error(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestTroubleShowsNoURL(t *testing.T) {
	inner := errors.New("connection reset")
	err := graph.WrapError(graph.Graph, "download", &url.Error{Op: "Get", URL: "https://contoso.sharepoint.com/a?tempauth=" + canary, Err: &url.Error{Op: "Get", URL: canary, Err: inner}})
	if !errors.Is(err, inner) || strings.Contains(err.Error(), "contoso") {
		t.Errorf("got %v", err)
	}
	checkHarmless(t, err)
	if graph.WrapError(graph.Graph, "x", nil) != nil {
		t.Error("nothing became an error")
	}
	once := graph.WrapError(graph.Graph, "x", context.DeadlineExceeded)
	if twice := graph.WrapError(graph.Fabric, "y", once); twice != once || codeOf(once) != "graph.unreachable" {
		t.Errorf("got %v", twice)
	}
}

func TestWhatIsDeniedNamesWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		service  graph.Service
		op, says string
	}{
		{graph.Graph, "GET /v1.0/drives/d/root/delta", "Lists.SelectedOperations.Selected"},
		{graph.Graph, "GET /v1.0/sites/s", "Lists.SelectedOperations.Selected"},
		{graph.Graph, "GET /v1.0/organization", "Organization.Read.All"},
		{graph.Graph, "GET /v1.0/subscribedSkus", "LicenseAssignment.Read.All"},
		{graph.Graph, "GET /v1.0/users/$count", "User.Read.All"},
		{graph.Graph, "GET /v1.0/groups/g/transitiveMembers/$count", "GroupMember.Read.All"},
		{graph.PowerBI, "GET /v1.0/myorg/admin/capacities", "Service principals can access read-only admin APIs"},
		{graph.Fabric, "GET /v1/admin/tenantsettings", "Service principals can access read-only admin APIs"},
	} {
		e := &graph.Error{Service: c.service, Op: c.op, Status: 403}
		if !strings.Contains(e.Hint(), c.says) {
			t.Errorf("%s: %s", c.op, e.Hint())
		}
		named := false
		for _, p := range graph.RequestedPermissions() {
			named = named || p.Name == c.says
		}
		if !named {
			t.Errorf("%s is hinted at and not requested", c.says)
		}
	}
}
