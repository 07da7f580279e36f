// Package pbiviztest makes packages for tests: well-formed ones of both
// generations, and ZIPs as ambiguous as a test needs them. It knows nothing of
// how package pbiviz reads them.
package pbiviztest

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// GUID is the GUID of a Package that names none.
const GUID = "auroraGauge7C1B2E5D9F0A4B6C8D3E1F2A3B4C5D6E"

// Capabilities is what a Package that declares none declares.
const Capabilities = `{
  "dataRoles": [
    {"name": "category", "displayName": "Category", "kind": "Grouping"},
    {"name": "measure", "displayName": "Value", "kind": "Measure"}
  ],
  "dataViewMappings": [
    {
      "conditions": [{"category": {"max": 1}, "measure": {"min": 1, "max": 1}}],
      "categorical": {"categories": {"for": {"in": "category"}}, "values": {"select": [{"bind": {"to": "measure"}}]}}
    }
  ],
  "objects": {
    "dial": {
      "displayName": "Dial",
      "properties": {
        "fill": {"displayName": "Color", "type": {"fill": {"solid": {"color": true}}}},
        "show": {"displayName": "Show", "type": {"bool": true}}
      }
    }
  },
  "privileges": [{"name": "WebAccess", "essential": true, "parameters": ["https://tiles.aurora.example"]}],
  "supportsHighlight": true
}`

// Icon is the icon of a Package that has none: a PNG of no size.
const Icon = "data:image/png;base64,iVBORw0KGgo="

// A Package describes a package to make. Its zero value makes a well-formed
// package of the new generation.
type Package struct {
	GUID, Version string // default GUID, 1.0.0.0
	Name          string // default auroraGauge
	DisplayName   string // default Aurora Gauge
	Description   string
	Author        string // default Aurora Visuals
	APIVersion    string // default 5.3.0
	Script        string // default one line of JavaScript
	Style         string // default one line of CSS
	IconData      string // default Icon; in the old generation, the icon file's bytes
	Capabilities  string // JSON; default Capabilities; the old generation has none
	Strings       string // JSON; default {}

	// Old makes a package of the old generation.
	Old bool
	// Stored packs nothing.
	Stored bool
	// Statement is put into resources/license.jws, if not nil.
	Statement []byte
	// Extra adds entries; one named as an existing entry replaces its body.
	Extra map[string][]byte

	// Manifest and Inner replace the whole package.json and pbiviz.json.
	Manifest, Inner string
}

// Bytes makes the package file.
func (p Package) Bytes() []byte { return Archive{Files: p.Files()}.Bytes() }

// Files makes the package's entries, for a test that wants to change the ZIP.
func (p Package) Files() []File {
	p = p.withDefaults()
	var files []File
	if p.Old {
		files = p.oldFiles()
	} else {
		files = []File{
			{Name: "package.json", Body: []byte(p.Manifest)},
			{Name: "resources/"},
			{Name: "resources/" + p.GUID + ".pbiviz.json", Body: []byte(p.Inner)},
		}
	}
	if p.Statement != nil {
		files = append(files, File{Name: "resources/license.jws", Body: p.Statement})
	}
	for _, name := range slices.Sorted(maps.Keys(p.Extra)) {
		i := slices.IndexFunc(files, func(f File) bool { return f.Name == name })
		if i < 0 {
			i = len(files)
			files = append(files, File{Name: name})
		}
		files[i].Body = p.Extra[name]
	}
	for i := range files {
		files[i].Store = p.Stored
	}
	return files
}

// oldFiles puts package.json last, as the old packager did.
func (p Package) oldFiles() []File {
	return []File{
		{Name: "resources/"},
		{Name: "resources/" + p.Name + ".ts", Body: []byte("module powerbi.visuals {}")},
		{Name: "resources/" + p.Name + ".js", Body: []byte(p.Script)},
		{Name: "resources/" + p.Name + ".css", Body: []byte(p.Style)},
		{Name: "resources/" + p.Name + ".png", Body: []byte(p.IconData)},
		{Name: "package.json", Body: []byte(p.Manifest)},
	}
}

func (p Package) withDefaults() Package {
	or := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	or(&p.GUID, GUID)
	or(&p.Version, "1.0.0.0")
	or(&p.Name, "auroraGauge")
	or(&p.DisplayName, "Aurora Gauge")
	or(&p.Description, "A gauge.")
	or(&p.Author, "Aurora Visuals")
	or(&p.APIVersion, "5.3.0")
	or(&p.Script, "var auroraGauge = {\n\t\"dial\": \"round\"\n};\n")
	or(&p.Style, ".dial { color: #123456; }\n")
	or(&p.IconData, Icon)
	or(&p.Capabilities, Capabilities)
	or(&p.Strings, "{}")
	if p.Old {
		or(&p.Manifest, p.oldManifest())
		return p
	}
	or(&p.Manifest, p.newManifest())
	or(&p.Inner, p.innerJSON())
	return p
}

type author struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

type visual struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	GUID        string `json:"guid"`
	ClassName   string `json:"visualClassName,omitempty"`
	Version     string `json:"version"`
	Description string `json:"description"`
	SupportURL  string `json:"supportUrl"`
	SourceURL   string `json:"gitHubUrl"`
}

type resource struct {
	ID         string `json:"resourceId"`
	SourceType int    `json:"sourceType"`
	File       string `json:"file"`
}

func (p Package) newAuthor() author { return author{p.Author, "support@aurora.example"} }

func (p Package) newVisual() visual {
	return visual{
		Name: p.Name, DisplayName: p.DisplayName, GUID: p.GUID, ClassName: "Visual", Version: p.Version,
		Description: p.Description, SupportURL: "https://aurora.example/support",
	}
}

func (p Package) newManifest() string {
	return marshal(struct {
		Version   string     `json:"version"`
		Author    author     `json:"author"`
		Resources []resource `json:"resources"`
		Visual    visual     `json:"visual"`
		Metadata  any        `json:"metadata"`
	}{
		p.Version, p.newAuthor(),
		[]resource{{"rId0", 5, "resources/" + p.GUID + ".pbiviz.json"}}, p.newVisual(),
		map[string]any{"pbivizjson": map[string]any{"resourceId": "rId0"}},
	})
}

func (p Package) oldManifest() string {
	v := p.newVisual()
	v.ClassName = ""
	file := func(id string, kind int, ext string) resource {
		return resource{id, kind, "resources/" + p.Name + ext}
	}
	ref := func(id string) any { return map[string]any{"resourceId": id} }
	return marshal(struct {
		Version   string     `json:"version"`
		Author    author     `json:"author"`
		License   *string    `json:"licenseTerms"`
		Resources []resource `json:"resources"`
		Visual    visual     `json:"visual"`
		Code      any        `json:"code"`
		Images    any        `json:"images"`
	}{
		Version: "1.0.0", Author: p.newAuthor(), Visual: v,
		Resources: []resource{file("rId0", 5, ".ts"), file("rId1", 0, ".js"), file("rId2", 1, ".css"), file("rId3", 3, ".png")},
		Code:      map[string]any{"typeScript": ref("rId0"), "javaScript": ref("rId1"), "css": ref("rId2")},
		Images:    map[string]any{"icon": ref("rId3")},
	})
}

func (p Package) innerJSON() string {
	return marshal(struct {
		Visual       visual         `json:"visual"`
		APIVersion   string         `json:"apiVersion"`
		Author       author         `json:"author"`
		Assets       any            `json:"assets"`
		ExternalJS   []string       `json:"externalJS"`
		Style        string         `json:"style"`
		Capabilities jsontext.Value `json:"capabilities"`
		Content      any            `json:"content"`
		Strings      jsontext.Value `json:"stringResources"`
		Dependencies any            `json:"dependencies"`
		EntryPoint   string         `json:"visualEntryPoint"`
	}{
		p.newVisual(), p.APIVersion, p.newAuthor(), map[string]any{"icon": "assets/icon.png"},
		[]string{}, "style/visual.less", jsontext.Value(p.Capabilities),
		map[string]any{"js": p.Script, "css": p.Style, "iconBase64": p.IconData},
		jsontext.Value(p.Strings), map[string]any{}, "",
	})
}

// marshal writes JSON without minding what a test may want to be wrong.
func marshal(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	must(err)
	return string(b)
}
