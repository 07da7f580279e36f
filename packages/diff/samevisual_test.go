package diff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/diff"
)

// declaring makes capabilities of role names and of properties named object.property.
func declaring(roles, properties string) string {
	var dataRoles []string
	for name := range strings.FieldsSeq(roles) {
		dataRoles = append(dataRoles, fmt.Sprintf(`{"name": %q, "kind": "Measure"}`, name))
	}
	members := map[string][]string{}
	var objects []string
	for key := range strings.FieldsSeq(properties) {
		object, property, _ := strings.Cut(key, ".")
		members[object] = append(members[object], fmt.Sprintf(`%q: {"type": {"bool": true}}`, property))
	}
	for object, list := range members {
		objects = append(objects, fmt.Sprintf(`%q: {"properties": {%s}}`, object, strings.Join(list, ", ")))
	}
	return fmt.Sprintf(`{"dataRoles": [%s], "objects": {%s}}`, strings.Join(dataRoles, ", "), strings.Join(objects, ", "))
}

// TestIsOtherVisual has pairs of the shapes that public packages have. The vendors and
// names are made up; in every pair the script changes.
func TestIsOtherVisual(t *testing.T) {
	const (
		roles      = "stage amount target"
		properties = "ring.width ring.gap center.text center.size center.show"
	)
	full := declaring(roles, properties)
	template := declaring("category measure", "dataPoint.defaultColor dataPoint.showAllDataPoints dataPoint.fill dataPoint.fillRule dataPoint.fontSize")
	builtIn := declaring("Category Series Y Gradient", "legend.show legend.position legend.showTitle legend.titleText labels.show labels.color")
	ring := pkg{Name: "ringChart", DisplayName: "Ring Chart", Capabilities: full}
	changed := func(from pkg, change func(p *pkg)) pkg {
		p := from
		p.Script = "f()"
		change(&p)
		return p
	}
	named := func(name, display string) pkg {
		return changed(ring, func(p *pkg) { p.Name, p.DisplayName = name, display })
	}
	bare := func(p pkg) pkg { p.Capabilities = "{}"; return p }
	old := func(p pkg) pkg { p.Capabilities, p.Old = "", true; return p }
	with := func(name, display, capabilities string) pkg {
		return changed(pkg{}, func(p *pkg) { p.Name, p.DisplayName, p.Capabilities = name, display, capabilities })
	}
	for _, c := range []struct {
		name     string
		from, to pkg
		want     bool
	}{
		{"vendor added", bare(ring), bare(named("ringChartByAurora", "Ring Chart by Aurora")), false},
		{"another vendor after by", bare(ring), bare(named("ringChartByBorealis", "Ring Chart by Borealis Labs")), false},
		{"vendor added in front", bare(ring), bare(named("auroraRing", "Aurora Visuals Ring Chart")), false},
		{"vendor written together", bare(ring), bare(named("auroraRing", "AuroraVisuals Ring Chart")), false},
		{"spaces added", bare(pkg{Name: "ringChart", DisplayName: "RingChart"}), bare(named("ring chart", "Ring Chart")), false},
		{"punctuation", bare(ring), bare(named("ring_chart", "Ring-Chart")), false},
		{"version in both names", bare(pkg{Name: "Ring 2.0.0", DisplayName: "Ring 2.0.0"}), bare(named("Ring 2.0.1", "Ring 2.0.1")), false},
		{"version with a v", bare(ring), bare(named("ring", "Ring Chart v2.1.8")), false},
		{"version written together", bare(pkg{Name: "r", DisplayName: "RingChart420"}), bare(named("q", "RingChart421")), false},
		{"edition", bare(ring), bare(named("ringLite", "Ring Chart Lite (Preview)")), false},
		{"longer name", bare(pkg{Name: "qrStamp", DisplayName: "QR Stamp"}), bare(named("qrStampMaker", "QR Stamp Maker")), false},
		{"old generation, vendor added", old(ring), old(named("ringChartByAurora", "Ring Chart by Aurora")), false},
		{"old generation, another visual", old(ring), old(named("table", "Table")), true},

		{"all kept under another name", ring, named("donut", "Donut"), false},
		{"most kept under another name", ring, with("donut", "Donut", declaring("stage amount goal", "ring.width ring.gap center.text hole.size hole.show")), false},
		{"little kept under another name", ring, with("lift", "Lift", declaring("stage gain", "line.width line.color ring.gap")), true},
		{"lift chart becomes grid", with("liftChart", "Lift Chart", declaring("score outcome", "curve.color curve.bins curve.show axis.title axis.show")),
			with("grid", "Grid", declaring("rows columns values", "rows.height rows.color header.show header.color")), true},
		{"chart becomes another chart", with("liftChart", "Lift Chart", declaring("score outcome", "curve.color curve.bins curve.show axis.title")),
			with("barChart", "Bar Chart", declaring("bar length", "bar.color bar.gap bar.show bar.title")), true},
		{"nothing but the packager's template in common", with("lift", "Lift", template), with("grid", "Grid", template), true},
		{"nothing but what Power BI's charts have in common", with("lift", "Lift", builtIn), with("grid", "Grid", builtIn), true},
		{"names alike in a word, identifiers unlike, nothing kept", with("a", "Ring Chart", full), with("b", "Ring Table", declaring("rows", "rows.height")), true},
		{"names alike in a word, identifiers too, nothing kept", with("ringChart", "Ring Chart", full),
			with("ringTable", "Ring Table", declaring("rows columns", "rows.height rows.gap head.show")), true},

		{"all roles renamed, properties kept", ring, changed(ring, func(p *pkg) { p.Capabilities = declaring("phase sum", properties) }), false},
		{"all roles and properties gone", ring, changed(ring, func(p *pkg) { p.Capabilities = declaring("phase sum", "a.b c.d e.f g.h") }), true},
		{"roles gone, under another name, properties kept", ring, with("donut", "Donut", declaring("phase sum", properties)), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.from.Script = "g()"
			d := diff.Compare(open(t, c.from.Bytes()), open(t, c.to.Bytes()))
			if got := d.Has("diff.identity"); got != c.want {
				t.Errorf("looks like another visual: %t, want %t: %+v", got, c.want, d.Findings)
			}
			back := diff.Compare(open(t, c.to.Bytes()), open(t, c.from.Bytes()))
			if got := back.Has("diff.identity"); got != c.want {
				t.Errorf("the other way, looks like another visual: %t, want %t: %+v", got, c.want, back.Findings)
			}
		})
	}
}

func TestVendorOfEitherSideIsNoPartOfTheName(t *testing.T) {
	from := pkg{Author: "Borealis", DisplayName: "Borealis Ring", Name: "a", Capabilities: "{}"}
	to := pkg{Author: "Aurora Visuals", DisplayName: "Aurora Ring", Name: "b", Capabilities: "{}", Script: "f()"}
	if d := diff.Compare(open(t, from.Bytes()), open(t, to.Bytes())); d.Has("diff.identity") || !d.Has("diff.author") {
		t.Errorf("got %+v", d.Findings)
	}
}
