package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/diff"
	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
)

type pkg = pbiviztest.Package

func open(t testing.TB, file []byte) *pbiviz.Package {
	t.Helper()
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// findingCodes lists findings as "severity code", in order.
func findingCodes(d diff.Diff) []string {
	var found []string
	for _, f := range d.Findings {
		found = append(found, string(f.Severity)+" "+string(f.Code))
	}
	return found
}

// changedCapabilities changes pbiviztest.Capabilities, and fails if there is nothing to change.
func changedCapabilities(t testing.TB, oldnew ...string) string {
	t.Helper()
	s := pbiviztest.Capabilities
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(s, oldnew[i]) {
			t.Fatalf("the capabilities have no %s", oldnew[i])
		}
		s = strings.Replace(s, oldnew[i], oldnew[i+1], 1)
	}
	return s
}

type difference struct {
	name     string
	from, to pkg
	class    diff.Class
	codes    []string
}

func runCases(t *testing.T, cases []difference) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := diff.Compare(open(t, c.from.Bytes()), open(t, c.to.Bytes()))
			if d.Class != c.class {
				t.Errorf("class %s, want %s", d.Class, c.class)
			}
			if got := findingCodes(d); !slices.Equal(got, c.codes) {
				t.Errorf("findings %q, want %q", got, c.codes)
			}
		})
	}
}

func TestClass(t *testing.T) {
	statement := func(s string) pkg { return pkg{Statement: []byte(s)} }
	other := func(name string) pkg { return pkg{Extra: map[string][]byte{name: []byte("x")}} }
	runCases(t, []difference{
		{"same bytes", pkg{}, pkg{}, diff.Identical, nil},
		{"zipped again", pkg{}, pkg{Stored: true}, diff.Identical, []string{"note diff.repacked"}},
		{"statement put in", pkg{}, statement("a"), diff.LicenseOnly, []string{"note diff.statement"}},
		{"statement taken out", statement("a"), pkg{}, diff.LicenseOnly, []string{"note diff.statement"}},
		{"statement renewed", statement("a"), statement("b"), diff.LicenseOnly, []string{"note diff.statement"}},
		{"statement kept, zipped again", statement("a"), pkg{Statement: []byte("a"), Stored: true}, diff.Identical, []string{"note diff.repacked"}},
		{"statement renewed and code changed", statement("a"), pkg{Statement: []byte("b"), Script: "evil()"}, diff.Code,
			[]string{"note diff.statement", "note diff.script", "note diff.same_version_other_code"}},
		{"statement under another name is code", pkg{}, other("Resources/License2.jws"), diff.Code,
			[]string{"note diff.entry", "note diff.same_version_other_code"}},
		{"version alone", pkg{Version: "1.0.0.0"}, pkg{Version: "1.1.0.0"}, diff.Metadata, nil},
		{"version spelled longer", pkg{Version: "1.0.0"}, pkg{Version: "1.0.0.0"}, diff.Metadata, nil},
		{"version lower", pkg{Version: "1.10.0.0"}, pkg{Version: "1.9.0.0"}, diff.Metadata, []string{"note diff.version_lower"}},
		{"name", pkg{}, pkg{DisplayName: "Aurora Gauge Pro"}, diff.Metadata, []string{"note diff.name"}},
		{"description", pkg{}, pkg{Description: "Round."}, diff.Metadata, []string{"note diff.description"}},
		{"icon", pkg{}, pkg{IconData: "data:image/svg+xml;base64,"}, diff.Metadata, []string{"note diff.icon"}},
		{"strings", pkg{}, pkg{Strings: `{"en-US":{"a":"b"}}`}, diff.Metadata, []string{"note diff.strings"}},
		{"script", pkg{}, pkg{Version: "2.0.0.0", Script: "f()"}, diff.Code, []string{"note diff.script"}},
		{"style is code", pkg{}, pkg{Version: "2.0.0.0", Style: ".a{}"}, diff.Code, []string{"note diff.style"}},
		{"unknown entry", pkg{Version: "2.0.0.0"}, pkg{Version: "2.0.0.0", Extra: map[string][]byte{"resources/a.bin": nil}}, diff.Code,
			[]string{"note diff.entry", "note diff.same_version_other_code"}},
		{"silent recut", pkg{}, pkg{Script: "f()"}, diff.Code, []string{"note diff.script", "note diff.same_version_other_code"}},
		{"API version", pkg{}, pkg{Version: "1.1.0.0", APIVersion: "5.11.0"}, diff.Capabilities, []string{"note diff.api_version"}},
	})
}

// withMember changes the text of package.json or pbiviz.json as nothing that has a
// field of its own could.
func withMember(t testing.TB, entry, old, new string) pkg {
	t.Helper()
	for _, f := range (pkg{}).Files() {
		if strings.HasSuffix(f.Name, entry) {
			if !strings.Contains(string(f.Body), old) {
				t.Fatalf("%s has no %s: %s", f.Name, old, f.Body)
			}
			return pkg{Extra: map[string][]byte{f.Name: []byte(strings.Replace(string(f.Body), old, new, 1))}}
		}
	}
	t.Fatalf("no %s", entry)
	return pkg{}
}

func TestNothingDiffersUnseen(t *testing.T) {
	recut := "note diff.same_version_other_code"
	runCases(t, []difference{
		{"dependencies", pkg{}, withMember(t, "pbiviz.json", `"dependencies":{}`, `"dependencies":{"cranPackages":[]}`), diff.Code, []string{"note diff.member", recut}},
		{"entry point", pkg{}, withMember(t, "pbiviz.json", `"visualEntryPoint":""`, `"visualEntryPoint":"evil"`), diff.Code, []string{"note diff.member", recut}},
		{"unknown member", pkg{}, withMember(t, "pbiviz.json", `"style":`, `"preload":"evil()","style":`), diff.Code, []string{"note diff.member", recut}},
		{"unknown content", pkg{}, withMember(t, "pbiviz.json", `"css":`, `"wasm":"AGFzbQ","css":`), diff.Code, []string{"note diff.member", recut}},
		{"unknown member of visual", pkg{}, withMember(t, "pbiviz.json", `"displayName":`, `"x":1,"displayName":`), diff.Code, []string{"note diff.member", recut}},
		{"class name in pbiviz.json only", pkg{}, withMember(t, "pbiviz.json", `"visualClassName":"Visual"`, `"visualClassName":"Evil"`), diff.Code, []string{"note diff.member", recut}},
		{"class name in package.json only", pkg{}, withMember(t, "package.json", `"visualClassName":"Visual"`, `"visualClassName":"Evil"`), diff.Code, []string{"note diff.member", recut}},
		{"member of pbiviz.json's name in package.json", pkg{}, withMember(t, "package.json", `"resources":`, `"content":{"js":"evil()"},"resources":`), diff.Code, []string{"note diff.member", recut}},
		{"pointer spelled as a name", pkg{}, withMember(t, "pbiviz.json", `"style":`, `"content/js":"evil()","style":`), diff.Code, []string{"note diff.member", recut}},
		{"external script", pkg{}, withMember(t, "pbiviz.json", `"externalJS":[]`, `"externalJS":["a.js"]`), diff.Code, []string{"note diff.external", recut}},
		{"package.json's own version", pkg{}, withMember(t, "package.json", `"version":"1.0.0.0"`, `"version":"9.9.9.9"`), diff.Metadata, nil},
		{"build environment", pkg{}, withMember(t, "package.json", `"resources":`, `"buildEnvironment":{"os":"x"},"resources":`), diff.Metadata, nil},
		{"tools version", pkg{}, withMember(t, "pbiviz.json", `"style":`, `"toolsVersion":"7.1.0","style":`), diff.Metadata, nil},
		{"members in another order", pkg{}, withMember(t, "pbiviz.json", `"style":"style/visual.less",`, ``), diff.Metadata, nil},
		{"spaces", pkg{}, withMember(t, "pbiviz.json", `"style":`, ` "style" :  `), diff.Metadata, nil},
		{"label inside capabilities", pkg{}, pkg{Capabilities: changedCapabilities(t, `"displayName": "Show"`, `"displayName": "Visible"`)}, diff.Capabilities,
			[]string{"note diff.capabilities", recut}},
	})
}

func TestIdentity(t *testing.T) {
	recut := "note diff.same_version_other_code"
	author := func(name, email string) pkg {
		p := withMember(t, "package.json", `"author":{"name":"Aurora Visuals","email":"support@aurora.example"}`, `"author":{"name":"`+name+`","email":"`+email+`"}`)
		for _, f := range (pkg{}).Files() {
			if strings.HasSuffix(f.Name, "pbiviz.json") {
				p.Extra[f.Name] = []byte(strings.Replace(string(f.Body), `"name":"Aurora Visuals","email":"support@aurora.example"`, `"name":"`+name+`","email":"`+email+`"`, 1))
			}
		}
		return p
	}
	runCases(t, []difference{
		{"another GUID", pkg{}, pkg{GUID: pbiviztest.GUID + "_1"}, diff.Capabilities, []string{"breaking diff.guid", "note diff.member", recut}},
		{"another visual under the GUID", pkg{}, pkg{DisplayName: "Bullet Chart", Script: "f()"}, diff.Code, []string{"breaking diff.identity", "note diff.script", recut}},
		{"another name of the same program", pkg{}, pkg{DisplayName: "Bullet Chart"}, diff.Metadata, []string{"note diff.name"}},
		{"name in other case", pkg{}, pkg{DisplayName: "AURORA GAUGE"}, diff.Metadata, []string{"note diff.name"}},
		{"none of the roles is left", pkg{}, pkg{Version: "2.0.0.0", Capabilities: changedCapabilities(t, `"name": "category"`, `"name": "a"`, `"name": "measure"`, `"name": "b"`,
			`{"category": {"max": 1}, "measure": {"min": 1, "max": 1}}`, `{}`)},
			diff.Capabilities, []string{"breaking diff.identity", "breaking diff.role_removed", "breaking diff.role_removed", "note diff.role_added", "note diff.role_added"}},
		{"another author", pkg{}, author("Borealis", "support@aurora.example"), diff.Metadata, []string{"security diff.author"}},
		{"author's name gone", pkg{}, author("", ""), diff.Metadata, []string{"note diff.author"}},
		{"author's address", pkg{}, author("Aurora Visuals", "x@aurora.example"), diff.Metadata, []string{"note diff.author_email"}},
	})
}

func TestOldGeneration(t *testing.T) {
	recut := "note diff.same_version_other_code"
	source := "resources/auroraGauge.ts"
	runCases(t, []difference{
		{"same bytes", pkg{Old: true}, pkg{Old: true}, diff.Identical, nil},
		{"statement put in", pkg{Old: true}, pkg{Old: true, Statement: []byte("a")}, diff.LicenseOnly, []string{"note diff.statement"}},
		{"icon", pkg{Old: true}, pkg{Old: true, IconData: "other"}, diff.Metadata, []string{"note diff.icon"}},
		{"script hides roles", pkg{Old: true}, pkg{Old: true, Script: "f()"}, diff.Capabilities,
			[]string{"breaking diff.capabilities_unknown", "note diff.script", recut}},
		{"style", pkg{Old: true}, pkg{Old: true, Style: ".a{}"}, diff.Code, []string{"note diff.style", recut}},
		{"source text", pkg{Old: true}, pkg{Old: true, Extra: map[string][]byte{source: []byte("// x")}}, diff.Code, []string{"note diff.entry", recut}},
		{"version", pkg{Old: true}, pkg{Old: true, Version: "1.1.0"}, diff.Metadata, nil},
		{"old to new", pkg{Old: true}, pkg{Version: "2.0.0.0", Capabilities: changedCapabilities(t, `"WebAccess"`, `"WebAccess"`)}, diff.Capabilities,
			[]string{"breaking diff.capabilities_unknown", "security diff.privilege_added", "note diff.generation", "note diff.api_version"}},
		{"new to old", pkg{Version: "2.0.0.0"}, pkg{Old: true}, diff.Capabilities,
			[]string{"breaking diff.capabilities_unknown", "note diff.generation", "note diff.api_version", "note diff.privilege_removed", "note diff.version_lower"}},
	})
}

func TestOldPictureIsMetadata(t *testing.T) {
	manifest := func(images string) string {
		for _, f := range (pkg{Old: true}).Files() {
			if f.Name == "package.json" {
				s := strings.Replace(string(f.Body), `"images":{`, `"images":{`+images, 1)
				return strings.Replace(s, `"resources":[`, `"resources":[{"resourceId":"rId9","sourceType":3,"file":"resources/shot.png"},`, 1)
			}
		}
		return ""
	}
	shot := func(images, body string) pkg {
		return pkg{Old: true, Manifest: manifest(images), Extra: map[string][]byte{"resources/shot.png": []byte(body)}}
	}
	picture := `"screenshot":{"resourceId":"rId9"},`
	runCases(t, []difference{
		{"another screenshot", shot(picture, "a"), shot(picture, "b"), diff.Metadata, []string{"note diff.picture"}},
		{"not listed as a picture", shot("", "a"), shot("", "b"), diff.Code, []string{"note diff.entry", "note diff.same_version_other_code"}},
		{"becomes a picture", shot("", "a"), shot(picture, "a"), diff.Code, []string{"note diff.entry", "note diff.same_version_other_code"}},
	})
}

func TestAtLeast(t *testing.T) {
	order := []diff.Class{diff.Identical, diff.LicenseOnly, diff.Metadata, diff.Code, diff.Capabilities, "of a newer program"}
	for i, c := range order {
		for j, floor := range order {
			if got := c.AtLeast(floor); got != (i >= j) {
				t.Errorf("%s at least %s: %t", c, floor, got)
			}
		}
	}
}
