package simulator_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/graph/openapitest"
	"github.com/orgstore/orgstore/graph/simulator"
)

// noteShapes notes the kind of each member of a JSON value by its path, and which
// members no object at that path lacks.
func noteShapes(path string, v any, kinds map[string]string, objects, members map[string]int) {
	kinds[path] = fmt.Sprintf("%T", v)
	switch v := v.(type) {
	case map[string]any:
		objects[path]++
		for k, m := range v {
			members[path+"."+k]++
			noteShapes(path+"."+k, m, kinds, objects, members)
		}
	case []any:
		for _, m := range v {
			noteShapes(path+"[]", m, kinds, objects, members)
		}
	}
}

// Fabric's answers are shaped as Microsoft shows them: what all of several
// examples have is there, and what both have is of one kind.
func TestFabricsAnswersAreShapedAsTheExamples(t *testing.T) {
	c := newClient(t, simulator.Options{Seed: 1})
	furnishTenant(t, c.simulator)
	examples, err := openapitest.Examples()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, route := range []string{"tenantsettings", "capacities/delegatedTenantSettingOverrides"} {
		var got any
		if err := json.Unmarshal(c.expectStatus(c.getFabric(route), 200).body, &got); err != nil {
			t.Fatal(err)
		}
		ours, ourObjects, ourMembers := map[string]string{}, map[string]int{}, map[string]int{}
		noteShapes("", got, ours, ourObjects, ourMembers)
		for _, e := range examples {
			if e.Route != "/v1/admin/"+route || e.Method != "GET" || e.Status != 200 {
				continue
			}
			compared++
			var shown any
			if err := json.Unmarshal(e.Response, &shown); err != nil {
				t.Fatal(err)
			}
			theirs, objects, members := map[string]string{}, map[string]int{}, map[string]int{}
			noteShapes("", shown, theirs, objects, members)
			for _, path := range slices.Sorted(maps.Keys(theirs)) {
				if k, both := ours[path]; both && k != theirs[path] {
					t.Errorf("%s%s is %s, in the example %s", route, path, k, theirs[path])
				}
			}
			for _, path := range slices.Sorted(maps.Keys(members)) {
				of := path[:strings.LastIndex(path, ".")]
				always := objects[of] > 1 && members[path] == objects[of] // one alone shows no rule
				if always && ourMembers[path] < ourObjects[of] {
					t.Errorf("%s%s is not always there, in the example it is", route, path)
				}
			}
		}
	}
	if compared < 2 {
		t.Errorf("only %d examples were compared", compared)
	}
}
