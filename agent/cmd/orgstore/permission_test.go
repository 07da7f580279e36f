package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph"
	"github.com/orgstore/orgstore/graph/simulator"
	"github.com/orgstore/orgstore/packages/example"
	"github.com/orgstore/orgstore/packages/license/licensetest"
)

// inRoute is a variable in a route, and what follows a resource without naming
// another one: a count, or a cast.
var (
	inRoute = regexp.MustCompile(`\{[^}]*\}`)
	afterIt = regexp.MustCompile(`(/microsoft\.graph\.[a-z]+)?(/\$count)?$`)
)

// grants says which application permissions let a call of Graph through, by
// method and path, as Microsoft describes it.
func grants(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "graph", "testdata", "microsoft", "graph-permissions-trimmed.json"))
	if err != nil {
		t.Fatal(err)
	}
	var described struct {
		Permissions map[string]struct {
			PathSets []struct {
				SchemeKeys, Methods []string
				Paths               map[string]string
			} `json:"pathSets"`
		} `json:"permissions"`
	}
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{
		// Microsoft Graph, List groups and Get group: the description was cut down
		// to members.
		"GET /groups": {"GroupMember.Read.All"}, "GET /groups/*": {"GroupMember.Read.All"},
	}
	for name, p := range described.Permissions {
		for _, set := range p.PathSets {
			if !slices.Contains(set.SchemeKeys, "Application") {
				continue
			}
			for path := range set.Paths {
				for _, m := range set.Methods {
					key := m + " " + strings.ToLower(inRoute.ReplaceAllString(path, "*"))
					all[key] = append(all[key], name)
				}
			}
		}
	}
	return all
}

// grounds says which of the permissions that orgstore asks for a call rests on.
func grounds(c simulator.Call, by map[string][]string) []string {
	path := inRoute.ReplaceAllString(strings.TrimPrefix(c.Route, "/v1.0"), "*")
	var names []string
	for _, p := range graph.RequestedPermissions() {
		var ok bool
		switch {
		case p.Need == graph.NeedSetup || string(p.Service) != c.Service:
		case p.Kind == graph.TenantSetting:
			ok = true
		case strings.HasPrefix(path, "/sites"), strings.HasPrefix(path, "/drives"):
			// The resource decides and not the path (documented: selected permissions).
			ok = p.Feature == "library"
		default:
			ok = slices.Contains(by[c.Method+" "+strings.ToLower(afterIt.ReplaceAllString(path, ""))], p.Name)
		}
		if ok {
			names = append(names, p.Name)
		}
	}
	return names
}

// Every call that the program makes rests on a permission that the first page
// asks for, and each that it always asks for is one that a call rests on.
func TestWhatIsAskedForIsWhatCallsNeed(t *testing.T) {
	t.Parallel()
	const group = "6f1d0a52-3a0e-4f0d-9b8e-0d6d2f0f6a11"
	w := newTenanted(t)
	var calls []simulator.Call
	for _, some := range w.tellTenantStory(t, blow{}, "") {
		calls = append(calls, some...)
	}
	w.tenant.SetGroups(simulator.Group{ID: group, Name: "BI designers"})
	w.write(t, w.path(".orgstore", "facts.yaml"), fmt.Appendf(nil, `version: 1
tenant: %s
as_of: %s
source: counted by hand
groups: [{ id: %s, name: BI designers }]
uses: [{ guid: %s, designers: [%s], viewers: 10 }]
`, licensetest.Tenant, w.clock.Now().UTC().Format("2006-01-02"), group, example.GaugeGUID, group))
	w.tenant.ClearCalls()
	for _, args := range [][]string{{"doctor"}, {"facts", "refresh"}, {"drift"}} {
		if code, said := w.run(args...); code != 0 {
			t.Fatalf("%v left with %d:\n%s", args, code, said)
		}
	}
	calls = append(calls, w.tenant.LoggedCalls()...)
	by, used, seen := grants(t), map[string]int{}, map[string]bool{}
	for _, c := range calls {
		if c.Service == "login" || c.Service == "files" { // no permission: a sign-in, and addresses that carry their own
			continue
		}
		seen[c.Service+" "+c.Method+" "+c.Route] = true
		names := grounds(c, by)
		if len(names) == 0 {
			t.Errorf("nothing that is asked for lets this through: %s %s %s", c.Service, c.Method, c.Route)
		}
		for _, n := range names {
			used[n]++
		}
	}
	for _, p := range graph.RequestedPermissions() {
		needed := p.Need == graph.NeedAlways && p.Kind != graph.PortalRole && p.Feature != "mail" // which this story does not send
		if needed && used[p.Name] == 0 {
			t.Errorf("no call rests on %s, which is always asked for", p.Name)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only these were made: %v", slices.Sorted(maps.Keys(seen)))
	}
	mail := simulator.Call{Service: "graph", Method: "POST", Route: "/v1.0/users/{user}/sendMail"}
	if !slices.Equal(grounds(mail, by), []string{"Mail.Send"}) {
		t.Errorf("mail rests on %v", grounds(mail, by))
	}
	if other := (simulator.Call{Service: "graph", Method: "GET", Route: "/v1.0/users/{user}/messages"}); len(grounds(other, by)) > 0 {
		t.Errorf("%v lets mail be read", grounds(other, by))
	}
}
