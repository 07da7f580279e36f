// Package simulatortest starts a simulated tenant for a test: contoso, with one
// app that has the agent's permissions, and one library.
package simulatortest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/packages/leak"
)

// The app and the library of every started tenant.
const (
	Client  = "3f0a51c4-7a1d-4a52-9f5e-2b8f0a4c6d17"
	Secret  = leak.Canary + "~of.the-agent"
	Site    = "https://contoso.sharepoint.com/sites/bi"
	Library = "Visuals"
)

// Roles returns the application permissions of the app: the least that all
// features need.
func Roles() []string {
	return []string{
		"Sites.Selected", "Organization.Read.All", "LicenseAssignment.Read.All",
		"User.Read.All", "GroupMember.Read.All", "Mail.Send",
	}
}

// Start starts the tenant and closes it with the test. At the end it logs the
// calls if the test failed, or with -v.
func Start(t testing.TB) *simulator.Simulator {
	t.Helper()
	return StartWith(t, simulator.Options{Seed: 1})
}

// StartWith starts a tenant with options.
func StartWith(t testing.TB, o simulator.Options) *simulator.Simulator {
	t.Helper()
	s, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddApp(simulator.App{Client: Client, Secret: Secret, Roles: Roles(), AdminAPIs: true}); err != nil {
		t.Fatal(err)
	}
	Visuals(t, s).GrantSite(Client, "write")
	if err := s.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() || testing.Verbose() { // ./check looks for secrets in it
			for _, c := range s.LoggedCalls() {
				t.Log(c)
			}
		}
	})
	return s
}

// Visuals returns the tenant's library as its people see it.
func Visuals(t testing.TB, s *simulator.Simulator) *simulator.Library {
	t.Helper()
	all, err := s.AddSite(Site, Library)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// HTTP returns a client that trusts the simulator's authority and follows no
// redirect.
func HTTP(t testing.TB, s *simulator.Simulator) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CA()) {
		t.Fatal("the simulator's certificate cannot be read")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
