package graph_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
)

func TestPermissionsAreMicrosofts(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "microsoft", "graph-permissions-trimmed.json"))
	if err != nil {
		t.Fatal(err)
	}
	var described struct {
		Permissions map[string]struct {
			Schemes map[string]any `json:"schemes"`
		} `json:"permissions"`
	}
	if err := json.Unmarshal(raw, &described); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, p := range graph.RequestedPermissions() {
		if p.Feature == "" || p.Name == "" || p.Need == "" || p.Why == "" {
			t.Errorf("%+v says too little", p)
		}
		if (p.Kind == graph.ApplicationRole) != (p.ID != "") {
			t.Errorf("%s is a %s with the id %q", p.Name, p.Kind, p.ID)
		}
		if p.Kind != graph.ApplicationRole {
			continue
		}
		if p.Service != graph.Graph {
			t.Errorf("%s: an application with a role of %s may not call its admin APIs", p.Name, p.Service.Title())
		}
		if _, ok := described.Permissions[p.Name].Schemes["Application"]; !ok {
			t.Errorf("Microsoft describes no application role %s", p.Name)
		}
		if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(p.ID) {
			t.Errorf("%s has the id %q", p.Name, p.ID)
		}
		if other, twice := ids[p.ID]; twice && other != p.Name {
			t.Errorf("%s and %s have one id", p.Name, other)
		}
		ids[p.ID] = p.Name
		if strings.Contains(p.Name, "Write") || strings.Contains(p.Name, "FullControl") && p.Need != graph.NeedSetup {
			t.Errorf("%s is more than is needed", p.Name)
		}
	}
}

func TestThePermissionTableHoldsThemAll(t *testing.T) {
	table := graph.PermissionTable(graph.RequestedPermissions())
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != len(graph.RequestedPermissions())+2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, p := range graph.RequestedPermissions() {
		if !strings.Contains(lines[i+2], p.Name) || !strings.Contains(lines[i+2], p.ID) || strings.Count(lines[i+2], "|") != 8 {
			t.Errorf("%s: %s", p.Name, lines[i+2])
		}
	}
}
