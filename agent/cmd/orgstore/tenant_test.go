package main

import (
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/graph"
)

// Whom a token is for is not where the service answers: behind a gateway it is
// still the cloud's service, and in a cloud of one's own it is what is said.
func TestTokensAreForTheCloudsServices(t *testing.T) {
	const gateway = "https://gateway.contoso.com"
	for name, c := range map[string]struct {
		cloud  string
		set    config.Endpoints
		scopes map[graph.Service]string
	}{
		"nothing is set": {"public", config.Endpoints{}, map[graph.Service]string{
			graph.Graph: "https://graph.microsoft.com", graph.PowerBI: "https://analysis.windows.net/powerbi/api", graph.Fabric: "https://api.fabric.microsoft.com",
		}},
		"a gateway before all": {"gcchigh", config.Endpoints{Graph: gateway, PowerBI: gateway, Fabric: gateway}, map[graph.Service]string{
			graph.Graph: "https://graph.microsoft.us", graph.PowerBI: "https://high.analysis.usgovcloudapi.net/powerbi/api", graph.Fabric: "https://high.analysis.usgovcloudapi.net/powerbi/api",
		}},
		"Fabric's host by hand": {"dod", config.Endpoints{Fabric: gateway}, map[graph.Service]string{
			graph.Graph: "https://dod-graph.microsoft.us", graph.Fabric: "https://mil.analysis.usgovcloudapi.net/powerbi/api",
		}},
		"Fabric's host unknown": {"gcc", config.Endpoints{}, map[graph.Service]string{graph.Graph: "https://graph.microsoft.com", graph.Fabric: ""}},
		"another cloud": {"", config.Endpoints{Login: gateway, Graph: gateway, GraphAudience: "https://graph.contoso.com", PowerBIAudience: "https://bi.contoso.com/api", FabricAudience: "https://fabric.contoso.com"}, map[graph.Service]string{
			graph.Graph: "https://graph.contoso.com", graph.PowerBI: "https://bi.contoso.com/api", graph.Fabric: "https://fabric.contoso.com",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud, err := reached(config.Settings{Cloud: c.cloud, Endpoints: c.set})
			if err != nil || cloud.Check() != nil {
				t.Fatal(err, cloud.Check())
			}
			for s, want := range c.scopes {
				if want != "" {
					want += "/.default"
				}
				if got := cloud.Scope(s); got != want {
					t.Errorf("tokens for %s are asked for %q, not %q", s, got, want)
				}
			}
		})
	}
	if _, err := reached(config.Settings{Cloud: "germany"}); err == nil {
		t.Error("a cloud that is gone was found")
	}
}
