package graph_test

import (
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
)

func TestCloudsAreWhereMicrosoftSays(t *testing.T) {
	for _, c := range []struct {
		name, login, graph, powerBI, fabric, powerBIScope string
	}{
		{"public", "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://api.powerbi.com", "https://api.fabric.microsoft.com", "https://analysis.windows.net/powerbi/api/.default"},
		{"gcc", "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://api.powerbigov.us", "", "https://analysis.usgovcloudapi.net/powerbi/api/.default"},
		{"gcchigh", "https://login.microsoftonline.us", "https://graph.microsoft.us", "https://api.high.powerbigov.us", "https://highapi.fabric.microsoft.us", "https://high.analysis.usgovcloudapi.net/powerbi/api/.default"},
		{"dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://api.mil.powerbigov.us", "", "https://mil.analysis.usgovcloudapi.net/powerbi/api/.default"},
		{"china", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://api.powerbi.cn", "https://api.fabric.microsoft.cn", "https://analysis.chinacloudapi.cn/powerbi/api/.default"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := graph.CloudNamed(c.name)
			if err != nil || k.Check() != nil || k.Name != c.name {
				t.Fatal(err, k.Check())
			}
			got := []string{k.Login, k.BaseURL(graph.Graph), k.BaseURL(graph.PowerBI), k.BaseURL(graph.Fabric), k.Scope(graph.PowerBI), k.Scope(graph.Graph)}
			want := []string{c.login, c.graph, c.powerBI, c.fabric, c.powerBIScope, c.graph + "/.default"}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("got %s, want %s", got[i], want[i])
				}
			}
			if (k.Scope(graph.Fabric) == "") != (c.fabric == "") || (k.UnavailableReason(graph.Fabric) == "") != (c.fabric != "") {
				t.Errorf("Fabric: %q, %q", k.Scope(graph.Fabric), k.UnavailableReason(graph.Fabric))
			}
		})
	}
	if _, err := graph.CloudNamed("germany"); err == nil || !strings.Contains(err.Error(), "gcchigh") {
		t.Errorf("a cloud that is gone: %v", err)
	}
}

func TestAnUnknownFabricTurnsOffFabricAlone(t *testing.T) {
	login := newAuthority(t, grantToken)
	c := connectTo(t, login, login)
	err := c.GetJSON(t.Context(), graph.Fabric, "/v1/admin/tenantsettings", nil, nil, nil)
	if codeOf(err) != "graph.invalid" || !strings.Contains(err.Error(), "set it in the settings") {
		t.Errorf("got %v", err)
	}
	if _, err := c.Token(t.Context(), graph.Fabric); codeOf(err) != "graph.invalid" || login.requestCount() != 0 {
		t.Errorf("got %v after %d requests", err, login.requestCount())
	}
	if _, err := c.Token(t.Context(), graph.Graph); err != nil {
		t.Error(err)
	}
}

func TestEndpointsThatAreNone(t *testing.T) {
	for endpoint, says := range map[string]string{
		"":                               "is not set",
		"graph.contoso.com":              "is not a URL",
		"http://graph.contoso.com":       "is not https",
		"https://":                       "is not a URL",
		"https://graph.contoso.com/":     "has a path",
		"https://graph.contoso.com/v1.0": "has a path",
		"https://user:" + canary + "@graph.contoso.com": "has a user name",
		"https://graph.contoso.com?a=" + canary:         "has a query",
		"https://graph.contoso.com#":                    "has a query or a fragment",
		"https://Graph.contoso.com":                     "capital letters",
		"https://graph.contoso.com.":                    "a final dot",
		"https://graph.contoso.com:port":                "is not a URL",
	} {
		k, _ := graph.CloudNamed("public")
		k.Graph = endpoint
		err := k.Check()
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v", endpoint, err)
		}
	}
}
