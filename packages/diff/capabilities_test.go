package diff_test

import (
	"reflect"
	"testing"

	"github.com/orgstore/orgstore/packages/diff"
)

// declared compares two packages that differ in capabilities alone.
func declared(name, from, to string, codes ...string) difference {
	return difference{name, pkg{Capabilities: from}, pkg{Version: "1.1.0.0", Capabilities: to}, diff.Capabilities, codes}
}

func TestRoles(t *testing.T) {
	category := `{"name": "category", "displayName": "Category", "kind": "Grouping"}`
	with := func(role string) string { return caps(t, category, role) }
	typed := func(types string) string {
		return with(`{"name": "category", "displayName": "Category", "kind": "Grouping", "requiredTypes": ` + types + `}`)
	}
	run(t, []difference{
		declared("added", caps(t), with(category+`, {"name": "size", "kind": "Measure"}`), "note diff.role_added"),
		declared("removed", with(category+`, {"name": "size", "kind": "Measure"}`), caps(t), "breaking diff.role_removed"),
		declared("renamed in case alone", caps(t), with(`{"name": "Category", "displayName": "Category", "kind": "Grouping"}`),
			"breaking diff.role_removed", "note diff.role_added"),
		declared("kind", caps(t), with(`{"name": "category", "displayName": "Category", "kind": "Measure"}`), "breaking diff.role_kind"),
		declared("kind widened", caps(t), with(`{"name": "category", "displayName": "Category", "kind": "GroupingOrMeasure"}`), "note diff.role_kind_widened"),
		declared("kind narrowed", with(`{"name": "category", "displayName": "Category", "kind": "GroupingOrMeasure"}`), caps(t), "breaking diff.role_kind"),
		declared("kind as a number", with(`{"name": "category", "displayName": "Category", "kind": 0}`), caps(t), "note diff.capabilities"),
		declared("label", caps(t), with(`{"name": "category", "displayName": "Group", "kind": "Grouping"}`), "note diff.role_label"),
		declared("types required", caps(t), typed(`[{"text":true}]`), "breaking diff.role_types"),
		declared("types no longer required", typed(`[{"text":true}]`), caps(t), "note diff.role_types_widened"),
		declared("types fewer", typed(`[{"text":true},{"bool":true}]`), typed(`[{"text":true}]`), "breaking diff.role_types"),
		declared("types more", typed(`[{"text":true}]`), typed(`[{"bool":true},{"text":true}]`), "note diff.role_types_widened"),
		declared("types others", typed(`[{"text":true}]`), typed(`[{"bool":true}]`), "breaking diff.role_types"),
		declared("types in an unknown form", typed(`[{"text":true}]`), typed(`"text"`), "breaking diff.role_types"),
		declared("preferred types", caps(t), with(`{"name": "category", "displayName": "Category", "kind": "Grouping", "preferredTypes": [{"text":true}]}`), "note diff.role_preferred"),
	})
}

func TestConditions(t *testing.T) {
	const box = `{"category": {"max": 1}, "measure": {"min": 1, "max": 1}}`
	on := func(conditions string) string { return caps(t, box, conditions) }
	tightened := "breaking diff.condition_tightened"
	run(t, []difference{
		declared("maximum lower", on(`{"category": {"max": 2}}`), on(`{"category": {"max": 1}}`), tightened),
		declared("maximum higher", on(`{"category": {"max": 1}}`), on(`{"category": {"max": 2}}`), "note diff.condition"),
		declared("maximum set", on(`{}`), on(`{"category": {"max": 9}}`), tightened),
		declared("maximum lifted", on(`{"category": {"max": 9}}`), on(`{}`), "note diff.condition"),
		declared("minimum set", on(`{}`), on(`{"category": {"min": 1}}`), tightened),
		declared("minimum higher", on(`{"category": {"min": 1}}`), on(`{"category": {"min": 2}}`), tightened),
		declared("two roles at once", on(`{}`), on(`{"category": {"max": 1}, "measure": {"max": 1}}`), tightened, tightened),
		declared("alternative added", on(box), on(box+`, {"category": {"max": 5}}`), "note diff.condition"),
		declared("alternative removed", on(box+`, {"category": {"min": 5}}`), on(box), tightened, tightened),
		declared("alternatives in another order", on(`{"category": {"max": 1}}, {"measure": {"max": 1}}`), on(`{"measure": {"max": 1}}, {"category": {"max": 1}}`), "note diff.condition"),
		declared("new role must be filled",
			on(`{}`), caps(t, box, `{"size": {"min": 1}}`, `"dataRoles": [`, `"dataRoles": [{"name": "size", "kind": "Measure"},`),
			tightened, "note diff.role_added"),
		declared("new role is bounded",
			on(`{}`), caps(t, box, `{"size": {"max": 1}}`, `"dataRoles": [`, `"dataRoles": [{"name": "size", "kind": "Measure"},`),
			"note diff.role_added"),
		declared("mapping", caps(t), caps(t, `"for": {"in": "category"}`, `"bind": {"to": "category"}`), "note diff.mapping"),
	})
}

func TestProperties(t *testing.T) {
	const show = `"show": {"displayName": "Show", "type": {"bool": true}}`
	with := func(p string) string { return caps(t, show, p) }
	choice := func(members string) string { return with(`"show": {"type": {"enumeration": [` + members + `]}}`) }
	run(t, []difference{
		declared("added", caps(t), with(show+`, "width": {"type": {"numeric": true}}`), "note diff.property_added"),
		declared("removed", with(show+`, "width": {"type": {"numeric": true}}`), caps(t), "breaking diff.property_removed"),
		declared("type", caps(t), with(`"show": {"displayName": "Show", "type": {"text": true}}`), "breaking diff.property_type"),
		declared("choice added", choice(`{"value":"a"}`), choice(`{"value":"b"},{"value":"a","displayName":"A"}`), "note diff.property_choices"),
		declared("choice removed", choice(`{"value":"a"},{"value":"b"}`), choice(`{"value":"a"}`), "breaking diff.property_type"),
		declared("choice becomes text", choice(`{"value":"a"}`), with(`"show": {"type": {"text": true}}`), "breaking diff.property_type"),
		declared("object added", caps(t), caps(t, `"dial": {`, `"axis": {"properties": {"a": {"type": {}}, "b": {"type": {}}}}, "dial": {`), "note diff.object_added"),
		declared("object removed", caps(t, `"dial": {`, `"axis": {"properties": {"a": {"type": {}}, "b": {"type": {}}}}, "dial": {`), caps(t), "breaking diff.object_removed"),
		declared("object's label", caps(t), caps(t, `"displayName": "Dial"`, `"displayName": "Ring"`), "note diff.object_label"),
		declared("other capability", caps(t), caps(t, `"supportsHighlight": true`, `"supportsHighlight": false`), "note diff.capability"),
		declared("other capability added", caps(t), caps(t, `"supportsHighlight": true`, `"supportsHighlight": true, "sorting": {}`), "note diff.capability"),
	})
}

func TestPropertiesAreNamedWithTheirObject(t *testing.T) {
	from := caps(t, `"dial": {`, `"axis": {"properties": {"b": {"type": {}}, "a": {"type": {}}}}, "dial": {`)
	to := caps(t, `"show": {"displayName": "Show", "type": {"bool": true}}`, `"show": {"type": {"text": true}}, "width": {"type": {}}`)
	d := diff.Compare(open(t, pkg{Capabilities: from}.Bytes()), open(t, pkg{Capabilities: to}.Bytes()))
	want := diff.Names{Added: []string{"dial.width"}, Removed: []string{"axis.a", "axis.b"}, Changed: []string{"dial.show"}}
	if !reflect.DeepEqual(d.Properties, want) {
		t.Errorf("got %+v, want %+v", d.Properties, want)
	}
}

func TestPrivileges(t *testing.T) {
	const web = `{"name": "WebAccess", "essential": true, "parameters": ["https://tiles.aurora.example"]}`
	with := func(p string) string { return caps(t, web, p) }
	urls := func(u string) string {
		return with(`{"name": "WebAccess", "essential": true, "parameters": [` + u + `]}`)
	}
	added, widened, narrowed := "security diff.privilege_added", "security diff.privilege_widened", "note diff.privilege_narrowed"
	run(t, []difference{
		declared("added", with(``), caps(t), added),
		declared("now essential", with(`{"name": "WebAccess", "parameters": ["https://tiles.aurora.example"]}`), caps(t), "note diff.privilege_essential"),
		declared("removed", caps(t), with(``), "note diff.privilege_removed"),
		declared("another one", caps(t), with(web+`, {"name": "LocalStorage"}`), added),
		declared("URL added", caps(t), urls(`"https://tiles.aurora.example", "https://x.example"`), widened),
		declared("URL removed", urls(`"https://tiles.aurora.example", "https://x.example"`), caps(t), narrowed),
		declared("URL exchanged", caps(t), urls(`"https://x.example"`), widened, narrowed),
		declared("everything", caps(t), urls(`"*"`), widened),
		declared("no longer everything", urls(`"*"`), caps(t), narrowed),
		declared("hosts below", caps(t), urls(`"https://*.aurora.example"`), widened),
		declared("no longer hosts below", urls(`"https://*.aurora.example"`), caps(t), narrowed),
		declared("host that only ends alike", urls(`"https://*.aurora.example"`), urls(`"https://evilaurora.example"`), widened, narrowed),
		declared("host hidden behind a user", urls(`"https://*.aurora.example"`), urls(`"https://evil.example\\@x.aurora.example"`), widened, narrowed),
		declared("host hidden in a path", urls(`"https://*.aurora.example"`), urls(`"https://evil.example/.aurora.example"`), widened, narrowed),
		declared("host hidden in a fragment", urls(`"https://*.aurora.example"`), urls(`"https://evil.example#.aurora.example"`), widened, narrowed),
		declared("other scheme", urls(`"https://*.aurora.example"`), urls(`"http://x.aurora.example"`), widened, narrowed),
		declared("parameters left out", caps(t), with(`{"name": "WebAccess", "essential": true}`), widened, narrowed),
		declared("everything, then parameters left out", urls(`"*"`), with(`{"name": "WebAccess", "essential": true}`), widened, narrowed),
		declared("pattern with a path", urls(`"https://*.aurora.example/a"`), urls(`"https://x.aurora.example/a"`), widened, narrowed),
		declared("pattern of nothing", urls(`"https://*."`), urls(`"https://x."`), widened, narrowed),
		declared("no longer essential", caps(t), with(`{"name": "WebAccess", "parameters": ["https://tiles.aurora.example"]}`), "note diff.capabilities"),
		declared("audience", with(`{"name": "AADAuthentication", "parameters": {"COM": "https://a.example"}}`),
			with(`{"name": "AADAuthentication", "parameters": {"COM": "https://b.example"}}`), widened, narrowed),
	})
}
