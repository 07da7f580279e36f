package diff_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/pbiviz"
)

// anyPackage draws a package from few enough values that two of them have much
// in common.
func anyPackage(t *rapid.T, label string) *pbiviz.Package {
	draw := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label+" "+what) }
	roles := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) map[string]any {
		return map[string]any{
			"name": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"),
			"kind": rapid.SampledFrom([]string{"Grouping", "Measure", "GroupingOrMeasure"}).Draw(t, "kind"),
		}
	}), 0, 3, func(r map[string]any) any { return r["name"] }).Draw(t, label+" roles")
	conditions := rapid.SliceOfN(rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.Custom(func(t *rapid.T) map[string]int {
		return rapid.MapOfN(rapid.SampledFrom([]string{"min", "max"}), rapid.IntRange(0, 3), 0, 2).Draw(t, "range")
	}), 0, 3), 0, 2).Draw(t, label+" conditions")
	objects := rapid.MapOfN(rapid.SampledFrom([]string{"x", "y"}), rapid.Custom(func(t *rapid.T) map[string]any {
		return map[string]any{"properties": rapid.MapOfN(rapid.SampledFrom([]string{"p", "q", "r.s"}), rapid.Custom(func(t *rapid.T) map[string]any {
			return map[string]any{"type": map[string]bool{rapid.SampledFrom([]string{"bool", "text"}).Draw(t, "type"): true}}
		}), 0, 3).Draw(t, "properties")}
	}), 0, 2).Draw(t, label+" objects")
	urls := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"*", "https://*.a.example", "https://x.a.example", "https://b.example"}), 0, 3, rapid.ID).Draw(t, label+" URLs")
	declared, err := json.Marshal(map[string]any{
		"dataRoles": roles, "objects": objects,
		"dataViewMappings": []any{map[string]any{"conditions": conditions}},
		"privileges":       []any{map[string]any{"name": draw("privilege", "WebAccess", "LocalStorage"), "parameters": urls}},
	})
	if err != nil {
		t.Fatal(err)
	}
	made := pkg{
		Version: draw("version", "1.0.0.0", "1.0.0", "2.0.0.0"), Capabilities: string(declared),
		Script: draw("script", "f('https://a.example')", "f('https://b.example')"),
		Old:    rapid.IntRange(0, 9).Draw(t, label+" old") == 0, Stored: rapid.Bool().Draw(t, label+" stored"),
	}
	if s := draw("statement", "", "s", "t"); s != "" {
		made.Statement = []byte(s)
	}
	p, err := pbiviz.Read(made.Bytes(), pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPackageIsIdenticalToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPackage(t, "p")
		d := diff.Compare(p, p)
		if d.Class != diff.Identical || len(d.Findings) > 0 {
			t.Fatalf("%s, %q", d.Class, findingCodes(d))
		}
	})
}

func TestBackIsTheReverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := anyPackage(t, "p"), anyPackage(t, "q")
		there, back := diff.Compare(p, q), diff.Compare(q, p)
		reverse := func(n diff.Names) diff.Names {
			return diff.Names{Added: n.Removed, Removed: n.Added, Changed: n.Changed}
		}
		if there.Class != back.Class {
			t.Errorf("class %s there, %s back", there.Class, back.Class)
		}
		if !reflect.DeepEqual(there.Roles, reverse(back.Roles)) || !reflect.DeepEqual(there.Properties, reverse(back.Properties)) {
			t.Errorf("names there %v %v, back %v %v", there.Roles, there.Properties, back.Roles, back.Properties)
		}
		if !reflect.DeepEqual(there.Privileges, diff.Rights{Added: back.Privileges.Removed, Removed: back.Privileges.Added}) {
			t.Errorf("privileges there %v, back %v", there.Privileges, back.Privileges)
		}
		if !reflect.DeepEqual(there.Hosts, diff.Hosts{Added: back.Hosts.Removed, Removed: back.Hosts.Added}) {
			t.Errorf("hosts there %v, back %v", there.Hosts, back.Hosts)
		}
	})
}

// TestClassAgreesWithBytes: nothing that differs is called identical, and
// nothing equal is called different.
func TestClassAgreesWithBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := anyPackage(t, "p"), anyPackage(t, "q")
		x, _ := p.Statement()
		y, _ := q.Statement()
		content, statement := p.Content() == q.Content(), string(x) == string(y)
		d := diff.Compare(p, q)
		if (d.Class == diff.Identical) != (content && statement) {
			t.Errorf("class %s, same content %t, same statement %t", d.Class, content, statement)
		}
		if (d.Class == diff.LicenseOnly) != (content && !statement) {
			t.Errorf("class %s, same content %t, same statement %t", d.Class, content, statement)
		}
		if len(d.Findings) == 0 && d.Class.AtLeast(diff.Code) {
			t.Errorf("class %s without a finding", d.Class)
		}
	})
}
