package pbiviz_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

const innerName = "resources/" + pbiviztest.GUID + ".pbiviz.json"

func mustRead(t *testing.T, file []byte) *pbiviz.Package {
	t.Helper()
	p, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return p
}

// mustRefuse reads a file that must be refused with a code, a sentence and a hint.
func mustRefuse(t *testing.T, file []byte, code verdict.Code) {
	t.Helper()
	_, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	wantRefusal(t, err, code)
}

func wantRefusal(t *testing.T, err error, code verdict.Code) {
	t.Helper()
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("error %v; want a refusal %s", err, code)
	}
	if refusal.Code() != code {
		t.Errorf("refused with %s (%v); want %s", refusal.Code(), err, code)
	}
	f := refusal.Findings[0]
	if f.Message == "" || f.Hint == "" || strings.HasSuffix(f.Message, ".") || f.Verdict != verdict.Reject {
		t.Errorf("finding %+v; want a sentence without period, a hint and Reject", f)
	}
	for _, r := range err.Error() {
		if r < ' ' || r > '~' && r != '…' {
			t.Errorf("message %q is not printable as it is", err.Error())
			break
		}
	}
}

// manifestWith makes the files of a package whose package.json is edited by
// pairs of old and new text.
func manifestWith(t *testing.T, p pbiviztest.Package, pairs ...string) pbiviztest.Package {
	t.Helper()
	p.Manifest = replaceText(t, entryBody(p, "package.json"), pairs...)
	return p
}

func innerWith(t *testing.T, p pbiviztest.Package, pairs ...string) pbiviztest.Package {
	t.Helper()
	p.Inner = replaceText(t, entryBody(p, innerName), pairs...)
	return p
}

func entryBody(p pbiviztest.Package, name string) string {
	files := p.Files()
	return string(files[slices.IndexFunc(files, func(f pbiviztest.File) bool { return f.Name == name })].Body)
}

func replaceText(t *testing.T, s string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("nothing to edit: %q is not in %s", pairs[i], s)
		}
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}

func TestReadNewGeneration(t *testing.T) {
	file := pbiviztest.Package{Version: "1.4.0.0"}.Bytes()
	p := mustRead(t, file)
	m := p.Manifest()
	want := pbiviz.Manifest{
		GUID: m.GUID, Version: m.Version, Name: "auroraGauge", DisplayName: "Aurora Gauge", Description: "A gauge.",
		ClassName: "Visual", AuthorName: "Aurora Visuals", AuthorEmail: "support@aurora.example",
		SupportURL: "https://aurora.example/support", APIVersion: "5.3.0", Generation: pbiviz.New, Tier: pbiviz.Strict,
	}
	if m != want {
		t.Errorf("manifest\n%+v; want\n%+v", m, want)
	}
	if m.GUID.String() != pbiviztest.GUID || m.Version.String() != "1.4.0.0" {
		t.Errorf("GUID %s, version %s", m.GUID, m.Version)
	}
	c := p.Code()
	if got, want := string(c.Script), "var auroraGauge = {\n\t\"dial\": \"round\"\n};\n"; got != want {
		t.Errorf("script %q; want %q", got, want)
	}
	if string(c.Style) != ".dial { color: #123456; }\n" || string(c.Icon) != pbiviztest.Icon || string(c.Strings) != "{}" || len(c.External) != 0 {
		t.Errorf("code %q", c)
	}
	if !bytes.Equal(p.File(), file) || len(p.Reservations()) != 0 {
		t.Errorf("file differs, or reservations %v", p.Reservations())
	}
	if r := p.Release(); r.Digest != p.Digest() || r.Version != m.Version {
		t.Errorf("release %v", r)
	}
	if _, ok := p.Statement(); ok {
		t.Error("a statement where there is none")
	}
	if len(p.Entries()) != 2 || p.Entries()[0].Name != "package.json" {
		t.Errorf("entries %v; want two, without the directory", p.Entries())
	}
}

func TestReadOldGeneration(t *testing.T) {
	p := mustRead(t, pbiviztest.Package{Old: true, Version: "0.9.1", Script: "old()", Style: ".x{}", IconData: "PNG"}.Bytes())
	m := p.Manifest()
	if m.Generation != pbiviz.Old || m.GUID.String() != pbiviztest.GUID || m.Version.String() != "0.9.1" || m.APIVersion != "" || m.ClassName != "" {
		t.Errorf("manifest %+v", m)
	}
	if c := p.Code(); string(c.Script) != "old()" || string(c.Style) != ".x{}" || string(c.Icon) != "PNG" {
		t.Errorf("code %q", c)
	}
	if len(p.Reservations()) != 0 {
		t.Errorf("reservations %v", p.Reservations())
	}
}

// Every line of "the container", "two generations" and "pbiviz.json" of the
// facts about real packages.
func TestReadWhatRealPackagesDo(t *testing.T) {
	old := pbiviztest.Package{Old: true}
	pkg := pbiviztest.Package{}
	strange := pbiviztest.Package{GUID: "boxplot"}
	visual := `"visual":{"name":"auroraGauge"`
	for name, test := range map[string]struct {
		file  []byte
		check func(p *pbiviz.Package) bool
	}{
		"entries stored":   {pbiviztest.Package{Stored: true}.Bytes(), nil},
		"entries deflated": {pkg.Bytes(), nil},
		"no resources/ directory entry": {
			pbiviztest.Archive{Files: slices.Delete(pkg.Files(), 1, 2)}.Bytes(), nil},
		"package.json last": {
			pbiviztest.Archive{Files: []pbiviztest.File{pkg.Files()[1], pkg.Files()[2], pkg.Files()[0]}}.Bytes(), nil},
		"one entry stored, others deflated": {func() []byte {
			files := pkg.Files()
			files[0].Store = true
			return pbiviztest.Archive{Files: files}.Bytes()
		}(), nil},
		"pbiviz.json of 10.6 MB": {pbiviztest.Package{Stored: true, Script: strings.Repeat("x", 10_600_000)}.Bytes(),
			func(p *pbiviz.Package) bool { return len(p.Code().Script) == 10_600_000 }},
		"top-level version differs from the visual's": {
			manifestWith(t, pkg, `{"version":"1.0.0.0","author"`, `{"version":"0.3.0","author"`).Bytes(),
			func(p *pbiviz.Package) bool { return p.Manifest().Version.String() == "1.0.0.0" }},
		"author {}": {
			manifestWith(t, innerWith(t, pkg, `{"name":"Aurora Visuals","email":"support@aurora.example"}`, `{}`),
				`{"name":"Aurora Visuals","email":"support@aurora.example"}`, `{}`).Bytes(),
			func(p *pbiviz.Package) bool { return p.Manifest().AuthorName == "" && p.Manifest().AuthorEmail == "" }},
		"author only in pbiviz.json": {
			manifestWith(t, pkg, `{"name":"Aurora Visuals","email":"support@aurora.example"}`, `{}`).Bytes(),
			func(p *pbiviz.Package) bool { return p.Manifest().AuthorName == "Aurora Visuals" }},
		"gitHubUrl absent": {
			manifestWith(t, innerWith(t, pkg, `,"gitHubUrl":""`, ``), `,"gitHubUrl":""`, ``).Bytes(),
			func(p *pbiviz.Package) bool { return p.Manifest().SourceURL == "" }},
		"gitHubUrl null": {
			manifestWith(t, pkg, `"gitHubUrl":""`, `"gitHubUrl":null`).Bytes(),
			func(p *pbiviz.Package) bool { return p.Manifest().SourceURL == "" }},
		"gitHubUrl empty": {pkg.Bytes(), func(p *pbiviz.Package) bool { return p.Manifest().SourceURL == "" }},
		"gitHubUrl spelled githubUrl": {
			manifestWith(t, pkg, `"gitHubUrl":""`, `"githubUrl":"https://aurora.example/src"`).Bytes(),
			func(p *pbiviz.Package) bool { return p.Manifest().SourceURL == "https://aurora.example/src" }},
		"new keys buildEnvironment, licenseTerms, privacyTerms": {
			manifestWith(t, pkg, visual, `"buildEnvironment":{"os":"x"},"licenseTerms":null,"privacyTerms":"none",`+visual).Bytes(), nil},
		"old: licenseTerms null":       {old.Bytes(), nil},
		"old: licenseTerms a string":   {manifestWith(t, old, `"licenseTerms":null`, `"licenseTerms":"MIT","privacyTerms":"none"`).Bytes(), nil},
		"old: visualClassName present": {manifestWith(t, old, `"guid"`, `"visualClassName":"X","guid"`).Bytes(), func(p *pbiviz.Package) bool { return p.Manifest().ClassName == "X" }},
		"old: sourceType lies": {
			manifestWith(t, old, `"sourceType":5`, `"sourceType":0`, `"sourceType":1`, `"sourceType":5`).Bytes(),
			func(p *pbiviz.Package) bool { return strings.HasPrefix(string(p.Code().Script), "var auroraGauge") }},
		"new: sourceType lies":                     {manifestWith(t, pkg, `"sourceType":5`, `"sourceType":0`).Bytes(), nil},
		"new: sourceType absent":                   {manifestWith(t, pkg, `"sourceType":5,`, ``).Bytes(), nil},
		"old: embedding dropped .ts":               {withoutEntry(old, "resources/auroraGauge.ts"), nil},
		"old: embedding dropped the image":         {withoutEntry(old, "resources/auroraGauge.png"), func(p *pbiviz.Package) bool { return p.Code().Icon == nil }},
		"old: no css":                              {manifestWith(t, old, `"css":{"resourceId":"rId2"}`, `"css":null`).Bytes(), func(p *pbiviz.Package) bool { return p.Code().Style == nil }},
		"toolsVersion and env":                     {innerWith(t, pkg, `"visualEntryPoint":""`, `"visualEntryPoint":"","toolsVersion":"7.1.0","env":{"a":[1]}`).Bytes(), nil},
		"css missing":                              {innerWith(t, pkg, `"css":".dial { color: #123456; }\n",`, ``).Bytes(), func(p *pbiviz.Package) bool { return p.Code().Style == nil }},
		"stringResources missing":                  {innerWith(t, pkg, `"stringResources":{},`, ``).Bytes(), func(p *pbiviz.Package) bool { return p.Code().Strings == nil }},
		"stringResources in canonical form":        {pbiviztest.Package{Strings: `{ "de" : {}, "cs":{} }`}.Bytes(), func(p *pbiviz.Package) bool { return string(p.Code().Strings) == `{"cs":{},"de":{}}` }},
		"externalJS missing":                       {innerWith(t, pkg, `"externalJS":[],`, ``).Bytes(), nil},
		"externalJS null":                          {innerWith(t, pkg, `"externalJS":[]`, `"externalJS":null`).Bytes(), nil},
		"externalJS listed":                        {innerWith(t, pkg, `"externalJS":[]`, `"externalJS":["a.js","b.js"]`).Bytes(), func(p *pbiviz.Package) bool { return slices.Equal(p.Code().External, []string{"a.js", "b.js"}) }},
		"icon SVG":                                 {pbiviztest.Package{IconData: "data:image/svg+xml;base64,PHN2Zy8+"}.Bytes(), func(p *pbiviz.Package) bool { return strings.HasPrefix(string(p.Code().Icon), "data:image/svg") }},
		"icon null":                                {innerWith(t, pkg, `"iconBase64":"`+pbiviztest.Icon+`"`, `"iconBase64":null`).Bytes(), func(p *pbiviz.Package) bool { return p.Code().Icon == nil }},
		"R visual lists cranPackages":              {innerWith(t, pkg, `"dependencies":{}`, `"dependencies":{"cranPackages":[{"name":"ggplot2","url":"https://r.example"}]}`, `"js":"var auroraGauge = {\n\t\"dial\": \"round\"\n};\n"`, `"js":""`).Bytes(), func(p *pbiviz.Package) bool { return len(p.Code().Script) == 0 }},
		"apiVersion 1.1.0":                         {pbiviztest.Package{APIVersion: "1.1.0"}.Bytes(), func(p *pbiviz.Package) bool { return p.Manifest().APIVersion == "1.1.0" }},
		"apiVersion 5.11.1":                        {pbiviztest.Package{APIVersion: "5.11.1"}.Bytes(), func(p *pbiviz.Package) bool { return p.Manifest().APIVersion == "5.11.1" }},
		"pbiviz.json indented, package.json too":   {manifestWith(t, innerWith(t, pkg, `,"`, ",\n  \""), `,"`, ",\r\n\t\"").Bytes(), nil},
		"GUID a plain word":                        {strange.Bytes(), func(p *pbiviz.Package) bool { return p.Manifest().GUID.String() == "boxplot" }},
		"GUID name and 13 digits":                  {pbiviztest.Package{GUID: "Gauge1442671919391"}.Bytes(), nil},
		"GUID PBI_CV":                              {pbiviztest.Package{GUID: "PBI_CV_9894B302_1DFF_4A96_ABFE_BF8588197166"}.Bytes(), nil},
		"an entry that package.json does not list": {pbiviztest.Package{Extra: map[string][]byte{"resources/notes.txt": []byte("hello")}}.Bytes(), func(p *pbiviz.Package) bool { return len(p.Entries()) == 3 }},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustRead(t, test.file)
			if p.Manifest().Tier != pbiviz.Strict {
				t.Errorf("tier %s; want strict", p.Manifest().Tier)
			}
			if test.check != nil && !test.check(p) {
				t.Errorf("read as %+v, style %q, icon %q, strings %q", p.Manifest(), p.Code().Style, p.Code().Icon, p.Code().Strings)
			}
		})
	}
}

func withoutEntry(p pbiviztest.Package, name string) []byte {
	files := slices.DeleteFunc(p.Files(), func(f pbiviztest.File) bool { return f.Name == name })
	return pbiviztest.Archive{Files: files}.Bytes()
}

func TestPackageOf118Bytes(t *testing.T) {
	file := pbiviztest.Archive{Files: []pbiviztest.File{{Name: "resources/"}}}.Bytes()
	if len(file) != 118 {
		t.Fatalf("the file has %d bytes", len(file))
	}
	_, err := pbiviz.Read(file, pbiviz.DefaultLimits())
	wantRefusal(t, err, "pkg.json")
	if !strings.Contains(err.Error(), "no package.json") {
		t.Errorf("error %q does not say what is missing", err)
	}
}

// Two packages of one GUID and version with other JavaScript: 88 real cases.
func TestVersionDoesNotNameBytes(t *testing.T) {
	a := mustRead(t, pbiviztest.Package{Script: "one()"}.Bytes())
	b := mustRead(t, pbiviztest.Package{Script: "two()"}.Bytes())
	if !a.Manifest().Version.Equal(b.Manifest().Version) || a.Digest() == b.Digest() || a.Content() == b.Content() {
		t.Error("the packages should differ in bytes and content alone")
	}
}

func TestRefusedContent(t *testing.T) {
	pkg, old := pbiviztest.Package{}, pbiviztest.Package{Old: true}
	guid := `"guid":"` + pbiviztest.GUID + `"`
	for name, test := range map[string]struct {
		file []byte
		code verdict.Code
	}{
		"package.json missing":            {withoutEntry(pkg, "package.json"), "pkg.json"},
		"pbiviz.json missing":             {withoutEntry(pkg, innerName), "pkg.json"},
		"old: script missing":             {withoutEntry(old, "resources/auroraGauge.js"), "pkg.json"},
		"old: listed css missing":         {withoutEntry(old, "resources/auroraGauge.css"), "pkg.json"},
		"package.json empty":              {pbiviztest.Package{Extra: map[string][]byte{"package.json": {}}}.Bytes(), "pkg.json"},
		"package.json an array":           {pbiviztest.Package{Manifest: "[]"}.Bytes(), "pkg.guid"},
		"package.json cut short":          {pbiviztest.Package{Manifest: `{"visual":{`}.Bytes(), "pkg.json"},
		"package.json twice in one entry": {pbiviztest.Package{Manifest: entryBody(pkg, "package.json") + "{}"}.Bytes(), "pkg.json"},
		"byte-order mark, package.json":   {pbiviztest.Package{Manifest: "\ufeff" + entryBody(pkg, "package.json")}.Bytes(), "pkg.json"},
		"byte-order mark, pbiviz.json":    {pbiviztest.Package{Inner: "\ufeff" + entryBody(pkg, innerName)}.Bytes(), "pkg.json"},
		"UTF-16":                          {pbiviztest.Package{Manifest: "\xff\xfe{\x00}\x00"}.Bytes(), "pkg.json"},
		"invalid UTF-8, package.json":     {manifestWith(t, pkg, "A gauge.", "A \xff gauge.").Bytes(), "pkg.json"},
		"invalid UTF-8, script":           {innerWith(t, pkg, "round", "\xc3\x28").Bytes(), "pkg.json"},
		"lone surrogate in the script":    {innerWith(t, pkg, "round", `\ud800`).Bytes(), "pkg.json"},
		"duplicate guid":                  {manifestWith(t, pkg, guid, guid+`,"guid":"other"`).Bytes(), "pkg.json"},
		"duplicate guid, escaped":         {manifestWith(t, pkg, guid, guid+`,"gu\u0069d":"other"`).Bytes(), "pkg.json"},
		"guid beside GUID":                {manifestWith(t, pkg, guid, guid+`,"GUID":"other"`).Bytes(), "pkg.json"},
		"visual beside Visual":            {manifestWith(t, pkg, `"visual":{`, `"Visual":{},"visual":{`).Bytes(), "pkg.json"},
		"duplicate js":                    {innerWith(t, pkg, `"css":`, `"js":"","css":`).Bytes(), "pkg.json"},
		"js beside JS":                    {innerWith(t, pkg, `"css":`, `"JS":"","css":`).Bytes(), "pkg.json"},
		"duplicate in capabilities":       {pbiviztest.Package{Capabilities: `{"objects":{"a":{"properties":{"p":{},"p":{}}}}}`}.Bytes(), "pkg.json"},
		"guid a number":                   {manifestWith(t, pkg, guid, `"guid":7`).Bytes(), "pkg.json"},
		"version a number":                {manifestWith(t, pkg, `"version":"1.0.0.0","description"`, `"version":1.0,"description"`).Bytes(), "pkg.json"},
		"version absent":                  {manifestWith(t, pkg, `"version":"1.0.0.0","description"`, `"description"`).Bytes(), "pkg.version_form"},
		"metadata and code":               {manifestWith(t, pkg, `"metadata":`, `"code":{"javaScript":{"resourceId":"rId0"}},"metadata":`).Bytes(), "pkg.json"},
		"neither metadata nor code":       {manifestWith(t, pkg, `"metadata":`, `"medatata":`).Bytes(), "pkg.json"},
		"metadata names no resource":      {manifestWith(t, pkg, `"metadata":{"pbivizjson":{"resourceId":"rId0"}}`, `"metadata":{}`).Bytes(), "pkg.json"},
		"resource listed twice":           {manifestWith(t, pkg, `"resources":[`, `"resources":[{"resourceId":"rId0","file":"x"},`).Bytes(), "pkg.json"},
		"no script":                       {innerWith(t, pkg, `"js":`, `"javascript":`).Bytes(), "pkg.json"},
		"script not text":                 {innerWith(t, pkg, `"js":"var auroraGauge = {\n\t\"dial\": \"round\"\n};\n"`, `"js":{"a":1}`).Bytes(), "pkg.json"},
		"no capabilities":                 {innerWith(t, pkg, `"capabilities":`, `"capability":`).Bytes(), "pkg.json"},
		"GUID of a report":                {pbiviztest.Package{GUID: "gauge_OrgStore"}.Bytes(), "pkg.guid"},
		"inner GUID absent":               {innerWith(t, pkg, guid+",", ``).Bytes(), "pkg.guid"},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, test.file, test.code) })
	}
}

func TestWhatAZIPHoldsThatIsNoPackage(t *testing.T) {
	whole := pbiviztest.Package{}.Bytes()
	inFolders := func(folders ...string) []byte {
		var files []file
		for _, folder := range folders {
			for _, f := range (pbiviztest.Package{}).Files() {
				f.Name = folder + "/" + f.Name
				files = append(files, f)
			}
		}
		return archive{Files: files}.Bytes()
	}
	holding := func(names ...string) []byte {
		var files []file
		for _, name := range names {
			files = append(files, file{Name: name, Body: whole})
		}
		return archive{Files: files}.Bytes()
	}
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"a package":                  {holding("gauge.pbiviz", "readme.txt"), `holds the package "gauge.pbiviz"`},
		"a package in a folder":      {holding("new/Gauge.PBIVIZ"), `holds the package "new/Gauge.PBIVIZ"`},
		"several packages":           {holding("a.pbiviz", "b.pbiviz"), `holds 2 packages, such as "a.pbiviz"`},
		"an unzipped package":        {inFolders("gauge"), `in the folder "gauge"`},
		"an unzipped package deeper": {inFolders("a/gauge"), `in the folder "a/gauge"`},
		"several unzipped packages":  {inFolders("a", "b"), `2 folders with a package, such as "a"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pbiviz.Read(test.file, pbiviz.DefaultLimits())
			wantRefusal(t, err, "pkg.nested")
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q does not say %s", err, test.want)
			}
		})
	}
}

func TestReservations(t *testing.T) {
	for name, test := range map[string]struct {
		p    pbiviztest.Package
		want []verdict.Finding
	}{
		"four parts":  {pbiviztest.Package{Version: "1.2.3.4"}, nil},
		"three parts": {pbiviztest.Package{Version: "1.2.3"}, nil},
		"two parts":   {pbiviztest.Package{Version: "1.1"}, nil},
		"date style":  {pbiviztest.Package{Version: "2026.9.8.0"}, nil},
		"debug build": {pbiviztest.Package{GUID: "gauge_DEBUG"}, []verdict.Finding{{Code: "pkg.guid", Verdict: verdict.Reject}}},
	} {
		t.Run(name, func(t *testing.T) { wantReservations(t, mustRead(t, test.p.Bytes()), test.want...) })
	}
}

func wantReservations(t *testing.T, p *pbiviz.Package, want ...verdict.Finding) {
	t.Helper()
	var got []verdict.Finding
	for _, f := range p.Reservations() {
		if f.Message == "" || f.Hint == "" {
			t.Errorf("finding %+v without message or hint", f)
		}
		got = append(got, verdict.Finding{Code: f.Code, Verdict: f.Verdict})
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("reservations %v; want %v", got, want)
	}
}

func TestContentIsGoDirectoryHash(t *testing.T) {
	p := mustRead(t, pbiviztest.Package{Statement: []byte("a.b.c"), Extra: map[string][]byte{"a.txt": []byte("A"), "resources/z": nil}}.Bytes())
	var names []string
	for _, e := range p.Entries() {
		if e.Name != pbiviz.StatementEntry {
			names = append(names, e.Name)
		}
	}
	want, err := dirhash.Hash1(names, func(name string) (io.ReadCloser, error) {
		b, _ := p.Entry(name)
		return io.NopCloser(bytes.NewReader(b)), nil
	})
	if err != nil || string(p.Content()) != want {
		t.Errorf("content %s; dirhash says %s, %v", p.Content(), want, err)
	}
	if s, ok := p.Statement(); !ok || string(s) != "a.b.c" {
		t.Errorf("statement %q", s)
	}
}

func TestReadFrom(t *testing.T) {
	file := pbiviztest.Package{}.Bytes()
	l := pbiviz.DefaultLimits()
	l.FileSize = int64(len(file))
	if p, err := pbiviz.ReadFrom(iotest.OneByteReader(bytes.NewReader(file)), l); err != nil || !bytes.Equal(p.File(), file) {
		t.Errorf("a file of just the allowed size: %v", err)
	}
	endless := iotest.OneByteReader(io.MultiReader(bytes.NewReader(file), neverEnding{}))
	_, err := pbiviz.ReadFrom(endless, l)
	wantRefusal(t, err, "zip.limit")
	broken := errors.New("cable pulled")
	if _, err := pbiviz.ReadFrom(iotest.ErrReader(broken), l); !errors.Is(err, broken) {
		t.Errorf("error %v; want the reader's own", err)
	}
}

type neverEnding struct{}

func (neverEnding) Read(b []byte) (int, error) { return len(b), nil }
