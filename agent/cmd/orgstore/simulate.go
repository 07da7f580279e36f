package main

import (
	"fmt"
	"path/filepath"

	"github.com/orgstore/orgstore/agent/cli"
	"github.com/orgstore/orgstore/agent/config"
	"github.com/orgstore/orgstore/agent/engine"
	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/simulator"
)

// A simulation is a tenant with one library and some people.
type simulation struct {
	*simulator.Simulator
	library *simulator.Library
}

// simulate starts a tenant in which the app may do what orgstore asks for.
func simulate(o cli.Simulated) (cli.Simulation, error) {
	with := simulator.Options{Tenant: o.Tenant, Seed: 1, Now: o.Now, Quotas: o.Quotas}
	if o.Told != nil {
		with.OnCall = func(c simulator.Call) { o.Told(c.String()) }
	}
	s, err := simulator.New(with)
	if err != nil {
		return nil, err
	}
	if err := s.AddApp(simulator.App{Client: o.Client, Secret: o.Secret, Roles: applicationRoles(), AdminAPIs: true}); err != nil {
		return nil, err
	}
	libraries, err := s.AddSite(o.Site, o.Library)
	if err != nil {
		return nil, err
	}
	libraries[0].GrantSite(o.Client, "write")
	populate(s)
	if err := misbehave(s, o.Faults); err != nil {
		return nil, err
	}
	if err := s.Start(o.Addr); err != nil {
		return nil, err
	}
	return simulation{s, libraries[0]}, nil
}

// applicationRoles are the permissions that orgstore always asks for, and that for
// a whole site, which the simulated one granted.
func applicationRoles() []string {
	var roles []string
	for _, p := range graph.RequestedPermissions() {
		if p.Kind == graph.ApplicationRole && p.Need == graph.NeedAlways {
			roles = append(roles, p.Name)
		}
	}
	return append(roles, "Sites.Selected")
}

// The service plans of Power BI, and a product that holds one (documented: product names and service plan
// identifiers for licensing).
const (
	planPro  = "70d33638-9c74-4d01-bfd3-562de28bd4ba"
	planFree = "2049e525-b859-401b-b2a0-e0a31c4b1fe4"
	skuPro   = "f8a1db68-be16-40ed-86d5-cb42ce701560"
)

// misbehave sets the rules of a file, if there is one.
func misbehave(s *simulator.Simulator, file []byte) error {
	if len(file) == 0 {
		return nil
	}
	rules, err := simulator.ParseFaults(file)
	if err != nil {
		return err
	}
	return s.SetFaults(rules...)
}

func populate(s *simulator.Simulator) {
	s.SetOrganization("Contoso", simulator.Domain{Name: "contoso.com", Default: true}, simulator.Domain{Name: "contoso.onmicrosoft.com", Initial: true})
	s.SetUsers(simulator.User{ID: "6b1f0c52-9a3e-4d0f-8b8e-2d6d2f0f6a77", Principal: "orgstore@contoso.com"}) // a mailbox
	s.AddUsers(310, planPro)
	s.AddUsers(1200, planFree)
	s.SetSKUs(simulator.SKU{ID: skuPro, PartNumber: "POWER_BI_PRO", Consumed: 310, Enabled: 320, Plans: []simulator.SKUPlan{{ID: planPro, Name: "BI_AZURE_P2"}}})
	s.SetCapacities(simulator.Capacity{ID: "0f084df7-c13d-451b-af5f-ed0c466403b2", Name: "Production", SKU: "F64", State: "Active", Region: "West Europe"})
}

func (s simulation) Reached() config.Endpoints {
	e := s.Endpoints()
	return config.Endpoints{Login: e.Login, Graph: e.Graph, PowerBI: e.PowerBI, Fabric: e.Fabric, Portal: e.Portal}
}

func (s simulation) Page() string { return s.PortalPage("") }

func (s simulation) Upload(name string, file []byte) error {
	_, err := s.library.Upload(name, file)
	return err
}

// Held leaves out what lies in folders, and names that no file here can have.
func (s simulation) Held() map[string][]byte {
	held := map[string][]byte{}
	for _, f := range s.library.Files() {
		if content, ok := s.library.Content(f.Name); ok && filepath.IsLocal(f.Name) && filepath.Base(f.Name) == f.Name {
			held[f.Name] = content
		}
	}
	return held
}

func (s simulation) Shown(name string) map[string]string {
	f, _ := s.library.File(name)
	shown := map[string]string{}
	for column, value := range f.Fields {
		shown[column] = fmt.Sprint(value)
	}
	return shown
}

func (s simulation) Mailed() []engine.Mail {
	var all []engine.Mail
	for _, m := range s.Mail() {
		all = append(all, engine.Mail{From: m.From, To: m.To, Subject: m.Subject, Text: m.Body})
	}
	return all
}

func (s simulation) Calls() int { return len(s.LoggedCalls()) }
