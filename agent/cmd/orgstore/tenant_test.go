package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/graph"
)

// Whom a token is for is not where the service answers: behind a gateway it is
// still the cloud's service, and in a cloud of one's own it is what is said.
func TestTokensAreForTheCloudsServices(t *testing.T) {
	t.Parallel()
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

// A tunnel is a proxy that passes TLS through, and notes where to.
type tunnel struct {
	*httptest.Server
	mu sync.Mutex
	to map[string]int
}

func newTunnel(t *testing.T) *tunnel {
	p := &tunnel{to: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.pass))
	t.Cleanup(p.Close)
	return p
}

func (p *tunnel) pass(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	p.mu.Lock()
	p.to[r.Host]++
	p.mu.Unlock()
	far, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer far.Close()
	w.WriteHeader(http.StatusOK)
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer near.Close()
	go io.Copy(far, buffered) //nolint:errcheck // either side may end
	io.Copy(near, far)        //nolint:errcheck // likewise
}

// The settings' proxy and certificates are those of everything that is asked:
// sign-in, Graph, Power BI, Fabric, and the hosts that bytes of files come from.
func TestAllGoesThroughTheProxyOfTheSettings(t *testing.T) {
	t.Parallel()
	w := newTenanted(t)
	w.offline(t)
	p := newTunnel(t)
	text, err := os.ReadFile(w.settings())
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, w.settings(), []byte(strings.Replace(string(text), "network: {", "network: {proxy: '"+p.URL+"', ", 1)))
	if _, err := w.visuals.Upload("gauge.pbiviz", mail(t)["gauge.pbiviz"]); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"doctor"}, {"apply", "--force"}} {
		if code, said := w.run(args...); code != 0 {
			t.Fatalf("%v left with %d:\n%s", args, code, said)
		}
	}
	e := w.tenant.Endpoints()
	for _, base := range []string{e.Login, e.Graph, e.PowerBI, e.Fabric, e.Files} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if p.to[u.Host] == 0 {
			t.Errorf("%s was not asked through the proxy: %v", base, p.to)
		}
	}

	// Without the authority nothing is believed, and the sign-in says what to do.
	w.write(t, w.settings(), []byte(strings.Replace(string(text), "network: {ca: ca.pem}", "network: {proxy: '"+p.URL+"'}", 1)))
	if code, said := w.run("doctor"); code != 4 || !strings.Contains(said, "certificate") {
		t.Errorf("without the authority doctor left with %d:\n%s", code, said)
	}
}
