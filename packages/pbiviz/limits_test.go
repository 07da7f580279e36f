package pbiviz_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/orgstore/orgstore/packages/pbiviz"
	"github.com/orgstore/orgstore/packages/pbiviz/pbiviztest"
	"github.com/orgstore/orgstore/packages/verdict"
)

// Each limit is the last value allowed: at it a file passes, one below it the
// same file is refused.
func TestLimits(t *testing.T) {
	pkg := pbiviztest.Package{}
	whole := pkg.Bytes()
	inner := int64(len(entryBody(pkg, innerName)))
	total := inner + int64(len(entryBody(pkg, "package.json")))
	repetitive := pbiviztest.Package{Script: strings.Repeat("a", 5000)}
	packed := int64(len(pbiviztest.Deflate([]byte(entryBody(repetitive, innerName)))))
	size := int64(len(entryBody(repetitive, innerName)))
	ratio := (size + packed - 1) / packed
	nested := pbiviztest.Package{Capabilities: `{"objects":{},"sorting":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`}
	const described = int64(len(`{"dataRoles":[]}`))

	for name, test := range map[string]struct {
		file []byte
		set  func(l *pbiviz.Limits, by int64) // at the limit for 0
		code verdict.Code
	}{
		"file size":   {whole, func(l *pbiviz.Limits, by int64) { l.FileSize = int64(len(whole)) + by }, "zip.limit"},
		"entries":     {whole, func(l *pbiviz.Limits, by int64) { l.Entries = 3 + int(by) }, "zip.limit"},
		"name length": {whole, func(l *pbiviz.Limits, by int64) { l.NameLength = len(innerName) + int(by) }, "zip.limit"},
		"entry size":  {whole, func(l *pbiviz.Limits, by int64) { l.EntrySize = inner + by }, "zip.bomb"},
		"total size":  {whole, func(l *pbiviz.Limits, by int64) { l.TotalSize = total + by }, "zip.bomb"},
		"ratio":       {repetitive.Bytes(), func(l *pbiviz.Limits, by int64) { l.RatioFloor, l.Ratio = 0, ratio+by }, "zip.bomb"},
		"ratio floor": {repetitive.Bytes(), func(l *pbiviz.Limits, by int64) {
			l.RatioFloor, l.Ratio = size+int64(len(entryBody(repetitive, "package.json")))+by, 1
		}, "zip.bomb"},
		"package.json": {whole, func(l *pbiviz.Limits, by int64) { l.ManifestSize = int64(len(entryBody(pkg, "package.json"))) + by }, "pkg.json"},
		"JSON depth":   {nested.Bytes(), func(l *pbiviz.Limits, by int64) { l.JSONDepth = 22 + int(by) }, "pkg.json"},
		"JSON depth of package.json": {manifestWith(t, pkg, `"author":{`, `"x":[[[[[[[[[]]]]]]]]],"author":{`).Bytes(),
			func(l *pbiviz.Limits, by int64) { l.JSONDepth = 10 + int(by) }, "pkg.json"},
		"capabilities": {pbiviztest.Package{Capabilities: `{"dataRoles":[]}`}.Bytes(),
			func(l *pbiviz.Limits, by int64) { l.CapabilitiesSize = described + by }, "pkg.json"},
		"strings": {pbiviztest.Package{Capabilities: `{}`, Strings: `{"dataRoles":[]}`}.Bytes(),
			func(l *pbiviz.Limits, by int64) { l.CapabilitiesSize = described + by }, "pkg.json"},
	} {
		t.Run(name, func(t *testing.T) {
			l := pbiviz.DefaultLimits()
			test.set(&l, 0)
			if _, err := pbiviz.Read(test.file, l); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			test.set(&l, -1)
			_, err := pbiviz.Read(test.file, l)
			wantRefusal(t, err, test.code)
		})
	}
}

// The ratio binds all entries together too: many small bombs are one bomb.
func TestLimitsRatioOfAll(t *testing.T) {
	extra := map[string][]byte{}
	for i := range 900 {
		extra[fmt.Sprintf("resources/%d", i)] = make([]byte, 64<<10)
	}
	l := pbiviz.DefaultLimits()
	l.RatioFloor = 64 << 10
	_, err := pbiviz.Read(pbiviztest.Package{Extra: extra}.Bytes(), l)
	wantRefusal(t, err, "zip.bomb")
}

func TestDefaultLimitsOpenPackageOf100MB(t *testing.T) {
	noise := make([]byte, 100<<20)
	rand.NewChaCha8([32]byte{}).Read(noise)
	files := append(pbiviztest.Package{}.Files(), file{Name: "resources/map.bin", Body: noise, Store: true})
	whole := archive{Files: files}.Bytes()
	p := mustRead(t, whole)
	if b, _ := p.Entry("resources/map.bin"); !bytes.Equal(b, noise) {
		t.Error("read as something else")
	}
}

// A header may declare what it wants: what is spent stays near the file's size.
func TestLyingSizesCostNothing(t *testing.T) {
	lie := func(h *header) { h.Size = 99 << 20 }
	a := archive{Files: []file{{Name: "package.json", Body: []byte("{}"), Data: make([]byte, 1<<20), Local: lie, Central: lie}}}
	whole := a.Bytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := pbiviz.Read(whole, pbiviz.DefaultLimits())
	runtime.ReadMemStats(&after)
	var refusal *verdict.Refusal
	if !errors.As(err, &refusal) || refusal.Code() != "zip.stream" {
		t.Errorf("error %v; want zip.stream", err)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 101<<20 {
		t.Errorf("%d bytes allocated", spent)
	}
	// The same lie in a small file is refused before anything is allocated.
	a.Files[0].Data = []byte{3, 0}
	_, err = pbiviz.Read(a.Bytes(), pbiviz.DefaultLimits())
	wantRefusal(t, err, "zip.bomb")
}

// A million members are read in about the time their bytes take; anything that
// compares each with all others would not end.
func TestManyMembersCostNoMoreThanTheirBytes(t *testing.T) {
	var members strings.Builder
	for i := range 1 << 20 {
		fmt.Fprintf(&members, `"m%d":0,`, i)
	}
	p := innerWith(t, pbiviztest.Package{}, `"apiVersion"`, members.String()+`"apiVersion"`)
	mustRead(t, p.Bytes())
}
