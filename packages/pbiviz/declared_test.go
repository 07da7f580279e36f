package pbiviz_test

import (
	"reflect"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

func readDeclared(t *testing.T, capabilities string) pbiviz.Capabilities {
	t.Helper()
	return mustRead(t, pbiviztest.Package{Capabilities: capabilities}.Bytes()).Capabilities()
}

func pointerTo(n int) *int { return &n }

func TestCapabilities(t *testing.T) {
	got := readDeclared(t, pbiviztest.Capabilities)
	want := pbiviz.Capabilities{
		Roles: []pbiviz.Role{
			{Name: "category", DisplayName: "Category", Kind: "Grouping"},
			{Name: "measure", DisplayName: "Value", Kind: "Measure"},
		},
		Objects: []pbiviz.Object{{Name: "dial", DisplayName: "Dial", Properties: []pbiviz.Property{
			{Name: "fill", Type: `{"fill":{"solid":{"color":true}}}`},
			{Name: "show", Type: `{"bool":true}`},
		}}},
		Privileges: []pbiviz.Privilege{{Name: "WebAccess", Essential: true, Parameters: []string{"https://tiles.aurora.example"}}},
		Mappings: []pbiviz.Mapping{{
			Conditions: []map[string]pbiviz.Range{{"category": {Max: pointerTo(1)}, "measure": {Min: pointerTo(1), Max: pointerTo(1)}}},
			Rest:       `{"categorical":{"categories":{"for":{"in":"category"}},"values":{"select":[{"bind":{"to":"measure"}}]}}}`,
		}},
		Others: map[string]string{"supportsHighlight": "true"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("capabilities\n%+v; want\n%+v", got, want)
	}
}

func TestCapabilitiesOfOldPackage(t *testing.T) {
	p := mustRead(t, pbiviztest.Package{Old: true}.Bytes())
	if !reflect.DeepEqual(p.Capabilities(), pbiviz.Capabilities{}) {
		t.Errorf("capabilities %+v; they are in the script and cannot be read", p.Capabilities())
	}
}

func TestCapabilitiesOrderDoesNotCount(t *testing.T) {
	a := readDeclared(t, `{"dataRoles":[{"name":"b"},{"name":"a"},{"name":"a","kind":"Measure"}],"objects":{"y":{"properties":{"q":{},"p":{}}},"x":{}},
		"privileges":[{"name":"WebAccess","parameters":["https://b","https://a"]},{"name":"LocalStorage"}],"sorting":{"b":1,"a":1.0}}`)
	b := readDeclared(t, `{"sorting":{"a":1,"b":1e0},"privileges":[{"name":"LocalStorage"},{"parameters":["https://a","https://b"],"name":"WebAccess"}],
		"objects":{"x":{},"y":{"properties":{"p":{},"q":{}}}},"dataRoles":[{"kind":"Measure","name":"a"},{"name":"a"},{"name":"b"}]}`)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("\n%+v differs from\n%+v", a, b)
	}
}

func TestRoles(t *testing.T) {
	for name, test := range map[string]struct {
		role string
		want pbiviz.Role
	}{
		"kind 0, old":      {`{"name":"a","kind":0}`, pbiviz.Role{Name: "a", Kind: "Grouping"}},
		"kind 1, old":      {`{"name":"a","kind":1}`, pbiviz.Role{Name: "a", Kind: "Measure"}},
		"kind 2, old":      {`{"name":"a","kind":2}`, pbiviz.Role{Name: "a", Kind: "GroupingOrMeasure"}},
		"kind unknown":     {`{"name":"a","kind":7}`, pbiviz.Role{Name: "a", Kind: "7"}},
		"types":            {`{"name":"a","requiredTypes":[{"text":true}],"preferredTypes":[{ "b":1,"a":2 }]}`, pbiviz.Role{Name: "a", Required: `[{"text":true}]`, Preferred: `[{"a":2,"b":1}]`}},
		"display not text": {`{"name":"a","displayName":7}`, pbiviz.Role{Name: "a"}},
		"not an object":    {`"a"`, pbiviz.Role{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := readDeclared(t, `{"dataRoles":[`+test.role+`]}`).Roles
			if !reflect.DeepEqual(got, []pbiviz.Role{test.want}) {
				t.Errorf("roles %+v; want %+v", got, test.want)
			}
		})
	}
}

func TestPrivileges(t *testing.T) {
	for name, test := range map[string]struct {
		capabilities string
		want         []pbiviz.Privilege
	}{
		"absent":              {`{}`, nil},
		"null":                {`{"privileges":null}`, nil},
		"none":                {`{"privileges":[]}`, nil},
		"name alone":          {`{"privileges":[{"name":"LocalStorage"}]}`, []pbiviz.Privilege{{Name: "LocalStorage"}}},
		"any address":         {`{"privileges":[{"name":"WebAccess","parameters":["*"]}]}`, []pbiviz.Privilege{{Name: "WebAccess", Parameters: []string{"*"}}}},
		"one address as text": {`{"privileges":[{"name":"WebAccess","parameters":"https://a"}]}`, []pbiviz.Privilege{{Name: "WebAccess", Parameters: []string{"https://a"}}}},
		"addresses repeated":  {`{"privileges":[{"name":"WebAccess","parameters":["b","a","b"]}]}`, []pbiviz.Privilege{{Name: "WebAccess", Parameters: []string{"a", "b"}}}},
		"address not text":    {`{"privileges":[{"name":"WebAccess","parameters":[{"u":1}]}]}`, []pbiviz.Privilege{{Name: "WebAccess", Parameters: []string{`{"u":1}`}}}},
		"not essential":       {`{"privileges":[{"name":"ExportContent","essential":false,"parameters":null}]}`, []pbiviz.Privilege{{Name: "ExportContent"}}},
		"AADAuthentication": {`{"privileges":[{"name":"AADAuthentication","parameters":{"COM":"https://a","CN":"https://b"}}]}`,
			[]pbiviz.Privilege{{Name: "AADAuthentication", Parameters: []string{`{"CN":"https://b"}`, `{"COM":"https://a"}`}}}},
		"one name twice": {`{"privileges":[{"name":"WebAccess","parameters":["b"]},{"name":"WebAccess","parameters":["a"]}]}`,
			[]pbiviz.Privilege{{Name: "WebAccess", Parameters: []string{"a"}}, {Name: "WebAccess", Parameters: []string{"b"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readDeclared(t, test.capabilities).Privileges; !reflect.DeepEqual(got, test.want) {
				t.Errorf("privileges %+v; want %+v", got, test.want)
			}
		})
	}
}

// A privilege that cannot be read must not look like none.
func TestPrivilegesNeverOverlooked(t *testing.T) {
	for name, capabilities := range map[string]string{
		"not a list":        `{"privileges":{"WebAccess":["*"]}}`,
		"not an object":     `{"privileges":["WebAccess"]}`,
		"no name":           `{"privileges":[{"parameters":["*"]}]}`,
		"name not text":     `{"privileges":[{"name":["WebAccess"]}]}`,
		"two spellings":     `{"privileges":[],"Privileges":[{"name":"WebAccess"}]}`,
		"two names":         `{"privileges":[{"name":"LocalStorage","Name":"WebAccess"}]}`,
		"two of the member": `{"privileges":[],"privileges":[{"name":"WebAccess"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			mustRefuse(t, pbiviztest.Package{Capabilities: capabilities}.Bytes(), "pkg.json")
		})
	}
}

func TestMappings(t *testing.T) {
	for name, test := range map[string]struct {
		mapping string
		want    pbiviz.Mapping
	}{
		"no conditions":      {`{"table":{}}`, pbiviz.Mapping{Rest: `{"table":{}}`}},
		"conditions null":    {`{"conditions":null}`, pbiviz.Mapping{Rest: `{"conditions":null}`}},
		"conditions empty":   {`{"conditions":[]}`, pbiviz.Mapping{Rest: `{}`}},
		"two conditions":     {`{"conditions":[{"a":{"min":1}},{"b":{"max":2.0}}]}`, pbiviz.Mapping{Rest: `{}`, Conditions: []map[string]pbiviz.Range{{"a": {Min: pointerTo(1)}}, {"b": {Max: pointerTo(2)}}}}},
		"bounds null":        {`{"conditions":[{"a":{"min":null,"max":0}}]}`, pbiviz.Mapping{Rest: `{}`, Conditions: []map[string]pbiviz.Range{{"a": {Max: pointerTo(0)}}}}},
		"unknown bound":      {`{"conditions":[{"a":{"kind":1}}]}`, pbiviz.Mapping{Rest: `{"conditions":[{"a":{"kind":1}}]}`}},
		"half a field":       {`{"conditions":[{"a":{"max":1.5}}]}`, pbiviz.Mapping{Rest: `{"conditions":[{"a":{"max":1.5}}]}`}},
		"role without range": {`{"conditions":[{"a":1}]}`, pbiviz.Mapping{Rest: `{"conditions":[{"a":1}]}`}},
		"not a list":         {`{"conditions":{"a":{"max":1}},"b":2}`, pbiviz.Mapping{Rest: `{"b":2,"conditions":{"a":{"max":1}}}`}},
		"not an object":      {`[ 1 ]`, pbiviz.Mapping{Rest: `[1]`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := readDeclared(t, `{"dataViewMappings":[`+test.mapping+`]}`).Mappings
			if !reflect.DeepEqual(got, []pbiviz.Mapping{test.want}) {
				t.Errorf("mappings %+v; want %+v", got, test.want)
			}
		})
	}
}

func TestCapabilitiesOfOddShapeAreKept(t *testing.T) {
	got := readDeclared(t, `{"dataRoles":{"a":1},"objects":null,"dataViewMappings":"none","tooltips":{"roles":["a"],"a":null}}`)
	want := pbiviz.Capabilities{Others: map[string]string{
		"dataRoles": `{"a":1}`, "dataViewMappings": `"none"`, "tooltips": `{"a":null,"roles":["a"]}`,
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("capabilities %+v; want %+v", got, want)
	}
}
