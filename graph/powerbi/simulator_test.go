package powerbi_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/openapitest"
	"github.com/orgstore/orgstore/graph/powerbi"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/graph/simulator/simulatortest"
	"github.com/orgstore/orgstore/graph/tenanttest"
	about "github.com/orgstore/orgstore/packages/tenant"
)

// connectTo connects to a simulated tenant.
func connectTo(t *testing.T, s *simulator.Simulator) *graph.Connection {
	e := s.Endpoints()
	c, err := graph.Connect(graph.Options{
		Cloud:  graph.Cloud{Name: graph.Custom, Login: e.Login, Graph: e.Graph, PowerBI: e.PowerBI, PowerBIAudience: "https://analysis.windows.net/powerbi/api"},
		Tenant: simulator.Contoso, Program: "orgstore/test", CAs: [][]byte{s.CA()},
		SignIn: graph.SignIn{Method: graph.BySecret, Client: simulatortest.Client, Secret: func() (string, error) { return simulatortest.Secret, nil }},
		Limits: graph.Limits{MaxTries: 3}, Clock: tenanttest.InstantClock(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkDescriptions holds each request and each answer from here on to Microsoft's
// descriptions.
func checkDescriptions(t *testing.T, s *simulator.Simulator, c *graph.Connection) {
	checker, err := openapitest.New(s.Endpoints().Bases())
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []graph.Service{graph.Graph, graph.PowerBI, graph.Fabric} {
		client := c.AuthorizedClient(service)
		client.Transport = checker.Transport(t, client.Transport)
	}
}

// TestLogOfASimulatedTenant reads four weeks in pages of three, while calls of
// it fail: every change is told once, in whatever many tries.
func TestLogOfASimulatedTenant(t *testing.T) {
	s := simulatortest.StartWith(t, simulator.Options{Seed: 1, Now: func() time.Time { return now }, PageSize: 3})
	var want []string
	for day := range 27 {
		at := now.Add(-time.Duration(day)*24*time.Hour - time.Hour)
		for i := range 4 {
			s.AddEvents(simulator.Event{At: at.Add(time.Duration(i) * time.Minute), Activity: "ViewReport", User: "a@contoso.com"})
		}
		id := fmt.Sprintf("change %02d", day)
		want = append(want, id)
		s.AddEvents(simulator.Event{ID: id, At: at, Activity: string(about.Updated), User: "admin@contoso.com", ItemName: "Gauge", Succeeded: true})
	}
	c := connectTo(t, s)
	p := powerbi.New(c)
	mark, told, failures := powerbi.Mark{}, map[string]int{}, 0
	for _, kind := range []simulator.FaultKind{simulator.Garbage, simulator.Truncate, simulator.Throttle, simulator.ServerError, simulator.Reset} {
		if err := s.SetFaults(simulator.Fault{Kind: kind, Service: "powerbi", Nth: 10}); err != nil {
			t.Fatal(err)
		}
		log := p.ActivityLog(mark, now)
		ids, err := readAll(t, log)
		if err != nil {
			failures++
		}
		for _, id := range ids {
			told[id]++
		}
		mark = log.Mark()
	}
	if !mark.Until.Equal(now) || failures != 2 {
		t.Errorf("read until %v, with %d failures", mark.Until, failures)
	}
	var got []string
	for id := range told {
		got = append(got, id)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("told %v", got)
	}
	checkDescriptions(t, s, c)
	if ids, err := readAll(t, p.ActivityLog(powerbi.Mark{}, now)); err != nil || len(ids) != len(want) {
		t.Errorf("%d changes, %v", len(ids), err)
	}
	if _, err := p.Capacities(t.Context()); err != nil {
		t.Error(err)
	}
	for _, c := range s.LoggedCalls() {
		if c.Unexpected != "" {
			t.Errorf("%s: %s", c, c.Unexpected)
		}
	}
}
