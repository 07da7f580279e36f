package graph_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
)

// connectSimulated is a connection to a simulated tenant, whose clock is the
// connection's. It begins now: sign-in libraries know no other time.
func connectSimulated(t *testing.T, in graph.SignIn, change ...func(*simulator.Options)) (*graph.Connection, *simulator.Simulator, *clock) {
	t.Helper()
	k := newClock()
	k.now = time.Now()
	o := simulator.Options{Seed: 1, Now: k.Now, Quotas: true}
	for _, c := range change {
		c(&o)
	}
	s := simulatortest.StartWith(t, o)
	e := s.Endpoints()
	c, err := graph.Connect(graph.Options{
		Cloud:  graph.Cloud{Name: graph.Custom, Login: e.Login, Graph: e.Graph, PowerBI: e.PowerBI, PowerBIAudience: e.PowerBI, Fabric: e.Fabric, FabricAudience: e.Fabric},
		Tenant: s.Tenant(), SignIn: in, CAs: [][]byte{s.CA()}, Program: "orgstore/1.2.3", Clock: k,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s, k
}

func bySecret(secret string) graph.SignIn {
	return graph.SignIn{Method: graph.BySecret, Client: simulatortest.Client, Secret: func() (string, error) { return secret, nil }}
}

func TestASimulatedTenant(t *testing.T) {
	c, s, _ := connectSimulated(t, bySecret(simulatortest.Secret))
	for service, path := range map[graph.Service]string{
		graph.Graph: "/v1.0/organization", graph.PowerBI: "/v1.0/myorg/admin/capacities", graph.Fabric: "/v1/admin/tenantsettings",
	} {
		var got struct {
			Value []any `json:"value"`
		}
		if err := c.GetJSON(t.Context(), service, path, nil, nil, &got); err != nil {
			t.Error(err)
		}
	}
	for _, call := range s.UnexpectedCalls() {
		t.Error(call)
	}
	err := c.GetJSON(t.Context(), graph.Graph, "/v1.0/sites/contoso.sharepoint.com:/sites/none", nil, nil, nil)
	if e, ok := err.(*graph.Error); !ok || e.Status != http.StatusNotFound || e.RequestID == "" || e.ErrCode == "" {
		t.Errorf("got %v", err)
	}
}

func TestASimulatedCertificateThatIsNotRegistered(t *testing.T) {
	registered, other := newIdentity(t), newIdentity(t)
	in := graph.SignIn{Method: graph.ByCertificate, Client: client, Certificate: func() ([]byte, error) { return other, nil }}
	c, s, _ := connectSimulated(t, in, func(o *simulator.Options) { o.Now = time.Now }) // an assertion is dated by the machine's clock
	if err := s.AddApp(simulator.App{Client: client, Certificate: registered}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Token(t.Context(), graph.Graph); codeOf(err) != "signin.certificate" {
		t.Errorf("got %v", err)
	}
}

func TestASimulatedCertificate(t *testing.T) {
	registered := newIdentity(t)
	in := graph.SignIn{Method: graph.ByCertificate, Client: client, Certificate: func() ([]byte, error) { return registered, nil }}
	c, s, _ := connectSimulated(t, in, func(o *simulator.Options) { o.Now = time.Now })
	if err := s.AddApp(simulator.App{Client: client, Certificate: registered}); err != nil {
		t.Fatal(err)
	}
	if token, err := c.Token(t.Context(), graph.Graph); err != nil || token.Token == "" {
		t.Errorf("got %v", err)
	}
}

func TestASimulatedPersonAtADevice(t *testing.T) {
	var s *simulator.Simulator
	in := graph.SignIn{Method: graph.ByDeviceCode, Client: client, Prompt: func(context.Context, string) error {
		for _, d := range s.PendingDevices() {
			s.ApproveDevice(d)
		}
		return nil
	}}
	c, tenant, _ := connectSimulated(t, in)
	s = tenant
	if err := s.AddApp(simulator.App{Client: client, Public: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Token(t.Context(), graph.Graph); err != nil {
		t.Error(err)
	}
}

func TestWhatASimulatedSignInLacks(t *testing.T) {
	c, s, k := connectSimulated(t, bySecret(simulatortest.Secret))
	app := simulator.App{Client: simulatortest.Client, Secret: simulatortest.Secret, SecretEnds: k.Now().Add(-time.Hour)}
	if err := s.AddApp(app); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Token(t.Context(), graph.Graph); codeOf(err) != "signin.secret" || err.(*graph.SignInError).AADSTS != "7000222" {
		t.Errorf("an expired secret: %v", err)
	}
	s.RemoveApp(simulatortest.Client)
	if _, err := c.Token(t.Context(), graph.Graph); codeOf(err) != "signin.application" {
		t.Errorf("no application: %v", err)
	}
	c, _, _ = connectSimulated(t, bySecret("wrong"))
	if _, err := c.Token(t.Context(), graph.Graph); codeOf(err) != "signin.secret" {
		t.Errorf("a wrong secret: %v", err)
	}
}

// Whoever keeps within the quotas is never told to wait.
func TestAFloodWithoutOneRefusal(t *testing.T) {
	c, s, k := connectSimulated(t, bySecret(simulatortest.Secret))
	began := k.Now()
	flood := func(service graph.Service, path string, times int) {
		for range times { // one by one: a clock that jumps is ahead of what is under way
			if err := c.GetJSON(t.Context(), service, path, nil, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	flood(graph.Fabric, "/v1/admin/tenantsettings", 100) // 25 a minute
	if took := k.Now().Sub(began); took < 3*time.Minute || took > 3*time.Minute*105/100 {
		t.Errorf("took %s, and the quota allows 3 minutes", took)
	}
	flood(graph.Graph, "/v1.0/sites/contoso.sharepoint.com:/sites/bi", 1500) // 1,250 units a minute
	if s.LoggedCalls()[len(s.LoggedCalls())-1].Number < 1600 {
		t.Error("not all was asked")
	}
	for _, call := range s.LoggedCalls() {
		if call.Status == http.StatusTooManyRequests {
			t.Fatal(call)
		}
	}
}

// Another program uses up the quota under the same application: we wait, and
// do not hammer.
func TestAFloodOfSomebodyElse(t *testing.T) {
	c, s, k := connectSimulated(t, bySecret(simulatortest.Secret))
	other := connectAgain(t, s, k)
	for range 25 {
		if err := other.GetJSON(t.Context(), graph.Fabric, "/v1/admin/tenantsettings", nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := c.GetJSON(t.Context(), graph.Fabric, "/v1/admin/tenantsettings", nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for _, call := range s.LoggedCalls() {
		if call.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 || refused > 3 {
		t.Errorf("refused %d times", refused)
	}
}

// connectAgain is another program of the same application.
func connectAgain(t *testing.T, s *simulator.Simulator, k *clock) *graph.Connection {
	t.Helper()
	e := s.Endpoints()
	c, err := graph.Connect(graph.Options{
		Cloud:  graph.Cloud{Name: graph.Custom, Login: e.Login, Graph: e.Graph, Fabric: e.Fabric, FabricAudience: e.Fabric},
		Tenant: s.Tenant(), SignIn: bySecret(simulatortest.Secret), CAs: [][]byte{s.CA()}, Clock: k,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
