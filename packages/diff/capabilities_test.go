package diff_test

import (
	"reflect"
	"testing"

	"github.com/orgstore/orgstore/packages/diff"
)

// withCapabilities compares two packages that differ in capabilities alone.
func withCapabilities(name, from, to string, codes ...string) difference {
	return difference{name, pkg{Capabilities: from}, pkg{Version: "1.1.0.0", Capabilities: to}, diff.Capabilities, codes}
}

func TestRoles(t *testing.T) {
	category := `{"name": "category", "displayName": "Category", "kind": "Grouping"}`
	with := func(role string) string { return changedCapabilities(t, category, role) }
	typed := func(types string) string {
		return with(`{"name": "category", "displayName": "Category", "kind": "Grouping", "requiredTypes": ` + types + `}`)
	}
	runCases(t, []difference{
		withCapabilities("added", changedCapabilities(t), with(category+`, {"name": "size", "kind": "Measure"}`), "note diff.role_added"),
		withCapabilities("removed", with(category+`, {"name": "size", "kind": "Measure"}`), changedCapabilities(t), "breaking diff.role_removed"),
		withCapabilities("renamed in case alone", changedCapabilities(t), with(`{"name": "Category", "displayName": "Category", "kind": "Grouping"}`),
			"breaking diff.role_removed", "note diff.role_added"),
		withCapabilities("kind", changedCapabilities(t), with(`{"name": "category", "displayName": "Category", "kind": "Measure"}`), "breaking diff.role_kind"),
		withCapabilities("kind widened", changedCapabilities(t), with(`{"name": "category", "displayName": "Category", "kind": "GroupingOrMeasure"}`), "note diff.role_kind_widened"),
		withCapabilities("kind narrowed", with(`{"name": "category", "displayName": "Category", "kind": "GroupingOrMeasure"}`), changedCapabilities(t), "breaking diff.role_kind"),
		withCapabilities("kind as a number", with(`{"name": "category", "displayName": "Category", "kind": 0}`), changedCapabilities(t), "note diff.capabilities"),
		withCapabilities("label", changedCapabilities(t), with(`{"name": "category", "displayName": "Group", "kind": "Grouping"}`), "note diff.role_label"),
		withCapabilities("types required", changedCapabilities(t), typed(`[{"text":true}]`), "breaking diff.role_types"),
		withCapabilities("types no longer required", typed(`[{"text":true}]`), changedCapabilities(t), "note diff.role_types_widened"),
		withCapabilities("types fewer", typed(`[{"text":true},{"bool":true}]`), typed(`[{"text":true}]`), "breaking diff.role_types"),
		withCapabilities("types more", typed(`[{"text":true}]`), typed(`[{"bool":true},{"text":true}]`), "note diff.role_types_widened"),
		withCapabilities("types others", typed(`[{"text":true}]`), typed(`[{"bool":true}]`), "breaking diff.role_types"),
		withCapabilities("whole numbers, then any", typed(`[{"integer":true}]`), typed(`[{"numeric":true}]`), "note diff.role_types_widened"),
		withCapabilities("any numbers, then whole ones", typed(`[{"numeric":true}]`), typed(`[{"integer":true}]`), "breaking diff.role_types"),
		withCapabilities("types in an unknown form", typed(`[{"text":true}]`), typed(`"text"`), "breaking diff.role_types"),
		withCapabilities("preferred types", changedCapabilities(t), with(`{"name": "category", "displayName": "Category", "kind": "Grouping", "preferredTypes": [{"text":true}]}`), "note diff.role_preferred"),
	})
}

func TestConditions(t *testing.T) {
	const box = `{"category": {"max": 1}, "measure": {"min": 1, "max": 1}}`
	on := func(conditions string) string { return changedCapabilities(t, box, conditions) }
	tightened := "breaking diff.condition_tightened"
	runCases(t, []difference{
		withCapabilities("maximum lower", on(`{"category": {"max": 2}}`), on(`{"category": {"max": 1}}`), tightened),
		withCapabilities("maximum higher", on(`{"category": {"max": 1}}`), on(`{"category": {"max": 2}}`), "note diff.condition"),
		withCapabilities("maximum set", on(`{}`), on(`{"category": {"max": 9}}`), tightened),
		withCapabilities("maximum lifted", on(`{"category": {"max": 9}}`), on(`{}`), "note diff.condition"),
		withCapabilities("minimum set", on(`{}`), on(`{"category": {"min": 1}}`), tightened),
		withCapabilities("minimum higher", on(`{"category": {"min": 1}}`), on(`{"category": {"min": 2}}`), tightened),
		withCapabilities("two roles at once", on(`{}`), on(`{"category": {"max": 1}, "measure": {"max": 1}}`), tightened, tightened),
		withCapabilities("alternative added", on(box), on(box+`, {"category": {"max": 5}}`), "note diff.condition"),
		withCapabilities("alternative removed", on(box+`, {"category": {"min": 5}}`), on(box), tightened, tightened),
		withCapabilities("alternatives in another order", on(`{"category": {"max": 1}}, {"measure": {"max": 1}}`), on(`{"measure": {"max": 1}}, {"category": {"max": 1}}`), "note diff.condition"),
		withCapabilities("new role must be filled",
			on(`{}`), changedCapabilities(t, box, `{"size": {"min": 1}}`, `"dataRoles": [`, `"dataRoles": [{"name": "size", "kind": "Measure"},`),
			tightened, "note diff.role_added"),
		withCapabilities("new role is bounded",
			on(`{}`), changedCapabilities(t, box, `{"size": {"max": 1}}`, `"dataRoles": [`, `"dataRoles": [{"name": "size", "kind": "Measure"},`),
			"note diff.role_added"),
		withCapabilities("mapping", changedCapabilities(t), changedCapabilities(t, `"for": {"in": "category"}`, `"bind": {"to": "category"}`), "note diff.mapping"),
	})
}

func TestProperties(t *testing.T) {
	const show = `"show": {"displayName": "Show", "type": {"bool": true}}`
	with := func(p string) string { return changedCapabilities(t, show, p) }
	typed := func(t string) string { return with(`"show": {"displayName": "Show", "type": ` + t + `}`) }
	choice := func(members string) string { return with(`"show": {"type": {"enumeration": [` + members + `]}}`) }
	runCases(t, []difference{
		withCapabilities("added", changedCapabilities(t), with(show+`, "width": {"type": {"numeric": true}}`), "note diff.property_added"),
		withCapabilities("removed", with(show+`, "width": {"type": {"numeric": true}}`), changedCapabilities(t), "breaking diff.property_removed"),
		withCapabilities("type", changedCapabilities(t), with(`"show": {"displayName": "Show", "type": {"text": true}}`), "breaking diff.property_type"),
		withCapabilities("whole numbers, then any", typed(`{"integer": true}`), typed(`{"numeric": true}`), "note diff.property_type_widened"),
		withCapabilities("any numbers, then whole ones", typed(`{"numeric": true}`), typed(`{"integer": true}`), "breaking diff.property_type"),
		withCapabilities("whole numbers, then any and something else", typed(`{"integer": true}`), typed(`{"numeric": true, "text": true}`), "breaking diff.property_type"),
		withCapabilities("false, then true", typed(`{"bool": false}`), typed(`{"bool": true}`), "note diff.property_type_widened"),
		withCapabilities("true, then false", typed(`{"bool": true}`), typed(`{"bool": false}`), "breaking diff.property_type"),
		withCapabilities("false, then true, deeper", typed(`{"fill": {"solid": {"color": false}}}`), typed(`{"fill": {"solid": {"color": true}}}`), "note diff.property_type_widened"),
		withCapabilities("false, then another type", typed(`{"bool": false}`), typed(`{"text": true}`), "breaking diff.property_type"),
		withCapabilities("false, then an object", typed(`{"fill": false}`), typed(`{"fill": {}}`), "breaking diff.property_type"),
		withCapabilities("choice added", choice(`{"value":"a"}`), choice(`{"value":"b"},{"value":"a","displayName":"A"}`), "note diff.property_choices"),
		withCapabilities("choice removed", choice(`{"value":"a"},{"value":"b"}`), choice(`{"value":"a"}`), "breaking diff.property_type"),
		withCapabilities("choice becomes text", choice(`{"value":"a"}`), with(`"show": {"type": {"text": true}}`), "breaking diff.property_type"),
		withCapabilities("object added", changedCapabilities(t), changedCapabilities(t, `"dial": {`, `"axis": {"properties": {"a": {"type": {}}, "b": {"type": {}}}}, "dial": {`), "note diff.object_added"),
		withCapabilities("object removed", changedCapabilities(t, `"dial": {`, `"axis": {"properties": {"a": {"type": {}}, "b": {"type": {}}}}, "dial": {`), changedCapabilities(t), "breaking diff.object_removed"),
		withCapabilities("object's label", changedCapabilities(t), changedCapabilities(t, `"displayName": "Dial"`, `"displayName": "Ring"`), "note diff.object_label"),
		withCapabilities("other capability", changedCapabilities(t), changedCapabilities(t, `"supportsHighlight": true`, `"supportsHighlight": false`), "note diff.capability"),
		withCapabilities("other capability added", changedCapabilities(t), changedCapabilities(t, `"supportsHighlight": true`, `"supportsHighlight": true, "sorting": {}`), "note diff.capability"),
	})
}

func TestPropertiesAreNamedWithTheirObject(t *testing.T) {
	from := changedCapabilities(t, `"dial": {`, `"axis": {"properties": {"b": {"type": {}}, "a": {"type": {}}}}, "dial": {`)
	to := changedCapabilities(t, `"show": {"displayName": "Show", "type": {"bool": true}}`, `"show": {"type": {"text": true}}, "width": {"type": {}}`)
	d := diff.Compare(open(t, pkg{Capabilities: from}.Bytes()), open(t, pkg{Capabilities: to}.Bytes()))
	want := diff.Names{Added: []string{"dial.width"}, Removed: []string{"axis.a", "axis.b"}, Changed: []string{"dial.show"}}
	if !reflect.DeepEqual(d.Properties, want) {
		t.Errorf("got %+v, want %+v", d.Properties, want)
	}
}

func TestPrivileges(t *testing.T) {
	const web = `{"name": "WebAccess", "essential": true, "parameters": ["https://tiles.aurora.example"]}`
	with := func(p string) string { return changedCapabilities(t, web, p) }
	urls := func(u string) string {
		return with(`{"name": "WebAccess", "essential": true, "parameters": [` + u + `]}`)
	}
	added, widened, narrowed := "security diff.privilege_added", "security diff.privilege_widened", "note diff.privilege_narrowed"
	runCases(t, []difference{
		withCapabilities("added", with(``), changedCapabilities(t), added),
		withCapabilities("now essential", with(`{"name": "WebAccess", "parameters": ["https://tiles.aurora.example"]}`), changedCapabilities(t), "note diff.privilege_essential"),
		withCapabilities("removed", changedCapabilities(t), with(``), "note diff.privilege_removed"),
		withCapabilities("another one", changedCapabilities(t), with(web+`, {"name": "LocalStorage"}`), added),
		withCapabilities("URL added", changedCapabilities(t), urls(`"https://tiles.aurora.example", "https://x.example"`), widened),
		withCapabilities("URL removed", urls(`"https://tiles.aurora.example", "https://x.example"`), changedCapabilities(t), narrowed),
		withCapabilities("URL exchanged", changedCapabilities(t), urls(`"https://x.example"`), widened, narrowed),
		withCapabilities("everything", changedCapabilities(t), urls(`"*"`), widened),
		withCapabilities("no longer everything", urls(`"*"`), changedCapabilities(t), narrowed),
		withCapabilities("hosts below", changedCapabilities(t), urls(`"https://*.aurora.example"`), widened),
		withCapabilities("no longer hosts below", urls(`"https://*.aurora.example"`), changedCapabilities(t), narrowed),
		withCapabilities("host that only ends alike", urls(`"https://*.aurora.example"`), urls(`"https://evilaurora.example"`), widened, narrowed),
		withCapabilities("host hidden behind a user", urls(`"https://*.aurora.example"`), urls(`"https://evil.example\\@x.aurora.example"`), widened, narrowed),
		withCapabilities("host hidden in a path", urls(`"https://*.aurora.example"`), urls(`"https://evil.example/.aurora.example"`), widened, narrowed),
		withCapabilities("host hidden in a fragment", urls(`"https://*.aurora.example"`), urls(`"https://evil.example#.aurora.example"`), widened, narrowed),
		withCapabilities("other scheme", urls(`"https://*.aurora.example"`), urls(`"http://x.aurora.example"`), widened, narrowed),
		withCapabilities("parameters left out", changedCapabilities(t), with(`{"name": "WebAccess", "essential": true}`), widened, narrowed),
		withCapabilities("everything, then parameters left out", urls(`"*"`), with(`{"name": "WebAccess", "essential": true}`), widened, narrowed),
		withCapabilities("pattern with a path", urls(`"https://*.aurora.example/a"`), urls(`"https://x.aurora.example/a"`), widened, narrowed),
		withCapabilities("pattern of nothing", urls(`"https://*."`), urls(`"https://x."`), widened, narrowed),
		withCapabilities("no longer essential", changedCapabilities(t), with(`{"name": "WebAccess", "parameters": ["https://tiles.aurora.example"]}`), "note diff.capabilities"),
		withCapabilities("audience", with(`{"name": "AADAuthentication", "parameters": {"COM": "https://a.example"}}`),
			with(`{"name": "AADAuthentication", "parameters": {"COM": "https://b.example"}}`), widened, narrowed),
	})
}
